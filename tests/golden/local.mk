# SPDX-License-Identifier: GPL-2.0-or-later
golden_sources = \
	tests/golden/golden.c tests/golden/golden.h \
	tests/harness/planned.c tests/harness/planned.h

check_PROGRAMS += tests/golden/fields_test
TESTS += tests/golden/fields_test
tests_golden_fields_test_SOURCES = tests/golden/fields_test.c
tests_golden_fields_test_LDADD = libvppolicy.a libvpbase.a

check_PROGRAMS += tests/golden/netfilter_test
TESTS += tests/golden/netfilter_test
tests_golden_netfilter_test_SOURCES = tests/golden/netfilter_test.c $(golden_sources)
tests_golden_netfilter_test_LDADD = libvpmodules.a libvppolicy.a libvpbase.a $(INIH_LIBS)
EXTRA_DIST += tests/golden/netfilter

check_PROGRAMS += tests/golden/plan_test
TESTS += tests/golden/plan_test
tests_golden_plan_test_SOURCES = tests/golden/plan_test.c $(golden_sources)
tests_golden_plan_test_LDADD = libvppolicy.a libvpbase.a $(INIH_LIBS)
EXTRA_DIST += tests/golden/plan

check_PROGRAMS += tests/golden/dropin_test
TESTS += tests/golden/dropin_test
tests_golden_dropin_test_SOURCES = tests/golden/dropin_test.c $(golden_sources)
tests_golden_dropin_test_LDADD = libvpseccomp.a libvppolicy.a libvpbase.a $(INIH_LIBS) $(SECCOMP_LIBS)
EXTRA_DIST += tests/golden/dropin

# After a change that is meant: rewrite plan.ok, nft.ok and dropin.ok of all cases, then read the diff.
update-golden: tests/golden/netfilter_test tests/golden/plan_test tests/golden/dropin_test
	srcdir=$(srcdir) tests/golden/netfilter_test --update
	srcdir=$(srcdir) tests/golden/plan_test --update
	srcdir=$(srcdir) tests/golden/dropin_test --update
.PHONY: update-golden

# The corpus of malformed and valid definitions, over the policy library alone.
check_PROGRAMS += tests/harness/check_policy
tests_harness_check_policy_SOURCES = tests/harness/check_policy.c
tests_harness_check_policy_LDADD = libvppolicy.a libvpbase.a $(INIH_LIBS)
TESTS += tests/golden/check-definitions
EXTRA_DIST += tests/golden/check-definitions tests/golden/malformed tests/golden/valid
