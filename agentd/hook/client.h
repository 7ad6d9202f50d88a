/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchd's connection to the exec hook. Nothing here waits.
 *
 *	struct vp_hook_table table = { .number = 7 };
 *	uint32_t filter = vp_hook_table_filter(&table, code, len);
 *
 *	vp_hook_table_entry(&table, "/usr/sbin/nginx", "nginx.service", filter, VP_INJECT_LOG);
 *	vp_hook_client_connect(&client, path, &err);
 *	vp_hook_client_set(client, &table, &err);
 *	vp_hook_table_free(&table);
 *	... when vp_hook_client_fd(client) is readable, until it returns 0:
 *	vp_hook_client_read(client, &note, &err);
 *
 * The table is in force once VP_HOOK_ACCEPTED names its number. When the connection is lost,
 * connect again: VP_HOOK_HELLO tells which table is in force. Unless it is the last one that
 * was given, starts may have been missed: give it again, with VP_HOOK_SCAN.
 */
#ifndef VP_HOOK_CLIENT_H
#define VP_HOOK_CLIENT_H

#include "agentd/hook/note.h"
#include "agentd/hook/table.h"

struct vp_hook_client; /* opaque */

/* 0 and *client, the caller's (vp_hook_client_close); or -errno: -ENOENT, -ECONNREFUSED: there
 * is no hook now. */
int vp_hook_client_connect(struct vp_hook_client **client, const char *path,
			   struct vp_error *err);
void vp_hook_client_close(struct vp_hook_client *client); /* NULL: nothing */

/* Readable when there is a note, or the connection is over. */
int vp_hook_client_fd(const struct vp_hook_client *client);

/* Give a table; the caller keeps it. 0 or -errno; -EAGAIN: try again later; -E2BIG: too large
 * for the hook. */
int vp_hook_client_set(struct vp_hook_client *client, const struct vp_hook_table *table,
		       struct vp_error *err);

/* The next note. 1: filled; 0: none now; -errno: the connection is over, or of no use. */
int vp_hook_client_read(struct vp_hook_client *client, struct vp_hook_note *note,
			struct vp_error *err);

#endif
