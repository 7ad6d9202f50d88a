/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters from rules: order, modes, foreign ABIs, bounds, attribution, text. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/seccomp/seccomp_tests.h"
#include "tests/unit/seccomp/world.h"

static void first_rule_wins(void **state)
{
	static const char *const terms[] = { "socket(domain = AF_NETLINK)",
					     "socket(type = SOCK_RAW)",
					     "socket(protocol in (6, 12))" };

	(void)state;
	for (size_t first = 0; first < 3; first++) {
		_cleanup_world_ struct world w = { 0 };
		_cleanup_filter_ struct vp_filter *filter = NULL;

		for (size_t i = 0; i < 3; i++)
			world_deny(&w, 1, false, terms[(first + i) % 3],
				   EPERM + (int)((first + i) % 3));
		filter = world_compile(&w, VP_ABI_X86_64, false);
		assert_int_equal(world_ask(filter, "socket(domain = AF_NETLINK, type = "
						   "SOCK_RAW, protocol = 12)"),
				 DENIED(EPERM + (int)first));
		assert_int_equal(world_ask(filter, "socket(domain = AF_INET, protocol = 6)"),
				 DENIED(EPERM + 2));
		assert_int_equal(world_ask(filter, "socket(domain = AF_INET)"),
				 SECCOMP_RET_ALLOW);
	}
}

static void whole_call_before_and_behind_conditions(void **state)
{
	_cleanup_world_ struct world a = { 0 }, b = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL, *other = NULL;

	(void)state;
	world_deny(&a, 1, false, "keyctl", EPERM);
	world_deny(&a, 2, false, "keyctl(option = 1)", ENOSYS);
	filter = world_compile(&a, VP_ABI_X86_64, false);
	assert_int_equal(world_ask(filter, "keyctl(option = 1)"), DENIED(EPERM));
	world_deny(&b, 2, false, "keyctl(option = 1)", ENOSYS);
	world_deny(&b, 1, false, "keyctl", EPERM);
	other = world_compile(&b, VP_ABI_X86_64, false);
	assert_int_equal(world_ask(other, "keyctl(option = 1)"), DENIED(ENOSYS));
	assert_int_equal(world_ask(other, "keyctl(option = 2)"), DENIED(EPERM));
	assert_int_equal(world_ask(other, "keyctl"), DENIED(EPERM));
}

/* A patch in monitor mode never opens what another one closes. */
static void monitor_logs_and_hides_nothing(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	const uint64_t none[VP_CALL_ARGUMENTS] = { 0 };

	(void)state;
	world_deny(&w, 1, true, "socket, splice", 0);
	world_deny(&w, 2, false, "socket(domain = AF_ALG)", EAFNOSUPPORT);
	filter = world_compile(&w, VP_ABI_X86_64, false);
	assert_int_equal(world_ask(filter, "socket(domain = AF_ALG)"), DENIED(EAFNOSUPPORT));
	assert_int_equal(world_ask(filter, "socket(domain = AF_INET)"), SECCOMP_RET_LOG);
	assert_int_equal(world_ask(filter, "splice"), SECCOMP_RET_LOG);
	assert_int_equal(world_run(filter, VP_ABI_I386, 5, none), DENIED(ENOSYS));
	assert_true(vp_filter_monitors(filter, 1));
	assert_false(vp_filter_monitors(filter, 2));
}

static void monitor_alone_denies_nothing(void **state)
{
	_cleanup_world_ struct world w = { 0 };

	(void)state;
	world_deny(&w, 1, true, "userns, socket(domain = AF_ALG)", 0);
	for (int cover = 0; cover < 2; cover++) {
		_cleanup_filter_ struct vp_filter *filter =
			world_compile(&w, VP_ABI_X86_64, cover);
		struct vp_bpf program = vp_filter_program(filter);

		for (size_t i = 0; i < program.len; i++)
			if (BPF_CLASS(program.code[i].code) == BPF_RET)
				assert_true(program.code[i].k == SECCOMP_RET_ALLOW ||
					    program.code[i].k == SECCOMP_RET_LOG);
	}
}

