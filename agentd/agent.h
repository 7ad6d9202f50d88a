/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon is made of, for those files that work on all of it. */
#ifndef VP_AGENTD_AGENT_H
#define VP_AGENTD_AGENT_H

#include <time.h>

#include "agentd/active.h"
#include "agentd/config.h"
#include "agentd/enforcement.h"
#include "agentd/event.h"
#include "agentd/quota.h"
#include "agentd/state.h"
#include "agentd/totals.h"

struct vp_loop;
struct vp_control;
struct vp_reporting;
struct vp_inspecting;
struct vp_covering;
struct vp_denying;
struct vp_dropin_keeper;

struct vp_agent {
	struct vp_config config;
	struct vp_state state;
	struct vp_totals totals;
	struct vp_enforcement all;
	struct vp_active *active; /* what runs; NULL: nothing, or it could not be built */
	uint64_t running;	  /* its number, also where `active` is NULL */
	time_t started;

	/* Problems that last, for status; NULL: none. Owned. */
	char *drift;		   /* what runs is not what was meant */
	char *record_failed;	   /* the state folder could not be written */
	char *start_failed;	   /* the stored generation could not be brought back */
	char *module_failed;	   /* an enforcement point could not be opened */
	struct vp_findings folder; /* of the policy folder, when it was last read and broken */
	uint64_t folder_digest;	   /* and its digest then; 0: it could not be read */

	/* Told after what runs has changed; NULL: nobody listens. */
	void (*changed)(struct vp_agent *agent);

	struct vp_loop *loop; /* NULL in one-shot runs */
	struct vp_control *control;
	struct vp_quota refusals;	  /* bound of their events */
	struct vp_reporting *reporting;	  /* NULL: events are not reported */
	struct vp_inspecting *inspecting; /* NULL: there are no processes to look after */
	struct vp_covering *covering;	  /* NULL: likewise, of system-call filters */
	struct vp_denying *denying;	  /* NULL: what these deny is not heard of */
	struct vp_dropin_keeper *dropins; /* NULL: nobody keeps drop-ins */
};

/* Config, state folder, totals and modules. 0 or -errno; to be closed in any case. */
int vp_agent_open(struct vp_agent *agent, const char *config_path,
		  const struct vp_module *const *modules, struct vp_error *err);
void vp_agent_close(struct vp_agent *agent);

/* The enforcement points, when they are not open yet. 0 or -errno, kept for status. */
int vp_agent_open_modules(struct vp_agent *agent, struct vp_error *err);

/* Take in what everybody has counted. Failures are for the caller's log only. */
int vp_agent_count(struct vp_agent *agent, struct vp_error *err);
/* Store the totals when they changed. */
void vp_agent_save_totals(struct vp_agent *agent);

/* Read the configured folders. Findings for what cannot be read. */
void vp_agent_read_folder(const struct vp_agent *agent, struct vp_sources *sources,
			  struct vp_findings *findings);

/* Replace a lasting problem's text; NULL takes it away. */
void vp_problem_set(char **problem, const char *text);

/* Give the event to whoever reports, or nobody. */
void vp_agent_event(struct vp_agent *agent, const struct vp_event *event);

#endif
