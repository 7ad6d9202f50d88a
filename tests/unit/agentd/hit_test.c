/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hit notes of workers as records and causes of events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/hit.h"
#include "agentd/sandbox.h"
#include "lib/memory.h"
#include "modules/inspection/engine.h"
#include "tests/unit/agentd/events_tests.h"

static struct vp_note_hit note(enum vp_reason reason, enum vp_verdict verdict)
{
	struct vp_note_hit hit = {
		.tag = 5,
		.reason = reason,
		.verdict = verdict,
		.protocol = 6,
		.source_port = 40000,
		.destination_port = 80,
		.hook = 2,
		.flags = 0x18,
		.in_interface = 3,
		.sequence = 100,
		.acknowledgement = 200,
		.payload = 30,
	};

	assert_int_equal(vp_address_parse("192.0.2.1", &hit.source), 0);
	assert_int_equal(vp_address_parse("198.51.100.9", &hit.destination), 0);
	return hit;
}

/* What was made of a note is what a reporter could have sent. */
static void assert_record(const struct vp_note_hit *hit)
{
	struct vp_report report = vp_hit_report(hit, 0);

	report.confinement = VP_CONFINED_ALWAYS;
	assert_int_equal(vp_report_check(&report, sizeof(report), NULL), 0);
}

static void records(void **state)
{
	struct vp_note_hit hit = note(VP_REASON_RULE, VP_VERDICT_RESET);
	struct vp_report report = vp_hit_report(&hit, 77);

	(void)state;
	assert_int_equal(report.kind, VP_REPORT_RESET);
	assert_int_equal(report.time, 77);
	assert_int_equal(report.hook, 2);
	assert_int_equal(report.in_interface, 3);
	assert_int_equal(report.flags, VP_REPORT_PORTS | VP_REPORT_TCP);
	assert_int_equal(report.sequence, 100);
	assert_int_equal(report.acknowledgement, 200);
	assert_int_equal(report.payload, 30);
	assert_record(&hit);
	hit.flags = 0; /* no segment was at hand */
	assert_int_equal(vp_hit_report(&hit, 0).flags, VP_REPORT_PORTS);
	assert_record(&hit);
	hit.protocol = 17;
	hit.flags = 1;
	assert_int_equal(vp_hit_report(&hit, 0).flags, VP_REPORT_PORTS);
	assert_record(&hit);
	hit.protocol = 1;
	assert_int_equal(vp_hit_report(&hit, 0).flags, 0);
	assert_record(&hit);
	hit = note(VP_REASON_RULE, VP_VERDICT_DROP);
	assert_int_equal(vp_address_parse("2001:db8::1", &hit.source), 0);
	assert_int_equal(vp_address_parse("2001:db8::2", &hit.destination), 0);
	assert_record(&hit);
	memset(&hit.source, 0xff, sizeof(hit.source)); /* whatever is in them */
	memset(&hit.destination, 0xff, sizeof(hit.destination));
	hit.source.family = hit.destination.family = 4;
	assert_record(&hit);
	hit.source.family = hit.destination.family = 0;
	assert_record(&hit);
}

static void kinds(void **state)
{
	struct vp_note_hit hit = note(VP_REASON_RULE, VP_VERDICT_REJECT);

	(void)state;
	assert_int_equal(vp_hit_report(&hit, 0).kind, VP_REPORT_REJECT);
	hit.verdict = VP_VERDICT_BAN;
	assert_int_equal(vp_hit_report(&hit, 0).kind, VP_REPORT_DROP);
	hit.monitor = 1;
	assert_int_equal(vp_hit_report(&hit, 0).kind, VP_REPORT_MONITOR);
	hit = note(VP_REASON_FOREIGN, VP_VERDICT_PASS);
	assert_int_equal(vp_hit_report(&hit, 0).kind, VP_REPORT_MONITOR);
}

