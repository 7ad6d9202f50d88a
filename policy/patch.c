/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The validated model: names of its enumerations, protocols and ports as text,
 * release. What makes a patch valid is in validate*.c.
 */
#include "policy/patch.h"

#include <stdio.h>
#include <string.h>

#include "lib/unit.h"

#define VP_NAMES(table, last)                                                                 \
	_Static_assert(VP_COUNT(table) == (last) + 1,                                         \
		       "every value of the enumeration has a name")

static const char *const severity_names[] = {
	[VP_SEVERITY_LOW] = "low",
	[VP_SEVERITY_MEDIUM] = "medium",
	[VP_SEVERITY_HIGH] = "high",
	[VP_SEVERITY_CRITICAL] = "critical",
};
VP_NAMES(severity_names, VP_SEVERITY_CRITICAL);

static const char *const mode_names[] = {
	[VP_MODE_MONITOR] = "monitor",
	[VP_MODE_ENFORCE] = "enforce",
};
VP_NAMES(mode_names, VP_MODE_ENFORCE);

static const char *const on_expiry_names[] = {
	[VP_EXPIRY_WARN] = "warn",
	[VP_EXPIRY_MONITOR] = "monitor",
	[VP_EXPIRY_REMOVE] = "remove",
};
VP_NAMES(on_expiry_names, VP_EXPIRY_REMOVE);

static const char *const on_failure_names[] = {
	[VP_FAILURE_PASS] = "pass",
	[VP_FAILURE_BLOCK] = "block",
};
VP_NAMES(on_failure_names, VP_FAILURE_BLOCK);

static const char *const direction_names[] = {
	[VP_TO_SERVER] = "to-server",
	[VP_TO_CLIENT] = "to-client",
};
VP_NAMES(direction_names, VP_TO_CLIENT);

static const char *const foreign_names[] = {
	[VP_FOREIGN_CLOSE] = "close",
	[VP_FOREIGN_COVER] = "cover",
};
VP_NAMES(foreign_names, VP_FOREIGN_COVER);

static const char *const target_names[] = {
	[VP_CALL_TARGET_UNIT] = "unit",
	[VP_CALL_TARGET_PROCESS] = "process",
};
VP_NAMES(target_names, VP_CALL_TARGET_PROCESS);

static const char *const verdict_names[] = {
	[VP_VERDICT_PASS] = "pass",	[VP_VERDICT_DROP] = "drop",
	[VP_VERDICT_REJECT] = "reject", [VP_VERDICT_RESET] = "reset",
	[VP_VERDICT_LIMIT] = "limit",	[VP_VERDICT_BAN] = "ban",
	[VP_VERDICT_ANSWER] = "answer",
};
VP_NAMES(verdict_names, VP_VERDICT_ANSWER);

const char *vp_severity_name(enum vp_severity severity)
{
	return severity_names[severity];
}

const char *vp_mode_name(enum vp_mode mode)
{
	return mode_names[mode];
}

const char *vp_on_expiry_name(enum vp_on_expiry on_expiry)
{
	return on_expiry_names[on_expiry];
}

const char *vp_on_failure_name(enum vp_on_failure on_failure)
{
	return on_failure_names[on_failure];
}

const char *vp_direction_name(enum vp_direction direction)
{
	return direction_names[direction];
}

const char *vp_foreign_name(enum vp_foreign foreign)
{
	return foreign_names[foreign];
}

const char *vp_call_target_kind_name(enum vp_call_target_kind kind)
{
	return target_names[kind];
}

const char *vp_verdict_name(enum vp_verdict verdict)
{
	return verdict_names[verdict];
}

/* IANA protocol numbers; `ports` says whether a port follows the name. */
static const struct {
	const char *name;
	uint16_t number;
	bool ports;
} protocols[] = {
	{ "tcp", 6, true },	 { "udp", 17, true },	   { "icmp", 1, false },
	{ "icmpv6", 58, false }, { "igmp", 2, false },	   { "gre", 47, false },
	{ "esp", 50, false },	 { "ah", 51, false },	   { "sctp", 132, true },
	{ "dccp", 33, true },	 { "udplite", 136, true }, { "ip", VP_PROTOCOL_ANY, false },
};

int vp_protocol_find(const char *name, size_t length)
{
	for (size_t i = 0; i < VP_COUNT(protocols); i++)
		if (!strncmp(protocols[i].name, name, length) && !protocols[i].name[length])
			return protocols[i].number;
	return -1;
}

bool vp_protocol_has_ports(uint16_t protocol)
{
	for (size_t i = 0; i < VP_COUNT(protocols); i++)
		if (protocols[i].number == protocol)
			return protocols[i].ports;
	return false;
}

const char *vp_protocol_name(uint16_t protocol, char text[static 16])
{
	for (size_t i = 0; i < VP_COUNT(protocols); i++)
		if (protocols[i].number == protocol)
			return strcpy(text, protocols[i].name);
	snprintf(text, 16, "protocol/%u", protocol & 0xffu);
	return text;
}

