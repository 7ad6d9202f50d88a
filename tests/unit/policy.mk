# SPDX-License-Identifier: GPL-2.0-or-later

check_PROGRAMS += policy_test
TESTS += policy_test
policy_test_SOURCES = \
	tests/unit/policy/call_test.c \
	tests/unit/policy/field_test.c \
	tests/unit/policy/kernel_constants.c tests/unit/policy/kernel_constants.h \
	tests/unit/policy/kernel_socket_constants.c \
	tests/unit/policy/override_test.c \
	tests/unit/policy/policy_test.c \
	tests/unit/policy/policy_tests.h \
	tests/unit/policy/print_test.c \
	tests/unit/policy/regex_test.c \
	tests/unit/policy/source_test.c \
	tests/unit/policy/sources_test.c \
	tests/unit/policy/validate_test.c \
	tests/unit/policy/value_test.c
policy_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
policy_test_LDADD = libvppolicy.a libvpbase.a $(INIH_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += plan_test
TESTS += plan_test
plan_test_SOURCES = tests/unit/policy/plan_test.c \
	tests/harness/planned.c tests/harness/planned.h
plan_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
plan_test_LDADD = libvppolicy.a libvpbase.a $(INIH_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += plan_calls_test
TESTS += plan_calls_test
plan_calls_test_SOURCES = tests/unit/policy/plan_calls_test.c \
	tests/harness/planned.c tests/harness/planned.h
plan_calls_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
plan_calls_test_LDADD = libvppolicy.a libvpbase.a $(INIH_LIBS) $(CMOCKA_LIBS)
