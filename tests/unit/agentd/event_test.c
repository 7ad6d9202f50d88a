/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events as text: exact forms, the length bound, hostile values, the way back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <syslog.h>

#include <cmocka.h>

#include "agentd/event.h"
#include "agentd/event_time.h"
#include "tests/unit/agentd/events_tests.h"

static struct vp_event blocked(void)
{
	struct vp_event event = {
		.kind = VP_EVENT_BLOCKED,
		.time = UINT64_C(1795327264123456),
		.count = 1,
		.total = 42,
		.tag = 0x1f,
		.verdict = VP_VERDICT_DROP,
		.reason = VP_EVENT_REASON_RULE,
		.protocol = 17,
		.has_ports = true,
		.source_port = 40000,
		.destination_port = 123,
		.generation = 7,
		.patch = "CVE-2013-5211",
		.rule = "mode-7",
		.hook = "input",
		.interface = "eth0",
	};

	assert_int_equal(vp_address_parse("192.0.2.1", &event.source), 0);
	assert_int_equal(vp_address_parse("198.51.100.9", &event.destination), 0);
	return event;
}

static const char *print(const struct vp_event *event, enum vp_event_format format)
{
	static char line[VP_EVENT_LINE];
	size_t len = vp_event_print(event, format, line, sizeof(line));

	assert_int_equal(len, strlen(line));
	return line;
}

static void key_value(void **state)
{
	struct vp_event event = blocked();

	(void)state;
	assert_string_equal(
		print(&event, VP_FORMAT_KEY_VALUE),
		"event=blocked patch=CVE-2013-5211 rule=mode-7 verdict=drop reason=rule "
		"src=192.0.2.1 sport=40000 dst=198.51.100.9 dport=123 proto=udp count=1 "
		"total=42 generation=7 hook=input if=eth0");
	event = vp_event_make(VP_EVENT_APPLY_FAILED, "%s", "refused by the kernel: \"EPERM\"");
	event.generation = 8;
	vp_event_set(event.actor, sizeof(event.actor), "uid=0 pid=3");
	assert_string_equal(print(&event, VP_FORMAT_KEY_VALUE),
			    "event=apply-failed generation=8 actor=\"uid=0 pid=3\" "
			    "text=\"refused by the kernel: \\\"EPERM\\\"\"");
}

static void cef(void **state)
{
	struct vp_event event = blocked();
	const char *line = print(&event, VP_FORMAT_CEF);

	(void)state;
	assert_ptr_equal(strstr(line, "CEF:0|vpatch|vpatch|"), line);
	assert_non_null(strstr(line, "|blocked|blocked|6|cs1Label=patch cs1=CVE-2013-5211 "));
	assert_non_null(strstr(line, " src=192.0.2.1 dst=198.51.100.9 spt=40000 dpt=123 "));
	vp_event_set(event.text, sizeof(event.text), "a=b|c\\d\ne");
	assert_non_null(strstr(print(&event, VP_FORMAT_CEF), "msg=a\\=b\\|c\\\\d\\\\0ae"));
	assert_int_equal(vp_address_parse("2001:db8::1", &event.source), 0);
	assert_int_equal(vp_address_parse("2001:db8::2", &event.destination), 0);
	assert_non_null(strstr(print(&event, VP_FORMAT_CEF), " c6a2=2001:db8::1 "));
}

/* Whatever is in the values: one line, in bound, printable, quotes closed. */
static void assert_harmless(const char *line)
{
	assert_true(strlen(line) < VP_EVENT_LINE);
	for (const char *p = line; *p; p++)
		assert_true(*p >= ' ' && *p <= '~');
}

static void assert_quotes_closed(const char *line)
{
	bool open = false;

	for (const char *p = line; *p; p++) {
		if (open && *p == '\\') {
			p++;
			assert_true(*p);
		} else if (*p == '"') {
			open = !open;
		}
	}
	assert_false(open);
}

