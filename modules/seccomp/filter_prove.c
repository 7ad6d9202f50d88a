/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program against the rules it was made from: both are asked about the same calls,
 * which are chosen where a compiler errs. For each rule, in each form: a call that meets it;
 * then one argument at a time on every value beside those that the rules of that call
 * compare with, each bit the other way; under what other rules of the same call ask for; with
 * the rest of the registers empty, full and mixed. And every number of every ABI.
 */
#include <errno.h>
#include <inttypes.h>

#include "modules/seccomp/action.h"
#include "modules/seccomp/filter_layout.h"

#define UNKNOWN_AUDIT 0x12345678u

static const uint64_t fillers[] = { 0, UINT64_MAX, 0x5a5aa5a51234fedcull };

struct proof {
	const struct vp_filter *filter;
	const struct vp_bpf *program;
	struct vp_error *err;
	VP_ARRAY(uint64_t) values[VP_CALL_ARGUMENTS];
};

static int disagree(struct proof *p, const struct seccomp_data *data, uint32_t found,
		    uint32_t expected)
{
	char text[2][VP_ACTION_TEXT];
	_cleanup_free_ char *name = NULL;
	enum vp_abi abi;
	bool known = vp_abi_of(data->arch, data->nr, &abi);

	if (known)
		name = vp_abi_call_name(abi, data->nr);
	return vp_fail(
		p->err, -EBADMSG,
		"the program does not do what the rules say, so it is not used: %s (%d) "
		"by %s with 0x%llx, 0x%llx, 0x%llx, 0x%llx, 0x%llx, 0x%llx is %s, "
		"expected: %s",
		name ? name : "call", data->nr,
		known ? vp_abi_name(abi) : "an unknown architecture", data->args[0],
		data->args[1], data->args[2], data->args[3], data->args[4], data->args[5],
		vp_action_name(found, text[0]), vp_action_name(expected, text[1]));
}

static int check(struct proof *p, const struct seccomp_data *data)
{
	uint32_t found = vp_bpf_run(p->program, data);
	uint32_t expected = vp_filter_judge(p->filter, data);

	return found == expected ? 0 : disagree(p, data, found, expected);
}

/* Values around one that arguments are compared with. */
static void add_values(struct proof *p, uint8_t argument, uint64_t mask, uint64_t value)
{
	vp_array_push(&p->values[argument], value);
	vp_array_push(&p->values[argument], value + 1);
	vp_array_push(&p->values[argument], value - 1);
	vp_array_push(&p->values[argument], value | ~mask);
	vp_array_push(&p->values[argument], value | 1ull << 32);
	vp_array_push(&p->values[argument], value | 1ull << 63);
	for (uint64_t bit = 1; bit; bit <<= 1)
		if (mask & bit)
			vp_array_push(&p->values[argument], value ^ bit);
}

static void collect_values(struct proof *p, const struct vp_filter_entry *entries,
			   size_t count)
{
	for (size_t i = 0; i < VP_CALL_ARGUMENTS; i++) {
		p->values[i].len = 0;
		for (size_t j = 0; j < VP_COUNT(fillers); j++)
			vp_array_push(&p->values[i], fillers[j]);
	}
	for (size_t i = 0; i < count; i++) {
		const struct vp_abi_form *form = &entries[i].form;
		const struct vp_call_rule *rule = &p->filter->rules.data[entries[i].rule].rule;

		if (form->selector_mask)
			add_values(p, 0, form->selector_mask, form->selector);
		vp_array_each (condition, &rule->conditions)
			add_values(p, condition->argument, condition->mask, condition->value);
	}
}

/* May the argument have this value as far as the entry is concerned? */
static bool meets(const struct proof *p, const struct vp_filter_entry *entry, uint8_t argument,
		  uint64_t value)
{
	const struct vp_call_rule *rule = &p->filter->rules.data[entry->rule].rule;
	uint64_t reach = vp_abi_is_narrow(entry->abi) ? UINT32_MAX : UINT64_MAX;

	if (!argument && (value & entry->form.selector_mask) != entry->form.selector)
		return false;
	vp_array_each (condition, &rule->conditions) {
		struct vp_call_condition in = vp_filter_condition_in(entry, condition);

		if (in.argument == argument && vp_filter_keeps(entry, condition) &&
		    !vp_call_condition_holds(&in, value & reach))
			return false;
	}
	return true;
}

