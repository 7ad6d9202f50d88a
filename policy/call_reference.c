/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Named sets, prototypes and constants as text for people: doc/calls.md. */
#include "policy/call.h"

static const char *const types[] = {
	[VP_CALL_INT] = "",
	[VP_CALL_FLAGS] = " flags",
	[VP_CALL_LONG] = " long",
	[VP_CALL_LONG_FLAGS] = " long flags",
	[VP_CALL_POINTER] = " memory",
};
_Static_assert(VP_COUNT(types) == VP_CALL_POINTER + 1, "every type has a name");

static void print_sets(struct vp_strbuf *out)
{
	size_t count;
	const struct vp_call_set *sets = vp_call_set_all(&count);

	vp_strbuf_adds(out, "## Sets\n\n| set | denies | written out |\n|---|---|---|\n");
	for (size_t i = 0; i < count; i++) {
		vp_strbuf_addf(out, "| `%s` | %s |", sets[i].name, sets[i].what);
		for (size_t k = 0; k < VP_CALL_SET_MEMBERS && sets[i].members[k]; k++)
			vp_strbuf_addf(out, "%s `%s`", k ? "," : "", sets[i].members[k]);
		vp_strbuf_adds(out, " |\n");
	}
}

static void print_argument(const struct vp_call_argument *argument, struct vp_strbuf *out)
{
	vp_strbuf_addf(out, "`%s`%s", argument->name, types[argument->type]);
	if (argument->mask)
		vp_strbuf_addf(out, " (of %#llx)", (unsigned long long)argument->mask);
	for (unsigned int family = 0; family < VP_CALL_FAMILY_COUNT; family++)
		if (argument->families >> family & 1)
			vp_strbuf_addf(out, " %s",
				       vp_call_family_name((enum vp_call_family)family));
}

static void print_calls(struct vp_strbuf *out)
{
	size_t count;
	const struct vp_call_prototype *calls = vp_call_all(&count);

	vp_strbuf_adds(
		out,
		"\n## Calls\n\nA number has 32 bits unless it is `long`, which has 64; "
		"`memory` is an address. Behind\nit stand the bits that are compared, where "
		"they are not all, and the families of its constants.\n\n"
		"| call | arguments |\n|---|---|\n");
	for (size_t i = 0; i < count; i++) {
		vp_strbuf_addf(out, "| `%s` |", calls[i].name);
		for (size_t k = 0; k < VP_CALL_ARGUMENTS && calls[i].arguments[k].name; k++) {
			vp_strbuf_adds(out, k ? ", " : " ");
			print_argument(&calls[i].arguments[k], out);
		}
		vp_strbuf_adds(out, " |\n");
	}
}

static void print_constants(struct vp_strbuf *out)
{
	vp_strbuf_adds(out, "\n## Constants\n\n| family | constants |\n|---|---|\n");
	for (unsigned int family = 0; family < VP_CALL_FAMILY_COUNT; family++) {
		size_t count;
		const struct vp_call_constant *list =
			vp_call_constants((enum vp_call_family)family, &count);

		vp_strbuf_addf(out, "| %s |",
			       vp_call_family_name((enum vp_call_family)family));
		for (size_t i = 0; i < count; i++)
			vp_strbuf_addf(out, " `%s`", list[i].name);
		vp_strbuf_adds(out, " |\n");
	}
}

void vp_call_reference(struct vp_strbuf *out)
{
	print_sets(out);
	print_calls(out);
	print_constants(out);
}