static void hostile_values(void **state)
{
	static const char *const values[] = {
		"x\nevent=blocked patch=FORGED",
		"x\" patch=\"FORGED",
		"\x1b[2J\x07\x7f\r",
		"\xc2\x85 \xe2\x80\xa8 \xff\xfe",
		"\\",
		"\\\\\" src=1.2.3.4",
		"| CEF:0|a|b",
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(values); i++) {
		struct vp_event event = blocked();

		vp_event_set(event.text, sizeof(event.text), values[i]);
		vp_event_set(event.actor, sizeof(event.actor), values[i]);
		vp_event_set(event.interface, sizeof(event.interface), values[i]);
		assert_harmless(print(&event, VP_FORMAT_KEY_VALUE));
		assert_quotes_closed(print(&event, VP_FORMAT_KEY_VALUE));
		assert_null(strstr(print(&event, VP_FORMAT_KEY_VALUE), " patch=FORGED if"));
		assert_harmless(print(&event, VP_FORMAT_CEF));
		assert_null(strchr(print(&event, VP_FORMAT_JSON), '\n'));
	}
}

static struct vp_event longest(char fill)
{
	struct vp_event event = blocked();

	event.time = event.first = event.last = UINT64_C(253402300799999999);
	event.count = event.total = event.suppressed = event.generation = INT64_MAX;
	event.sources = event.tag = UINT32_MAX;
	event.source_port = event.destination_port = 65535;
	event.protocol = 253;
	event.verdict = VP_VERDICT_REJECT;
	memset(event.patch, 'P', sizeof(event.patch) - 1);
	memset(event.rule, 'R', sizeof(event.rule) - 1);
	memset(event.actor, fill, sizeof(event.actor) - 1);
	memset(event.text, fill, sizeof(event.text) - 1);
	memset(event.detail, '"', sizeof(event.detail) - 1); /* a note's is printable */
	memset(event.hook, 'h', sizeof(event.hook) - 1);
	memset(event.interface, fill, sizeof(event.interface) - 1);
	memset(event.source.bytes, 0xfe, 16);
	memset(event.destination.bytes, 0xfe, 16);
	event.source.family = event.destination.family = 6;
	return event;
}

static struct vp_event longest_call(char fill)
{
	struct vp_event event = longest(fill);

	event.source.family = 0;
	event.actor[0] = event.hook[0] = event.interface[0] = '\0';
	event.reason = VP_EVENT_REASON_CALL;
	event.call.process = UINT32_MAX;
	memset(event.call.name, 'n', sizeof(event.call.name) - 1);
	memset(event.call.error, 'E', sizeof(event.call.error) - 1);
	memset(event.call.program, '"', sizeof(event.call.program) - 1);
	memset(event.call.unit, 'u', sizeof(event.call.unit) - 1);
	memset(event.call.candidates, '\\', sizeof(event.call.candidates) - 1);
	return event;
}

static void assert_bound(const struct vp_event *event)
{
	const char *line = print(event, VP_FORMAT_KEY_VALUE);
	json_t *json;

	assert_harmless(line);
	assert_quotes_closed(line);
	assert_non_null(strstr(line, " suppressed=9223372036854775807"));
	line = print(event, VP_FORMAT_CEF);
	assert_harmless(line);
	assert_non_null(strstr(line, " rt="));
	line = print(event, VP_FORMAT_CEE);
	assert_true(strlen(line) < VP_EVENT_LINE);
	json = json_loads(line + strlen("@cee: "), 0, NULL);
	assert_non_null(json);
	assert_int_equal(strlen(json_string_value(json_object_get(json, "rule"))), 64);
	json_decref(json);
}

/* The longest event with the most costly bytes keeps its decisive fields, and JSON stays
 * whole. */
static void length_bound(void **state)
{
	static const char fills[] = { 'a', '"', '\\', '\n', '\x01', '\xff', '=' };

	(void)state;
	for (size_t i = 0; i < sizeof(fills); i++) {
		struct vp_event packet = longest(fills[i]), call = longest_call(fills[i]);

		assert_bound(&packet);
		assert_bound(&call);
	}
}

static struct vp_event denied(void)
{
	return (struct vp_event){
		.kind = VP_EVENT_BLOCKED,
		.time = UINT64_C(1795327264123456),
		.count = 1,
		.verdict = VP_VERDICT_REJECT,
		.reason = VP_EVENT_REASON_CALL,
		.patch = "CVE-2024-1086",
		.rule = "worker",
		.call = { .process = 4242,
			  .name = "socket",
			  .error = "EPERM",
			  .program = "/usr/sbin/nginx",
			  .unit = "nginx.service",
			  .candidates = "CVE-2017-7184/worker" },
	};
}

