# SPDX-License-Identifier: GPL-2.0-or-later

# against the kernel, in a network namespace of its own
check_PROGRAMS += netfilter_kernel_test
TESTS += netfilter_kernel_test
netfilter_kernel_test_SOURCES = \
	tests/unit/netfilter/kernel_build.c \
	tests/unit/netfilter/kernel_build.h \
	tests/unit/netfilter/kernel_test.c \
	tests/unit/netfilter/kernel_zoo.c
netfilter_kernel_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(MNL_CFLAGS) $(NFTNL_CFLAGS)
netfilter_kernel_test_LDADD = libvpmodules.a libvppolicy.a libvpbase.a \
	$(NFTNL_LIBS) $(MNL_LIBS) $(CMOCKA_LIBS)
