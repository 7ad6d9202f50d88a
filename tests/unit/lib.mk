# SPDX-License-Identifier: GPL-2.0-or-later
check_PROGRAMS += lib_test
TESTS += lib_test
lib_test_SOURCES = tests/unit/lib/lib_test.c
lib_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
lib_test_LDADD = libvpbase.a $(CMOCKA_LIBS)

check_PROGRAMS += seccomp_file_test
TESTS += seccomp_file_test
seccomp_file_test_SOURCES = tests/unit/lib/seccomp_file_test.c
seccomp_file_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
seccomp_file_test_LDADD = libvpbase.a $(CMOCKA_LIBS)

check_PROGRAMS += unix_socket_test
TESTS += unix_socket_test
unix_socket_test_SOURCES = tests/unit/lib/unix_socket_test.c
unix_socket_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
unix_socket_test_LDADD = libvpbase.a $(CMOCKA_LIBS)

check_PROGRAMS += proc_test
TESTS += proc_test
proc_test_SOURCES = tests/unit/lib/proc_test.c
proc_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
proc_test_LDADD = libvpbase.a $(CMOCKA_LIBS)
