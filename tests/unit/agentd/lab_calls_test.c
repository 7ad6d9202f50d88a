/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls made for real: good definitions pass; a filter with a rule less, or made as a
 * straightforward compiler would, fails, and the sample says how. What a cell keeps from
 * those in it, and what is made of outcomes. Without namespaces most is skipped, and says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/ctl/lab/call_filter.h"
#include "agentd/ctl/lab/call_proof.h"
#include "agentd/ctl/lab/cell.h"
#include "agentd/document.h"
#include "lab_tests.h"
#include "lib/cleanup.h"
#include "policy/policy.h"

struct fixture {
	struct vp_sources sources;
	struct vp_findings findings;
	struct vp_policy policy;
	struct vp_call_proof proof;
};

static void open_definition(struct fixture *f, const char *name)
{
	_cleanup_free_ char *path = vp_format(VP_TEST_SOURCES "/tests/system/lab/%s", name);
	const char *paths[1] = { path };

	*f = (struct fixture){ .proof = { .stage.socket = -1 } };
	vp_sources_read(&f->sources, paths, 1, NULL, 0, 0, &f->findings);
	vp_policy_build(&f->policy, &f->sources, time(NULL), &f->findings);
	assert_int_equal(f->findings.errors, 0);
	assert_int_equal(f->policy.patches.len, 1);
	f->proof.patch = f->policy.patches.data[0];
	f->proof.result = json_object();
	f->proof.missing = json_array();
	json_object_set_new(f->proof.result, "samples", json_array());
}

static void release(struct fixture *f)
{
	vp_call_proof_close(&f->proof);
	json_decref(f->proof.result);
	json_decref(f->proof.missing);
	vp_policy_free(&f->policy);
	vp_findings_free(&f->findings);
	vp_sources_free(&f->sources);
}

static bool is_impossible(int r)
{
	return r == -EPERM || r == -EACCES || r == -ENOSPC || r == -EUSERS;
}

/* With a stage; false: there can be none here. */
static bool open_proof(struct fixture *f, const char *name)
{
	struct vp_error err = { 0 };
	int r;

	open_definition(f, name);
	r = vp_call_proof_open(&f->proof, &err);
	if (is_impossible(r)) {
		release(f);
		print_message("no namespaces here: calls were NOT tested (%s)\n", err.text);
		return false;
	}
	if (r)
		fail_msg("%s", err.text);
	return true;
}

static int run_samples(struct fixture *f, const struct vp_bpf *instead)
{
	struct vp_error err = { 0 };
	int failures;

	f->proof.instead = instead;
	failures = vp_call_proof_samples(&f->proof, true, &err);
	if (failures < 0)
		fail_msg("%s", err.text);
	return failures;
}

static const json_t *sample_of(const struct fixture *f, const char *name)
{
	const json_t *sample;
	size_t i;

	json_array_foreach (json_object_get(f->proof.result, "samples"), i, sample)
		if (!strcmp(vp_json_get_text(sample, "name"), name))
			return sample;
	fail_msg("no sample %s", name);
	return NULL;
}

/* A failure of the sample with these words in it, and how many there are by that way. */
static size_t failures_by(const struct fixture *f, const char *sample, const char *call,
			  const char *way, const char *expected, const char *found)
{
	const json_t *failure;
	size_t count = 0, i;

	json_array_foreach (json_object_get(sample_of(f, sample), "failures"), i, failure)
		count += (!call || strstr(vp_json_get_text(failure, "call"), call)) &&
			 !strcmp(vp_json_get_text(failure, "way"), way) &&
			 !strcmp(vp_json_get_text(failure, "expected"), expected) &&
			 !strcmp(vp_json_get_text(failure, "found"), found);
	return count;
}

static uint64_t good_by(const struct fixture *f, size_t sample, const char *way)
{
	const json_t *of =
		json_array_get(json_object_get(f->proof.result, "evasions"), sample);

	return vp_json_get_number(json_object_get(json_object_get(of, "ways"), way), "good");
}

static void fail_with(const struct fixture *f)
{
	char *text = json_dumps(f->proof.result, JSON_INDENT(1));

	fail_msg("%s", text);
}

static void assert_good(const char *name, size_t mutants)
{
	struct vp_error err = { 0 };
	struct fixture f;

	if (!open_proof(&f, name))
		skip();
	if (run_samples(&f, NULL))
		fail_with(&f);
	if (vp_call_proof_mutants(&f.proof, &err))
		fail_with(&f);
	assert_int_equal(
		vp_json_get_number(json_object_get(f.proof.result, "mutations"), "total"),
		mutants);
	assert_true(good_by(&f, 0, "native") > 0);
	assert_int_equal(good_by(&f, 0, "upper"), 2 * good_by(&f, 0, "native"));
	release(&f);
}