/* Every reason has the engine's word, and what is counted is what is told. */
static void reasons(void **state)
{
	static const struct {
		enum vp_verdict verdict;
		bool monitor;
		enum vp_event_kind kind;
		enum vp_tally_outcome outcome;
	} rows[] = {
		{ VP_VERDICT_PASS, false, VP_EVENT_COVERAGE, VP_TALLY_PASSED },
		{ VP_VERDICT_PASS, true, VP_EVENT_COVERAGE, VP_TALLY_PASSED },
		{ VP_VERDICT_DROP, false, VP_EVENT_BLOCKED, VP_TALLY_STOPPED },
		{ VP_VERDICT_RESET, false, VP_EVENT_RESET, VP_TALLY_RESET },
		{ VP_VERDICT_DROP, true, VP_EVENT_WOULD_BLOCK, VP_TALLY_WATCHED },
	};
	struct vp_aggregate_cause cause, counted;
	struct vp_event event = { 0 };
	enum vp_tally_kind kind;

	(void)state;
	for (int reason = VP_REASON_RULE + 1; reason < VP_REASON_COUNT; reason++)
		for (size_t i = 0; i < VP_COUNT(rows); i++) {
			struct vp_note_hit hit = note((enum vp_reason)reason, rows[i].verdict);

			hit.monitor = rows[i].monitor;
			cause = vp_hit_cause(&hit);
			assert_string_equal(vp_event_reason_name(cause.reason),
					    vp_reason_name((enum vp_reason)reason));
			assert_int_equal(cause.kind, rows[i].kind);
			assert_true(vp_hit_counted(
				vp_tally_failure((unsigned int)reason, rows[i].outcome),
				&counted));
			assert_int_equal(counted.reason, cause.reason);
			assert_int_equal(counted.kind, cause.kind);
			event.reason = cause.reason;
			event.kind = cause.kind;
			assert_true(vp_hit_told(&event, &kind));
			assert_int_equal(
				kind, vp_tally_failure((unsigned int)reason, rows[i].outcome));
		}
	for (int reason = 0; reason < VP_EVENT_REASONS; reason++) { /* of others' causes */
		event.kind = VP_EVENT_BLOCKED;
		event.reason = (enum vp_event_reason)reason;
		assert_int_equal(vp_hit_told(&event, &kind),
				 reason >= VP_EVENT_REASON_CONFLICT &&
					 reason <= VP_EVENT_REASON_MALFORMED);
		event.kind = VP_EVENT_APPLIED;
		assert_false(vp_hit_told(&event, &kind));
	}
	assert_false(vp_hit_counted(VP_TALLY_HITS, &counted));
	assert_false(vp_hit_counted(vp_tally_failure(VP_REASON_RULE, 0), &counted));
	assert_false(vp_hit_counted(vp_tally_failure(VP_REASON_COUNT, 0), &counted));
	assert_true(vp_tally_failure(VP_REASON_COUNT, 0) < VP_TALLY_END);
}

static void orders(void **state)
{
	struct vp_note_hit hit = note(VP_REASON_RULE, VP_VERDICT_BAN);

	(void)state;
	assert_int_equal(vp_hit_asks(&hit), VP_VERDICT_BAN);
	hit.monitor = 1;
	assert_int_equal(vp_hit_asks(&hit), VP_VERDICT_PASS);
	hit = note(VP_REASON_RULE, VP_VERDICT_REJECT);
	assert_int_equal(vp_hit_asks(&hit), VP_VERDICT_REJECT);
	hit = note(VP_REASON_RULE, VP_VERDICT_DROP);
	assert_int_equal(vp_hit_asks(&hit), VP_VERDICT_PASS);
	hit = note(VP_REASON_MIDSTREAM, VP_VERDICT_RESET);
	assert_int_equal(vp_hit_asks(&hit), VP_VERDICT_RESET);
	hit = note(VP_REASON_CONFLICT, VP_VERDICT_BAN);
	assert_int_equal(vp_hit_asks(&hit), VP_VERDICT_PASS);
}

int run_hit_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records),
		cmocka_unit_test(kinds),
		cmocka_unit_test(reasons),
		cmocka_unit_test(orders),
	};

	return cmocka_run_group_tests_name("hit", tests, NULL, NULL);
}
