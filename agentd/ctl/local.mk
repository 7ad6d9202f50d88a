# SPDX-License-Identifier: GPL-2.0-or-later
bin_PROGRAMS += vpatchctl
vpatchctl_SOURCES = agentd/ctl/main.c
vpatchctl_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
vpatchctl_LDADD = libvpctl.a $(VP_CTL_LIBS)

# bash looks its completion up by the name of the command
dist_zshcompletion_DATA = packaging/completion/_vpatchctl
bashcompletion_DATA = packaging/completion/vpatchctl
EXTRA_DIST += packaging/completion/vpatchctl.bash
CLEANFILES += packaging/completion/vpatchctl
packaging/completion/vpatchctl: $(srcdir)/packaging/completion/vpatchctl.bash
	$(AM_V_GEN)$(MKDIR_P) packaging/completion && cp $(srcdir)/packaging/completion/vpatchctl.bash $@

# Link order of whatever is built on the library of vpatchctl.
VP_CTL_LIBS = libvpagent.a libvpinspect.a libvpinspection.a libvphookclient.a libvpinjectrequest.a libvpanswer.a libvpseccomp.a \
	libvpmodules.a libvppolicy.a libvpbase.a \
	$(VP_INSPECTION_LIBS) $(SECCOMP_LIBS) $(PCAP_LIBS) \
	$(NFTNL_LIBS) $(MNL_LIBS) $(JANSSON_LIBS) $(INIH_LIBS)

noinst_LIBRARIES += libvpctl.a
libvpctl_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(MNL_CFLAGS) $(NFTNL_CFLAGS) $(PCAP_CFLAGS) $(ZLIB_CFLAGS)
libvpctl_a_SOURCES = \
	agentd/ctl/apply.c \
	agentd/ctl/arguments.c agentd/ctl/arguments.h \
	agentd/ctl/capture.c agentd/ctl/capture.h \
	agentd/ctl/check.c \
	agentd/ctl/commands.c agentd/ctl/commands.h \
	agentd/ctl/completion.c \
	agentd/ctl/confirm.c \
	agentd/ctl/enable.c \
	agentd/ctl/events.c \
	agentd/ctl/explain.c \
	agentd/ctl/findings.c agentd/ctl/findings.h \
	agentd/ctl/headers.c agentd/ctl/headers.h \
	agentd/ctl/help.c agentd/ctl/help.h \
	agentd/ctl/history.c \
	agentd/ctl/lab/call_case.c agentd/ctl/lab/call_case.h \
	agentd/ctl/lab/call_filter.c agentd/ctl/lab/call_filter.h \
	agentd/ctl/lab/call_mutant.c agentd/ctl/lab/call_mutant.h \
	agentd/ctl/lab/call_notice.c \
	agentd/ctl/lab/call_proof.c agentd/ctl/lab/call_proof.h \
	agentd/ctl/lab/cell.c agentd/ctl/lab/cell.h \
	agentd/ctl/lab/crew.c agentd/ctl/lab/crew.h \
	agentd/ctl/lab/datagram.c \
	agentd/ctl/lab/evade.c agentd/ctl/lab/evade.h \
	agentd/ctl/lab/exchange.c agentd/ctl/lab/exchange.h \
	agentd/ctl/lab/judge.c agentd/ctl/lab/judge.h \
	agentd/ctl/lab/lab.c agentd/ctl/lab/lab.h \
	agentd/ctl/lab/link.c agentd/ctl/lab/link.h \
	agentd/ctl/lab/maker.c agentd/ctl/lab/maker.h \
	agentd/ctl/lab/mutant.c agentd/ctl/lab/mutant.h \
	agentd/ctl/lab/netns.c agentd/ctl/lab/netns.h \
	agentd/ctl/lab/outcome.c agentd/ctl/lab/outcome.h \
	agentd/ctl/lab/packet.c agentd/ctl/lab/packet.h \
	agentd/ctl/lab/proof.c agentd/ctl/lab/proof.h \
	agentd/ctl/lab/raw_call.c agentd/ctl/lab/raw_call.h \
	agentd/ctl/lab/recode.c agentd/ctl/lab/recode.h \
	agentd/ctl/lab/recode_http.c agentd/ctl/lab/recode_http.h \
	agentd/ctl/lab/report.c agentd/ctl/lab/report.h \
	agentd/ctl/lab/rest.c agentd/ctl/lab/rest.h \
	agentd/ctl/lab/script.c agentd/ctl/lab/script.h \
	agentd/ctl/lab/shield.c agentd/ctl/lab/shield.h \
	agentd/ctl/lab/shape.c \
	agentd/ctl/lab/stage.c agentd/ctl/lab/stage.h \
	agentd/ctl/lab/stream.c \
	agentd/ctl/lab/transport.h \
	agentd/ctl/lab/trial.c agentd/ctl/lab/trial.h \
	agentd/ctl/lab/volley.c agentd/ctl/lab/volley.h \
	agentd/ctl/lab/wire.c agentd/ctl/lab/wire.h \
	agentd/ctl/lab/witness.c \
	agentd/ctl/mode.c \
	agentd/ctl/observe/find.c agentd/ctl/observe/find.h \
	agentd/ctl/observe/lineage.c agentd/ctl/observe/lineage.h \
	agentd/ctl/observe/numbers.c agentd/ctl/observe/numbers.h \
	agentd/ctl/observe/observation.c agentd/ctl/observe/observation.h \
	agentd/ctl/observe/observe.c agentd/ctl/observe/observe.h \
	agentd/ctl/observe/origin.c agentd/ctl/observe/origin.h \
	agentd/ctl/observe/report.c agentd/ctl/observe/report.h \
	agentd/ctl/observe/ring.c agentd/ctl/observe/ring.h \
	agentd/ctl/observe/refusals.c agentd/ctl/observe/refusals.h \
	agentd/ctl/observe/trace.c agentd/ctl/observe/trace.h \
	agentd/ctl/observe/tracepoint.c agentd/ctl/observe/tracepoint.h \
	agentd/ctl/observe/tracer.c agentd/ctl/observe/tracer.h \
	agentd/ctl/output.c agentd/ctl/output.h \
	agentd/ctl/page.c agentd/ctl/page.h \
	agentd/ctl/panic.c \
	agentd/ctl/plan.c \
	agentd/ctl/playback.c agentd/ctl/playback.h \
	agentd/ctl/remote.c agentd/ctl/remote.h \
	agentd/ctl/render.c agentd/ctl/render.h \
	agentd/ctl/request.c agentd/ctl/request.h \
	agentd/ctl/replay.c \
	agentd/ctl/result.c \
	agentd/ctl/rollback.c \
	agentd/ctl/run.c agentd/ctl/run.h \
	agentd/ctl/settings.c agentd/ctl/settings.h \
	agentd/ctl/status.c \
	agentd/ctl/stored.c agentd/ctl/stored.h \
	agentd/ctl/survey.c agentd/ctl/survey.h \
	agentd/ctl/test.c agentd/ctl/test.h \
	agentd/ctl/verbs.h
