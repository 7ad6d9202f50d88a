# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libvpbase.a
libvpbase_a_SOURCES = \
	lib/address.c lib/address.h \
	lib/bytes.c lib/bytes.h \
	lib/cleanup.h \
	lib/digest.h \
	lib/error.c lib/error.h \
	lib/file.c lib/file.h \
	lib/listen_option.c lib/listen_option.h \
	lib/log.c lib/log.h \
	lib/memory.c lib/memory.h \
	lib/proc.c lib/proc.h \
	lib/process.c lib/process.h \
	lib/sealed.c lib/sealed.h \
	lib/seccomp_file.c lib/seccomp_file.h \
	lib/seccomp_load.c lib/seccomp_load.h \
	lib/strbuf.c lib/strbuf.h \
	lib/unit.c lib/unit.h \
	lib/unix_socket.c lib/unix_socket.h
