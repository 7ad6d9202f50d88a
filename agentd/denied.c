/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules of denied calls: see denied.h. */
#include "agentd/denied.h"

#include <stdio.h>
#include <string.h>

#include <linux/seccomp.h>

#include "modules/seccomp/abi.h"

static void add_tag(struct vp_filter_tags *tags, uint32_t tag)
{
	vp_array_each (present, tags)
		if (*present == tag)
			return;
	vp_array_push(tags, tag);
}

/* Does the filter answer everything in this ABI, whatever its rules say? */
static bool is_closed(const struct vp_filter *filter, const struct vp_denial *denial)
{
	enum vp_abi abi;

	if (!vp_abi_of(denial->architecture, denial->call, &abi))
		return true;
	return abi != vp_filter_abi(filter) &&
	       !(vp_filter_covers(filter) && abi == vp_abi_companion(vp_filter_abi(filter)));
}

/* What only logs has a rule in monitor mode, what denies has another. */
static void find_in(const struct vp_filter *filter, const struct vp_denial *denial,
		    struct vp_denied *denied)
{
	bool logged = denial->action == SECCOMP_RET_LOG;
	struct vp_filter_tags tags = { 0 };

	vp_filter_owners(filter, denial->architecture, denial->call, NULL, &tags);
	vp_array_each (tag, &tags)
		if (vp_filter_monitors(filter, *tag) == logged)
			add_tag(&denied->tags, *tag);
	vp_array_free(&tags);
	if (denied->tags.len)
		denied->cause = VP_DENIED_RULE;
	else if (is_closed(filter, denial))
		denied->cause = VP_DENIED_ABI;
}

void vp_denied_find(const struct vp_filter *const *filters, size_t count,
		    const struct vp_denial *denial, struct vp_denied *denied)
{
	*denied = (struct vp_denied){ .cause = VP_DENIED_FOREIGN };
	if (denial->action != SECCOMP_RET_ERRNO && denial->action != SECCOMP_RET_LOG)
		return; /* ours do nothing else */
	for (size_t i = 0; i < count; i++)
		if (filters[i])
			find_in(filters[i], denial, denied);
}

const struct vp_call_placement *vp_denied_placement(const struct vp_plan *plan, uint32_t tag)
{
	vp_array_each (placement, &plan->calls)
		if (placement->tag == tag)
			return placement;
	return NULL;
}

/* Of a section's rules on that call: -1 when they differ, 0 when there is none. */
static int error_in(const struct vp_syscalls *syscalls, const char *call)
{
	int error = 0;

	vp_array_each (rule, &syscalls->rules) {
		if (strcmp(rule->prototype->name, call) != 0)
			continue;
		if (error && error != rule->error)
			return -1;
		error = rule->error;
	}
	return error;
}

static int error_of(const struct vp_plan *plan, const struct vp_denied *denied,
		    const char *call)
{
	int error = 0;

	vp_array_each (tag, &denied->tags) {
		const struct vp_call_placement *placement = vp_denied_placement(plan, *tag);
		int this = placement ? error_in(placement->syscalls, call) : -1;

		if (this <= 0 || (error && error != this))
			return 0;
		error = this;
	}
	return error;
}

/* "CVE-2024-1086/worker, ..."; what does not fit is left out whole. */
static void list_others(const struct vp_plan *plan, const struct vp_denied *denied, char *text,
			size_t room)
{
	size_t len = 0;

	for (size_t i = 1; i < denied->tags.len; i++) {
		const struct vp_call_placement *placement =
			vp_denied_placement(plan, denied->tags.data[i]);
		const char *comma = len ? ", " : "";
		int more;

		if (!placement)
			continue;
		more = snprintf(text + len, room - len, "%s%s/%s", comma, placement->patch->id,
				placement->syscalls->name);
		if (more < 0 || (size_t)more >= room - len) {
			text[len] = '\0';
			return;
		}
		len += (size_t)more;
	}
}

void vp_denied_describe(const struct vp_plan *plan, const struct vp_denied *denied,
			const struct vp_denial *denial, struct vp_event_call *call)
{
	bool logged = denial->action == SECCOMP_RET_LOG;
	_cleanup_free_ char *name = NULL;
	enum vp_abi abi;
	int error;

	if (vp_abi_of(denial->architecture, denial->call, &abi))
		name = vp_abi_call_name(abi, denial->call);
	if (name)
		vp_event_set(call->name, sizeof(call->name), name);
	else
		snprintf(call->name, sizeof(call->name), "%d", denial->call);
	if (!plan || denied->cause != VP_DENIED_RULE)
		return;
	error = name && !logged ? error_of(plan, denied, name) : 0;
	if (error)
		vp_event_set(call->error, sizeof(call->error), vp_call_errno_name(error));
	list_others(plan, denied, call->candidates, sizeof(call->candidates));
}
