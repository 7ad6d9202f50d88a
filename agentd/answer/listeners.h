/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listeners of filters (seccomp_unotify(2)) that are held, and what is answered on them.
 * Nothing of the process that made a call is looked at but the numbers that the kernel passes,
 * which nobody can change any more; so letting a call go on decides nothing that could be
 * changed behind our back.
 */
#ifndef VP_ANSWER_LISTENERS_H
#define VP_ANSWER_LISTENERS_H

#include <stdbool.h>

#include "agentd/answer/message.h"
#include "agentd/answer/table.h"

#define VP_ANSWER_LISTENERS 4000 /* held at most */

/* linux/seccomp.h has them since 6.6. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	   SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

/* An all-zero one is empty and valid. */
struct vp_answer_listeners {
	struct {
		int fd; /* 0: free */
		uint64_t key;
	} rows[VP_ANSWER_LISTENERS];
	uint32_t count;
};

/* Is this kernel's notification one that we have room for? 0 or -errno. Once, while all calls
 * may be made. */
int vp_answer_listeners_check(struct vp_error *err);

/* Its index, and `fd` is ours; -EINVAL: it is no listener; -ENFILE: there are too many. */
int vp_answer_listeners_add(struct vp_answer_listeners *listeners, int fd, uint64_t key);
/* Nobody is under its filter any more. */
void vp_answer_listeners_drop(struct vp_answer_listeners *listeners, uint32_t index);

/*
 * Answer one call that waits at the listener. True: it was denied, and *denial has what
 * vp_answer_sums_add() takes but the time.
 */
bool vp_answer_listeners_serve(const struct vp_answer_listeners *listeners, uint32_t index,
			       const struct vp_answer_table *table,
			       struct vp_answer_note *denial);

#endif
