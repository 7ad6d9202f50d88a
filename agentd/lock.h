/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One vpatchd a run folder. The lock is a POSIX record lock, for one reason: the
 * kernel says which process holds it, so that panic finds the daemon without
 * believing a pid file, even when it is stopped.
 */
#ifndef VP_AGENTD_LOCK_H
#define VP_AGENTD_LOCK_H

#include <sys/types.h>

#include "lib/error.h"

/*
 * Take FOLDER/vpatchd.lock; the folder is made if missing. Returns the descriptor,
 * to be kept open and never opened a second time (closing any descriptor of the file
 * lets the lock go), or -errno; -EBUSY: another vpatchd has it.
 */
int vp_lock_take(const char *folder, struct vp_error *err);

/* The process that holds it: its pid, 0 when none does, or -errno. */
pid_t vp_lock_holder(const char *folder, struct vp_error *err);

#endif
