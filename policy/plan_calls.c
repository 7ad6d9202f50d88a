/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The planner of system calls: which sections are in force, in which mode, and what
 * filters do not see of what they deny. Which filters they become, and on which
 * processes, is the module's business.
 */
#include "policy/plan_builder.h"

#define NAMES_SHOWN 4

/* Names in a text, each once; not owned. */
VP_ARRAY_TYPE(names, const char *);

static void add_name(struct names *names, const char *name)
{
	vp_array_each (other, names)
		if (!strcmp(*other, name))
			return;
	vp_array_push(names, name);
}

/* "a, b, c, d and 2 more", owned by the caller. */
static char *list_names(const struct names *names)
{
	struct vp_strbuf out = { 0 };

	for (size_t i = 0; i < names->len && i < NAMES_SHOWN; i++)
		vp_strbuf_addf(&out, "%s%s", i ? ", " : "", names->data[i]);
	if (names->len > NAMES_SHOWN)
		vp_strbuf_addf(&out, " and %zu more", names->len - NAMES_SHOWN);
	return vp_strbuf_take(&out);
}

/* False, with a finding, when the section cannot be in a plan. */
static bool can_place(struct vp_plan_builder *b, const struct vp_syscalls *syscalls)
{
	if (!(b->points & VP_POINT_BIT(VP_POINT_SECCOMP))) {
		vp_find_error(b->findings, &syscalls->at,
			      "expected rules that this build can enforce, found [syscalls "
			      "%s], which needs seccomp",
			      syscalls->name);
		return false;
	}
	if (syscalls->targets.len || b->host->examples_allowed)
		return true;
	vp_find_error(
		b->findings, &syscalls->at,
		"expected this site's services for [syscalls %s], which names none; put "
		"[override %s] with unit = NAME.service or process = /PATH into a file in "
		"overrides.d",
		syscalls->name, b->patch->id);
	return false;
}

static bool compares_address(const struct vp_call_rule *rule)
{
	vp_array_each (condition, &rule->conditions)
		if (rule->prototype->arguments[condition->argument].type == VP_CALL_POINTER)
			return true;
	return false;
}

static void tell_memory(struct vp_plan *plan, const struct vp_call_placement *placement)
{
	const struct vp_syscalls *syscalls = placement->syscalls;
	struct names calls = { 0 };

	vp_array_each (rule, &syscalls->rules)
		if (compares_address(rule))
			add_name(&calls, rule->prototype->name);
	if (calls.len) {
		_cleanup_free_ char *list = list_names(&calls);

		vp_plan_blind_spot(plan, placement->patch, "memory",
				   vp_format("[syscalls %s]: of %s an address is compared, "
					     "never what is in memory there",
					     syscalls->name, list));
	}
	vp_array_free(&calls);
}

/* What is only logged has nothing to take back: it stays as all filters do. */
static void tell_stay(struct vp_plan_builder *b, const struct vp_syscalls *syscalls)
{
	if (syscalls->revocable && b->mode == VP_MODE_ENFORCE)
		vp_plan_blind_spot(b->plan, b->patch, "revocable",
				   vp_format("[syscalls %s]: denials are answered by "
					     "vpatchd-answer; should it end, they become "
					     "ENOSYS, and cannot be taken back, until vpatchd "
					     "has put the filter on anew",
					     syscalls->name));
	else
		vp_plan_blind_spot(b->plan, b->patch, "until-restart",
				   vp_format("[syscalls %s]: a filter stays on a process "
					     "until it ends; what is withdrawn or loosened is "
					     "so for it after its restart",
					     syscalls->name));
}

void vp_plan_place_calls(struct vp_plan_builder *b, const uint32_t *tags)
{
	size_t first = b->plan->calls.len;

	for (size_t i = 0; i < b->patch->syscalls.len; i++) {
		const struct vp_syscalls *syscalls = &b->patch->syscalls.data[i];
		struct vp_call_placement placement = { b->patch, syscalls, b->mode, tags[i] };

		if (!can_place(b, syscalls))
			continue;
		vp_array_push(&b->plan->calls, placement);
		tell_memory(b->plan, &placement);
		tell_stay(b, syscalls);
	}
	if (b->plan->calls.len > first)
		vp_plan_blind_spot(
			b->plan, b->patch, "other-processes",
			vp_strdup("what other processes do at the request of these (over "
				  "D-Bus, cron, sockets, as services of the same user) is "
				  "not denied"));
}

