/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules on the headers of TCP alone (who may connect, how often): live they are
 * netfilter's, which judges every packet before any stream is read. So does this,
 * with the conditions that inspection can evaluate too.
 */
#ifndef VP_AGENTD_CTL_HEADERS_H
#define VP_AGENTD_CTL_HEADERS_H

#include "modules/inspection/engine.h"

struct vp_headers;

/* `scopes` has those rules only, and outlives it. Owned by the caller. */
struct vp_headers *vp_headers_new(const struct vp_scopes *scopes,
				  void (*hit)(void *context, const struct vp_hit *hit),
				  void *context);
void vp_headers_free(struct vp_headers *headers);

/* Judge a TCP packet. True: it is blocked, and nobody behind sees it. */
bool vp_headers_judge(struct vp_headers *headers, const struct vp_packet *packet,
		      uint64_t number, uint64_t milliseconds, bool local);

#endif
