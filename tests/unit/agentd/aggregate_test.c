/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sums of events equal the kernel's counters, whatever is lost, limited or
 * changed on the way; and the number of events is bounded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/aggregate.h"
#include "lib/memory.h"
#include "modules/netfilter/queue.h"
#include "tests/unit/agentd/events_tests.h"

#define RULES  40
#define SECOND UINT64_C(1000000)

/* Everything the handler saw. */
struct log {
	VP_ARRAY(struct vp_event) events;
	uint64_t sums[RULES + 1], last_total[RULES + 1];
};

static void take(void *context, const struct vp_event *event)
{
	struct log *log = context;

	vp_array_push(&log->events, *event);
	assert_true(event->tag >= 1 && event->tag <= RULES);
	assert_true(event->count > 0);
	if (event->kind == VP_EVENT_BANNED)
		return;
	log->sums[event->tag] += event->count;
	log->last_total[event->tag] = event->total;
}

static struct vp_report packet(uint32_t tag, uint32_t source, uint64_t time)
{
	struct vp_report report = {
		.kind = VP_REPORT_DROP,
		.tag = tag,
		.family = 4,
		.protocol = 17,
		.hook = 1,
		.flags = VP_REPORT_PORTS,
		.destination_port = 53,
		.time = time,
	};

	memcpy(report.source, &source, sizeof(source));
	memset(report.destination, 9, 4);
	return report;
}

static struct vp_aggregate_rule rule(uint32_t tag, const char *patch, enum vp_verdict verdict)
{
	return (struct vp_aggregate_rule){
		.tag = tag, .patch = patch, .rule = "r", .verdict = verdict
	};
}

static void free_log(struct log *log)
{
	vp_array_free(&log->events);
}

static void tick_one(struct vp_aggregate *aggregate, uint32_t tag, uint64_t packets,
		     uint64_t now)
{
	struct vp_count count = { .tag = tag, .packets = packets };
	struct vp_counts counts = { .data = &count, .len = 1, .cap = 1 };

	vp_aggregate_tick(aggregate, &counts, now);
}

static void first_at_once_then_sums(void **state)
{
	const struct vp_aggregate_rule rules[] = { rule(1, "A", VP_VERDICT_DROP) };
	struct vp_aggregate_options options = { 0 };
	struct log log = { 0 };
	struct vp_aggregate *aggregate = vp_aggregate_new(&options, take, &log);
	struct vp_report report;

	(void)state;
	vp_aggregate_rules(aggregate, 3, rules, 1);
	for (uint64_t i = 0; i < 20; i++) {
		report = packet(1, (uint32_t)(i % 2), 100 * SECOND + i);
		vp_aggregate_packet(aggregate, &report, "eth0");
	}
	assert_int_equal(log.events.len, 2);
	assert_int_equal(log.events.data[0].count, 1);
	assert_int_equal(log.events.data[1].total, 2);
	assert_string_equal(log.events.data[0].interface, "eth0");
	assert_string_equal(log.events.data[0].hook, "input");
	assert_int_equal(log.events.data[0].generation, 3);
	tick_one(aggregate, 1, 1000, 110 * SECOND);
	assert_int_equal(log.events.len, 3);
	assert_int_equal(log.events.data[2].count, 998);
	assert_int_equal(log.events.data[2].total, 1000);
	assert_int_equal(log.events.data[2].sources, 2);
	assert_int_equal(log.events.data[2].first, 100 * SECOND + 2);
	assert_int_equal(log.events.data[2].last, 110 * SECOND);
	tick_one(aggregate, 1, 1000, 120 * SECOND);
	assert_int_equal(log.events.len, 3);
	vp_aggregate_free(aggregate);
	free_log(&log);
}

