/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small epoll loop: see loop.h. Timers are a list looked through before each
 * wait; there are a handful of them.
 */
#include "agentd/loop.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "lib/memory.h"

struct vp_watch_fd {
	struct vp_loop *loop;
	int fd;
	vp_ready *ready;
	void *context;
	bool dead;
	struct vp_watch_fd *next_dead;
};

struct vp_timer {
	struct vp_loop *loop;
	vp_elapsed *elapsed;
	void *context;
	uint64_t due; /* 0: not running */
	struct vp_timer *next;
};

struct vp_loop {
	int fd;
	bool stop;
	struct vp_timer *timers;
	struct vp_watch_fd *dead; /* released once no event of this round can name them */
};

uint64_t vp_loop_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int vp_loop_new(struct vp_loop **loop, struct vp_error *err)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return vp_fail(err, -errno, "cannot make an event loop: %s", strerror(errno));
	*loop = vp_new(struct vp_loop);
	(*loop)->fd = fd;
	return 0;
}

static void bury(struct vp_loop *loop)
{
	while (loop->dead) {
		struct vp_watch_fd *watch = loop->dead;

		loop->dead = watch->next_dead;
		free(watch);
	}
}

void vp_loop_free(struct vp_loop *loop)
{
	if (!loop)
		return;
	bury(loop);
	close(loop->fd);
	free(loop);
}

struct vp_watch_fd *vp_loop_watch(struct vp_loop *loop, int fd, uint32_t events,
				  vp_ready *ready, void *context)
{
	struct vp_watch_fd *watch = vp_new(struct vp_watch_fd);
	struct epoll_event event = { .events = events, .data.ptr = watch };

	*watch = (struct vp_watch_fd){
		.loop = loop, .fd = fd, .ready = ready, .context = context
	};
	epoll_ctl(loop->fd, EPOLL_CTL_ADD, fd, &event);
	return watch;
}

void vp_watch_fd_events(struct vp_watch_fd *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	epoll_ctl(watch->loop->fd, EPOLL_CTL_MOD, watch->fd, &event);
}

void vp_watch_fd_free(struct vp_watch_fd *watch)
{
	if (!watch)
		return;
	epoll_ctl(watch->loop->fd, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->dead = true;
	watch->next_dead = watch->loop->dead;
	watch->loop->dead = watch;
}

struct vp_timer *vp_loop_timer(struct vp_loop *loop, vp_elapsed *elapsed, void *context)
{
	struct vp_timer *timer = vp_new(struct vp_timer);

	*timer = (struct vp_timer){
		.loop = loop, .elapsed = elapsed, .context = context, .next = loop->timers
	};
	loop->timers = timer;
	return timer;
}

void vp_timer_start(struct vp_timer *timer, uint64_t milliseconds)
{
	timer->due = vp_loop_now() + milliseconds + 1;
}

void vp_timer_stop(struct vp_timer *timer)
{
	timer->due = 0;
}

void vp_timer_free(struct vp_timer *timer)
{
	if (!timer)
		return;
	for (struct vp_timer **at = &timer->loop->timers; *at; at = &(*at)->next)
		if (*at == timer) {
			*at = timer->next;
			break;
		}
	free(timer);
}

/* Milliseconds until the next timer is due; -1: none runs. */
static int until_next(const struct vp_loop *loop)
{
	uint64_t now = vp_loop_now(), next = UINT64_MAX;

	for (const struct vp_timer *timer = loop->timers; timer; timer = timer->next)
		if (timer->due && timer->due < next)
			next = timer->due;
	if (next == UINT64_MAX)
		return -1;
	if (next <= now)
		return 0;
	return next - now > 3600000 ? 3600000 : (int)(next - now);
}

/* One at a time, from the start again: a callback may have changed the list. */
static void run_timers(struct vp_loop *loop)
{
	uint64_t now = vp_loop_now();
	struct vp_timer *timer = loop->timers;

	while (timer && !loop->stop) {
		if (timer->due && timer->due <= now) {
			timer->due = 0;
			timer->elapsed(timer->context);
			timer = loop->timers;
		} else {
			timer = timer->next;
		}
	}
}

int vp_loop_run(struct vp_loop *loop, struct vp_error *err)
{
	struct epoll_event events[32];

	while (!loop->stop) {
		int n = epoll_wait(loop->fd, events, VP_COUNT(events), until_next(loop));

		if (n < 0 && errno != EINTR)
			return vp_fail(err, -errno, "the event loop failed: %s",
				       strerror(errno));
		for (int i = 0; i < n && !loop->stop; i++) {
			struct vp_watch_fd *watch = events[i].data.ptr;

			if (!watch->dead)
				watch->ready(watch->context, events[i].events);
		}
		bury(loop);
		run_timers(loop);
		bury(loop);
	}
	return 0;
}

void vp_loop_stop(struct vp_loop *loop)
{
	loop->stop = true;
}
