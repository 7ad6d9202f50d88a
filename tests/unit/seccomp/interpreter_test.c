/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interpreter: checks, each instruction, stacks of filters, the listing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/seccomp/seccomp_tests.h"
#include "tests/unit/seccomp/world.h"

#define RET(k)	BPF_STMT(BPF_RET | BPF_K, (k))
#define LD(k)	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (k))
#define RETA	BPF_STMT(BPF_RET | BPF_A, 0)
#define IMM(k)	BPF_STMT(BPF_LD | BPF_IMM, (k))
#define IMMX(k) BPF_STMT(BPF_LDX | BPF_IMM, (k))
#define ALU(o)	BPF_STMT(BPF_ALU | (o) | BPF_X, 0)
#define PROGRAM(...)                                                                          \
	((struct vp_bpf){ (const struct sock_filter[]){ __VA_ARGS__ },                        \
			  sizeof((const struct sock_filter[]){ __VA_ARGS__ }) /               \
				  sizeof(struct sock_filter) })

static int judged(struct vp_bpf program)
{
	return vp_bpf_check(&program, NULL);
}

static uint32_t run(struct vp_bpf program)
{
	const struct seccomp_data data = { .nr = 41,
					   .arch = 0xc000003e,
					   .instruction_pointer = 0x1122334455667788,
					   .args = { 0xa0a1a2a3a4a5a6a7, 1, 2, 3, 4, 5 } };

	assert_int_equal(vp_bpf_check(&program, NULL), 0);
	return vp_bpf_run(&program, &data);
}

static void refuses_what_the_kernel_refuses(void **state)
{
	static struct sock_filter many[VP_BPF_MAX + 1];

	(void)state;
	for (size_t i = 0; i < VP_COUNT(many); i++)
		many[i] = (struct sock_filter)RET(0);
	assert_int_equal(judged((struct vp_bpf){ many, VP_BPF_MAX }), 0);
	assert_int_equal(judged((struct vp_bpf){ many, VP_BPF_MAX + 1 }), -EINVAL);
	assert_int_equal(judged((struct vp_bpf){ many, 0 }), -EINVAL);
	assert_int_equal(judged(PROGRAM(LD(0))), -EINVAL);
	assert_int_equal(judged(PROGRAM(LD(64), RET(0))), -EINVAL);
	assert_int_equal(judged(PROGRAM(LD(60), RET(0))), 0);
	assert_int_equal(judged(PROGRAM(LD(2), RET(0))), -EINVAL);
	assert_int_equal(judged(PROGRAM(LD(0xfffff000), RET(0))), -EINVAL);
	assert_int_equal(judged(PROGRAM(BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0), RET(0))),
			 -EINVAL);
	assert_int_equal(judged(PROGRAM(BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), RET(0))),
			 -EINVAL);
	assert_int_equal(judged(PROGRAM(BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3), RET(0))),
			 -EINVAL);
	assert_int_equal(judged(PROGRAM(BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), RET(0))),
			 -EINVAL);
	assert_int_equal(judged(PROGRAM(BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), RET(0))),
			 -EINVAL);
	assert_int_equal(judged(PROGRAM(BPF_STMT(BPF_RET | BPF_X, 0))), -EINVAL);
	assert_int_equal(judged(PROGRAM(BPF_STMT(0xffff, 0), RET(0))), -EINVAL);
	assert_int_equal(judged(PROGRAM(BPF_STMT(BPF_ST, 16), RET(0))), -EINVAL);
	assert_int_equal(judged(PROGRAM(BPF_STMT(BPF_LD | BPF_MEM, 3), RET(0))), -EINVAL);
	assert_int_equal(
		judged(PROGRAM(BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LD | BPF_MEM, 3), RET(0))),
		0);
	assert_int_equal(judged(PROGRAM(BPF_STMT(BPF_JMP | BPF_JA, 1), RET(0))), -EINVAL);
	assert_int_equal(judged(PROGRAM(BPF_STMT(BPF_JMP | BPF_JA, UINT32_MAX), RET(0))),
			 -EINVAL);
	assert_int_equal(judged(PROGRAM(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), RET(0))),
			 -EINVAL);
	/* written on one way only */
	assert_int_equal(
		judged(PROGRAM(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
			       BPF_STMT(BPF_STX, 3), BPF_STMT(BPF_LD | BPF_MEM, 3), RET(0))),
		-EINVAL);
}

