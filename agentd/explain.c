/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpatch.explain/1 and vpatch.plan/1: what was placed where, and why. See doc/schemas.md. */
#include <stdio.h>
#include <string.h>

#include "agentd/covering.h"
#include "agentd/document.h"
#include "agentd/dropin_keeper.h"
#include "agentd/status.h"
#include "policy/failure.h"

#define OBJECT_LINES_MAX 40

static json_t *ports_of(const struct vp_placement *placement)
{
	json_t *list = json_array();
	char text[40];

	vp_array_each (range, &placement->ports)
		vp_json_append_text(list, vp_port_range_print(range, text));
	return list;
}

static json_t *addresses_of(const struct vp_placement *placement)
{
	json_t *list = json_array();
	char text[VP_ADDRESS_TEXT];

	vp_array_each (range, &placement->addresses)
		vp_json_append_text(list, vp_address_range_print(range, text));
	return list;
}

static void set_tag(json_t *object, uint32_t tag)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%08x", tag);
	vp_json_set_text(object, "tag", text);
}

static json_t *conditions_document(const struct vp_conditions *conditions)
{
	json_t *list = json_array();

	vp_array_each (condition, conditions) {
		_cleanup_strbuf_ struct vp_strbuf text = { 0 };

		vp_condition_print(condition, &text);
		vp_json_append_text(list, vp_strbuf_text(&text));
	}
	return list;
}

/* Does the line name exactly this rule, and not one whose name only begins so? */
static bool names(const char *line, const char *name)
{
	const char *at = strstr(line, name);
	int behind = at ? at[strlen(name)] : '\0';

	return at &&
	       !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
		       behind ? behind : ' ');
}

/* Lines of the compiled artefact that carry the rule's name, its mark, or the queue of its
 * class. */
static json_t *objects_document(const char *artefact, const struct vp_placement *placement,
				const struct vp_failure_decider *decider)
{
	_cleanup_free_ char *queue =
		decider->placement
			? vp_format("queue-%s", vp_failure_class_name(decider->class))
			: NULL;
	_cleanup_free_ char *copy = vp_strdup(artefact);
	_cleanup_free_ char *name =
		vp_format("%s/%s", placement->patch->id, placement->rule->name);
	char mark[16], *rest = copy, *line;
	json_t *list = json_array();

	snprintf(mark, sizeof(mark), "0x%08x", placement->tag);
	while ((line = strsep(&rest, "\n")) && json_array_size(list) < OBJECT_LINES_MAX)
		if (names(line, name) || names(line, mark) || (queue && names(line, queue)))
			vp_json_append_text(list, line + strspn(line, " \t"));
	return list;
}

static json_t *verdicts_document(enum vp_failure_class class)
{
	json_t *verdicts = json_array();

	for (unsigned int cause = 0; cause < VP_FAILURE_CAUSES; cause++) {
		json_t *row = json_object();

		vp_json_set_text(row, "cause", vp_failure_cause_name(cause));
		vp_json_set_text(row, "text", vp_failure_cause_text(cause));
		vp_json_set_text(row, "verdict", vp_failure_verdict(class, cause));
		json_array_append_new(verdicts, row);
	}
	return verdicts;
}

/* Which class a rule's service is of, and whose patch says so; nothing without inspection. */
static void set_failure(json_t *rule, const struct vp_failure_decider *decider, bool verdicts)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	json_t *failure;

	if (!decider->placement)
		return;
	failure = json_object();
	vp_failure_print(decider, &text);
	vp_json_set_text(failure, "class", vp_failure_class_name(decider->class));
	vp_json_set_text(failure, "decided_by", decider->placement->patch->id);
	vp_json_set_text(failure, "text", vp_strbuf_text(&text));
	if (verdicts)
		json_object_set_new(failure, "verdicts", verdicts_document(decider->class));
	json_object_set_new(rule, "failure", failure);
}

