# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libvpmodules.a
libvpmodules_a_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS) $(NFTNL_CFLAGS)
libvpmodules_a_SOURCES = \
	modules/counts.c \
	modules/module.h \
	modules/host_facts.c modules/host_facts.h \
	modules/dump.c modules/dump.h \
	modules/tcp_sockets.c modules/tcp_sockets.h

# pure
libvpmodules_a_SOURCES += \
	modules/netfilter/compile.c modules/netfilter/compile.h \
	modules/netfilter/compile_away.c \
	modules/netfilter/compile_dispatch.c \
	modules/netfilter/compile_end.c \
	modules/netfilter/compile_guard.c \
	modules/netfilter/compile_map.c \
	modules/netfilter/compile_queue.c \
	modules/netfilter/compile_rule.c \
	modules/netfilter/compile_segment.c \
	modules/netfilter/compile_shape.c \
	modules/netfilter/compiler.h \
	modules/netfilter/match.c modules/netfilter/match.h \
	modules/netfilter/match_address.c \
	modules/netfilter/match_bytes.c \
	modules/netfilter/match_internal.h \
	modules/netfilter/queue.c modules/netfilter/queue.h \
	modules/netfilter/region.c modules/netfilter/region.h \
	modules/netfilter/ruleset.c modules/netfilter/ruleset.h \
	modules/netfilter/statement.c modules/netfilter/statement.h \
	modules/netfilter/store.c modules/netfilter/store.h \
	modules/netfilter/text.c modules/netfilter/text.h

# lowering is pure, the rest touches the kernel
libvpmodules_a_SOURCES += \
	modules/netfilter/apply.c \
	modules/netfilter/ban.c \
	modules/netfilter/bans.c \
	modules/netfilter/batch.c modules/netfilter/batch.h \
	modules/netfilter/batch_elements.c modules/netfilter/batch_elements.h \
	modules/netfilter/bypass.c modules/netfilter/bypass.h \
	modules/netfilter/counts.c \
	modules/netfilter/diff.c modules/netfilter/diff.h \
	modules/netfilter/expressions.c \
	modules/netfilter/image.c modules/netfilter/image.h \
	modules/netfilter/instance.c modules/netfilter/instance.h \
	modules/netfilter/lower.c modules/netfilter/lower.h \
	modules/netfilter/lower_queue.c \
	modules/netfilter/lower_table.c \
	modules/netfilter/netfilter.c modules/netfilter/netfilter.h \
	modules/netfilter/netlink.c modules/netfilter/netlink.h \
	modules/netfilter/observe.c modules/netfilter/observe.h \
	modules/netfilter/observe_elements.c \
	modules/netfilter/observe_rules.c modules/netfilter/observe_rules.h \
	modules/netfilter/probe.c \
	modules/netfilter/repair.c \
	modules/netfilter/userdata.c modules/netfilter/userdata.h \
	modules/netfilter/verify.c \
	modules/netfilter/watch.c modules/netfilter/watch.h
