/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The planner: order, modes, expiry, management, units, sets, findings, differences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/cleanup.h"
#include "policy/failure.h"
#include "policy/lifeline.h"
#include "policy/plan.h"
#include "policy/ports.h"
#include "tests/harness/planned.h"

#define NETFILTER VP_POINT_BIT(VP_POINT_NETFILTER)

static int setup(void **state)
{
	struct planned *f = vp_new(struct planned);

	f->host.clock_synchronised = true;
	vp_array_push(&f->host.management,
		      ((struct vp_port_range){ .protocol = 6, .first = 22, .last = 22 }));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	planned_free(*state);
	free(*state);
	return 0;
}

/* A patch with one rule; `head`, `service` and `rule` are lines of those sections. */
static void add(struct planned *f, const char *id, const char *head, const char *service,
		const char *rule)
{
	char *text = vp_format("[patch]\nid = %s\ntitle = t\n%s"
			       "[service s]\n%s"
			       "[rule r]\nservice = s\n%s"
			       "[sample a]\nrule = r\nexpect = blocked\nsend = \"x\"\n"
			       "[sample b]\nservice = s\nexpect = passed\nsend = \"y\"\n",
			       id, head, service, rule);

	vp_array_push(&f->sources.definitions,
		      ((struct vp_text){ vp_format("%s.vpatch", id), text, strlen(text) }));
}

static void plan_at(struct planned *f, unsigned int points)
{
	planned_forget(f);
	planned_build(f, points);
}

static void plan(struct planned *f)
{
	plan_at(f, NETFILTER);
}

static bool says(const struct planned *f, const char *text)
{
	return strstr(vp_strbuf_text(&f->text), text);
}

static bool blind(const struct planned *f, const char *code)
{
	vp_array_each (spot, &f->plan.blind_spots)
		if (!strcmp(spot->code, code))
			return true;
	return false;
}

#define BOTH	 (NETFILTER | VP_POINT_BIT(VP_POINT_INSPECTION))
#define LOW	 "severity = low\n"
#define CRITICAL "severity = critical\n"
#define DNS	 "ports = udp/53\n"
#define DROP	 "action = drop\n"

