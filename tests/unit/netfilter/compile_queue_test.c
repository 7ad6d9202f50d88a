/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the compiler makes of inspection rules: classes, queues, and what changes with what. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "modules/netfilter/compile.h"
#include "modules/netfilter/queue.h"
#include "modules/netfilter/text.h"

struct fixture {
	struct vp_sources sources;
	struct vp_findings findings;
	struct vp_policy policy;
	struct vp_host host;
	struct vp_plan plan;
	struct vp_ruleset *ruleset;
};

/* A patch with a rule that needs inspection; `service` and `rule`: more lines of theirs. */
static void add(struct fixture *f, const char *id, const char *severity, const char *mode,
		const char *on_failure, const char *service, const char *rule)
{
	char *text = vp_format("[patch]\nid = %s\ntitle = t\nseverity = %s\nmode = %s\n"
			       "on-failure = %s\n[service s]\n%s\n[rule r]\nservice = s\n"
			       "%saction = drop\n"
			       "[sample a]\nrule = r\nexpect = blocked\nsend = \"x\"\n"
			       "[sample b]\nservice = s\nexpect = passed\nsend = \"y\"\n",
			       id, severity, mode, on_failure, service, rule);

	vp_array_push(&f->sources.definitions,
		      ((struct vp_text){ vp_format("%s.vpatch", id), text, strlen(text) }));
}

#define STREAM "when = stream[0:1] equals \"x\"\n"

static void plan(struct fixture *f)
{
	vp_policy_build(&f->policy, &f->sources, 0, &f->findings);
	vp_plan_build(&f->plan, &f->policy, &f->host,
		      VP_POINT_BIT(VP_POINT_NETFILTER) | VP_POINT_BIT(VP_POINT_INSPECTION),
		      &f->findings);
}

static void compile(struct fixture *f, uint64_t generation)
{
	struct vp_strbuf text = { 0 };
	struct vp_error err = { 0 };

	if (!f->plan.placements.len)
		plan(f);
	vp_findings_print(&f->findings, &text);
	if (f->findings.errors)
		fail_msg("%s", vp_strbuf_text(&text));
	vp_strbuf_free(&text);
	if (vp_ruleset_compile(&f->plan, &f->host, generation, &f->ruleset, &err) < 0)
		fail_msg("%s", err.text);
}

static void release(struct fixture *f)
{
	vp_ruleset_free(f->ruleset);
	vp_plan_free(&f->plan);
	vp_host_free(&f->host);
	vp_policy_free(&f->policy);
	vp_findings_free(&f->findings);
	vp_sources_free(&f->sources);
	*f = (struct fixture){ 0 };
}

static const struct vp_nft_chain *chain_named(const struct vp_ruleset *ruleset,
					      const char *name)
{
	vp_array_each (chain, &ruleset->chains)
		if (name && !strcmp(chain->name, name))
			return chain;
	fail_msg("chain %s is not there", name ? name : "(none)");
	return ruleset->chains.data;
}

/* Where packets to a TCP port go from the map of local services; NULL: not to inspection. */
static const char *region_of(const struct vp_ruleset *ruleset, const char *map, uint16_t port)
{
	vp_array_each (set, &ruleset->sets) {
		if (strcmp(set->name, map) != 0)
			continue;
		vp_array_each (element, &set->elements) {
			const uint8_t *key = vp_element_key(set, element);

			if (key[0] == 6 && key[4] == port >> 8 && key[5] == (port & 255))
				return element->chain;
		}
	}
	return NULL;
}

#define TO_SERVER "inspect-to-server-local-port-256"
#define TO_CLIENT "inspect-to-client-local-port-256"

