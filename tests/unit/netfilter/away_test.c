// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Flows that leave the queue, on this kernel, in a network namespace of its own: what
 * goes by unread, how much of it at most, and what brings a flow back.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include <cmocka.h>

#include "lib/cleanup.h"
#include "modules/netfilter/observe.h"
#include "tests/unit/netfilter/queue_fixture.h"

#define QUOTA	262144 /* of size 0 */
#define HEADERS 52     /* at least, of a segment as Linux sends it */

/* A connection to PASS_PORT and what its client has sent. */
struct flow {
	bool six;
	uint16_t port; /* the client's */
	int server, client, peer;
};

static struct flow flow_open(bool six)
{
	struct flow flow = { .six = six };
	struct sockaddr_in6 to = address(six, PASS_PORT), from;
	socklen_t size = sizeof(from);
	int on = 1;

	flow.server = listen_at(SOCK_STREAM, PASS_PORT);
	flow.client = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(flow.client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(flow.client, (struct sockaddr *)&to, sizeof(to)) < 0)
		fail_msg("connect: %s", strerror(errno));
	getsockname(flow.client, (struct sockaddr *)&from, &size);
	flow.port = ntohs(from.sin6_port);
	flow.peer = accept4(flow.server, NULL, NULL, SOCK_CLOEXEC);
	return flow;
}

static void flow_close(struct flow *flow)
{
	close(flow->client);
	close(flow->peer);
	close(flow->server);
}
#define _cleanup_flow_ vp_cleanup(flow_close)

/* Send and see it arrive, whole; one segment when it fits one. */
static void say(const struct flow *flow, size_t size)
{
	_cleanup_free_ char *data = vp_alloc(1, size);

	for (size_t sent = 0, got = 0; got < size;) {
		ssize_t now = send(flow->client, data + sent, size - sent, MSG_DONTWAIT);

		if (now > 0)
			sent += (size_t)now;
		if (!readable(flow->peer, 2000))
			fail_msg("%zu of %zu bytes arrived", got, size);
		now = recv(flow->peer, data, size, MSG_DONTWAIT);
		if (now > 0)
			got += (size_t)now;
	}
}

static size_t key_of(const struct flow *flow, uint8_t key[static VP_AWAY_KEY6])
{
	size_t size = flow->six ? 16 : 4;

	memset(key, 0, VP_AWAY_KEY6);
	inet_pton(flow->six ? AF_INET6 : AF_INET, flow->six ? "::1" : "127.0.0.1", key);
	memcpy(key + size, key, size);
	key[2 * size] = (uint8_t)(flow->port >> 8);
	key[2 * size + 1] = (uint8_t)flow->port;
	key[2 * size + 2] = PASS_PORT >> 8;
	key[2 * size + 3] = PASS_PORT & 255;
	return 2 * size + 4;
}

/* The datagram that lets a flow leave. True: it was taken out. */
static bool leave(const struct state *s, const struct flow *flow, unsigned int size)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	uint32_t mark = vp_away_mark(&s->queueing, flow->six, size);
	uint8_t key[VP_AWAY_KEY6];
	size_t length = key_of(flow, key);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0)
		return false;
	return sendto(fd, key, length, 0, (struct sockaddr *)&to, sizeof(to)) < 0 &&
	       errno == EPERM;
}

static size_t away(struct state *s, bool six)
{
	_cleanup_image_ struct vp_image *image = vp_image_new();
	struct vp_error err = { 0 };
	struct vp_image_set *set;

	good(vp_observe_sets(&s->instance->nl, image, &err), &err);
	set = vp_image_set(image, six ? "away6" : "away4");
	assert_non_null(set);
	good(vp_observe_elements(&s->instance->nl, image, set, &err), &err);
	return set->elements.len;
}

/* Bytes of `size` in one segment that were queued. */
static uint64_t queued(struct state *s, const struct flow *flow, size_t size)
{
	listener_forget(s->listener);
	say(flow, size);
	return tally(s, PASS_PORT).bytes;
}

