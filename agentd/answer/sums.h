/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Denials, equal ones counted together until they can be told. Fixed room: where there is none
 * left, processes are told apart no more; what finds no room then is counted as lost. Pure.
 */
#ifndef VP_ANSWER_SUMS_H
#define VP_ANSWER_SUMS_H

#include <stdbool.h>

#include "agentd/answer/message.h"

#define VP_ANSWER_SUMS 512

/* An all-zero one is empty and valid. */
struct vp_answer_sums {
	size_t count;
	uint64_t lost;
	struct vp_answer_note rows[VP_ANSWER_SUMS];
};

/* One denial more; only what a denial has is looked at, `first` is when it was. */
void vp_answer_sums_add(struct vp_answer_sums *sums, const struct vp_answer_note *denial);

/* Hand over what there is, the oldest first, until `send` says no; the rest stays. */
void vp_answer_sums_flush(struct vp_answer_sums *sums,
			  bool (*send)(void *context, const struct vp_answer_note *note),
			  void *context);

#endif
