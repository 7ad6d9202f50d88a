/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Vectors and observed calls: what fails is named, with its ABI and what was found. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "modules/seccomp/attempts.h"
#include "tests/unit/seccomp/seccomp_tests.h"
#include "tests/unit/seccomp/world.h"

static size_t run(const struct vp_filter *filter, const struct vp_bpf *program,
		  const char *call, uint32_t tag, bool denied, struct vp_strbuf *out)
{
	struct vp_call_vector kept = world_call(call);
	struct vp_vector vector = { &kept, tag, denied };
	struct vp_bpf own = vp_filter_program(filter);

	return vp_vectors_run(filter, program ? program : &own, &vector, 1, out);
}

static void wrong_vectors_are_named(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };

	(void)state;
	world_deny(&w, 1, false, "socket(domain = AF_ALG)", EAFNOSUPPORT);
	filter = world_compile(&w, VP_ABI_X86_64, false);
	assert_int_equal(run(filter, NULL, "socket(domain = AF_ALG, type = 5)", 1, true, &out),
			 0);
	assert_int_equal(
		run(filter, NULL, "socket(domain = AF_INET, type = 1)", 1, false, &out), 0);
	assert_int_equal(out.len, 0);
	assert_int_equal(run(filter, NULL, "socket(domain = AF_ALG)", 1, false, &out), 1);
	assert_string_equal(vp_strbuf_text(&out),
			    "socket(domain=38) by x86-64: expected allowed, found denied with "
			    "EAFNOSUPPORT\n");
	vp_strbuf_free(&out);
	assert_int_equal(run(filter, NULL, "socket(domain = AF_INET)", 1, true, &out), 1);
	assert_string_equal(vp_strbuf_text(&out),
			    "socket(domain=2) by x86-64: expected denied, found allowed\n");
}

/* A program that looks at all 64 bits, or knows the native ABI only. */
static void each_way_in_is_asked(void **state)
{
	static const struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xc000003e, 0, 6),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 41, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 20),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 38, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};
	struct vp_bpf naive = { code, VP_COUNT(code) };
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };
	const char *text;

	(void)state;
	assert_int_equal(vp_bpf_check(&naive, NULL), 0);
	world_deny(&w, 1, false, "socket(domain = AF_ALG)", EPERM);
	filter = world_compile(&w, VP_ABI_X86_64, false);
	assert_int_equal(run(filter, &naive, "socket(domain = AF_ALG)", 1, true, &out), 4);
	text = vp_strbuf_text(&out);
	assert_non_null(strstr(text, "by x86-64 with upper halves 0x1: expected denied"));
	assert_non_null(strstr(text, "by int 0x80: expected denied, found allowed"));
	assert_non_null(strstr(text, "by int 0x80 as socketcall(1): expected denied"));
	assert_non_null(strstr(text, "by x32: expected denied"));
}

static void monitor_counts_as_denied_for_its_patch_only(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };

	(void)state;
	world_deny(&w, 1, true, "splice", 0);
	world_deny(&w, 2, false, "tee", 0);
	filter = world_compile(&w, VP_ABI_X86_64, false);
	assert_int_equal(run(filter, NULL, "splice", 1, true, &out), 0);
	assert_int_equal(run(filter, NULL, "splice", 2, true, &out), 1);
	assert_non_null(strstr(vp_strbuf_text(&out), "found logged"));
}

static const struct vp_attempt *attempt_by(const struct vp_attempts *attempts,
					   enum vp_call_way way, uint64_t upper)
{
	vp_array_each (attempt, attempts)
		if (attempt->way == way && attempt->upper == upper)
			return attempt;
	fail_msg("no attempt by %s", vp_call_way_name(way));
	return NULL;
}

