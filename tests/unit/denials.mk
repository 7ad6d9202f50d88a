# SPDX-License-Identifier: GPL-2.0-or-later
check_PROGRAMS += denials_test
TESTS += denials_test
denials_test_SOURCES = \
	tests/unit/agentd/audit_record_test.c \
	tests/unit/agentd/denial_sums_test.c \
	tests/unit/agentd/denial_test.c \
	tests/unit/agentd/denials_test.c \
	tests/unit/agentd/denials_tests.h
denials_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
denials_test_LDADD = libvpagent.a libvpbase.a $(CMOCKA_LIBS)
