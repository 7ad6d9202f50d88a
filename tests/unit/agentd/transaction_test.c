/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * agentd/transaction.c with two fake enforcement points that fail at each step
 * in turn: the old generation stays effective at both, the state folder says so,
 * and a new process finds its way from whatever was left.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/orders.h"
#include "agentd/startup.h"
#include "agentd/transaction.h"
#include "lib/memory.h"
#include "tests/unit/agentd/daemon_tests.h"

enum step { STEP_NONE, STEP_COMPILE, STEP_PREPARE, STEP_COMMIT };

struct vp_artefact {
	uint64_t generation;
};

struct vp_instance {
	uint64_t prepared;
};

/* What outlives a process: the "kernel" of each fake. */
static struct {
	uint64_t running;
	uint64_t counted;
	enum step fails;
} kernel[2];

static int fake_probe(struct vp_host *host, struct vp_error *err)
{
	(void)host;
	(void)err;
	return 0;
}

static int compile(size_t which, uint64_t generation, struct vp_artefact **artefact,
		   struct vp_error *err)
{
	if (kernel[which].fails == STEP_COMPILE)
		return vp_fail(err, -EINVAL, "fake: cannot compile");
	*artefact = vp_new(struct vp_artefact);
	(*artefact)->generation = generation;
	return 0;
}

static void fake_artefact_free(struct vp_artefact *artefact)
{
	free(artefact);
}

static int fake_open(struct vp_instance **instance, const struct vp_host *host,
		     struct vp_error *err)
{
	(void)host;
	(void)err;
	*instance = vp_new(struct vp_instance);
	return 0;
}

static void fake_close(struct vp_instance *instance)
{
	free(instance);
}

static int prepare(size_t which, struct vp_instance *instance,
		   const struct vp_artefact *artefact, struct vp_error *err)
{
	if (kernel[which].fails == STEP_PREPARE)
		return vp_fail(err, -ENOMEM, "fake: cannot prepare");
	instance->prepared = artefact->generation;
	return 0;
}

static int commit(size_t which, struct vp_instance *instance, struct vp_error *err)
{
	if (kernel[which].fails == STEP_COMMIT)
		return vp_fail(err, -EPERM, "fake: cannot commit");
	assert_int_not_equal(instance->prepared, 0);
	kernel[which].running = instance->prepared;
	instance->prepared = 0;
	return 0;
}

static void fake_finish(struct vp_instance *instance)
{
	assert_int_equal(instance->prepared, 0);
}

static void fake_abort(struct vp_instance *instance)
{
	instance->prepared = 0;
}

static int verify(size_t which, const struct vp_artefact *artefact, struct vp_strbuf *out)
{
	if (kernel[which].running == artefact->generation)
		return 0;
	vp_strbuf_addf(out, "fake %zu runs another generation\n", which);
	return 1;
}

static int counts_of(size_t which, struct vp_counts *counts)
{
	vp_array_push(counts,
		      ((struct vp_count){ .tag = 5, .packets = kernel[which].counted }));
	return 0;
}

/* The two fakes differ in their number only. */
#define FAKE(n)                                                                               \
	static int compile_##n(const struct vp_plan *plan, const struct vp_host *host,        \
			       uint64_t generation, struct vp_artefact **artefact,            \
			       struct vp_error *err)                                          \
	{                                                                                     \
		(void)plan;                                                                   \
		(void)host;                                                                   \
		return compile(n, generation, artefact, err);                                 \
	}                                                                                     \
	static int prepare_##n(struct vp_instance *instance,                                  \
			       const struct vp_artefact *artefact, struct vp_error *err)      \
	{                                                                                     \
		return prepare(n, instance, artefact, err);                                   \
	}                                                                                     \
	static int commit_##n(struct vp_instance *instance, struct vp_error *err)             \
	{                                                                                     \
		return commit(n, instance, err);                                              \
	}                                                                                     \
	static int verify_##n(struct vp_instance *instance,                                   \
			      const struct vp_artefact *artefact,                             \
			      struct vp_strbuf *differences, struct vp_error *err)            \
	{                                                                                     \
		(void)instance;                                                               \
		(void)err;                                                                    \
		return verify(n, artefact, differences);                                      \
	}                                                                                     \
	static int running_##n(struct vp_instance *instance, uint64_t *generation,            \
			       struct vp_error *err)                                          \
	{                                                                                     \
		(void)instance;                                                               \
		(void)err;                                                                    \
		*generation = kernel[n].running;                                              \
		return 0;                                                                     \
	}                                                                                     \
	static int counts_##n(struct vp_instance *instance, struct vp_counts *counts,         \
			      struct vp_error *err)                                           \
	{                                                                                     \
		(void)instance;                                                               \
		(void)err;                                                                    \
		return n ? 0 : counts_of(n, counts);                                          \
	}                                                                                     \
	static int remove_##n(struct vp_instance *instance, struct vp_error *err)             \
	{                                                                                     \
		(void)instance;                                                               \
		(void)err;                                                                    \
		kernel[n].running = 0;                                                        \
		return 0;                                                                     \
	}                                                                                     \
	static const struct vp_module fake_##n = {                                            \
		.name = "fake-" #n,                                                           \
		.point = n ? VP_POINT_SECCOMP : VP_POINT_NETFILTER,                           \
		.probe = fake_probe,                                                          \
		.compile = compile_##n,                                                       \
		.artefact_free = fake_artefact_free,                                          \
		.open = fake_open,                                                            \
		.close = fake_close,                                                          \
		.prepare = prepare_##n,                                                       \
		.commit = commit_##n,                                                         \
		.finish = fake_finish,                                                        \
		.abort = fake_abort,                                                          \
		.verify = verify_##n,                                                         \
		.running = running_##n,                                                       \
		.counts = counts_##n,                                                         \
		.remove = remove_##n,                                                         \
	}

