/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel as the judge: children put programs on themselves by seccomp(2) and make
 * calls. What it accepts is compared with our check, what it answers with our run; and
 * compiled filters deny and allow harmless calls for real, also through int 0x80.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/seccomp/seccomp_tests.h"
#include "tests/unit/seccomp/world.h"

#define PROGRAMS 1500
#define REFUSED	 2
#define PROBE	 SYS_getppid

#ifdef MAP_32BIT
#define LOW MAP_32BIT
#else
#define LOW 0 /* no int 0x80 either */
#endif

/* Written by a child under its filter, where no call may be possible any more. */
struct outcome {
	bool installed, asked;
	long result;
};

static struct outcome *shared_outcome(void)
{
	static struct outcome *outcome;

	if (!outcome)
		outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(outcome, MAP_FAILED);
	*outcome = (struct outcome){ 0 };
	return outcome;
}

static bool install(const struct vp_bpf *program, unsigned long flags)
{
	struct sock_fprog fprog = { (unsigned short)program->len,
				    (struct sock_filter *)(uintptr_t)program->code };
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGSYS, SIG_DFL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &fprog);
}

static long raw(long nr, const uint64_t *a)
{
	long result = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);

	return result == -1 ? -errno : result;
}

static void wait_for(pid_t pid, int *status)
{
	assert_true(pid > 0);
	while (waitpid(pid, status, 0) < 0)
		assert_int_equal(errno, EINTR);
}

/* A program that emulates a processor has no kernel of its own to ask. */
static void skip_without_a_kernel(void)
{
	static const struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K,
							     SECCOMP_RET_ALLOW) };
	const struct vp_bpf program = { allow, 1 };
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(install(&program, 0) ? 0 : errno);
	wait_for(pid, &status);
	if (status == ENOSYS << 8)
		skip();
}

/* Random programs */

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint32_t below(uint32_t bound)
{
	return (uint32_t)(world_random(&seed) % bound);
}

static uint32_t random_offset(void)
{
	/* not the instruction pointer, which only the kernel knows */
	static const uint32_t offsets[] = { 0, 4, 16, 20, 24, 32, 40, 56, 60 };

	return below(40) ? offsets[below(VP_COUNT(offsets))] : below(72);
}

static uint32_t random_return(void)
{
	switch (below(6)) {
	case 0:
		return SECCOMP_RET_ALLOW;
	case 1:
		return SECCOMP_RET_LOG | 3;
	default:
		return SECCOMP_RET_ERRNO | below(5000);
	}
}

static struct sock_filter random_instruction(uint32_t left)
{
	static const uint16_t codes[] = {
		BPF_LD | BPF_W | BPF_ABS,
		BPF_LD | BPF_W | BPF_ABS,
		BPF_LD | BPF_IMM,
		BPF_LDX | BPF_IMM,
		BPF_ST,
		BPF_STX,
		BPF_LD | BPF_MEM,
		BPF_LDX | BPF_MEM,
		BPF_LD | BPF_W | BPF_LEN,
		BPF_LDX | BPF_W | BPF_LEN,
		BPF_ALU | BPF_ADD,
		BPF_ALU | BPF_ADD | BPF_X,
		BPF_ALU | BPF_SUB | BPF_X,
		BPF_ALU | BPF_MUL | BPF_X,
		BPF_ALU | BPF_DIV | BPF_X,
		BPF_ALU | BPF_AND,
		BPF_ALU | BPF_OR | BPF_X,
		BPF_ALU | BPF_XOR,
		BPF_ALU | BPF_LSH | BPF_X,
		BPF_ALU | BPF_RSH,
		BPF_ALU | BPF_NEG,
		BPF_JMP | BPF_JEQ,
		BPF_JMP | BPF_JGT | BPF_X,
		BPF_JMP | BPF_JGE,
		BPF_JMP | BPF_JSET | BPF_X,
		BPF_JMP | BPF_JSET,
		BPF_JMP | BPF_JA,
		BPF_MISC | BPF_TAX,
		BPF_MISC | BPF_TXA,
		BPF_RET | BPF_K,
	};
	struct sock_filter insn = { .code = codes[below(VP_COUNT(codes))] };