static void foreign_abis_are_closed(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL, *arm = NULL;
	const uint64_t none[VP_CALL_ARGUMENTS] = { 0 };

	(void)state;
	world_deny(&w, 1, false, "socket(domain = AF_ALG)", 0);
	filter = world_compile(&w, VP_ABI_X86_64, false);
	arm = world_compile(&w, VP_ABI_AARCH64, false);
	for (int nr = 0; nr < VP_CALL_NUMBERS; nr++) {
		assert_int_equal(world_run(filter, VP_ABI_I386, nr, none), DENIED(ENOSYS));
		assert_int_equal(world_run(filter, VP_ABI_AARCH64, nr, none), DENIED(ENOSYS));
		assert_int_equal(world_run(filter, VP_ABI_X32, nr | (int)VP_X32_BIT, none),
				 DENIED(ENOSYS));
		assert_int_equal(world_run(arm, VP_ABI_ARM, nr, none), DENIED(ENOSYS));
	}
	/* what a tracer writes to skip a call */
	assert_int_equal(world_run(filter, VP_ABI_X86_64, -1, none), SECCOMP_RET_ALLOW);
}

static void foreign_abi_is_covered(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	const uint64_t alg[VP_CALL_ARGUMENTS] = { 38 }, inet[VP_CALL_ARGUMENTS] = { 2 };
	const uint64_t create[VP_CALL_ARGUMENTS] = { 1 }, bind[VP_CALL_ARGUMENTS] = { 2 };
	const uint64_t get[VP_CALL_ARGUMENTS] = { 2 | 1 << 16 };
	const uint64_t id[VP_CALL_ARGUMENTS] = { 0 };

	(void)state;
	world_deny(&w, 1, false, "socket(domain = AF_ALG)", EAFNOSUPPORT);
	world_deny(&w, 2, false, "semget, setuid(uid = 0), mmap(prot has PROT_EXEC)", 0);
	filter = world_compile(&w, VP_ABI_X86_64, true);
	assert_int_equal(world_run(filter, VP_ABI_I386, 359, alg), DENIED(EAFNOSUPPORT));
	assert_int_equal(world_run(filter, VP_ABI_I386, 359, inet), SECCOMP_RET_ALLOW);
	assert_int_equal(world_run(filter, VP_ABI_I386, 102, create), DENIED(EAFNOSUPPORT));
	assert_int_equal(world_run(filter, VP_ABI_I386, 102, bind), SECCOMP_RET_ALLOW);
	/* ipc: the upper half of the selector is a version */
	assert_int_equal(world_run(filter, VP_ABI_I386, 117, get), DENIED(EPERM));
	assert_int_equal(world_run(filter, VP_ABI_I386, 117, create), SECCOMP_RET_ALLOW);
	assert_int_equal(world_run(filter, VP_ABI_I386, 23, id), DENIED(EPERM));
	assert_int_equal(world_run(filter, VP_ABI_I386, 213, id), DENIED(EPERM));
	assert_int_equal(world_run(filter, VP_ABI_I386, 213, bind), SECCOMP_RET_ALLOW);
	/* arguments of the old mmap are in memory */
	assert_int_equal(world_run(filter, VP_ABI_I386, 90, id), DENIED(EPERM));
	assert_int_equal(world_run(filter, VP_ABI_I386, 192, id), SECCOMP_RET_ALLOW);
}

/* A negative number in a register of 32 bits has no upper half. */
static void negative_numbers_in_32_bits(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	const uint64_t session[VP_CALL_ARGUMENTS] = { 0, 0xfffffffd };
	const uint64_t other[VP_CALL_ARGUMENTS] = { 0, 0xfffffffc };

	(void)state;
	world_deny(&w, 1, false, "keyctl(arg2 = 0xfffffffffffffffd)", EPERM);
	filter = world_compile(&w, VP_ABI_X86_64, true);
	assert_int_equal(world_run(filter, VP_ABI_I386, 288, session), DENIED(EPERM));
	assert_int_equal(world_run(filter, VP_ABI_I386, 288, other), SECCOMP_RET_ALLOW);
}

static void several_errnos_on_a_multiplexed_call(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	const uint64_t create[VP_CALL_ARGUMENTS] = { 1 }, raw[VP_CALL_ARGUMENTS] = { 2, 3 };

	(void)state;
	world_deny(&w, 1, false, "socket(domain = AF_ALG)", EAFNOSUPPORT);
	world_deny(&w, 2, false, "socket(type = SOCK_RAW)", EACCES);
	world_deny(&w, 3, true, "socket", 0);
	filter = world_compile(&w, VP_ABI_X86_64, true);
	assert_int_equal(world_ask(filter, "socket(type = SOCK_RAW)"), DENIED(EACCES));
	assert_int_equal(world_run(filter, VP_ABI_I386, 359, raw), DENIED(EACCES));
	assert_int_equal(world_run(filter, VP_ABI_I386, 359, create), SECCOMP_RET_LOG);
	assert_int_equal(world_run(filter, VP_ABI_I386, 102, create), DENIED(EAFNOSUPPORT));
}

