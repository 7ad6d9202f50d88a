/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filters: the rules brought into order and into the forms that each ABI has for their
 * calls. The program is made in filter_emit.c and proven in filter_prove.c.
 */
#include "modules/seccomp/filter.h"

#include <errno.h>

#include "modules/seccomp/filter_layout.h"

#define ERRNO_MAX 4095			 /* MAX_ERRNO of the kernel: more is cut down to it */
#define RULES_MAX (SECCOMP_RET_DATA - 1) /* that a listener can tell apart */

void vp_filter_free(struct vp_filter *filter)
{
	if (!filter || filter->shares-- > 0)
		return;
	vp_array_each (owned, &filter->rules)
		vp_array_free(&owned->rule.conditions);
	vp_array_free(&filter->rules);
	vp_array_free(&filter->entries);
	vp_array_free(&filter->code);
	free(filter);
}

struct vp_filter *vp_filter_share(struct vp_filter *filter)
{
	filter->shares++;
	return filter;
}

struct vp_bpf vp_filter_program(const struct vp_filter *filter)
{
	return (struct vp_bpf){ filter->code.data, filter->code.len };
}

unsigned long vp_filter_flags(const struct vp_filter *filter)
{
	return SECCOMP_FILTER_FLAG_SPEC_ALLOW |
	       (filter->revocable ? 0 : SECCOMP_FILTER_FLAG_LOG);
}

enum vp_abi vp_filter_abi(const struct vp_filter *filter)
{
	return filter->abi;
}

bool vp_filter_covers(const struct vp_filter *filter)
{
	return filter->cover;
}

bool vp_filter_is_revocable(const struct vp_filter *filter)
{
	return filter->revocable;
}

static void copy_rule(struct vp_filter *filter, const struct vp_filter_rule *from)
{
	struct vp_filter_owned *owned = vp_array_add(&filter->rules);

	*owned = (struct vp_filter_owned){ .tag = from->tag, .monitor = from->monitor };
	owned->rule.prototype = from->rule->prototype;
	owned->rule.error = from->rule->error;
	owned->rule.forced = from->rule->forced;
	vp_array_each (condition, &from->rule->conditions)
		vp_array_push(&owned->rule.conditions, *condition);
}

static int check_rule(const struct vp_call_rule *rule, struct vp_error *err)
{
	const char *name = rule->prototype->name;

	if (!vp_abi_knows(name))
		return vp_fail(
			err, -EOPNOTSUPP,
			"the installed libseccomp does not know the call %s: a newer one is "
			"needed to deny it",
			name);
	if (rule->error < 0 || rule->error > ERRNO_MAX)
		return vp_fail(err, -EINVAL, "%s: an errno is 0 to %d, found %d", name,
			       ERRNO_MAX, rule->error);
	vp_array_each (c, &rule->conditions)
		if (c->argument >= VP_CALL_ARGUMENTS || c->value & ~c->mask ||
		    (!c->wide && c->mask > UINT32_MAX))
			return vp_fail(err, -EINVAL,
				       "%s: a value is outside its mask or width", name);
	return 0;
}

static bool denies_whole(const struct vp_filter *filter, const char *call)
{
	vp_array_each (owned, &filter->rules)
		if (!owned->rule.conditions.len && !strcmp(owned->rule.prototype->name, call))
			return true;
	return false;
}

/*
 * clone3 has the flags of clone in memory, where no filter can read them. ENOSYS makes libc
 * go back to clone; with EPERM no thread could be started any more.
 */
static void imply_clone3(struct vp_filter *filter)
{
	static const char name[] = "clone3";
	const struct vp_call_prototype *clone3 = vp_call_find(name, sizeof(name) - 1);
	size_t count = filter->rules.len;

	if (!clone3 || !vp_abi_knows(name) || denies_whole(filter, name))
		return;
	for (size_t i = 0; i < count; i++) {
		const struct vp_filter_owned *owned = &filter->rules.data[i];
		struct vp_filter_owned implied = { .tag = owned->tag, .implied = true };

		if (strcmp(owned->rule.prototype->name, "clone"))
			continue;
		implied.rule.prototype = clone3;
		implied.rule.error = ENOSYS;
		vp_array_push(&filter->rules, implied);
	}
}

