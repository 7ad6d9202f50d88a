/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table of constants by name: one family's, or errno's. */
#ifndef VP_POLICY_CALL_LIST_H
#define VP_POLICY_CALL_LIST_H

#include "policy/call.h"

struct vp_call_list {
	const char *name;
	const struct vp_call_constant *constants;
	size_t count;
};

/* NULL: unknown. */
const struct vp_call_constant *vp_call_list_find(const struct vp_call_list *list,
						 const char *name, size_t len);
/* Consider all of them for "did you mean". */
void vp_call_list_suggest(const struct vp_call_list *list, struct vp_suggestion *suggestion);

#endif