static void kinds(void **state)
{
	struct vp_aggregate_rule rules[] = { rule(1, "A", VP_VERDICT_DROP),
					     rule(2, "A", VP_VERDICT_LIMIT),
					     rule(3, "A", VP_VERDICT_RESET),
					     rule(4, "A", VP_VERDICT_DROP) };
	const enum vp_event_kind expected[] = { VP_EVENT_BLOCKED, VP_EVENT_LIMITED,
						VP_EVENT_RESET, VP_EVENT_WOULD_BLOCK };
	struct vp_aggregate_options options = { 0 };
	struct log log = { 0 };
	struct vp_aggregate *aggregate = vp_aggregate_new(&options, take, &log);

	(void)state;
	rules[3].monitor = true;
	vp_aggregate_rules(aggregate, 1, rules, 4);
	for (uint32_t tag = 1; tag <= 4; tag++) {
		struct vp_report report = packet(tag, 1, SECOND);

		vp_aggregate_packet(aggregate, &report, NULL);
		assert_int_equal(log.events.data[tag - 1].kind, expected[tag - 1]);
	}
	assert_int_equal(log.events.data[1].reason, VP_EVENT_REASON_LIMIT);
	vp_aggregate_free(aggregate);
	free_log(&log);
}

/* Packets of banned sources have a count of their own, and are said to the last one. */
static void banned_apart(void **state)
{
	const struct vp_aggregate_rule rules[] = { rule(1, "A", VP_VERDICT_BAN) };
	struct vp_aggregate_options options = { 0 };
	struct vp_counts counts = { 0 }, stored = { 0 };
	struct log log = { 0 };
	struct vp_aggregate *aggregate = vp_aggregate_new(&options, take, &log);
	uint64_t banned = 0, last = 0;

	(void)state;
	vp_aggregate_rules(aggregate, 1, rules, 1);
	for (int i = 0; i < 30; i++) {
		struct vp_report report = packet(1, 1, SECOND);

		report.kind = VP_REPORT_BAN;
		vp_aggregate_packet(aggregate, &report, NULL);
	}
	/* most of them were never reported one by one */
	vp_array_push(&counts, ((struct vp_count){ .tag = 1, .packets = 5, .banned = 1000 }));
	vp_aggregate_tick(aggregate, &counts, 11 * SECOND);
	vp_aggregate_tick(aggregate, &counts, 21 * SECOND);
	counts.data[0].banned = 1007;
	vp_aggregate_tick(aggregate, &counts, 31 * SECOND);
	vp_array_each (event, &log.events)
		if (event->kind == VP_EVENT_BANNED) {
			banned += event->count;
			last = event->total;
		}
	assert_int_equal(log.sums[1], 5);
	assert_int_equal(banned, 1007);
	assert_int_equal(last, 1007);
	vp_aggregate_reported(aggregate, &stored);
	assert_int_equal(stored.data[0].packets, 5);
	assert_int_equal(stored.data[0].banned, 1007);
	vp_array_free(&stored);
	vp_array_free(&counts);
	vp_aggregate_free(aggregate);
	free_log(&log);
}

static void hit(struct vp_aggregate *aggregate, uint32_t tag, uint32_t source,
		struct vp_aggregate_cause cause, uint64_t time)
{
	struct vp_report report = packet(tag, source, time);
	const struct vp_aggregate_hit told = { .report = &report,
					       .cause = cause,
					       .detail = "a word" };

	vp_aggregate_hit(aggregate, &told);
}

static uint64_t sum_of(const struct log *log, enum vp_event_reason reason,
		       enum vp_event_kind kind)
{
	uint64_t sum = 0;

	vp_array_each (event, &log->events)
		if (event->reason == reason && event->kind == kind)
			sum += event->count;
	return sum;
}

