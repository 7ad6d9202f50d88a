/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentd/loop.c: callbacks may remove themselves and each other. */
#include <sys/epoll.h>
#include <unistd.h>

#include "agentd/loop.h"
#include "tests/unit/agentd/daemon_tests.h"

struct pair {
	struct vp_loop *loop;
	struct vp_watch_fd *a, *b;
	struct vp_timer *timer;
	int calls;
};

/* Whichever of the two comes first takes both away. */
static void ready(void *context, uint32_t events)
{
	struct pair *pair = context;

	assert_true(events & EPOLLIN);
	pair->calls++;
	vp_watch_fd_free(pair->a);
	vp_watch_fd_free(pair->b);
}

static void elapsed(void *context)
{
	struct pair *pair = context;

	vp_timer_free(pair->timer);
	vp_loop_stop(pair->loop);
}

static void removal_inside_callbacks(void **state)
{
	struct pair pair = { 0 };
	int a[2], b[2];

	(void)state;
	assert_int_equal(pipe(a), 0);
	assert_int_equal(pipe(b), 0);
	assert_int_equal(write(a[1], "x", 1), 1);
	assert_int_equal(write(b[1], "x", 1), 1);
	assert_int_equal(vp_loop_new(&pair.loop, NULL), 0);
	pair.a = vp_loop_watch(pair.loop, a[0], EPOLLIN, ready, &pair);
	pair.b = vp_loop_watch(pair.loop, b[0], EPOLLIN, ready, &pair);
	pair.timer = vp_loop_timer(pair.loop, elapsed, &pair);
	vp_timer_start(pair.timer, 20);
	assert_int_equal(vp_loop_run(pair.loop, NULL), 0);
	assert_int_equal(pair.calls, 1);
	vp_loop_free(pair.loop);
	close(a[0]);
	close(a[1]);
	close(b[0]);
	close(b[1]);
}

int vp_test_loop(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(removal_inside_callbacks) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
