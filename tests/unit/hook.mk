# SPDX-License-Identifier: GPL-2.0-or-later
if INJECTION
check_PROGRAMS += hook_test
TESTS += hook_test
hook_test_SOURCES = tests/unit/hook/hook_test.c
hook_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
hook_test_LDADD = libvphook.a libvphookclient.a libvpinject.a libvpinjectrequest.a libvpseccomp.a libvpbase.a $(CMOCKA_LIBS)
endif