static void refusals(void **state)
{
	_cleanup_world_ struct world w = { 0 }, malformed = { 0 }, huge = { 0 },
				     longest = { 0 };
	struct vp_call_condition condition;
	struct vp_filter *filter = NULL;
	struct vp_error err = { 0 };

	(void)state;
	assert_int_equal(world_try(&w, VP_ABI_X86_64, false, &filter, &err), -EINVAL);
	world_deny(&w, 1, false, "splice", 0);
	assert_int_equal(world_try(&w, VP_ABI_ARM, false, &filter, &err), -EOPNOTSUPP);
	world_deny(&malformed, 1, false, "socket(domain = 3)", 0);
	malformed.owned.data[0]->conditions.data[0].value |= 1ull << 32;
	assert_int_equal(world_try(&malformed, VP_ABI_X86_64, false, &filter, &err), -EINVAL);
	assert_non_null(strstr(err.text, "socket"));
	for (int i = 0; i < 600; i++)
		world_deny(&huge, 1, false, "kcmp(pid1 > 3, idx1 != 9)", 1 + i % 2);
	assert_int_equal(world_try(&huge, VP_ABI_X86_64, false, &filter, &err), -E2BIG);
	world_deny(&longest, 1, false, "socket(domain = 3)", 0);
	condition = longest.owned.data[0]->conditions.data[0];
	/* a jump over a rule reaches 255 instructions */
	for (int i = 0; i < 130; i++)
		vp_array_push(&longest.owned.data[0]->conditions, condition);
	assert_int_equal(world_try(&longest, VP_ABI_X86_64, false, &filter, &err), -E2BIG);
	assert_non_null(strstr(err.text, "socket: one rule has more conditions than fit"));
	assert_null(filter);
}

static void answered_with_success(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;

	(void)state;
	world_deny(&w, 1, false, "alarm", EPERM);
	w.owned.data[0]->error = 0;
	filter = world_compile(&w, VP_ABI_X86_64, false);
	assert_int_equal(world_ask(filter, "alarm(seconds = 3)"), SECCOMP_RET_ERRNO);
}

/* The most instructions that any call goes through; jumps only go forward. */
static size_t depth_of(const struct vp_filter *filter)
{
	const struct vp_bpf program = vp_filter_program(filter);
	size_t behind[VP_BPF_MAX + 1] = { 0 };

	for (size_t i = program.len; i-- > 0;) {
		const struct sock_filter *insn = &program.code[i];
		const size_t *next = &behind[i + 1];

		if (BPF_CLASS(insn->code) == BPF_RET)
			behind[i] = 1;
		else if (insn->code == (BPF_JMP | BPF_JA))
			behind[i] = 1 + next[insn->k];
		else if (BPF_CLASS(insn->code) == BPF_JMP)
			behind[i] = 1 + (next[insn->jt] > next[insn->jf] ? next[insn->jt]
									 : next[insn->jf]);
		else
			behind[i] = 1 + next[0];
	}
	return behind[0];
}

/*
 * A filter that denies the first `count` calls of the table, and one by its arguments. Calls
 * that 32-bit code makes through a multiplexer are left out: those are tried one by one.
 */
static size_t depth_with(size_t count, bool cover)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	struct vp_abi_form forms[VP_ABI_FORMS];
	size_t all;
	const struct vp_call_prototype *call = vp_call_all(&all), *end = call + all;

	for (; call < end && count; call++) {
		if (vp_call_set_find(call->name, strlen(call->name)) ||
		    !vp_abi_knows(call->name) ||
		    vp_abi_number(VP_ABI_X86_64, call->name) < 0 ||
		    vp_abi_forms(VP_ABI_I386, call->name, forms) > 1)
			continue;
		world_deny(&w, 1, false, call->name, EPERM);
		count--;
	}
	assert_int_equal(count, 0);
	world_deny(&w, 1, false, "alarm(seconds = 3)", EPERM);
	filter = world_compile(&w, VP_ABI_X86_64, cover);
	return depth_of(filter);
}

/* The number of a call is found in a tree: 16 times as many rules, four steps more. */
static void many_rules_cost_what_few_do(void **state)
{
	(void)state;
	for (int cover = 0; cover < 2; cover++) {
		size_t few = depth_with(16, cover), many = depth_with(256, cover);

		assert_in_range(many, 1, few + 5);
	}
}

