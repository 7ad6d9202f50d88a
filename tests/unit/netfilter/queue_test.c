// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What goes to inspection and what does not, on this kernel, in a network
 * namespace of its own: rules compiled from definitions, sockets of the test's
 * own on loopback, and a reader of the queues.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <libnftnl/expr.h>

#include "lib/cleanup.h"
#include "modules/netfilter/lower.h"
#include "modules/netfilter/text.h"
#include "tests/unit/netfilter/queue_fixture.h"

static int set_up_four(void **state)
{
	return set_up_queues(state, 4);
}

/* Traffic */

/* A request and its answer over a connection of its own; false: they did not arrive. */
static bool exchange(bool six, uint16_t port, int milliseconds)
{
	_cleanup_close_ int server = listen_at(SOCK_STREAM, port), peer = -1;
	_cleanup_close_ int client =
		socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 to = address(six, port);
	char buffer[16];

	connect(client, (struct sockaddr *)&to, sizeof(to));
	if (!readable(server, milliseconds))
		return false;
	peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	assert_true(send(client, "hello", 5, 0) == 5);
	if (!readable(peer, milliseconds) || recv(peer, buffer, sizeof(buffer), 0) != 5)
		return false;
	assert_true(send(peer, "hello!", 6, 0) == 6);
	if (!readable(client, milliseconds) || recv(client, buffer, sizeof(buffer), 0) != 6)
		return false;
	shutdown(client, SHUT_WR);
	return readable(peer, milliseconds) && recv(peer, buffer, sizeof(buffer), 0) == 0;
}

static bool datagram(bool six, int milliseconds)
{
	_cleanup_close_ int server = listen_at(SOCK_DGRAM, BLOCK_PORT);
	_cleanup_close_ int client = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 to = address(six, BLOCK_PORT);

	/* a drop where it leaves is an error for the sender */
	sendto(client, "hello", 5, 0, (struct sockaddr *)&to, sizeof(to));
	return readable(server, milliseconds);
}

/* An empty segment of no connection, from another port each time. */
static void segment(uint16_t port, uint8_t flags)
{
	static uint16_t source = 20000;

	segment_from(++source, port, flags, "");
}

/* Tests */

static void what_is_queued(void **state)
{
	struct state *s = *state;

	listener_beat(s->listener, true);
	for (int six = 0; six < 2; six++) {
		struct tally queued;

		listener_forget(s->listener);
		assert_true(exchange(six, PASS_PORT, 2000));
		queued = tally(s, PASS_PORT);
		assert_int_equal(queued.syn, 1);
		assert_int_equal(queued.payload, 1);
		assert_true(queued.fin >= 1);
		assert_int_equal(queued.empty, 0);
		assert_int_equal(queued.answers, 0);
		assert_int_equal(queued.first, first_queue(s, VP_QUEUE_PASS, 1));
		assert_int_equal(queued.last, queued.first);
		assert_true(datagram(six, 2000));
		queued = tally(s, BLOCK_PORT);
		assert_int_equal(queued.payload, 1);
		assert_int_equal(queued.first, vp_queue_first(&s->queueing, VP_QUEUE_BLOCK,
							      VP_QUEUE_DATAGRAMS, 1));
		assert_int_equal(queued.last, queued.first);
	}
	assert_true(exchange(false, WATCH_PORT, 2000));
	assert_int_equal(tally(s, WATCH_PORT).first, first_queue(s, VP_QUEUE_WATCH, 1));
	for (unsigned int which = 0; which < VP_QUEUE_COUNTS; which++)
		assert_int_equal(count_of(s, (enum vp_queue_count)which), 0);
}

static void empty_segments(void **state)
{
	struct state *s = *state;
	struct tally queued;

	listener_beat(s->listener, true);
	segment(WATCH_PORT, TH_ACK);
	segment(WATCH_PORT, TH_ACK | 0xc8); /* with CWR, ECE and PSH */
	assert_int_equal(tally(s, WATCH_PORT).all, 0);
	segment(WATCH_PORT, TH_ACK | TH_URG);
	segment(PASS_PORT, TH_ACK | TH_URG);
	queued = tally(s, WATCH_PORT);
	assert_int_equal(queued.all, 1);
	assert_int_equal(queued.urgent, 1);
	assert_int_equal(tally(s, PASS_PORT).urgent, 1);
}

static void what_servers_say(void **state)
{
	struct state *s = *state;
	struct tally queued;

	listener_beat(s->listener, true);
	assert_true(exchange(false, CLIENT_PORT, 2000));
	queued = tally(s, CLIENT_PORT);
	assert_true(queued.answers >= 3); /* SYN, data, FIN */
	assert_int_equal(queued.syn, 2);
	assert_int_equal(queued.payload, 2);
	assert_int_equal(queued.empty, 0);
}

