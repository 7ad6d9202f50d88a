/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpatch.status/1 and vpatch.history/1: see doc/schemas.md. */
#include "agentd/status.h"

#include <config.h> /* of the build; agentd/config.h is another */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "agentd/covering.h"
#include "agentd/denying.h"
#include "agentd/document.h"
#include "agentd/dropin_keeper.h"
#include "agentd/inspecting.h"
#include "agentd/loop.h"
#include "agentd/orders.h"
#include "agentd/overruns.h"
#include "agentd/reporting.h"
#include "modules/netfilter/queue.h"

#define HISTORY_MAX 1000

static const struct vp_placement *first_placement(const struct vp_active *active,
						  const struct vp_patch *patch)
{
	vp_array_each (placement, &active->plan.placements)
		if (placement->patch == patch)
			return placement;
	return NULL;
}

static bool has_expired(const struct vp_active *active, const struct vp_patch *patch)
{
	return patch->expires && patch->expires <= active->host.now &&
	       active->host.clock_synchronised;
}

static const struct vp_call_placement *first_call(const struct vp_active *active,
						  const struct vp_patch *patch)
{
	vp_array_each (call, &active->plan.calls)
		if (call->patch == patch)
			return call;
	return NULL;
}

/* Its mode in effect; false: it is not placed. All of a patch is in one mode. */
static bool mode_of(const struct vp_active *active, const struct vp_patch *patch,
		    const struct vp_placement *placement, enum vp_mode *mode)
{
	const struct vp_call_placement *call =
		placement || !patch->syscalls.len ? NULL : first_call(active, patch);

	if (!placement && !call)
		return false;
	*mode = placement ? placement->mode : call->mode;
	return true;
}

static const char *state_of(const struct vp_active *active, const struct vp_patch *patch,
			    const struct vp_placement *placement)
{
	enum vp_mode mode;

	if (patch->disabled)
		return "disabled";
	if (!mode_of(active, patch, placement, &mode))
		return has_expired(active, patch) ? "expired" : "disabled";
	return mode == VP_MODE_ENFORCE ? "enforced" : "monitored";
}

static const char *mode_name(const struct vp_active *active, const struct vp_patch *patch,
			     const struct vp_placement *placement)
{
	enum vp_mode mode;

	return mode_of(active, patch, placement, &mode) ? vp_mode_name(mode) : "disabled";
}

const char *vp_patch_state(const struct vp_active *active, const struct vp_patch *patch)
{
	return state_of(active, patch, first_placement(active, patch));
}

const char *vp_patch_mode(const struct vp_active *active, const struct vp_patch *patch)
{
	return mode_name(active, patch, first_placement(active, patch));
}

/* Placements in order of patch, so that each patch finds its own quickly. */
struct placed {
	const struct vp_placement **of;
	size_t len;
};

static int compare_placed(const void *a, const void *b)
{
	const struct vp_placement *const *x = a, *const *y = b;

	if ((*x)->patch != (*y)->patch)
		return (uintptr_t)(*x)->patch < (uintptr_t)(*y)->patch ? -1 : 1;
	return (*x)->rule < (*y)->rule ? -1 : (*x)->rule > (*y)->rule;
}

static struct placed sort_placements(const struct vp_plan *plan)
{
	struct placed placed = { vp_alloc(plan->placements.len, sizeof(void *)),
				 plan->placements.len };

	for (size_t i = 0; i < placed.len; i++)
		placed.of[i] = &plan->placements.data[i];
	qsort(placed.of, placed.len, sizeof(*placed.of), compare_placed);
	return placed;
}

