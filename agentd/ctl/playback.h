/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A capture through the inspection engine: fragments put together, packets judged
 * in the order and at the times they were captured, and what became of them
 * counted. Nothing is sent, and nothing of this host is asked.
 */
#ifndef VP_AGENTD_CTL_PLAYBACK_H
#define VP_AGENTD_CTL_PLAYBACK_H

#include "agentd/ctl/capture.h"
#include "modules/inspection/engine.h"

struct vp_playback_user {
	/* `time`: of the packet that made it so; without one (hit->packet is 0) of the engine.
	 */
	void (*hit)(void *context, const struct vp_hit *hit, const struct timespec *time);
	/* Milliseconds for which a rule bans. */
	uint64_t (*ban)(void *context, uint32_t tag);
	/* Now and then, with the number of packets so far. */
	void (*progress)(void *context, uint64_t packets);
};

struct vp_playback_counts {
	uint64_t packets;	/* in the capture */
	uint64_t flows;		/* pairs of endpoints that exchange something */
	uint64_t blocked;	/* packets that would not have reached their receiver */
	uint64_t banned;	/* of these: because their source was banned before */
	uint64_t altered;	/* packets that would have lost bytes on their way */
	uint64_t cut;		/* not all of their bytes were captured */
	uint64_t behind_cut;	/* of connections with a cut packet, behind it */
	uint64_t not_ip;	/* nothing that vpatch shields */
	uint64_t not_inspected; /* IP, but no transport that inspection reads */
	uint64_t malformed;	/* what no receiver takes */
	uint64_t checksum;	/* likewise, because of a wrong checksum */
	uint64_t fragments, datagrams, refused, incomplete; /* see defragment.h */
};

/* What packets are judged by. */
struct vp_playback_rules {
	const struct vp_scopes *headers; /* of TCP, before streams are read: see headers.h */
	const struct vp_scopes *inspection;
};

/*
 * Play to the end. 0, or -errno with *err when the capture cannot be read on; what
 * came before is judged and counted all the same.
 */
int vp_playback(struct vp_capture *capture, const struct vp_playback_rules *rules,
		const struct vp_playback_user *user, void *context,
		struct vp_playback_counts *counts, struct vp_error *err);

#endif
