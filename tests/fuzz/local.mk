# SPDX-License-Identifier: GPL-2.0-or-later

if FUZZERS
noinst_PROGRAMS += fuzz_nflog
fuzz_nflog_SOURCES = tests/fuzz/fuzz_nflog.c
fuzz_nflog_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_nflog_LDADD = libvpagent.a libvpbase.a
endif
EXTRA_DIST += \
	tests/fuzz/corpus/nflog/batch \
	tests/fuzz/corpus/nflog/ipv6-extensions \
	tests/fuzz/corpus/nflog/monitor \
	tests/fuzz/corpus/nflog/record \
	tests/fuzz/corpus/nflog/tcp

if FUZZERS
noinst_PROGRAMS += fuzz_policy
fuzz_policy_SOURCES = tests/fuzz/fuzz_policy.c
fuzz_policy_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_policy_LDADD = libvppolicy.a libvpbase.a $(INIH_LIBS)
endif
EXTRA_DIST += tests/fuzz/policy.dict tests/fuzz/corpus/policy
