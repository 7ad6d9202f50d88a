// SPDX-License-Identifier: GPL-2.0-or-later
/* Shielded services and a reader of their queues: see queue_fixture.h. */
#include "tests/unit/netfilter/queue_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/cleanup.h"
#include "modules/netfilter/compile.h"
#include "policy/plan.h"

#define DEFINITION(ID, MODE, ON_FAILURE, PORTS, RULE)                                         \
	ACTING(ID, MODE, ON_FAILURE, PORTS, RULE, "drop")
#define ACTING(ID, MODE, ON_FAILURE, PORTS, RULE, ACTION)                                     \
	"[patch]\nid = " ID "\ntitle = t\nseverity = high\nmode = " MODE                      \
	"\non-failure = " ON_FAILURE "\n[service s]\nports = " PORTS                          \
	"\n[rule r]\nservice = s\n" RULE "action = " ACTION "\n"                              \
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
	ACTING("BAN", "enforce", "pass", "tcp/8005", "when = stream[0:6] equals \"ATTACK\"\n",
	       "ban 10m"),
};

void compile(struct state *s, uint64_t generation)
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

void install(struct state *s, uint64_t generation)
{
	compile(s, generation);
	apply(s->instance, &s->artefact);
	assert_int_equal(verify(s->instance, &s->artefact, NULL), 0);
}

int set_up_queues(void **state, uint16_t queues)
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

int set_up(void **state)
{
	return set_up_queues(state, 0);
}

int tear_down(void **state)
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

struct sockaddr_in6 address(bool six, uint16_t port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	inet_pton(AF_INET6, six ? "::1" : "::ffff:127.0.0.1", &address.sin6_addr);
	return address;
}

int listen_at(int type, uint16_t port)
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

bool readable(int fd, int milliseconds)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, milliseconds) == 1;
}

static uint32_t add_words(uint32_t sum, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i += 2)
		sum += (uint32_t)(data[i] << 8 | data[i + 1]);
	return sum;
}

static void put_checksum(uint8_t *tcp, size_t size)
{
	uint32_t sum = add_words(2 * (0x7f00 + 1) + IPPROTO_TCP + (uint32_t)size, tcp,
				 (size + 1) & ~(size_t)1);

	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	tcp[16] = (uint8_t)(sum >> 8);
	tcp[17] = (uint8_t)sum;
}

void segment_from(uint16_t source, uint16_t port, uint8_t flags, const char *payload)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP);
	struct sockaddr_in to = { .sin_family = AF_INET };
	size_t size = 20 + strlen(payload);
	uint8_t tcp[100] = { 0 };

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	tcp[0] = (uint8_t)(source >> 8);
	tcp[1] = (uint8_t)source;
	tcp[2] = (uint8_t)(port >> 8);
	tcp[3] = (uint8_t)port;
	tcp[7] = tcp[11] = 1;
	tcp[12] = 5 << 4;
	tcp[13] = flags;
	tcp[14] = 0xff;
	tcp[19] = flags & TH_URG ? 1 : 0;
	memcpy(tcp + 20, payload, size - 20);
	put_checksum(tcp, size);
	if (sendto(fd, tcp, size, 0, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EPERM)
		fail_msg("a raw segment: %s", strerror(errno));
}

struct tally tally(struct state *s, uint16_t port)
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
		tally.syn += (seen[i].flags & TH_SYN) != 0;
		tally.fin += (seen[i].flags & TH_FIN) != 0;
		tally.urgent += (seen[i].flags & TH_URG) != 0;
		tally.reset += (seen[i].flags & TH_RST) != 0;
		tally.payload += seen[i].payload != 0;
		tally.bytes += seen[i].payload;
		if (seen[i].payload > tally.largest)
			tally.largest = seen[i].payload;
		tally.empty += !seen[i].payload && !(seen[i].flags & ~TH_ACK);
		if (seen[i].queue < tally.first)
			tally.first = seen[i].queue;
		if (seen[i].queue > tally.last)
			tally.last = seen[i].queue;
	}
	return tally;
}

uint16_t first_queue(const struct state *s, enum vp_queue_class class, uint64_t generation)
{
	return vp_queue_first(&s->queueing, class, VP_QUEUE_STREAMS, generation);
}

uint64_t count_of(struct state *s, enum vp_queue_count which)
{
	return packets_of(s->instance, vp_queue_count_tag(which));
}

uint32_t ban_tag(const struct state *s)
{
	vp_array_each (tag, &s->artefact.ruleset->tags)
		if (!strcmp(tag->name, "BAN/r"))
			return tag->tag;
	fail_msg("no rule bans");
	return 0;
}