/* The chain of queues that packets of a region come to. */
static const char *queues_of(const struct vp_ruleset *ruleset, const char *name)
{
	const struct vp_nft_chain *chain = chain_named(ruleset, name);

	if (!strncmp(chain->name, "queue-", 6))
		return chain->name;
	vp_array_each (rule, &chain->rules) {
		const struct vp_statement *last =
			&rule->statements.data[rule->statements.len - 1];

		if (last->kind == VP_ST_VERDICT && last->verdict != VP_NFT_RETURN &&
		    last->name && strncmp(last->name, "verdict-", 8) != 0)
			return queues_of(ruleset, last->name);
	}
	return NULL;
}

/* The first statement of a kind in the chain, or NULL. */
static const struct vp_statement *statement_of(const struct vp_nft_chain *chain,
					       enum vp_statement_kind kind)
{
	vp_array_each (rule, &chain->rules)
		vp_array_each (statement, &rule->statements)
			if (statement->kind == kind)
				return statement;
	return NULL;
}

static void assert_queues(const struct vp_ruleset *ruleset, uint16_t port, const char *queues)
{
	assert_string_equal(queues_of(ruleset, region_of(ruleset, TO_SERVER, port)), queues);
}

/* The strictest of the enforced patches decides, for each port by itself. */
static void test_classes(void **state)
{
	struct fixture f = { 0 };

	(void)state;
	add(&f, "A", "low", "enforce", "block", "ports = tcp/10-19", STREAM);
	add(&f, "B", "high", "enforce", "pass", "ports = tcp/15-29", STREAM);
	add(&f, "C", "critical", "monitor", "block", "ports = tcp/18-39", STREAM);
	compile(&f, 1);
	assert_queues(f.ruleset, 10, "queue-block");
	assert_queues(f.ruleset, 15, "queue-block");
	assert_queues(f.ruleset, 18, "queue-block");
	assert_queues(f.ruleset, 20, "queue-pass");
	assert_queues(f.ruleset, 29, "queue-pass");
	assert_queues(f.ruleset, 30, "queue-watch");
	assert_null(region_of(f.ruleset, TO_SERVER, 40));
	release(&f);
}

/* What is dropped unread is reported for the first of the strictest enforced rules. */
static void test_blame(void **state)
{
	struct fixture f = { 0 };
	const struct vp_nft_chain *chain;
	const char *name = NULL;

	(void)state;
	add(&f, "A", "low", "enforce", "block", "ports = udp/10",
	    "when = datagram[0:] matches /x/\n");
	add(&f, "B", "medium", "enforce", "block", "ports = udp/10",
	    "when = datagram[0:] matches /y/\n");
	add(&f, "C", "high", "enforce", "pass", "ports = udp/10",
	    "when = datagram[0:] matches /z/\n");
	compile(&f, 1);
	vp_array_each (set, &f.ruleset->sets)
		if (!strcmp(set->name, TO_SERVER))
			name = set->elements.data[0].chain;
	chain = chain_named(f.ruleset, name);
	assert_string_equal(
		vp_ruleset_tag(f.ruleset, statement_of(chain, VP_ST_MARK)->number)->name,
		"B/r");
	release(&f);
}

static void test_directions(void **state)
{
	struct fixture f = { 0 };

	(void)state;
	add(&f, "A", "low", "enforce", "pass", "ports = tcp/10-19", STREAM);
	add(&f, "B", "low", "monitor", "pass", "ports = tcp/15",
	    "direction = to-client\n" STREAM);
	compile(&f, 1);
	assert_null(region_of(f.ruleset, TO_CLIENT, 10));
	assert_null(region_of(f.ruleset, TO_CLIENT, 16));
	/* both directions of a connection in the same queue */
	assert_string_equal(queues_of(f.ruleset, region_of(f.ruleset, TO_CLIENT, 15)),
			    "queue-pass");
	assert_queues(f.ruleset, 15, "queue-pass");
	release(&f);
}

static bool same_rules(const struct vp_nft_chain *a, const struct vp_nft_chain *b)
{
	return vp_nft_chain_digest(a) == vp_nft_chain_digest(b);
}

