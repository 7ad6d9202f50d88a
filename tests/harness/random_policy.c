/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random definitions as text: every field, operator and transform that netfilter evaluates. */
#include "tests/harness/random.h"

const unsigned int rnd_ports[] = { 53,	 123,  161,  500,   1000, 1001,
				   1002, 1003, 5000, 40000, 65535 };
const unsigned int rnd_port_count = sizeof(rnd_ports) / sizeof(rnd_ports[0]);

static const char *pick(struct rnd *r, const char *const *list, size_t count)
{
	return list[rnd(r, (unsigned int)count)];
}
#define PICK(r, ...)                                                                          \
	pick(r, (const char *const[]){ __VA_ARGS__ },                                         \
	     sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static unsigned int port(struct rnd *r)
{
	return rnd_ports[rnd(r, rnd_port_count)];
}

static void put_ports(struct rnd *r, struct vp_strbuf *out)
{
	unsigned int first = port(r), second = port(r);
	const char *protocol = PICK(r, "udp", "udp", "udp", "tcp", "tcp", "sctp", "udplite");

	if (first > second) {
		unsigned int other = first;

		first = second;
		second = other;
	}
	switch (rnd(r, 12)) {
	case 0:
		vp_strbuf_adds(out, PICK(r, "icmp", "icmpv6", "gre", "protocol/99", "ip"));
		break;
	case 1:
		vp_strbuf_addf(out, "%s/any", protocol);
		break;
	case 2:
	case 3:
		if (first != second) {
			vp_strbuf_addf(out, "%s/%u-%u", protocol, first, second);
			break;
		}
		__attribute__((fallthrough));
	case 4:
		vp_strbuf_adds(out, PICK(r, "icmp", "icmpv6", "icmp, icmpv6"));
		break;
	default:
		vp_strbuf_addf(out, "%s/%u", protocol, first);
	}
}

static void put_address(struct rnd *r, struct vp_strbuf *out)
{
	static const char *const base4[] = { RND_DEVICE4, RND_DEVICE4, RND_PEER4 };
	static const char *const base6[] = { RND_DEVICE6, RND_DEVICE6, RND_PEER6 };
	unsigned int first = 1 + rnd(r, 10), which = rnd(r, 3);

	switch (rnd(r, 10)) {
	case 0:
		vp_strbuf_adds(out, PICK(r, RND_LOCAL4, RND_LOCAL6));
		break;
	case 1:
		vp_strbuf_adds(out, PICK(r, "10.9.1.0/24", "fd09:1::/64", "10.8.0.0/29",
					 "fd08::/125", "0.0.0.0/0", "::/0", "10.9.1.8/30"));
		break;
	case 2:
		vp_strbuf_addf(out, "%s%u-%s%u", base4[which], first, base4[which],
			       first + 1 + rnd(r, 8));
		break;
	case 3:
		vp_strbuf_addf(out, "%s%x-%s%x", base6[which], first, base6[which],
			       first + 1 + rnd(r, 8));
		break;
	case 4:
	case 5:
	case 6:
		vp_strbuf_addf(out, "%s%x", base6[which], first);
		break;
	default:
		vp_strbuf_addf(out, "%s%u", base4[which], first);
	}
}

static void put_numbers(struct rnd *r, struct vp_strbuf *out, uint64_t low, uint64_t high)
{
	unsigned int count = 1 + rnd(r, 3);

	for (unsigned int i = 0; i < count; i++) {
		uint64_t first = low + rnd_next(r) % (high - low + 1);
		uint64_t last = first + rnd_next(r) % (high - first + 1);

		if (i)
			vp_strbuf_adds(out, ", ");
		vp_strbuf_addf(out, "%llu", (unsigned long long)first);
		if (last != first && rnd_percent(r, 30))
			vp_strbuf_addf(out, "-%llu", (unsigned long long)last);
	}
}

/* An operator and its values for a number. */
static void put_comparison(struct rnd *r, struct vp_strbuf *out, uint64_t low, uint64_t high)
{
	if (rnd_percent(r, 50)) {
		vp_strbuf_adds(out, " equals ");
		put_numbers(r, out, low, high);
		return;
	}
	vp_strbuf_addf(out, " %s %llu",
		       PICK(r, "less-than", "at-most", "greater-than", "at-least"),
		       (unsigned long long)(low + rnd_next(r) % (high - low + 1)));
}

/* Bytes of the small alphabet that payloads are made of. */
static void put_string(struct rnd *r, struct vp_strbuf *out, unsigned int len)
{
	vp_strbuf_addc(out, '"');
	for (unsigned int i = 0; i < len; i++)
		vp_strbuf_adds(out, PICK(r, "a", "a", "a", "a", "a", "a", "a", "b", "\\x00"));
	vp_strbuf_addc(out, '"');
}

static void put_slice_number(struct rnd *r, struct vp_strbuf *out)
{
	unsigned int offset = rnd(r, rnd_percent(r, 10) ? 248 : 12), size = 1 + rnd(r, 4);
	uint64_t top = (UINT64_C(1) << 8 * size) - 1, near = 0;

	for (unsigned int i = 0; i < size; i++)
		near = near << 8 | (rnd_percent(r, 70) ? 'a' : 'b');
	vp_strbuf_addf(out, "datagram[%u:%u]", offset, size);
	if (rnd_percent(r, 40))
		vp_strbuf_adds(out, " | little-endian");
	if (rnd_percent(r, 40))
		vp_strbuf_addf(out, " | mask(0x%llx)",
			       (unsigned long long)((rnd_percent(r, 50) ? rnd_next(r)
									: ~0ull << rnd(r, 9)) &
						    top));
	if (rnd_percent(r, 10))
		vp_strbuf_adds(out, " | little-endian");
	if (rnd_percent(r, 40))
		put_comparison(r, out, 0, top);
	else
		put_comparison(r, out, near > 300 ? near - 300 : 0,
			       near + 300 < top ? near + 300 : top);
}

static void put_slice(struct rnd *r, struct vp_strbuf *out)
{
	unsigned int offset = rnd(r, 4), len, count = 1 + rnd(r, 3);

	if (rnd_percent(r, 50)) {
		put_slice_number(r, out);
		return;
	}
	if (rnd_percent(r, 20)) {
		vp_strbuf_addf(out, "datagram[%u:%u] %s", rnd(r, 40), 1 + rnd(r, 20),
			       PICK(r, "present", "absent"));
		return;
	}
	if (rnd_percent(r, 50)) { /* fixed */
		len = rnd_percent(r, 20) ? 17 + rnd(r, 30) : 1 + rnd(r, 4);
		vp_strbuf_addf(out, "datagram[%u:%u] equals ", offset, len);
		for (unsigned int i = 0; i < count; i++) {
			vp_strbuf_adds(out, i ? ", " : "");
			put_string(r, out, len);
		}
		return;
	}
	if (rnd_percent(r, 30))
		vp_strbuf_addf(out, "datagram[%u:%u] starts-with ", offset, 5 + rnd(r, 20));
	else
		vp_strbuf_addf(out, "datagram[%u:] %s ", offset,
			       PICK(r, "equals", "equals", "starts-with"));
	for (unsigned int i = 0; i < count; i++) {
		vp_strbuf_adds(out, i ? ", " : "");
		put_string(r, out, 1 + rnd(r, 4));
	}
}

static void put_tcp(struct rnd *r, struct vp_strbuf *out)
{
	switch (rnd(r, 9)) {
	case 0:
		vp_strbuf_addf(out, "tcp.flags.%s equals %u",
			       PICK(r, "fin", "syn", "reset", "push", "ack", "urg"),
			       rnd(r, 2));
		break;
	case 1:
		vp_strbuf_adds(out, "tcp.flags");
		if (rnd_percent(r, 50))
			vp_strbuf_addf(out, " | mask(0x%x)", rnd(r, 256));
		put_comparison(r, out, 0, 63);
		break;
	case 2:
		vp_strbuf_adds(out, "tcp.hdr_len");
		put_comparison(r, out, 18, 40);
		break;
	case 3:
		vp_strbuf_addf(out, "tcp.option_kind equals %s",
			       PICK(r, "2", "3", "4", "2, 29", "4, 8", "5-29"));
		break;
	case 4:
		vp_strbuf_adds(out, "tcp.options.mss_val");
		if (rnd_percent(r, 30))
			vp_strbuf_addf(out, " %s", PICK(r, "present", "absent"));
		else
			put_comparison(r, out, 400, 600);
		break;
	case 5:
		vp_strbuf_adds(out, "tcp.options.wscale.shift");
		if (rnd_percent(r, 30))
			vp_strbuf_addf(out, " %s", PICK(r, "present", "absent"));
		else
			put_comparison(r, out, 0, 14);
		break;
	case 6:
		vp_strbuf_addf(out, "tcp.%s", PICK(r, "window_size", "urgent_pointer"));
		put_comparison(r, out, 0, 3);
		break;
	default:
		vp_strbuf_addf(out, "tcp.%s equals %u, %u", PICK(r, "srcport", "dstport"),
			       port(r), port(r));
	}
}

static void put_ip(struct rnd *r, struct vp_strbuf *out)
{
	switch (rnd(r, 9)) {
	case 0:
		vp_strbuf_addf(out, "ip.version equals %u", rnd_percent(r, 50) ? 4 : 6);
		break;
	case 1:
		vp_strbuf_adds(out, "ip.proto");
		put_comparison(r, out, 0, 140);
		break;
	case 2:
		vp_strbuf_adds(out, "ip.ttl");
		put_comparison(r, out, 60, 68);
		break;
	case 3:
		vp_strbuf_addf(out, "ip.opt.type equals %s",
			       PICK(r, "7", "148", "7, 148", "131"));
		break;
	case 4:
		vp_strbuf_addf(out, "ipv6.exthdr.type equals %s",
			       PICK(r, "0", "43", "60", "135", "0, 60", "43, 60"));
		break;
	case 5:
		vp_strbuf_adds(out, "ipv6.routing.type");
		if (rnd_percent(r, 30))
			vp_strbuf_addf(out, " %s", PICK(r, "present", "absent"));
		else
			put_comparison(r, out, 0, 4);
		break;
	default:
		vp_strbuf_addf(out, "ip.%s equals ", PICK(r, "src", "src", "dst"));
		for (unsigned int i = 0, count = 1 + rnd(r, 3); i < count; i++) {
			vp_strbuf_adds(out, i ? ", " : "");
			put_address(r, out);
		}
	}
}

static void put_condition(struct rnd *r, struct vp_strbuf *out)
{
	if (rnd_percent(r, 30))
		vp_strbuf_adds(out, "not ");
	switch (rnd(r, 8)) {
	case 0:
	case 1:
		put_ip(r, out);
		break;
	case 2:
		put_tcp(r, out);
		break;
	case 3:
		vp_strbuf_adds(out, "datagram.len");
		put_comparison(r, out, 0, rnd_percent(r, 30) ? 256 : 20);
		break;
	case 4:
		vp_strbuf_addf(
			out, "%s",
			PICK(r, "icmp.type", "icmp.code", "icmpv6.type", "icmpv6.code"));
		put_comparison(r, out, 0, 130);
		break;
	case 5:
		vp_strbuf_addf(out, "udp.%s", PICK(r, "srcport", "dstport"));
		put_comparison(r, out, 0, 1100);
		break;
	default:
		put_slice(r, out);
	}
	vp_strbuf_addc(out, '\n');
}

static void put_service(struct rnd *r, unsigned int number, struct vp_strbuf *out)
{
	vp_strbuf_addf(out, "[service s%u]\nports = ", number);
	for (unsigned int i = 0, count = 1 + rnd(r, 3); i < count; i++) {
		vp_strbuf_adds(out, i ? ", " : "");
		put_ports(r, out);
	}
	vp_strbuf_addc(out, '\n');
	if (rnd_percent(r, 50)) {
		vp_strbuf_adds(out, "address = ");
		for (unsigned int i = 0, count = 1 + rnd(r, 3); i < count; i++) {
			vp_strbuf_adds(out, i ? ", " : "");
			put_address(r, out);
		}
		vp_strbuf_addc(out, '\n');
	}
	vp_strbuf_addf(out,
		       "[sample benign%u]\nservice = s%u\nexpect = passed\nsend = \"x\"\n",
		       number, number);
}

struct growth {
	bool (*valid)(void *data, const char *text);
	void *data;
};

/* A rule with its conditions, those that are accepted, behind `out`; out unchanged if it
 * cannot be. */
static void put_rule(struct rnd *r, unsigned int number, unsigned int services,
		     const struct growth *growth, struct vp_strbuf *out)
{
	unsigned int lines = rnd(r, 7), plain = 1 + rnd(r, 4), burst = 1 + rnd(r, 4);
	struct vp_strbuf head = { 0 }, tail = { 0 };

	vp_strbuf_addf(&head, "%s[rule r%u]\nservice = s%u\n", vp_strbuf_text(out), number,
		       rnd(r, services));
	if (rnd_percent(r, 20))
		vp_strbuf_adds(&head, "direction = to-client\n");
	if (rnd_percent(r, 80))
		vp_strbuf_addf(
			&tail,
			"action = drop\n"
			"[sample attack%u]\nrule = r%u\nexpect = blocked\nsend = \"x\"\n",
			number, number);
	else
		vp_strbuf_addf(
			&tail,
			"action = limit 1/day burst %u%s\n[sample attack%u]\nrule = r%u\n"
			"expect = limited after %u\nrepeat = %u\nsend = \"x\"\n",
			burst, rnd_percent(r, 50) ? " per source" : "", number, number, burst,
			burst + 1);
	for (unsigned int i = 0; i < lines; i++) {
		struct vp_strbuf next = { 0 }, whole = { 0 };

		vp_strbuf_adds(&next, vp_strbuf_text(&head));
		vp_strbuf_adds(&next, i < plain ? "when = " : "except = ");
		put_condition(r, &next);
		vp_strbuf_addf(&whole, "%s%s", next.data, tail.data);
		if (growth->valid(growth->data, whole.data)) {
			vp_strbuf_free(&head);
			head = next;
		} else {
			vp_strbuf_free(&next);
		}
		vp_strbuf_free(&whole);
	}
	vp_strbuf_adds(&head, tail.data);
	if (growth->valid(growth->data, head.data)) {
		vp_strbuf_free(out);
		*out = head;
	} else {
		vp_strbuf_free(&head);
	}
	vp_strbuf_free(&tail);
}

void rnd_simple_definition(struct rnd *r, unsigned int number, unsigned int shape,
			   struct vp_strbuf *out)
{
	static const char *const slices[] = { "datagram[0:2]", "datagram[0:2]",
					      "datagram[1:2] | little-endian",
					      "datagram[0:1] | mask(0x0f)" };

	vp_strbuf_addf(out,
		       "[patch]\nid = S%02u\ntitle = simple\nseverity = %s\nmode = enforce\n"
		       "[service s]\nports = udp/%u\n[rule r]\nservice = s\nwhen = %s equals ",
		       number, PICK(r, "low", "high"), port(r), slices[shape % 4]);
	if (shape % 4 == 3)
		vp_strbuf_addf(out, "%u\n", rnd(r, 3));
	else
		vp_strbuf_addf(out, "%s\n",
			       PICK(r, "0x6161", "0x6162", "0x6261", "0x6161, 0x61"));
	if (shape & 1)
		vp_strbuf_adds(out, "when = udp.srcport equals 53, 123, 500, 5000\n");
	vp_strbuf_adds(
		out,
		"action = drop\n[sample attack]\nrule = r\nexpect = blocked\nsend = \"x\"\n"
		"[sample benign]\nservice = s\nexpect = passed\nsend = \"y\"\n");
}

void rnd_definition(struct rnd *r, unsigned int number,
		    bool (*valid)(void *data, const char *text), void *data,
		    struct vp_strbuf *out)
{
	unsigned int services = 1 + rnd(r, 2), rules = 1 + rnd(r, 3);
	const struct growth growth = { valid, data };
	size_t before = 0;

	for (int attempt = 0; attempt < 20 && out->len == before; attempt++) {
		vp_strbuf_free(out);
		vp_strbuf_addf(
			out,
			"[patch]\nid = %s%02u\ntitle = random\nseverity = %s\nmode = %s\n",
			PICK(r, "P", "A", "Z"), number,
			PICK(r, "low", "medium", "high", "critical"),
			rnd_percent(r, 30) ? "monitor" : "enforce");
		for (unsigned int i = 0; i < services; i++)
			put_service(r, i, out);
		before = out->len;
		for (unsigned int i = 0; i < rules; i++)
			put_rule(r, i, services, &growth, out);
	}
	if (out->len == before)
		vp_strbuf_free(out);
}