static json_t *rule_document(const struct vp_agent *agent,
			     const struct vp_placement *placement, const char *artefact,
			     const struct vp_failure_decider *decider)
{
	struct vp_count count = vp_total_count(vp_totals_find(&agent->totals, placement->tag));
	_cleanup_strbuf_ struct vp_strbuf action = { 0 };
	json_t *rule = json_object();

	vp_rule_effect_print(placement->rule, &action);
	vp_json_set_text(rule, "name", placement->rule->name);
	vp_json_set_text(rule, "service", placement->service->name);
	vp_json_set_text(rule, "direction", vp_direction_name(placement->rule->direction));
	json_object_set_new(rule, "ports", ports_of(placement));
	json_object_set_new(rule, "addresses", addresses_of(placement));
	json_object_set_new(rule, "local", json_boolean(placement->local));
	vp_json_set_text(rule, "point", vp_point_name(placement->point));
	vp_json_set_text(rule, "placement", placement->reason);
	vp_json_set_text(rule, "mode", vp_mode_name(placement->mode));
	set_tag(rule, placement->tag);
	json_object_set_new(rule, "conditions", conditions_document(&placement->rule->when));
	json_object_set_new(rule, "exceptions", conditions_document(&placement->rule->except));
	vp_json_set_text(rule, "action", vp_strbuf_text(&action));
	vp_json_set_number(rule, "packets", count.packets);
	vp_json_set_number(rule, "bytes", count.bytes);
	vp_json_set_number(rule, "banned", count.banned);
	json_object_set_new(rule, "objects", objects_document(artefact, placement, decider));
	return rule;
}

static void set_texts(json_t *object, const char *key, const struct vp_texts *texts)
{
	json_t *list = json_array();

	vp_array_each (text, texts)
		vp_json_append_text(list, *text);
	json_object_set_new(object, key, list);
}

static json_t *patch_document(const struct vp_active *active, const struct vp_patch *patch)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	json_t *document = json_object();

	vp_patch_print(patch, &text);
	vp_json_set_text(document, "id", patch->id);
	vp_json_set_text(document, "title", patch->title);
	vp_json_set_text(document, "severity", vp_severity_name(patch->severity));
	vp_json_set_text(document, "file", patch->file);
	vp_json_set_text(document, "mode", vp_patch_mode(active, patch));
	vp_json_set_text(document, "state", vp_patch_state(active, patch));
	vp_json_set_text(document, "owner", patch->owner);
	vp_json_set_text(document, "reason", patch->reason);
	vp_json_set_time(document, "expires", patch->expires);
	vp_json_set_text(document, "on_expiry", vp_on_expiry_name(patch->on_expiry));
	vp_json_set_text(document, "on_failure", vp_on_failure_name(patch->on_failure));
	vp_json_set_text(document, "overridden", patch->overridden);
	set_texts(document, "references", &patch->references);
	set_texts(document, "affects", &patch->affects);
	set_texts(document, "fixed_by", &patch->fixed_by);
	vp_json_set_text(document, "text", vp_strbuf_text(&text));
	return document;
}

/* All modules' artefacts as text. */
static void dump(const struct vp_agent *agent, struct vp_strbuf *out)
{
	static const char *const formats[] = { "nft", "text" };

	for (size_t i = 0; i < agent->all.count; i++) {
		const struct vp_module *module = agent->all.modules[i];

		for (size_t f = 0; f < VP_COUNT(formats); f++)
			if (!module->dump(agent->active->artefacts.of[i], formats[f], out))
				break;
	}
}

/* Someone is cut off before the rules see the packets: their counts say less than was stopped.
 */
static const char *note_of(const struct vp_active *active)
{
	vp_array_each (placement, &active->plan.placements)
		if (placement->rule->action.verdict == VP_VERDICT_BAN)
			return "packets are lower bounds: those of banned sources are dropped"
			       " before any rule sees them, and counted as banned";
	return NULL;
}

