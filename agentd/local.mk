# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libvpagent.a
libvpagent_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
libvpagent_a_SOURCES = \
	agentd/client.c agentd/client.h \
	agentd/message.c agentd/message.h

# Link order of whatever is built on the agent library.
VP_AGENT_LIBS = libvpagent.a libvpmodules.a libvppolicy.a libvpbase.a \
	$(NFTNL_LIBS) $(MNL_LIBS) $(JANSSON_LIBS) $(INIH_LIBS)

include agentd/events.mk