/* Each reason and outcome of a rule has a sum of its own, apart from the rule's. */
static void causes_apart(void **state)
{
	const struct vp_aggregate_rule rules[] = { rule(1, "A", VP_VERDICT_DROP),
						   rule(2, "B", VP_VERDICT_RESET) };
	const struct vp_aggregate_cause own = { 0 };
	const struct vp_aggregate_cause conflict = { VP_EVENT_REASON_CONFLICT,
						     VP_EVENT_BLOCKED };
	const struct vp_aggregate_cause watched = { VP_EVENT_REASON_CONFLICT,
						    VP_EVENT_WOULD_BLOCK };
	struct vp_aggregate_options options = { 0 };
	struct vp_counts stored = { 0 };
	struct log log = { 0 };
	struct vp_aggregate *aggregate = vp_aggregate_new(&options, take, &log);

	(void)state;
	vp_aggregate_rules(aggregate, 1, rules, 2);
	for (uint32_t i = 0; i < 30; i++) {
		hit(aggregate, 1, i % 3, own, SECOND);
		hit(aggregate, 1, i % 3, conflict, SECOND);
		hit(aggregate, 2, i % 3, watched, SECOND);
	}
	assert_int_equal(log.events.len, 9); /* each source of each is one at once */
	assert_string_equal(log.events.data[1].detail, "a word");
	assert_string_equal(log.events.data[1].patch, "A");
	assert_int_equal(log.events.data[1].verdict, VP_VERDICT_DROP);
	assert_int_equal(log.events.data[1].total, 0);
	/* more were counted than told */
	vp_aggregate_counted(aggregate, 1, conflict, 100);
	vp_aggregate_counted(aggregate, 2, watched, 30);
	vp_aggregate_counted(aggregate, 3, watched, 30);
	tick_one(aggregate, 1, 31, 11 * SECOND);
	assert_int_equal(sum_of(&log, VP_EVENT_REASON_RULE, VP_EVENT_BLOCKED), 31);
	assert_int_equal(sum_of(&log, VP_EVENT_REASON_CONFLICT, VP_EVENT_BLOCKED), 100);
	assert_int_equal(sum_of(&log, VP_EVENT_REASON_CONFLICT, VP_EVENT_WOULD_BLOCK), 30);
	/* causes are kept elsewhere: their events say what they are about */
	vp_aggregate_reported(aggregate, &stored);
	assert_int_equal(stored.len, 2);
	assert_int_equal(stored.data[0].packets, 31);
	vp_array_free(&stored);
	vp_aggregate_free(aggregate);
	free_log(&log);
}

/* What is not read is told once an interval, however often it happens; nothing of rules that
 * are not there. */
static void coverage_in_sums(void **state)
{
	const struct vp_aggregate_rule rules[] = { rule(1, "A", VP_VERDICT_DROP) };
	const struct vp_aggregate_cause foreign = { VP_EVENT_REASON_FOREIGN,
						    VP_EVENT_COVERAGE };
	struct vp_aggregate_options options = { 0 };
	struct log log = { 0 };
	struct vp_aggregate *aggregate = vp_aggregate_new(&options, take, &log);

	(void)state;
	vp_aggregate_rules(aggregate, 1, rules, 1);
	for (uint32_t i = 0; i < 30; i++) {
		hit(aggregate, 1, i, foreign, SECOND);
		hit(aggregate, 1000 + i, i, foreign, SECOND);
	}
	assert_int_equal(log.events.len, 0);
	assert_int_equal(vp_aggregate_state(aggregate).unknown, 30);
	vp_aggregate_counted(aggregate, 1, foreign, 30);
	vp_aggregate_tick(aggregate, NULL, 11 * SECOND);
	vp_aggregate_tick(aggregate, NULL, 21 * SECOND);
	assert_int_equal(log.events.len, 1);
	assert_int_equal(log.events.data[0].kind, VP_EVENT_COVERAGE);
	assert_int_equal(log.events.data[0].count, 30);
	assert_int_equal(log.events.data[0].sources, 30);
	assert_int_equal(log.events.data[0].verdict, VP_VERDICT_PASS);
	assert_string_equal(log.events.data[0].detail, "a word");
	assert_non_null(strstr(log.events.data[0].text, "not of the declared protocol"));
	vp_aggregate_free(aggregate);
	free_log(&log);
}

/* A rule that goes and comes back: what is counted for it meanwhile is told. */
static void causes_survive_rules(void **state)
{
	const struct vp_aggregate_rule rules[] = { rule(1, "A", VP_VERDICT_DROP),
						   rule(2, "B", VP_VERDICT_DROP) };
	const struct vp_aggregate_cause bound = { VP_EVENT_REASON_BOUND, VP_EVENT_BLOCKED };
	struct vp_aggregate_options options = { 0 };
	struct log log = { 0 };
	struct vp_aggregate *aggregate = vp_aggregate_new(&options, take, &log);

	(void)state;
	vp_aggregate_rules(aggregate, 1, rules, 2);
	hit(aggregate, 2, 1, bound, SECOND);
	vp_aggregate_rules(aggregate, 2, rules, 1);
	hit(aggregate, 2, 1, bound, SECOND);
	vp_aggregate_counted(aggregate, 2, bound, 3);
	vp_aggregate_tick(aggregate, NULL, 11 * SECOND);
	vp_aggregate_tick(aggregate, NULL, 21 * SECOND);
	vp_aggregate_rules(aggregate, 3, rules, 2);
	vp_aggregate_counted(aggregate, 2, bound, 4);
	vp_aggregate_counted(aggregate, 2, bound, 1); /* a new worker, from 0 */
	vp_aggregate_finish(aggregate, NULL, 31 * SECOND);
	assert_int_equal(sum_of(&log, VP_EVENT_REASON_BOUND, VP_EVENT_BLOCKED), 5);
	vp_aggregate_free(aggregate);
	free_log(&log);
}

