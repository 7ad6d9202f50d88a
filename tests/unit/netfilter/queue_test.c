// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What goes to inspection and what does not, on this kernel, in a network
 * namespace of its own: rules compiled from definitions, sockets of the test's
 * own on loopback, and a reader of the queues.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
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
#include "modules/netfilter/compile.h"
#include "modules/netfilter/lower.h"
#include "modules/netfilter/text.h"
#include "policy/plan.h"
#include "tests/unit/netfilter/kernel_drive.h"
#include "tests/unit/netfilter/kernel_listener.h"

#define PASS_PORT   8001
#define BLOCK_PORT  8002 /* TCP and UDP */
#define WATCH_PORT  8003
#define CLIENT_PORT 8004 /* what the server says is read too */

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10
#define TCP_URG 0x20

#define DEFINITION(ID, MODE, ON_FAILURE, PORTS, RULE)                                         \
	"[patch]\nid = " ID "\ntitle = t\nseverity = high\nmode = " MODE                      \
	"\non-failure = " ON_FAILURE "\n[service s]\nports = " PORTS                          \
	"\n[rule r]\nservice = s\n" RULE "action = drop\n"                                    \
	"[sample a]\nrule = r\nexpect = blocked\nsend = \"ATTACK\"\n"                         \
	"[sample b]\nservice = s\nexpect = passed\nsend = \"hello\"\n"

static const char *const definitions[] = {
	DEFINITION("PASS", "enforce", "pass", "tcp/8001",
		   "when = stream[0:6] equals \"ATTACK\"\n"),
	DEFINITION("BLOCK", "enforce", "block", "tcp/8002",
		   "when = stream[0:6] equals \"ATTACK\"\n"),
	DEFINITION("BLOCK-UDP", "enforce", "block", "udp/8002",
		   "when = datagram[0:] matches /ATTACK/\n"),
	DEFINITION("WATCH", "monitor", "block", "tcp/8003",
		   "when = stream[0:6] equals \"ATTACK\"\n"),
	DEFINITION("CLIENT", "enforce", "pass", "tcp/8004",
		   "direction = to-client\nwhen = stream[0:6] equals \"ATTACK\"\n"),
};

struct state {
	struct vp_host host;
	struct vp_queueing queueing;
	struct vp_instance *instance;
	struct listener *listener;
	struct vp_artefact artefact;
};

static void compile(struct state *s, uint64_t generation)
{
	struct vp_findings findings = { 0 };
	struct vp_sources sources = { 0 };
	struct vp_policy policy = { 0 };
	struct vp_plan plan = { 0 };
	struct vp_error err = { 0 };
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };

	for (size_t i = 0; i < VP_COUNT(definitions); i++)
		vp_array_push(&sources.definitions,
			      ((struct vp_text){ vp_format("%zu.vpatch", i),
						 vp_strdup(definitions[i]),
						 strlen(definitions[i]) }));
	vp_policy_build(&policy, &sources, 0, &findings);
	vp_plan_build(&plan, &policy, &s->host,
		      VP_POINT_BIT(VP_POINT_NETFILTER) | VP_POINT_BIT(VP_POINT_INSPECTION),
		      &findings);
	vp_findings_print(&findings, &text);
	if (findings.errors)
		fail_msg("%s", vp_strbuf_text(&text));
	vp_ruleset_free(TAKE_PTR(s->artefact.ruleset));
	good(vp_ruleset_compile(&plan, &s->host, generation, &s->artefact.ruleset, &err),
	     &err);
	vp_plan_free(&plan);
	vp_policy_free(&policy);
	vp_sources_free(&sources);
	vp_findings_free(&findings);
}

static void install(struct state *s, uint64_t generation)
{
	compile(s, generation);
	apply(s->instance, &s->artefact);
	assert_int_equal(verify(s->instance, &s->artefact, NULL), 0);
}

static int set_up_queues(void **state, uint16_t queues)
{
	struct state *s = vp_new(struct state);
	struct vp_error err = { 0 };

	s->host.log_group = 86;
	s->host.without_sockets = true;
	s->host.queueing.count = queues;
	s->host.queueing.lease_milliseconds = 1000; /* the machine may be busy */
	good(vp_netfilter_probe(&s->host, &err), &err);
	assert_true(vp_kernel_queues(&s->host.kernel));
	assert_true(s->host.kernel.inner_payload);
	s->queueing = vp_queueing(&s->host);
	fresh((void **)&s->instance);
	install(s, 1);
	s->listener = listener_start(&s->queueing);
	*state = s;
	return 0;
}

static int set_up(void **state)
{
	return set_up_queues(state, 0);
}

static int set_up_four(void **state)
{
	return set_up_queues(state, 4);
}

static int tear_down(void **state)
{
	struct state *s = *state;

	if (s->listener)
		listener_stop(s->listener);
	gone((void **)&s->instance);
	vp_ruleset_free(s->artefact.ruleset);
	vp_host_free(&s->host);
	free(s);
	return 0;
}