FAKE(0);
FAKE(1);

static const struct vp_module *const fakes[] = { &fake_0, &fake_1, NULL };

struct fixture {
	char *folder, *config;
	struct vp_agent agent;
};

static const char patch[] =
	"[patch]\nid = TEST-1\ntitle = a test\nseverity = low\nmode = monitor\n"
	"[service s]\nports = udp/7\n"
	"[rule r]\nservice = s\nwhen = ip.ttl less-than 5\naction = drop\n";

static void open_agent(struct fixture *f)
{
	struct vp_error err = { 0 };

	if (vp_agent_open(&f->agent, f->config, fakes, &err))
		fail_msg("%s", err.text);
}

/* A new process over the same kernel and state. */
static void restart(struct fixture *f)
{
	struct vp_error err = { 0 };

	vp_agent_close(&f->agent);
	open_agent(f);
	if (vp_startup_restore(&f->agent, &err))
		fail_msg("%s", err.text);
}

static int setup(void **state)
{
	struct fixture *f = vp_new(struct fixture);

	memset(kernel, 0, sizeof(kernel));
	f->folder = vp_test_folder_make();
	f->config = vp_format("%s/vpatchd.conf", f->folder);
	vp_test_file(f->folder, "vpatchd.conf",
		     "[vpatchd]\npolicy = .\noverrides = none\nstate = state\nrun = run\n");
	vp_test_file(f->folder, "a.vpatch", patch);
	open_agent(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	vp_agent_close(&f->agent);
	vp_test_folder_remove(f->folder);
	free(f->config);
	free(f);
	return 0;
}

static enum vp_result apply(struct fixture *f, const struct vp_order *order)
{
	struct vp_outcome outcome = { 0 };
	enum vp_result result;

	vp_apply_folder(&f->agent, order, &outcome);
	result = outcome.result;
	vp_outcome_free(&outcome);
	return result;
}

static const struct vp_order plain = { .request = "apply", .who = "test", .always = true };

static size_t stored(struct fixture *f)
{
	struct vp_numbers numbers = { 0 };
	size_t len;

	assert_int_equal(vp_state_list(&f->agent.state, &numbers, NULL), 0);
	len = numbers.len;
	vp_array_free(&numbers);
	return len;
}

static void assert_running(struct fixture *f, uint64_t number)
{
	uint64_t current;

	assert_int_equal(kernel[0].running, number);
	assert_int_equal(kernel[1].running, number);
	assert_int_equal(f->agent.running, number);
	assert_int_equal(vp_state_current(&f->agent.state, &current, NULL), 0);
	assert_int_equal(current, number);
}

static void applied_and_unchanged(void **state)
{
	struct fixture *f = *state;
	struct vp_order order = { .request = "apply" };

	assert_int_equal(apply(f, &order), VP_RESULT_APPLIED);
	assert_running(f, 1);
	assert_int_equal(apply(f, &order), VP_RESULT_UNCHANGED);
	assert_running(f, 1);
	assert_int_equal(apply(f, &plain), VP_RESULT_APPLIED);
	assert_running(f, 2);
	assert_int_equal(stored(f), 2);
}

static void each_failure_leaves_the_old_one(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(apply(f, &plain), VP_RESULT_APPLIED);
	for (size_t which = 0; which < 2; which++)
		for (enum step step = STEP_COMPILE; step <= STEP_COMMIT; step++) {
			kernel[which].fails = step;
			assert_int_equal(apply(f, &plain), VP_RESULT_FAILED);
			kernel[which].fails = STEP_NONE;
			assert_running(f, 1);
			assert_int_equal(stored(f), 1);
			restart(f);
			assert_running(f, 1);
		}
	assert_int_equal(apply(f, &plain), VP_RESULT_APPLIED);
	assert_running(f, 2);
}

static void the_first_apply_may_fail_too(void **state)
{
	struct fixture *f = *state;

	kernel[1].fails = STEP_COMMIT;
	assert_int_equal(apply(f, &plain), VP_RESULT_FAILED);
	assert_running(f, 0);
	assert_int_equal(stored(f), 0);
}

static void a_broken_folder_changes_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(apply(f, &plain), VP_RESULT_APPLIED);
	vp_test_file(f->folder, "b.vpatch", "[patch]\nid = \n");
	assert_int_equal(apply(f, &plain), VP_RESULT_INVALID);
	assert_running(f, 1);
	assert_true(f->agent.folder.errors > 0);
	restart(f);
	vp_startup_folder(&f->agent);
	assert_running(f, 1);
	assert_true(f->agent.folder.errors > 0);
}

