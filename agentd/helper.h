/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchd's side of a confined process that reads foreign bytes from one socket of
 * the kernel's, as descriptor 3, and sends records of one fixed size, as descriptor
 * 4: start it, restart it with a growing delay, end it when a record is not
 * well-formed. The socket stays open here, so that a restarted process goes on
 * where the last one ended. What the records say is the caller's.
 *
 * The process is waited for here, by its id: nobody else may call waitpid(-1).
 */
#ifndef VP_AGENTD_HELPER_H
#define VP_AGENTD_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"

#define VP_HELPER_RECORD_MAX 512

struct vp_helper; /* opaque */

struct vp_helper_kind {
	const char *name; /* for messages; of the executable in VP_LIBEXECDIR */
	/* The kernel's socket, owned by the caller, or -errno; -EBUSY: soon perhaps */
	int (*open)(uint32_t argument, struct vp_error *err);
	size_t size; /* of a record, at most VP_HELPER_RECORD_MAX */
	/* 0, or -errno when a message is not a well-formed record */
	int (*check)(const void *data, size_t len, struct vp_error *err);
};

/*
 * Open the socket and start the process. *helper is always made and owned by the
 * caller (vp_helper_stop); `kind` must outlive it. 0, or -errno with the reason when
 * it does not run yet: vp_helper_tick tries again. A busy socket was given a second.
 * executable: NULL for the installed one.
 */
int vp_helper_start(struct vp_helper **helper, const struct vp_helper_kind *kind,
		    const char *executable, uint32_t argument, struct vp_error *err);
void vp_helper_stop(struct vp_helper *helper);

/* Ask the process to send what it has counted and to end; vp_helper_read goes on until it has.
 */
void vp_helper_finish(struct vp_helper *helper);

/* Readable when there is something for vp_helper_read; -1 while no process runs. */
int vp_helper_fd(const struct vp_helper *helper);

/* The next checked record. 1: filled; 0: nothing now, also after the process died. */
int vp_helper_read(struct vp_helper *helper, void *record);

/*
 * Start what does not run. Returns 1 when it was started, 0 when there was nothing
 * to do, -errno with the reason when it cannot be started now (it is tried again).
 */
int vp_helper_tick(struct vp_helper *helper, struct vp_error *err);

struct vp_helper_state {
	pid_t pid;	/* 0: not running */
	bool failing;	/* it died twice in a row, each within a minute of its start,
			   and did not live for as long since */
	char ended[64]; /* how the last one ended: "by signal 31 (...)"; "": none did */
	uint64_t starts, restarts;
	uint64_t refused; /* records that were not well-formed */
};

struct vp_helper_state vp_helper_state(const struct vp_helper *helper);

/* A counter that each process begins at zero, summed over all of them. */
struct vp_helper_counter {
	uint64_t starts; /* of the helper, when it was last counted */
	uint64_t before; /* of earlier processes */
	uint64_t total;
};

/* Nothing makes a process that was taken over count upwards: we do. */
void vp_helper_count(const struct vp_helper *helper, struct vp_helper_counter *counter,
		     uint64_t said);

#endif
