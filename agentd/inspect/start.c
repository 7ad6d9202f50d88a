/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The beginning of both processes of inspection: see start.h. */
#include "agentd/inspect/start.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agentd/inspect/confine.h"

#define PRIORITY (-10)

uint64_t vp_milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + 1;
}

size_t vp_setup_queue(const struct vp_setup *setup, uint16_t queue)
{
	size_t i = 0;

	while (i < setup->queue_count && setup->queues[i].number != queue)
		i++;
	return i;
}

static bool started_by_parent(void)
{
	socklen_t len = sizeof(int);
	int type;

	return !getsockopt(VP_FD_CONTROL, SOL_SOCKET, SO_TYPE, &type, &len) &&
	       type == SOCK_SEQPACKET;
}

static int receive_setup(struct vp_setup *setup, struct vp_error *err)
{
	struct vp_note note;
	int r = vp_note_receive(VP_FD_CONTROL, VP_NOTE_PARENT, true, &note, NULL, err);

	if (r < 0)
		return r;
	if (note.kind != VP_NOTE_SETUP)
		return vp_fail(err, -EPROTO, "the first message is no setup");
	*setup = note.setup;
	return 0;
}

static int map_shared(struct vp_start *start, struct vp_error *err)
{
	start->ring = vp_ring_map(VP_FD_RING, err);
	start->tally = start->ring ? vp_tally_map(VP_FD_TALLY, true, err) : NULL;
	close(VP_FD_RING);
	close(VP_FD_TALLY);
	return start->tally ? 0 : err->code;
}

static int watch(int watched, struct vp_error *err)
{
	const int fds[] = { VP_FD_CONTROL, VP_FD_LIFE, watched };

	if (epoll_create1(EPOLL_CLOEXEC) != VP_FD_EPOLL)
		return vp_fail(err, -EBADF, "descriptors are not those that are expected");
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		/* it is not read at once: each write is an event */
		uint32_t edge = fds[i] == VP_FD_WAKE ? EPOLLET : 0;
		struct epoll_event event = { .events = EPOLLIN | edge, .data.fd = fds[i] };

		if (epoll_ctl(VP_FD_EPOLL, EPOLL_CTL_ADD, fds[i], &event))
			return vp_fail(err, -errno, "cannot watch descriptor %d: %s", fds[i],
				       strerror(errno));
	}
	return 0;
}

/*
 * Others' work must not make a worker late that is well: a large share. But no
 * haste: who interrupts others for every packet gets them one by one. Where we may
 * not ask for it, it goes without.
 */
static void share_processors(void)
{
	const struct sched_param none = { 0 };

	(void)sched_setscheduler(0, SCHED_BATCH, &none);
	(void)setpriority(PRIO_PROCESS, 0, PRIORITY);
}

int vp_start(struct vp_start *start, int watched, struct vp_error *err)
{
	int r;

	share_processors();

	if (!started_by_parent())
		return vp_fail(err, -EINVAL, "started by vpatchd, not by hand");
	r = receive_setup(&start->setup, err);
	if (!r)
		r = map_shared(start, err);
	return r ? r : watch(watched, err);
}
