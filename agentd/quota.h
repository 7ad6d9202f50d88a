/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * So many a minute: for events that others cause as often as they like. What is
 * held back is counted and said with the next one. Pure: time is given.
 */
#ifndef VP_AGENTD_QUOTA_H
#define VP_AGENTD_QUOTA_H

#include <stdint.h>

struct vp_quota { /* all zero at first */
	uint64_t minute;
	unsigned int told; /* in it */
	uint64_t held_back;
};

/*
 * May one more be told, `now` in milliseconds? Returns how many it stands for, itself
 * and those held back before; 0: it is held back.
 */
uint64_t vp_quota_take(struct vp_quota *quota, unsigned int most, uint64_t now);

#endif
