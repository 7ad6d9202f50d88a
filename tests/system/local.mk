# SPDX-License-Identifier: GPL-2.0-or-later
# Programs the system tests use; the tests themselves are run by tests/gate.
check_PROGRAMS += tests/harness/traffic tests/harness/forge
tests_harness_traffic_SOURCES = tests/harness/traffic.c
tests_harness_forge_SOURCES = tests/harness/forge.c
EXTRA_DIST += tests/harness/generate-patches

# The compiled rules against a naive interpreter of the language.
check_PROGRAMS += tests/harness/differential
tests_harness_differential_SOURCES = \
	tests/harness/differential.c \
	tests/harness/interpreter.c tests/harness/interpreter.h \
	tests/harness/random.h \
	tests/harness/random_packet.c \
	tests/harness/random_policy.c
tests_harness_differential_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS) $(NFTNL_CFLAGS)
tests_harness_differential_LDADD = libvpmodules.a libvppolicy.a libvpbase.a \
	$(NFTNL_LIBS) $(MNL_LIBS) $(INIH_LIBS)

# The parent of two inspection processes, without an agent; and what these may do.
check_PROGRAMS += tests/harness/inspector tests/harness/confined tests/harness/requests
tests_harness_requests_SOURCES = tests/harness/requests.c
tests_harness_inspector_SOURCES = tests/harness/inspector.c
tests_harness_inspector_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS) $(NFTNL_CFLAGS)
tests_harness_inspector_LDADD = libvpinspect.a libvpinspection.a libvpmodules.a libvppolicy.a libvpbase.a \
	$(VP_INSPECTION_LIBS) $(NFTNL_LIBS) $(MNL_LIBS) $(INIH_LIBS)
tests_harness_confined_SOURCES = tests/harness/confined.c
tests_harness_confined_LDADD = libvpinspect.a libvpagent.a libvpbase.a $(SECCOMP_LIBS)

# A service under systemd, and its clients.
check_PROGRAMS += tests/harness/web
tests_harness_web_SOURCES = tests/harness/web.c
tests_harness_web_LDADD = -lpthread

# Long and many connections.
check_PROGRAMS += tests/harness/soak
tests_harness_soak_SOURCES = tests/harness/soak.c tests/harness/soak_serve.c tests/harness/soak.h

# Makes the kernel refuse transactions: to be loaded into a process.
EXTRA_DIST += tests/harness/refuse.c
check_DATA = tests/harness/refuse.so
CLEANFILES += tests/harness/refuse.so
tests/harness/refuse.so: tests/harness/refuse.c
	$(AM_V_CCLD)$(MKDIR_P) tests/harness && \
		$(CC) $(CPPFLAGS) $(CFLAGS) $(MNL_CFLAGS) -D_GNU_SOURCE -Wall -Wextra \
		-fPIC -shared -o $@ $(srcdir)/tests/harness/refuse.c $(LDFLAGS)

# Hears audit records in another network namespace than its own: likewise.
EXTRA_DIST += tests/harness/elsewhere.c
check_DATA += tests/harness/elsewhere.so
CLEANFILES += tests/harness/elsewhere.so
tests/harness/elsewhere.so: tests/harness/elsewhere.c
	$(AM_V_CCLD)$(MKDIR_P) tests/harness && \
		$(CC) $(CPPFLAGS) $(CFLAGS) -D_GNU_SOURCE -Wall -Wextra \
		-fPIC -shared -o $@ $(srcdir)/tests/harness/elsewhere.c $(LDFLAGS)

# The condition table as it is compiled in.
check_PROGRAMS += tests/harness/coverage
tests_harness_coverage_SOURCES = tests/harness/coverage.c
tests_harness_coverage_LDADD = libvppolicy.a libvpbase.a $(INIH_LIBS)

