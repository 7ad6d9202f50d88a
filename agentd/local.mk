# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libvpagent.a
libvpagent_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(MNL_CFLAGS) $(NFTNL_CFLAGS)
libvpagent_a_SOURCES = \
	agentd/active.c agentd/active.h \
	agentd/agent.c agentd/agent.h \
	agentd/dropin_keeper.c agentd/dropin_keeper.h agentd/dropin_document.c \
	agentd/boot.c \
	agentd/client.c agentd/client.h \
	agentd/config.c agentd/config.h \
	agentd/control.c agentd/control.h \
	agentd/covering.c agentd/covering.h \
	agentd/document.c agentd/document.h \
	agentd/enforcement.c agentd/enforcement.h \
	agentd/explain.c \
	agentd/generation.c agentd/generation.h \
	agentd/guard.c agentd/guard.h \
	agentd/inspecting.c agentd/inspecting.h \
	agentd/local.c agentd/local.h \
	agentd/lock.c agentd/lock.h \
	agentd/loop.c agentd/loop.h \
	agentd/message.c agentd/message.h \
	agentd/modules.c \
	agentd/notify.c agentd/notify.h \
	agentd/orders.c agentd/orders.h \
	agentd/outcome.c \
	agentd/overruns.c agentd/overruns.h \
	agentd/panic.c agentd/panic.h \
	agentd/peer.c agentd/peer.h \
	agentd/problems.c \
	agentd/reporting.c agentd/reporting.h \
	agentd/requests.c agentd/requests.h \
	agentd/session.c agentd/session.h \
	agentd/startup.c agentd/startup.h \
	agentd/state.c agentd/state.h \
	agentd/status.c agentd/status.h \
	agentd/supervisor.c agentd/supervisor.h \
	agentd/totals.c agentd/totals.h \
	agentd/transaction.c agentd/transaction.h

# Link order of whatever is built on the agent library.
VP_AGENT_LIBS = libvpagent.a libvpinspect.a libvpinspection.a libvphookclient.a libvpinjectrequest.a libvpanswer.a \
	libvpseccomp.a libvpmodules.a libvppolicy.a libvpbase.a \
	$(VP_INSPECTION_LIBS) $(SECCOMP_LIBS) $(NFTNL_LIBS) $(MNL_LIBS) $(JANSSON_LIBS) $(INIH_LIBS)

sbin_PROGRAMS += vpatchd
vpatchd_SOURCES = agentd/main.c
vpatchd_LDADD = $(VP_AGENT_LIBS)

include agentd/events.mk
include agentd/denials.mk