/* From one generation to the next only the chains that name queues differ. */
static void test_generations(void **state)
{
	struct vp_ruleset *first, *second;
	struct fixture f = { 0 };
	size_t different = 0;

	(void)state;
	add(&f, "A", "low", "enforce", "block", "ports = tcp/10-19", STREAM);
	add(&f, "B", "low", "enforce", "pass", "ports = tcp/30-39", STREAM);
	compile(&f, 1);
	first = f.ruleset;
	compile(&f, 2);
	second = f.ruleset;
	assert_int_equal(first->chains.len, second->chains.len);
	for (size_t i = 0; i < first->chains.len; i++) {
		const struct vp_nft_chain *a = &first->chains.data[i],
					  *b = &second->chains.data[i];

		assert_string_equal(a->name, b->name);
		if (same_rules(a, b))
			continue;
		different++;
		assert_non_null(statement_of(a, VP_ST_QUEUE));
		assert_true(statement_of(a, VP_ST_QUEUE)->number !=
			    statement_of(b, VP_ST_QUEUE)->number);
	}
	assert_int_equal(different, 2);
	compile(&f, 3);
	assert_true(vp_ruleset_digest(first) == vp_ruleset_digest(f.ruleset));
	assert_true(vp_ruleset_digest(first) != vp_ruleset_digest(second));
	vp_ruleset_free(first);
	vp_ruleset_free(second);
	release(&f);
}

/* Each queue is of one class, kind and parity, and is found again by its number. */
static void test_numbers(void **state)
{
	struct vp_queueing queueing = { .base = 100, .count = 3 };
	bool used[36] = { false };
	enum vp_queue_class class;
	enum vp_queue_kind kind;
	unsigned int parity;

	(void)state;
	for (unsigned int all = 0; all < VP_COUNT(used); all++) {
		enum vp_queue_class of = all / 12;
		enum vp_queue_kind what = all / 3 % 2;
		unsigned int generation = 8 + all / 6 % 2;
		unsigned int queue = vp_queue_first(&queueing, of, what, generation) + all % 3;

		assert_in_range(queue, 100, 135);
		assert_false(used[queue - 100]);
		used[queue - 100] = true;
		assert_true(vp_queue_find(&queueing, (uint16_t)queue, &class, &kind, &parity));
		assert_int_equal(class, of);
		assert_int_equal(kind, what);
		assert_int_equal(parity, generation % 2);
	}
	assert_false(vp_queue_find(&queueing, 99, &class, &kind, &parity));
	assert_false(vp_queue_find(&queueing, 136, &class, &kind, &parity));
	queueing.base = 65500;
	assert_true(vp_queue_fits(&queueing));
	queueing.base = 65501;
	assert_false(vp_queue_fits(&queueing));
}

/* Of all beats and of all datagrams with which flows leave. */
static void test_marks(void **state)
{
	struct vp_host host = { 0 };
	struct vp_queueing queueing = vp_queueing(&host);

	(void)state;
	assert_int_equal(vp_away_mark(&queueing, false, 0), VP_AWAY_MARK);
	assert_int_equal(vp_away_mark(&queueing, false, 15), VP_AWAY_MARK + 15);
	assert_int_equal(vp_away_mark(&queueing, true, 3), VP_AWAY_MARK + 0x43);
	assert_true(vp_away_bytes(0) == 256 << 10);
	assert_true(vp_away_bytes(14) == (uint64_t)4 << 30);
	assert_true(vp_away_bytes(VP_AWAY_ENDING) == UINT64_MAX);
}