/* The next daemon goes on where this one was killed: nothing twice, and nothing left out. */
static void causes_survive_the_daemon(void **state)
{
	const struct vp_aggregate_rule rules[] = { rule(1, "A", VP_VERDICT_DROP) };
	const struct vp_aggregate_cause bound = { VP_EVENT_REASON_BOUND, VP_EVENT_BLOCKED };
	struct vp_aggregate_options options = { 0 };
	struct log log = { 0 };
	struct vp_aggregate *aggregate = vp_aggregate_new(&options, take, &log);

	(void)state;
	vp_aggregate_told(aggregate, 1, bound, 7);
	vp_aggregate_told(aggregate, 2, bound, 5); /* of no rule any more */
	vp_aggregate_rules(aggregate, 1, rules, 1);
	hit(aggregate, 1, 1, bound, SECOND);
	vp_aggregate_counted(aggregate, 1, bound, 12);
	vp_aggregate_counted(aggregate, 2, bound, 9);
	vp_aggregate_finish(aggregate, NULL, 21 * SECOND);
	assert_int_equal(sum_of(&log, VP_EVENT_REASON_BOUND, VP_EVENT_BLOCKED), 5);
	vp_aggregate_free(aggregate);
	free_log(&log);
}

static void collect(void *context, const struct vp_event *event)
{
	struct log *log = context;

	vp_array_push(&log->events, *event);
}

/* Counters of all rules together: named by what was reported, where that is one rule. */
static void unread_and_invalid(void **state)
{
	const struct vp_aggregate_rule rules[] = { rule(1, "A", VP_VERDICT_DROP),
						   rule(2, "B", VP_VERDICT_DROP) };
	struct vp_count data[] = {
		{ .tag = vp_queue_count_tag(VP_QUEUE_UNREAD_BLOCK), .packets = 100 },
		{ .tag = vp_queue_count_tag(VP_QUEUE_UNREAD_PASS), .packets = 7 },
		{ .tag = vp_queue_count_tag(VP_QUEUE_INVALID), .packets = 10 },
	};
	struct vp_counts counts = { data, VP_COUNT(data), VP_COUNT(data) }, stored = { 0 };
	struct vp_aggregate_options options = { 0 };
	struct log log = { 0 };
	struct vp_aggregate *aggregate = vp_aggregate_new(&options, collect, &log);

	(void)state;
	vp_aggregate_rules(aggregate, 1, rules, 2);
	for (uint32_t i = 0; i < 5; i++) {
		struct vp_report report = packet(1, 1, SECOND);

		report.kind = VP_REPORT_UNREAD;
		vp_aggregate_packet(aggregate, &report, NULL);
		report.kind = VP_REPORT_INVALID;
		report.tag = 1 + i % 2;
		vp_aggregate_packet(aggregate, &report, NULL);
	}
	assert_int_equal(log.events.len, 2); /* one source each */
	assert_string_equal(log.events.data[0].patch, "A");
	assert_int_equal(log.events.data[0].reason, VP_EVENT_REASON_UNREAD);
	assert_int_equal(log.events.data[1].reason, VP_EVENT_REASON_INVALID);
	vp_aggregate_tick(aggregate, &counts, 11 * SECOND);
	assert_int_equal(sum_of(&log, VP_EVENT_REASON_UNREAD, VP_EVENT_BLOCKED), 100);
	assert_int_equal(sum_of(&log, VP_EVENT_REASON_INVALID, VP_EVENT_BLOCKED), 10);
	assert_int_equal(sum_of(&log, VP_EVENT_REASON_UNREAD, VP_EVENT_COVERAGE), 7);
	vp_array_each (event, &log.events) {
		assert_int_not_equal(event->total, 0);
		if (event->count == 99)
			assert_string_equal(event->patch, "A");
		if (event->count == 9) /* of both */
			assert_string_equal(event->patch, "");
	}
	vp_aggregate_reported(aggregate, &stored);
	vp_aggregate_free(aggregate);
	aggregate = vp_aggregate_new(&options, collect, &log);
	vp_aggregate_baseline(aggregate, &stored);
	vp_aggregate_rules(aggregate, 1, rules, 2);
	data[0].packets = 101;
	vp_aggregate_finish(aggregate, &counts, 21 * SECOND);
	assert_int_equal(sum_of(&log, VP_EVENT_REASON_UNREAD, VP_EVENT_BLOCKED), 101);
	assert_int_equal(sum_of(&log, VP_EVENT_REASON_UNREAD, VP_EVENT_COVERAGE), 7);
	vp_array_free(&stored);
	vp_aggregate_free(aggregate);
	free_log(&log);
}