static void off_the_window(void **state)
{
	struct state *s = *state;

	listener_beat(s->listener, true);
	segment(PASS_PORT, TH_RST);
	assert_int_equal(tally(s, PASS_PORT).all, 0);
	assert_int_equal(count_of(s, VP_QUEUE_INVALID), 1);
	segment(WATCH_PORT, TH_RST);
	assert_int_equal(tally(s, WATCH_PORT).reset, 1);
	assert_int_equal(count_of(s, VP_QUEUE_INVALID), 1);
}

/* A reader that listens but has stopped beating counts as dead. */
static void without_a_lease(void **state)
{
	struct state *s = *state;

	assert_true(exchange(false, PASS_PORT, 2000));
	assert_true(count_of(s, VP_QUEUE_UNREAD_PASS) >= 3);
	assert_true(exchange(false, WATCH_PORT, 2000));
	assert_true(count_of(s, VP_QUEUE_UNREAD_WATCH) >= 3);
	assert_false(datagram(false, 200));
	assert_false(datagram(true, 200));
	assert_int_equal(count_of(s, VP_QUEUE_UNREAD_BLOCK), 2);
	assert_false(exchange(false, BLOCK_PORT, 200));
	assert_true(count_of(s, VP_QUEUE_UNREAD_BLOCK) > 2);
	assert_int_equal(tally(s, PASS_PORT).all + tally(s, WATCH_PORT).all +
				 tally(s, BLOCK_PORT).all,
			 0);
}

static void a_lease_ends(void **state)
{
	struct state *s = *state;

	assert_true(beat_once(&s->queueing, VP_QUEUE_BLOCK));
	assert_true(datagram(false, 100));
	assert_int_equal(tally(s, BLOCK_PORT).all, 1);
	usleep(s->queueing.lease_milliseconds * 1000 + 20000);
	assert_false(datagram(false, 100));
	assert_int_equal(tally(s, BLOCK_PORT).all, 1);
	assert_true(beat_once(&s->queueing, VP_QUEUE_PASS)); /* is no other class's */
	assert_false(datagram(false, 100));
	listener_beat(s->listener, true);
	assert_true(exchange(false, BLOCK_PORT, 2000));
	listener_beat(s->listener, false);
	assert_false(datagram(false, 100));
}

/* Only beats, and no reader: the expression itself has to know what the class wants. */
static void nobody_listens(void **state)
{
	struct state *s = *state;

	listener_stop(TAKE_PTR(s->listener));
	for (unsigned int class = 0; class < VP_QUEUE_CLASSES; class ++)
		assert_true(beat_once(&s->queueing, (enum vp_queue_class) class));
	assert_false(datagram(false, 50));
	assert_true(exchange(false, PASS_PORT, 500));
	assert_true(beat_once(&s->queueing, VP_QUEUE_WATCH));
	assert_true(exchange(false, WATCH_PORT, 500));
	assert_int_equal(count_of(s, VP_QUEUE_UNREAD_BLOCK), 0);
	assert_int_equal(count_of(s, VP_QUEUE_UNREAD_WATCH), 0);
}

static void beats_go_nowhere(void **state)
{
	struct state *s = *state;
	struct vp_queueing strange = s->queueing;
	_cleanup_close_ int sink = listen_at(SOCK_DGRAM, 9);

	assert_true(beat_once(&s->queueing, VP_QUEUE_WATCH));
	assert_false(readable(sink, 50));
	strange.lease_mark += 0x1000;
	assert_false(beat_once(&strange, VP_QUEUE_PASS));
	assert_true(readable(sink, 50));
}

static void generations(void **state)
{
	struct state *s = *state;

	listener_beat(s->listener, true);
	for (uint64_t generation = 2; generation < 6; generation++) {
		struct tally queued;

		install(s, generation);
		listener_forget(s->listener);
		assert_true(exchange(false, BLOCK_PORT, 2000));
		queued = tally(s, BLOCK_PORT);
		assert_int_equal(queued.first, first_queue(s, VP_QUEUE_BLOCK, generation));
		assert_int_equal(queued.last, queued.first);
	}
	assert_int_equal(count_of(s, VP_QUEUE_UNREAD_BLOCK), 0);
}

static void four_queues(void **state)
{
	struct state *s = *state;
	struct tally queued;
	uint16_t first = first_queue(s, VP_QUEUE_PASS, 1);

	listener_beat(s->listener, true);
	assert_true(exchange(false, CLIENT_PORT, 2000));
	queued = tally(s, CLIENT_PORT);
	assert_true(queued.answers && queued.all > queued.answers);
	assert_int_equal(queued.first, queued.last); /* both directions */
	assert_true(queued.first >= first && queued.first < first + 4);
}

