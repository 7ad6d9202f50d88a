/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way out: remove everything, now, whatever state the daemon is in, and let
 * nothing come back until someone says so (`vpatchctl apply --after-panic`).
 */
#ifndef VP_AGENTD_PANIC_H
#define VP_AGENTD_PANIC_H

#include <stdbool.h>

#include "agentd/config.h"
#include "lib/strbuf.h"
#include "modules/module.h"

struct vp_panic {
	bool marked;		/* the marker is stored */
	unsigned int ended;	/* processes */
	bool removed;		/* every module's objects are gone */
	struct vp_strbuf stays; /* what is left and why, one line each */
};

/*
 * Store the marker, end vpatchd and its children (also stopped ones), remove the
 * objects of all modules. Goes on whatever fails: each failure is a line of
 * `stays`. Needs root; vpatchd is not needed. Returns 0 when nothing stays.
 */
int vp_panic_run(const struct vp_config *config, const struct vp_module *const *modules,
		 const char *who, const char *reason, struct vp_panic *panic);
void vp_panic_free(struct vp_panic *panic);

#endif
