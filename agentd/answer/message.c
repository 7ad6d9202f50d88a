/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages from and to vpatchd-answer, checked: see message.h. */
#include "agentd/answer/message.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define MOST_ERRNO 4095

static_assert(sizeof(struct vp_answer_order) == 24, "no padding in an order");
static_assert(sizeof(struct vp_answer_note) == 88, "no padding in a note");

int vp_answer_order_parse(const void *bytes, size_t len, struct vp_answer_order *out,
			  struct vp_error *err)
{
	struct vp_answer_order order;
	bool listener;

	if (len != sizeof(order))
		return vp_fail(err, -EPROTO, "an order of %zu bytes", len);
	memcpy(&order, bytes, len);
	if (order.magic != VP_ANSWER_MAGIC)
		return vp_fail(err, -EPROTO, "no order, or of another version");
	if (!order.kind || order.kind >= VP_ANSWER_ORDERS)
		return vp_fail(err, -EPROTO, "an order of unknown kind %u", order.kind);
	listener = order.kind == VP_ANSWER_LISTENER;
	if (listener != (order.process > 1) || listener != (order.key != 0) ||
	    (order.kind == VP_ANSWER_TABLE) != (order.number != 0))
		return vp_fail(err, -EPROTO, "an order that contradicts itself");
	*out = order;
	return 0;
}

static bool is_state(const struct vp_answer_note *note)
{
	return note->instance && note->result <= 0 && note->result >= -MOST_ERRNO &&
	       !note->count && !note->first && !note->last && !note->tag && !note->flags &&
	       !note->process && !note->architecture && !note->call && !note->error;
}

static bool is_denial(const struct vp_answer_note *note)
{
	bool several = note->flags & VP_ANSWER_PROCESSES;

	return note->count && note->first <= note->last &&
	       !(note->flags & ~VP_ANSWER_PROCESSES) && several == !note->process &&
	       note->process >= 0 && note->error >= 0 && note->error <= MOST_ERRNO &&
	       !note->instance && !note->lost && !note->result && !note->number &&
	       !note->listeners && !note->confinement;
}

int vp_answer_note_parse(const void *bytes, size_t len, struct vp_answer_note *out,
			 struct vp_error *err)
{
	struct vp_answer_note note;

	if (len != sizeof(note))
		return vp_fail(err, -EPROTO, "a note of %zu bytes", len);
	memcpy(&note, bytes, len);
	if (note.magic != VP_ANSWER_MAGIC)
		return vp_fail(err, -EPROTO, "no note, or of another version");
	if (!(note.kind == VP_ANSWER_STATE && is_state(&note)) &&
	    !(note.kind == VP_ANSWER_DENIED && is_denial(&note)))
		return vp_fail(err, -EPROTO, "a note of kind %u that contradicts itself",
			       note.kind);
	*out = note;
	return 0;
}
