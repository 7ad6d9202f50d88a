# SPDX-License-Identifier: GPL-2.0-or-later

# make bench_policy && ./bench_policy: the cost of reading and validating definitions
EXTRA_PROGRAMS += bench_policy
bench_policy_SOURCES = tests/bench/bench_policy.c
bench_policy_LDADD = libvppolicy.a libvpbase.a $(INIH_LIBS)

# make bench-inspection: in-line inspection against Suricata and against no shield, side by side. Root, nginx,
# iptables and Suricata 7 (in PATH, or SURICATA=PROGRAM); ROUNDS=5. Namespaces of its own; no part of the gate.
EXTRA_PROGRAMS += tests/bench/load
tests_bench_load_SOURCES = tests/bench/load.c
EXTRA_DIST += tests/bench/bench-inspection
.PHONY: bench-inspection bench-syscalls
bench-inspection: vpatchd vpatchctl vpatchd-events vpatchd-inspect vpatchd-verdict tests/bench/load
	$(srcdir)/tests/bench/bench-inspection .

# make bench-syscalls: what filters of system calls cost, beside no filter. Root, nginx, wrk; ROUNDS=5, SECONDS=3.
# Filters only on processes of its own; no part of the gate.
if INJECTION
EXTRA_PROGRAMS += tests/bench/calls
tests_bench_calls_SOURCES = tests/bench/calls.c agentd/answer/listeners.c
tests_bench_calls_LDADD = libvpinjectrequest.a libvpanswer.a libvpseccomp.a libvppolicy.a libvpbase.a $(INIH_LIBS) $(SECCOMP_LIBS)
bench-syscalls: vpatchd-inject vpatchd-denials tests/harness/denials tests/bench/calls
	$(srcdir)/tests/bench/bench-syscalls .
else
bench-syscalls:
	@echo "bench-syscalls needs live injection, which is not built for this architecture" >&2; exit 1
endif
EXTRA_DIST += tests/bench/bench-syscalls
