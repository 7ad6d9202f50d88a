/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Printing random valid definitions, parsing the text and printing again gives
 * the same text. The definitions are drawn from the condition table, so a new
 * field is covered without a change here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/policy/policy_tests.h"

#define ROUNDS 3000

/* Small and repeatable; the quality of the numbers does not matter. */
static unsigned int draw(uint64_t *seed, unsigned int below)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned int)(*seed >> 33) % below;
}

static void draw_string(uint64_t *seed, size_t len, struct vp_strbuf *out)
{
	uint8_t bytes[16];

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)draw(seed, 256);
	vp_bytes_print(bytes, len, out);
}

static void draw_value(uint64_t *seed, const struct vp_field *field, unsigned int op,
		       struct vp_strbuf *out)
{
	static const char *const addresses[] = { "192.0.2.1", "10.0.0.0/8", "::/0",
						 "2001:db8::1-2001:db8::5", "@hosts" };
	static const char *const regexes[] = { "/a\\/b;c/", "/^x[\\/\"]y+$/ims",
					       "/(a|b){2,}c/" };
	static const char *const presence[] = { "131", "43", "4" };

	if (op == VP_OP_MATCHES)
		vp_strbuf_adds(out, regexes[draw(seed, 3)]);
	else if (field->type == VP_TYPE_ADDRESS)
		vp_strbuf_adds(out, addresses[draw(seed, 5)]);
	else if (field->id == VP_FIELD_IP_OPT_TYPE)
		vp_strbuf_adds(out, presence[0]);
	else if (field->id == VP_FIELD_IPV6_EXTHDR_TYPE)
		vp_strbuf_adds(out, presence[1]);
	else if (field->id == VP_FIELD_IP_VERSION)
		vp_strbuf_adds(out, presence[2]);
	else if (field->type == VP_TYPE_NUMBER || op < VP_OP_CONTAINS)
		vp_strbuf_addf(out, draw(seed, 2) ? "%u" : "0x%x",
			       draw(seed, field->bits == 1 ? 2 : 16));
	else
		draw_string(seed, 1 + draw(seed, 4), out);
}

static void draw_condition(uint64_t *seed, const struct vp_field *field, struct vp_strbuf *out)
{
	unsigned int op;
	bool alone;

	do
		op = draw(seed, VP_OP_COUNT);
	while (!(field->operators & VP_OP_BIT(op)) ||
	       (op == VP_OP_EQUALS && field->type == VP_TYPE_BYTES));
	alone = op != VP_OP_EQUALS && op < VP_OP_CONTAINS;
	vp_strbuf_adds(out, "when = ");
	if (op < VP_OP_PRESENT && draw(seed, 3) == 0)
		vp_strbuf_adds(out, "not ");
	vp_strbuf_adds(out, field->name);
	if (field->argument == VP_ARGUMENT_SLICE)
		vp_strbuf_addf(out, "[%u:%u]", draw(seed, 100), 4 + draw(seed, 5));
	if (field->argument == VP_ARGUMENT_REQUIRED)
		vp_strbuf_adds(out,
			       field->id == VP_FIELD_FLOW ? "( seen)" : "( a name[0].x )");
	if (field->argument == VP_ARGUMENT_SLICE && op < VP_OP_CONTAINS && draw(seed, 2))
		vp_strbuf_adds(out, draw(seed, 2) ? " |little-endian" : "| mask( 0xf ) ");
	vp_strbuf_addf(out, " %s ", vp_operator_name(op));
	if (op >= VP_OP_PRESENT) {
		vp_strbuf_addc(out, '\n');
		return;
	}
	draw_value(seed, field, op, out);
	for (unsigned int more = alone ? 0 : draw(seed, 3); more; more--) {
		vp_strbuf_adds(out, draw(seed, 2) ? "," : "  , ");
		draw_value(seed, field, op, out);
	}
	vp_strbuf_adds(out, draw(seed, 2) ? "\n" : "   ; a comment\n");
}

/* Not every action is for what is inspected, datagrams or not. */
static void draw_action(uint64_t *seed, const struct vp_field *field, struct vp_strbuf *out)
{
	static const char *const actions[] = { "drop", "limit 5/hour",
					       "limit  7/day burst 9 per source", "reject" };
	unsigned int count = field->application ? 1 : field->traffic & VP_TRAFFIC_TCP ? 4 : 3;

	vp_strbuf_addf(out, "action = %s\n", actions[draw(seed, count)]);
}