static void test_published(void **state)
{
	struct vp_host host = { 0 };
	struct vp_queueing queueing = vp_queueing(&host);
	uint8_t mark[4] = { 0x1f, 0x90 };
	uint16_t sign = vp_published_sign(&queueing), port = 0;
	uint32_t number;
	bool answer;

	(void)state;
	memcpy(&number, mark, sizeof(number));
	assert_false(vp_published_port(&queueing, number, &port, &answer));
	assert_false(vp_published_port(&queueing, VP_LEASE_MARK, &port, &answer));
	assert_false(vp_published_port(&queueing, VP_AWAY_MARK, &port, &answer));
	for (unsigned int i = 0; i < 2; i++, sign++) {
		memcpy(mark + 2, &sign, sizeof(sign));
		memcpy(&number, mark, sizeof(number));
		assert_true(vp_published_port(&queueing, number, &port, &answer));
		assert_int_equal(port, 8080);
		assert_int_equal(answer, i);
	}
}

/* TCP goes to the queues of streams, all else to those of datagrams. */
static void test_kinds(void **state)
{
	const struct vp_nft_chain *region;
	struct fixture f = { 0 };

	(void)state;
	add(&f, "A", "low", "monitor", "pass", "ports = tcp/10", STREAM);
	add(&f, "B", "low", "monitor", "pass", "ports = udp/11",
	    "when = datagram[0:] matches /x/\n");
	compile(&f, 2);
	assert_queues(f.ruleset, 10, "queue-watch");
	region = chain_named(f.ruleset, "queue-watch-datagrams");
	assert_int_equal(statement_of(region, VP_ST_QUEUE)->number, VP_QUEUE_BASE + 9);
	region = chain_named(f.ruleset, "queue-watch");
	assert_int_equal(statement_of(region, VP_ST_QUEUE)->number, VP_QUEUE_BASE + 8);
	release(&f);
}

/* Where payload cannot be told from its absence, everything is queued. */
static void test_old_kernel(void **state)
{
	struct fixture f = { 0 };

	(void)state;
	add(&f, "A", "low", "monitor", "pass", "ports = tcp/10", STREAM);
	f.host.kernel.nftables = f.host.kernel.native_queue = true;
	compile(&f, 1);
	assert_string_equal(region_of(f.ruleset, TO_SERVER, 10), "queue-watch");
	assert_false(statement_of(chain_named(f.ruleset, "queue-watch"), VP_ST_QUEUE)->compat);
	release(&f);
}

static void test_kernel_without(void **state)
{
	struct vp_strbuf text = { 0 };
	struct fixture f = { 0 };
	struct vp_error err = { 0 };

	(void)state;
	add(&f, "A", "low", "monitor", "pass", "ports = tcp/10", STREAM);
	f.host.kernel.nftables = true;
	plan(&f);
	vp_findings_print(&f.findings, &text);
	assert_int_equal(f.findings.errors, 1);
	assert_non_null(strstr(vp_strbuf_text(&text), "nft_queue"));
	vp_strbuf_free(&text);
	release(&f);
	add(&f, "A", "low", "monitor", "pass", "ports = tcp/10", STREAM);
	f.host.kernel.nftables = f.host.kernel.compat_queue = true;
	compile(&f, 1);
	assert_true(statement_of(chain_named(f.ruleset, "queue-watch"), VP_ST_QUEUE)->compat);
	vp_ruleset_free(f.ruleset);
	f.ruleset = NULL;
	/* a plan that was made for another kernel */
	f.host.kernel.compat_queue = false;
	assert_int_equal(vp_ruleset_compile(&f.plan, &f.host, 1, &f.ruleset, &err),
			 -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "A/r"));
	f.host.kernel.native_queue = true;
	f.host.queueing.base = 65535;
	assert_int_equal(vp_ruleset_compile(&f.plan, &f.host, 1, &f.ruleset, &err), -EINVAL);
	release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),	       cmocka_unit_test(test_blame),
		cmocka_unit_test(test_directions),     cmocka_unit_test(test_generations),
		cmocka_unit_test(test_numbers),	       cmocka_unit_test(test_old_kernel),
		cmocka_unit_test(test_kernel_without), cmocka_unit_test(test_marks),
		cmocka_unit_test(test_kinds),	       cmocka_unit_test(test_published),
	};

	return cmocka_run_group_tests_name("compile-queue", tests, NULL, NULL);
}
