# SPDX-License-Identifier: GPL-2.0-or-later

check_PROGRAMS += tests/golden/fields_test
TESTS += tests/golden/fields_test
tests_golden_fields_test_SOURCES = tests/golden/fields_test.c
tests_golden_fields_test_LDADD = libvppolicy.a libvpbase.a

check_PROGRAMS += tests/golden/netfilter_test
TESTS += tests/golden/netfilter_test
tests_golden_netfilter_test_SOURCES = tests/golden/netfilter_test.c
tests_golden_netfilter_test_LDADD = libvpmodules.a libvppolicy.a libvpbase.a $(INIH_LIBS)
