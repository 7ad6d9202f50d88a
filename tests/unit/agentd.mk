# SPDX-License-Identifier: GPL-2.0-or-later

check_PROGRAMS += events_test
TESTS += events_test
events_test_SOURCES = \
	tests/unit/agentd/aggregate_test.c \
	tests/unit/agentd/event_test.c \
	tests/unit/agentd/events_test.c \
	tests/unit/agentd/events_tests.h \
	tests/unit/agentd/nflog_test.c \
	tests/unit/agentd/report_test.c \
	tests/unit/agentd/reset_test.c \
	tests/unit/agentd/sink_test.c
events_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
events_test_LDADD = libvpagent.a libvppolicy.a libvpbase.a $(MNL_LIBS) $(JANSSON_LIBS) $(CMOCKA_LIBS)

# In a network namespace of its own, with the real vpatchd-events.
check_PROGRAMS += reporter_test
TESTS += reporter_test
reporter_test_SOURCES = tests/unit/agentd/reporter_test.c
reporter_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
reporter_test_LDADD = libvpagent.a libvppolicy.a libvpbase.a $(MNL_LIBS) $(CMOCKA_LIBS)
reporter_test_DEPENDENCIES = libvpagent.a libvppolicy.a libvpbase.a vpatchd-events
