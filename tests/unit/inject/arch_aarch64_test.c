/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls made in a thread of aarch64 and what they leave behind, against a model of what the
 * kernel does with an interrupted call (arch/arm64/kernel/signal.c, do_signal): the thread
 * must end where it would have ended had it only been stopped.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include <linux/futex.h>

#include "agentd/inject/arch.h"
#include "lib/memory.h"
#include "tests/unit/inject/inject_tests.h"

#define CODE	    0x1000 /* where the thread makes its call */
#define INSTRUCTION 0x9000 /* where it is made to make ours */
#define NUMBER	    8	   /* of the registers: the number of a call */

struct model {
	struct vp_arch_registers registers;
	uint64_t first; /* of the last call */
	uint64_t again; /* address; 0: it was in no call */
	int result;
};

static const uint64_t arguments[6] = { 10, 11, 12, 13, 14, 15 };

/* Where it is stopped, a tracer sees this. */
static struct vp_arch_registers seen(const struct model *model)
{
	struct vp_arch_registers registers = model->registers;

	registers.before = registers.user.pc == CODE;
	registers.after = registers.user.pc == CODE + 4;
	registers.call = -1;
	return registers;
}

/* What a tracer writes; the kernel keeps no more than this of it. */
static void write_to(struct model *model, const struct vp_arch_registers *registers)
{
	model->registers.user = registers->user;
	model->registers.number = registers->number;
}

static void enter_call(struct model *model)
{
	struct vp_arch_registers *registers = &model->registers;

	model->first = registers->user.regs[0];
	registers->number = (int32_t)registers->user.regs[NUMBER];
	registers->user.pc += 4;
}

/* From where a call is left to where signals are delivered. */
static void go_to_signals(struct model *model)
{
	struct user_pt_regs *user = &model->registers.user;

	model->again = 0;
	model->result = 0;
	if (model->registers.number < 0)
		return;
	model->registers.number = -1;
	model->again = user->pc - 4;
	model->result = (int)user->regs[0];
	if (model->result == -VP_RESTART_SYS || model->result == -VP_RESTART_ALWAYS ||
	    model->result == -VP_RESTART_NOHANDLER || model->result == -VP_RESTART_BLOCK) {
		user->regs[0] = model->first;
		user->pc = model->again;
	}
}

/* And on from there, without a signal. */
static void go_on(struct model *model)
{
	struct user_pt_regs *user = &model->registers.user;

	if (model->again && user->pc == model->again && model->result == -VP_RESTART_BLOCK)
		user->regs[NUMBER] = SYS_restart_syscall;
}

/* With one, whose handler is without SA_RESTART. */
static void go_on_to_handler(struct model *model)
{
	struct user_pt_regs *user = &model->registers.user;

	if (model->again && user->pc == model->again && model->result != -VP_RESTART_ALWAYS) {
		user->regs[0] = (uint64_t)-EINTR;
		user->pc += 4;
	}
}

static struct model stopped_in(long number, uint64_t second, int64_t result)
{
	struct model model = { .registers = { .number = -1, .call = -1 } };

	memcpy(model.registers.user.regs, arguments, sizeof(arguments));
	model.registers.user.regs[1] = second;
	model.registers.user.regs[7] = 77;
	model.registers.user.regs[NUMBER] = (uint64_t)number;
	model.registers.user.regs[30] = 30;
	model.registers.user.pc = CODE;
	model.registers.user.pstate = 0x60000400;
	enter_call(&model);
	model.registers.user.regs[0] = (uint64_t)result;
	go_to_signals(&model);
	return model;
}

static void make_call(struct model *model, const struct vp_arch_registers *thread,
		      const struct vp_arch_call *call, int64_t returns)
{
	struct vp_arch_registers registers = *thread;
	int64_t result = 0;

	vp_arch_enter(&registers, INSTRUCTION, call);
	write_to(model, &registers);
	assert_int_equal(model->registers.number, -1);
	enter_call(model);
	assert_int_equal(model->registers.number, call->number);
	model->registers.user.regs[0] = (uint64_t)returns;
	assert_true(vp_arch_left(&model->registers, INSTRUCTION, call, &result));
	assert_int_equal(result, returns);
}

