/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From sources to artefacts, without touching the running system: see active.h. */
#include "agentd/active.h"

#include <errno.h>
#include <string.h>
#include <sys/timex.h>

#include "agentd/loop.h"
#include "lib/digest.h"

static bool clock_is_synchronised(void)
{
	struct timex state = { 0 };
	int r = adjtimex(&state);

	return r >= 0 && r != TIME_ERROR && !(state.status & STA_UNSYNC);
}

int vp_host_read(struct vp_host *host, const struct vp_config *config,
		 const struct vp_enforcement *all, const struct vp_session_list *sessions,
		 struct vp_error *err)
{
	int r;

	host->now = time(NULL);
	host->clock_synchronised = clock_is_synchronised();
	host->kernel = all->kernel;
	host->log_group = config->log_group;
	host->table_ownership = config->table_ownership;
	host->queueing = config->queueing;
	host->run = config->run;
	host->state = config->state;
	host->dropins = config->dropins ? config->dropins_folder : NULL;
	host->dropins_exact = config->dropins_exact;
	vp_array_each (range, &config->management)
		vp_array_push(&host->management, *range);
	for (size_t i = 0; sessions && i < sessions->len; i++)
		vp_array_push(&host->sessions, sessions->data[i]);
	r = vp_enforcement_probe(all, host, err);
	if (r)
		vp_fail_context(err, "this host's facts cannot be read");
	return r;
}

/* What was placed where: equal digests protect the same in the same way. */
static uint64_t digest_plan(const struct vp_plan *plan)
{
	uint64_t digest = VP_DIGEST_SEED;

	vp_array_each (placement, &plan->placements) {
		digest = vp_digest(digest, &placement->tag, sizeof(placement->tag));
		digest = vp_digest(digest, &placement->patch->digest,
				   sizeof(placement->patch->digest));
		digest = vp_digest(digest, &placement->mode, sizeof(placement->mode));
		digest = vp_digest(digest, &placement->point, sizeof(placement->point));
		digest = vp_digest(digest, &placement->local, sizeof(placement->local));
		vp_array_each (range, &placement->ports) {
			digest = vp_digest(digest, &range->protocol, sizeof(range->protocol));
			digest = vp_digest(digest, &range->first, sizeof(range->first));
			digest = vp_digest(digest, &range->last, sizeof(range->last));
		}
		vp_array_each (range, &placement->addresses) {
			digest = vp_digest(digest, &range->first, sizeof(range->first));
			digest = vp_digest(digest, &range->last, sizeof(range->last));
		}
	}
	vp_array_each (call, &plan->calls) {
		digest = vp_digest(digest, &call->tag, sizeof(call->tag));
		digest = vp_digest(digest, &call->patch->digest, sizeof(call->patch->digest));
		digest = vp_digest(digest, &call->mode, sizeof(call->mode));
	}
	return digest;
}

bool vp_active_follows_sockets(const struct vp_active *active)
{
	vp_array_each (placement, &active->plan.placements)
		if (placement->service->unit || placement->service->process)
			return true;
	return false;
}

/* Shielding the management ports needs --force once; a generation that had it keeps it. */
static void check_management(const struct vp_active *active, struct vp_findings *findings)
{
	if (active->generation.forced)
		return;
	vp_array_each (placement, &active->plan.placements)
		if (placement->service->management_forced)
			vp_find_error(findings, &placement->service->at,
				      "expected management ports to stay open, found"
				      " `management = force` in %s: it can lock you out;"
				      " if that is meant: vpatchctl apply --force",
				      placement->patch->id);
}

static void earlier(time_t *at, time_t other, time_t now)
{
	if (other > now && (!*at || other < *at))
		*at = other;
}

/* Nothing expires while the clock is unsynchronised: then it is looked at again soon. */
static void set_changes_at(struct vp_active *active)
{
	time_t now = active->host.now;

	earlier(&active->changes_at, active->policy.changes_at, now);
	vp_array_each (patch, &active->policy.patches) {
		earlier(&active->changes_at, (*patch)->expires, now);
		if ((*patch)->expires && (*patch)->expires <= now &&
		    !active->host.clock_synchronised)
			earlier(&active->changes_at, now + 60, now);
	}
	earlier(&active->changes_at, vp_locals_next_end(&active->locals, now), now);
}

/* Only services named by their unit or process are looked up among the host's sockets. */
static bool needs_sockets(const struct vp_policy *policy)
{
	vp_array_each (patch, &policy->patches)
		vp_array_each (service, &(*patch)->services)
			if (service->unit || service->process)
				return true;
	return false;
}

static int build_steps(struct vp_active *active, const struct vp_config *config,
		       const struct vp_enforcement *all, struct vp_findings *findings,
		       struct vp_build_times *times, struct vp_error *err)
{
	struct vp_generation *generation = &active->generation;
	uint64_t start = vp_loop_now(), built, planned;
	int r;

	vp_locals_read(&active->locals, &generation->sources);
	vp_policy_build(&active->policy, &generation->sources, time(NULL), findings);
	built = vp_loop_now();
	if (findings->errors)
		return vp_fail(err, -EINVAL, "the policy has errors");
	active->host.without_sockets = !needs_sockets(&active->policy);
	r = vp_host_read(&active->host, config, all, &generation->sessions, err);
	if (r)
		return r;
	vp_plan_build(&active->plan, &active->policy, &active->host,
		      vp_enforcement_points(all), findings);
	check_management(active, findings);
	set_changes_at(active);
	planned = vp_loop_now();
	if (findings->errors)
		return vp_fail(err, -EINVAL, "the policy cannot be enforced on this host");
	r = vp_enforcement_compile(all, &active->plan, &active->host, generation->number,
				   &active->artefacts, err);
	*times = (struct vp_build_times){ built - start, planned - built,
					  vp_loop_now() - planned };
	return r;
}

int vp_active_build(struct vp_active **active, struct vp_generation *generation,
		    const struct vp_config *config, const struct vp_enforcement *all,
		    struct vp_findings *findings, struct vp_build_times *times,
		    struct vp_error *err)
{
	struct vp_active *made = vp_new(struct vp_active);
	int r;

	made->generation = *generation;
	memset(generation, 0, sizeof(*generation));
	r = build_steps(made, config, all, findings, times, err);
	if (r) {
		vp_active_free(made, all);
		return r;
	}
	if (!made->generation.content)
		made->generation.content = vp_sources_digest(&made->generation.sources);
	made->generation.digest =
		vp_sources_digest_local(&made->generation.sources, made->generation.content);
	made->generation.placed = digest_plan(&made->plan);
	made->generation.patches = made->policy.patches.len;
	made->generation.rules = made->plan.placements.len + made->plan.calls.len;
	*active = made;
	return 0;
}

const struct vp_placement *vp_active_placement(const struct vp_active *active, uint32_t tag)
{
	vp_array_each (placement, &active->plan.placements)
		if (placement->tag == tag)
			return placement;
	return NULL;
}

const struct vp_call_placement *vp_active_call(const struct vp_active *active, uint32_t tag)
{
	vp_array_each (call, &active->plan.calls)
		if (call->tag == tag)
			return call;
	return NULL;
}

void vp_active_free(struct vp_active *active, const struct vp_enforcement *all)
{
	if (!active)
		return;
	vp_artefacts_free(all, &active->artefacts);
	vp_plan_free(&active->plan);
	vp_host_free(&active->host);
	vp_policy_free(&active->policy);
	vp_locals_free(&active->locals);
	vp_generation_free(&active->generation);
	free(active);
}
