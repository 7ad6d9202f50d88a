/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sections of one patch as one filter: see call_filter.h. */
#include "agentd/ctl/lab/call_filter.h"

#include <errno.h>

#include "policy/validate.h"

#define TWIN_BASE 2048 /* above it Linux has no errno values, below 4095 all are returned */

VP_ARRAY_TYPE(filter_rules, struct vp_filter_rule);

int vp_call_filter_compile(const struct vp_patch *patch, size_t section,
			   const struct vp_call_mutant *mutant, struct vp_filter **filter,
			   struct vp_error *err)
{
	struct vp_filter_request request = { .abi = vp_abi_native() };
	struct vp_call_rules rules = { 0 };
	struct filter_rules list = { 0 };
	int r;

	for (size_t i = 0; i < patch->syscalls.len; i++) {
		const struct vp_syscalls *other = &patch->syscalls.data[i];
		struct vp_call_rule rule;

		if (i != section && !vp_syscalls_share(other, &patch->syscalls.data[section]))
			continue;
		request.cover |= other->foreign == VP_FOREIGN_COVER;
		for (size_t k = 0; k < other->rules.len; k++)
			if (vp_call_mutant_rule(mutant, patch, i, k, &rule))
				vp_array_push(&rules, rule);
	}
	vp_array_each (rule, &rules)
		vp_array_push(&list, ((struct vp_filter_rule){ .tag = 1, .rule = rule }));
	request.rules = list.data;
	request.count = list.len;
	r = list.len ? vp_filter_compile(&request, filter, err)
		     : vp_fail(err, -ENODATA, "no rule is left");
	vp_array_free(&list);
	vp_call_rules_free(&rules);
	return r;
}

int vp_call_filter_twin_errno(int error)
{
	return TWIN_BASE + error;
}

struct sock_filter *vp_call_filter_twin(const struct vp_bpf *program)
{
	struct sock_filter *twin = vp_memdup(program->code, program->len * sizeof(*twin));

	for (size_t i = 0; i < program->len; i++)
		if (twin[i].code == (BPF_RET | BPF_K) &&
		    (twin[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
			twin[i].k = SECCOMP_RET_ERRNO |
				    (uint32_t)vp_call_filter_twin_errno(
					    (int)(twin[i].k & SECCOMP_RET_DATA));
	return twin;
}
