/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Patterns that only a backtracking matcher can decide: the only user of PCRE2.
 * Every attempt is bounded, and an exhausted bound is told, never taken for "no".
 */
#ifndef VP_INSPECTION_CONFIRM_H
#define VP_INSPECTION_CONFIRM_H

#include "lib/error.h"
#include "modules/inspection/sink.h"

/* Steps of backtracking for one value: some milliseconds. */
#define VP_CONFIRM_STEPS 100000u
/* KiB that one attempt may take. */
#define VP_CONFIRM_MEMORY 4096u

struct vp_confirm; /* a compiled pattern */

/* `flags`: VP_PATTERN_. Owned by the caller; NULL with *err: not a pattern. */
struct vp_confirm *vp_confirm_new(const char *text, unsigned int flags, struct vp_error *err);
void vp_confirm_free(struct vp_confirm *confirm);

/*
 * Make machine code of it, which runs some times faster. Only a process that may
 * still map executable memory can; others go on without. True: done.
 */
bool vp_confirm_accelerate(struct vp_confirm *confirm);

/* 1 matches, 0 does not, -E2BIG: a bound is exhausted, -EIO: the matcher failed. */
int vp_confirm_match(struct vp_confirm *confirm, struct vp_slice value);

#endif
