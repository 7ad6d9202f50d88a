/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From records to the document: whose calls count, for which target, and the exit status. */
#include <errno.h>
#include <string.h>

#include <linux/perf_event.h>

#include "agentd/ctl/observe/report.h"
#include "agentd/ctl/page.h"
#include "agentd/document.h"
#include "policy/patch.h"
#include "tests/unit/observe/observe_tests.h"
#include "tests/unit/seccomp/world.h"

#define SOCKET 41

/* A unit and a program, each with a patch. */
struct scene {
	struct world worlds[2];
	struct vp_target_filters filters;
	struct vp_patch patches[2];
	struct vp_syscalls syscalls[2];
	struct vp_plan plan;
	struct vp_observation observation;
	json_t *document;
	enum vp_exit status;
};

static void set_scene(struct scene *scene, bool cover)
{
	static char *const names[] = { (char *)"app.service", (char *)"/usr/sbin/httpd" };
	static char *const ids[] = { (char *)"FIRST", (char *)"SECOND" };
	static const char *const terms[] = { "socket(domain = AF_ALG)", "unshare" };

	memset(scene, 0, sizeof(*scene));
	for (uint32_t i = 0; i < 2; i++) {
		const struct vp_call_target target = { i ? VP_CALL_TARGET_PROCESS
							 : VP_CALL_TARGET_UNIT,
						       names[i] };
		struct vp_target_filter *filter = vp_array_add(&scene->filters);

		world_deny(&scene->worlds[i], i + 1, false, terms[i], EPERM);
		filter->target = target;
		filter->filter = world_compile(&scene->worlds[i], VP_ABI_X86_64, cover);
		scene->patches[i].id = ids[i];
		vp_array_push(&scene->syscalls[i].targets, target);
		vp_array_push(&scene->plan.calls,
			      ((struct vp_call_placement){ .patch = &scene->patches[i],
							   .syscalls = &scene->syscalls[i],
							   .tag = i + 1 }));
	}
	vp_observation_init(&scene->observation, &scene->filters, VP_ABI_X86_64);
	scene->observation.by_lineage = 2;
	scene->observation.sums[0].by_cgroup = true;
	scene->observation.milliseconds = 1500;
}

static void end_scene(struct scene *scene)
{
	for (size_t i = 0; i < 2; i++) {
		vp_filter_free(scene->filters.data[i].filter);
		vp_array_free(&scene->syscalls[i].targets);
		world_free(&scene->worlds[i]);
	}
	vp_array_free(&scene->filters);
	vp_array_free(&scene->plan.calls);
	vp_observation_free(&scene->observation);
	json_decref(scene->document);
}
#define _cleanup_scene_ vp_cleanup(end_scene)

static void meet(struct scene *scene, pid_t process, uint64_t targets, const char *name,
		 bool narrow)
{
	struct vp_found_processes found = { 0 };
	struct vp_found_process one = { .process = process,
					.targets = targets,
					.narrow = narrow };

	memcpy(one.name, name, strlen(name));
	vp_array_push(&found, one);
	vp_observation_meet(&scene->observation, &found);
	vp_array_free(&found);
}

/* By the instruction syscall, or by int 0x80. */
static void call(struct scene *scene, pid_t process, uint64_t mark, bool narrow,
		 int64_t number, uint64_t first)
{
	struct vp_trace record = { .kind = VP_TRACE_CALL,
				   .process = process,
				   .thread = process,
				   .number = number,
				   .arguments = { first, 5 },
				   .width = PERF_SAMPLE_REGS_ABI_64 };

	record.registers[6] = 0x400000;
	record.registers[narrow ? 0 : 4] = first; /* bx, di */
	record.registers[narrow ? 1 : 3] = 5;	  /* cx, si */
	if (!narrow)
		record.registers[1] = record.registers[6];
	vp_observation_take(&scene->observation, &record, mark);
}

static const char *report(struct scene *scene)
{
	json_decref(scene->document);
	scene->document = vp_json_document("vpatch.observe/1");
	scene->status = vp_observe_report(&scene->observation, &scene->plan, scene->document);
	return vp_json_get_text(scene->document, "result");
}

static json_t *target_of(const struct scene *scene, size_t i)
{
	return json_array_get(json_object_get(scene->document, "targets"), i);
}