static void one_family(struct state *s, bool six)
{
	_cleanup_flow_ struct flow flow = flow_open(six);
	uint64_t read, again;

	assert_int_equal(queued(s, &flow, 1), 1);
	assert_true(leave(s, &flow, 0));
	assert_int_equal(away(s, six), 1);
	assert_int_equal(away(s, !six), 0);
	assert_int_equal(queued(s, &flow, 1000), 0);
	listener_forget(s->listener);
	for (int i = 0; i < 400; i++)
		say(&flow, 1000);
	read = tally(s, PASS_PORT).bytes;
	print_message("%d bytes of %d went by\n", (int)(401000 - read), 401000);
	assert_true((401000 - read) / 1000 * (1000 + HEADERS) <= QUOTA);
	assert_true(401000 - read > QUOTA - QUOTA / 10);
	assert_int_equal(queued(s, &flow, 5000), 5000); /* it is back */
	assert_true(leave(s, &flow, 1));
	listener_forget(s->listener);
	for (int i = 0; i < 30; i++)
		say(&flow, 20000);
	again = tally(s, PASS_PORT).bytes;
	assert_true(600000 - again <= 2 * QUOTA);
	assert_true(600000 - again > 2 * QUOTA - 40000);
}

static void until_the_quota_is_used(void **state)
{
	listener_beat(((struct state *)*state)->listener, true);
	one_family(*state, false);
	one_family(*state, true);
}

/* What would exceed the rest is queued, and so is all behind it, however small. */
static void too_large_for_the_rest(void **state)
{
	struct state *s = *state;

	listener_beat(s->listener, true);
	for (int six = 0; six < 2; six++) {
		_cleanup_flow_ struct flow flow = flow_open(six);

		assert_true(leave(s, &flow, 0));
		for (int i = 0; i < 4; i++)
			assert_int_equal(queued(s, &flow, 60000), 0);
		assert_int_equal(queued(s, &flow, 60000), 60000); /* 22144 and less are left */
		assert_int_equal(queued(s, &flow, 10), 10);
	}
}

/* Several segments in one count with all their payload. */
static void segments_in_one(void **state)
{
	struct state *s = *state;
	_cleanup_flow_ struct flow flow = { .server = -1 };
	uint64_t before, by;
	int size = 1000;

	listener_beat(s->listener, true);
	flow = flow_open(false);
	setsockopt(flow.client, IPPROTO_TCP, TCP_MAXSEG, &size, sizeof(size));
	assert_true(leave(s, &flow, 0));
	before = tally(s, PASS_PORT).bytes;
	say(&flow, 2000000);
	by = 2000000 - (tally(s, PASS_PORT).bytes - before);
	print_message("%d bytes went by\n", (int)by);
	assert_true(by <= QUOTA && by > 100000);
}

static void for_good(void **state)
{
	struct state *s = *state;
	_cleanup_flow_ struct flow flow = { .server = -1 };

	listener_beat(s->listener, true);
	flow = flow_open(true);
	assert_true(leave(s, &flow, VP_AWAY_ENDING));
	listener_forget(s->listener);
	for (int i = 0; i < 20; i++)
		say(&flow, 1000000);
	assert_int_equal(tally(s, PASS_PORT).all, 0);
	/* another datagram takes its place */
	assert_true(leave(s, &flow, 0));
	assert_int_equal(away(s, true), 1);
	say(&flow, 1000000);
	assert_true(tally(s, PASS_PORT).bytes >= 1000000 - QUOTA);
}

static void flags_end_it(void **state)
{
	static const uint8_t flags[] = { TH_SYN, TH_RST, TH_RST | TH_ACK, TH_FIN | TH_ACK,
					 TH_URG | TH_ACK };
	struct state *s = *state;

	listener_beat(s->listener, true);
	for (size_t i = 0; i < VP_COUNT(flags); i++) {
		_cleanup_flow_ struct flow flow = flow_open(false);

		assert_true(leave(s, &flow, VP_AWAY_ENDING));
		segment_from(flow.port, PASS_PORT, TH_ACK, "");
		assert_int_equal(away(s, false), 1);
		segment_from(flow.port, PASS_PORT, flags[i], ""); /* off the window */
		assert_int_equal(away(s, false), 0);
		assert_int_equal(queued(s, &flow, 100), 100);
	}
}

/* The same from the client's own kernel, which are queued. */
static void ends_are_read(void **state)
{
	struct state *s = *state;

	listener_beat(s->listener, true);
	for (int six = 0; six < 2; six++) {
		_cleanup_flow_ struct flow flow = flow_open(six);

		assert_true(leave(s, &flow, VP_AWAY_ENDING));
		assert_int_equal(queued(s, &flow, 100), 0);
		assert_int_equal(send(flow.client, "!", 1, MSG_OOB), 1);
		assert_int_equal(tally(s, PASS_PORT).urgent, 1);
		assert_int_equal(away(s, six), 0);
		assert_int_equal(queued(s, &flow, 100), 100);
		assert_true(leave(s, &flow, VP_AWAY_ENDING));
		assert_int_equal(queued(s, &flow, 100), 0);
		shutdown(flow.client, SHUT_WR);
		assert_int_equal(tally(s, PASS_PORT).fin, 1);
		assert_int_equal(away(s, six), 0);
	}
}

