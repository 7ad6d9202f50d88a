# SPDX-License-Identifier: GPL-2.0-or-later
# Starts a command with a filter on. A process of its own, without any of the agent's code.
bin_PROGRAMS += vpatch-exec
vpatch_exec_SOURCES = \
	agentd/exec/command.c agentd/exec/command.h \
	agentd/exec/filter.c agentd/exec/filter.h \
	agentd/exec/main.c
vpatch_exec_LDADD = libvpbase.a

dist_zshcompletion_DATA += packaging/completion/_vpatch-exec
bashcompletion_DATA += packaging/completion/vpatch-exec
EXTRA_DIST += packaging/completion/vpatch-exec.bash
CLEANFILES += packaging/completion/vpatch-exec
packaging/completion/vpatch-exec: $(srcdir)/packaging/completion/vpatch-exec.bash
	$(AM_V_GEN)$(MKDIR_P) packaging/completion && cp $(srcdir)/packaging/completion/vpatch-exec.bash $@