static json_t *rules_document(const struct vp_agent *agent, const struct vp_patch *patch,
			      const char *artefact)
{
	const struct vp_failure_decider *decider;
	const struct vp_plan *plan = &agent->active->plan;
	struct vp_failure_deciders deciders = { 0 };
	json_t *rules = json_array(), *rule;

	vp_failure_decide(plan, &deciders);
	vp_array_each (placement, &plan->placements) {
		if (placement->patch != patch)
			continue;
		decider = &deciders.data[placement - plan->placements.data];
		rule = rule_document(agent, placement, artefact, decider);
		set_failure(rule, decider, true);
		json_array_append_new(rules, rule);
	}
	vp_array_free(&deciders);
	return rules;
}

/* The names of one kind, in a list. */
static json_t *targets_of(const struct vp_syscalls *syscalls, enum vp_call_target_kind kind)
{
	json_t *list = json_array();

	vp_array_each (target, &syscalls->targets)
		if (target->kind == kind)
			vp_json_append_text(list, target->name);
	return list;
}

static json_t *planned_section(const struct vp_call_placement *placement)
{
	const struct vp_syscalls *syscalls = placement->syscalls;
	json_t *section = json_object();

	vp_json_set_text(section, "name", syscalls->name);
	vp_json_set_text(section, "point", vp_point_name(VP_POINT_SECCOMP));
	vp_json_set_text(section, "mode", vp_mode_name(placement->mode));
	json_object_set_new(section, "units", targets_of(syscalls, VP_CALL_TARGET_UNIT));
	json_object_set_new(section, "processes",
			    targets_of(syscalls, VP_CALL_TARGET_PROCESS));
	vp_json_set_number(section, "rules", syscalls->rules.len);
	vp_json_set_text(section, "errno", vp_call_errno_name(syscalls->error));
	vp_json_set_text(section, "no_new_privileges",
			 syscalls->no_new_privs ? "allow" : "refuse");
	json_object_set_new(section, "revocable", json_boolean(syscalls->revocable));
	set_tag(section, placement->tag);
	return section;
}

/* Of the patch: what its sections deny, to whom, and how far that got. */
static json_t *sections_document(const struct vp_agent *agent, const struct vp_patch *patch)
{
	json_t *sections = json_array();

	vp_array_each (call, &agent->active->plan.calls) {
		struct vp_count count =
			vp_total_count(vp_totals_find(&agent->totals, call->tag));
		json_t *section, *deny;

		if (call->patch != patch)
			continue;
		section = planned_section(call);
		deny = json_array();
		vp_array_each (term, &call->syscalls->deny)
			vp_json_append_text(deny, term->text);
		json_object_set_new(section, "deny", deny);
		vp_json_set_number(section, "calls", count.packets);
		json_object_set_new(section, "coverage",
				    vp_covering_targets(agent->covering, call));
		json_array_append_new(sections, section);
	}
	return sections;
}

json_t *vp_explain_document(struct vp_agent *agent, const char *id)
{
	_cleanup_strbuf_ struct vp_strbuf artefact = { 0 };
	const struct vp_active *active = agent->active;
	const struct vp_patch *patch = active ? vp_policy_find(&active->policy, id) : NULL;
	json_t *document, *rules, *spots;

	if (!patch)
		return NULL;
	vp_agent_count(agent, NULL);
	dump(agent, &artefact);
	document = vp_json_document("vpatch.explain/1");
	vp_json_set_number(document, "generation", agent->running);
	json_object_set_new(document, "patch", patch_document(active, patch));
	rules = rules_document(agent, patch, vp_strbuf_text(&artefact));
	json_object_set_new(document, "rules", rules);
	json_object_set_new(document, "syscalls", sections_document(agent, patch));
	json_object_set_new(document, "dropins",
			    vp_dropin_document(&active->plan, &active->host, patch));
	spots = vp_blind_spots_document(&active->plan, patch, false);
	{
		_cleanup_json_ json_t *host =
			vp_blind_spots_document(&active->plan, NULL, false);

		json_array_extend(spots, host);
	}
	json_object_set_new(document, "blind_spots", spots);
	vp_json_set_text(document, "note", note_of(active));
	return document;
}

