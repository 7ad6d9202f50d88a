# SPDX-License-Identifier: GPL-2.0-or-later
# Filters put on programs as they start; nothing of definitions.
# What vpatchd knows of the hook.
noinst_LIBRARIES += libvphookclient.a
libvphookclient_a_SOURCES = \
	agentd/hook/client.c agentd/hook/client.h \
	agentd/hook/note.c agentd/hook/note.h \
	agentd/hook/table.c agentd/hook/table.h

if INJECTION
noinst_LIBRARIES += libvphook.a
libvphook_a_SOURCES = \
	agentd/hook/beat.h \
	agentd/hook/child.c agentd/hook/child.h \
	agentd/hook/giving.c agentd/hook/giving.h \
	agentd/hook/helpers.c agentd/hook/helpers.h \
	agentd/hook/keeper.c agentd/hook/keeper.h \
	agentd/hook/limit.c agentd/hook/limit.h \
	agentd/hook/marks.c agentd/hook/marks.h \
	agentd/hook/places.c agentd/hook/places.h \
	agentd/hook/scan.c agentd/hook/scan.h \
	agentd/hook/start.c agentd/hook/start.h \
	agentd/hook/worker.c agentd/hook/worker.h

pkglibexec_PROGRAMS += vpatchd-hook
vpatchd_hook_SOURCES = agentd/hook/main.c
vpatchd_hook_LDADD = libvphook.a libvphookclient.a libvpinject.a libvpinjectrequest.a libvpanswer.a \
	libvpseccomp.a libvpagent.a libvpbase.a
endif
