# SPDX-License-Identifier: GPL-2.0-or-later
coverage_world = tests/unit/syscalls/coverage_world.c tests/unit/syscalls/coverage_world.h
check_PROGRAMS += coverage_test revocable_test
TESTS += coverage_test revocable_test
coverage_test_SOURCES = tests/unit/syscalls/coverage_test.c $(coverage_world)
coverage_test_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
coverage_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
coverage_test_LDADD = $(VP_AGENT_LIBS) $(CMOCKA_LIBS)
revocable_test_SOURCES = tests/unit/syscalls/revocable_test.c $(coverage_world)
revocable_test_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
revocable_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
revocable_test_LDADD = $(VP_AGENT_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += coverage_file_test
TESTS += coverage_file_test
coverage_file_test_SOURCES = tests/unit/syscalls/coverage_file_test.c
coverage_file_test_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
coverage_file_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
coverage_file_test_LDADD = $(VP_AGENT_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += executables_test
TESTS += executables_test
executables_test_SOURCES = tests/unit/syscalls/executables_test.c
executables_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
executables_test_LDADD = libvpagent.a libvpbase.a $(CMOCKA_LIBS)

check_PROGRAMS += dropin_test
TESTS += dropin_test
dropin_test_SOURCES = tests/unit/syscalls/dropin_test.c
dropin_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
dropin_test_LDADD = $(VP_AGENT_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += programs_test
TESTS += programs_test
programs_test_SOURCES = tests/unit/syscalls/programs_test.c
programs_test_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
programs_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
programs_test_LDADD = $(VP_AGENT_LIBS) $(CMOCKA_LIBS)
