/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From reports of single packets and exact kernel counters to few events whose
 * counts add up exactly.
 *
 * The first packet of a (rule, source) is an event at once. What else a rule
 * matched becomes one event per interval and rule, with the count taken from
 * the kernel's counter, never from the reports: these are limited and may be
 * lost. A rule's events therefore add up to its counter, at every interval's
 * end and after vp_aggregate_finish. When there would be too many events, single
 * packets wait for their interval's event, and rules for the next interval;
 * `suppressed` says how many events were held back; no packet is left out.
 *
 * Packets of banned sources are dropped before any rule sees them. The kernel
 * counts them apart, and events of kind banned add up to that counter likewise.
 *
 * What inspection does for another reason than a rule's own has a count for each
 * rule it is told for, reason and outcome; what never came to be read (queue.h) one
 * for all rules together. Events about what passed without having been read
 * (kind coverage) are never about single packets.
 *
 * Pure: time is given, events leave through a callback.
 */
#ifndef VP_AGENTD_AGGREGATE_H
#define VP_AGENTD_AGGREGATE_H

#include <stdbool.h>
#include <stdint.h>

#include "agentd/event.h"
#include "agentd/report.h"
#include "modules/module.h"

struct vp_aggregate; /* opaque */

struct vp_aggregate_options {
	uint32_t interval;	  /* seconds between two events of one rule; 0: 10 */
	uint32_t lines_per_patch; /* events of one patch about single packets per interval; 0:
				     10 */
	uint32_t lines_per_interval; /* events of all patches per interval; 0: 1000 */
	uint32_t quiet;		     /* seconds after which a source is new again; 0: 600 */
};

/* Which rule a tag stands for. Texts are copied. */
struct vp_aggregate_rule {
	uint32_t tag;
	const char *patch, *rule;
	enum vp_verdict verdict;
	bool monitor;
	bool calls; /* of system calls, not of packets */
};

/* What is counted apart from a rule's own matches: why it happened, and what became of it. */
struct vp_aggregate_cause {
	enum vp_event_reason reason; /* NONE: the rule's own matches */
	enum vp_event_kind kind;     /* BLOCKED, RESET, WOULD_BLOCK or COVERAGE */
};

/* Called for every event; `event` is valid during the call. */
typedef void vp_event_handler(void *context, const struct vp_event *event);

/* Owned by the caller (vp_aggregate_free). */
struct vp_aggregate *vp_aggregate_new(const struct vp_aggregate_options *options,
				      vp_event_handler *handler, void *context);
void vp_aggregate_free(struct vp_aggregate *aggregate);

/*
 * The rules of the generation that was just committed. Rules that are gone are
 * kept until their last packets are accounted for; call vp_aggregate_tick with
 * fresh counts right before a commit, because counters may go with their rules.
 */
void vp_aggregate_rules(struct vp_aggregate *aggregate, uint64_t generation,
			const struct vp_aggregate_rule *rules, size_t count);

/*
 * At start, before the first tick: packets up to here already had their events.
 * `counts` is what was stored by vp_aggregate_reported, or the kernel's present
 * counters when nothing was stored. Rules not named start at 0.
 */
void vp_aggregate_baseline(struct vp_aggregate *aggregate, const struct vp_counts *counts);

/* Likewise of a cause, of which so many had their events. */
void vp_aggregate_told(struct vp_aggregate *aggregate, uint32_t tag,
		       struct vp_aggregate_cause cause, uint64_t packets);

/*
 * Packets that had their events, to be stored and given to the next start's baseline; but
 * for those of causes, of which each event says what it is about.
 */
void vp_aggregate_reported(const struct vp_aggregate *aggregate, struct vp_counts *counts);

/* A record from the reporter. `interface` is a name for the event, or NULL. */
void vp_aggregate_packet(struct vp_aggregate *aggregate, const struct vp_report *report,
			 const char *interface);

/* A hit of inspection, with its packet as a record. `detail`: the parser's word, or NULL. */
struct vp_aggregate_hit {
	const struct vp_report *report;
	struct vp_aggregate_cause cause;
	const char *detail, *interface;
	const struct vp_event_call *call; /* NULL: it is about a packet */
};

void vp_aggregate_hit(struct vp_aggregate *aggregate, const struct vp_aggregate_hit *hit);

/*
 * The exact count of a cause (a lower one than before began anew), to be given before
 * each tick and after the last of its hits.
 */
void vp_aggregate_counted(struct vp_aggregate *aggregate, uint32_t tag,
			  struct vp_aggregate_cause cause, uint64_t packets);

/*
 * Call once per interval, with counters read after the last packet was given
 * (NULL: they could not be read; what is due stays due). `now` in microseconds
 * since the epoch.
 */
void vp_aggregate_tick(struct vp_aggregate *aggregate, const struct vp_counts *counts,
		       uint64_t now);

/* The last tick: everything still due becomes events, one a rule, whatever the limits say. */
void vp_aggregate_finish(struct vp_aggregate *aggregate, const struct vp_counts *counts,
			 uint64_t now);

struct vp_aggregate_state {
	uint64_t events;     /* given to the handler */
	uint64_t suppressed; /* held back by the limits */
	uint64_t unknown;    /* reports with a tag of no rule */
	uint64_t due;	     /* packets counted, their event still to come */
};

struct vp_aggregate_state vp_aggregate_state(const struct vp_aggregate *aggregate);

#endif
