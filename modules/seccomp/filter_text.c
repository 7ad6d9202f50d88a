/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters and calls for people. */
#include <errno.h>
#include <inttypes.h>

#include "modules/seccomp/action.h"
#include "modules/seccomp/filter_layout.h"

static void print_number(uint64_t value, struct vp_strbuf *out)
{
	vp_strbuf_addf(out, value < 4096 ? "%" PRIu64 : "0x%" PRIx64, value);
}

void vp_filter_print_call(const struct vp_call_prototype *call, const uint64_t *arguments,
			  struct vp_strbuf *out)
{
	size_t count = VP_CALL_ARGUMENTS;

	while (count && !arguments[count - 1])
		count--;
	vp_strbuf_addf(out, "%s(", call->name);
	for (size_t i = 0; i < count; i++) {
		const struct vp_call_argument *argument = &call->arguments[i];

		vp_strbuf_adds(out, i ? ", " : "");
		if (argument->type != VP_CALL_NONE)
			vp_strbuf_addf(out, "%s=", argument->name);
		print_number(arguments[i], out);
	}
	vp_strbuf_addc(out, ')');
}

static void print_condition(const struct vp_call_prototype *call,
			    const struct vp_call_condition *condition, struct vp_strbuf *out)
{
	static const char *const signs[] = {
		[VP_CALL_EQUAL] = "==",	 [VP_CALL_UNEQUAL] = "!=",  [VP_CALL_LESS] = "<",
		[VP_CALL_GREATER] = ">", [VP_CALL_AT_LEAST] = ">=", [VP_CALL_AT_MOST] = "<=",
	};
	uint64_t all = condition->wide ? UINT64_MAX : UINT32_MAX;

	vp_strbuf_adds(out, call->arguments[condition->argument].name);
	if ((condition->mask & all) != all) {
		vp_strbuf_adds(out, " & ");
		print_number(condition->mask, out);
	}
	vp_strbuf_addf(out, " %s ", signs[condition->compare]);
	print_number(condition->value, out);
}

/* "int 0x80 socketcall 102 (1)": where and under which number a form is. */
static void print_form(const struct vp_filter_entry *entry, struct vp_strbuf *out)
{
	vp_strbuf_addf(out, "%s %s %d", vp_abi_name(entry->abi), entry->form.name,
		       entry->form.number);
	if (entry->form.selector_mask)
		vp_strbuf_addf(out, " (%" PRIu32 ")", entry->form.selector);
}

static void print_forms(const struct vp_filter *filter, uint32_t rule, struct vp_strbuf *out)
{
	const char *between = "    in ";

	vp_array_each (entry, &filter->entries) {
		bool loose = false;

		if (entry->rule != rule)
			continue;
		vp_strbuf_adds(out, between);
		print_form(entry, out);
		vp_array_each (condition, &filter->rules.data[rule].rule.conditions)
			loose = loose || !vp_filter_keeps(entry, condition);
		if (loose)
			vp_strbuf_adds(out, entry->form.kept
						    ? " with some arguments not looked at"
						    : " whatever its arguments");
		between = ", ";
	}
	vp_strbuf_adds(out,
		       between[0] == ',' ? "\n" : "    this architecture has no such call\n");
}

static void print_rule(const struct vp_filter *filter, uint32_t i, vp_filter_namer *name,
		       void *context, struct vp_strbuf *out)
{
	const struct vp_filter_owned *owned = &filter->rules.data[i];
	const struct vp_call_rule *rule = &owned->rule;
	const char *between = " with ";
	char text[VP_ACTION_TEXT];

	vp_strbuf_addf(out, "  %s", rule->prototype->name);
	vp_array_each (condition, &rule->conditions) {
		vp_strbuf_adds(out, between);
		print_condition(rule->prototype, condition, out);
		between = " and ";
	}
	vp_strbuf_addf(out, ": %s",
		       vp_action_name(owned->monitor
					      ? SECCOMP_RET_LOG
					      : SECCOMP_RET_ERRNO | (uint32_t)rule->error,
				      text));
	if (filter->revocable)
		vp_strbuf_adds(out, ", revocable");
	if (owned->implied)
		vp_strbuf_adds(out, ", because clone is denied");
	if (name)
		vp_strbuf_addf(out, "  [%s]\n", name(owned->tag, context));
	else
		vp_strbuf_addf(out, "  [%" PRIu32 "]\n", owned->tag);
	print_forms(filter, i, out);
}

void vp_filter_print(const struct vp_filter *filter, vp_filter_namer *name, void *context,
		     struct vp_strbuf *out)
{
	struct vp_bpf program = vp_filter_program(filter);
	enum vp_abi companion = vp_abi_companion(filter->abi);
	char closed[VP_ACTION_TEXT];

	vp_action_name(filter->revocable ? SECCOMP_RET_ERRNO | ENOSYS : filter->closed,
		       closed);
	vp_strbuf_addf(out, "filter for %s: %zu rules, %zu instructions\n",
		       vp_abi_name(filter->abi), filter->rules.len, program.len);
	if (filter->cover)
		vp_strbuf_addf(out, "calls by %s: under the same rules; all others: %s\n",
			       vp_abi_name(companion), closed);
	else
		vp_strbuf_addf(out, "calls by %s and all others: %s\n", vp_abi_name(companion),
			       closed);
	for (uint32_t i = 0; i < filter->rules.len; i++)
		print_rule(filter, i, name, context, out);
	vp_strbuf_adds(out, "program\n");
	vp_bpf_print(&program, out);
}