# Denied system calls: one who makes them, and vpatchd's part of hearing of them; files of filters.
check_PROGRAMS += tests/harness/deny tests/harness/denials tests/harness/filter
tests_harness_deny_SOURCES = tests/harness/deny.c
tests_harness_denials_SOURCES = tests/harness/denials.c
tests_harness_denials_LDADD = libvpagent.a libvpinspect.a libvpbase.a $(MNL_LIBS)
tests_harness_filter_SOURCES = tests/harness/filter.c
tests_harness_filter_LDADD = libvpbase.a $(SECCOMP_LIBS)

# Drop-ins of definitions, without an agent.
check_PROGRAMS += tests/harness/dropins
tests_harness_dropins_SOURCES = tests/harness/dropins.c
tests_harness_dropins_LDADD = $(VP_AGENT_LIBS)

# Calls of the kernel in known numbers, for who watches them.
check_PROGRAMS += tests/harness/observed
tests_harness_observed_SOURCES = tests/harness/observed.c
tests_harness_observed_LDADD = -lpthread

# Filters put on running processes: what puts them on, and a process that notices everything.
if INJECTION
check_PROGRAMS += tests/harness/inject tests/harness/odd tests/harness/waits
check_PROGRAMS += tests/harness/killed tests/harness/steady tests/harness/storm
tests_harness_storm_SOURCES = tests/harness/storm.c
tests_harness_killed_SOURCES = tests/harness/killed.c
tests_harness_killed_LDADD = libvpinject.a libvpinjectrequest.a libvpbase.a
tests_harness_steady_SOURCES = tests/harness/steady.c
tests_harness_steady_LDADD = -lpthread
tests_harness_odd_SOURCES = tests/harness/odd.c
tests_harness_odd_LDADD = -lpthread
tests_harness_inject_SOURCES = tests/harness/inject.c tests/harness/ask_helper.c tests/harness/ask_helper.h
tests_harness_inject_LDADD = libvpinject.a libvpinjectrequest.a libvpseccomp.a libvpbase.a
tests_harness_waits_SOURCES = tests/harness/waits_main.c tests/harness/waits.c tests/harness/waits.h
tests_harness_waits_LDADD = -lpthread
if INJECTION_AARCH64
check_PROGRAMS += tests/harness/vectors
tests_harness_vectors_SOURCES = tests/harness/vectors.c
endif

# A service that makes the calls of definitions, and who puts their filters on it.
check_PROGRAMS += tests/harness/caller tests/harness/calls
tests_harness_caller_SOURCES = tests/harness/caller.c
tests_harness_caller_LDADD = libvpctl.a libvpseccomp.a libvppolicy.a libvpbase.a $(SECCOMP_LIBS) -lpthread
tests_harness_calls_SOURCES = tests/harness/calls.c tests/harness/ask_helper.c tests/harness/ask_helper.h
tests_harness_calls_LDADD = libvpctl.a libvpinjectrequest.a $(VP_CTL_LIBS)
endif

# Programs that start: what has filters put on them, whoever starts them, and the first that they do.
if INJECTION
check_PROGRAMS += tests/harness/hook tests/harness/starter
tests_harness_hook_SOURCES = tests/harness/hook.c
tests_harness_hook_LDADD = libvphookclient.a libvpinjectrequest.a libvpbase.a
tests_harness_starter_SOURCES = tests/harness/starter.c
tests_harness_starter_LDADD = -lpthread
if !INJECTION_AARCH64
check_DATA += tests/harness/probe tests/harness/probe-dynamic
CLEANFILES += tests/harness/probe tests/harness/probe-dynamic
endif
endif
EXTRA_DIST += tests/harness/probe.c
probe_flags = -O1 -ffreestanding -fno-stack-protector -fcf-protection=none -Wall -Wextra
tests/harness/probe: tests/harness/probe.c
	$(AM_V_CCLD)$(MKDIR_P) tests/harness && \
		$(CC) $(probe_flags) -fno-pie -static -nostdlib -o $@ $(srcdir)/tests/harness/probe.c
tests/harness/probe-dynamic: tests/harness/probe.c
	$(AM_V_CCLD)$(MKDIR_P) tests/harness && \
		$(CC) $(probe_flags) -fPIE -pie -nostartfiles -Wl,--no-as-needed -o $@ $(srcdir)/tests/harness/probe.c
