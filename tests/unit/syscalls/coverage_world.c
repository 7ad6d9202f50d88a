/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See coverage_world.h. */
#include "tests/unit/syscalls/coverage_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void definition_of(struct world *w, const char *id, const char *target, const char *call,
		   const char *error)
{
	char *text = vp_format("[patch]\nid = %s\ntitle = t\nseverity = low\n"
			       "[syscalls s]\n%s\ndeny = %s\naction = errno %s\n"
			       "[sample a]\nsyscalls = s\nexpect = denied\ncall = %s\n"
			       "[sample b]\nsyscalls = s\nexpect = allowed\ncall = getpid\n",
			       id, target, call, error, call);

	vp_array_push(&w->sources.definitions,
		      ((struct vp_text){ vp_format("%s.vpatch", id), text, strlen(text) }));
}

void definition(struct world *w, const char *id, const char *target, const char *call)
{
	definition_of(w, id, target, call, "EPERM");
}

static void plan_end(struct world *w)
{
	vp_target_filters_free(&w->filters);
	vp_plan_free(&w->plan);
	vp_policy_free(&w->policy);
	vp_findings_free(&w->findings);
	vp_sources_free(&w->sources);
	memset(&w->policy, 0, sizeof(w->policy));
	memset(&w->plan, 0, sizeof(w->plan));
	memset(&w->findings, 0, sizeof(w->findings));
	memset(&w->sources, 0, sizeof(w->sources));
}

/* What was defined is wanted from now on. */
void want(struct world *w, uint64_t generation)
{
	struct vp_error err = { 0 };

	vp_policy_build(&w->policy, &w->sources, 0, &w->findings);
	vp_plan_build(&w->plan, &w->policy, &w->host, VP_POINT_BIT(VP_POINT_SECCOMP),
		      &w->findings);
	assert_int_equal(w->findings.errors, 0);
	if (vp_target_filters_build(&w->plan, &w->filters, &err))
		fail_msg("%s", err.text);
	vp_coverage_want(&w->coverage, &w->filters, generation, w->now);
	plan_end(w);
}

void world_end(struct world *w)
{
	vp_coverage_free(&w->coverage);
	vp_seen_processes_free(&w->processes);
	vp_host_free(&w->host);
}

/* A process, started at a time in milliseconds, with as many filters as its parent. */
void add(struct world *w, pid_t id, pid_t parent, uint64_t start)
{
	vp_array_push(&w->processes, ((struct vp_seen_process){
					     .id = id,
					     .parent = parent,
					     .start = start / 10,
					     .executable = vp_strdup(SERVICE),
					     .filters = 2,
					     .parent_filters = 2,
				     }));
}

void gone(struct world *w, pid_t id)
{
	size_t kept = 0;

	vp_array_each (process, &w->processes) {
		if (process->id != id)
			w->processes.data[kept++] = *process;
		else
			free(process->executable);
	}
	w->processes.len = kept;
}

/* Another one, in a unit. */
void add_in(struct world *w, pid_t id, const char *unit)
{
	add(w, id, 1, 1000);
	w->processes.data[w->processes.len - 1].unit = vp_strdup(unit);
}

void look(struct world *w)
{
	struct vp_seen_processes seen = { 0 };

	vp_array_each (process, &w->processes) {
		struct vp_seen_process *copy = vp_array_add(&seen);

		*copy = *process;
		copy->executable = vp_strdup(process->executable);
		copy->unit = vp_strdup(process->unit);
	}
	vp_coverage_see(&w->coverage, &seen, w->now);
	vp_seen_processes_free(&seen);
}

/* Everything that is due is answered like that; how many processes were asked for. */
size_t answer(struct world *w, enum vp_inject_outcome outcome, enum vp_inject_reason reason)
{
	struct vp_request *request = vp_new(struct vp_request);
	const struct vp_cover_filter *filter;
	size_t asked = 0;

	while ((filter = vp_coverage_next(&w->coverage, w->now, request))) {
		for (uint32_t i = 0; i < request->count; i++) {
			const struct vp_record record = {
				.id = request->processes[i].id,
				.start = request->processes[i].start,
				.outcome = outcome,
				.reason = reason,
				.flags = VP_INJECTED_PRCTL | VP_INJECTED_EACH,
			};

			assert_true(vp_coverage_note(&w->coverage, filter->digest, &record,
						     w->now));
			asked++;
		}
	}
	free(request);
	return asked;
}

void sums_are(const struct world *w, size_t covered, size_t refused, size_t pending,
	      size_t left)
{
	const struct vp_coverage_sums sums = vp_coverage_sum(&w->coverage, 0);

	assert_int_equal(sums.covered, covered);
	assert_int_equal(sums.refused, refused);
	assert_int_equal(sums.pending, pending);
	assert_int_equal(sums.left, left);
}