static void test_order(void **state)
{
	struct planned *f = *state;

	add(f, "B", CRITICAL, DNS, DROP);
	add(f, "C", LOW, DNS, DROP);
	add(f, "A", LOW, DNS, DROP);
	add(f, "D", CRITICAL, DNS, DROP);
	plan(f);
	assert_int_equal(f->findings.errors, 0);
	assert_int_equal(f->plan.placements.len, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(f->plan.placements.data[i].patch->id[0], "BDAC"[i]);
}

static void test_expiry(void **state)
{
	struct planned *f = *state;

	add(f, "KEEP", LOW "expires = 2020-01-01\n", DNS, DROP);
	add(f, "WATCH", LOW "expires = 2020-01-01\non-expiry = monitor\n", DNS, DROP);
	add(f, "GONE", LOW "expires = 2020-01-01\non-expiry = remove\n", DNS, DROP);
	f->host.now = 1577923200 - 1; /* the last second of that day */
	plan(f);
	assert_int_equal(f->plan.placements.len, 3);

	f->host.now++;
	plan(f);
	assert_int_equal(f->findings.errors, 0);
	assert_int_equal(f->findings.list.len, 3);
	assert_int_equal(f->plan.placements.len, 2);
	assert_string_equal(f->plan.placements.data[0].patch->id, "KEEP");
	assert_int_equal(f->plan.placements.data[0].mode, VP_MODE_ENFORCE);
	assert_int_equal(f->plan.placements.data[1].mode, VP_MODE_MONITOR);

	f->host.clock_synchronised = false;
	plan(f);
	assert_int_equal(f->plan.placements.len, 3);
	assert_int_equal(f->plan.placements.data[2].mode, VP_MODE_ENFORCE);
}

static void test_management(void **state)
{
	struct planned *f = *state;

	add(f, "SSH", LOW, "ports = tcp/22\n", DROP);
	plan(f);
	assert_int_equal(f->findings.errors, 1);
	assert_true(says(f, "management = force"));
}

static void test_management_partly(void **state)
{
	struct planned *f = *state;

	add(f, "RANGE", LOW, "ports = tcp/20-25\n", DROP);
	add(f, "DEVICE", LOW, "ports = tcp/22\naddress = 198.51.100.9\n", DROP);
	plan(f);
	assert_int_equal(f->findings.errors, 0);
	assert_true(blind(f, "management"));
	assert_int_equal(f->plan.management.len, 1);
}

static void test_management_forced(void **state)
{
	struct planned *f = *state;

	add(f, "SSH", LOW, "ports = tcp/22\nmanagement = force\n", DROP);
	plan(f);
	assert_int_equal(f->findings.errors, 0);
	assert_int_equal(f->plan.placements.len, 1);
	assert_int_equal(f->plan.management.len, 0);
}

static void test_unit(void **state)
{
	struct planned *f = *state;
	struct vp_socket sockets[] = {
		{ .protocol = 6, .port = 9000, .unit = vp_strdup("app.service") },
		{ .protocol = 6, .port = 9001, .unit = vp_strdup("app.service") },
		{ .protocol = 6, .port = 9000, .unit = vp_strdup("app.service") },
		{ .protocol = 17, .port = 53, .unit = vp_strdup("other.service") },
	};

	for (size_t i = 0; i < VP_COUNT(sockets); i++)
		vp_array_push(&f->host.sockets, sockets[i]);
	add(f, "APP", LOW, "unit = app.service\n", DROP);
	plan(f);
	assert_int_equal(f->findings.errors, 0);
	assert_int_equal(f->plan.placements.data[0].ports.len, 1);
	assert_int_equal(f->plan.placements.data[0].ports.data[0].first, 9000);
	assert_int_equal(f->plan.placements.data[0].ports.data[0].last, 9001);
}

static void test_unit_silent(void **state)
{
	struct planned *f = *state;

	add(f, "APP", LOW, "process = /usr/sbin/app\n", DROP);
	plan(f);
	assert_int_equal(f->findings.errors, 1);
	assert_true(says(f, "/usr/sbin/app"));
	f->host.examples_allowed = true;
	plan(f);
	assert_int_equal(f->findings.errors, 0);
	assert_int_equal(f->findings.list.len, 1);
	assert_int_equal(f->plan.placements.len, 0);
}

static void test_site_set(void **state)
{
	struct planned *f = *state;

	add(f, "SITE", LOW "[set friends]\nvalues = 192.0.2.1\nsite = required\n", DNS,
	    "when = not ip.src equals @friends\n" DROP);
	plan(f);
	assert_int_equal(f->findings.errors, 1);
	assert_true(says(f, "[set friends]"));
	assert_true(says(f, "overrides.d"));
	f->host.examples_allowed = true;
	plan(f);
	assert_int_equal(f->findings.errors, 0);
	assert_int_equal(f->plan.placements.len, 1);
}

/* Which messages a rule would stop by accident, so that the guard has to keep them. */
static void test_lifelines(void **state)
{
	enum {
		ND = VP_LIFELINE_BIT(VP_LIFELINE_NEIGHBOURS),
		RA = VP_LIFELINE_BIT(VP_LIFELINE_ROUTERS),
		MTU4 = VP_LIFELINE_BIT(VP_LIFELINE_PATH_MTU_4),
		MTU6 = VP_LIFELINE_BIT(VP_LIFELINE_PATH_MTU_6),
		DHCP4 = VP_LIFELINE_BIT(VP_LIFELINE_DHCP_4),
		DHCP6 = VP_LIFELINE_BIT(VP_LIFELINE_DHCP_6),
		ALL = VP_LIFELINE_BIT(VP_LIFELINE_COUNT) - 1,
	};
	static const struct {
		const char *service, *when;
		unsigned int kept;
	} cases[] = {
		{ "ports = ip\n", "not ip.src equals 192.0.2.1, 2001:db8::1", ALL },
		{ "ports = ip\nmanagement = force\n", "ip.ttl at-least 1", 0 },
		{ "ports = ip\naddress = 203.0.113.9\n", "ip.ttl at-least 1", 0 },
		{ "ports = ip\naddress = 224.0.0.0/4\n", "ip.ttl at-least 1", ALL },
		{ "ports = ip\n", "not ip.hdr_len equals 20", 0 },
		{ "ports = ip\n", "ipv6.routing.type equals 0", 0 },
		{ "ports = ip\n", "ipv6.routing.type absent", ALL },
		{ "ports = ip\n", "ip.version equals 4", MTU4 | DHCP4 },
		{ "ports = ip\n", "not ip.proto equals 1, 17", ND | RA | MTU6 },
		{ "ports = ip\n", "ip.ttl equals 64", ALL & ~(ND | RA) },
		{ "ports = udp/any\n", "datagram.len at-least 1", DHCP4 | DHCP6 },
		{ "ports = udp/60-90\n", "datagram.len at-least 1", DHCP4 },
		{ "ports = udp/68\n", "datagram.len at-least 1", 0 },
		{ "ports = udp/any\n", "udp.srcport equals 53", 0 },
		{ "ports = udp/any\n", "udp.dstport equals 68, 546", 0 },
		{ "ports = udp/any\n", "udp.dstport equals 1-1024", DHCP4 | DHCP6 },
		{ "ports = icmp\n", "icmp.type equals 3, 11", MTU4 },
		{ "ports = icmp\n", "icmp.type equals 5", 0 },
		{ "ports = icmpv6\n", "icmpv6.type equals 134", ND },
		{ "ports = icmpv6\n", "not icmpv6.type equals 128", ND | RA | MTU6 },
		{ "ports = tcp/any\n", "ip.ttl at-least 1", 0 },
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(cases); i++) {
		_cleanup_free_ char *rule = vp_format("when = %s\n" DROP, cases[i].when);
		void *of_case = NULL;
		struct planned *f;

		setup(&of_case);
		f = of_case;
		add(f, "A", LOW "mode = enforce\n", cases[i].service, rule);
		plan(f);
		if (f->plan.lifelines != cases[i].kept || f->plan.placements.len != 1)
			fail_msg("%s%s: %#x, not %#x; %s", cases[i].service, cases[i].when,
				 f->plan.lifelines, cases[i].kept, vp_strbuf_text(&f->text));
		teardown(&of_case);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *service, *rule, *says;
	} cases[] = {
		{ "ports = tcp/80\napplication = http\n",
		  "when = http.uri equals \"/\"\naction = drop\n",
		  "http.uri needs inspection (this build has: netfilter)" },
		{ DNS, "when = datagram[0:] contains \"abc\"\naction = drop\n",
		  "datagram contains needs inspection" },
		{ DNS, "when = datagram[250:10] equals \"0123456789\"\naction = drop\n",
		  "first 256 bytes" },
		{ DNS, "when = datagram.len at-least 1000\naction = drop\n",
		  "first 256 bytes" },
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(cases); i++) {
		void *inner;

		setup(&inner);
		add(inner, "X", LOW, cases[i].service, cases[i].rule);
		plan(inner);
		if (!says(inner, cases[i].says))
			fail_msg("case %zu: %s", i,
				 vp_strbuf_text(&((struct planned *)inner)->text));
		teardown(&inner);
	}
}

static void test_diff(void **state)
{
	struct planned *f = *state;
	struct vp_plan before = { 0 };
	struct vp_strbuf out = { 0 };

	add(f, "A", LOW, DNS, DROP);
	add(f, "B", LOW, DNS, DROP);
	add(f, "C", LOW, DNS, DROP);
	plan(f);
	assert_int_equal(vp_plan_diff(&f->plan, &f->plan, &out), 0);
	assert_int_equal(vp_plan_diff(NULL, &f->plan, &out), 3);
	vp_strbuf_free(&out);

	vp_policy_find(&f->policy, "C")->disabled = true;
	vp_plan_build(&before, &f->policy, &f->host, NETFILTER, &f->findings);
	vp_policy_find(&f->policy, "C")->disabled = false;
	vp_policy_find(&f->policy, "A")->disabled = true;
	vp_policy_find(&f->policy, "B")->mode = VP_MODE_MONITOR;
	vp_plan_free(&f->plan);
	vp_plan_build(&f->plan, &f->policy, &f->host, NETFILTER, &f->findings);
	assert_int_equal(vp_plan_diff(&before, &f->plan, &out), 3);
	assert_string_equal(vp_strbuf_text(&out), "- A  t, 1 rule, enforce\n"
						  "~ B  mode enforce -> monitor\n"
						  "+ C  t, 1 rule, enforce\n");
	vp_strbuf_free(&out);
	vp_plan_free(&before);
}

/* Tags do not depend on what else is enabled. */
static void test_tags(void **state)
{
	struct planned *f = *state;
	uint32_t tag;

	add(f, "A", LOW, DNS, DROP);
	add(f, "B", LOW, DNS, DROP);
	plan(f);
	tag = f->plan.placements.data[1].tag;
	assert_true(tag && tag != f->plan.placements.data[0].tag);
	vp_policy_find(&f->policy, "A")->disabled = true;
	vp_plan_free(&f->plan);
	vp_plan_build(&f->plan, &f->policy, &f->host, NETFILTER, &f->findings);
	assert_int_equal(f->plan.placements.data[0].tag, tag);
}

static void test_ports(void **state)
{
	struct vp_port_ranges ports = { 0 }, minus = { 0 };

	(void)state;
	vp_array_push(&ports, ((struct vp_port_range){ 6, 10, 20, { 0 } }));
	vp_array_push(&ports, ((struct vp_port_range){ 6, 21, 30, { 0 } }));
	vp_array_push(&ports, ((struct vp_port_range){ 17, 15, 15, { 0 } }));
	vp_ports_normalise(&ports);
	assert_int_equal(ports.len, 2);
	vp_array_push(&minus, ((struct vp_port_range){ 6, 15, 16, { 0 } }));
	vp_array_push(&minus, ((struct vp_port_range){ 17, 0, 65535, { 0 } }));
	vp_ports_subtract(&ports, &minus);
	assert_int_equal(ports.len, 2);
	assert_int_equal(ports.data[0].last, 14);
	assert_int_equal(ports.data[1].first, 17);
	assert_int_equal(ports.data[1].last, 30);
	vp_array_free(&ports);
	vp_array_free(&minus);
}

#define PLAN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Of a patch's rule: class, and who decides. */
static void assert_decided(const struct planned *f, const char *id, const char *text)
{
	struct vp_failure_deciders deciders = { 0 };
	struct vp_strbuf out = { 0 };
	bool found = false;

	vp_failure_decide(&f->plan, &deciders);
	assert_int_equal(deciders.len, f->plan.placements.len);
	for (size_t i = 0; i < deciders.len; i++) {
		if (strcmp(f->plan.placements.data[i].patch->id, id) != 0)
			continue;
		found = true;
		if (deciders.data[i].placement)
			vp_failure_print(&deciders.data[i], &out);
	}
	assert_true(found);
	assert_string_equal(vp_strbuf_text(&out), text);
	vp_strbuf_free(&out);
	vp_array_free(&deciders);
}

#define STREAM	  "when = stream[0:] contains \"evil\"\n"
#define WEB(port) "ports = tcp/" port "\n"

/* The strictest enforced patch of an endpoint decides for all of it, and for nothing else. */
static void test_failure_verdicts(void **state)
{
	struct planned *f = *state;

	add(f, "A-PASS", LOW, WEB("80"), STREAM DROP);
	add(f, "B-BLOCK", LOW "on-failure = block\n", WEB("80"), STREAM DROP);
	add(f, "C-WATCH", LOW "on-failure = block\nmode = monitor\n", WEB("80"), STREAM DROP);
	add(f, "D-RANGE", LOW, WEB("70-90"), STREAM DROP);
	add(f, "E-ALONE", LOW "on-failure = block\nmode = monitor\n", WEB("81, tcp/99"),
	    STREAM DROP);
	add(f, "F-THERE", LOW, WEB("80") "address = 192.0.2.1\n", STREAM DROP);
	add(f, "G-ALSO", LOW "on-failure = block\n",
	    WEB("80") "address = 192.0.2.0-192.0.2.9\n", STREAM DROP);
	add(f, "H-HEADER", LOW "on-failure = block\n", WEB("80"),
	    "when = tcp.flags.urg equals 1\n" DROP);
	add(f, "I-OTHER", LOW, WEB("100"), STREAM DROP);
	plan_at(f, BOTH);
	assert_int_equal(f->findings.errors, 0);
	assert_decided(f, "A-PASS", "class block, decided by B-BLOCK");
	assert_decided(f, "B-BLOCK", "class block, decided by B-BLOCK");
	assert_decided(f, "C-WATCH", "class block, decided by B-BLOCK");
	assert_decided(f, "D-RANGE",
		       "class block, decided by B-BLOCK where both shield the same");
	assert_decided(f, "E-ALONE",
		       "class pass, decided by D-RANGE where both shield the same");
	assert_decided(f, "F-THERE",
		       "class block, decided by G-ALSO where both shield the same");
	assert_decided(f, "H-HEADER", "");
	assert_decided(f, "I-OTHER", "class pass, decided by I-OTHER");
}

static void test_failure_tables(void **state)
{
	(void)state;
	for (int class = 0; class < VP_FAILURE_CLASSES; class ++) {
		assert_true(*vp_failure_class_name((enum vp_failure_class) class));
		for (int cause = 0; cause < VP_FAILURE_CAUSES; cause++) {
			const char *verdict = vp_failure_verdict((enum vp_failure_class) class,
								 (enum vp_failure_cause)cause);

			assert_non_null(verdict);
			/* what is only watched is never altered */
			if (class == VP_CLASS_WATCH)
				assert_int_equal(strncmp(verdict, "passes", 6), 0);
		}
	}
	for (int cause = 0; cause < VP_FAILURE_CAUSES; cause++)
		assert_true(*vp_failure_cause_name((enum vp_failure_cause)cause) &&
			    *vp_failure_cause_text((enum vp_failure_cause)cause));
}

static void test_unseen(void **state)
{
	struct planned *f = *state;

	add(f, "A", LOW, DNS, DROP);
	plan_at(f, BOTH);
	assert_false(blind(f, "midstream"));
	assert_false(blind(f, "unread"));
	add(f, "B", LOW "on-failure = block\n", WEB("443"), STREAM DROP);
	plan_at(f, BOTH);
	assert_true(blind(f, "midstream"));
	assert_true(blind(f, "encrypted"));
	assert_false(blind(f, "unread"));
	assert_false(blind(f, "http2"));
	add(f, "C", LOW, WEB("80") "application = http\n",
	    "when = http.uri contains \"x\"\n" DROP);
	plan_at(f, BOTH);
	assert_true(blind(f, "unread"));
	assert_true(blind(f, "http2"));
	assert_true(blind(f, "quic"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN_TEST(test_order),
		PLAN_TEST(test_expiry),
		PLAN_TEST(test_management),
		PLAN_TEST(test_management_partly),
		PLAN_TEST(test_management_forced),
		PLAN_TEST(test_unit),
		PLAN_TEST(test_unit_silent),
		PLAN_TEST(test_site_set),
		PLAN_TEST(test_diff),
		PLAN_TEST(test_tags),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_lifelines),
		cmocka_unit_test(test_ports),
		PLAN_TEST(test_failure_verdicts),
		cmocka_unit_test(test_failure_tables),
		PLAN_TEST(test_unseen),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
