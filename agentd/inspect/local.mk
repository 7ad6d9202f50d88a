# SPDX-License-Identifier: GPL-2.0-or-later
# What the inspection worker and the writer of its verdicts share, and their parent's side.
noinst_LIBRARIES += libvpinspect.a
libvpinspect_a_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS)
libvpinspect_a_SOURCES = \
	agentd/inspect/accepts.c agentd/inspect/accepts.h \
	agentd/inspect/away.c agentd/inspect/away.h \
	agentd/inspect/child.c agentd/inspect/child.h \
	agentd/inspect/confine.c agentd/inspect/confine.h \
	agentd/inspect/health.c agentd/inspect/health.h \
	agentd/inspect/ledger.c agentd/inspect/ledger.h \
	agentd/inspect/module.c agentd/inspect/module.h \
	agentd/inspect/note.c agentd/inspect/note.h \
	agentd/inspect/orphan.c agentd/inspect/orphan.h \
	agentd/inspect/pair.c agentd/inspect/pair.h \
	agentd/inspect/pairs.c agentd/inspect/pairs.h \
	agentd/inspect/programs.c agentd/inspect/programs.h \
	agentd/inspect/queue.c agentd/inspect/queue.h \
	agentd/inspect/queue_socket.c agentd/inspect/queue_socket.h \
	agentd/inspect/ring.c agentd/inspect/ring.h \
	agentd/inspect/settle.c agentd/inspect/settle.h \
	agentd/inspect/start.c agentd/inspect/start.h \
	agentd/inspect/stash.c agentd/inspect/stash.h \
	agentd/inspect/sums.c agentd/inspect/sums.h \
	agentd/inspect/tally.c agentd/inspect/tally.h \
	agentd/inspect/trim.c agentd/inspect/trim.h \
	agentd/inspect/window.c agentd/inspect/window.h

pkglibexec_PROGRAMS += vpatchd-inspect vpatchd-verdict
vpatchd_inspect_SOURCES = agentd/inspect/worker.c
vpatchd_inspect_LDADD = libvpinspect.a libvpinspection.a libvpagent.a libvpmodules.a \
	libvppolicy.a libvpbase.a $(VP_INSPECTION_LIBS) $(SECCOMP_LIBS) $(MNL_LIBS)
vpatchd_verdict_SOURCES = agentd/inspect/writer.c
vpatchd_verdict_LDADD = libvpinspect.a libvpagent.a libvpmodules.a libvpbase.a $(SECCOMP_LIBS) $(MNL_LIBS)
