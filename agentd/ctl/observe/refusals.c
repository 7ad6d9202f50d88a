/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sums of denied calls, in a table of fixed size: see refusals.h. */
#include "agentd/ctl/observe/refusals.h"

#include "lib/digest.h"

#define SLOTS 4096 /* a power of two, well above VP_REFUSALS_MOST */

void vp_refusals_free(struct vp_refusals *refusals)
{
	vp_array_free(&refusals->lines);
	free(refusals->slots);
	*refusals = (struct vp_refusals){ 0 };
}

static uint64_t digest(const struct vp_refusal *line)
{
	const uint64_t fixed[] = { line->target, (uint64_t)line->process, line->call.audit,
				   (uint64_t)line->call.nr, line->action };
	uint64_t sum = vp_digest_long(VP_DIGEST_SEED, fixed, sizeof(fixed));

	for (size_t i = 0; i < VP_CALL_ARGUMENTS; i++)
		if (line->decisive & 1u << i)
			sum = vp_digest_long(sum, &line->call.arguments[i], sizeof(uint64_t));
	return sum ^ sum >> 29;
}

static bool is_same(const struct vp_refusal *a, const struct vp_refusal *b)
{
	if (a->target != b->target || a->process != b->process ||
	    a->call.audit != b->call.audit || a->call.nr != b->call.nr ||
	    a->action != b->action || a->decisive != b->decisive)
		return false;
	for (size_t i = 0; i < VP_CALL_ARGUMENTS; i++)
		if (a->decisive & 1u << i && a->call.arguments[i] != b->call.arguments[i])
			return false;
	return true;
}

static void merge(struct vp_refusal *into, const struct vp_refusal *from)
{
	into->call.count += from->call.count;
	for (size_t i = 0; i < VP_CALL_ARGUMENTS; i++)
		if (into->call.arguments[i] != from->call.arguments[i])
			into->call.unsaid |= (uint8_t)(1u << i);
	if (from->name[0])
		memcpy(into->name, from->name, sizeof(into->name));
}

void vp_refusals_add(struct vp_refusals *refusals, const struct vp_refusal *line)
{
	size_t i = digest(line) & (SLOTS - 1);

	if (!refusals->slots)
		refusals->slots = vp_alloc(SLOTS, sizeof(*refusals->slots));
	for (; refusals->slots[i]; i = (i + 1) & (SLOTS - 1)) {
		struct vp_refusal *present = &refusals->lines.data[refusals->slots[i] - 1];

		if (is_same(present, line)) {
			merge(present, line);
			return;
		}
	}
	if (refusals->lines.len >= VP_REFUSALS_MOST) {
		refusals->more += line->call.count;
		return;
	}
	vp_array_push(&refusals->lines, *line);
	refusals->slots[i] = (uint32_t)refusals->lines.len;
}

static const struct vp_call_prototype *prototype_of(uint32_t audit, int nr)
{
	_cleanup_free_ char *name = NULL;
	enum vp_abi abi;

	if (vp_abi_of(audit, nr, &abi))
		name = vp_abi_call_name(abi, nr);
	return name ? vp_call_find(name, strlen(name)) : NULL;
}

/* As the kernel will read them; addresses and what is no argument is left out. */
static void take_arguments(const struct vp_call_prototype *call, struct vp_observed *observed,
			   const uint64_t arguments[VP_CALL_ARGUMENTS], uint8_t decisive)
{
	for (size_t i = 0; i < VP_CALL_ARGUMENTS; i++) {
		const struct vp_call_argument *argument = call ? &call->arguments[i] : NULL;

		observed->arguments[i] = arguments[i];
		if (argument && !vp_call_is_wide(argument))
			observed->arguments[i] &= UINT32_MAX;
		if (decisive & 1u << i)
			continue;
		if (!argument || argument->type == VP_CALL_NONE ||
		    argument->type == VP_CALL_POINTER)
			observed->unsaid |= (uint8_t)(1u << i);
	}
}

void vp_refusal_of(const struct vp_filter *filter, uint32_t audit, int nr,
		   const uint64_t arguments[VP_CALL_ARGUMENTS], uint32_t action,
		   struct vp_refusal *line)
{
	struct vp_filter_tags tags = { 0 };

	*line = (struct vp_refusal){
		.call = { .audit = audit, .nr = nr, .count = 1 },
		.action = action,
	};
	vp_filter_owners(filter, audit, nr, arguments, &tags);
	/* no rule: its whole ABI is closed, and arguments play no part */
	if (tags.len) {
		line->call.has_arguments = true;
		line->decisive = vp_filter_reads(filter, audit, nr);
		take_arguments(prototype_of(audit, nr), &line->call, arguments,
			       line->decisive);
	}
	vp_array_free(&tags);
}
