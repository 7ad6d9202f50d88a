/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where events go. A sink never blocks the daemon: what cannot be delivered now
 * waits in a bounded queue, what does not fit there is counted and said in a
 * line of its own as soon as lines get through again.
 */
#ifndef VP_AGENTD_SINK_H
#define VP_AGENTD_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "agentd/event.h"
#include "modules/module.h"

struct vp_sink; /* opaque; first member of each kind's own struct */

struct vp_sink_options {
	const char *path;	     /* of the socket or file; NULL: the kind's default */
	enum vp_event_format format; /* syslog */
	int facility;		     /* syslog: LOG_DAEMON, LOG_LOCAL0, ... */
	uint64_t limit;		     /* file: bytes in all; 0: 16 MiB */
};

struct vp_sink_ops {
	const char *name; /* "syslog", "journal", "file" */

	/* *sink is owned by the caller. A receiver that is not there yet is no error. */
	int (*open)(struct vp_sink **sink, const struct vp_sink_options *options,
		    struct vp_error *err);
	void (*write)(struct vp_sink *sink, const struct vp_event *event);
	/* Try again what is waiting; call about every second. */
	void (*flush)(struct vp_sink *sink);
	/* One last try for what is waiting, then release. */
	void (*close)(struct vp_sink *sink);
};

extern const struct vp_sink_ops vp_sink_syslog; /* /dev/log, datagram or stream */
extern const struct vp_sink_ops
	vp_sink_journal; /* /run/systemd/journal/socket, native fields */
extern const struct vp_sink_ops
	vp_sink_file; /* path needed: JSON lines for vpatchctl events */

struct vp_sink {
	const struct vp_sink_ops *ops;
	uint64_t written, dropped; /* lines */
};

/* Does the journal read this process's output (JOURNAL_STREAM or INVOCATION_ID set)? */
bool vp_sink_under_journal(void);

/*
 * The newest `limit` stored events of a file sink's path that the filter lets through,
 * oldest first: an array owned by the caller, or NULL when a file cannot be read.
 * Damaged lines (a crash in the middle of a write) are skipped. No more than the last
 * 16 MiB of a file are read, once.
 */
json_t *vp_sink_file_read(const char *path, const struct vp_event_filter *filter, size_t limit,
			  struct vp_error *err);

/*
 * The highest total that the newest stored events (the last MiB of each file) said
 * for each tag, appended to *reported: what had its event before a crash, also after
 * the last time that totals were saved. Nothing readable: nothing is appended.
 */
void vp_sink_file_totals(const char *path, struct vp_counts *reported);

#endif
