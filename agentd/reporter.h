/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchd's side of vpatchd-events: start it, restart it, read its records and
 * check each of them. vpatchd itself never looks at a packet.
 *
 *	vp_reporter_start(&reporter, &options, &err);
 *	poll vp_reporter_fd() for POLLIN; the number changes after a restart
 *	vp_reporter_read(reporter, &report) until it returns 0, at most some hundred
 *	times a wake-up; on a timer (each second): vp_reporter_tick(reporter)
 *
 * The process is waited for here, by its id: nobody else may call waitpid(-1).
 */
#ifndef VP_AGENTD_REPORTER_H
#define VP_AGENTD_REPORTER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agentd/report.h"
#include "lib/error.h"

struct vp_reporter; /* opaque */

struct vp_reporter_options {
	const char *executable; /* NULL: VP_LIBEXECDIR "/vpatchd-events" */
	uint16_t group;		/* of NFLOG */
};

/*
 * Open the group and start the process. *reporter is always made and owned by the
 * caller (vp_reporter_stop). 0, or -errno with the reason when it does not run yet:
 * vp_reporter_tick tries again. -EBUSY: the group is used by another process, which
 * was given a second to end.
 */
int vp_reporter_start(struct vp_reporter **reporter, const struct vp_reporter_options *options,
		      struct vp_error *err);
void vp_reporter_stop(struct vp_reporter *reporter);

/* Readable when there is something for vp_reporter_read; -1 while no process runs. */
int vp_reporter_fd(const struct vp_reporter *reporter);

/*
 * The next record about a packet. 1: *report is filled and checked; 0: nothing
 * now (also after the process died: vp_reporter_tick restarts it). Records that
 * are not well-formed end the process: it is not to be trusted any more.
 */
int vp_reporter_read(struct vp_reporter *reporter, struct vp_report *report);

/*
 * Start what does not run, with a growing delay up to a minute. Returns 1 when
 * it was started, 0 when there was nothing to do, -errno with the reason when
 * it cannot be started now (it is tried again).
 */
int vp_reporter_tick(struct vp_reporter *reporter, struct vp_error *err);

struct vp_reporter_state {
	pid_t pid;	/* 0: not running */
	bool failing;	/* it died twice in a row, each within a minute of its start,
			   and did not live for as long since */
	char ended[64]; /* how the last one ended: "by signal 31 (...)"; "": none did */
	unsigned int confinement; /* VP_CONFINED_ bits; 0: not yet known */
	uint64_t restarts;
	uint64_t lost;	    /* packets the kernel could not hand over; counts stay exact */
	uint64_t foreign;   /* messages in our group that are none of ours */
	uint64_t refused;   /* records that were not well-formed */
	uint64_t delivered; /* records about packets */
};

struct vp_reporter_state vp_reporter_state(const struct vp_reporter *reporter);

#endif