/* Rings */

VP_ARRAY_TYPE(closers, const struct vp_call_placement *);

static void find_closers(const struct vp_plan *plan, struct closers *closers)
{
	vp_array_each (placement, &plan->calls)
		vp_array_each (rule, &placement->syscalls->rules)
			if (!rule->conditions.len &&
			    !strcmp(rule->prototype->name, "io_uring_setup")) {
				vp_array_push(closers, placement);
				break;
			}
}

/* Can nothing have a ring there? Where the section only monitors, it is enough that rings are
 * reported. `target` NULL: whatever the site names for the patch. */
static bool is_closed(const struct closers *closers, const struct vp_call_placement *placement,
		      const struct vp_call_target *target)
{
	vp_array_each (at, closers) {
		const struct vp_call_placement *closer = *at;
		const struct vp_call_targets *targets = &closer->syscalls->targets;

		if (closer->mode < placement->mode)
			continue;
		if (target ? vp_call_targets_mean(targets, target)
			   : closer->patch == placement->patch && !targets->len)
			return true;
	}
	return false;
}

static void tell_rings(struct vp_plan *plan, const struct vp_call_placement *placement,
		       const struct closers *closers)
{
	const struct vp_syscalls *syscalls = placement->syscalls;
	struct names calls = { 0 }, open = { 0 };

	vp_array_each (rule, &syscalls->rules)
		if (vp_call_traits(rule->prototype) & VP_CALL_IN_RING)
			add_name(&calls, rule->prototype->name);
	vp_array_each (target, &syscalls->targets)
		if (!is_closed(closers, placement, target))
			add_name(&open, target->name);
	if (!syscalls->targets.len && !is_closed(closers, placement, NULL))
		add_name(&open, "the site's services");
	if (calls.len && open.len) {
		_cleanup_free_ char *list = list_names(&calls), *where = list_names(&open);

		vp_plan_blind_spot(plan, placement->patch, "io-uring",
				   vp_format("[syscalls %s]: io_uring does what %s does "
					     "without the call, and is open to %s; deny them "
					     "the set io-uring",
					     syscalls->name, list, where));
	}
	vp_array_free(&calls);
	vp_array_free(&open);
}

/* Privileges */

/* Has any section no-new-privileges = allow there? It is of the target's one filter. NULL:
 * whatever the site names. */
static bool is_allowed(const struct vp_plan *plan, const struct vp_call_placement *placement,
		       const struct vp_call_target *target)
{
	if (!target)
		return placement->syscalls->no_new_privs;
	vp_array_each (at, &plan->calls)
		if (at->syscalls->no_new_privs &&
		    vp_call_targets_have(&at->syscalls->targets, target))
			return true;
	return false;
}

static void tell_privileges(struct vp_plan *plan, const struct vp_call_placement *placement)
{
	const struct vp_syscalls *syscalls = placement->syscalls;
	struct names open = { 0 };

	vp_array_each (target, &syscalls->targets)
		if (!is_allowed(plan, placement, target))
			add_name(&open, target->name);
	if (!syscalls->targets.len && !is_allowed(plan, placement, NULL))
		add_name(&open, "the site's services");
	if (open.len) {
		_cleanup_free_ char *where = list_names(&open);

		vp_plan_blind_spot(plan, placement->patch, "unprivileged",
				   vp_format("[syscalls %s]: of %s, processes that run with "
					     "neither CAP_SYS_ADMIN nor no_new_privs can have "
					     "no filter; no-new-privileges = allow in "
					     "[override %s] lets the latter be set",
					     syscalls->name, where, placement->patch->id));
	}
	vp_array_free(&open);
}

void vp_plan_unseen_calls(struct vp_plan *plan)
{
	struct closers closers = { 0 };

	find_closers(plan, &closers);
	vp_array_each (placement, &plan->calls) {
		tell_rings(plan, placement, &closers);
		tell_privileges(plan, placement);
	}
	vp_array_free(&closers);
}
