/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of counts (tally.h) of all of inspection's processes, in files that the
 * parent outlives no more than they do: who is started next at a place goes on counting
 * in the file of the one before, also when that was another parent's child.
 */
#ifndef VP_INSPECT_LEDGER_H
#define VP_INSPECT_LEDGER_H

#include "agentd/inspect/sums.h"
#include "agentd/inspect/tally.h"

struct vp_ledger;

/*
 * What is in `folder` is taken over: that of places that there are no more stays in the
 * sums. The folder is made when it is needed first. NULL, and where a file cannot be
 * had: memory that ends with the ledger.
 */
struct vp_ledger *vp_ledger_open(const char *folder);
void vp_ledger_close(struct vp_ledger *ledger); /* NULL-safe */

/*
 * The table of a place, with at least so many slots, for a process that is to be started
 * there; nobody else may start one there meanwhile. `name` is a file's, without its end. A
 * descriptor that stays the ledger's, or -errno.
 */
int vp_ledger_table(struct vp_ledger *ledger, const char *name, size_t slots,
		    struct vp_error *err);

/* Everything counted at any place. */
void vp_ledger_sums(const struct vp_ledger *ledger, struct vp_sums *sums);

/* What the parent has told of it: an account of its own, kept in the same way. */
void vp_ledger_tell(struct vp_ledger *ledger, enum vp_tally_kind kind, uint32_t of,
		    uint64_t n);
void vp_ledger_told(const struct vp_ledger *ledger, struct vp_sums *sums);

#endif