/* Told of before it was counted, or counted before it was told of: in one event. */
static void told_and_counted_in_any_order(void **state)
{
	const struct vp_aggregate_rule rules[] = { rule(1, "A", VP_VERDICT_DROP) };
	struct vp_aggregate_options options = { 0 };
	struct log log = { 0 };
	struct vp_aggregate *aggregate = vp_aggregate_new(&options, take, &log);
	struct vp_report report = packet(1, 1, SECOND);

	(void)state;
	vp_aggregate_rules(aggregate, 1, rules, 1);
	tick_one(aggregate, 1, 1, 11 * SECOND); /* its report is still on its way */
	vp_aggregate_packet(aggregate, &report, NULL);
	tick_one(aggregate, 1, 1, 21 * SECOND);
	tick_one(aggregate, 1, 2, 31 * SECOND);
	tick_one(aggregate, 1, 5, 41 * SECOND);
	assert_int_equal(log.sums[1], 5);
	vp_aggregate_free(aggregate);
	free_log(&log);
}

static void unknown_tags(void **state)
{
	struct vp_aggregate_options options = { 0 };
	struct log log = { 0 };
	struct vp_aggregate *aggregate = vp_aggregate_new(&options, take, &log);
	struct vp_report report = packet(7, 1, SECOND);

	(void)state;
	vp_aggregate_packet(aggregate, &report, NULL);
	tick_one(aggregate, 7, 5, 2 * SECOND);
	assert_int_equal(log.events.len, 0);
	assert_int_equal(vp_aggregate_state(aggregate).unknown, 1);
	vp_aggregate_free(aggregate);
}

/* After a restart nothing is said twice, and what was due then is said now. */
static void restart(void **state)
{
	const struct vp_aggregate_rule rules[] = { rule(1, "A", VP_VERDICT_DROP) };
	struct vp_aggregate_options options = { 0 };
	struct vp_counts stored = { 0 };
	struct log log = { 0 };
	struct vp_aggregate *aggregate = vp_aggregate_new(&options, take, &log);
	struct vp_report report = packet(1, 1, SECOND);

	(void)state;
	vp_aggregate_rules(aggregate, 1, rules, 1);
	tick_one(aggregate, 1, 100, SECOND);
	vp_aggregate_packet(aggregate, &report, NULL);
	vp_aggregate_reported(aggregate, &stored);
	assert_int_equal(stored.len, 1);
	assert_int_equal(stored.data[0].packets, 101);
	vp_aggregate_free(aggregate);

	aggregate = vp_aggregate_new(&options, take, &log);
	vp_aggregate_baseline(aggregate, &stored);
	vp_aggregate_rules(aggregate, 1, rules, 1);
	tick_one(aggregate, 1, 150, 20 * SECOND);
	assert_int_equal(log.sums[1], 150);
	assert_int_equal(log.last_total[1], 150);
	vp_aggregate_free(aggregate);
	vp_array_free(&stored);
	free_log(&log);
}