static void calls(void **state)
{
	struct vp_event event = denied(), read;
	json_t *json = vp_event_json(&event);

	(void)state;
	assert_string_equal(
		print(&event, VP_FORMAT_KEY_VALUE),
		"event=blocked patch=CVE-2024-1086 rule=worker verdict=reject reason=call "
		"call=socket errno=EPERM process=4242 program=/usr/sbin/nginx "
		"unit=nginx.service count=1 candidates=CVE-2017-7184/worker");
	assert_non_null(strstr(print(&event, VP_FORMAT_CEF),
			       " cs4Label=call cs4=socket cs5Label=errno cs5=EPERM spid=4242 "
			       "sproc=/usr/sbin/nginx sourceServiceName=nginx.service "
			       "cs6Label=candidates cs6=CVE-2017-7184/worker "));
	assert_int_equal(vp_event_from_json(json, &read), 0);
	assert_int_equal(read.call.process, event.call.process);
	assert_string_equal(read.call.name, event.call.name);
	assert_string_equal(read.call.error, event.call.error);
	assert_string_equal(read.call.program, event.call.program);
	assert_string_equal(read.call.unit, event.call.unit);
	assert_string_equal(read.call.candidates, event.call.candidates);
	assert_int_equal(read.reason, VP_EVENT_REASON_CALL);
	json_decref(json);
	vp_event_set_foreign(event.call.program, sizeof(event.call.program), "/a b\n\xff\x1b");
	assert_string_equal(event.call.program, "/a b???");
}

static void cee(void **state)
{
	struct vp_event event = blocked();
	const char *line = print(&event, VP_FORMAT_CEE);
	json_t *json;

	(void)state;
	assert_int_equal(strncmp(line, "@cee: {", 7), 0);
	json = json_loads(line + 6, 0, NULL);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "patch")),
			    "CVE-2013-5211");
	assert_string_equal(json_string_value(json_object_get(json, "source")), "192.0.2.1");
	assert_string_equal(json_string_value(json_object_get(json, "tag")), "0x0000001f");
	assert_int_equal(json_integer_value(json_object_get(json, "destination_port")), 123);
	assert_string_equal(json_string_value(json_object_get(json, "time")),
			    "2026-11-22T06:01:04.123456Z");
	json_decref(json);
}

static void json_round_trip(void **state)
{
	(void)state;
	for (int kind = 0; kind < VP_EVENT_KINDS; kind++) {
		struct vp_event event = blocked(), back;
		json_t *json, *again;

		event.kind = (enum vp_event_kind)kind;
		if (!vp_event_is_traffic(event.kind))
			event.verdict = VP_VERDICT_PASS;
		vp_event_set(event.text, sizeof(event.text), "caf\xc3\xa9 \"x\"\n");
		event.sources = 3;
		event.first = event.last = event.time;
		json = vp_event_json(&event);
		assert_int_equal(vp_event_from_json(json, &back), 0);
		again = vp_event_json(&back);
		assert_true(json_equal(json, again));
		assert_string_equal(back.text, event.text);
		assert_int_equal(back.verdict, event.verdict);
		json_decref(json);
		json_decref(again);
	}
}

static void json_of_others(void **state)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		"3",
		"{\"kind\":\"blocked\"}",
		"{\"kind\":\"none\",\"time\":\"2026-11-22T06:01:04Z\"}",
		"{\"kind\":5,\"time\":\"2026-11-22T06:01:04Z\"}",
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(texts); i++) {
		json_t *json = json_loads(texts[i], JSON_DECODE_ANY, NULL);
		struct vp_event event;

		assert_non_null(json);
		assert_int_equal(vp_event_from_json(json, &event), -EINVAL);
		json_decref(json);
	}
}