/* Rules in monitor mode come last: what is enforced is never hidden by them. */
static int take_rules(struct vp_filter *filter, const struct vp_filter_request *request,
		      struct vp_error *err)
{
	if (!request->count)
		return vp_fail(err, -EINVAL, "a filter without rules has no use");
	for (int monitor = 0; monitor < 2; monitor++) {
		for (size_t i = 0; i < request->count; i++) {
			int r;

			if (request->rules[i].monitor != (bool)monitor)
				continue;
			r = check_rule(request->rules[i].rule, err);
			if (r)
				return r;
			copy_rule(filter, &request->rules[i]);
		}
		if (!monitor)
			imply_clone3(filter);
	}
	return 0;
}

uint32_t vp_filter_action_of(const struct vp_filter *filter, uint32_t rule)
{
	const struct vp_filter_owned *owned = &filter->rules.data[rule];

	if (filter->revocable)
		return SECCOMP_RET_USER_NOTIF | (rule + 1);
	return owned->monitor ? SECCOMP_RET_LOG
			      : SECCOMP_RET_ERRNO | (uint32_t)owned->rule.error;
}

static void add_entries(struct vp_filter *filter, enum vp_abi abi, uint32_t rule)
{
	const char *name = filter->rules.data[rule].rule.prototype->name;
	struct vp_abi_form forms[VP_ABI_FORMS];
	size_t count = vp_abi_forms(abi, name, forms);
	uint32_t action = vp_filter_action_of(filter, rule);

	for (size_t i = 0; i < count; i++)
		vp_array_push(&filter->entries,
			      ((struct vp_filter_entry){ abi, forms[i], rule, action }));
}

static int compare_entries(const void *left, const void *right)
{
	const struct vp_filter_entry *a = left, *b = right;

	if (a->abi != b->abi)
		return a->abi < b->abi ? -1 : 1;
	if (a->form.number != b->form.number)
		return a->form.number < b->form.number ? -1 : 1;
	if (a->rule != b->rule)
		return a->rule < b->rule ? -1 : 1;
	return (a->form.selector > b->form.selector) - (a->form.selector < b->form.selector);
}

static void place_rules(struct vp_filter *filter)
{
	for (uint32_t i = 0; i < filter->rules.len; i++) {
		add_entries(filter, filter->abi, i);
		if (filter->cover)
			add_entries(filter, vp_abi_companion(filter->abi), i);
	}
	if (filter->entries.len)
		qsort(filter->entries.data, filter->entries.len, sizeof(*filter->entries.data),
		      compare_entries);
}

static bool only_monitors(const struct vp_filter *filter)
{
	vp_array_each (owned, &filter->rules)
		if (!owned->monitor)
			return false;
	return true;
}

static uint32_t closed_action(const struct vp_filter *filter)
{
	if (filter->revocable)
		return SECCOMP_RET_USER_NOTIF;
	return only_monitors(filter) ? SECCOMP_RET_LOG : SECCOMP_RET_ERRNO | ENOSYS;
}

static int check_revocable(const struct vp_filter *filter, struct vp_error *err)
{
	if (!filter->revocable)
		return 0;
	if (filter->rules.len > RULES_MAX)
		return vp_fail(err, -E2BIG, "too many rules for one filter");
	vp_array_each (owned, &filter->rules)
		if (owned->monitor)
			return vp_fail(err, -EINVAL, "what only logs has nothing to revoke");
	return 0;
}

int vp_filter_compile(const struct vp_filter_request *request, struct vp_filter **filter,
		      struct vp_error *err)
{
	_cleanup_filter_ struct vp_filter *f = vp_new(struct vp_filter);
	struct vp_bpf program;
	int r;

	if (request->abi != VP_ABI_X86_64 && request->abi != VP_ABI_AARCH64)
		return vp_fail(err, -EOPNOTSUPP,
			       "system-call shields are for x86-64 and aarch64 only");
	f->abi = request->abi;
	f->cover = request->cover;
	f->revocable = request->revocable;
	r = take_rules(f, request, err);
	if (r)
		return r;
	r = check_revocable(f, err);
	if (r)
		return r;
	f->closed = closed_action(f);
	place_rules(f);
	r = vp_filter_emit(f, err);
	if (r)
		return r;
	program = vp_filter_program(f);
	r = vp_bpf_check(&program, err);
	if (!r)
		r = vp_filter_prove(f, &program, err);
	if (r)
		return r;
	*filter = TAKE_PTR(f);
	return 0;
}
