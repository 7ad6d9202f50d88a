/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What only the whole patch can show: proofs that are missing, actions that would do harm. */
#include <string.h>

#include "policy/ports.h"
#include "policy/validate.h"

#define ENDPOINTS_MAX 262144
#define RANGE_MAX     1000 /* a longer range of ports says nothing of one of them */

static bool has_attack(const struct vp_patch *patch, const struct vp_rule *rule)
{
	vp_array_each (sample, &patch->samples)
		if (sample->rule == rule->name && sample->expect != VP_EXPECT_PASSED)
			return true;
	return false;
}

static bool has_benign(const struct vp_patch *patch, size_t service)
{
	vp_array_each (sample, &patch->samples)
		if (!sample->rule && sample->service == service &&
		    sample->expect == VP_EXPECT_PASSED)
			return true;
	return false;
}

static bool is_used(const struct vp_patch *patch, size_t service)
{
	vp_array_each (rule, &patch->rules)
		if (rule->service == service)
			return true;
	return false;
}

/* Mode enforce needs an attack for each rule and benign traffic for each service. */
static void check_proofs(struct vp_validation *v)
{
	const struct vp_patch *patch = v->patch;

	if (patch->mode != VP_MODE_ENFORCE || v->sample_errors)
		return;
	vp_array_each (rule, &patch->rules)
		if (rule->name && !rule->set && !has_attack(patch, rule))
			vp_find_error(
				v->findings, v->mode_at ? v->mode_at : &rule->at,
				"expected an attack sample for rule `%s` of a patch in mode "
				"enforce, found none; add a `[sample NAME]` with `rule = %s` "
				"and `expect = blocked`, or set `mode = monitor`",
				rule->name, rule->name);
	for (size_t i = 0; i < patch->services.len; i++)
		if (patch->services.data[i].name && is_used(patch, i) && !has_benign(patch, i))
			vp_find_error(
				v->findings,
				v->mode_at ? v->mode_at : &patch->services.data[i].at,
				"expected a benign sample for service `%s` of a patch in mode "
				"enforce, found none; add a `[sample NAME]` with `service = "
				"%s` and `expect = passed`, or set `mode = monitor`",
				patch->services.data[i].name, patch->services.data[i].name);
}

static void check_action(struct vp_validation *v, const struct vp_rule *rule)
{
	unsigned int traffic = vp_rule_traffic(v->patch, rule);
	bool known = v->patch->services.data[rule->service].ports.len;

	if (rule->action.verdict == VP_VERDICT_BAN && traffic != VP_TRAFFIC_TCP)
		vp_find_error(
			v->findings, &rule->at,
			"expected `ban` only on tcp traffic, found it in rule `%s` on traffic "
			"whose source can be forged: anybody could have others banned; use "
			"`drop` or `limit`",
			rule->name ? rule->name : "?");
	else if (rule->action.verdict == VP_VERDICT_BAN && rule->direction == VP_TO_CLIENT)
		vp_find_error(
			v->findings, &rule->at,
			"expected `ban` only with `direction = to-server`, found it in rule "
			"`%s`, which would ban the server",
			rule->name ? rule->name : "?");
	else if (rule->action.verdict == VP_VERDICT_RESET && known &&
		 traffic != VP_TRAFFIC_TCP)
		vp_find_error(
			v->findings, &rule->at,
			"expected `reset` only on tcp traffic, found it in rule `%s`; use "
			"`reject` or `drop`",
			rule->name ? rule->name : "?");
}

/* Ports whose traffic is usually encrypted, for a parser of clear text. */
static void warn_encrypted(struct vp_validation *v, const struct vp_service *service)
{
	if (!service->application || !strcmp(service->application, "tls"))
		return;
	vp_array_each (range, &service->ports) {
		if (range->protocol != 6 || range->last - range->first >= RANGE_MAX)
			continue;
		for (uint32_t port = range->first; port <= range->last; port++)
			if (vp_port_carries_tls((uint16_t)port))
				vp_find_warning(v->findings, &range->at,
						"tcp/%u usually carries TLS: inspection of "
						"`%s` sees nothing there",
						port, service->application);
	}
}

static bool uses_set(const struct vp_values *values, const struct vp_set *set)
{
	vp_array_each (value, values)
		if (value->kind == VP_VALUE_SET && value->reference.set == set)
			return true;
	return false;
}

static bool conditions_use(const struct vp_conditions *conditions, const struct vp_set *set)
{
	vp_array_each (condition, conditions)
		if (uses_set(&condition->values, set))
			return true;
	return false;
}

static bool set_is_used(const struct vp_patch *patch, const struct vp_set *set)
{
	vp_array_each (service, &patch->services)
		if (uses_set(&service->addresses, set))
			return true;
	vp_array_each (rule, &patch->rules)
		if (conditions_use(&rule->when, set) || conditions_use(&rule->except, set))
			return true;
	vp_array_each (sample, &patch->samples)
		if (sample->from.kind == VP_VALUE_SET && sample->from.reference.set == set)
			return true;
	return false;
}

static void warn_unused(struct vp_validation *v)
{
	const struct vp_patch *patch = v->patch;

	for (size_t i = 0; i < patch->services.len; i++)
		if (patch->services.data[i].name && !is_used(patch, i))
			vp_find_warning(v->findings, &patch->services.data[i].at,
					"no rule uses service `%s`: nothing of it is shielded",
					patch->services.data[i].name);
	vp_array_each (set, &patch->sets)
		if (set->name && !set_is_used(patch, set))
			vp_find_warning(v->findings, &set->at, "nothing uses the set `%s`",
					set->name);
}

static size_t count_addresses(const struct vp_service *service)
{
	size_t count = 0;

	vp_array_each (value, &service->addresses)
		count += value->kind == VP_VALUE_SET && value->reference.set
				 ? value->reference.set->values.len
				 : 1;
	return count;
}

/* Every rule is placed at every endpoint of its service: memory and the kernel's sets have an
 * end. */
static void check_endpoints(struct vp_validation *v)
{
	const struct vp_patch *patch = v->patch;
	size_t endpoints = 0;

	vp_array_each (rule, &patch->rules) {
		const struct vp_service *service;

		if (rule->service == SIZE_MAX)
			continue;
		service = &patch->services.data[rule->service];
		endpoints += count_addresses(service) * service->ports.len;
		if (endpoints <= ENDPOINTS_MAX)
			continue;
		vp_find_error(
			v->findings, &service->at,
			"expected at most %d endpoints (addresses times ports) for all rules "
			"of a patch, found more in rule `%s`; use prefixes, port ranges, or "
			"several patches",
			ENDPOINTS_MAX, rule->name ? rule->name : "?");
		return;
	}
}

void vp_validate_whole(struct vp_validation *v)
{
	struct vp_patch *patch = v->patch;

	if (!patch->rules.len && !patch->syscalls.len && patch->at.line)
		vp_find_error(
			v->findings, &patch->at,
			"expected at least one [rule NAME] or [syscalls NAME], found none");
	check_proofs(v);
	vp_array_each (rule, &patch->rules)
		if (rule->service != SIZE_MAX)
			check_action(v, rule);
	vp_validate_units(v);
	vp_validate_calls(v);
	check_endpoints(v);
	vp_array_each (service, &patch->services)
		warn_encrypted(v, service);
	if (v->findings->errors == v->errors)
		warn_unused(v);
}
