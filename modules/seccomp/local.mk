# SPDX-License-Identifier: GPL-2.0-or-later
# pure: nothing here touches a process
noinst_LIBRARIES += libvpseccomp.a
libvpseccomp_a_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
libvpseccomp_a_SOURCES = \
	modules/seccomp/abi.c modules/seccomp/abi.h \
	modules/seccomp/abi_forms.c \
	modules/seccomp/action.c modules/seccomp/action.h \
	modules/seccomp/attempts.c modules/seccomp/attempts.h \
	modules/seccomp/dropin.c modules/seccomp/dropin.h \
	modules/seccomp/filter.c modules/seccomp/filter.h \
	modules/seccomp/filter_emit.c \
	modules/seccomp/filter_judge.c \
	modules/seccomp/filter_layout.h \
	modules/seccomp/filter_prove.c \
	modules/seccomp/filter_text.c \
	modules/seccomp/interpreter.c modules/seccomp/interpreter.h \
	modules/seccomp/interpreter_check.c \
	modules/seccomp/targets.c modules/seccomp/targets.h \
	modules/seccomp/vectors.c modules/seccomp/vectors.h
