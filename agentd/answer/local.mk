# SPDX-License-Identifier: GPL-2.0-or-later
# Answers to calls that filters with a listener hand over.
# What all of its sides know.
noinst_LIBRARIES += libvpanswer.a
libvpanswer_a_SOURCES = \
	agentd/answer/client.c agentd/answer/client.h \
	agentd/answer/message.c agentd/answer/message.h \
	agentd/answer/sums.c agentd/answer/sums.h \
	agentd/answer/table.c agentd/answer/table.h

pkglibexec_PROGRAMS += vpatchd-answer
vpatchd_answer_SOURCES = \
	agentd/answer/listeners.c agentd/answer/listeners.h \
	agentd/answer/main.c
vpatchd_answer_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
vpatchd_answer_LDADD = libvpanswer.a libvpagent.a libvpseccomp.a libvpbase.a $(SECCOMP_LIBS)