/* A flood from ever new sources on many patches: bounded events, nothing left out. */
static void bounded(void **state)
{
	struct vp_aggregate_options options = { .lines_per_patch = 3,
						.lines_per_interval = 20 };
	struct vp_aggregate_rule rules[RULES];
	char names[RULES][8];
	struct vp_count data[RULES];
	struct vp_counts counts = { .data = data, .len = RULES, .cap = RULES };
	struct log log = { 0 };
	struct vp_aggregate *aggregate = vp_aggregate_new(&options, take, &log);
	uint64_t suppressed = 0;

	(void)state;
	for (uint32_t i = 0; i < RULES; i++) {
		snprintf(names[i], sizeof(names[i]), "P%u", i / 2);
		rules[i] = rule(i + 1, names[i], VP_VERDICT_DROP);
		data[i] = (struct vp_count){ .tag = i + 1 };
	}
	vp_aggregate_rules(aggregate, 1, rules, RULES);
	for (uint32_t interval = 0; interval < 10; interval++) {
		size_t before = log.events.len;

		for (uint32_t i = 0; i < 20000; i++) {
			struct vp_report report =
				packet(1 + i % RULES, interval * 20000 + i, interval * SECOND);

			data[i % RULES].packets += 5; /* four in five are never reported */
			vp_aggregate_packet(aggregate, &report, NULL);
		}
		vp_aggregate_tick(aggregate, &counts, interval * SECOND);
		assert_true(log.events.len - before <= 2 * 20);
	}
	assert_true(log.events.len <= 11 * 20);
	assert_true(vp_aggregate_state(aggregate).due > 0);
	vp_aggregate_finish(aggregate, &counts, 100 * SECOND);
	vp_array_each (event, &log.events)
		suppressed += event->suppressed;
	for (uint32_t i = 0; i < RULES; i++) {
		assert_int_equal(log.sums[i + 1], data[i].packets);
		assert_int_equal(log.last_total[i + 1], data[i].packets);
	}
	assert_int_equal(suppressed, vp_aggregate_state(aggregate).suppressed);
	vp_aggregate_free(aggregate);
	free_log(&log);
}

/* When rules have to wait for the next interval, none waits for ever. */
static void fair(void **state)
{
	struct vp_aggregate_options options = { .lines_per_interval = 7 };
	struct vp_aggregate_rule rules[RULES];
	struct vp_count data[RULES];
	struct vp_counts counts = { .data = data, .len = RULES, .cap = RULES };
	struct log log = { 0 };
	struct vp_aggregate *aggregate = vp_aggregate_new(&options, take, &log);

	(void)state;
	for (uint32_t i = 0; i < RULES; i++) {
		rules[i] = rule(i + 1, "P", VP_VERDICT_DROP);
		data[i] = (struct vp_count){ .tag = i + 1 };
	}
	vp_aggregate_rules(aggregate, 1, rules, RULES);
	for (uint32_t interval = 1; interval <= 6; interval++) {
		for (uint32_t i = 0; i < RULES; i++)
			data[i].packets += 10;
		vp_aggregate_tick(aggregate, &counts, interval * SECOND);
	}
	for (uint32_t i = 0; i < RULES; i++)
		assert_true(log.sums[i + 1] > 0);
	vp_aggregate_free(aggregate);
	free_log(&log);
}

struct world {
	struct vp_aggregate *aggregate;
	struct log log;
	uint64_t now;
	uint64_t sent[RULES + 1];    /* what really happened */
	uint64_t counter[RULES + 1]; /* the kernel's counter */
	uint64_t banned;
	bool active[RULES + 1];
	unsigned int seed;
};

static uint32_t choose(struct world *world, uint32_t below)
{
	return (uint32_t)rand_r(&world->seed) % below;
}

static void read_counts(struct world *world, struct vp_counts *counts)
{
	for (uint32_t tag = RULES; tag >= 1; tag--) {
		struct vp_count *count = vp_array_add(counts);

		count->tag = tag;
		count->packets = world->counter[tag];
	}
}

static void tick_world(struct world *world)
{
	struct vp_counts counts = { 0 };

	read_counts(world, &counts);
	vp_aggregate_tick(world->aggregate, choose(world, 10) ? &counts : NULL, world->now);
	vp_array_free(&counts);
}

