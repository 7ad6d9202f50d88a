/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking a constant up in a table of them. The tables are elsewhere. */
#include "policy/call_list.h"

#include <string.h>

const struct vp_call_constant *vp_call_list_find(const struct vp_call_list *list,
						 const char *name, size_t len)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strncmp(list->constants[i].name, name, len) &&
		    !list->constants[i].name[len])
			return &list->constants[i];
	return NULL;
}

void vp_call_list_suggest(const struct vp_call_list *list, struct vp_suggestion *suggestion)
{
	for (size_t i = 0; i < list->count; i++)
		vp_suggest(suggestion, list->constants[i].name);
}
