# SPDX-License-Identifier: GPL-2.0-or-later
check_PROGRAMS += denials_test
TESTS += denials_test
denials_test_SOURCES = \
	tests/unit/agentd/audit_record_test.c \
	tests/unit/agentd/denial_sums_test.c \
	tests/unit/agentd/denial_test.c \
	tests/unit/agentd/denials_test.c \
	tests/unit/agentd/denials_tests.h \
	tests/unit/agentd/denied_test.c \
	tests/unit/seccomp/world.c tests/unit/seccomp/world.h
denials_test_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS) $(CMOCKA_CFLAGS)
denials_test_LDADD = libvpagent.a libvpseccomp.a libvppolicy.a libvpbase.a $(INIH_LIBS) \
	$(SECCOMP_LIBS) $(JANSSON_LIBS) $(CMOCKA_LIBS)
