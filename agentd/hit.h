/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hit note of an inspection worker (inspect/note.h) in the words of the reporter's
 * records and of events, so that both go one way from there. The note was checked by
 * vp_note_check(); what it asks for is checked in claim.h. Pure.
 */
#ifndef VP_AGENTD_HIT_H
#define VP_AGENTD_HIT_H

#include "agentd/aggregate.h"
#include "agentd/inspect/note.h"
#include "agentd/inspect/tally.h"

/* Its packet as a record of that time (microseconds since the epoch). */
struct vp_report vp_hit_report(const struct vp_note_hit *hit, uint64_t time);

/* What it is counted as; reason NONE: as a match of its rule. */
struct vp_aggregate_cause vp_hit_cause(const struct vp_note_hit *hit);

/* The cause of a count that a worker keeps (vp_tally_failure()). False: it is none. */
bool vp_hit_counted(enum vp_tally_kind kind, struct vp_aggregate_cause *cause);

/* The other way round: the count that an event tells of. False: of none of these. */
bool vp_hit_told(const struct vp_event *event, enum vp_tally_kind *kind);

/* Has vpatchd to do something for it: RESET, REJECT or BAN; else PASS. */
enum vp_verdict vp_hit_asks(const struct vp_note_hit *hit);

#endif