static void absent_calls_are_left_out(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };

	(void)state;
	world_deny(&w, 1, false, "open, pipe2(flags has 0x80)", 0);
	filter = world_compile(&w, VP_ABI_AARCH64, false);
	vp_filter_print(filter, NULL, NULL, &out);
	assert_non_null(strstr(vp_strbuf_text(&out), "this architecture has no such call"));
	assert_int_equal(world_ask(filter, "pipe2(flags = 0x80)"), DENIED(EPERM));
}

static void owners_of_a_call(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	struct vp_filter_tags tags = { 0 };
	const uint64_t netlink[VP_CALL_ARGUMENTS] = { 16 | 1ull << 40, 3, 12 };

	(void)state;
	world_deny(&w, 7, false, "socket(domain = AF_ALG)", 0);
	world_deny(&w, 8, true, "socket(type = SOCK_RAW)", 0);
	world_deny(&w, 9, false, "socket(domain = AF_NETLINK, protocol = 12)", 0);
	world_deny(&w, 9, false, "socket(protocol = 12)", 0);
	filter = world_compile(&w, VP_ABI_X86_64, false);
	vp_filter_owners(filter, vp_abi_audit(VP_ABI_X86_64), 41, netlink, &tags);
	assert_int_equal(tags.len, 2);
	assert_int_equal(tags.data[0], 9);
	assert_int_equal(tags.data[1], 8);
	tags.len = 0;
	vp_filter_owners(filter, vp_abi_audit(VP_ABI_X86_64), 41, NULL, &tags);
	assert_int_equal(tags.len, 3);
	tags.len = 0;
	vp_filter_owners(filter, vp_abi_audit(VP_ABI_X86_64), 42, NULL, &tags);
	vp_filter_owners(filter, vp_abi_audit(VP_ABI_I386), 359, NULL, &tags);
	assert_int_equal(tags.len, 0);
	vp_array_free(&tags);
}

static const char *namer(uint32_t tag, void *context)
{
	(void)context;
	return tag == 1 ? "CVE-2026-31431" : "other";
}

static void printed_for_people(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };
	const char *text;

	(void)state;
	world_deny(&w, 1, false, "socket(domain = AF_ALG)", EAFNOSUPPORT);
	filter = world_compile(&w, VP_ABI_X86_64, true);
	vp_filter_print(filter, namer, NULL, &out);
	text = vp_strbuf_text(&out);
	assert_non_null(strstr(text, "socket with domain == 38: denied with EAFNOSUPPORT  "
				     "[CVE-2026-31431]"));
	assert_non_null(strstr(text, "in x86-64 socket 41, int 0x80 socketcall 102 (1) "
				     "whatever its arguments, int 0x80 socket 359"));
	assert_non_null(strstr(text, "ret 0x7fff0000"));
}

/* Changes that change nothing: where the tree divides, and halves that are masked away. */
static bool is_idle(const struct vp_bpf *program, size_t i)
{
	const struct sock_filter *insn = &program->code[i];

	return insn->code == (BPF_JMP | BPF_JGT | BPF_K) ||
	       (BPF_CLASS(insn->code) == BPF_LD &&
		insn[1].code == (BPF_ALU | BPF_AND | BPF_K) && !insn[1].k);
}

static void prove_finds_any_changed_instruction(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	_cleanup_free_ struct sock_filter *code = NULL;
	struct vp_bpf program, changed;
	size_t missed = 0, tried = 0;

	(void)state;
	world_deny(&w, 1, false, "userns, socket(domain = AF_ALG), pipe2(flags has 0x80)", 0);
	world_deny(&w, 2, false, "waitid(infop has 0x8000000000000000)", EFAULT);
	filter = world_compile(&w, VP_ABI_X86_64, false);
	program = vp_filter_program(filter);
	code = vp_memdup(program.code, program.len * sizeof(*code));
	changed = (struct vp_bpf){ code, program.len };
	for (size_t i = 0; i < program.len; i++) {
		code[i].k ^= BPF_CLASS(code[i].code) == BPF_RET ? 0x00050000 : 4;
		if (!is_idle(&program, i) && !vp_bpf_check(&changed, NULL)) {
			tried++;
			missed += !vp_filter_prove(filter, &changed, NULL);
		}
		code[i] = program.code[i];
	}
	assert_true(tried > program.len / 2);
	assert_int_equal(missed, 0);
}

static struct vp_filter *compile_revocable(const struct world *w, bool cover)
{
	const struct vp_filter_request request = { VP_ABI_X86_64, cover, w->rules.data,
						   w->rules.len, .revocable = true };
	struct vp_filter *filter = NULL;
	struct vp_error err = { 0 };

