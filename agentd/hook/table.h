/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which filter goes on which programs when they start: what vpatchd gives the exec hook, as a
 * whole. One message over a SOCK_SEQPACKET socket, with a descriptor of a sealed memfd for
 * each filter. Both ends are of one build.
 */
#ifndef VP_HOOK_TABLE_H
#define VP_HOOK_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>

#include "lib/error.h"
#include "lib/memory.h"

#define VP_HOOK_MAGIC	0x334b4f48u /* "HOK3" */
#define VP_HOOK_ENTRIES 1024	    /* at most, and so on */
#define VP_HOOK_FILTERS 128
#define VP_HOOK_PATH	4095
#define VP_HOOK_UNIT	255
#define VP_HOOK_ANSWERS 107    /* bytes of the path of a socket */
#define VP_HOOK_BYTES	131072 /* of a message */

/* Look for processes that run already without their filter, and put it on them. */
#define VP_HOOK_SCAN  0x1u
#define VP_HOOK_FLAGS 0x1u /* all of them */

/* Instructions, sealed memory holds them on the way; owned by the table. */
struct vp_hook_filter {
	struct sock_filter *code;
	size_t len;
	uint64_t key; /* of its listener (agentd/answer/message.h); 0: it has none */
};

struct vp_hook_entry {
	char *path;	 /* as /proc/PID/exe names it; of a script: its interpreter's */
	char *unit;	 /* NULL: whichever it runs in, or none */
	uint32_t filter; /* index */
	uint32_t flags;	 /* VP_INJECT_ */
	uint64_t name;	 /* the sender's, of what goes on: notes have it, whoever reads them */
};

VP_ARRAY_TYPE(vp_hook_entries, struct vp_hook_entry);
VP_ARRAY_TYPE(vp_hook_filters, struct vp_hook_filter);

/* An all-zero one is empty and valid. */
struct vp_hook_table {
	uint32_t number; /* the sender's, by which notes name the table */
	uint32_t flags;	 /* VP_HOOK_ */
	char *answers;	 /* where listeners are handed over (vpatchd-answer); NULL: nowhere */
	struct vp_hook_entries entries;
	struct vp_hook_filters filters;
};

/* Append; everything is copied. The index of the filter; the entry's name is 0. */
uint32_t vp_hook_table_filter(struct vp_hook_table *table, const struct sock_filter *code,
			      size_t len, uint64_t key);
void vp_hook_table_entry(struct vp_hook_table *table, const char *path, const char *unit,
			 uint32_t filter, uint32_t flags);

/* Empty again. */
void vp_hook_table_free(struct vp_hook_table *table);

/*
 * Check what came; *out is made of it, its filters without instructions. 0 or -EPROTO, *out
 * untouched. Pure.
 */
int vp_hook_table_parse(const void *bytes, size_t len, struct vp_hook_table *out,
			struct vp_error *err);

/* The message: its length, or -E2BIG where the table is too large. Pure. */
ssize_t vp_hook_table_print(const struct vp_hook_table *table, uint8_t bytes[VP_HOOK_BYTES],
			    struct vp_error *err);

/* Send, without waiting. 0 or -errno; -EAGAIN: not now. */
int vp_hook_table_send(int socket, const struct vp_hook_table *table, struct vp_error *err);

/* The next message, which is one, with its filters. 0; -EAGAIN: there is none now; -EPIPE: the
 * connection is over; another -errno: what came is no table. *out is untouched then. */
int vp_hook_table_receive(int socket, struct vp_hook_table *out, struct vp_error *err);

#endif
