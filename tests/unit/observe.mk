# SPDX-License-Identifier: GPL-2.0-or-later
# Calls of services, held against their filters: all of it that needs no kernel.
check_PROGRAMS += observe_test
TESTS += observe_test
observe_test_SOURCES = \
	tests/unit/observe/lineage_test.c \
	tests/unit/observe/numbers_test.c \
	tests/unit/observe/observation_test.c \
	tests/unit/observe/observe_test.c \
	tests/unit/observe/observe_tests.h \
	tests/unit/observe/origin_test.c \
	tests/unit/observe/trace_test.c \
	tests/unit/observe/ring_test.c \
	tests/unit/observe/refusals_test.c \
	tests/unit/seccomp/world.c \
	tests/unit/seccomp/world.h
observe_test_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
observe_test_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS) $(CMOCKA_CFLAGS)
observe_test_LDADD = libvpctl.a $(VP_CTL_LIBS) $(CMOCKA_LIBS)