static void good_definitions(void **state)
{
	(void)state;
	assert_good("calls-closed.vpatch", 25);
	assert_good("calls-covered.vpatch", 8);
	assert_good("calls-monitor.vpatch", 3);
}

/* All ways in which a 64-bit process enters this kernel, for real. */
static void by_int_0x80(void **state)
{
	struct fixture f;

	(void)state;
	if (!open_proof(&f, "calls-covered.vpatch"))
		skip();
	if (f.proof.abis & 1u << VP_ABI_I386) {
		assert_int_equal(run_samples(&f, NULL), 0);
		assert_int_equal(good_by(&f, 0, "32-bit"), 12);
		assert_int_equal(good_by(&f, 0, "multiplexed"), 9);
		assert_int_equal(good_by(&f, 1, "32-bit"), 15);
	}
	release(&f);
}

/* The program of section 0 as the mutant has it. */
static struct vp_filter *mutant_filter(const struct fixture *f, size_t index)
{
	struct vp_filter *filter = NULL;
	struct vp_call_mutant mutant;
	struct vp_error err = { 0 };

	assert_true(vp_call_mutant_get(f->proof.patch, index, &mutant));
	if (vp_call_filter_compile(f->proof.patch, 0, &mutant, &filter, &err))
		fail_msg("%s", err.text);
	vp_call_mutant_free(&mutant);
	return filter;
}

static void one_rule_dropped(void **state)
{
	_cleanup_filter_ struct vp_filter *filter = NULL;
	struct vp_bpf program;
	struct fixture f;

	(void)state;
	if (!open_proof(&f, "calls-closed.vpatch"))
		skip();
	filter = mutant_filter(&f, 0); /* without userns */
	program = vp_filter_program(filter);
	assert_int_equal(run_samples(&f, &program), 1);
	assert_int_equal(
		failures_by(&f, "denied-kinds", "unshare(", "native", "EPERM", "success"), 1);
	assert_int_equal(
		failures_by(&f, "denied-kinds", "clone(", "upper", "EPERM", "success"), 2);
	assert_int_equal(failures_by(&f, "denied-kinds", NULL, "32-bit", "ENOSYS", "success"),
			 0);
	assert_string_equal(vp_json_get_text(sample_of(&f, "denied-kinds"), "reason"),
			    "unshare(flags=0x50000000) by x86-64: expected EPERM, "
			    "found success");
	release(&f);
}

/* Every word of 32-bit arguments is compared in full, as SCMP_CMP_EQ does. */
static struct vp_bpf compare_64_bits(struct sock_filter *code, uint32_t number,
				     uint32_t domain, uint32_t error)
{
	const struct sock_filter naive[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, vp_abi_audit(vp_abi_native()), 0, 8),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, VP_X32_BIT, 6, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 20),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, domain, 2, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
	};

	memcpy(code, naive, sizeof(naive));
	return (struct vp_bpf){ code, VP_COUNT(naive) };
}

static void compared_in_64_bits(void **state)
{
	struct sock_filter code[16];
	struct vp_bpf naive = compare_64_bits(code, SYS_socket, 1, EAFNOSUPPORT);
	struct fixture f;

	(void)state;
	if (!open_proof(&f, "calls-one.vpatch"))
		skip();
	assert_int_equal(vp_bpf_check(&naive, NULL), 0);
	assert_int_equal(run_samples(&f, &naive), 1);
	assert_int_equal(failures_by(&f, "denied", "socket(domain=1", "upper", "EAFNOSUPPORT",
				     "success"),
			 2);
	assert_int_equal(good_by(&f, 0, "native"), 1);
	assert_int_equal(good_by(&f, 0, "upper"), 0);
	release(&f);
}

/* Whoever asks about the native ABI only lets the others in. */
static void other_abis_let_in(void **state)
{
	struct sock_filter code[16];
	struct vp_bpf naive = compare_64_bits(code, SYS_socket, 1, EAFNOSUPPORT);
	struct fixture f;

	(void)state;
	code[1].jf = 7; /* allowed */
	if (!open_proof(&f, "calls-one.vpatch"))
		skip();
	if (f.proof.abis & 1u << VP_ABI_I386) {
		run_samples(&f, &naive);
		assert_int_equal(good_by(&f, 0, "32-bit") + good_by(&f, 0, "multiplexed"), 0);
		assert_int_equal(good_by(&f, 0, "native"), 1);
	}
	release(&f);
}