static void give_rules(struct world *world)
{
	VP_ARRAY(struct vp_aggregate_rule) rules = { 0 };
	char names[4][4] = { "A", "B", "C", "D" };

	for (uint32_t tag = 1; tag <= RULES; tag++)
		if (world->active[tag])
			vp_array_push(&rules, rule(tag, names[tag % 4], VP_VERDICT_DROP));
	vp_aggregate_rules(world->aggregate, 1, rules.data, rules.len);
	vp_array_free(&rules);
}

static void change_rules(struct world *world)
{
	struct vp_counts counts = { 0 };

	read_counts(world, &counts);
	vp_aggregate_tick(world->aggregate, &counts, world->now);
	vp_array_free(&counts);
	for (uint32_t tag = 1; tag <= RULES; tag++)
		world->active[tag] = choose(world, 4) != 0;
	give_rules(world);
}

static void send_packets(struct world *world)
{
	uint32_t tag = 1 + choose(world, RULES), count = choose(world, 200);

	if (!world->active[tag])
		return;
	for (uint32_t i = 0; i < count; i++) {
		world->sent[tag]++;
		world->counter[tag]++;
		if (choose(world, 3)) {
			struct vp_report report = packet(tag, choose(world, 50), world->now);

			vp_aggregate_packet(world->aggregate, &report, NULL);
		}
	}
}

/*
 * A counter that was lost and made anew. Nobody can tell that once it has passed
 * its old value, so it is read before and after.
 */
static void lose_counter(struct world *world)
{
	uint32_t tag = 1 + choose(world, RULES);

	for (int i = 0; i < 2; i++) {
		struct vp_counts counts = { 0 };

		read_counts(world, &counts);
		vp_aggregate_tick(world->aggregate, &counts, world->now);
		vp_array_free(&counts);
		world->counter[tag] = 0;
	}
}

/* The daemon comes back with the generation that runs. */
static void restart_world(struct world *world, const struct vp_aggregate_options *options)
{
	struct vp_counts stored = { 0 };

	vp_aggregate_reported(world->aggregate, &stored);
	vp_aggregate_free(world->aggregate);
	world->aggregate = vp_aggregate_new(options, take, &world->log);
	vp_aggregate_baseline(world->aggregate, &stored);
	vp_array_free(&stored);
	give_rules(world);
}

static void run_world(unsigned int seed)
{
	struct vp_aggregate_options options = { .lines_per_patch = 1 + seed % 5,
						.lines_per_interval = 4 + seed % 30,
						.quiet = 1 + seed % 20 };
	struct world world = { .seed = seed, .now = SECOND };
	struct vp_counts counts = { 0 };

	world.aggregate = vp_aggregate_new(&options, take, &world.log);
	change_rules(&world);
	for (int step = 0; step < 400; step++) {
		uint32_t what = choose(&world, 100);

		world.now += choose(&world, 2 * SECOND);
		if (what < 80)
			send_packets(&world);
		else if (what < 94)
			tick_world(&world);
		else if (what < 97)
			change_rules(&world);
		else if (what < 98)
			lose_counter(&world);
		else if (what < 99)
			restart_world(&world, &options);
	}
	read_counts(&world, &counts);
	vp_aggregate_finish(world.aggregate, &counts, world.now);
	for (uint32_t tag = 1; tag <= RULES; tag++)
		assert_int_equal(world.log.sums[tag], world.sent[tag]);
	vp_array_free(&counts);
	vp_aggregate_free(world.aggregate);
	free_log(&world.log);
}

static void sums_are_exact(void **state)
{
	(void)state;
	for (unsigned int seed = 1; seed <= 200; seed++)
		run_world(seed);
}

int run_aggregate_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_at_once_then_sums),
		cmocka_unit_test(kinds),
		cmocka_unit_test(banned_apart),
		cmocka_unit_test(causes_apart),
		cmocka_unit_test(coverage_in_sums),
		cmocka_unit_test(causes_survive_rules),
		cmocka_unit_test(causes_survive_the_daemon),
		cmocka_unit_test(unread_and_invalid),
		cmocka_unit_test(told_and_counted_in_any_order),
		cmocka_unit_test(unknown_tags),
		cmocka_unit_test(restart),
		cmocka_unit_test(bounded),
		cmocka_unit_test(fair),
		cmocka_unit_test(sums_are_exact),
	};

	return cmocka_run_group_tests_name("aggregate", tests, NULL, NULL);
}
