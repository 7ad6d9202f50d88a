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