static size_t first_of(const struct placed *placed, const struct vp_patch *patch)
{
	size_t low = 0, high = placed->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if ((uintptr_t)placed->of[middle]->patch < (uintptr_t)patch)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct sums {
	uint64_t patches, enforced, monitored, disabled, rules, packets, bytes, banned, calls;
};

static json_t *rule_document(const struct vp_agent *agent,
			     const struct vp_placement *placement, struct vp_count *sum)
{
	struct vp_count count = vp_total_count(vp_totals_find(&agent->totals, placement->tag));
	json_t *rule = json_object();

	vp_json_set_text(rule, "name", placement->rule->name);
	vp_json_set_text(rule, "point", vp_point_name(placement->point));
	vp_json_set_number(rule, "packets", count.packets);
	vp_json_set_number(rule, "bytes", count.bytes);
	vp_json_set_number(rule, "banned", count.banned);
	sum->packets += count.packets;
	sum->bytes += count.bytes;
	sum->banned += count.banned;
	return rule;
}

/* A section's rules share a count: a denied call is told without its arguments. */
static json_t *section_document(const struct vp_agent *agent,
				const struct vp_call_placement *call, struct vp_count *sum)
{
	struct vp_count count = vp_total_count(vp_totals_find(&agent->totals, call->tag));
	json_t *section = json_object();

	vp_json_set_text(section, "name", call->syscalls->name);
	vp_json_set_text(section, "point", vp_point_name(VP_POINT_SECCOMP));
	vp_json_set_number(section, "rules", call->syscalls->rules.len);
	vp_json_set_number(section, "calls", count.packets);
	json_object_set_new(section, "coverage", vp_covering_targets(agent->covering, call));
	sum->packets += count.packets;
	return section;
}

/* NULL: the patch has none. */
static json_t *sections_document(const struct vp_agent *agent, const struct vp_patch *patch,
				 struct sums *sums)
{
	json_t *sections = patch->syscalls.len ? json_array() : NULL;
	struct vp_count sum = { 0 };

	if (!sections)
		return NULL;
	vp_array_each (call, &agent->active->plan.calls)
		if (call->patch == patch) {
			json_array_append_new(sections, section_document(agent, call, &sum));
			sums->rules++;
		}
	sums->calls += sum.packets;
	return sections;
}

static size_t count_blind_spots(const struct vp_plan *plan, const struct vp_patch *patch)
{
	size_t count = 0;

	vp_array_each (spot, &plan->blind_spots)
		count += spot->patch == patch;
	return count;
}

static json_t *patch_document(const struct vp_agent *agent, const struct vp_patch *patch,
			      const struct placed *placed, struct sums *sums)
{
	const struct vp_active *active = agent->active;
	size_t at = first_of(placed, patch);
	const struct vp_placement *first =
		at < placed->len && placed->of[at]->patch == patch ? placed->of[at] : NULL;
	json_t *document = json_object(), *rules = json_array();
	json_t *sections = sections_document(agent, patch, sums);
	struct vp_count sum = { 0 };
	enum vp_mode mode;
	bool placed_at_all = mode_of(active, patch, first, &mode);

	for (; at < placed->len && placed->of[at]->patch == patch; at++, sums->rules++)
		json_array_append_new(rules, rule_document(agent, placed->of[at], &sum));
	vp_json_set_text(document, "id", patch->id);
	vp_json_set_text(document, "title", patch->title);
	vp_json_set_text(document, "severity", vp_severity_name(patch->severity));
	vp_json_set_text(document, "state", state_of(active, patch, first));
	vp_json_set_text(document, "mode", mode_name(active, patch, first));
	vp_json_set_time(document, "expires", patch->expires);
	vp_json_set_text(document, "on_expiry", vp_on_expiry_name(patch->on_expiry));
	vp_json_set_text(document, "owner", patch->owner);
	vp_json_set_text(document, "overridden", patch->overridden);
	vp_json_set_number(document, "packets", sum.packets);
	vp_json_set_number(document, "bytes", sum.bytes);
	vp_json_set_number(document, "banned", sum.banned);
	vp_json_set_number(document, "blind_spots", count_blind_spots(&active->plan, patch));
	json_object_set_new(document, "rules", rules);
	if (sections)
		json_object_set_new(document, "syscalls", sections);
	sums->patches++;
	sums->enforced += placed_at_all && mode == VP_MODE_ENFORCE;
	sums->monitored += placed_at_all && mode == VP_MODE_MONITOR;
	sums->disabled += !placed_at_all;
	sums->packets += sum.packets;
	sums->bytes += sum.bytes;
	sums->banned += sum.banned;
	return document;
}

static json_t *patches_document(const struct vp_agent *agent, const char *id,
				struct sums *sums)
{
	json_t *patches = json_array();
	struct placed placed;

	if (!agent->active)
		return patches;
	placed = sort_placements(&agent->active->plan);
	vp_array_each (patch, &agent->active->policy.patches)
		if (!id || !strcmp((*patch)->id, id))
			json_array_append_new(patches,
					      patch_document(agent, *patch, &placed, sums));
	free(placed.of);
	return patches;
}

json_t *vp_blind_spots_document(const struct vp_plan *plan, const struct vp_patch *patch,
				bool any)
{
	json_t *spots = json_array();

	vp_array_each (spot, &plan->blind_spots) {
		json_t *item;

		if (!any && spot->patch != patch)
			continue;
		item = json_object();
		vp_json_set_text(item, "code", spot->code);
		vp_json_set_text(item, "text", spot->text);
		if (spot->patch)
			vp_json_set_text(item, "patch", spot->patch->id);
		json_array_append_new(spots, item);
	}
	return spots;
}

static json_t *generation_document(const struct vp_generation *generation)
{
	json_t *document = json_object();

	vp_json_set_number(document, "number", generation->number);
	vp_json_set_time(document, "time", generation->time);
	vp_json_set_text(document, "request", generation->request);
	vp_json_set_text(document, "who", generation->who);
	vp_json_set_text(document, "reason", generation->reason);
	vp_json_set_text(document, "ticket", generation->ticket);
	vp_json_set_number(document, "parent", generation->parent);
	if (generation->restores)
		vp_json_set_number(document, "restores", generation->restores);
	vp_json_set_hex(document, "digest", generation->digest);
	vp_json_set_number(document, "patches", generation->patches);
	return document;
}

static json_t *daemon_document(const struct vp_agent *agent)
{
	json_t *document = json_object();

	vp_json_set_number(document, "pid", (uint64_t)getpid());
	vp_json_set_time(document, "since", agent->started);
	vp_json_set_text(document, "config", agent->config.path);
	vp_json_set_text(document, "policy", agent->config.policy);
	json_object_set_new(document, "ownership",
			    json_boolean(agent->active && agent->config.table_ownership &&
					 agent->active->host.kernel.owner_persist));
	return document;
}

/* The folder is read each time: people ask for status after editing it. */
static json_t *folder_document(const struct vp_agent *agent)
{
	json_t *document = json_object();
	struct vp_findings findings = { 0 };
	uint64_t digest = vp_folder_digest(agent, &findings);
	struct vp_sources none = { 0 };

	vp_json_set_text(document, "path", agent->config.policy);
	json_object_set_new(
		document, "differs",
		json_boolean(digest != (agent->active ? agent->active->generation.content
						      : vp_sources_digest(&none))));
	if (agent->folder.errors && agent->folder_digest == digest) /* not mended since */
		json_object_set_new(document, "findings", vp_json_findings(&agent->folder));
	else if (findings.errors)
		json_object_set_new(document, "findings", vp_json_findings(&findings));
	vp_findings_free(&findings);
	return document;
}

static json_t *confirm_document(const struct vp_agent *agent)
{
	struct vp_confirm confirm;
	uint64_t now = vp_loop_now();
	json_t *document;

	if (!vp_state_confirm(&agent->state, &confirm))
		return json_null();
	document = json_object();
	vp_json_set_time(document, "until", confirm.deadline);
	vp_json_set_number(document, "seconds_left",
			   confirm.boot_deadline > now ? (confirm.boot_deadline - now) / 1000
						       : 0);
	vp_json_set_number(document, "previous", confirm.previous);
	return document;
}

static json_t *panic_document(const struct vp_agent *agent, bool *panicked)
{
	struct vp_panic_marker marker;
	json_t *document;

	*panicked = vp_state_panicked(&agent->state, &marker);
	if (!*panicked)
		return json_null();
	document = json_object();
	vp_json_set_time(document, "time", marker.time);
	vp_json_set_text(document, "who", marker.who);
	vp_json_set_text(document, "reason", marker.reason);
	return document;
}

static json_t *totals_document(const struct sums *sums)
{
	json_t *document = json_object();

	vp_json_set_number(document, "patches", sums->patches);
	vp_json_set_number(document, "enforced", sums->enforced);
	vp_json_set_number(document, "monitored", sums->monitored);
	vp_json_set_number(document, "disabled", sums->disabled);
	vp_json_set_number(document, "rules", sums->rules);
	vp_json_set_number(document, "packets", sums->packets);
	vp_json_set_number(document, "bytes", sums->bytes);
	vp_json_set_number(document, "banned", sums->banned);
	vp_json_set_number(document, "calls", sums->calls);
	return document;
}

static void set_summary(json_t *document, const struct vp_agent *agent,
			const struct sums *sums, size_t problems, bool panicked)
{
	_cleanup_free_ char *text = NULL;

	if (panicked)
		text = vp_strdup(
			"panic: nothing is shielded until vpatchctl apply --after-panic");
	else if (!agent->running)
		text = vp_strdup("nothing has been applied: nothing is shielded");
	else
		text = vp_format("shielded, not fixed: %" PRIu64 " enforced, %" PRIu64
				 " monitored, %" PRIu64 " off; %" PRIu64
				 " packets matched; problems: %zu",
				 sums->enforced, sums->monitored, sums->disabled,
				 sums->packets, problems);
	vp_json_set_text(document, "summary", text);
}

static uint64_t queue_total(const struct vp_agent *agent, enum vp_queue_count which)
{
	const struct vp_total *total =
		vp_totals_find(&agent->totals, vp_queue_count_tag(which));

	return vp_total_count(total).packets;
}

/* What the processes say, and what never came to them. */
static json_t *inspection_document(const struct vp_agent *agent)
{
	static const enum vp_queue_count unread[VP_QUEUE_CLASSES] = {
		[VP_QUEUE_PASS] = VP_QUEUE_UNREAD_PASS,
		[VP_QUEUE_BLOCK] = VP_QUEUE_UNREAD_BLOCK,
		[VP_QUEUE_WATCH] = VP_QUEUE_UNREAD_WATCH,
	};
	json_t *document = vp_inspecting_document(agent->inspecting), *of = json_object();
	struct vp_overruns overruns = { 0 };

	for (unsigned int class = 0; class < VP_QUEUE_CLASSES; class ++)
		vp_json_set_number(of, vp_queue_class_name(class),
				   queue_total(agent, unread[class]));
	json_object_set_new(document, "unread", of);
	vp_json_set_number(document, "invalid", queue_total(agent, VP_QUEUE_INVALID));
	if (agent->active && !vp_overruns_read(&agent->active->host, &overruns)) {
		vp_json_set_number(document, "waiting", overruns.waiting);
		vp_json_set_number(document, "overruns", overruns.dropped);
	}
	return document;
}

json_t *vp_status_document(struct vp_agent *agent, const char *id, enum vp_exit *status)
{
	json_t *document, *patches, *problems, *folder;
	bool bad = false, panicked;
	struct sums sums = { 0 };

	vp_agent_count(agent, NULL);
	patches = patches_document(agent, id, &sums);
	if (id && !json_array_size(patches)) {
		json_decref(patches);
		return NULL;
	}
	document = vp_json_document("vpatch.status/1");
	folder = folder_document(agent);
	problems = vp_problems_document(agent, folder, &bad);
	vp_json_set_time(document, "time", time(NULL));
	vp_json_set_text(document, "version", PACKAGE_VERSION);
	json_object_set_new(document, "panic", panic_document(agent, &panicked));
	set_summary(document, agent, &sums, json_array_size(problems), panicked);
	vp_json_set_text(document, "state",
			 panicked	   ? "panic"
			 : !agent->running ? "empty"
			 : bad		   ? "attention"
					   : "good");
	json_object_set_new(document, "daemon", daemon_document(agent));
	json_object_set_new(document, "generation",
			    agent->active ? generation_document(&agent->active->generation)
					  : json_null());
	json_object_set_new(document, "problems", problems);
	json_object_set_new(document, "policy_folder", folder);
	json_object_set_new(document, "confirm", confirm_document(agent));
	json_object_set_new(document, "totals", totals_document(&sums));
	json_object_set_new(document, "patches", patches);
	if (agent->active)
		json_object_set_new(
			document, "blind_spots",
			vp_blind_spots_document(&agent->active->plan, NULL, false));
	if (agent->reporting)
		json_object_set_new(document, "events",
				    vp_reporting_document(agent->reporting));
	json_object_set_new(document, "inspection", inspection_document(agent));
	json_object_set_new(document, "syscalls", vp_covering_document(agent->covering));
	if (agent->active)
		json_object_set_new(
			document, "dropins",
			vp_dropin_document(&agent->active->plan, &agent->active->host, NULL));
	json_object_set_new(document, "denials", vp_denying_document(agent->denying));
	*status = bad || !agent->running ? VP_EXIT_FINDINGS : VP_EXIT_GOOD;
	return document;
}

static json_t *stored_document(const struct vp_agent *agent)
{
	struct vp_numbers numbers = { 0 };
	json_t *list = json_array();

	vp_state_list(&agent->state, &numbers, NULL);
	vp_array_each (number, &numbers) {
		struct vp_generation generation = { 0 };
		struct vp_error err;
		json_t *item;

		if (vp_state_load(&agent->state, *number, &generation, &err)) {
			item = json_object();
			vp_json_set_number(item, "number", *number);
			vp_json_set_text(item, "error", err.text);
		} else {
			item = generation_document(&generation);
			vp_generation_free(&generation);
		}
		json_object_set_new(item, "current", json_boolean(*number == agent->running));
		json_array_append_new(list, item);
	}
	vp_array_free(&numbers);
	return list;
}

json_t *vp_history_document(struct vp_agent *agent)
{
	json_t *document = vp_json_document("vpatch.history/1");

	json_object_set_new(document, "entries", vp_state_history(&agent->state, HISTORY_MAX));
	json_object_set_new(document, "generations", stored_document(agent));
	return document;
}
