/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ring of messages: see backlog.h. */
#include "agentd/backlog.h"

#include "lib/memory.h"

bool vp_backlog_push(struct vp_backlog *backlog, const char *data, size_t len)
{
	struct vp_backlog_message *message;

	if (backlog->count == VP_BACKLOG_MESSAGES)
		return false;
	message = &backlog->messages[(backlog->first + backlog->count) % VP_BACKLOG_MESSAGES];
	message->data = vp_memdup(data, len);
	message->len = len;
	backlog->count++;
	return true;
}

const struct vp_backlog_message *vp_backlog_front(const struct vp_backlog *backlog)
{
	return backlog->count ? &backlog->messages[backlog->first] : NULL;
}

void vp_backlog_pop(struct vp_backlog *backlog)
{
	if (!backlog->count)
		return;
	free(backlog->messages[backlog->first].data);
	backlog->messages[backlog->first].data = NULL;
	backlog->first = (backlog->first + 1) % VP_BACKLOG_MESSAGES;
	backlog->count--;
}

void vp_backlog_free(struct vp_backlog *backlog)
{
	while (backlog->count)
		vp_backlog_pop(backlog);
}
