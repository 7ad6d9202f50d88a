/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where events of all origins meet and leave: records from vpatchd-events are
 * aggregated with the exact totals, control and health events join them, and
 * all go to the sinks and to whoever follows.
 */
#ifndef VP_AGENTD_REPORTING_H
#define VP_AGENTD_REPORTING_H

#include <jansson.h>

#include "agentd/agent.h"
#include "agentd/inspect/note.h"

/*
 * Open the sinks and start the reporter. A reporter that cannot be started is no
 * error: blocks are still counted, and status says so. *reporting is owned by the caller.
 */
int vp_reporting_start(struct vp_reporting **reporting, struct vp_agent *agent,
		       struct vp_error *err);
/* Give everything still due, then close; NULL-safe. */
void vp_reporting_stop(struct vp_reporting *reporting);

void vp_reporting_event(struct vp_reporting *reporting, const struct vp_event *event);

/*
 * A rule of inspection holds, or something else that is told of a packet: by a process that
 * parses foreign bytes, checked by vp_note_check(). It becomes an event, and where its
 * rule says so the connection is ended, the sender answered or the client banned. Hits
 * that were not told are in the worker's counts, which are read with every settling.
 */
void vp_reporting_hit(struct vp_reporting *reporting, const struct vp_note_hit *hit);

/*
 * A system call that the rule with this tag did not let through, or would not have, at that
 * time. The first of a process becomes an event at once; counts are taken from the totals.
 */
void vp_reporting_call(struct vp_reporting *reporting, uint32_t tag,
		       const struct vp_event_call *call, uint64_t time);

/* Before a commit: account for what the present rules counted. */
void vp_reporting_settle(struct vp_reporting *reporting);
/* After a commit: what runs now. */
void vp_reporting_rules(struct vp_reporting *reporting);

/* Someone follows: called with each event; the pair of function and context names it. */
typedef void vp_follower(void *context, const struct vp_event *event);
void vp_reporting_follow(struct vp_reporting *reporting, vp_follower *follower, void *context);
void vp_reporting_unfollow(struct vp_reporting *reporting, const void *context);

/* For status: "reporter", "detail", "lost". Owned by the caller. */
json_t *vp_reporting_document(const struct vp_reporting *reporting);
/* Does the reporter run as it should? */
bool vp_reporting_is_good(const struct vp_reporting *reporting);

#endif
