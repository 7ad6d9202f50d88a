/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans as JSON: see plan_document.h. */
#include "agentd/plan_document.h"

#include <string.h>

#include "agentd/document.h"
#include "policy/policy.h"

static json_t *ports_array(const struct vp_port_ranges *ports)
{
	json_t *array = json_array();
	char text[40];

	vp_array_each (range, ports)
		vp_json_append_text(array, vp_port_range_print(range, text));
	return array;
}

static json_t *addresses_array(const struct vp_placement *placement)
{
	json_t *array = json_array();
	char text[VP_ADDRESS_TEXT];

	vp_array_each (range, &placement->addresses)
		vp_json_append_text(array, vp_address_range_print(range, text));
	return array;
}

/* What plan and explain both say of a rule. */
static json_t *rule_object(const struct vp_placement *placement)
{
	json_t *rule = json_object();

	vp_json_set_text(rule, "name", placement->rule->name);
	vp_json_set_text(rule, "service", placement->service->name);
	vp_json_set_text(rule, "point", vp_point_name(placement->point));
	vp_json_set_text(rule, "mode", vp_mode_name(placement->mode));
	vp_json_set_text(rule, "placement", placement->reason);
	json_object_set_new(rule, "ports", ports_array(&placement->ports));
	if (!placement->local)
		json_object_set_new(rule, "addresses", addresses_array(placement));
	json_object_set_new(rule, "local", json_boolean(placement->local));
	vp_json_set_hex(rule, "tag", placement->tag);
	return rule;
}

/* The effective mode: what the placements have, or what keeps the patch from having any. */
static const char *mode_of(const struct vp_patch *patch, const struct vp_placement *first)
{
	if (patch->disabled)
		return "disabled";
	return vp_mode_name(first ? first->mode : patch->mode);
}

static const char *state_of(const struct vp_patch *patch, const struct vp_placement *first,
			    time_t now)
{
	if (patch->disabled)
		return "disabled";
	if (patch->expires && now >= patch->expires)
		return "expired";
	return first && first->mode == VP_MODE_ENFORCE ? "enforced" : "monitored";
}

json_t *vp_blind_spots_document(const struct vp_plan *plan, const struct vp_patch *patch,
				bool all)
{
	json_t *array = json_array();

	vp_array_each (spot, &plan->blind_spots) {
		json_t *item;

		if (!all && spot->patch && spot->patch != patch)
			continue;
		item = json_object();
		vp_json_set_text(item, "code", spot->code);
		if (spot->patch)
			vp_json_set_text(item, "patch", spot->patch->id);
		vp_json_set_text(item, "text", spot->text);
		json_array_append_new(array, item);
	}
	return array;
}

static json_t *patch_object(const struct vp_patch *patch)
{
	json_t *object = json_object();

	vp_json_set_text(object, "id", patch->id);
	vp_json_set_text(object, "title", patch->title);
	vp_json_set_text(object, "severity", vp_severity_name(patch->severity));
	vp_json_set_hex(object, "digest", patch->digest);
	vp_json_set_text(object, "overridden", patch->overridden);
	vp_json_set_text(object, "mode", mode_of(patch, NULL));
	json_object_set_new(object, "rules", json_array());
	return object;
}

json_t *vp_plan_document(const struct vp_plan *plan, uint64_t generation)
{
	json_t *document = vp_json_document("vpatch.plan/1");
	json_t *patches = json_array();
	_cleanup_json_ json_t *by_id = json_object();

	vp_array_each (patch, &plan->policy->patches) {
		json_t *object = patch_object(*patch);

		json_object_set(by_id, (*patch)->id, object);
		json_array_append_new(patches, object);
	}
	vp_array_each (placement, &plan->placements) {
		json_t *object = json_object_get(by_id, placement->patch->id);

		vp_json_set_text(object, "mode", mode_of(placement->patch, placement));
		json_array_append_new(json_object_get(object, "rules"),
				      rule_object(placement));
	}
	vp_json_set_number(document, "generation", generation);
	json_object_set_new(document, "patches", patches);
	json_object_set_new(document, "blind_spots",
			    vp_blind_spots_document(plan, NULL, true));
	return document;
}

static json_t *texts_array(const struct vp_texts *texts)
{
	json_t *array = json_array();

	vp_array_each (text, texts)
		vp_json_append_text(array, *text);
	return array;
}

static json_t *conditions_array(const struct vp_conditions *conditions)
{
	json_t *array = json_array();

	vp_array_each (condition, conditions) {
		_cleanup_strbuf_ struct vp_strbuf text = { 0 };

		vp_condition_print(condition, &text);
		vp_json_append_text(array, vp_strbuf_text(&text));
	}
	return array;
}