	if (!below(60))
		insn.code = (uint16_t)below(below(4) ? 256 : 65536);
	insn.jt = (uint8_t)below(left + 1);
	insn.jf = (uint8_t)below(left + 1);
	insn.k = below(3) ? below(64) : (uint32_t)world_random(&seed);
	if (insn.code == (BPF_LD | BPF_W | BPF_ABS))
		insn.k = random_offset();
	else if (insn.code == (BPF_RET | BPF_K))
		insn.k = random_return();
	else if (insn.code == (BPF_JMP | BPF_JA))
		insn.k = below(left + 1);
	else if (BPF_CLASS(insn.code) != BPF_JMP && BPF_CLASS(insn.code) != BPF_ALU &&
		 below(30))
		insn.k %= 16;
	return insn;
}

static size_t random_program(struct sock_filter *code, size_t max)
{
	size_t len = 1 + below((uint32_t)max - 1);

	for (size_t i = 0; i < len; i++)
		code[i] = random_instruction((uint32_t)(len - i - 1 ? len - i - 2 : 0));
	if (below(50))
		code[len - 1] = (struct sock_filter){ BPF_RET | BPF_K, 0, 0, random_return() };
	return len;
}

static void child_probes(const struct vp_bpf *program, const uint64_t *arguments,
			 struct outcome *outcome)
{
	outcome->installed = install(program, 0);
	if (outcome->installed) {
		outcome->result = raw(PROBE, arguments);
		outcome->asked = true;
	}
	_exit(outcome->installed ? 0 : REFUSED);
}

/* What the kernel does to getppid() for the action. */
static void check_outcome(const struct outcome *outcome, int status, uint32_t action)
{
	uint32_t data = action & SECCOMP_RET_DATA;

	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
		assert_true(outcome->asked);
		assert_int_equal(outcome->result, getpid());
		break;
	case SECCOMP_RET_ERRNO:
		assert_true(outcome->asked);
		assert_int_equal(outcome->result, -(long)(data > 4095 ? 4095 : data));
		break;
	case SECCOMP_RET_USER_NOTIF:
	case SECCOMP_RET_TRACE:
		assert_true(outcome->asked);
		assert_int_equal(outcome->result, -ENOSYS);
		break;
	default:
		assert_false(outcome->asked);
		assert_true(WIFSIGNALED(status));
	}
}

static void random_programs(void **state)
{
	size_t accepted = 0, denied = 0;
	enum vp_abi native = vp_abi_native();

	(void)state;
	skip_without_a_kernel();
	for (size_t i = 0; i < PROGRAMS; i++) {
		struct sock_filter code[24];
		struct vp_bpf program = { code, random_program(code, VP_COUNT(code)) };
		struct outcome *outcome = shared_outcome();
		struct seccomp_data data = { .nr = PROBE, .arch = vp_abi_audit(native) };
		uint64_t arguments[VP_CALL_ARGUMENTS];
		bool good = !vp_bpf_check(&program, NULL);
		uint32_t action;
		int status;
		pid_t pid;

		for (size_t j = 0; j < VP_CALL_ARGUMENTS; j++)
			arguments[j] = below(2) ? below(64) : world_random(&seed);
		memcpy(data.args, arguments, sizeof(data.args));
		pid = fork();
		if (!pid)
			child_probes(&program, arguments, outcome);
		wait_for(pid, &status);
		if (outcome->installed != good) {
			_cleanup_strbuf_ struct vp_strbuf text = { 0 };

			vp_bpf_print(&program, &text);
			fail_msg("the kernel %s this program:\n%s",
				 good ? "refuses" : "accepts", vp_strbuf_text(&text));
		}
		if (!good)
			continue;
		accepted++;
		action = vp_bpf_run(&program, &data);
		denied += action >> 16 == SECCOMP_RET_ERRNO >> 16;
		check_outcome(outcome, status, action);
	}
	print_message("%zu of %d programs accepted, %zu deny\n", accepted, PROGRAMS, denied);
	assert_true(accepted > PROGRAMS / 10 && accepted < PROGRAMS - PROGRAMS / 10);
	assert_true(denied > PROGRAMS / 50);
}

