/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The groups of events_test; each returns the number of failed tests. */
#ifndef VP_TESTS_EVENTS_TESTS_H
#define VP_TESTS_EVENTS_TESTS_H

int run_event_tests(void);
int run_nflog_tests(void);
int run_report_tests(void);
int run_aggregate_tests(void);
int run_aggregate_calls_tests(void);
int run_sink_tests(void);
int run_reset_tests(void);
int run_quota_tests(void);
int run_hit_tests(void);

#endif
