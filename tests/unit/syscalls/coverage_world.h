/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Definitions, processes and looks at them, for tests of coverage. */
#ifndef VP_TESTS_SYSCALLS_COVERAGE_WORLD_H
#define VP_TESTS_SYSCALLS_COVERAGE_WORLD_H

#include "agentd/syscalls/coverage.h"
#include "policy/policy.h"

#define SERVICE "/usr/sbin/service"

/* Filters as a policy of these sections makes them. */
struct world {
	struct vp_sources sources;
	struct vp_findings findings;
	struct vp_policy policy;
	struct vp_host host;
	struct vp_plan plan;
	struct vp_target_filters filters;
	struct vp_coverage coverage;
	struct vp_seen_processes processes;
	uint64_t now; /* milliseconds after boot */
};

void definition_of(struct world *w, const char *id, const char *target, const char *call,
		   const char *error);
void definition(struct world *w, const char *id, const char *target, const char *call);
/* What was defined is wanted from now on. */
void want(struct world *w, uint64_t generation);
void world_end(struct world *w);
/* A process, started at a time in milliseconds. */
void add(struct world *w, pid_t id, pid_t parent, uint64_t start);
/* It has ended. */
void gone(struct world *w, pid_t id);
void add_in(struct world *w, pid_t id, const char *unit);
void look(struct world *w);
/* Everything that is due is answered like that; how many processes were asked for. */
size_t answer(struct world *w, enum vp_inject_outcome outcome, enum vp_inject_reason reason);
void sums_are(const struct world *w, size_t covered, size_t refused, size_t pending,
	      size_t left);

#endif
