# SPDX-License-Identifier: GPL-2.0-or-later
if INJECTION
check_PROGRAMS += inject_test
TESTS += inject_test
inject_test_SOURCES = \
	tests/unit/inject/fixup_test.c \
	tests/unit/inject/inject_test.c \
	tests/unit/inject/inject_tests.h \
	tests/unit/inject/request_test.c
if INJECTION_AARCH64
inject_test_SOURCES += tests/unit/inject/arch_aarch64_test.c
else
inject_test_SOURCES += \
	tests/unit/inject/arch_x86_64_test.c \
	tests/unit/inject/target_test.c
endif
inject_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inject_test_LDADD = libvpinject.a libvpinjectrequest.a libvpbase.a $(CMOCKA_LIBS)
endif
