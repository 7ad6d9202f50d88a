/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The condition table against itself, and every row through the language. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "policy/field.h"
#include "tests/unit/policy/policy_tests.h"

static void rows_are_consistent(void **state)
{
	(void)state;
	for (size_t i = 0; i < VP_FIELD_COUNT; i++) {
		const struct vp_field *field = &vp_fields[i];

		assert_int_equal(field->id, i);
		assert_non_null(field->name);
		assert_non_null(field->summary);
		assert_ptr_equal(vp_field_find(field->name, strlen(field->name)), field);
		assert_true(field->traffic != 0);
		assert_true(field->points != 0);
		assert_true(field->operators != 0);
		assert_int_equal(field->netfilter_operators & ~field->operators, 0);
		assert_int_equal(field->bits > 0, field->type == VP_TYPE_NUMBER);
		assert_int_equal(field->argument == VP_ARGUMENT_SLICE,
				 field->type == VP_TYPE_SLICE);
		if (!(field->points & VP_POINT_BIT(VP_POINT_NETFILTER)))
			assert_int_equal(field->netfilter_operators, 0);
		else
			assert_true(field->netfilter_operators != 0);
	}
}

/* A TCP payload field that netfilter claims to evaluate would be evadable. */
static void tcp_payload_is_never_netfilter(void **state)
{
	(void)state;
	for (size_t i = 0; i < VP_FIELD_COUNT; i++)
		if (vp_fields[i].type != VP_TYPE_NUMBER &&
		    vp_fields[i].type != VP_TYPE_ADDRESS &&
		    vp_fields[i].traffic & VP_TRAFFIC_TCP)
			assert_int_equal(
				vp_fields[i].points & VP_POINT_BIT(VP_POINT_NETFILTER), 0);
}

static void operators_and_transforms_are_disjoint(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < VP_OP_COUNT; i++) {
		const char *name = vp_operator_name(i);

		assert_int_equal(vp_operator_find(name, strlen(name)), i);
		assert_int_equal(vp_transform_find(name, strlen(name)), -1);
	}
	for (int i = 0; i < VP_TRANSFORM_COUNT; i++) {
		const char *name = vp_transform_types[i].name;

		assert_int_equal(vp_transform_find(name, strlen(name)), i);
		assert_int_equal(vp_operator_find(name, strlen(name)), -1);
	}
	assert_int_equal(vp_operator_find("equal", 5), -1);
	assert_int_equal(vp_operator_find("equals", 5), -1);
	assert_null(vp_field_find("datagram.", 9));
	assert_null(vp_field_find("", 0));
}

static void near_names_are_suggested(void **state)
{
	(void)state;
	assert_string_equal(vp_field_suggest("ip.scr", 6), "ip.src");
	assert_string_equal(vp_field_suggest("http.reqest_body", 16), "http.request_body");
	assert_null(vp_field_suggest("something", 9));
	assert_null(vp_field_suggest("", 0));
}

/* A value that fits the field, for an operator. */
static const char *value_for(const struct vp_field *field, unsigned int op)
{
	if (op == VP_OP_PRESENT || op == VP_OP_ABSENT)
		return "";
	if (op == VP_OP_MATCHES)
		return "/abc/";
	if (field->type == VP_TYPE_ADDRESS)
		return "192.0.2.0/24";
	if (field->type == VP_TYPE_BYTES ||
	    (field->type == VP_TYPE_SLICE && op >= VP_OP_CONTAINS))
		return "\"abcd\"";
	return field->id == VP_FIELD_IP_VERSION		? "4"
	       : field->id == VP_FIELD_IP_OPT_TYPE	? "131"
	       : field->id == VP_FIELD_IPV6_EXTHDR_TYPE ? "43"
							: "1";
}

static bool of_answer(const struct vp_field *field)
{
	return field->id >= VP_FIELD_HTTP_STAT_CODE &&
	       field->id <= VP_FIELD_HTTP_RESPONSE_BODY;
}

/* Every row with every one of its operators is accepted, printed and accepted again. */
static void every_row_is_usable(void **state)
{
	(void)state;
	for (size_t i = 0; i < VP_FIELD_COUNT; i++) {
		const struct vp_field *field = &vp_fields[i];
		const char *argument = field->argument == VP_ARGUMENT_SLICE	 ? "[2:4]"
				       : field->argument == VP_ARGUMENT_REQUIRED ? "(seen)"
										 : "";
		const char *ports = field->traffic & VP_TRAFFIC_TCP    ? "tcp/5"
				    : field->traffic & VP_TRAFFIC_UDP  ? "udp/5"
				    : field->traffic & VP_TRAFFIC_ICMP ? "icmp"
								       : "icmpv6";

		for (unsigned int op = 0; op < VP_OP_COUNT; op++) {
			_cleanup_free_ char *text = NULL;
			_cleanup_strbuf_ struct vp_strbuf printed = { 0 };
			struct built built;

			if (!(field->operators & VP_OP_BIT(op)))
				continue;
			text = vp_format(
				"[patch]\nid = T\ntitle = T\nseverity = low\nmode = monitor\n"
				"[service s]\nports = %s\n%s%s\n%s\n[rule r]\nservice = s\n"
				"%swhen = %s%s %s %s\naction = drop\n%s",
				ports, field->application ? "application = " : "",
				field->application ? field->application : "",
				field->id == VP_FIELD_MESSAGE || field->id == VP_FIELD_FLOW
					? "frame = fixed 8"
					: "",
				of_answer(field) ? "direction = to-client\n" : "", field->name,
				argument, vp_operator_name(op), value_for(field, op),
				field->id == VP_FIELD_FLOW
					? "[rule setter]\nservice = s\nset = seen\n"
					: "");
			build(&built, text, NULL, 0, NULL);
			vp_condition_print(&only_patch(&built)->rules.data[0].when.data[0],
					   &printed);
			assert_non_null(strstr(vp_strbuf_text(&printed), field->name));
			built_free(&built);
		}
	}
}

static void reference_names_everything(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };

	(void)state;
	vp_field_reference(&out);
	for (size_t i = 0; i < VP_FIELD_COUNT; i++) {
		_cleanup_free_ char *cell = vp_format("| `%s", vp_fields[i].name);

		assert_non_null(strstr(vp_strbuf_text(&out), cell));
	}
	for (size_t i = 0; i < VP_TRANSFORM_COUNT; i++)
		assert_non_null(strstr(vp_strbuf_text(&out), vp_transform_types[i].name));
}

int run_field_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_consistent),
		cmocka_unit_test(tcp_payload_is_never_netfilter),
		cmocka_unit_test(operators_and_transforms_are_disjoint),
		cmocka_unit_test(near_names_are_suggested),
		cmocka_unit_test(every_row_is_usable),
		cmocka_unit_test(reference_names_everything),
	};

	return cmocka_run_group_tests_name("field", tests, NULL, NULL);
}