/* Compiled filters */

struct asked {
	const char *call;
	long nr;
	uint64_t arguments[VP_CALL_ARGUMENTS];
	long error; /* 0: anything but a denial */
};

/* In a child, under the filter; its exit status is the index of the first wrong answer + 1. */
static int ask_all(const struct vp_filter *filter, const struct asked *asked, size_t count)
{
	struct vp_bpf program = vp_filter_program(filter);
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (!install(&program, vp_filter_flags(filter)))
			_exit(255);
		for (size_t i = 0; i < count; i++) {
			long result = raw(asked[i].nr, asked[i].arguments);

			if (asked[i].error ? result != -asked[i].error : result < 0)
				_exit((int)i + 1);
		}
		_exit(0);
	}
	wait_for(pid, &status);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void add_shields(struct world *w)
{
	world_deny(w, 1, false, "socket(domain = AF_ALG)", EAFNOSUPPORT);
	world_deny(w, 2, false, "userns, io-uring, keyctl(option = 1), pipe2(flags has 0x80)",
		   EPERM);
	world_deny(w, 3, false,
		   "socket(domain = AF_NETLINK, protocol > 3), getpriority(which > 1)",
		   EACCES);
	world_deny(w, 4, false, "lseek(offset > 0x100000000)", EFBIG);
}

static void denied_for_real(void **state)
{
	static const struct asked asked[] = {
		{ "AF_ALG", SYS_socket, { AF_ALG, SOCK_SEQPACKET }, EAFNOSUPPORT },
		{ "AF_ALG, upper half", SYS_socket, { AF_ALG | 1ull << 32, 5 }, EAFNOSUPPORT },
		{ "AF_UNIX", SYS_socket, { AF_UNIX, SOCK_STREAM }, 0 },
		{ "AF_UNIX, upper half",
		  SYS_socket,
		  { AF_UNIX | 38ull << 32, SOCK_STREAM },
		  0 },
		{ "netlink", SYS_socket, { AF_NETLINK, SOCK_RAW, 6 }, EACCES },
		{ "route", SYS_socket, { AF_NETLINK, SOCK_RAW, 0 | 7ull << 32 }, 0 },
		{ "unshare", SYS_unshare, { 0x10000000 }, EPERM },
		{ "unshare files", SYS_unshare, { 0x400 }, 0 },
		{ "clone3", SYS_clone3, { 0 }, ENOSYS },
		{ "io_uring_setup", SYS_io_uring_setup, { 1 }, EPERM },
		{ "keyctl join", SYS_keyctl, { 1 }, EPERM },
		{ "keyctl get", SYS_keyctl, { 1000 }, EOPNOTSUPP },
		{ "pipe2", SYS_pipe2, { 0, 0x80 }, EPERM },
		{ "pipe2 without", SYS_pipe2, { 0, 0 }, EFAULT },
		{ "getpriority", SYS_getpriority, { 2, 0 }, EACCES },
		{ "getpriority, upper half", SYS_getpriority, { 1ull << 32, 0 }, 0 },
		{ "lseek far", SYS_lseek, { 9999, 0x100000001 }, EFBIG },
		{ "lseek near", SYS_lseek, { 9999, 0x100000000 }, EBADF },
		{ "getppid", SYS_getppid, { 0 }, 0 },
	};
	_cleanup_world_ struct world w = { 0 };
	enum vp_abi native = vp_abi_native();

	(void)state;
	skip_without_a_kernel();
	add_shields(&w);
	for (int cover = 0; cover < 2; cover++) {
		_cleanup_filter_ struct vp_filter *filter = world_compile(&w, native, cover);
		int wrong = ask_all(filter, asked, VP_COUNT(asked));

		if (wrong)
			fail_msg("%d: %s", wrong,
				 wrong > 0 && wrong < 255 ? asked[wrong - 1].call
							  : "no filter");
	}
}

static void *idle(void *argument)
{
	return argument;
}

