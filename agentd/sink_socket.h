/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the sinks that send to a Unix socket have in common: connecting and
 * reconnecting, datagram or stream, the backlog, and saying what was dropped.
 */
#ifndef VP_AGENTD_SINK_SOCKET_H
#define VP_AGENTD_SINK_SOCKET_H

#include "agentd/backlog.h"
#include "agentd/sink.h"
#include "lib/strbuf.h"

struct vp_sink_socket {
	struct vp_sink sink;
	struct vp_sink_options options; /* path owned */
	/* One whole message for the receiver. */
	void (*render)(const struct vp_sink_options *options, const struct vp_event *event,
		       struct vp_strbuf *out);
	int fd; /* -1: not connected */
	bool stream;
	size_t sent;	 /* stream: bytes of the oldest message that are out already */
	uint64_t retry;	 /* not before (vp_event_now) */
	uint64_t unsaid; /* dropped since the last line that said so */
	struct vp_backlog backlog;
};

/* *sink owned by the caller; path NULL: `path`. */
void vp_sink_socket_open(struct vp_sink **sink, const struct vp_sink_ops *ops,
			 const struct vp_sink_options *options, const char *path,
			 void (*render)(const struct vp_sink_options *options,
					const struct vp_event *event, struct vp_strbuf *out));
void vp_sink_socket_write(struct vp_sink *sink, const struct vp_event *event);
void vp_sink_socket_flush(struct vp_sink *sink);
void vp_sink_socket_close(struct vp_sink *sink);

#endif