static void each_instruction(void **state)
{
	(void)state;
	assert_int_equal(run(PROGRAM(LD(0), RETA)), 41);
	assert_int_equal(run(PROGRAM(LD(4), RETA)), 0xc000003e);
	assert_int_equal(run(PROGRAM(LD(8), RETA)), 0x55667788);
	assert_int_equal(run(PROGRAM(LD(16), RETA)), 0xa4a5a6a7);
	assert_int_equal(run(PROGRAM(LD(20), RETA)), 0xa0a1a2a3);
	assert_int_equal(run(PROGRAM(BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), RETA)), 64);
	assert_int_equal(run(PROGRAM(BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0),
				     BPF_STMT(BPF_MISC | BPF_TXA, 0), RETA)),
			 64);
	assert_int_equal(run(PROGRAM(IMM(7), IMMX(5), ALU(BPF_ADD), RETA)), 12);
	assert_int_equal(run(PROGRAM(IMM(7), IMMX(9), ALU(BPF_SUB), RETA)), (uint32_t)-2);
	assert_int_equal(run(PROGRAM(IMM(0x10001), IMMX(0x10001), ALU(BPF_MUL), RETA)),
			 0x20001);
	assert_int_equal(run(PROGRAM(IMM(7), IMMX(2), ALU(BPF_DIV), RETA)), 3);
	assert_int_equal(run(PROGRAM(IMM(7), ALU(BPF_DIV), RET(9))), 0);
	assert_int_equal(run(PROGRAM(IMM(6), IMMX(3), ALU(BPF_AND), RETA)), 2);
	assert_int_equal(run(PROGRAM(IMM(6), IMMX(3), ALU(BPF_OR), RETA)), 7);
	assert_int_equal(run(PROGRAM(IMM(6), IMMX(3), ALU(BPF_XOR), RETA)), 5);
	assert_int_equal(run(PROGRAM(IMM(6), IMMX(33), ALU(BPF_LSH), RETA)), 12);
	assert_int_equal(run(PROGRAM(IMM(6), IMMX(33), ALU(BPF_RSH), RETA)), 3);
	assert_int_equal(run(PROGRAM(IMM(6), BPF_STMT(BPF_ALU | BPF_NEG, 0), RETA)),
			 (uint32_t)-6);
	assert_int_equal(run(PROGRAM(IMM(6), BPF_STMT(BPF_ST, 15), IMM(1),
				     BPF_STMT(BPF_LDX | BPF_MEM, 15), ALU(BPF_ADD), RETA)),
			 7);
	assert_int_equal(
		run(PROGRAM(IMM(6), BPF_STMT(BPF_MISC | BPF_TAX, 0), ALU(BPF_ADD), RETA)), 12);
}

static void each_jump(void **state)
{
	static const struct {
		uint16_t code;
		uint32_t a, k;
		bool taken;
	} cases[] = {
		{ BPF_JEQ, 5, 5, true },  { BPF_JEQ, 5, 4, false },
		{ BPF_JGT, 5, 5, false }, { BPF_JGT, 0x80000000, 5, true },
		{ BPF_JGE, 5, 5, true },  { BPF_JGE, 4, 5, false },
		{ BPF_JSET, 6, 2, true }, { BPF_JSET, 6, 1, false },
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(cases); i++) {
		assert_int_equal(run(PROGRAM(IMM(cases[i].a),
					     BPF_JUMP(BPF_JMP | cases[i].code | BPF_K,
						      cases[i].k, 1, 0),
					     RET(0), RET(1))),
				 cases[i].taken);
		assert_int_equal(
			run(PROGRAM(IMM(cases[i].a), IMMX(cases[i].k),
				    BPF_JUMP(BPF_JMP | cases[i].code | BPF_X, 77, 1, 0),
				    RET(0), RET(1))),
			cases[i].taken);
	}
	assert_int_equal(run(PROGRAM(BPF_STMT(BPF_JMP | BPF_JA, 1), RET(0), RET(1))), 1);
}

static bool allowed(struct vp_bpf program)
{
	const struct seccomp_data data = { .nr = 41 };

	return vp_bpf_allows(program.code, program.len, &data);
}