/* A megabyte over a connection; how much the sender puts into one segment then. */
static uint32_t transfer(int from, int to)
{
	_cleanup_free_ char *data = vp_alloc(1, 1 << 20);
	uint32_t segment = 0;
	socklen_t size = sizeof(segment);

	for (size_t sent = 0, got = 0; got < 1 << 20;) {
		ssize_t now = send(from, data, (1 << 20) - sent, MSG_DONTWAIT);

		sent += now > 0 ? (size_t)now : 0;
		if (!readable(to, 2000))
			fail_msg("%zu bytes arrived", got);
		now = recv(to, data, 1 << 20, 0);
		got += now > 0 ? (size_t)now : 0;
	}
	assert_int_equal(getsockopt(from, IPPROTO_TCP, TCP_MAXSEG, &segment, &size), 0);
	return segment;
}

static void assert_segments(bool six, uint16_t port, uint32_t least, uint32_t most)
{
	_cleanup_close_ int server = listen_at(SOCK_STREAM, port), peer = -1;
	_cleanup_close_ int client = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 to = address(six, port);

	if (connect(client, (struct sockaddr *)&to, sizeof(to)) < 0)
		fail_msg("connect: %s", strerror(errno));
	peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	assert_in_range(transfer(client, peer), least, most);
	assert_in_range(transfer(peer, client), least, most);
}

/* All that was queued of flows to or from that port, how much was an answer, and that each
 * packet's mark has the port it was sent to. */
static struct tally published(struct state *s, uint16_t port, uint16_t original)
{
	struct tally result = tally(s, port);
	_cleanup_free_ struct seen *seen = NULL;
	size_t count;
	uint16_t told;
	bool answer;

	seen = listener_seen(s->listener, &count);
	for (size_t i = 0; i < count; i++) {
		told = 0;
		assert_true(vp_published_port(&s->queueing, seen[i].mark, &told, &answer));
		assert_int_equal(told, original);
		assert_int_equal(answer, seen[i].source_port == port);
	}
	return result;
}

/* The connection that the client makes to `port` arrives at BEHIND. */
#define BEHIND 8020

static void redirected(struct state *s, bool six, uint16_t port)
{
	_cleanup_close_ int server = listen_at(SOCK_STREAM, BEHIND), peer = -1;
	_cleanup_close_ int client = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 to = address(six, port);
	char buffer[8];

	listener_forget(s->listener);
	if (connect(client, (struct sockaddr *)&to, sizeof(to)) < 0)
		fail_msg("connect: %s", strerror(errno));
	peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	assert_int_equal(send(client, "hello", 5, 0), 5);
	assert_int_equal(recv(peer, buffer, sizeof(buffer), 0), 5);
	assert_int_equal(send(peer, "hello!", 6, 0), 6);
	assert_int_equal(recv(client, buffer, sizeof(buffer), 0), 6);
	/* nothing of it comes later, when it would be taken for the next one's */
	shutdown(client, SHUT_WR);
	assert_int_equal(recv(peer, buffer, sizeof(buffer), 0), 0);
	shutdown(peer, SHUT_WR);
	assert_int_equal(recv(client, buffer, sizeof(buffer), 0), 0);
}

static void published_ports(void **state)
{
	struct state *s = *state;
	struct tally queued;

	nft("table inet nat { chain output { type nat hook output priority -100; "
	    "tcp dport { 8001, 8003, 8004 } redirect to :8020; }; "
	    "chain marked { type filter hook postrouting priority 300; "
	    "tcp dport 8020 meta mark != 0 counter accept; "
	    "tcp sport 8020 meta mark != 0 counter accept; }; }");
	listener_beat(s->listener, true);
	for (int six = 0; six < 2; six++) {
		redirected(s, six, PASS_PORT);
		queued = published(s, BEHIND, PASS_PORT);
		assert_int_equal(queued.first, first_queue(s, VP_QUEUE_PASS, 1));
		assert_int_equal(queued.last, queued.first);
		assert_int_equal(queued.payload, 1);
		assert_int_equal(queued.answers, 0);
		redirected(s, six, WATCH_PORT);
		queued = published(s, BEHIND, WATCH_PORT);
		assert_int_equal(queued.first, first_queue(s, VP_QUEUE_WATCH, 1));
		redirected(s, six, CLIENT_PORT);
		queued = published(s, BEHIND, CLIENT_PORT);
		assert_int_equal(queued.payload, 2);
		assert_true(queued.answers >= 2);
	}
	/* nobody behind the queue sees the marks */
	assert_int_equal(system("! nft list chain inet nat marked | grep counter | "
				"grep -v \"packets 0 \""),
			 0);
	assert_true(exchange(false, BLOCK_PORT, 2000));
	listener_forget(s->listener);
	assert_true(exchange(false, BLOCK_PORT, 2000)); /* and others have none */
	assert_int_equal(listener_marks(s->listener), 0);
	nft("delete table inet nat");
}

