# SPDX-License-Identifier: GPL-2.0-or-later

check_PROGRAMS += answer_test
TESTS += answer_test
answer_test_SOURCES = tests/unit/answer/answer_test.c agentd/answer/listeners.c
answer_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
answer_test_LDADD = libvpanswer.a libvpseccomp.a libvpbase.a $(CMOCKA_LIBS)