static struct vp_arch_call nothing(const struct vp_arch_registers *registers)
{
	struct vp_arch_wait wait;

	vp_arch_wait(registers, &wait);
	return (struct vp_arch_call){ SYS_munmap, { wait.call.arguments[0], 0 } };
}

/* As remote.c does it. */
static void take(struct model *model, struct vp_arch_registers *thread)
{
	const struct vp_arch_call call = nothing(thread);
	struct vp_arch_registers entered;

	if (!vp_arch_quirks->at_call(thread))
		return;
	go_on(model);
	enter_call(model);
	entered = model->registers;
	entered.user.regs[7] = 0; /* that is how the kernel tells what stop it is */
	assert_int_equal(vp_arch_quirks->settle(thread, &entered), 0);
	entered.user.regs[7] = thread->user.regs[7];
	vp_arch_quirks->replace(&entered, &call);
	assert_int_equal(entered.user.regs[0], model->first);
	write_to(model, &entered);
	model->registers.user.regs[0] = (uint64_t)-EINVAL;
}

static void put_back(struct model *model, const struct vp_arch_registers *thread)
{
	struct vp_arch_registers left = *thread;

	if (vp_arch_quirks->interrupted(thread)) {
		const struct vp_arch_call call = nothing(thread);

		make_call(model, thread, &call, -EINVAL);
		vp_arch_quirks->left(&left);
		write_to(model, &left);
	}
	go_to_signals(model);
	write_to(model, thread);
}

static void inject(struct model *model, struct vp_arch_registers *thread)
{
	const struct vp_arch_call map = { SYS_mmap, { 0, 4096, 3, 34, UINT64_MAX, 0 } };
	const struct vp_arch_call install = { SYS_seccomp, { 1, 5, 0x7000 } };

	take(model, thread);
	make_call(model, thread, &map, 0x7000);
	make_call(model, thread, &install, 0);
}

static void assert_same(const struct model *a, const struct model *b)
{
	assert_memory_equal(&a->registers.user, &b->registers.user, sizeof(a->registers.user));
	assert_int_equal(a->registers.number, b->registers.number);
}

/* Stopped in a call, with and without our calls, then with and without a signal. */
static void compare(long number, uint64_t second, int64_t result)
{
	struct model plain = stopped_in(number, second, result), injected = plain;
	struct vp_arch_registers thread = seen(&injected);

	inject(&injected, &thread);
	put_back(&injected, &thread);
	go_on(&injected);
	go_on(&plain);
	assert_same(&injected, &plain);

	plain = injected = stopped_in(number, second, result);
	thread = seen(&injected);
	inject(&injected, &thread);
	put_back(&injected, &thread);
	go_on_to_handler(&injected);
	go_on_to_handler(&plain);
	assert_same(&injected, &plain);
}

static void an_interrupted_call_goes_on_as_it_would(void **state)
{
	(void)state;
	compare(SYS_read, 11, -VP_RESTART_SYS);
	compare(SYS_accept4, 11, -VP_RESTART_SYS);
	compare(SYS_futex, FUTEX_WAIT_PRIVATE, -VP_RESTART_SYS);
	compare(SYS_ppoll, 11, -VP_RESTART_NOHANDLER);
	compare(SYS_rt_sigsuspend, 11, -VP_RESTART_NOHANDLER);
	compare(SYS_clock_nanosleep, 1, -VP_RESTART_NOHANDLER);
	compare(SYS_futex, FUTEX_LOCK_PI_PRIVATE, -VP_RESTART_ALWAYS);
	compare(SYS_clone, 11, -VP_RESTART_ALWAYS);
}

/* A sleep goes on for what is left of it: only the kernel knows which that is. */
static void a_restart_block_is_found_out(void **state)
{
	(void)state;
	compare(SYS_nanosleep, 11, -VP_RESTART_BLOCK);
	compare(SYS_clock_nanosleep, 0, -VP_RESTART_BLOCK);
	compare(SYS_futex, FUTEX_WAIT_BITSET, -VP_RESTART_BLOCK);
	compare(SYS_restart_syscall, 11, -VP_RESTART_BLOCK);
}

