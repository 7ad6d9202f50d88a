/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captured traffic, packet after packet: pcap and pcapng through libpcap, with the
 * link layer taken off. Every byte of it is foreign.
 */
#ifndef VP_AGENTD_CTL_CAPTURE_H
#define VP_AGENTD_CTL_CAPTURE_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "lib/cleanup.h"
#include "lib/error.h"
#include "modules/inspection/sink.h"

struct vp_capture;

/*
 * Open a file, "-" for standard input. Owned by the caller; NULL with *err when it
 * cannot be read, is no capture, or is of a link that is not understood.
 */
struct vp_capture *vp_capture_open(const char *path, struct vp_error *err);

/* The same of an open file, which is closed with the capture, also on failure. `name` is
 * what errors call it. */
struct vp_capture *vp_capture_of(FILE *file, const char *name, struct vp_error *err);

void vp_capture_close(struct vp_capture *capture);

static inline void vp_capture_close_(struct vp_capture **capture)
{
	vp_capture_close(*capture);
}
#define _cleanup_capture_ vp_cleanup(vp_capture_close_)

enum vp_frame_kind {
	VP_FRAME_IP,
	VP_FRAME_CUT,	/* IP, of which not all bytes were captured */
	VP_FRAME_OTHER, /* not IP, or nothing that could be taken apart */
};

struct vp_frame {
	uint64_t number; /* from 1, as other programs count them */
	struct timespec time;
	enum vp_frame_kind kind;
	struct vp_slice bytes; /* from the IP header on; valid until the next is read */
};

/* 1 with the next frame, 0 at the end, -errno with *err: nothing behind can be read. */
int vp_capture_next(struct vp_capture *capture, struct vp_frame *frame, struct vp_error *err);

#endif