static void calls_count_for_those_who_are_meant(void **state)
{
	_cleanup_scene_ struct scene scene;
	_cleanup_page_ struct vp_page page = { 0 };

	(void)state;
	set_scene(&scene, false);
	meet(&scene, 10, 1, "app", false);
	meet(&scene, 20, 2, "httpd", false);
	call(&scene, 10, 1, false, SOCKET, 2);
	call(&scene, 10, 0, false, SOCKET, 38); /* from the host: its cgroup has it already */
	call(&scene, 20, 0, false, SOCKET, 38); /* not its rule */
	call(&scene, 30, 0, false, 272, 0);	/* a stranger */
	assert_string_equal(report(&scene), "passed");
	assert_int_equal(scene.status, VP_EXIT_GOOD);
	assert_int_equal(vp_json_get_number(target_of(&scene, 0), "calls"), 1);
	assert_int_equal(vp_json_get_number(target_of(&scene, 1), "calls"), 1);
	for (int i = 0; i < 3; i++)
		call(&scene, 10, 1, false, SOCKET, 38);
	call(&scene, 20, 0, false, 272, 0);
	assert_string_equal(report(&scene), "denied");
	assert_int_equal(scene.status, VP_EXIT_FINDINGS);
	vp_render_observe(scene.document, &page);
	assert_string_equal(
		vp_strbuf_text(&page.text),
		"app.service: processes: 1, calls held against its filter: 4, of these "
		"denied: "
		"3\n"
		"  socket(domain=38, type=5) seen 3 times by app[10]: denied with EPERM "
		"[FIRST]\n"
		"/usr/sbin/httpd: processes: 1, calls held against its filter: 2, of these "
		"denied: 1\n"
		"  unshare() seen once by httpd[20]: denied with EPERM [SECOND]\n"
		"Calls that these services make would be denied. Watched for 1.5 s.\n");
}

static void foreign_calls_count_too(void **state)
{
	_cleanup_scene_ struct scene scene;
	json_t *line;

	(void)state;
	set_scene(&scene, false);
	meet(&scene, 10, 1, "app", false);
	call(&scene, 10, 1, true, 243, 0);
	call(&scene, 10, 1, true, 102, 0); /* closed too, but its number is not recorded */
	call(&scene, 10, 1, false, 243, 0);
	assert_string_equal(report(&scene), "denied");
	line = json_array_get(json_object_get(target_of(&scene, 0), "lines"), 0);
	assert_string_equal(vp_json_get_text(line, "text"),
			    "set_thread_area by int 0x80 seen once by app[10]: denied with "
			    "ENOSYS");
	assert_string_equal(vp_json_get_text(line, "abi"), "int 0x80");
	assert_int_equal(json_array_size(json_object_get(target_of(&scene, 0), "lines")), 1);
}

static void covered_abis_have_rules(void **state)
{
	_cleanup_scene_ struct scene scene;

	(void)state;
	set_scene(&scene, true);
	meet(&scene, 10, 1, "app", true);
	call(&scene, 10, 1, true, 359, 2);
	call(&scene, 10, 1, true, 243, 0);
	assert_string_equal(report(&scene), "passed");
	call(&scene, 10, 1, true, 359, 38);
	assert_string_equal(report(&scene), "denied");
}

/* Nothing is good that was not looked at. */
static void what_was_not_seen_is_not_good(void **state)
{
	_cleanup_scene_ struct scene scene;

	(void)state;
	set_scene(&scene, false);
	assert_string_equal(report(&scene), "nothing");
	assert_int_equal(scene.status, VP_EXIT_FINDINGS);
	meet(&scene, 10, 1, "app", false);
	assert_string_equal(report(&scene), "passed");
	assert_int_equal(json_array_size(json_object_get(target_of(&scene, 0), "notes")), 0);
	assert_int_equal(json_array_size(json_object_get(target_of(&scene, 1), "notes")), 1);
	scene.observation.lost = 3;
	assert_string_equal(report(&scene), "incomplete");
	assert_int_equal(scene.status, VP_EXIT_FINDINGS);
	scene.observation.lost = 0;
	meet(&scene, 11, 1, "old", true);
	assert_string_equal(report(&scene), "denied");
}

int observation_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_count_for_those_who_are_meant),
		cmocka_unit_test(foreign_calls_count_too),
		cmocka_unit_test(covered_abis_have_rules),
		cmocka_unit_test(what_was_not_seen_is_not_good),
	};

	return cmocka_run_group_tests_name("observation", tests, NULL, NULL);
}