static json_t *planned_rule(const struct vp_placement *placement)
{
	json_t *rule = json_object();

	vp_json_set_text(rule, "name", placement->rule->name);
	vp_json_set_text(rule, "service", placement->service->name);
	vp_json_set_text(rule, "point", vp_point_name(placement->point));
	vp_json_set_text(rule, "mode", vp_mode_name(placement->mode));
	vp_json_set_text(rule, "placement", placement->reason);
	json_object_set_new(rule, "ports", ports_of(placement));
	json_object_set_new(rule, "addresses", addresses_of(placement));
	json_object_set_new(rule, "local", json_boolean(placement->local));
	set_tag(rule, placement->tag);
	return rule;
}

static json_t *planned_patch(const struct vp_patch *patch, enum vp_mode mode, json_t *rules,
			     json_t *sections)
{
	json_t *document = json_object();

	vp_json_set_text(document, "id", patch->id);
	vp_json_set_hex(document, "digest", patch->digest);
	vp_json_set_text(document, "mode", vp_mode_name(mode));
	json_object_set_new(document, "rules", rules);
	json_object_set_new(document, "syscalls", sections);
	return document;
}

/* What the classes mean that are decided for any service. */
static json_t *classes_document(const struct vp_failure_deciders *deciders)
{
	json_t *classes = json_object();

	vp_array_each (decider, deciders) {
		const char *name;

		if (!decider->placement)
			continue;
		name = vp_failure_class_name(decider->class);
		if (!json_object_get(classes, name))
			json_object_set_new(classes, name, verdicts_document(decider->class));
	}
	return classes;
}

/* In evaluation order: what belongs to one patch stands together. */
static json_t *planned_patches(const struct vp_plan *plan,
			       const struct vp_failure_deciders *deciders)
{
	json_t *patches = json_array();
	const struct vp_patch *patch;
	size_t i = 0, k = 0;

	while ((patch = vp_plan_next(plan, i, k))) {
		json_t *rules = json_array(), *sections = json_array(), *rule;
		enum vp_mode mode = VP_MODE_MONITOR;

		for (; i < plan->placements.len && plan->placements.data[i].patch == patch;
		     i++) {
			mode = plan->placements.data[i].mode;
			rule = planned_rule(&plan->placements.data[i]);
			set_failure(rule, &deciders->data[i], false);
			json_array_append_new(rules, rule);
		}
		for (; k < plan->calls.len && plan->calls.data[k].patch == patch; k++) {
			mode = plan->calls.data[k].mode;
			json_array_append_new(sections, planned_section(&plan->calls.data[k]));
		}
		json_array_append_new(patches, planned_patch(patch, mode, rules, sections));
	}
	return patches;
}

json_t *vp_plan_document(struct vp_agent *agent)
{
	json_t *document = vp_json_document("vpatch.plan/1");
	struct vp_failure_deciders deciders = { 0 };

	vp_json_set_number(document, "generation", agent->running);
	if (!agent->active) {
		json_object_set_new(document, "patches", json_array());
		return document;
	}
	vp_failure_decide(&agent->active->plan, &deciders);
	json_object_set_new(document, "patches",
			    planned_patches(&agent->active->plan, &deciders));
	json_object_set_new(document, "failures", classes_document(&deciders));
	json_object_set_new(
		document, "dropins",
		vp_dropin_document(&agent->active->plan, &agent->active->host, NULL));
	json_object_set_new(document, "blind_spots",
			    vp_blind_spots_document(&agent->active->plan, NULL, true));
	vp_array_free(&deciders);
	return document;
}