static void allows_only_what_is_made(void **state)
{
	(void)state;
	assert_true(allowed(PROGRAM(RET(SECCOMP_RET_ALLOW))));
	assert_true(allowed(PROGRAM(RET(SECCOMP_RET_ALLOW | 5))));
	assert_true(allowed(PROGRAM(RET(SECCOMP_RET_LOG))));
	assert_false(allowed(PROGRAM(RET(SECCOMP_RET_ERRNO))));
	assert_false(allowed(PROGRAM(RET(SECCOMP_RET_USER_NOTIF))));
	assert_false(allowed(PROGRAM(RET(SECCOMP_RET_TRACE))));
	assert_false(allowed(PROGRAM(RET(SECCOMP_RET_TRAP))));
	assert_false(allowed(PROGRAM(RET(SECCOMP_RET_KILL_PROCESS))));
	assert_false(allowed(PROGRAM(LD(0)))); /* the kernel takes no such program */
}

static void strictest_of_a_stack(void **state)
{
	static const uint32_t order[] = {
		SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP,
		SECCOMP_RET_ERRNO | 5,	  SECCOMP_RET_USER_NOTIF,  SECCOMP_RET_TRACE,
		SECCOMP_RET_LOG,	  SECCOMP_RET_ALLOW,
	};
	const struct seccomp_data data = { 0 };
	struct sock_filter code[2][1];
	struct vp_bpf stack[2] = { { code[0], 1 }, { code[1], 1 } };
	size_t which;

	(void)state;
	assert_int_equal(vp_bpf_run_stack(NULL, 0, &data, &which), SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < VP_COUNT(order); i++)
		for (size_t j = 0; j < VP_COUNT(order); j++) {
			code[0][0] = (struct sock_filter)RET(order[i]);
			code[1][0] = (struct sock_filter)RET(order[j]);
			assert_int_equal(vp_bpf_run_stack(stack, 2, &data, &which),
					 order[i < j ? i : j]);
			assert_int_equal(which, order[i < j ? i : j] == SECCOMP_RET_ALLOW ? 2
						: i <= j				  ? 0
											  : 1);
		}
	/* of two errnos the newest */
	code[0][0] = (struct sock_filter)RET(SECCOMP_RET_ERRNO | 1);
	code[1][0] = (struct sock_filter)RET(SECCOMP_RET_ERRNO | 2);
	assert_int_equal(vp_bpf_run_stack(stack, 2, &data, &which), SECCOMP_RET_ERRNO | 1);
}

static void room_on_a_stack(void **state)
{
	static struct sock_filter code[VP_BPF_MAX];
	struct vp_bpf stack[8];

	(void)state;
	for (size_t i = 0; i < VP_COUNT(code); i++)
		code[i] = (struct sock_filter)LD(0);
	code[VP_BPF_MAX - 1] = (struct sock_filter)RET(0);
	for (size_t i = 0; i < VP_COUNT(stack); i++)
		stack[i] = (struct vp_bpf){ code, VP_BPF_MAX };
	assert_int_equal(vp_bpf_stack_room(stack, 6, &stack[7], NULL), 0);
	assert_int_equal(vp_bpf_stack_room(stack, 7, &stack[7], NULL), -ENOMEM);
}

static void listing(void **state)
{
	struct vp_bpf program =
		PROGRAM(LD(4), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xc000003e, 0, 3), LD(20),
			BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 15), BPF_STMT(BPF_JMP | BPF_JA, 0),
			RET(SECCOMP_RET_ALLOW));
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };

	(void)state;
	vp_bpf_print(&program, &out);
	assert_string_equal(vp_strbuf_text(&out), "    0  ld arch\n"
						  "    1  jeq 0xc000003e, 0, 3\n"
						  "    2  ld a0.high\n"
						  "    3  and 0xf\n"
						  "    4  ja 0x0\n"
						  "    5  ret 0x7fff0000\n");
}

int interpreter_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_the_kernel_refuses),
		cmocka_unit_test(each_instruction),
		cmocka_unit_test(each_jump),
		cmocka_unit_test(allows_only_what_is_made),
		cmocka_unit_test(strictest_of_a_stack),
		cmocka_unit_test(room_on_a_stack),
		cmocka_unit_test(listing),
	};

	return cmocka_run_group_tests_name("interpreter", tests, NULL, NULL);
}
