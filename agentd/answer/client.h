/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other side of vpatchd-answer's socket. */
#ifndef VP_ANSWER_CLIENT_H
#define VP_ANSWER_CLIENT_H

#include <stdbool.h>
#include <sys/types.h>

#include "agentd/answer/message.h"

/* Send an order, with a descriptor that stays the caller's (-1: none). 0 or -errno; -EAGAIN:
 * not now, where the socket does not wait. */
int vp_answer_send(int socket, const struct vp_answer_order *order, int descriptor,
		   struct vp_error *err);

/* The next note. 1: in *note; 0: none now; -EPIPE: the connection is over; another -errno:
 * what came is no note. */
int vp_answer_receive(int socket, struct vp_answer_note *note, struct vp_error *err);

/* Who hands listeners over. */
struct vp_answer_giver {
	int socket; /* -1: nobody takes them */
	uint64_t key;
};

/*
 * Reach the vpatchd-answer at `path`, which answers in time. The giver, as vp_answer_give()
 * takes it, or NULL with the reason: nobody takes listeners.
 */
void *vp_answer_giver_open(struct vp_answer_giver *giver, const char *path, uint64_t key,
			   struct vp_error *err);
void vp_answer_giver_close(struct vp_answer_giver *giver);

/* Hand over the listener of a filter that was put on a process; it stays the caller's to
 * close. False: nobody is known to have it. `giver`: struct vp_answer_giver. */
bool vp_answer_give(void *giver, int listener, pid_t process);

#endif
