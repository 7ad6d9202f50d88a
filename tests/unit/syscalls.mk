# SPDX-License-Identifier: GPL-2.0-or-later
check_PROGRAMS += coverage_test
TESTS += coverage_test
coverage_test_SOURCES = tests/unit/syscalls/coverage_test.c
coverage_test_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
coverage_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
coverage_test_LDADD = $(VP_AGENT_LIBS) $(CMOCKA_LIBS)
