/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests without answer: see http_queue.h. Empty, it holds nothing. */
#include "modules/inspection/http_queue.h"

#include "lib/cleanup.h"

/* Forget the room of those that are gone. */
static void compact(struct vp_http_queue *queue)
{
	queue->items.len -= queue->first;
	memmove(queue->items.data, queue->items.data + queue->first,
		queue->items.len * sizeof(*queue->items.data));
	queue->first = 0;
}

void vp_http_queue_push(struct vp_http_queue *queue, enum vp_http_asked_kind kind,
			struct vp_slice head)
{
	struct vp_http_asked *asked;

	if (queue->first >= VP_HTTP_QUEUE)
		compact(queue);
	asked = vp_array_add(&queue->items);
	asked->kind = kind;
	if (!head.data)
		return;
	asked->head = vp_memdup(head.data, head.len);
	asked->len = head.len;
	queue->bytes += head.len;
}

const struct vp_http_asked *vp_http_queue_first(const struct vp_http_queue *queue)
{
	return vp_http_queue_len(queue) ? &queue->items.data[queue->first] : NULL;
}

void vp_http_queue_pop(struct vp_http_queue *queue)
{
	struct vp_http_asked *asked;

	if (!vp_http_queue_len(queue))
		return;
	asked = &queue->items.data[queue->first++];
	queue->bytes -= asked->len;
	free(TAKE_PTR(asked->head));
	if (!vp_http_queue_len(queue))
		vp_http_queue_free(queue);
}

void vp_http_queue_free(struct vp_http_queue *queue)
{
	for (size_t i = queue->first; i < queue->items.len; i++)
		free(queue->items.data[i].head);
	vp_array_free(&queue->items);
	queue->first = queue->bytes = 0;
}

size_t vp_http_queue_memory(const struct vp_http_queue *queue)
{
	return queue->bytes + queue->items.cap * sizeof(*queue->items.data);
}
