/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bounded queue of messages that wait for their receiver. */
#ifndef VP_AGENTD_BACKLOG_H
#define VP_AGENTD_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>

#define VP_BACKLOG_MESSAGES 2048

/* An all-zero backlog is empty and valid. */
struct vp_backlog {
	struct vp_backlog_message {
		char *data; /* owned */
		size_t len;
	} messages[VP_BACKLOG_MESSAGES];
	size_t first, count;
};

/* Append a copy; false when there is no room. */
bool vp_backlog_push(struct vp_backlog *backlog, const char *data, size_t len);
/* The oldest, or NULL. */
const struct vp_backlog_message *vp_backlog_front(const struct vp_backlog *backlog);
void vp_backlog_pop(struct vp_backlog *backlog);
void vp_backlog_free(struct vp_backlog *backlog);

#endif
