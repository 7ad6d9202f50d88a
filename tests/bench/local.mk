# SPDX-License-Identifier: GPL-2.0-or-later

# make bench_policy && ./bench_policy: the cost of reading and validating definitions
EXTRA_PROGRAMS += bench_policy
bench_policy_SOURCES = tests/bench/bench_policy.c
bench_policy_LDADD = libvppolicy.a libvpbase.a $(INIH_LIBS)
