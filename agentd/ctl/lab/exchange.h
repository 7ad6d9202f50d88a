/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of a sample over one path: its steps, as often as it says, and what arrived. */
#ifndef VP_LAB_EXCHANGE_H
#define VP_LAB_EXCHANGE_H

#include "agentd/ctl/lab/transport.h"

struct vp_arrival {
	uint32_t sent;	      /* repetitions */
	uint32_t arrived;     /* of them: the decisive bytes arrived */
	bool intact;	      /* every step of every repetition arrived byte for byte */
	uint64_t nanoseconds; /* from the first repetition to the last */
	char note[160];	      /* which step did not arrive, and how; "" */
};

/*
 * The step whose arrival decides: the last that the sample's rule can see
 * (to-server: send or packet; to-client: receive or packet), or without a rule the
 * last of any. Index into sample->steps, or SIZE_MAX when there is none.
 */
size_t vp_decisive_step(const struct vp_sample *sample, enum vp_direction direction);

/*
 * Run it. A repetition ends at the first step that does not arrive. When this
 * returns, all traffic has come to rest and the connections are still open, held
 * by *stream, so that counters can be read before they are torn down; the caller
 * closes it (vp_stream_close()). 0, or -errno when the lab itself fails.
 */
int vp_exchange_run(struct vp_lab *lab, struct vp_witnesses *witnesses,
		    const struct vp_path *path, const struct vp_sample *sample,
		    enum vp_direction direction, struct vp_stream *stream,
		    struct vp_arrival *arrival, struct vp_error *err);

#endif
