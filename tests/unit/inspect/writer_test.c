/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchd-verdict with a worker of the test's making: a ring that is full is no loss, one
 * that holds no verdicts is the end of the worker. In the place of the queues' socket is
 * one that shows what it sends. In a network namespace of its own, in which the marks of
 * its sockets may be set.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>

#include "agentd/inspect/child.h"
#include "agentd/inspect/note.h"
#include "agentd/inspect/queue.h"
#include "agentd/inspect/ring.h"
#include "agentd/inspect/tally.h"
#include "lib/cleanup.h"

#define SMALL 4096u
#define QUEUE 4711u

enum { SHOWN, CONTROL, RING, TALLY, WAKE, LIFE, GIVEN };

struct writer {
	pid_t pid;
	int shown, control, wake, life; /* this side */
	int ring_fd;
	struct vp_ring *ring;
	struct vp_tally *tally;
	uint32_t seen; /* verdicts */
};

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static int enter_namespace(void **state)
{
	char map[32];
	unsigned int uid = geteuid(), gid = getegid();

	(void)state;
	if (unshare(uid ? CLONE_NEWUSER | CLONE_NEWNET : CLONE_NEWNET))
		return -1;
	if (uid) {
		write_file("/proc/self/setgroups", "deny");
		snprintf(map, sizeof(map), "0 %u 1", uid);
		write_file("/proc/self/uid_map", map);
		snprintf(map, sizeof(map), "0 %u 1", gid);
		write_file("/proc/self/gid_map", map);
	}
	return system("ip link set lo up");
}

static void make_pair(int type, int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair), 0);
}

/* The ring is filled before anybody takes from it. */
static void prepare(struct writer *w, int fds[GIVEN])
{
	struct vp_error err = { 0 };
	int pair[2];

	make_pair(SOCK_SEQPACKET, pair);
	w->shown = pair[0];
	fds[SHOWN] = pair[1];
	make_pair(SOCK_SEQPACKET, pair);
	w->control = pair[0];
	fds[CONTROL] = pair[1];
	make_pair(SOCK_STREAM, pair);
	w->life = pair[0];
	fds[LIFE] = pair[1];
	assert_int_equal(vp_ring_create(SMALL, &fds[RING], &err), 0);
	assert_int_equal(vp_tally_create(256, &fds[TALLY], &err), 0);
	fds[WAKE] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->wake = dup(fds[WAKE]);
	w->ring_fd = dup(fds[RING]);
	w->ring = vp_ring_map(fds[RING], &err);
	w->tally = vp_tally_map(fds[TALLY], false, &err);
	assert_non_null(w->ring);
	assert_non_null(w->tally);
}

static void start(struct writer *w, int fds[GIVEN])
{
	struct vp_note setup = vp_note_make(VP_NOTE_SETUP, 0), note;
	struct vp_error err = { 0 };
	char *path = realpath("vpatchd-verdict", NULL);

	assert_non_null(path);
	for (int i = 0; i < GIVEN; i++)
		assert_int_equal(vp_child_raise(&fds[i]), 0);
	w->pid = vp_child_start(path, fds, GIVEN, &err);
	if (w->pid <= 0)
		fail_msg("%s", err.text);
	for (int i = 0; i < GIVEN; i++)
		close(fds[i]);
	free(path);
	setup.setup.deadline = 2000;
	setup.setup.queue_count = 1;
	setup.setup.queues[0] =
		(struct vp_queue){ .number = QUEUE, .class = VP_QUEUE_BLOCK, .length = 64 };
	assert_int_equal(vp_note_send(w->control, &setup, -1), 0);
	assert_int_equal(vp_note_receive(w->control, VP_NOTE_WRITER, true, &note, NULL, &err),
			 1);
	assert_int_equal(note.kind, VP_NOTE_READY);
}

static void stop(struct writer *w)
{
	char ended[64] = "";

	vp_child_end(w->pid, ended, sizeof(ended));
	vp_ring_unmap(w->ring);
	vp_tally_unmap(w->tally);
	close(w->shown);
	close(w->control);
	close(w->wake);
	close(w->life);
	close(w->ring_fd);
}

