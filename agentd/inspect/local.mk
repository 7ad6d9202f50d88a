# SPDX-License-Identifier: GPL-2.0-or-later
# What the inspection worker and the writer of its verdicts share.
noinst_LIBRARIES += libvpinspect.a
libvpinspect_a_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS)
libvpinspect_a_SOURCES = \
	agentd/inspect/queue.c agentd/inspect/queue.h \
	agentd/inspect/ring.c agentd/inspect/ring.h