static void a_call_that_has_ended_is_left_alone(void **state)
{
	(void)state;
	compare(SYS_read, 11, 5);
	compare(SYS_read, 11, -EAGAIN);
	compare(SYS_mmap, 11, 0x7000);
	compare(SYS_connect, 11, -EINTR);
}

/* In user mode, about to make a call that it has not begun. */
static void a_call_is_not_begun_for_it(void **state)
{
	struct model plain = stopped_in(SYS_nanosleep, 11, 0), injected;
	struct vp_arch_registers thread;
	struct vp_arch_wait wait;

	(void)state;
	plain.again = 0;
	plain.registers.user.pc = CODE;
	plain.registers.user.regs[0] = arguments[0];
	injected = plain;
	thread = seen(&injected);
	inject(&injected, &thread);
	vp_arch_wait(&thread, &wait);
	assert_int_equal(wait.result, -VP_RESTART_ALWAYS);
	put_back(&injected, &thread);
	go_on(&injected);
	assert_same(&injected, &plain);
}

static void recall(struct vp_arch_registers *thread, const struct model *model, long number,
		   uint64_t first)
{
	struct vp_arch_call call = { number, { 0 } }, kept = call;

	memcpy(call.arguments, arguments, sizeof(arguments));
	memcpy(kept.arguments, arguments, sizeof(arguments));
	call.arguments[0] = first;
	kept.arguments[0] = model->first;
	vp_arch_quirks->recall(thread, &call, &kept);
}

/* A wait that the stop ended is made again, with what is left of its timeout. */
static void a_wait_that_was_ended_is_made_again(void **state)
{
	struct model model = stopped_in(SYS_epoll_pwait, 11, -EINTR), handled;
	struct vp_arch_registers thread = seen(&model);
	struct vp_arch_wait wait;

	(void)state;
	assert_int_equal(vp_arch_quirks->after_call(&thread), SYS_epoll_pwait);
	recall(&thread, &model, SYS_epoll_pwait, arguments[0]);
	vp_arch_wait(&thread, &wait);
	assert_int_equal(wait.call.number, SYS_epoll_pwait);
	assert_int_equal(wait.result, -EINTR);
	assert_memory_equal(wait.call.arguments, arguments, sizeof(arguments));
	inject(&model, &thread);
	vp_arch_restart(&thread, 3, 99);
	put_back(&model, &thread);
	handled = model;
	go_on(&model);
	assert_int_equal(model.registers.user.pc, CODE);
	assert_int_equal(model.registers.user.regs[0], arguments[0]);
	assert_int_equal(model.registers.user.regs[3], 99);
	assert_int_equal(model.registers.user.regs[NUMBER], SYS_epoll_pwait);
	go_on_to_handler(&handled); /* a signal that came meanwhile interrupts it */
	assert_int_equal(handled.registers.user.pc, CODE + 4);
	assert_int_equal(handled.registers.user.regs[0], -EINTR);
}

/* Also where no call was made in it after all. */
static void a_wait_is_made_again_without_calls(void **state)
{
	struct model model = stopped_in(SYS_epoll_pwait, 11, -EINTR);
	struct vp_arch_registers thread = seen(&model);

	(void)state;
	recall(&thread, &model, SYS_epoll_pwait, arguments[0]);
	vp_arch_restart(&thread, -1, 0);
	write_to(&model, &thread);
	go_on(&model);
	assert_int_equal(model.registers.user.pc, CODE);
	assert_int_equal(model.registers.user.regs[0], arguments[0]);
}

