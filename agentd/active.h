/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A generation built in memory: sources -> policy -> host facts -> plan ->
 * artefacts. Building touches nothing; transaction.h makes it effective.
 */
#ifndef VP_AGENTD_ACTIVE_H
#define VP_AGENTD_ACTIVE_H

#include "agentd/config.h"
#include "agentd/enforcement.h"
#include "agentd/generation.h"
#include "agentd/local.h"

struct vp_active {
	struct vp_generation
		generation; /* without sources once it is active: the bundle has them */
	struct vp_policy policy;
	struct vp_host host;
	struct vp_plan plan;
	struct vp_artefacts artefacts;
	struct vp_locals locals; /* the local overrides among its sources */
	time_t changes_at;	 /* when time alone makes it outdated; 0: never */
};

/* Milliseconds the steps took. */
struct vp_build_times {
	uint64_t policy, plan, compile;
};

/*
 * The snapshot of this host: the configuration's part, the modules' part, the
 * clock, and the connections to keep. 0 or -errno.
 */
int vp_host_read(struct vp_host *host, const struct vp_config *config,
		 const struct vp_enforcement *all, const struct vp_session_list *sessions,
		 struct vp_error *err);

/*
 * Build from generation->sources, which is taken over with all of *generation.
 * Returns 0; -EINVAL: findings->errors > 0; else -errno of the host or a module.
 * *active is owned by the caller, NULL on failure.
 */
int vp_active_build(struct vp_active **active, struct vp_generation *generation,
		    const struct vp_config *config, const struct vp_enforcement *all,
		    struct vp_findings *findings, struct vp_build_times *times,
		    struct vp_error *err);
void vp_active_free(struct vp_active *active,
		    const struct vp_enforcement *all); /* NULL-safe */

/* The placement with that tag, or NULL. */
const struct vp_placement *vp_active_placement(const struct vp_active *active, uint32_t tag);

/* Likewise of a [syscalls] section. */
const struct vp_call_placement *vp_active_call(const struct vp_active *active, uint32_t tag);

/* Does a service name a unit or a process, so that its ports may change by themselves? */
bool vp_active_follows_sockets(const struct vp_active *active);

#endif