/* Traffic */

static struct sockaddr_in6 address(bool six, uint16_t port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	inet_pton(AF_INET6, six ? "::1" : "::ffff:127.0.0.1", &address.sin6_addr);
	return address;
}

static int listen_at(int type, uint16_t port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0), off = 0, on = 1;

	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 5) < 0))
		fail_msg("port %u: %s", port, strerror(errno));
	return fd;
}

static bool readable(int fd, int milliseconds)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, milliseconds) == 1;
}

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

static uint32_t add_words(uint32_t sum, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i += 2)
		sum += (uint32_t)(data[i] << 8 | data[i + 1]);
	return sum;
}

/* An empty segment of no connection, from another port each time. */
static void segment(uint16_t port, uint8_t flags)
{
	static uint16_t source = 20000;
	_cleanup_close_ int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP);
	struct sockaddr_in to = { .sin_family = AF_INET };
	uint8_t tcp[20] = { 0 };
	uint32_t sum;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	source++;
	tcp[0] = (uint8_t)(source >> 8);
	tcp[1] = (uint8_t)source;
	tcp[2] = (uint8_t)(port >> 8);
	tcp[3] = (uint8_t)port;
	tcp[7] = tcp[11] = 1;
	tcp[12] = 5 << 4;
	tcp[13] = flags;
	tcp[14] = 0xff;
	tcp[19] = flags & TCP_URG ? 1 : 0;
	sum = add_words(2 * (0x7f00 + 1) + IPPROTO_TCP + sizeof(tcp), tcp, sizeof(tcp));
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	tcp[16] = (uint8_t)(sum >> 8);
	tcp[17] = (uint8_t)sum;
	if (sendto(fd, tcp, sizeof(tcp), 0, (struct sockaddr *)&to, sizeof(to)) < 0 &&
	    errno != EPERM)
		fail_msg("a raw segment: %s", strerror(errno));
}

/* Questions */

struct tally {
	unsigned int all, syn, fin, payload, empty, urgent, reset, answers;
	uint16_t first, last; /* queue numbers */
};

/* Of what was queued for a port, or came from it. */
static struct tally tally(struct state *s, uint16_t port)
{
	struct tally tally = { .first = UINT16_MAX };
	_cleanup_free_ struct seen *seen = NULL;
	size_t count;

	usleep(100000); /* the reader is another thread */
	seen = listener_seen(s->listener, &count);
	for (size_t i = 0; i < count; i++) {
		bool answer = seen[i].source_port == port;

		if (!answer && seen[i].destination_port != port)
			continue;
		tally.all++;
		tally.answers += answer;
		tally.syn += (seen[i].flags & TCP_SYN) != 0;
		tally.fin += (seen[i].flags & TCP_FIN) != 0;
		tally.urgent += (seen[i].flags & TCP_URG) != 0;
		tally.reset += (seen[i].flags & TCP_RST) != 0;
		tally.payload += seen[i].payload != 0;
		tally.empty += !seen[i].payload && !(seen[i].flags & ~TCP_ACK);
		if (seen[i].queue < tally.first)
			tally.first = seen[i].queue;
		if (seen[i].queue > tally.last)
			tally.last = seen[i].queue;
	}
	return tally;
}

static uint16_t first_queue(const struct state *s, enum vp_queue_class class,
			    uint64_t generation)
{
	return vp_queue_first(&s->queueing, class, VP_QUEUE_STREAMS, generation);
}

static uint64_t count_of(struct state *s, enum vp_queue_count which)
{
	return packets_of(s->instance, vp_queue_count_tag(which));
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
	segment(WATCH_PORT, TCP_ACK);
	segment(WATCH_PORT, TCP_ACK | 0xc8); /* with CWR, ECE and PSH */
	assert_int_equal(tally(s, WATCH_PORT).all, 0);
	segment(WATCH_PORT, TCP_ACK | TCP_URG);
	segment(PASS_PORT, TCP_ACK | TCP_URG);
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
	segment(PASS_PORT, TCP_RST);
	assert_int_equal(tally(s, PASS_PORT).all, 0);
	assert_int_equal(count_of(s, VP_QUEUE_INVALID), 1);
	segment(WATCH_PORT, TCP_RST);
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

static void drift(void **state)
{
	struct state *s = *state;

	nft("flush chain inet vpatch queue-block");
	assert_int_equal(verify(s->instance, &s->artefact, "chain queue-block"), 1);
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
	assert_null(strstr(vp_strbuf_text(&text), "\t#"));
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
		TEST(drift),
		cmocka_unit_test_setup_teardown(four_queues, set_up_four, tear_down),
		cmocka_unit_test_setup_teardown(as_text, set_up_four, tear_down),
		cmocka_unit_test(forms),
	};

	vp_enter_namespace();
	loopback_up();
	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
