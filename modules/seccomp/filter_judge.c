/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the rules say of a call, without any program: plain evaluation, rule by rule.
 * It is what programs are compared with, and how denials are attributed; so it shares
 * nothing with the way a program is made but the list of forms.
 */
#include <errno.h>

#include "modules/seccomp/filter_layout.h"

bool vp_filter_has_abi(const struct vp_filter *filter, enum vp_abi abi)
{
	return abi == filter->abi || (filter->cover && abi == vp_abi_companion(filter->abi));
}

size_t vp_filter_entries_of(const struct vp_filter *filter, enum vp_abi abi, int number,
			    const struct vp_filter_entry **first)
{
	size_t low = 0, high = filter->entries.len, count = 0;
	const struct vp_filter_entry *entry;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		entry = &filter->entries.data[middle];
		if (entry->abi < abi || (entry->abi == abi && entry->form.number < number))
			low = middle + 1;
		else
			high = middle;
	}
	*first = low < filter->entries.len ? &filter->entries.data[low] : NULL;
	while (low + count < filter->entries.len) {
		entry = &filter->entries.data[low + count];
		if (entry->abi != abi || entry->form.number != number)
			break;
		count++;
	}
	return count;
}

struct vp_call_condition vp_filter_condition_in(const struct vp_filter_entry *entry,
						const struct vp_call_condition *condition)
{
	struct vp_call_condition in = *condition;
	bool upward = in.compare == VP_CALL_EQUAL || in.compare == VP_CALL_GREATER ||
		      in.compare == VP_CALL_AT_LEAST;

	if (vp_abi_is_narrow(entry->abi) && in.wide && upward && in.mask == UINT64_MAX &&
	    in.value >> 31 == UINT64_MAX >> 31) {
		in.wide = false;
		in.mask = UINT32_MAX;
		in.value &= UINT32_MAX;
	}
	return in;
}

static bool entry_holds(const struct vp_filter *filter, const struct vp_filter_entry *entry,
			const uint64_t *arguments)
{
	const struct vp_call_rule *rule = &filter->rules.data[entry->rule].rule;
	uint64_t reach = vp_abi_is_narrow(entry->abi) ? UINT32_MAX : UINT64_MAX;

	if ((arguments[0] & entry->form.selector_mask) != entry->form.selector)
		return false;
	vp_array_each (condition, &rule->conditions) {
		struct vp_call_condition in = vp_filter_condition_in(entry, condition);

		if (vp_filter_keeps(entry, condition) &&
		    !vp_call_condition_holds(&in, arguments[in.argument] & reach))
			return false;
	}
	return true;
}

uint32_t vp_filter_judge(const struct vp_filter *filter, const struct seccomp_data *data)
{
	const struct vp_filter_entry *entry;
	uint64_t arguments[VP_CALL_ARGUMENTS];
	enum vp_abi abi;
	size_t count;

	if (!vp_abi_of(data->arch, data->nr, &abi) || !vp_filter_has_abi(filter, abi))
		return filter->closed;
	memcpy(arguments, data->args, sizeof(arguments));
	count = vp_filter_entries_of(filter, abi, data->nr, &entry);
	for (; count; entry++, count--)
		if (entry_holds(filter, entry, arguments))
			return entry->action;
	return SECCOMP_RET_ALLOW;
}

static void add_tag(struct vp_filter_tags *tags, uint32_t tag)
{
	vp_array_each (present, tags)
		if (*present == tag)
			return;
	vp_array_push(tags, tag);
}

void vp_filter_owners(const struct vp_filter *filter, uint32_t audit, int nr,
		      const uint64_t *arguments, struct vp_filter_tags *tags)
{
	const struct vp_filter_entry *entry;
	enum vp_abi abi;
	size_t count;

	if (!vp_abi_of(audit, nr, &abi) || !vp_filter_has_abi(filter, abi))
		return;
	count = vp_filter_entries_of(filter, abi, nr, &entry);
	for (; count; entry++, count--)
		if (!arguments || entry_holds(filter, entry, arguments))
			add_tag(tags, filter->rules.data[entry->rule].tag);
}

uint8_t vp_filter_reads(const struct vp_filter *filter, uint32_t audit, int nr)
{
	const struct vp_filter_entry *entry;
	enum vp_abi abi;
	uint8_t read = 0;
	size_t count;

	if (!vp_abi_of(audit, nr, &abi) || !vp_filter_has_abi(filter, abi))
		return 0;
	count = vp_filter_entries_of(filter, abi, nr, &entry);
	for (; count; entry++, count--) {
		read |= entry->form.selector_mask != 0;
		vp_array_each (condition, &filter->rules.data[entry->rule].rule.conditions)
			if (vp_filter_keeps(entry, condition))
				read |= (uint8_t)(1u << condition->argument);
	}
	return read;
}

static bool has_condition(const struct vp_filter *filter, const struct vp_filter_entry *entry)
{
	if (entry->form.selector_mask)
		return true;
	vp_array_each (condition, &filter->rules.data[entry->rule].rule.conditions)
		if (vp_filter_keeps(entry, condition))
			return true;
	return false;
}

bool vp_filter_is_whole(const struct vp_filter *filter, uint32_t audit, int nr)
{
	const struct vp_filter_entry *entry;
	enum vp_abi abi;
	size_t count;

	if (!vp_abi_of(audit, nr, &abi) || !vp_filter_has_abi(filter, abi))
		return false;
	count = vp_filter_entries_of(filter, abi, nr, &entry);
	for (; count; entry++, count--)
		if (!has_condition(filter, entry))
			return true;
	return false;
}

bool vp_filter_monitors(const struct vp_filter *filter, uint32_t tag)
{
	vp_array_each (owned, &filter->rules)
		if (owned->tag == tag && owned->monitor)
			return true;
	return false;
}

void vp_filter_answers(const struct vp_filter *filter, struct vp_filter_answers *answers)
{
	vp_array_push(answers, ((struct vp_filter_answer){ .error = ENOSYS }));
	vp_array_each (owned, &filter->rules)
		vp_array_push(answers,
			      ((struct vp_filter_answer){ owned->rule.error, owned->tag }));
}

static bool is_same_condition(const struct vp_call_condition *a,
			      const struct vp_call_condition *b)
{
	return a->argument == b->argument && a->wide == b->wide && a->mask == b->mask &&
	       a->value == b->value && a->compare == b->compare;
}

static bool is_same_match(const struct vp_call_rule *a, const struct vp_call_rule *b)
{
	if (a->prototype != b->prototype || a->conditions.len != b->conditions.len)
		return false;
	for (size_t i = 0; i < a->conditions.len; i++)
		if (!is_same_condition(&a->conditions.data[i], &b->conditions.data[i]))
			return false;
	return true;
}

bool vp_filter_includes(const struct vp_filter *filter, const struct vp_filter *other)
{
	if (filter->abi != other->abi || filter->cover != other->cover)
		return false;
	vp_array_each (wanted, &other->rules) {
		bool found = false;

		vp_array_each (owned, &filter->rules)
			found = found || is_same_match(&owned->rule, &wanted->rule);
		if (!found)
			return false;
	}
	return true;
}
