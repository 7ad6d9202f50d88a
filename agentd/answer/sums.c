/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting of denials: see sums.h. */
#include "agentd/answer/sums.h"

#include <string.h>

#define OWN_ROWS                                                                              \
	(VP_ANSWER_SUMS / 2) /* for single processes; the others are for all of them */

static bool joins(const struct vp_answer_note *row, const struct vp_answer_note *denial,
		  bool alone)
{
	return row->tag == denial->tag && row->call == denial->call &&
	       row->error == denial->error && row->architecture == denial->architecture &&
	       (alone ? row->process == denial->process : row->flags & VP_ANSWER_PROCESSES);
}

static struct vp_answer_note *find(struct vp_answer_sums *sums,
				   const struct vp_answer_note *denial, bool alone)
{
	for (size_t i = 0; i < sums->count; i++)
		if (joins(&sums->rows[i], denial, alone))
			return &sums->rows[i];
	return NULL;
}

static void join(struct vp_answer_note *row, const struct vp_answer_note *denial)
{
	row->count++;
	if (denial->first > row->last)
		row->last = denial->first;
}

void vp_answer_sums_add(struct vp_answer_sums *sums, const struct vp_answer_note *denial)
{
	struct vp_answer_note *row = find(sums, denial, true);
	bool alone = sums->count < OWN_ROWS;

	if (!row && !alone)
		row = find(sums, denial, false);
	if (row) {
		join(row, denial);
		return;
	}
	if (sums->count == VP_ANSWER_SUMS) {
		sums->lost++;
		return;
	}
	row = &sums->rows[sums->count++];
	*row = *denial;
	row->magic = VP_ANSWER_MAGIC;
	row->kind = VP_ANSWER_DENIED;
	row->count = 1;
	row->last = denial->first;
	row->flags = alone ? 0 : VP_ANSWER_PROCESSES;
	if (!alone)
		row->process = 0;
}

void vp_answer_sums_flush(struct vp_answer_sums *sums,
			  bool (*send)(void *context, const struct vp_answer_note *note),
			  void *context)
{
	size_t sent = 0;

	while (sent < sums->count && send(context, &sums->rows[sent]))
		sent++;
	sums->count -= sent;
	memmove(sums->rows, sums->rows + sent, sums->count * sizeof(*sums->rows));
}