/* Killed after the commit and before `current` was written: the kernel knows. */
static void killed_behind_the_commit(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(apply(f, &plain), VP_RESULT_APPLIED);
	assert_int_equal(apply(f, &plain), VP_RESULT_APPLIED);
	assert_int_equal(vp_state_set_current(&f->agent.state, 1, NULL), 0);
	restart(f);
	assert_running(f, 2);
}

/* Killed between the two commits: back to what `current` says, at both. */
static void killed_between_commits(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(apply(f, &plain), VP_RESULT_APPLIED);
	assert_int_equal(apply(f, &plain), VP_RESULT_APPLIED);
	assert_int_equal(vp_state_set_current(&f->agent.state, 1, NULL), 0);
	kernel[1].running = 1;
	restart(f);
	assert_running(f, 1);
	assert_int_equal(stored(f), 1);
}

/* Killed before the commit: the stored bundle was never effective and goes. */
static void killed_before_the_commit(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(apply(f, &plain), VP_RESULT_APPLIED);
	assert_int_equal(apply(f, &plain), VP_RESULT_APPLIED);
	assert_int_equal(vp_state_set_current(&f->agent.state, 1, NULL), 0);
	kernel[0].running = kernel[1].running = 1;
	restart(f);
	assert_running(f, 1);
	assert_int_equal(stored(f), 1);
}

static void a_reboot_installs_again_and_keeps_totals(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(apply(f, &plain), VP_RESULT_APPLIED);
	kernel[0].counted = 40;
	assert_int_equal(vp_agent_count(&f->agent, NULL), 0);
	vp_agent_save_totals(&f->agent);
	kernel[0].running = kernel[1].running = 0;
	kernel[0].counted = 60; /* more than before within the first moment */
	restart(f);
	assert_running(f, 1);
	assert_int_equal(vp_agent_count(&f->agent, NULL), 0);
	assert_int_equal(vp_total_count(vp_totals_find(&f->agent.totals, 5)).packets, 100);
}

static void an_unconfirmed_one_does_not_survive_a_reboot(void **state)
{
	struct fixture *f = *state;
	struct vp_order order = plain;
	struct vp_confirm confirm;

	assert_int_equal(apply(f, &plain), VP_RESULT_APPLIED);
	order.confirm = 60;
	assert_int_equal(apply(f, &order), VP_RESULT_APPLIED);
	restart(f); /* same boot: still waiting */
	assert_running(f, 2);
	assert_true(vp_state_confirm(&f->agent.state, &confirm));
	strcpy(confirm.boot, "another-boot");
	assert_int_equal(vp_state_set_confirm(&f->agent.state, &confirm, NULL), 0);
	kernel[0].running = kernel[1].running = 0;
	restart(f);
	assert_running(f, 1);
	assert_false(vp_state_confirm(&f->agent.state, &confirm));
}

