# SPDX-License-Identifier: GPL-2.0-or-later

check_PROGRAMS += events_test
TESTS += events_test
events_test_SOURCES = \
	tests/unit/agentd/aggregate_calls_test.c \
	tests/unit/agentd/aggregate_test.c \
	tests/unit/agentd/event_test.c \
	tests/unit/agentd/events_test.c \
	tests/unit/agentd/events_tests.h \
	tests/unit/agentd/hit_test.c \
	tests/unit/agentd/nflog_test.c \
	tests/unit/agentd/quota_test.c \
	tests/unit/agentd/report_test.c \
	tests/unit/agentd/reset_test.c \
	tests/unit/agentd/sink_test.c
events_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
events_test_LDADD = libvpagent.a libvpinspection.a libvpmodules.a libvppolicy.a libvpbase.a \
	$(VP_INSPECTION_LIBS) $(MNL_LIBS) $(JANSSON_LIBS) $(CMOCKA_LIBS)

# In a network namespace of its own, with the real vpatchd-events.
check_PROGRAMS += reporter_test
TESTS += reporter_test
reporter_test_SOURCES = tests/unit/agentd/reporter_test.c
reporter_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
reporter_test_LDADD = libvpagent.a libvpinspect.a libvpmodules.a libvppolicy.a libvpbase.a $(MNL_LIBS) $(CMOCKA_LIBS)
reporter_test_DEPENDENCIES = libvpagent.a libvppolicy.a libvpbase.a vpatchd-events

check_PROGRAMS += ctl_test
TESTS += ctl_test
ctl_test_SOURCES = \
	tests/unit/agentd/ctl_arguments_test.c \
	tests/unit/agentd/ctl_help_test.c \
	tests/unit/agentd/ctl_main_test.c \
	tests/unit/agentd/ctl_manual_test.c \
	tests/unit/agentd/ctl_page_test.c \
	tests/unit/agentd/ctl_render_test.c \
	tests/unit/agentd/ctl_test.h
ctl_test_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) -DVP_TEST_SOURCES='"$(abs_top_srcdir)"'
ctl_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
ctl_test_LDADD = libvpctl.a $(VP_CTL_LIBS) $(CMOCKA_LIBS)
EXTRA_DIST += \
	tests/golden/ctl/help tests/golden/ctl/help-verbs \
	tests/golden/ctl/check.json tests/golden/ctl/check.txt tests/golden/ctl/check.80.txt \
	tests/golden/ctl/events.json tests/golden/ctl/events.txt tests/golden/ctl/events.80.txt \
	tests/golden/ctl/explain.json tests/golden/ctl/explain.txt tests/golden/ctl/explain.80.txt \
	tests/golden/ctl/history.json tests/golden/ctl/history.txt tests/golden/ctl/history.80.txt \
	tests/golden/ctl/panic.json tests/golden/ctl/panic.txt tests/golden/ctl/panic.80.txt \
	tests/golden/ctl/plan.json tests/golden/ctl/plan.txt tests/golden/ctl/plan.80.txt \
	tests/golden/ctl/result-applied.json tests/golden/ctl/result-applied.txt tests/golden/ctl/result-applied.80.txt \
	tests/golden/ctl/result-invalid.json tests/golden/ctl/result-invalid.txt tests/golden/ctl/result-invalid.80.txt \
	tests/golden/ctl/status.json tests/golden/ctl/status.txt tests/golden/ctl/status.80.txt \
	tests/golden/ctl/status-unreachable.json tests/golden/ctl/status-unreachable.txt tests/golden/ctl/status-unreachable.80.txt

check_PROGRAMS += lab_test
TESTS += lab_test
lab_test_SOURCES = \
	tests/unit/agentd/lab_calls_test.c \
	tests/unit/agentd/lab_judge_test.c \
	tests/unit/agentd/lab_mutant_test.c \
	tests/unit/agentd/lab_packet_test.c \
	tests/unit/agentd/lab_recode_test.c \
	tests/unit/agentd/lab_run_test.c \
	tests/unit/agentd/lab_script_test.c \
	tests/unit/agentd/lab_test.c \
	tests/unit/agentd/lab_tests.h
lab_test_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) -DVP_TEST_SOURCES='"$(abs_top_srcdir)"'
lab_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
lab_test_LDADD = libvpctl.a $(VP_CTL_LIBS) $(CMOCKA_LIBS)
lab_test_DEPENDENCIES = libvpctl.a libvpagent.a libvpinspect.a libvpinspection.a libvpmodules.a libvppolicy.a \
	libvpbase.a vpatchd-inspect vpatchd-verdict
EXTRA_DIST += \
	tests/system/lab/bad-benign.vpatch \
	tests/system/lab/bad-boundary.vpatch \
	tests/system/lab/bad-delivered.vpatch \
	tests/system/lab/bad-inconclusive.vpatch \
	tests/system/lab/bad-other-rule.vpatch \
	tests/system/lab/calls-one.vpatch \
	tests/system/lab/calls-closed.vpatch \
	tests/system/lab/calls-covered.vpatch \
	tests/system/lab/calls-monitor.vpatch \
	tests/system/lab/calls-rights.vpatch \
	tests/system/lab/good-both.vpatch \
	tests/system/lab/good-endpoint.vpatch \
	tests/system/lab/good-host.vpatch \
	tests/system/lab/good-limit.vpatch \
	tests/system/lab/good-shared-limit.vpatch \
	tests/system/lab/good-ways.vpatch \
	tests/system/lab/streams-answer.vpatch \
	tests/system/lab/streams-evaded.vpatch \
	tests/system/lab/streams-http.vpatch \
	tests/system/lab/streams-raw.vpatch

check_PROGRAMS += daemon_test
TESTS += daemon_test
daemon_test_SOURCES = \
	tests/unit/agentd/config_test.c \
	tests/unit/agentd/daemon_test.c \
	tests/unit/agentd/daemon_tests.h \
	tests/unit/agentd/generation_test.c \
	tests/unit/agentd/local_test.c \
	tests/unit/agentd/loop_test.c \
	tests/unit/agentd/message_test.c \
	tests/unit/agentd/overruns_test.c \
	tests/unit/agentd/session_test.c \
	tests/unit/agentd/state_test.c \
	tests/unit/agentd/totals_test.c \
	tests/unit/agentd/transaction_test.c
daemon_test_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
daemon_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
daemon_test_LDADD = $(VP_AGENT_LIBS) $(CMOCKA_LIBS)
