# SPDX-License-Identifier: GPL-2.0-or-later
# Filters put on running processes; nothing of definitions.
# What who asks and who injects both know.
noinst_LIBRARIES += libvpinjectrequest.a
libvpinjectrequest_a_SOURCES = \
	agentd/inject/outcome.c agentd/inject/outcome.h \
	agentd/inject/request.c agentd/inject/request.h

if INJECTION
noinst_LIBRARIES += libvpinject.a
libvpinject_a_SOURCES = \
	agentd/inject/arch.h agentd/inject/arch_aarch64.h agentd/inject/arch_x86_64.h \
	agentd/inject/chase.c agentd/inject/chase.h \
	agentd/inject/fixup.c agentd/inject/fixup.h \
	agentd/inject/frame.c agentd/inject/frame.h \
	agentd/inject/inject.c agentd/inject/inject.h \
	agentd/inject/listener.c agentd/inject/listener.h \
	agentd/inject/memory.c agentd/inject/memory.h \
	agentd/inject/present.c agentd/inject/present.h \
	agentd/inject/ready.c agentd/inject/ready.h \
	agentd/inject/remote.c agentd/inject/remote.h \
	agentd/inject/sleep.c agentd/inject/sleep.h \
	agentd/inject/target.c agentd/inject/target.h \
	agentd/inject/visit.c agentd/inject/visit.h
if INJECTION_AARCH64
libvpinject_a_SOURCES += agentd/inject/arch_aarch64.c agentd/inject/frame_aarch64.c
else
libvpinject_a_SOURCES += agentd/inject/arch_x86_64.c agentd/inject/frame_x86_64.c
endif

pkglibexec_PROGRAMS += vpatchd-inject
vpatchd_inject_SOURCES = agentd/inject/helper.c
vpatchd_inject_LDADD = libvpinject.a libvpinjectrequest.a libvpanswer.a libvpseccomp.a libvpbase.a
endif