/* A mark that packets have is not ours to take, whatever it costs. */
static void foreign_marks_stay(void **state)
{
	struct state *s = *state;
	struct tally queued;

	nft("table inet nat { chain output { type nat hook output priority -100; "
	    "tcp dport 8001 redirect to :8020; }; "
	    "chain before { type filter hook output priority -150; meta mark 0 "
	    "tcp dport { 8001, 8020 } meta mark set 0x1234; }; "
	    "chain marked { type filter hook postrouting priority 300; "
	    "tcp dport 8020 meta mark != 0x1234 counter accept; }; }");
	listener_beat(s->listener, true);
	redirected(s, false, PASS_PORT);
	queued = tally(s, BEHIND);
	assert_int_equal(queued.payload, 1);
	assert_int_equal(queued.first, first_queue(s, VP_QUEUE_PASS, 1));
	assert_true(listener_marks(s->listener) > 0);
	assert_int_equal(system("nft list chain inet nat marked | grep -q \"packets 0 \""), 0);
	nft("delete table inet nat");
}

/* No segment is larger than what the kernel hands over of it. */
static void segments_fit(void **state)
{
	struct state *s = *state;

	listener_beat(s->listener, true);
	for (int six = 0; six < 2; six++) {
		assert_segments(six, OTHER_PORT, 65400, 65535);
		assert_segments(six, PASS_PORT, 31900, 32000);
		assert_segments(six, WATCH_PORT, 31900, 32000);
	}
	assert_in_range(tally(s, PASS_PORT).largest, 31000, 64200);
}

static void drift(void **state)
{
	struct state *s = *state;

	nft("flush chain inet vpatch queue-block");
	assert_int_equal(verify(s->instance, &s->artefact, "chain queue-block"), 3);
	nft("flush chain inet vpatch lease");
	assert_true(verify(s->instance, &s->artefact, "chain lease") > 1);
	install(s, 2);
}

/* Both forms of the expression, whatever this kernel takes. */
static void forms(void **state)
{
	struct nftnl_expr *native = vp_lower_queue(4700, 4, true, false);
	struct nftnl_expr *compat = vp_lower_queue(4700, 4, true, true);
	const uint16_t meant[4] = { 4700, 4, 1, 0 };
	const void *info;
	uint32_t size = 0;

	(void)state;
	assert_int_equal(nftnl_expr_get_u16(native, NFTNL_EXPR_QUEUE_NUM), 4700);
	assert_int_equal(nftnl_expr_get_u16(native, NFTNL_EXPR_QUEUE_TOTAL), 4);
	assert_int_equal(nftnl_expr_get_u16(native, NFTNL_EXPR_QUEUE_FLAGS), 1);
	info = nftnl_expr_get(compat, NFTNL_EXPR_TG_INFO, &size);
	assert_int_equal(size, sizeof(meant));
	assert_memory_equal(info, meant, size);
	nftnl_expr_free(native);
	nftnl_expr_free(compat);
}

static void as_text(void **state)
{
	struct state *s = *state;
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };

	s->host.kernel.native_queue = true;
	compile(s, 1);
	vp_ruleset_print(s->artefact.ruleset, &text);
	assert_non_null(strstr(vp_strbuf_text(&text), "queue flags bypass to 4708-4711\n"));
	assert_null(strstr(vp_strbuf_text(&text), "\t# a kernel without"));
	s->host.kernel.native_queue = false;
	s->host.kernel.compat_queue = true;
	compile(s, 1);
	vp_strbuf_free(&text);
	text = (struct vp_strbuf){ 0 };
	vp_ruleset_print(s->artefact.ruleset, &text);
	assert_non_null(strstr(vp_strbuf_text(&text), "\t# a kernel without"));
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_queued),
		TEST(empty_segments),
		TEST(what_servers_say),
		TEST(off_the_window),
		TEST(without_a_lease),
		TEST(a_lease_ends),
		TEST(nobody_listens),
		TEST(beats_go_nowhere),
		TEST(generations),
		TEST(segments_fit),
		TEST(published_ports),
		TEST(foreign_marks_stay),
		TEST(drift),
		cmocka_unit_test_setup_teardown(four_queues, set_up_four, tear_down),
		cmocka_unit_test_setup_teardown(as_text, set_up_four, tear_down),
		cmocka_unit_test(forms),
	};

	vp_enter_namespace();
	loopback_up();
	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