/* Its handler has run: the program must see EINTR. And what looks like it is not it. */
static void what_is_not_sure_is_left_alone(void **state)
{
	struct model model = stopped_in(SYS_epoll_pwait, 11, -EINTR);
	struct vp_arch_registers thread = seen(&model);

	(void)state;
	model.first = 4711; /* of rt_sigreturn(2), which left this register behind */
	recall(&thread, &model, SYS_epoll_pwait, arguments[0]);
	assert_int_equal(thread.call, -1);
	model.first = arguments[0];
	recall(&thread, &model, SYS_ppoll, arguments[0]);
	assert_int_equal(thread.call, -1);
	recall(&thread, &model, SYS_epoll_pwait, 9);
	assert_int_equal(thread.call, -1);
	thread.user.regs[3]++;
	recall(&thread, &model, SYS_epoll_pwait, arguments[0]);
	assert_int_equal(thread.call, -1);
	thread.user.regs[3]--;
	thread.after = false;
	recall(&thread, &model, SYS_epoll_pwait, arguments[0]);
	assert_int_equal(thread.call, -1);
	thread.after = true;
	recall(&thread, &model, SYS_epoll_pwait, arguments[0]);
	assert_int_equal(thread.call, SYS_epoll_pwait);
}

static void another_call_than_expected_is_an_error(void **state)
{
	struct model model = stopped_in(SYS_read, 11, -VP_RESTART_SYS);
	struct vp_arch_registers thread = seen(&model), entered;

	(void)state;
	enter_call(&model);
	entered = model.registers;
	entered.number = SYS_write;
	assert_int_equal(vp_arch_quirks->settle(&thread, &entered), -EPROTO);
	entered = model.registers;
	entered.user.pc += 4;
	assert_int_equal(vp_arch_quirks->settle(&thread, &entered), -EPROTO);
	entered = model.registers;
	entered.user.regs[2]++;
	assert_int_equal(vp_arch_quirks->settle(&thread, &entered), -EPROTO);
	assert_int_equal(thread.call, -1);
	assert_int_equal(vp_arch_quirks->settle(&thread, &model.registers), 0);
	assert_int_equal(thread.call, SYS_read);
}

/* Not as if it had come there by an indirect branch: the vDSO checks these. */
static void a_call_is_entered(void **state)
{
	const struct vp_arch_call call = { SYS_mmap, { 1, 2, 3, 4, 5, 6 } };
	struct model model = stopped_in(SYS_read, 11, 5);

	(void)state;
	model.registers.user.pstate |= PSR_BTYPE_MASK;
	vp_arch_enter(&model.registers, INSTRUCTION, &call);
	assert_int_equal(model.registers.user.pc, INSTRUCTION);
	assert_int_equal(model.registers.user.regs[NUMBER], SYS_mmap);
	assert_memory_equal(model.registers.user.regs, call.arguments, sizeof(call.arguments));
	assert_int_equal(model.registers.user.regs[7], 77);
	assert_int_equal(model.registers.user.pstate, 0x60000000);
}

static void other_code_is_foreign(void **state)
{
	struct vp_arch_registers registers = { .number = -1, .call = -1 };

	(void)state;
	assert_false(vp_arch_foreign(&registers));
	registers.foreign = registers.before = registers.after = true;
	registers.user.regs[0] = (uint64_t)-EINTR;
	assert_true(vp_arch_foreign(&registers));
	assert_false(vp_arch_quirks->at_call(&registers));
	assert_int_equal(vp_arch_quirks->after_call(&registers), -1);
}

int vp_test_arch(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interrupted_call_goes_on_as_it_would),
		cmocka_unit_test(a_restart_block_is_found_out),
		cmocka_unit_test(a_call_that_has_ended_is_left_alone),
		cmocka_unit_test(a_call_is_not_begun_for_it),
		cmocka_unit_test(a_wait_that_was_ended_is_made_again),
		cmocka_unit_test(a_wait_is_made_again_without_calls),
		cmocka_unit_test(what_is_not_sure_is_left_alone),
		cmocka_unit_test(another_call_than_expected_is_an_error),
		cmocka_unit_test(a_call_is_entered),
		cmocka_unit_test(other_code_is_foreign),
	};

	return cmocka_run_group_tests_name("arch aarch64", tests, NULL, NULL);
}
