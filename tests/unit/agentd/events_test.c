/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs every group of tests about events: from NFLOG bytes to log lines. */
#include "tests/unit/agentd/events_tests.h"

int main(void)
{
	int failed = 0;

	failed += run_event_tests();
	failed += run_nflog_tests();
	failed += run_report_tests();
	failed += run_aggregate_tests();
	failed += run_aggregate_calls_tests();
	failed += run_sink_tests();
	failed += run_reset_tests();
	failed += run_quota_tests();
	failed += run_hit_tests();
	return failed ? 1 : 0;
}
