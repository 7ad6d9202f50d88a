/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Denied system calls, added up as packets are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/aggregate.h"
#include "lib/memory.h"
#include "tests/unit/agentd/events_tests.h"

#define SECOND UINT64_C(1000000)

struct log {
	VP_ARRAY(struct vp_event) events;
};

static void take(void *context, const struct vp_event *event)
{
	struct log *log = context;

	vp_array_push(&log->events, *event);
}

static void tick_one(struct vp_aggregate *aggregate, uint32_t tag, uint64_t calls,
		     uint64_t now)
{
	struct vp_count count = { .tag = tag, .packets = calls };
	struct vp_counts counts = { .data = &count, .len = 1, .cap = 1 };

	vp_aggregate_tick(aggregate, &counts, now);
}

static void tell_call(struct vp_aggregate *aggregate, uint32_t process, const char *name,
		      uint64_t time)
{
	struct vp_report report = { .kind = VP_REPORT_DROP, .tag = 1, .time = time };
	struct vp_event_call call = { .process = process, .error = "EPERM", .program = "/a" };
	const struct vp_aggregate_hit hit = { .report = &report, .call = &call };

	vp_event_set(call.name, sizeof(call.name), name);
	memcpy(report.source, &process, sizeof(process));
	vp_aggregate_hit(aggregate, &hit);
}

static void denied_calls(void **state)
{
	const struct vp_aggregate_rule rules[] = { { .tag = 1,
						     .patch = "A",
						     .rule = "r",
						     .verdict = VP_VERDICT_REJECT,
						     .calls = true } };
	struct vp_aggregate_options options = { 0 };
	struct log log = { 0 };
	struct vp_aggregate *aggregate = vp_aggregate_new(&options, take, &log);
	const struct vp_event *event;

	(void)state;
	vp_aggregate_rules(aggregate, 3, rules, 1);
	tell_call(aggregate, 7, "socket", 100 * SECOND);
	tell_call(aggregate, 7, "socket", 101 * SECOND);
	tell_call(aggregate, 8, "socket", 102 * SECOND);
	assert_int_equal(log.events.len, 2);
	event = &log.events.data[0];
	assert_int_equal(event->kind, VP_EVENT_BLOCKED);
	assert_int_equal(event->reason, VP_EVENT_REASON_CALL);
	assert_int_equal(event->verdict, VP_VERDICT_REJECT);
	assert_int_equal(event->call.process, 7);
	assert_string_equal(event->call.name, "socket");
	assert_int_equal(event->source.family, 0);
	tick_one(aggregate, 1, 5000, 110 * SECOND);
	assert_int_equal(log.events.len, 3);
	event = &log.events.data[2];
	assert_int_equal(event->count, 4998);
	assert_int_equal(event->call.process, 7);
	tell_call(aggregate, 7, "socket", 111 * SECOND);
	tell_call(aggregate, 8, "bpf", 112 * SECOND);
	tick_one(aggregate, 1, 6000, 120 * SECOND);
	event = &log.events.data[3];
	assert_int_equal(event->count, 1000);
	assert_int_equal(event->call.process, 0);
	assert_string_equal(event->call.name, "");
	assert_string_equal(event->call.program, "/a");
	assert_string_equal(event->call.error, "EPERM");
	vp_aggregate_free(aggregate);
	vp_array_free(&log.events);
}

int run_aggregate_calls_tests(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(denied_calls) };

	return cmocka_run_group_tests_name("aggregate-calls", tests, NULL, NULL);
}