/* clone3 answered ENOSYS: libc goes back to clone. With EPERM it would not. */
static void threads_still_start(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	struct vp_bpf program;
	int status;
	pid_t pid;

	(void)state;
	skip_without_a_kernel();
	world_deny(&w, 1, false, "userns", EPERM);
	filter = world_compile(&w, vp_abi_native(), false);
	program = vp_filter_program(filter);
	pid = fork();
	if (!pid) {
		pthread_t thread;

		if (!install(&program, vp_filter_flags(filter)))
			_exit(2);
		_exit(pthread_create(&thread, NULL, idle, NULL) || pthread_join(thread, NULL));
	}
	wait_for(pid, &status);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static long by_int_0x80(long nr, long a, long b, long c)
{
#ifdef __x86_64__
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(nr), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
#else
	(void)nr, (void)a, (void)b, (void)c;
	return -ENOSYS;
#endif
}

static bool has_int_0x80(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		_exit(by_int_0x80(20, 0, 0, 0) != getpid());
	}
	wait_for(pid, &status);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

/* The answers of 32-bit calls under a filter, in a child. */
static void ask_int_0x80(const struct vp_filter *filter, long (*answers)[4])
{
	struct vp_bpf program = vp_filter_program(filter);
	uint32_t *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | LOW, -1, 0);
	int status;
	pid_t pid;

	assert_ptr_not_equal(low, MAP_FAILED);
	memcpy(low, (uint32_t[]){ AF_ALG, SOCK_SEQPACKET, 0 }, 12);
	pid = fork();
	if (!pid) {
		if (!install(&program, vp_filter_flags(filter)))
			_exit(2);
		(*answers)[0] = by_int_0x80(359, AF_ALG, SOCK_SEQPACKET, 0);
		(*answers)[1] = by_int_0x80(102, 1, (long)(uintptr_t)low, 0);
		(*answers)[2] = by_int_0x80(359, AF_UNIX, SOCK_STREAM, 0);
		(*answers)[3] = by_int_0x80(20, 0, 0, 0);
		_exit(0);
	}
	wait_for(pid, &status);
	assert_int_equal(status, 0);
	munmap(low, 4096);
}

static void denied_through_int_0x80(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *closing = NULL, *covering = NULL;
	long(*answers)[4];

	(void)state;
	skip_without_a_kernel();
	if (!has_int_0x80())
		skip();
	answers = mmap(NULL, sizeof(*answers), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(answers, MAP_FAILED);
	add_shields(&w);
	closing = world_compile(&w, VP_ABI_X86_64, false);
	ask_int_0x80(closing, answers);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal((*answers)[i], -ENOSYS);
	covering = world_compile(&w, VP_ABI_X86_64, true);
	ask_int_0x80(covering, answers);
	assert_int_equal((*answers)[0], -EAFNOSUPPORT);
	assert_int_equal((*answers)[1], -EAFNOSUPPORT);
	assert_true((*answers)[2] >= 0);
	assert_true((*answers)[3] > 0);
	munmap(answers, sizeof(*answers));
}

/* How often the kernel takes one program, and how often we say that it will. */
static void as_much_room_as_the_kernel_has(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	struct outcome *outcome = shared_outcome();
	struct vp_bpf program, stack[1024];
	size_t expected = 0;
	int status;
	pid_t pid;

	(void)state;
	skip_without_a_kernel();
	add_shields(&w);
	filter = world_compile(&w, vp_abi_native(), true);
	program = vp_filter_program(filter);
	while (expected < VP_COUNT(stack) &&
	       !vp_bpf_stack_room(stack, expected, &program, NULL))
		stack[expected++] = program;
	pid = fork();
	if (!pid) {
		while (install(&program, vp_filter_flags(filter)))
			outcome->result++;
		_exit(0);
	}
	wait_for(pid, &status);
	assert_int_equal(status, 0);
	print_message("%zu filters of %zu instructions expected, %ld taken\n", expected,
		      program.len, outcome->result);
	assert_true((long)expected <= outcome->result);
	assert_true((long)expected >= outcome->result * 9 / 10);
}

int kernel_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_programs),
		cmocka_unit_test(denied_for_real),
		cmocka_unit_test(threads_still_start),
		cmocka_unit_test(denied_through_int_0x80),
		cmocka_unit_test(as_much_room_as_the_kernel_has),
	};

	return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}