static void panic_forbids_everything(void **state)
{
	struct fixture *f = *state;
	struct vp_panic_marker marker = { .time = 1 };
	struct vp_order order = plain;

	assert_int_equal(apply(f, &plain), VP_RESULT_APPLIED);
	assert_int_equal(vp_state_set_panic(&f->agent.state, &marker, NULL), 0);
	kernel[0].running = kernel[1].running = 0;
	restart(f);
	vp_startup_folder(&f->agent);
	assert_int_equal(kernel[0].running, 0);
	assert_int_equal(apply(f, &plain), VP_RESULT_INVALID);
	assert_int_equal(kernel[0].running, 0);
	/* refused by the kernel: the marker must be back */
	order.after_panic = true;
	kernel[0].fails = STEP_COMMIT;
	assert_int_equal(apply(f, &order), VP_RESULT_FAILED);
	assert_true(vp_state_panicked(&f->agent.state, &marker));
	kernel[0].fails = STEP_NONE;
	assert_int_equal(apply(f, &order), VP_RESULT_APPLIED);
	assert_false(vp_state_panicked(&f->agent.state, &marker));
	assert_int_equal(kernel[0].running, 2);
}

static void rollback_goes_on_backwards(void **state)
{
	struct fixture *f = *state;
	struct vp_order order = { .request = "rollback", .always = true };

	for (int i = 0; i < 3; i++)
		assert_int_equal(apply(f, &plain), VP_RESULT_APPLIED);
	for (uint64_t expected = 2; expected > 0; expected--) {
		struct vp_outcome outcome = { 0 };

		order.restores = vp_rollback_target(&f->agent);
		assert_int_equal(order.restores, expected);
		vp_apply_generation(&f->agent, expected, NULL, &order, &outcome);
		assert_int_equal(outcome.result, VP_RESULT_APPLIED);
		vp_outcome_free(&outcome);
	}
	assert_running(f, 5);
}

static ino_t overrides_file(struct fixture *f)
{
	char *path = vp_state_path(&f->agent.state, "overrides.conf");
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	free(path);
	return st.st_ino;
}

static void assert_disabled_locally(struct fixture *f)
{
	struct vp_locals locals = { 0 };

	assert_int_equal(vp_running_locals(&f->agent, &locals, NULL), 0);
	assert_int_equal(locals.len, 1);
	assert_string_equal(locals.data[0].id, "TEST-1");
	assert_false(locals.data[0].enabled);
	vp_locals_free(&locals);
}

/* Over applies and restarts; their copy is written when they change and else left alone. */
static void local_overrides_stay(void **state)
{
	struct fixture *f = *state;
	struct vp_local local = { .kind = VP_LOCAL_ENABLED, .id = (char *)"TEST-1" };
	struct vp_locals locals = { &local, 1, 1 };
	struct vp_outcome outcome = { 0 };
	ino_t first, second;

	assert_int_equal(apply(f, &plain), VP_RESULT_APPLIED);
	first = overrides_file(f);
	assert_int_equal(apply(f, &plain), VP_RESULT_APPLIED);
	assert_true(overrides_file(f) == first);
	vp_apply_generation(&f->agent, 2, &locals, &plain, &outcome);
	assert_int_equal(outcome.result, VP_RESULT_APPLIED);
	vp_outcome_free(&outcome);
	second = overrides_file(f);
	assert_true(second != first);
	assert_disabled_locally(f);
	assert_int_equal(apply(f, &plain), VP_RESULT_APPLIED);
	assert_disabled_locally(f);
	restart(f);
	assert_disabled_locally(f);
	assert_int_equal(apply(f, &plain), VP_RESULT_APPLIED);
	assert_disabled_locally(f);
	assert_true(overrides_file(f) == second);
	assert_running(f, 5);
}

static void unlink_patch(struct fixture *f)
{
	char *path = vp_format("%s/a.vpatch", f->folder);

	assert_int_equal(unlink(path), 0);
	free(path);
}

/* Looked at once, and only something new is applied. */
static void start_applies_what_is_new(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(apply(f, &plain), VP_RESULT_APPLIED);
	restart(f);
	vp_startup_folder(&f->agent);
	assert_running(f, 1);
	unlink_patch(f);
	vp_startup_folder(&f->agent);
	assert_running(f, 2);
	assert_int_equal(f->agent.active->generation.patches, 0);
}

int vp_test_transaction(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(applied_and_unchanged, setup, teardown),
		cmocka_unit_test_setup_teardown(each_failure_leaves_the_old_one, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_first_apply_may_fail_too, setup, teardown),
		cmocka_unit_test_setup_teardown(a_broken_folder_changes_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(killed_behind_the_commit, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_between_commits, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_before_the_commit, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reboot_installs_again_and_keeps_totals,
						setup, teardown),
		cmocka_unit_test_setup_teardown(an_unconfirmed_one_does_not_survive_a_reboot,
						setup, teardown),
		cmocka_unit_test_setup_teardown(panic_forbids_everything, setup, teardown),
		cmocka_unit_test_setup_teardown(rollback_goes_on_backwards, setup, teardown),
		cmocka_unit_test_setup_teardown(local_overrides_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(start_applies_what_is_new, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
