/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting by the minute: see quota.h. */
#include "agentd/quota.h"

#define MINUTE 60000

uint64_t vp_quota_take(struct vp_quota *quota, unsigned int most, uint64_t now)
{
	uint64_t count = quota->held_back + 1;

	if (now / MINUTE != quota->minute) {
		quota->minute = now / MINUTE;
		quota->told = 0;
	}
	if (quota->told >= most) {
		quota->held_back = count;
		return 0;
	}
	quota->told++;
	quota->held_back = 0;
	return count;
}