	if (vp_filter_compile(&request, &filter, &err))
		fail_msg("%s", err.text);
	return filter;
}

#define ASKED(rule) (SECCOMP_RET_USER_NOTIF | (rule))

/* Each rule by a number of its own, the first that holds; what is closed by 0. */
static void what_can_be_taken_back_is_asked_for(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL, *covering = NULL;
	struct vp_filter_answers answers = { 0 };
	const uint64_t none[VP_CALL_ARGUMENTS] = { 0 };

	(void)state;
	world_deny(&w, 7, false, "socket(domain = AF_ALG)", EAFNOSUPPORT);
	world_deny(&w, 8, false, "socket, clone(flags has CLONE_NEWUSER)", EACCES);
	filter = compile_revocable(&w, false);
	assert_true(vp_filter_is_revocable(filter));
	assert_int_equal(world_ask(filter, "socket(domain = AF_ALG)"), ASKED(1));
	assert_int_equal(world_ask(filter, "socket(domain = AF_INET)"), ASKED(2));
	assert_int_equal(world_ask(filter, "clone3"), ASKED(4));
	assert_int_equal(world_ask(filter, "getpid"), SECCOMP_RET_ALLOW);
	assert_int_equal(world_run(filter, VP_ABI_I386, 20, none), ASKED(0));
	vp_filter_answers(filter, &answers);
	assert_int_equal(answers.len, 5);
	assert_int_equal(answers.data[0].error, ENOSYS);
	assert_int_equal(answers.data[0].tag, 0);
	assert_int_equal(answers.data[1].error, EAFNOSUPPORT);
	assert_int_equal(answers.data[1].tag, 7);
	assert_int_equal(answers.data[2].error, EACCES);
	assert_int_equal(answers.data[4].error, ENOSYS); /* clone3, which is implied */
	assert_int_equal(answers.data[4].tag, 8);
	vp_array_free(&answers);
	covering = compile_revocable(&w, true);
	assert_int_equal(world_run(covering, VP_ABI_I386, 20, none), SECCOMP_RET_ALLOW);
	assert_int_equal(vp_filter_flags(covering) & SECCOMP_FILTER_FLAG_LOG, 0);
}

static void what_only_logs_cannot_be_taken_back(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	struct vp_filter *filter = NULL;

	(void)state;
	world_deny(&w, 1, true, "socket", 0);
	assert_int_equal(
		vp_filter_compile(&(struct vp_filter_request){ VP_ABI_X86_64, false,
							       w.rules.data, w.rules.len,
							       .revocable = true },
				  &filter, NULL),
		-EINVAL);
}

static void a_filter_includes_what_has_fewer_rules(void **state)
{
	_cleanup_world_ struct world a = { 0 }, b = { 0 }, c = { 0 };
	_cleanup_filter_ struct vp_filter *more = NULL, *less = NULL, *other = NULL;

	(void)state;
	world_deny(&a, 1, false, "socket(domain = AF_ALG), bpf(cmd = 5)", EPERM);
	world_deny(&b, 2, false, "bpf(cmd = 5)", ENOSYS);
	world_deny(&c, 2, false, "bpf(cmd in (5, 6))", EPERM);
	more = compile_revocable(&a, false);
	less = compile_revocable(&b, false);
	other = compile_revocable(&c, false);
	assert_true(vp_filter_includes(more, more));
	assert_true(vp_filter_includes(more, less));
	assert_false(vp_filter_includes(less, more));
	assert_false(vp_filter_includes(more, other));
}

int filter_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_rule_wins),
		cmocka_unit_test(whole_call_before_and_behind_conditions),
		cmocka_unit_test(monitor_logs_and_hides_nothing),
		cmocka_unit_test(monitor_alone_denies_nothing),
		cmocka_unit_test(foreign_abis_are_closed),
		cmocka_unit_test(foreign_abi_is_covered),
		cmocka_unit_test(negative_numbers_in_32_bits),
		cmocka_unit_test(several_errnos_on_a_multiplexed_call),
		cmocka_unit_test(refusals),
		cmocka_unit_test(answered_with_success),
		cmocka_unit_test(absent_calls_are_left_out),
		cmocka_unit_test(many_rules_cost_what_few_do),
		cmocka_unit_test(owners_of_a_call),
		cmocka_unit_test(printed_for_people),
		cmocka_unit_test(prove_finds_any_changed_instruction),
		cmocka_unit_test(what_can_be_taken_back_is_asked_for),
		cmocka_unit_test(what_only_logs_cannot_be_taken_back),
		cmocka_unit_test(a_filter_includes_what_has_fewer_rules),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
