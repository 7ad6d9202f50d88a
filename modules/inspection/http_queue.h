/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests that wait for their answers, in order. */
#ifndef VP_INSPECTION_HTTP_QUEUE_H
#define VP_INSPECTION_HTTP_QUEUE_H

#include "lib/memory.h"
#include "modules/inspection/sink.h"

/* Requests that may wait. */
#define VP_HTTP_QUEUE 256

/* What an answer must be read by. */
enum vp_http_asked_kind { VP_HTTP_ASKED_PLAIN, VP_HTTP_ASKED_HEAD, VP_HTTP_ASKED_CONNECT };

struct vp_http_asked {
	enum vp_http_asked_kind kind;
	uint8_t *head; /* the request's head, or NULL; owned by the queue */
	size_t len;
};

/* All zero is empty. */
struct vp_http_queue {
	VP_ARRAY(struct vp_http_asked) items;
	size_t first; /* those before are gone */
	size_t bytes; /* of the heads */
};

static inline size_t vp_http_queue_len(const struct vp_http_queue *queue)
{
	return queue->items.len - queue->first;
}

/* `head` is copied; no data: none. */
void vp_http_queue_push(struct vp_http_queue *queue, enum vp_http_asked_kind kind,
			struct vp_slice head);
/* The one that waits longest, or NULL. */
const struct vp_http_asked *vp_http_queue_first(const struct vp_http_queue *queue);
/* Forget it, when there is one. */
void vp_http_queue_pop(struct vp_http_queue *queue);
void vp_http_queue_free(struct vp_http_queue *queue);
size_t vp_http_queue_memory(const struct vp_http_queue *queue);

#endif