static void another_errno(void **state)
{
	struct sock_filter code[16];
	struct vp_bpf wrong = compare_64_bits(code, SYS_socket, 1, EACCES);
	struct fixture f;

	(void)state;
	if (!open_proof(&f, "calls-one.vpatch"))
		skip();
	assert_int_equal(run_samples(&f, &wrong), 1);
	assert_int_equal(failures_by(&f, "denied", NULL, "native", "EAFNOSUPPORT", "EACCES"),
			 1);
	release(&f);
}

static void denies_too_much(void **state)
{
	const struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct vp_bpf broad = { code, VP_COUNT(code) };
	struct fixture f;

	(void)state;
	if (!open_proof(&f, "calls-one.vpatch"))
		skip();
	run_samples(&f, &broad);
	assert_int_equal(failures_by(&f, "allowed", "socket(domain=16,", "native",
				     "success, as without the filter", "EAFNOSUPPORT"),
			 1);
	release(&f);
}

/* A process without rights gets the rule's errno from the kernel: that proves no filter. */
static void denied_by_the_kernel(void **state)
{
	static const struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K,
							    SECCOMP_RET_ALLOW) };
	const struct vp_bpf open = { code, VP_COUNT(code) };
	struct fixture f;

	(void)state;
	if (!open_proof(&f, "calls-rights.vpatch"))
		skip();
	assert_int_equal(run_samples(&f, NULL), 0);
	json_array_clear(json_object_get(f.proof.result, "samples"));
	f.proof.stand.section = SIZE_MAX;
	assert_int_equal(run_samples(&f, &open), 1);
	assert_int_equal(failures_by(&f, "denied", "fsopen", "native", "EPERM by the filter",
				     "EPERM by the kernel"),
			 1);
	/* what could do harm is not even made */
	assert_int_equal(failures_by(&f, "denied", "reboot(", "native", "denied",
				     "allowed, so it was not made"),
			 1);
	release(&f);
}

/* What becomes of who makes a call */

static struct vp_outcome make(const struct vp_stage *stage, long number, uint64_t a,
			      uint64_t b)
{
	struct vp_raw_call call = { .abi = vp_abi_native(),
				    .number = (int32_t)number,
				    .arguments = { a, b },
				    .forks = number == SYS_clone };
	struct vp_outcome outcome = { 0 };
	struct vp_error err = { 0 };

	/* one that stops itself never returns, others may be slow on a busy machine */
	if (vp_stage_make(stage, VP_STAGE_BARE, &call, b == SIGSTOP ? 300 : 8000, &outcome,
			  &err))
		fail_msg("%s", err.text);
	return outcome;
}

static void assert_outcome(const struct vp_outcome outcome, enum vp_outcome_kind kind,
			   int64_t value)
{
	assert_int_equal(outcome.kind, kind);
	assert_int_equal(outcome.value, value);
}

static void whatever_a_call_does(void **state)
{
	struct vp_error err = { 0 };
	struct vp_stage stage;
	int r = vp_stage_open(&stage, &err);

	(void)state;
	if (is_impossible(r))
		skip();
	assert_int_equal(r, 0);
	assert_outcome(make(&stage, SYS_getuid, 0, 0), VP_OUTCOME_RETURNED, VP_CELL_UID);
	assert_outcome(make(&stage, SYS_exit_group, 7, 0), VP_OUTCOME_EXITED, 7);
	assert_outcome(make(&stage, SYS_exit, 9, 0), VP_OUTCOME_EXITED, 9);
	assert_outcome(make(&stage, SYS_kill, 0, SIGTERM), VP_OUTCOME_KILLED, SIGTERM);
	assert_outcome(make(&stage, SYS_munmap, 0, 0x7ffffffff000), VP_OUTCOME_KILLED,
		       SIGSEGV);
	assert_outcome(make(&stage, SYS_kill, 0, SIGSTOP), VP_OUTCOME_BLOCKED, 0);
	assert_outcome(make(&stage, SYS_rt_sigtimedwait, 0, 0), VP_OUTCOME_RETURNED, -EINVAL);
	assert_outcome(make(&stage, SYS_ptrace, 0, 0), VP_OUTCOME_RETURNED, 0);
	assert_true(make(&stage, SYS_clone, SIGCHLD, 0).value > 1);
	assert_true(make(&stage, SYS_clone, 0x50f00, 0).value > 1); /* a thread */
	vp_stage_close(&stage);
}

