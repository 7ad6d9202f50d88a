/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop: descriptors and timers over one epoll, single-threaded.
 * Callbacks may add and remove any watch or timer, their own included.
 */
#ifndef VP_AGENTD_LOOP_H
#define VP_AGENTD_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

struct vp_loop;
struct vp_watch_fd;
struct vp_timer;

typedef void vp_ready(void *context, uint32_t events);
typedef void vp_elapsed(void *context);

/* *loop owned by the caller. 0 or -errno. */
int vp_loop_new(struct vp_loop **loop, struct vp_error *err);
void vp_loop_free(struct vp_loop *loop); /* all watches and timers must be gone; NULL-safe */

/* Watch `fd` (not owned) for EPOLLIN, EPOLLOUT. The result lives until vp_watch_fd_free(). */
struct vp_watch_fd *vp_loop_watch(struct vp_loop *loop, int fd, uint32_t events,
				  vp_ready *ready, void *context);
void vp_watch_fd_events(struct vp_watch_fd *watch, uint32_t events);
void vp_watch_fd_free(struct vp_watch_fd *watch); /* before the fd is closed; NULL-safe */

/* A timer, not running yet; over CLOCK_BOOTTIME, so that suspension counts. */
struct vp_timer *vp_loop_timer(struct vp_loop *loop, vp_elapsed *elapsed, void *context);
/* (Re)start: once, that many milliseconds from now. */
void vp_timer_start(struct vp_timer *timer, uint64_t milliseconds);
void vp_timer_stop(struct vp_timer *timer);
void vp_timer_free(struct vp_timer *timer); /* NULL-safe */

/* Milliseconds of CLOCK_BOOTTIME. */
uint64_t vp_loop_now(void);

/* Run until vp_loop_stop(). 0 or -errno. */
int vp_loop_run(struct vp_loop *loop, struct vp_error *err);
void vp_loop_stop(struct vp_loop *loop);

#endif