const char *vp_port_range_print(const struct vp_port_range *range, char text[static 40])
{
	char name[16];

	vp_protocol_name(range->protocol, name);
	if (!vp_protocol_has_ports(range->protocol))
		return strcpy(text, name);
	if (range->first == 0 && range->last == 65535)
		snprintf(text, 40, "%s/any", name);
	else if (range->first == range->last)
		snprintf(text, 40, "%s/%u", name, range->first);
	else
		snprintf(text, 40, "%s/%u-%u", name, range->first, range->last);
	return text;
}

unsigned int vp_protocol_traffic(uint16_t protocol)
{
	switch (protocol) {
	case 6:
		return VP_TRAFFIC_TCP;
	case 17:
	case 136:
		return VP_TRAFFIC_UDP;
	case 1:
		return VP_TRAFFIC_ICMP;
	case 58:
		return VP_TRAFFIC_ICMPV6;
	case VP_PROTOCOL_ANY:
		return VP_TRAFFIC_ANY;
	default:
		return VP_TRAFFIC_OTHER;
	}
}

unsigned int vp_protocol_families(uint16_t protocol)
{
	switch (protocol) {
	case 1: /* ICMP, IGMP */
	case 2:
		return VP_FAMILY_IPV4;
	case 58: /* ICMPv6 */
		return VP_FAMILY_IPV6;
	default:
		return VP_FAMILY_IPV4 | VP_FAMILY_IPV6;
	}
}

void vp_condition_free(struct vp_condition *condition)
{
	free(condition->argument);
	vp_array_free(&condition->transforms);
	vp_values_free(&condition->values);
	free(condition->behind.data);
	if (condition->start)
		vp_condition_free(condition->start);
	free(condition->start);
	if (condition->other)
		vp_condition_free(condition->other);
	free(condition->other);
}

static void conditions_free(struct vp_conditions *conditions)
{
	vp_array_each (condition, conditions)
		vp_condition_free(condition);
	vp_array_free(conditions);
}

static void service_free(struct vp_service *service)
{
	free(service->name);
	vp_array_free(&service->ports);
	vp_values_free(&service->addresses);
	free(service->unit);
	free(service->process);
	free(service->application);
	free(service->frame);
}

static void rule_free(struct vp_rule *rule)
{
	free(rule->name);
	free(rule->set);
	conditions_free(&rule->when);
	conditions_free(&rule->except);
}

void vp_set_free(struct vp_set *set)
{
	free(set->name);
	free(set->file);
	vp_values_free(&set->values);
}

void vp_call_targets_free(struct vp_call_targets *targets)
{
	vp_array_each (target, targets)
		free(target->name);
	vp_array_free(targets);
}

bool vp_call_targets_have(const struct vp_call_targets *targets,
			  const struct vp_call_target *target)
{
	vp_array_each (other, targets)
		if (other->kind == target->kind && !strcmp(other->name, target->name))
			return true;
	return false;
}

bool vp_call_target_means(const struct vp_call_target *named,
			  const struct vp_call_target *target)
{
	if (named->kind != target->kind)
		return false;
	return named->kind == VP_CALL_TARGET_UNIT
		       ? vp_unit_match(target->name, named->name) != VP_UNIT_OTHER
		       : !strcmp(target->name, named->name);
}

bool vp_call_targets_mean(const struct vp_call_targets *targets,
			  const struct vp_call_target *target)
{
	vp_array_each (named, targets)
		if (vp_call_target_means(named, target))
			return true;
	return false;
}

static void syscalls_free(struct vp_syscalls *syscalls)
{
	free(syscalls->name);
	vp_call_targets_free(&syscalls->targets);
	vp_array_each (term, &syscalls->deny)
		free(term->text);
	vp_array_free(&syscalls->deny);
	vp_call_rules_free(&syscalls->rules);
}

static void call_sample_free(struct vp_call_sample *sample)
{
	free(sample->name);
	vp_array_each (text, &sample->texts)
		free(*text);
	vp_array_free(&sample->texts);
	vp_array_free(&sample->calls);
}

static void sample_free(struct vp_sample *sample)
{
	free(sample->name);
	vp_array_each (step, &sample->steps)
		free(step->data);
	vp_array_free(&sample->steps);
	vp_value_free(&sample->from);
}

static void texts_free(struct vp_texts *texts)
{
	vp_array_each (text, texts)
		free(*text);
	vp_array_free(texts);
}

#define VP_FREE_EACH(array, function)                                                         \
	do {                                                                                  \
		vp_array_each (item_, array)                                                  \
			function(item_);                                                      \
		vp_array_free(array);                                                         \
	} while (0)

void vp_patch_free(struct vp_patch *patch)
{
	if (!patch)
		return;
	VP_FREE_EACH(&patch->services, service_free);
	VP_FREE_EACH(&patch->sets, vp_set_free);
	VP_FREE_EACH(&patch->rules, rule_free);
	VP_FREE_EACH(&patch->syscalls, syscalls_free);
	VP_FREE_EACH(&patch->samples, sample_free);
	VP_FREE_EACH(&patch->call_samples, call_sample_free);
	texts_free(&patch->references);
	texts_free(&patch->affects);
	texts_free(&patch->fixed_by);
	texts_free(&patch->blind_spots);
	free(patch->file);
	free(patch->id);
	free(patch->title);
	free(patch->owner);
	free(patch->reason);
	free(patch->overridden);
	free(patch);
}