/* Calls that would reach the host, were they not made in a cell. */
static void the_cell_holds(void **state)
{
	struct vp_error err = { 0 };
	struct vp_stage stage;
	pid_t victim = getpid();
	int r = vp_stage_open(&stage, &err);

	(void)state;
	if (is_impossible(r))
		skip();
	assert_int_equal(r, 0);
	/* everybody that it can see, which is itself and its parent; twice */
	for (int i = 0; i < 2; i++)
		assert_outcome(make(&stage, SYS_kill, (uint64_t)-1, SIGTERM),
			       VP_OUTCOME_RETURNED, -ESRCH);
	assert_outcome(make(&stage, SYS_kill, (uint64_t)victim, 0), VP_OUTCOME_RETURNED,
		       -ESRCH);
	assert_outcome(make(&stage, SYS_kill, 1, SIGKILL), VP_OUTCOME_RETURNED, 0);
	assert_outcome(make(&stage, SYS_ptrace, 16, 1), VP_OUTCOME_RETURNED, -EPERM);
	assert_outcome(make(&stage, SYS_sethostname, 0, 0), VP_OUTCOME_RETURNED, -EPERM);
	assert_outcome(make(&stage, SYS_chroot, (uint64_t)(uintptr_t) "/", 0),
		       VP_OUTCOME_RETURNED, -EPERM);
	assert_outcome(make(&stage, SYS_write, 3, 0), VP_OUTCOME_RETURNED, -EBADF);
	assert_outcome(
		make(&stage, SYS_mkdirat, (uint64_t)AT_FDCWD, (uint64_t)(uintptr_t) "/made"),
		VP_OUTCOME_RETURNED, -EROFS);
	assert_outcome(make(&stage, SYS_chdir, (uint64_t)(uintptr_t) "/etc", 0),
		       VP_OUTCOME_RETURNED, -ENOENT);
	assert_outcome(make(&stage, SYS_getuid, 0, 0), VP_OUTCOME_RETURNED, VP_CELL_UID);
	vp_stage_close(&stage);
}

/* Pure parts */

static void outcomes_are_compared(void **state)
{
	const struct vp_outcome success = { VP_OUTCOME_RETURNED, 0, 3 };
	const struct vp_outcome other = { VP_OUTCOME_RETURNED, 0, 0x7fff00001000 };
	const struct vp_outcome denied = { VP_OUTCOME_RETURNED, 0, -EPERM };
	const struct vp_outcome killed = { VP_OUTCOME_KILLED, 0, SIGSEGV };
	const struct vp_outcome exited = { VP_OUTCOME_EXITED, 0, SIGSEGV };
	char text[VP_OUTCOME_TEXT];

	(void)state;
	assert_true(vp_outcome_same(&success, &other));
	assert_false(vp_outcome_same(&success, &denied));
	assert_false(vp_outcome_same(&killed, &exited));
	assert_int_equal(vp_outcome_error(&denied), EPERM);
	assert_int_equal(vp_outcome_error(&killed), 0);
	assert_string_equal(vp_outcome_print(&denied, text), "EPERM");
	assert_string_equal(vp_outcome_print(&success, text), "success");
	assert_string_equal(vp_outcome_print(&killed, text), "ended by signal 11");
}

static void mutants_say_what_they_are(void **state)
{
	static const char *const expected[] = {
		"syscalls watched: deleted: deny = add_key",
		"syscalls watched: deleted: deny = personality(personality = "
		"ADDR_NO_RANDOMIZE)",
		"syscalls watched: any `personality` of personality(personality = "
		"ADDR_NO_RANDOMIZE)",
	};
	struct vp_call_mutant mutant;
	struct fixture f;

	(void)state;
	open_definition(&f, "calls-monitor.vpatch");
	assert_int_equal(vp_call_mutant_count(f.proof.patch), VP_COUNT(expected));
	for (size_t i = 0; i < VP_COUNT(expected); i++) {
		assert_true(vp_call_mutant_get(f.proof.patch, i, &mutant));
		assert_string_equal(mutant.what, expected[i]);
		vp_call_mutant_free(&mutant);
	}
	assert_false(vp_call_mutant_get(f.proof.patch, VP_COUNT(expected), &mutant));
	release(&f);
}

int lab_calls_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outcomes_are_compared),
		cmocka_unit_test(mutants_say_what_they_are),
		cmocka_unit_test(whatever_a_call_does),
		cmocka_unit_test(the_cell_holds),
		cmocka_unit_test(good_definitions),
		cmocka_unit_test(by_int_0x80),
		cmocka_unit_test(one_rule_dropped),
		cmocka_unit_test(compared_in_64_bits),
		cmocka_unit_test(other_abis_let_in),
		cmocka_unit_test(another_errno),
		cmocka_unit_test(denies_too_much),
		cmocka_unit_test(denied_by_the_kernel),
	};

	return cmocka_run_group_tests_name("calls", tests, NULL, NULL);
}
