# SPDX-License-Identifier: GPL-2.0-or-later
# From a blocked packet to a log line.
libvpagent_a_SOURCES += \
	agentd/aggregate.c agentd/aggregate.h \
	agentd/backlog.c agentd/backlog.h \
	agentd/claim.c agentd/claim.h \
	agentd/conntrack.c agentd/conntrack.h \
	agentd/event.c agentd/event.h \
	agentd/event_filter.c \
	agentd/event_json.c \
	agentd/event_text.c \
	agentd/event_time.c agentd/event_time.h \
	agentd/helper.c agentd/helper.h \
	agentd/hit.c agentd/hit.h \
	agentd/nflog.c agentd/nflog.h \
	agentd/nflog_socket.c agentd/nflog_socket.h \
	agentd/query.c agentd/query.h \
	agentd/quota.c agentd/quota.h \
	agentd/report.c agentd/report.h \
	agentd/reporter.c agentd/reporter.h \
	agentd/reset.c agentd/reset.h \
	agentd/sandbox.c agentd/sandbox.h \
	agentd/seen_table.c agentd/seen_table.h \
	agentd/sink.h \
	agentd/sink_file.c \
	agentd/sink_journal.c \
	agentd/sink_socket.c agentd/sink_socket.h \
	agentd/sink_syslog.c

pkglibexec_PROGRAMS += vpatchd-events
vpatchd_events_SOURCES = agentd/events_main.c
vpatchd_events_LDADD = libvpagent.a libvpbase.a $(SECCOMP_LIBS)