/* The registers and the memory of each way to make a call. */
static void attempts_are_the_same_call(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	struct vp_call_vector socket = world_call("socket(domain = AF_UNIX, type = 5)");
	struct vp_call_vector semop = world_call("semop(semid = 7, tsops = 64, nsops = 2)");
	struct vp_attempts attempts = { 0 };
	const struct vp_attempt *attempt;

	(void)state;
	world_deny(&w, 1, false, "socket(domain = AF_UNIX), semop", EPERM);
	filter = world_compile(&w, VP_ABI_X86_64, true);
	vp_attempts_add(&attempts, filter, &socket, true);
	assert_int_equal(attempts.len, 12); /* native, i386, socketcall, x32; three of each */
	attempt = attempt_by(&attempts, VP_CALL_WAY_UPPER, 1ull << 32);
	assert_int_equal(attempt->data.args[0], 1 | 1ull << 32);
	assert_int_equal(attempt->data.args[1], 5 | 1ull << 32);
	attempt = attempt_by(&attempts, VP_CALL_WAY_THROUGH, 0);
	assert_int_equal(attempt->data.args[0], 1);
	assert_int_equal(attempt->count, VP_CALL_ARGUMENTS);
	assert_int_equal(attempt->words[0], 1);
	assert_int_equal(attempt->words[1], 5);
	attempts.len = 0;
	vp_attempts_add(&attempts, filter, &semop, true);
	attempt = attempt_by(&attempts, VP_CALL_WAY_THROUGH, 0);
	assert_int_equal(attempt->count, 0);
	assert_int_equal(attempt->data.args[0], 1); /* SEMOP */
	assert_int_equal(attempt->data.args[1], 7);
	assert_int_equal(attempt->data.args[2], 2);
	assert_int_equal(attempt->data.args[4], 64);
	attempts.len = 0;
	vp_attempts_add(&attempts, filter, &socket, false);
	assert_int_equal(attempts.len, 6); /* what is in memory may be denied: not asked */
	vp_array_free(&attempts);
}

static const char *namer(uint32_t tag, void *context)
{
	(void)context;
	return tag == 1 ? "FIRST" : "SECOND";
}

static void observed_calls_are_named(void **state)
{
	const struct vp_observed observed[] = {
		{ vp_abi_audit(VP_ABI_X86_64), 41, true, { 2, 1 }, .count = 9 },
		{ vp_abi_audit(VP_ABI_X86_64), 41, true, { 38, 5 }, .count = 3 },
		{ vp_abi_audit(VP_ABI_X86_64), 41, true, { 38, 5, 3 }, 1, 4, "httpd[7]" },
		{ vp_abi_audit(VP_ABI_X86_64), 41, true, { 38, 5 }, 2, 1, "httpd[8]" },
		{ vp_abi_audit(VP_ABI_X86_64), 41, false, { 0 }, .count = 1 },
		{ vp_abi_audit(VP_ABI_X86_64), 275, false, { 0 }, .count = 2 },
		{ vp_abi_audit(VP_ABI_X86_64), 0, false, { 0 }, .count = 100 },
		{ vp_abi_audit(VP_ABI_I386), 20, true, { 0 }, .count = 1 },
	};
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };
	struct vp_observed_result result;
	struct vp_bpf program;

	(void)state;
	world_deny(&w, 1, false, "socket(domain = AF_ALG), splice", EPERM);
	world_deny(&w, 2, false, "socket(type = 5)", EPERM);
	filter = world_compile(&w, VP_ABI_X86_64, false);
	program = vp_filter_program(filter);
	result = vp_observed_run(filter, &program, observed, VP_COUNT(observed), namer, NULL,
				 &out);
	assert_int_equal(result.denied, 5);
	assert_int_equal(result.possible, 1);
	assert_string_equal(
		vp_strbuf_text(&out),
		"socket(domain=38, type=5) seen 3 times: denied with EPERM [FIRST, SECOND]\n"
		"socket(domain=38, type=5) seen once by httpd[7]: denied with EPERM [FIRST, "
		"SECOND]\n"
		"socket(type=5) seen 2 times by httpd[8]: denied with EPERM [FIRST, SECOND]\n"
		"socket: denied with some arguments, which were not seen [FIRST, SECOND]\n"
		"splice seen 2 times: denied with EPERM [FIRST]\n"
		"getpid() by int 0x80: denied with ENOSYS\n");
}

int vectors_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_vectors_are_named),
		cmocka_unit_test(each_way_in_is_asked),
		cmocka_unit_test(attempts_are_the_same_call),
		cmocka_unit_test(monitor_counts_as_denied_for_its_patch_only),
		cmocka_unit_test(observed_calls_are_named),
	};

	return cmocka_run_group_tests_name("vectors", tests, NULL, NULL);
}
