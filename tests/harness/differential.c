/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The optimised rules in the kernel against the naive interpreter: random policies,
 * random packets, the same verdict and the same decisive patch for each.
 *
 *     differential [SEED [POLICIES [PACKETS]]]
 *
 * Runs in a network namespace of its own: two tun devices (peers, devices behind),
 * this program writes packets into them and, for the output hook, into raw
 * sockets. A table of the test, behind ours in every hook, counts what passed and
 * ends its journey, so that nothing answers. Exit status 77: no namespace or tun.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <libmnl/libmnl.h>
#include <libnftnl/object.h>

#include "modules/netfilter/compile.h"
#include "modules/netfilter/netfilter.h"
#include "modules/netfilter/netlink.h"
#include "modules/netfilter/text.h"
#include "tests/harness/random.h"

#define SKIP	    77
#define OWN_MARK    0x77
#define PATCHES_MAX 14
#define SIMPLE	    50 /* patches that are alike */

struct bench {
	int peers, devices; /* tun */
	int raw4, raw6;
	struct vp_netlink nl;
	struct vp_instance *instance;
	struct vp_host host;
	uint64_t seed;
	unsigned long cases, blocked, monitored, failures, refused;
};

/* The network */

static int tun(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd >= 0 && ioctl(fd, TUNSETIFF, &request) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool run(const char *command)
{
	if (system(command) == 0)
		return true;
	fprintf(stderr, "failed: %s\n", command);
	return false;
}

static bool network(struct bench *b)
{
	static const char *const commands[] = {
		"echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter;"
		"echo 0 >/proc/sys/net/ipv4/conf/default/rp_filter;"
		"echo 1 >/proc/sys/net/ipv4/ip_forward;"
		"echo 1 >/proc/sys/net/ipv6/conf/all/forwarding;"
		"for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done",
		"ip link set lo up; ip link set peers up; ip link set devices up",
		"ip addr add " RND_LOCAL4 "/32 dev lo; ip -6 addr add " RND_LOCAL6
		"/128 dev lo nodad",
		"ip route add " RND_PEER4 "0/24 dev peers; ip route add " RND_DEVICE4
		"0/24 dev devices",
		"ip -6 route add " RND_PEER6 "/64 dev peers; ip -6 route add " RND_DEVICE6
		"/64 dev devices",
		"nft -f - <<'E'\n"
		"table inet probe {\n"
		"	counter input {}\n	counter forward {}\n	counter output {}\n"
		"	chain i { type filter hook input priority 500; counter name input "
		"drop; }\n"
		"	chain f { type filter hook forward priority 500; counter name forward "
		"drop; }\n"
		"	chain o { type filter hook output priority 500; counter name output "
		"drop; }\n"
		"	chain early { type filter hook output priority -500; meta mark != "
		"0x77 drop; }\n"
		"}\n"
		"table inet translation {\n"
		"	chain p { type nat hook prerouting priority -100;\n"
		"		meta nfproto ipv4 udp dport 65535 fib daddr type local dnat "
		"ip to " RND_INNER4 ":1000\n"
		"		meta nfproto ipv6 udp dport 65535 fib daddr type local dnat "
		"ip6 to [" RND_INNER6 "]:1000\n"
		"	}\n"
		"}\nE\n",
	};

	for (size_t i = 0; i < VP_COUNT(commands); i++)
		if (!run(commands[i]))
			return false;
	b->raw4 = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	b->raw6 = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	setsockopt(b->raw4, SOL_SOCKET, SO_MARK, &(int){ OWN_MARK }, sizeof(int));
	setsockopt(b->raw6, SOL_SOCKET, SO_MARK, &(int){ OWN_MARK }, sizeof(int));
	return b->raw4 >= 0 && b->raw6 >= 0;
}

static bool inject(struct bench *b, const struct rnd_packet *packet)
{
	struct sockaddr_in to4 = { .sin_family = AF_INET };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	ssize_t n;

	if (packet->hook != IT_OUTPUT) {
		n = write(packet->from_device ? b->devices : b->peers, packet->data,
			  packet->len);
	} else if (packet->data[0] >> 4 == 4) {
		memcpy(&to4.sin_addr, packet->data + 16, 4);
		n = sendto(b->raw4, packet->data, packet->len, 0, (struct sockaddr *)&to4,
			   sizeof(to4));
	} else {
		memcpy(&to6.sin6_addr, packet->data + 24, 16);
		n = sendto(b->raw6, packet->data, packet->len, 0, (struct sockaddr *)&to6,
			   sizeof(to6));
	}
	/* a packet that is dropped at output is an error to its sender */
	return n == (ssize_t)packet->len || (packet->hook == IT_OUTPUT && errno == EPERM);
}

/* What passed */

static int visit_probe(const struct nlmsghdr *message, void *data)
{
	struct nftnl_obj *object = nftnl_obj_alloc();
	uint64_t *passed = data;

	if (nftnl_obj_nlmsg_parse(message, object) == 0 &&
	    !strcmp(nftnl_obj_get_str(object, NFTNL_OBJ_TABLE), "probe"))
		*passed += nftnl_obj_get_u64(object, NFTNL_OBJ_CTR_PKTS);
	nftnl_obj_free(object);
	return 0;
}

static uint64_t passed(struct bench *b)
{
	char buffer[VP_NETLINK_REQUEST];
	uint64_t sum = 0;
	struct nlmsghdr *request =
		vp_netlink_request(&b->nl, buffer, NFT_MSG_GETOBJ, NLM_F_DUMP);

	mnl_attr_put_strz(request, NFTA_OBJ_TABLE, "probe");
	vp_netlink_ask(&b->nl, request, visit_probe, &sum);
	return sum;
}

static uint64_t count_of(const struct vp_counts *counts, uint32_t tag)
{
	vp_array_each (count, counts)
		if (count->tag == tag)
			return count->packets;
	return 0;
}

/* One policy */

struct round {
	struct bench *b;
	uint64_t seed;
	struct vp_strbuf text; /* all definitions, for the report */
	struct vp_policy policy;
	struct vp_sources sources;
	struct vp_plan plan;
	struct vp_artefact *artefact;
	struct it_state state;
	struct vp_counts before;
	uint64_t passed_before;
};

static bool valid(void *data, const char *text)
{
	const struct bench *b = data;
	size_t len = strlen(text);
	struct vp_sources sources = { 0 };
	struct vp_findings findings = { 0 };
	struct vp_policy policy = { 0 };
	struct vp_plan plan = { 0 };
	bool ok;

	vp_array_push(&sources.definitions, ((struct vp_text){ vp_strdup("random.vpatch"),
							       vp_strndup(text, len), len }));
	vp_policy_build(&policy, &sources, 0, &findings);
	vp_plan_build(&plan, &policy, &b->host, VP_POINT_BIT(VP_POINT_NETFILTER), &findings);
	ok = !findings.errors;
	if (!ok && getenv("VERBOSE")) {
		struct vp_strbuf out = { 0 };

		vp_findings_print(&findings, &out);
		fputs(vp_strbuf_text(&out), stderr);
		vp_strbuf_free(&out);
	}
	vp_plan_free(&plan);
	vp_policy_free(&policy);
	vp_findings_free(&findings);
	vp_sources_free(&sources);
	return ok;
}

static void add_definition(struct round *round, unsigned int number, struct vp_strbuf *text)
{
	if (text->len && valid(round->b, text->data)) {
		vp_strbuf_adds(&round->text, text->data);
		vp_array_push(
			&round->sources.definitions,
			((struct vp_text){ vp_format("%u.vpatch", number),
					   vp_strndup(text->data, text->len), text->len }));
	} else {
		round->b->refused++;
	}
	vp_strbuf_free(text);
}

static void make_policy(struct round *round, struct rnd *r)
{
	struct vp_findings findings = { 0 };
	unsigned int count = 1 + rnd(r, PATCHES_MAX), simple = rnd_percent(r, 40) ? SIMPLE : 0;
	struct vp_strbuf text = { 0 };

	unsigned int shape = rnd(r, 4);

	if (simple)
		count = rnd(r, 3);
	for (unsigned int i = 0; i < simple; i++) {
		rnd_simple_definition(r, i, rnd_percent(r, 5) ? rnd(r, 4) : shape, &text);
		add_definition(round, count + i, &text);
	}
	for (unsigned int i = 0; i < count; i++) {
		rnd_definition(r, i, valid, round->b, &text);
		add_definition(round, i, &text);
	}
	vp_policy_build(&round->policy, &round->sources, 0, &findings);
	vp_plan_build(&round->plan, &round->policy, &round->b->host,
		      VP_POINT_BIT(VP_POINT_NETFILTER), &findings);
	vp_findings_free(&findings);
}

static bool install(struct round *round)
{
	const struct vp_module *module = &vp_netfilter_module;
	struct bench *b = round->b;
	struct vp_strbuf differences = { 0 };
	struct vp_error err = { 0 };
	int code = module->compile(&round->plan, &b->host, 1, &round->artefact, &err);

	if (!code)
		code = module->prepare(b->instance, round->artefact, &err);
	if (!code)
		code = module->commit(b->instance, &err);
	if (!code) {
		module->finish(b->instance);
		code = module->verify(b->instance, round->artefact, &differences, &err);
	}
	if (code)
		printf("FAIL seed %llu: %s%s\n%s\n", (unsigned long long)round->seed, err.text,
		       vp_strbuf_text(&differences), vp_strbuf_text(&round->text));
	vp_strbuf_free(&differences);
	return !code;
}

static void report(const struct round *round, const struct rnd_packet *packet,
		   const struct it_result *wanted, const char *found)
{
	printf("FAIL seed %llu: %s: interpreter says ", (unsigned long long)round->seed,
	       packet->text);
	if (wanted->decisive.patch)
		printf("%s/%s", wanted->decisive.patch->id, wanted->decisive.rule->name);
	else
		printf("pass");
	vp_array_each (monitor, &wanted->monitors)
		printf(" +%s/%s", monitor->patch->id, monitor->rule->name);
	printf("; kernel: %s\n    ", found);
	for (size_t i = 0; i < packet->len; i++)
		printf("%02x", packet->data[i]);
	printf("\n");
}

static uint64_t expected(const struct it_result *wanted, const struct vp_placement *placement)
{
	uint64_t n = wanted->decisive.rule == placement->rule;

	vp_array_each (monitor, &wanted->monitors)
		n += monitor->rule == placement->rule;
	return n;
}

/* Compare every counter and the verdict with what the interpreter says. */
static bool compare(struct round *round, const struct rnd_packet *packet,
		    const struct it_result *wanted)
{
	struct vp_counts now = { 0 };
	struct vp_strbuf found = { 0 };
	struct vp_error err = { 0 };
	uint64_t passed_now = passed(round->b);
	bool through = passed_now != round->passed_before, ok = true;

	vp_netfilter_module.counts(round->b->instance, &now, &err);
	vp_array_each (placement, &round->plan.placements) {
		uint64_t moved = count_of(&now, placement->tag) -
				 count_of(&round->before, placement->tag);

		ok = ok && moved == expected(wanted, placement);
		if (moved)
			vp_strbuf_addf(&found, "%s/%s %llu ", placement->patch->id,
				       placement->rule->name, (unsigned long long)moved);
	}
	ok = ok && through == !wanted->decisive.patch;
	vp_strbuf_adds(&found, through ? "passed" : "blocked");
	if (!ok)
		report(round, packet, wanted, vp_strbuf_text(&found));
	vp_array_free(&round->before);
	round->before = now;
	round->passed_before = passed_now;
	vp_strbuf_free(&found);
	return ok;
}

/* What the translation rules make of a UDP packet without options or extension headers. */
static void translate(struct it_packet *seen, uint8_t *data)
{
	bool six = data[0] >> 4 == 6;
	size_t header = six ? 40 : (size_t)(data[0] & 15) * 4;
	uint8_t *udp = data + header;

	if (seen->hook != IT_INPUT || data[six ? 6 : 9] != IPPROTO_UDP ||
	    seen->len < header + 8 || (udp[2] << 8 | udp[3]) != RND_OUTER_PORT)
		return;
	inet_pton(six ? AF_INET6 : AF_INET, six ? RND_INNER6 : RND_INNER4,
		  data + (six ? 24 : 16));
	udp[2] = RND_INNER_PORT >> 8;
	udp[3] = RND_INNER_PORT & 0xff;
	seen->hook = IT_FORWARD;
	seen->translated = true;
	seen->original_port = RND_OUTER_PORT;
}

/* UDP behind extension headers may go to the translated port too; translate() is too simple
 * for that. */
static bool too_hard(const struct rnd_packet *packet)
{
	const uint8_t *at = packet->data + 40;
	unsigned int next = packet->data[6];

	if (packet->hook != IT_INPUT || packet->data[0] >> 4 != 6 || next == IPPROTO_UDP)
		return false;
	while (next == 0 || next == 43 || next == 60) {
		next = at[0];
		at += 8;
	}
	return next == IPPROTO_UDP && (at[2] << 8 | at[3]) == RND_OUTER_PORT;
}

static void one_packet(struct round *round, struct rnd *r)
{
	struct it_result wanted = { 0 };
	struct rnd_packet packet;
	struct it_packet seen;
	uint8_t data[sizeof(packet.data)];

	do
		rnd_packet(r, &packet);
	while (too_hard(&packet));
	memcpy(data, packet.data, packet.len);
	seen = (struct it_packet){ .hook = packet.hook, .data = data, .len = packet.len };
	translate(&seen, data);
	if (seen.hook == IT_FORWARD)
		data[data[0] >> 4 == 4 ? 8 : 7]--; /* routing comes before the hook */
	if (!inject(round->b, &packet)) {
		printf("cannot send %s: %s\n", packet.text, strerror(errno));
		round->b->failures++;
		return;
	}
	it_evaluate(&round->policy, &seen, &round->state, &wanted);
	round->b->cases++;
	round->b->blocked += wanted.decisive.patch != NULL;
	round->b->monitored += wanted.monitors.len != 0;
	if (!compare(round, &packet, &wanted))
		round->b->failures++;
	vp_array_free(&wanted.monitors);
}

static void one_policy(struct bench *b, uint64_t seed, unsigned int packets)
{
	struct round round = { .b = b, .seed = seed };
	struct rnd r = { .state = seed };
	struct vp_error err = { 0 };
	unsigned long failures = b->failures;

	make_policy(&round, &r);
	if (!install(&round)) {
		b->failures++;
	} else {
		vp_netfilter_module.counts(b->instance, &round.before, &err);
		round.passed_before = passed(b);
		for (unsigned int i = 0; i < packets; i++)
			one_packet(&round, &r);
		if (b->failures != failures)
			printf("%s\n", vp_strbuf_text(&round.text));
	}
	/* limits and counters must begin anew: the next policy has the same names */
	vp_netfilter_module.remove(b->instance, &err);
	vp_netfilter_module.artefact_free(round.artefact);
	vp_array_free(&round.before);
	vp_array_free(&round.state.usage);
	vp_plan_free(&round.plan);
	vp_policy_free(&round.policy);
	vp_sources_free(&round.sources);
	vp_strbuf_free(&round.text);
}

static int start(struct bench *b)
{
	struct vp_error err = { 0 };

	if (unshare(CLONE_NEWNET) < 0)
		return SKIP;
	b->peers = tun("peers");
	b->devices = tun("devices");
	if (b->peers < 0 || b->devices < 0 || !network(b))
		return SKIP;
	b->host.log_group = 1780;
	if (vp_netlink_open(&b->nl, &err) < 0 ||
	    vp_netfilter_module.open(&b->instance, &b->host, &err) < 0) {
		printf("%s\n", err.text);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct bench b = { .seed = argc > 1 ? strtoull(argv[1], NULL, 0)
					    : (uint64_t)time(NULL) };
	unsigned int policies = argc > 2 ? (unsigned int)atoi(argv[2]) : 150;
	unsigned int packets = argc > 3 ? (unsigned int)atoi(argv[3]) : 40;
	int code = start(&b);

	if (code) {
		printf("no network namespace, tun device or nftables here\n");
		return code;
	}
	printf("seed %llu, %u policies, %u packets each\n", (unsigned long long)b.seed,
	       policies, packets);
	for (unsigned int i = 0; i < policies && b.failures < 10; i++)
		one_policy(&b, b.seed + i, packets);
	vp_netfilter_module.close(b.instance);
	vp_netlink_close(&b.nl);
	printf("%lu cases: %lu blocked, %lu monitored; %lu definitions refused; %lu "
	       "failures\n",
	       b.cases, b.blocked, b.monitored, b.refused, b.failures);
	return b.failures || !b.blocked || !b.monitored;
}
