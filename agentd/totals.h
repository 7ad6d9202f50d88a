/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exact totals of every rule. The kernel and the processes of inspection hold the
 * counts; what the kernel held before a reboot, a foreign flush or a removal, or what
 * those counted in a file that is gone, is carried here as a base, so that
 * total = base + what each of them holds now.
 */
#ifndef VP_AGENTD_TOTALS_H
#define VP_AGENTD_TOTALS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "modules/module.h"

struct vp_total {
	uint32_t tag;
	struct vp_count base;		  /* held by nobody any more */
	struct vp_count held[VP_HOLDERS]; /* by each when last looked at */
	uint64_t reported;		  /* packets that had their event */
	uint64_t reported_banned;	  /* likewise, of banned sources */
	bool seen;			  /* while counts are taken in */
};

struct vp_totals {
	VP_ARRAY(struct vp_total) list; /* by tag */
	bool changed;			/* since the last load or save */
	bool stored;			/* there was a file, or there is now */
};

/* A missing file is no error; a damaged one is: totals then start at what is held. */
int vp_totals_load(struct vp_totals *totals, const char *path, struct vp_error *err);
int vp_totals_save(struct vp_totals *totals, const char *path, struct vp_error *err);
void vp_totals_free(struct vp_totals *totals);

/*
 * Take in what a holder has counted so far. A count that went back began anew: the old
 * one joins the base.
 */
void vp_totals_update(struct vp_totals *totals, enum vp_holder holder,
		      const struct vp_counts *counts);

/*
 * Everything the kernel held is gone: reboot, flush, removal. What processes hold is in
 * files of its own and goes on; where these are gone too, the next update finds out.
 */
void vp_totals_detach(struct vp_totals *totals);

/*
 * Events have told of this many: what is short of that was counted after the last
 * saving, by who does not hold it any more (a crash of the system), and is not lost.
 */
void vp_totals_raise(struct vp_totals *totals, const struct vp_counts *reported);

/* Totals as counts, owned by the caller. */
void vp_totals_counts(const struct vp_totals *totals, struct vp_counts *counts);

/* NULL when nothing was ever counted for that tag. */
const struct vp_total *vp_totals_find(const struct vp_totals *totals, uint32_t tag);
/* Base and all that is held together; NULL: all zero. */
struct vp_count vp_total_count(const struct vp_total *total);

/* What the event aggregation has reported so far. */
void vp_totals_set_reported(struct vp_totals *totals, const struct vp_counts *reported);
void vp_totals_reported(const struct vp_totals *totals, struct vp_counts *reported);

#endif
