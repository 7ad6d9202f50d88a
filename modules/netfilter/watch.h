/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notices that somebody else changed or removed our table.
 *
 * The kernel describes every object of a transaction to every subscriber, which
 * costs as much again as the transaction. So the watcher unsubscribes while we
 * change something ourselves, and the kernel's generation number tells whether
 * anybody else slipped in meanwhile.
 */
#ifndef VP_NETFILTER_WATCH_H
#define VP_NETFILTER_WATCH_H

#include <stdint.h>

#include "lib/error.h"

struct vp_watch;
struct vp_instance;

enum vp_watch_event {
	VP_WATCH_NOTHING,
	VP_WATCH_CHANGED,  /* somebody changed our table: verify, then repair */
	VP_WATCH_VANISHED, /* our table is gone: repair at once */
	VP_WATCH_UNSURE,   /* events were lost: look whether it is still there, then verify */
};

/* Watch for `instance` (whose own changes are told apart); *watch is owned by the caller. */
int vp_watch_open(struct vp_watch **watch, struct vp_instance *instance, struct vp_error *err);
void vp_watch_close(struct vp_watch *watch);

/* Readable when there is something to handle. Changes hands never; valid until close. */
int vp_watch_fd(const struct vp_watch *watch);

/*
 * Read what is there, a bounded part of it at a time (the rest keeps it readable): the
 * most serious event. Call when readable, and after own changes.
 */
enum vp_watch_event vp_watch_handle(struct vp_watch *watch);

/*
 * Around a transaction of our own (done by the instance). `genid` is the kernel's
 * before it, `own` how many generations it made.
 */
void vp_watch_pause(struct vp_watch *watch);
void vp_watch_resume(struct vp_watch *watch, uint32_t genid, uint32_t own);

#endif
