/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adoption and recovery at start: see startup.h. */
#include "agentd/startup.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "agentd/denying.h"
#include "agentd/inspecting.h"
#include "agentd/orders.h"
#include "agentd/reporting.h"
#include "lib/log.h"

/* The newest stored generation; 0: none. */
static uint64_t newest(const struct vp_agent *agent)
{
	struct vp_numbers stored = { 0 };
	uint64_t number = 0;

	if (!vp_state_list(&agent->state, &stored, NULL) && stored.len)
		number = stored.data[stored.len - 1];
	vp_array_free(&stored);
	return number;
}

/* What the kernel runs decides; without an answer from there, the pointer does. */
static uint64_t choose(struct vp_agent *agent, uint64_t running)
{
	uint64_t current = 0;
	struct vp_error err;

	if (running)
		return running;
	if (vp_state_current(&agent->state, &current, &err)) {
		vp_log_warning("%s", err.text);
		current = newest(agent);
	}
	return current;
}

/* An unconfirmed generation does not survive a reboot. */
static uint64_t without_unconfirmed(struct vp_agent *agent, uint64_t number)
{
	struct vp_confirm confirm;
	char boot[40];

	if (!vp_state_confirm(&agent->state, &confirm))
		return number;
	vp_boot_id(boot);
	if (confirm.generation != number) {
		vp_state_clear_confirm(&agent->state,
				       NULL); /* its apply never came to the commit */
		return number;
	}
	if (!strcmp(confirm.boot, boot))
		return number;
	vp_log_warning("generation %" PRIu64 " was never confirmed; back to %" PRIu64, number,
		       confirm.previous);
	vp_state_clear_confirm(&agent->state, NULL);
	vp_state_set_current(&agent->state, confirm.previous, NULL);
	return confirm.previous;
}

static void tell_repair(struct vp_agent *agent, uint64_t before, const char *drift)
{
	struct vp_event event;

	if (before)
		event = vp_event_make(VP_EVENT_REPAIRED,
				      "generation %" PRIu64
				      " was not as meant and is again: %s",
				      agent->running, drift ? drift : "");
	else
		event = vp_event_make(VP_EVENT_APPLIED,
				      "start: generation %" PRIu64 " installed again",
				      agent->running);
	event.text[strcspn(event.text, "\n")] = '\0';
	event.generation = agent->running;
	vp_log_info("%s", event.text);
	vp_agent_event(agent, &event);
}

/* Differences of what outlives a daemon; what else there should be ended with the last one. */
static int verify_lasting(struct vp_agent *agent, struct vp_error *err)
{
	bool lasting_only = agent->all.lasting_only;
	int n;

	agent->all.lasting_only = true;
	n = vp_transaction_verify(agent, err);
	agent->all.lasting_only = lasting_only;
	return n;
}

static int adopt(struct vp_agent *agent, uint64_t running, struct vp_error *err)
{
	int n = verify_lasting(agent, err), r;
	char *drift;

	if (running && agent->inspecting)
		vp_inspecting_resume(agent->inspecting);
	drift = vp_strdup(agent->drift);
	r = n || vp_transaction_verify(agent, err) ? vp_transaction_repair(agent, err) : 0;
	/* whose daemon was killed has lost its owner, nothing else: taking it over is no
	 * repair */
	if (!r && running && (!n || (n == 1 && strstr(drift, "has no owner"))))
		vp_log_info("generation %" PRIu64 " is adopted as it runs", agent->running);
	else if (!r)
		tell_repair(agent, running, drift);
	free(drift);
	return r;
}

static int build(struct vp_agent *agent, uint64_t number, struct vp_error *err)
{
	struct vp_generation generation = { 0 };
	struct vp_findings findings = { 0 };
	struct vp_build_times times;
	int r = vp_state_load(&agent->state, number, &generation, err);

	if (r)
		return r;
	r = vp_active_build(&agent->active, &generation, &agent->config, &agent->all,
			    &findings, &times, err);
	vp_array_each (finding, &findings.list)
		if (r && finding->level == VP_FINDING_ERROR) {
			vp_fail(err, r,
				"generation %" PRIu64 " cannot be built any more: %s:%u: %s",
				number, finding->file ? finding->file : "", finding->line,
				finding->text);
			break;
		}
	vp_findings_free(&findings);
	if (!r)
		vp_sources_free(&agent->active->generation.sources);
	return r;
}

/* A bundle that was stored for a commit that never came. */
static void forget_pending(struct vp_agent *agent)
{
	struct vp_numbers stored = { 0 };

	if (!vp_state_list(&agent->state, &stored, NULL))
		vp_array_each (number, &stored)
			if (*number > agent->running)
				vp_state_forget(&agent->state, *number);
	vp_array_free(&stored);
}

static int restore(struct vp_agent *agent, uint64_t running, struct vp_error *err)
{
	uint64_t number = without_unconfirmed(agent, choose(agent, running));
	int r;

	if (!number)
		return 0;
	r = build(agent, number, err);
	if (r)
		return r;
	agent->running = number;
	vp_denying_expect(agent->denying, &agent->active->plan);
	r = adopt(agent, running, err);
	if (r)
		return r;
	if (vp_state_set_current(&agent->state, number, err))
		vp_problem_set(&agent->record_failed, err->text);
	forget_pending(agent);
	return 0;
}

int vp_startup_restore(struct vp_agent *agent, struct vp_error *err)
{
	struct vp_panic_marker marker;
	uint64_t running = 0;
	bool mixed = false;
	int r;

	if (vp_state_panicked(&agent->state, &marker)) {
		vp_log_warning("there is a panic marker: nothing is installed until"
			       " `vpatchctl apply --after-panic`");
		vp_totals_detach(&agent->totals);
		return 0;
	}
	r = vp_agent_open_modules(agent, err);
	if (!r)
		r = vp_enforcement_running(&agent->all, &running, &mixed, err);
	if (r)
		return r;
	agent->running = running;
	if (!running && !mixed)
		vp_totals_detach(&agent->totals);
	vp_agent_count(agent, NULL);
	r = restore(agent, running, err);
	if (r)
		vp_problem_set(&agent->start_failed, err->text);
	if (agent->reporting)
		vp_reporting_rules(agent->reporting);
	return r;
}

void vp_startup_folder(struct vp_agent *agent)
{
	struct vp_panic_marker marker;
	struct vp_confirm confirm;
	struct vp_outcome outcome = { 0 };
	struct vp_order order = { .request = "start", .who = "vpatchd" };

	if (vp_state_panicked(&agent->state, &marker) ||
	    vp_state_confirm(&agent->state, &confirm))
		return;
	if (agent->active)
		order.unless = agent->active->generation.folder;
	vp_apply_folder(agent, &order, &outcome);
	vp_outcome_free(&outcome);
}