/* Payload of what conntrack does not have as an established connection never goes by. */
static void only_connections(void **state)
{
	struct state *s = *state;
	struct flow flow = { .port = 30000 };

	listener_beat(s->listener, true);
	assert_true(leave(s, &flow, VP_AWAY_ENDING));
	assert_int_equal(away(s, false), 1);
	segment_from(30000, PASS_PORT, TH_ACK | TH_PUSH, "hello");
	assert_int_equal(tally(s, PASS_PORT).bytes, 5);
	assert_int_equal(away(s, false), 1);
}

static int without_privileges(const struct state *s, const struct flow *flow)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint8_t key[VP_AWAY_KEY6];
	size_t length = key_of(flow, key);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (syscall(SYS_capset, &header, none) < 0)
		return 1;
	if (leave(s, flow, VP_AWAY_ENDING))
		return 2;
	/* and without the mark it is a datagram as any other */
	return sendto(fd, key, length, 0, (struct sockaddr *)&to, sizeof(to)) ==
			       (ssize_t)length
		       ? 0
		       : 3;
}

static void not_for_everybody(void **state)
{
	struct state *s = *state;
	_cleanup_close_ int sink = listen_at(SOCK_DGRAM, 9);
	_cleanup_flow_ struct flow flow = { .server = -1 };
	int status = -1;
	pid_t child;

	listener_beat(s->listener, true);
	flow = flow_open(false);
	child = fork();
	if (child == 0)
		_exit(without_privileges(s, &flow));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_true(readable(sink, 500));
	assert_int_equal(away(s, false), 0);
	assert_int_equal(queued(s, &flow, 100), 100);
}

static void a_new_generation_reads_all(void **state)
{
	struct state *s = *state;
	_cleanup_flow_ struct flow flow = { .server = -1 };

	listener_beat(s->listener, true);
	flow = flow_open(false);
	assert_true(leave(s, &flow, VP_AWAY_ENDING));
	assert_int_equal(queued(s, &flow, 100), 0);
	assert_int_equal(verify(s->instance, &s->artefact, NULL), 0);
	install(s, 2);
	assert_int_equal(away(s, false), 0);
	assert_int_equal(queued(s, &flow, 100), 100);
}

/* When the set is full nothing leaves, and what tells it is taken out all the same. */
static void a_full_set(void **state)
{
	struct state *s = *state;
	_cleanup_flow_ struct flow flow = { .server = -1 };

	listener_beat(s->listener, true);
	flow = flow_open(true);
	nft("add element inet vpatch away6 { 0x1 . 0x2 . 0x3 . 0x4 timeout 1m }");
	assert_int_equal(away(s, true), 1);
	for (unsigned int i = 0; i < 65535; i++) {
		struct flow other = { .six = true, .port = (uint16_t)i };

		if (other.port != flow.port)
			assert_true(leave(s, &other, 3));
	}
	assert_true(leave(s, &(struct flow){ .six = true, .port = 65535 }, 3));
	assert_true(leave(s, &flow, VP_AWAY_ENDING));
	assert_int_equal(away(s, true), 65536);
	assert_int_equal(queued(s, &flow, 100), 100);
}

/* A kernel that lacks what it takes: everything stays queued. */
static void without(void **state)
{
	struct state *s = *state;
	_cleanup_flow_ struct flow flow = { .server = -1 };

	s->host.kernel.away = false;
	install(s, 2);
	listener_beat(s->listener, true);
	flow = flow_open(false);
	assert_true(leave(s, &flow, VP_AWAY_ENDING));
	assert_true(leave(s, &(struct flow){ .six = true }, VP_AWAY_ENDING));
	assert_int_equal(queued(s, &flow, 100), 100);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(until_the_quota_is_used),
		TEST(too_large_for_the_rest),
		TEST(segments_in_one),
		TEST(for_good),
		TEST(flags_end_it),
		TEST(ends_are_read),
		TEST(only_connections),
		TEST(not_for_everybody),
		TEST(a_new_generation_reads_all),
		TEST(a_full_set),
		TEST(without),
	};

	vp_enter_namespace();
	loopback_up();
	return cmocka_run_group_tests_name("away", tests, NULL, NULL);
}