static bool constrains(const struct proof *p, const struct vp_filter_entry *entry,
		       uint8_t argument)
{
	const struct vp_call_rule *rule = &p->filter->rules.data[entry->rule].rule;

	if (!argument && entry->form.selector_mask)
		return true;
	vp_array_each (condition, &rule->conditions)
		if (condition->argument == argument && vp_filter_keeps(entry, condition))
			return true;
	return false;
}

/* Set the arguments that the entry asks for to values that it is content with. */
static void satisfy(const struct proof *p, const struct vp_filter_entry *entry, __u64 *args)
{
	for (uint8_t i = 0; i < VP_CALL_ARGUMENTS; i++) {
		if (!constrains(p, entry, i))
			continue;
		vp_array_each (value, &p->values[i])
			if (meets(p, entry, i, *value)) {
				args[i] = *value;
				break;
			}
	}
}

static int vary(struct proof *p, const struct seccomp_data *base)
{
	int r = check(p, base);

	for (size_t i = 0; i < VP_CALL_ARGUMENTS && !r; i++) {
		struct seccomp_data data = *base;

		for (size_t j = 0; j < p->values[i].len && !r; j++) {
			data.args[i] = p->values[i].data[j];
			r = check(p, &data);
		}
	}
	return r;
}

static void fill(struct seccomp_data *data, uint64_t filler)
{
	for (size_t i = 0; i < VP_CALL_ARGUMENTS; i++)
		data->args[i] = filler;
}

/* An entry alone, and under each other one of the same call. */
static int prove_entry(struct proof *p, const struct vp_filter_entry *entries, size_t count,
		       size_t i, uint64_t filler)
{
	struct seccomp_data data = { .nr = entries->form.number,
				     .arch = vp_abi_audit(entries->abi),
				     .instruction_pointer = filler };
	int r;

	fill(&data, filler);
	satisfy(p, &entries[i], data.args);
	r = vary(p, &data);
	for (size_t j = 0; j < count && !r; j++) {
		struct seccomp_data both = data;

		if (j == i)
			continue;
		satisfy(p, &entries[j], both.args);
		r = check(p, &both);
	}
	return r;
}

static int prove_number(struct proof *p, const struct vp_filter_entry *entries, size_t count)
{
	int r = 0;

	collect_values(p, entries, count);
	for (size_t i = 0; i < count && !r; i++)
		for (size_t j = 0; j < VP_COUNT(fillers) && !r; j++)
			r = prove_entry(p, entries, count, i, fillers[j]);
	return r;
}

static int prove_entries(struct proof *p)
{
	size_t i = 0;
	int r = 0;

	while (i < p->filter->entries.len && !r) {
		const struct vp_filter_entry *entry = &p->filter->entries.data[i], *first;
		size_t count = vp_filter_entries_of(p->filter, entry->abi, entry->form.number,
						    &first);

		r = prove_number(p, entry, count);
		i += count;
	}
	return r;
}

static int prove_numbers(struct proof *p, uint32_t audit, uint32_t first, uint32_t count)
{
	for (uint32_t nr = first; nr - first < count; nr++) {
		struct seccomp_data data = { .nr = (int)nr, .arch = audit };

		for (size_t i = 0; i < VP_COUNT(fillers); i++) {
			int r;

			fill(&data, fillers[i]);
			r = check(p, &data);
			if (r)
				return r;
		}
	}
	return 0;
}

static int prove_abis(struct proof *p)
{
	int r = prove_numbers(p, UNKNOWN_AUDIT, 0, VP_CALL_NUMBERS);

	for (int abi = 0; abi < VP_ABI_COUNT && !r; abi++) {
		uint32_t audit = vp_abi_audit((enum vp_abi)abi);

		r = prove_numbers(p, audit, abi == VP_ABI_X32 ? VP_X32_BIT : 0,
				  VP_CALL_NUMBERS);
		if (!r)
			r = prove_numbers(p, audit, UINT32_MAX - 1, 2);
	}
	return r;
}

int vp_filter_prove(const struct vp_filter *filter, const struct vp_bpf *program,
		    struct vp_error *err)
{
	struct proof p = { .filter = filter, .program = program, .err = err };
	int r = prove_entries(&p);

	if (!r)
		r = prove_abis(&p);
	for (size_t i = 0; i < VP_CALL_ARGUMENTS; i++)
		vp_array_free(&p.values[i]);
	return r;
}
