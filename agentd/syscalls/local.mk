# SPDX-License-Identifier: GPL-2.0-or-later
# Filters of system calls kept on the processes that they are meant for.
libvpagent_a_SOURCES += \
	agentd/syscalls/answering.c agentd/syscalls/answering.h \
	agentd/syscalls/coverage.c agentd/syscalls/coverage.h \
	agentd/syscalls/coverage_document.c \
	agentd/syscalls/dropin_files.c agentd/syscalls/dropin_files.h \
	agentd/syscalls/executables.c agentd/syscalls/executables.h \
	agentd/syscalls/filter_files.c agentd/syscalls/filter_files.h \
	agentd/syscalls/hooking.c agentd/syscalls/hooking.h \
	agentd/syscalls/injecting.c agentd/syscalls/injecting.h \
	agentd/syscalls/keeper.c agentd/syscalls/keeper.h \
	agentd/syscalls/manager.c agentd/syscalls/manager.h \
	agentd/syscalls/module.c agentd/syscalls/module.h \
	agentd/syscalls/processes.c agentd/syscalls/processes.h \
	agentd/syscalls/programs.c agentd/syscalls/programs.h