/* The next verdict that was sent; false: none within some time. */
static bool next_verdict(struct writer *w, struct nfqnl_msg_verdict_hdr *verdict, int *type)
{
	static _Alignas(8) uint8_t buffer[1 << 16];
	static size_t at, length;
	const struct nlmsghdr *message;
	struct pollfd shown = { .fd = w->shown, .events = POLLIN };

	if (at >= length) {
		if (poll(&shown, 1, 3000) <= 0)
			return false;
		at = 0;
		length = (size_t)recv(w->shown, buffer, sizeof(buffer), 0);
	}
	message = (const void *)(buffer + at);
	assert_true(mnl_nlmsg_ok(message, (int)(length - at)));
	at += MNL_ALIGN(message->nlmsg_len);
	memcpy(verdict,
	       (const uint8_t *)mnl_nlmsg_get_payload(message) + sizeof(struct nfgenmsg) +
		       sizeof(struct nlattr),
	       sizeof(*verdict));
	*type = message->nlmsg_type & 0xff;
	return true;
}

static struct vp_ring_verdict numbered(uint32_t packet)
{
	return (struct vp_ring_verdict){ .queue = QUEUE, .packet = packet, .accept = true };
}

/* What a worker does with a full ring: it waits, and nothing is lost or out of order. */
static void test_full(void **state)
{
	struct writer w = { 0 };
	int fds[GIVEN];
	uint32_t put = 0, got = 0;
	const uint64_t one = 1;

	(void)state;
	prepare(&w, fds);
	for (struct vp_ring_verdict v = numbered(1); vp_ring_put(w.ring, &v);)
		v = numbered(++put + 1);
	assert_in_range(put, 50, SMALL / 16);
	start(&w, fds);
	while (got < 5000) {
		struct nfqnl_msg_verdict_hdr verdict;
		struct vp_ring_verdict v = numbered(put + 1);
		int type;

		while (put < 5000 && vp_ring_put(w.ring, &v))
			v = numbered(++put + 1);
		if (vp_ring_must_wake(w.ring))
			assert_int_equal(write(w.wake, &one, sizeof(one)), sizeof(one));
		assert_true(next_verdict(&w, &verdict, &type));
		assert_int_equal(type, NFQNL_MSG_VERDICT);
		assert_int_equal(be32toh(verdict.id), ++got);
	}
	assert_int_equal(vp_tally_get(w.tally, VP_TALLY_VERDICTS, QUEUE), 5000);
	stop(&w);
}

/* Orders are sent, or not, without a harm to verdicts behind them. */
static void test_orders(void **state)
{
	const uint8_t key[] = { 192, 0, 2, 1, 192, 0, 2, 9, 1, 1, 0, 80 };
	struct vp_ring_verdict order = {
		.leave = true, .mark = 3, .bytes = key, .len = sizeof(key)
	};
	struct nfqnl_msg_verdict_hdr verdict;
	struct vp_ring_verdict v = numbered(7);
	struct writer w = { 0 };
	int fds[GIVEN], type;

	(void)state;
	prepare(&w, fds);
	assert_true(vp_ring_put(w.ring, &order));
	order.mark = 99; /* of no size */
	assert_true(vp_ring_put(w.ring, &order));
	assert_true(vp_ring_put(w.ring, &v));
	start(&w, fds);
	assert_true(next_verdict(&w, &verdict, &type));
	assert_int_equal(be32toh(verdict.id), 7);
	assert_int_equal(vp_tally_get(w.tally, VP_TALLY_LEFT, 3), 1);
	assert_int_equal(vp_tally_get(w.tally, VP_TALLY_LEFT, 99), 0);
	stop(&w);
}

/* Memory that holds no verdict: what came before counts, then all is settled by class. */
static void test_broken(void **state)
{
	struct nfqnl_msg_verdict_hdr verdict;
	struct vp_ring_verdict v = numbered(1);
	struct vp_error err = { 0 };
	struct writer w = { 0 };
	struct vp_note note;
	const uint64_t one = 1;
	int fds[GIVEN], type;
	uint64_t *memory;

	(void)state;
	prepare(&w, fds);
	assert_true(vp_ring_put(w.ring, &v));
	start(&w, fds);
	assert_true(next_verdict(&w, &verdict, &type));
	assert_int_equal(be32toh(verdict.id), 1);
	memory = mmap(NULL, SMALL, PROT_READ | PROT_WRITE, MAP_SHARED, w.ring_fd, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	memory[8] += 100000; /* the head: more than there can be */
	assert_int_equal(write(w.wake, &one, sizeof(one)), sizeof(one));
	assert_int_equal(vp_note_receive(w.control, VP_NOTE_WRITER, true, &note, NULL, &err),
			 1);
	assert_int_equal(note.kind, VP_NOTE_LATE);
	assert_int_equal(note.number, VP_LATE_BROKEN);
	assert_true(next_verdict(&w, &verdict, &type));
	assert_int_equal(type, NFQNL_MSG_VERDICT_BATCH);
	assert_int_equal(be32toh(verdict.verdict), 0); /* NF_DROP */
	munmap(memory, SMALL);
	stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
