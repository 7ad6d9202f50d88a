/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan as text for people. Nothing reads it back. */
#include "policy/failure.h"

static void print_ports(const struct vp_placement *placement, struct vp_strbuf *out)
{
	char text[40];

	for (size_t i = 0; i < placement->ports.len; i++)
		vp_strbuf_addf(out, "%s%s", i ? ", " : "",
			       vp_port_range_print(&placement->ports.data[i], text));
}

static void print_addresses(const struct vp_placement *placement, struct vp_strbuf *out)
{
	enum { SHOWN = 4 };
	char text[VP_ADDRESS_TEXT];

	if (placement->local) {
		vp_strbuf_adds(out, "this host");
		return;
	}
	for (size_t i = 0; i < placement->addresses.len && i < SHOWN; i++)
		vp_strbuf_addf(out, "%s%s", i ? ", " : "",
			       vp_address_range_print(&placement->addresses.data[i], text));
	if (placement->addresses.len > SHOWN)
		vp_strbuf_addf(out, " and %zu more", placement->addresses.len - SHOWN);
}

static void print_patch(const struct vp_patch *patch, struct vp_strbuf *out)
{
	vp_strbuf_addf(out, "%s  %s  %s\n", patch->id, vp_severity_name(patch->severity),
		       patch->title ? patch->title : "");
	if (patch->overridden)
		vp_strbuf_addf(out, "    overridden: %s\n", patch->overridden);
}

static void print_placement(const struct vp_placement *placement,
			    const struct vp_failure_decider *decider, struct vp_strbuf *out)
{
	vp_strbuf_addf(out, "    %s: %s at %s, ", placement->rule->name,
		       vp_mode_name(placement->mode), vp_point_name(placement->point));
	vp_rule_effect_print(placement->rule, out);
	vp_strbuf_adds(out, "\n        on ");
	print_ports(placement, out);
	vp_strbuf_adds(out, " of ");
	print_addresses(placement, out);
	vp_strbuf_addf(out, ", %s\n        because %s\n",
		       vp_direction_name(placement->rule->direction), placement->reason);
	if (!decider->placement)
		return;
	vp_strbuf_adds(out, "        when it cannot be read: ");
	vp_failure_print(decider, out);
	vp_strbuf_addc(out, '\n');
}

/* What the classes mean that are decided for anything. */
static void print_classes(const struct vp_failure_deciders *deciders, struct vp_strbuf *out)
{
	bool used[VP_FAILURE_CLASSES] = { false };

	vp_array_each (decider, deciders)
		if (decider->placement)
			used[decider->class] = true;
	for (unsigned int class = 0; class < VP_FAILURE_CLASSES; class ++) {
		if (!used[class])
			continue;
		vp_strbuf_addf(out, "\nwhen traffic of class %s cannot be read\n",
			       vp_failure_class_name(class));
		for (unsigned int cause = 0; cause < VP_FAILURE_CAUSES; cause++)
			vp_strbuf_addf(out, "    %s: when %s, it %s\n",
				       vp_failure_cause_name(cause),
				       vp_failure_cause_text(cause),
				       vp_failure_verdict(class, cause));
	}
}

static void print_targets(const struct vp_call_targets *targets, struct vp_strbuf *out)
{
	if (!targets->len)
		vp_strbuf_adds(out, "the services that the site names");
	for (size_t i = 0; i < targets->len; i++)
		vp_strbuf_addf(out, "%s%s %s", i ? ", " : "",
			       vp_call_target_kind_name(targets->data[i].kind),
			       targets->data[i].name);
}

static void print_call_placement(const struct vp_call_placement *placement,
				 struct vp_strbuf *out)
{
	const struct vp_syscalls *syscalls = placement->syscalls;

	vp_strbuf_addf(out, "    %s: %s at %s, errno %s, %zu rule%s\n        on ",
		       syscalls->name, vp_mode_name(placement->mode),
		       vp_point_name(VP_POINT_SECCOMP), vp_call_errno_name(syscalls->error),
		       syscalls->rules.len, syscalls->rules.len == 1 ? "" : "s");
	print_targets(&syscalls->targets, out);
	if (syscalls->no_new_privs)
		vp_strbuf_adds(out, "\n        " VP_NO_NEW_PRIVS_EFFECT);
	vp_strbuf_addc(out, '\n');
}

/* Patch by patch, in order of evaluation: its rules, then its sections of system calls. */
static void print_placements(const struct vp_plan *plan,
			     const struct vp_failure_deciders *deciders, struct vp_strbuf *out)
{
	size_t i = 0, k = 0;

	while (i < plan->placements.len || k < plan->calls.len) {
		const struct vp_patch *patch = vp_plan_next(plan, i, k);

		print_patch(patch, out);
		for (; i < plan->placements.len && plan->placements.data[i].patch == patch;
		     i++)
			print_placement(&plan->placements.data[i], &deciders->data[i], out);
		for (; k < plan->calls.len && plan->calls.data[k].patch == patch; k++)
			print_call_placement(&plan->calls.data[k], out);
	}
}

void vp_plan_print(const struct vp_plan *plan, struct vp_strbuf *out)
{
	struct vp_failure_deciders deciders = { 0 };

	if (!plan->placements.len && !plan->calls.len)
		vp_strbuf_adds(out, "nothing to enforce\n");
	vp_failure_decide(plan, &deciders);
	print_placements(plan, &deciders, out);
	print_classes(&deciders, out);
	vp_array_free(&deciders);
	if (plan->blind_spots.len)
		vp_strbuf_adds(out, "\nblind spots\n");
	vp_array_each (spot, &plan->blind_spots) {
		if (spot->patch)
			vp_strbuf_addf(out, "    %s (%s): %s\n", spot->patch->id, spot->code,
				       spot->text);
		else
			vp_strbuf_addf(out, "    %s: %s\n", spot->code, spot->text);
	}
}