static void draw_definition(uint64_t *seed, struct vp_strbuf *out)
{
	const struct vp_field *field = &vp_fields[draw(seed, VP_FIELD_COUNT)];
	const char *ports = field->traffic & VP_TRAFFIC_TCP	 ? "tcp/1-5,tcp/7"
			    : field->traffic & VP_TRAFFIC_UDP	 ? "udp/any"
			    : field->traffic & VP_TRAFFIC_ICMPV6 ? "icmpv6"
								 : "icmp";

	vp_strbuf_adds(out,
		       "[patch]\nid=T\ntitle=T\nseverity=low\nmode=monitor\n[service s]\n");
	vp_strbuf_addf(out, "ports = %s\n", ports);
	if (field->application)
		vp_strbuf_addf(out, "application = %s\n", field->application);
	if (field->id == VP_FIELD_MESSAGE || field->id == VP_FIELD_FLOW)
		vp_strbuf_adds(out, "frame = length(at 0,bytes 2, little-endian)\n");
	vp_strbuf_adds(out, "[set hosts]\nvalues = 192.0.2.0/24,::1\n"
			    "[rule r]\nservice = s\n");
	if (field->id >= VP_FIELD_HTTP_STAT_CODE && field->id <= VP_FIELD_HTTP_RESPONSE_BODY)
		vp_strbuf_adds(out, "direction = to-client\n");
	if (field->application && draw(seed, 2))
		vp_strbuf_adds(out, draw(seed, 2) ? "threshold = 5/minute per flow\n"
						  : "threshold=1/day   burst 7\n");
	for (unsigned int i = 1 + draw(seed, 3); i; i--)
		draw_condition(seed, field, out);
	draw_action(seed, field, out);
	if (field->traffic & VP_TRAFFIC_TCP)
		vp_strbuf_adds(out, "[rule setter]\nset=  seen\nservice=s\n");
	vp_strbuf_adds(out, "[sample a]\nservice = s\nexpect = passed\nsend = ");
	draw_string(seed, draw(seed, 16), out);
	vp_strbuf_adds(out, "\nwait = 1000ms\nsend = \"\"\n");
}

static void printing_is_a_fixed_point(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		_cleanup_strbuf_ struct vp_strbuf text = { 0 }, once = { 0 }, twice = { 0 };
		struct built first, second;

		draw_definition(&seed, &text);
		build(&first, vp_strbuf_text(&text), NULL, 0, NULL);
		if (first.findings.errors)
			print_error("%s", vp_strbuf_text(&text));
		vp_patch_print(only_patch(&first), &once);
		build(&second, vp_strbuf_text(&once), NULL, 0, NULL);
		vp_patch_print(only_patch(&second), &twice);
		assert_string_equal(vp_strbuf_text(&once), vp_strbuf_text(&twice));
		assert_int_equal(only_patch(&first)->digest, only_patch(&second)->digest);
		built_free(&first);
		built_free(&second);
	}
}

static void actions_print(void **state)
{
	static const struct {
		struct vp_action action;
		const char *text;
	} table[] = {
		{ { .verdict = VP_VERDICT_DROP }, "drop" },
		{ { .verdict = VP_VERDICT_BAN, .milliseconds = 600000 }, "ban 10m" },
		{ { .verdict = VP_VERDICT_LIMIT, .rate = { 10, 60 }, .burst = 5 },
		  "limit 10/minute burst 5" },
		{ { .verdict = VP_VERDICT_LIMIT,
		    .rate = { 1, 86400 },
		    .burst = 1,
		    .per_source = true },
		  "limit 1/day burst 1 per source" },
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(table); i++) {
		_cleanup_strbuf_ struct vp_strbuf out = { 0 };

		vp_action_print(&table[i].action, &out);
		assert_string_equal(vp_strbuf_text(&out), table[i].text);
	}
}

static void effects_print(void **state)
{
	static char seen[] = "seen";
	static const struct {
		struct vp_rule rule;
		const char *text;
	} table[] = {
		{ { .action.verdict = VP_VERDICT_RESET }, "reset" },
		{ { .action.verdict = VP_VERDICT_DROP,
		    .threshold = { { 5, 60 }, 5, VP_PER_SOURCE } },
		  "drop above 5/minute burst 5 per source" },
		{ { .action.verdict = VP_VERDICT_DROP,
		    .threshold = { { 5, 60 }, 9, VP_PER_RULE } },
		  "drop above 5/minute burst 9" },
		{ { .set = seen }, "set seen" },
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(table); i++) {
		_cleanup_strbuf_ struct vp_strbuf out = { 0 };

		vp_rule_effect_print(&table[i].rule, &out);
		assert_string_equal(vp_strbuf_text(&out), table[i].text);
	}
}

int run_print_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(printing_is_a_fixed_point),
		cmocka_unit_test(actions_print),
		cmocka_unit_test(effects_print),
	};

	return cmocka_run_group_tests_name("print", tests, NULL, NULL);
}