static void times(void **state)
{
	static const struct {
		const char *text;
		uint64_t time;
	} good[] = {
		{ "1970-01-01T00:00:01Z", 1000000 },
		{ "1970-01-01T00:00:01.5Z", 1500000 },
		{ "1970-01-01 00:00:01.0000019Z", 1000001 },
		{ "1970-01-01T01:00:01+01:00", 1000000 },
		{ "1970-01-02", UINT64_C(86400000000) },
		{ "2024-02-29T00:00:00z", UINT64_C(1709164800000000) },
	};
	static const char *const bad[] = { "",
					   "x",
					   "1970-01-01T",
					   "1970-13-01",
					   "1970-00-01",
					   "2026-11-31",
					   "2023-02-29",
					   "1970-01-01T24:00:00Z",
					   "1970-01-01T00:00:01",
					   "1970-01-01T00:00:01Zx",
					   "1970-01-01T00:00:01.Z",
					   "1970-01-01T00:00:01+1:00",
					   "1970-01-01T00:00:01+01:00" };
	uint64_t time;

	(void)state;
	for (size_t i = 0; i < VP_COUNT(good); i++) {
		assert_int_equal(vp_event_time_parse(good[i].text, &time), 0);
		assert_int_equal(time, good[i].time);
	}
	for (size_t i = 0; i < VP_COUNT(bad); i++)
		assert_int_equal(vp_event_time_parse(bad[i], &time), -EINVAL);
}

static bool matches(const struct vp_event *event, const char *source, const char *port,
		    const char *since)
{
	struct vp_event_filter filter;
	struct vp_error err = { 0 };

	assert_int_equal(vp_event_filter_parse(&filter, source, port, since, &err), 0);
	return vp_event_matches(event, &filter);
}

static void filters(void **state)
{
	struct vp_event event = blocked(), applied = vp_event_make(VP_EVENT_APPLIED, "x");
	struct vp_event_filter filter;
	struct vp_error err = { 0 };

	(void)state;
	assert_true(matches(&event, NULL, NULL, NULL));
	assert_true(matches(&event, "192.0.2.0/24", "123", "2026-11-22T06:01:04Z"));
	assert_false(matches(&event, "192.0.3.0/24", NULL, NULL));
	assert_false(matches(&event, "2001:db8::/32", NULL, NULL));
	assert_false(matches(&event, NULL, "124", NULL));
	assert_false(matches(&event, NULL, NULL, "2026-11-22T06:01:05Z"));
	assert_true(matches(&applied, NULL, NULL, "10m"));
	assert_false(matches(&applied, "0.0.0.0/0", NULL, NULL));
	applied.time -= UINT64_C(700000000);
	assert_false(matches(&applied, NULL, NULL, "10m"));
	filter = (struct vp_event_filter){ .patch = "CVE-2013-5211" };
	assert_true(vp_event_matches(&event, &filter));
	filter.patch = "CVE-2013-521";
	assert_false(vp_event_matches(&event, &filter));
	assert_int_equal(vp_event_filter_parse(&filter, "x", NULL, NULL, &err), -EINVAL);
	assert_int_equal(vp_event_filter_parse(&filter, NULL, "70000", NULL, &err), -EINVAL);
	assert_int_equal(vp_event_filter_parse(&filter, NULL, "-1", NULL, &err), -EINVAL);
	assert_int_equal(vp_event_filter_parse(&filter, NULL, NULL, "soon", &err), -EINVAL);
	assert_non_null(strstr(err.text, "\"soon\""));
}

static void names(void **state)
{
	(void)state;
	for (int kind = 0; kind < VP_EVENT_KINDS; kind++)
		assert_int_equal(
			vp_event_kind_find(vp_event_kind_name((enum vp_event_kind)kind)),
			kind);
	assert_int_equal(vp_event_kind_find(""), -1);
	assert_int_equal(vp_event_priority(VP_EVENT_BLOCKED), LOG_WARNING);
}

int run_event_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_value),	   cmocka_unit_test(cef),
		cmocka_unit_test(hostile_values),  cmocka_unit_test(length_bound),
		cmocka_unit_test(calls),	   cmocka_unit_test(cee),
		cmocka_unit_test(json_round_trip), cmocka_unit_test(json_of_others),
		cmocka_unit_test(times),	   cmocka_unit_test(filters),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
