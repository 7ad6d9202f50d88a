/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See gather.h. */
#include "modules/inspection/gather.h"

#include <string.h>

#include "lib/memory.h"

#define KEPT_MAX 512 /* memory worth keeping for the next message */

size_t vp_gather(struct vp_gather *gather, size_t want, struct vp_slice bytes)
{
	size_t used = want > gather->len ? want - gather->len : 0;

	if (used > bytes.len)
		used = bytes.len;
	if (!used)
		return 0;
	if (gather->cap < gather->len + used) {
		gather->cap =
			(gather->len + used) * 2 < want ? (gather->len + used) * 2 : want;
		gather->data = vp_realloc(gather->data, gather->cap, 1);
	}
	memcpy(gather->data + gather->len, bytes.data, used);
	gather->len += used;
	return used;
}

void vp_gather_reset(struct vp_gather *gather)
{
	gather->len = 0;
	if (gather->cap > KEPT_MAX)
		vp_gather_free(gather);
}

void vp_gather_free(struct vp_gather *gather)
{
	free(gather->data);
	*gather = (struct vp_gather){ 0 };
}
