/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that is about to hold others up, and must not be held up itself. */
#ifndef VP_INJECT_READY_H
#define VP_INJECT_READY_H

#include <stdbool.h>

/*
 * Memory locked, before everyone else on its processor, the last to be killed for want of
 * memory. What is not permitted is done without. How many of the three succeeded.
 */
int vp_ready(void);

/* Only before everyone else on its processor, with the children that it will have or without.
 * 0: not permitted. */
int vp_ready_first(bool children);

#endif
