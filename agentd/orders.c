/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From "apply", "rollback", "disable" to a transaction with sources: see orders.h. */
#include "agentd/orders.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "agentd/loop.h"

/* `to` is emptied first. */
static void copy_findings(struct vp_findings *to, const struct vp_findings *from)
{
	vp_findings_free(to);
	memset(to, 0, sizeof(*to));
	vp_array_each (finding, &from->list) {
		struct vp_location at = { finding->file, finding->line, finding->column };

		vp_find(to, finding->level, &at, "%s", finding->text);
	}
	to->errors = from->errors;
	to->left_out = from->left_out;
}

uint64_t vp_folder_digest(const struct vp_agent *agent, struct vp_findings *findings)
{
	struct vp_sources sources = { 0 };
	uint64_t digest;

	vp_agent_read_folder(agent, &sources, findings);
	digest = findings->errors ? 0 : vp_sources_digest(&sources);
	vp_sources_free(&sources);
	return digest;
}

int vp_running_locals(const struct vp_agent *agent, struct vp_locals *locals,
		      struct vp_error *err)
{
	struct vp_generation generation = { 0 };
	int r;

	if (agent->active) {
		vp_array_each (local, &agent->active->locals)
			vp_locals_add(locals, local);
		vp_locals_expire(locals, time(NULL));
		return 0;
	}
	if (!agent->running)
		return 0;
	r = vp_state_load(&agent->state, agent->running, &generation, err);
	if (r)
		return r;
	vp_locals_read(locals, &generation.sources);
	vp_locals_expire(locals, time(NULL));
	vp_generation_free(&generation);
	return 0;
}

/* The folder could not even be read: an outcome without a transaction. */
static void refuse_folder(struct vp_agent *agent, const struct vp_order *order,
			  struct vp_outcome *outcome)
{
	outcome->result = VP_RESULT_INVALID;
	outcome->previous = agent->running;
	vp_fail(&outcome->error, -EINVAL, "the policy folder cannot be read");
	vp_outcome_describe(outcome, agent);
	vp_history_add(agent, order, outcome);
}

void vp_apply_folder(struct vp_agent *agent, const struct vp_order *order,
		     struct vp_outcome *outcome)
{
	struct vp_sources sources = { 0 };
	struct vp_locals locals = { 0 };
	struct vp_order whole = *order;
	struct vp_error
		ignored; /* no overrides of a damaged bundle are kept; status names it */
	uint64_t start = vp_loop_now();

	vp_agent_read_folder(agent, &sources, &outcome->findings);
	outcome->milliseconds.read = vp_loop_now() - start;
	whole.folder = whole.content = vp_sources_digest(&sources);
	whole.sources = &sources;
	agent->folder_digest = outcome->findings.errors ? 0 : whole.folder;
	if (whole.unless && agent->folder_digest == whole.unless) {
		outcome->result = VP_RESULT_UNCHANGED;
	} else if (outcome->findings.errors) {
		refuse_folder(agent, order, outcome);
	} else {
		vp_running_locals(agent, &locals, &ignored);
		vp_locals_write(&locals, &sources);
		vp_transaction_run(agent, &whole, outcome);
	}
	if (outcome->findings.errors)
		copy_findings(&agent->folder, &outcome->findings);
	else
		vp_findings_free(&agent->folder);
	vp_sources_free(&sources);
	vp_locals_free(&locals);
}

static int load_sources(struct vp_agent *agent, uint64_t number,
			const struct vp_locals *locals, struct vp_sources *sources,
			struct vp_error *err)
{
	struct vp_generation generation = { 0 };
	struct vp_locals own = { 0 };
	int r = number ? vp_state_load(&agent->state, number, &generation, err) : 0;

	if (r)
		return r;
	*sources = generation.sources;
	memset(&generation.sources, 0, sizeof(generation.sources));
	if (!locals) {
		vp_locals_read(&own, sources);
		vp_locals_expire(&own, time(NULL));
	}
	vp_locals_write(locals ? locals : &own, sources);
	vp_locals_free(&own);
	vp_generation_free(&generation);
	return 0;
}

void vp_apply_generation(struct vp_agent *agent, uint64_t number,
			 const struct vp_locals *locals, const struct vp_order *order,
			 struct vp_outcome *outcome)
{
	struct vp_sources sources = { 0 };
	struct vp_order whole = *order;

	whole.sources = &sources;
	if (load_sources(agent, number, locals, &sources, &outcome->error)) {
		outcome->result = VP_RESULT_INVALID;
		outcome->previous = agent->running;
		vp_outcome_describe(outcome, agent);
		vp_history_add(agent, order, outcome);
		return;
	}
	vp_transaction_run(agent, &whole, outcome);
	vp_sources_free(&sources);
}

uint64_t vp_rollback_target(const struct vp_agent *agent)
{
	struct vp_generation restored = { 0 };
	uint64_t target;

	if (!agent->active)
		return 0;
	target = agent->active->generation.parent;
	/* after a rollback, go on backwards instead of back and forth */
	if (agent->active->generation.restores &&
	    !vp_state_load(&agent->state, agent->active->generation.restores, &restored,
			   NULL)) {
		target = restored.parent;
		vp_generation_free(&restored);
	}
	return target;
}