/* Does the line name PATCH/RULE or the rule's tag, and not just the beginning of another name?
 */
static bool line_names(const char *line, size_t len, const char *name)
{
	size_t name_len = strlen(name);

	for (const char *at = line; at + name_len <= line + len; at++) {
		at = memmem(at, (size_t)(line + len - at), name, name_len);
		if (!at)
			return false;
		if (at + name_len == line + len || !strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
							   "abcdefghijklmnopqrstuvwxyz"
							   "0123456789._-",
							   at[name_len]))
			return true;
	}
	return false;
}

static json_t *objects_array(const struct vp_placement *placement, const char *artefact)
{
	_cleanup_free_ char *name =
		vp_format("%s/%s", placement->patch->id, placement->rule->name);
	_cleanup_free_ char *tag = vp_format("0x%08x", placement->tag);
	json_t *array = json_array();

	while (artefact && *artefact) {
		size_t len = strcspn(artefact, "\n");
		size_t blanks = strspn(artefact, "\t ");

		if (line_names(artefact, len, name) || line_names(artefact, len, tag)) {
			_cleanup_free_ char *line =
				vp_strndup(artefact + blanks, len - blanks);

			vp_json_append_text(array, line);
		}
		artefact += len + (artefact[len] == '\n');
	}
	return array;
}

static void add_count(json_t *rule, const struct vp_counts *counts, uint32_t tag)
{
	for (size_t i = 0; counts && i < counts->len; i++) {
		if (counts->data[i].tag != tag)
			continue;
		vp_json_set_number(rule, "packets", counts->data[i].packets);
		vp_json_set_number(rule, "bytes", counts->data[i].bytes);
		return;
	}
}

static json_t *explained_rule(const struct vp_placement *placement,
			      const struct vp_counts *counts, const char *artefact)
{
	_cleanup_strbuf_ struct vp_strbuf action = { 0 };
	json_t *rule = rule_object(placement);

	vp_action_print(&placement->rule->action, &action);
	vp_json_set_text(rule, "direction", vp_direction_name(placement->rule->direction));
	json_object_set_new(rule, "conditions", conditions_array(&placement->rule->when));
	json_object_set_new(rule, "exceptions", conditions_array(&placement->rule->except));
	vp_json_set_text(rule, "action", vp_strbuf_text(&action));
	add_count(rule, counts, placement->tag);
	json_object_set_new(rule, "objects", objects_array(placement, artefact));
	return rule;
}

static json_t *explained_patch(const struct vp_patch *patch, const struct vp_placement *first,
			       time_t now)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	json_t *object = json_object();

	vp_patch_print(patch, &text);
	vp_json_set_text(object, "id", patch->id);
	vp_json_set_text(object, "title", patch->title);
	vp_json_set_text(object, "severity", vp_severity_name(patch->severity));
	vp_json_set_text(object, "file", patch->file);
	vp_json_set_text(object, "mode", mode_of(patch, first));
	vp_json_set_text(object, "state", state_of(patch, first, now));
	vp_json_set_text(object, "owner", patch->owner);
	vp_json_set_text(object, "reason", patch->reason);
	vp_json_set_time(object, "expires", patch->expires);
	vp_json_set_text(object, "on_expiry", vp_on_expiry_name(patch->on_expiry));
	vp_json_set_text(object, "on_failure", vp_on_failure_name(patch->on_failure));
	vp_json_set_text(object, "overridden", patch->overridden);
	json_object_set_new(object, "references", texts_array(&patch->references));
	json_object_set_new(object, "affects", texts_array(&patch->affects));
	json_object_set_new(object, "fixed_by", texts_array(&patch->fixed_by));
	vp_json_set_text(object, "text", vp_strbuf_text(&text));
	return object;
}

json_t *vp_explain_document(const struct vp_plan *plan, const struct vp_patch *patch,
			    const struct vp_counts *counts, const char *artefact,
			    uint64_t generation, time_t now)
{
	json_t *document = vp_json_document("vpatch.explain/1");
	const struct vp_placement *first = NULL;
	json_t *rules = json_array();

	vp_array_each (placement, &plan->placements) {
		if (placement->patch != patch)
			continue;
		if (!first)
			first = placement;
		json_array_append_new(rules, explained_rule(placement, counts, artefact));
	}
	vp_json_set_number(document, "generation", generation);
	json_object_set_new(document, "patch", explained_patch(patch, first, now));
	json_object_set_new(document, "rules", rules);
	json_object_set_new(document, "blind_spots",
			    vp_blind_spots_document(plan, patch, false));
	return document;
}
