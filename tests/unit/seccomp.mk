# SPDX-License-Identifier: GPL-2.0-or-later

check_PROGRAMS += seccomp_test
TESTS += seccomp_test
seccomp_test_SOURCES = \
	tests/unit/seccomp/abi_test.c \
	tests/unit/seccomp/catalogue_test.c \
	tests/unit/seccomp/definitions_test.c \
	tests/unit/seccomp/filter_test.c \
	tests/unit/seccomp/interpreter_test.c \
	tests/unit/seccomp/kernel_test.c \
	tests/unit/seccomp/property_test.c \
	tests/unit/seccomp/seccomp_test.c \
	tests/unit/seccomp/seccomp_tests.h \
	tests/unit/seccomp/trap_test.c \
	tests/unit/seccomp/vectors_test.c \
	tests/unit/seccomp/world.c \
	tests/unit/seccomp/world.h
seccomp_test_CPPFLAGS = $(AM_CPPFLAGS) -DVP_SOURCE_DIR='"$(abs_top_srcdir)"'
seccomp_test_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS) $(CMOCKA_CFLAGS)
seccomp_test_LDADD = libvpseccomp.a libvppolicy.a libvpbase.a $(INIH_LIBS) $(SECCOMP_LIBS) \
	$(CMOCKA_LIBS)
