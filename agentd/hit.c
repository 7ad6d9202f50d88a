/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hit notes as records and causes of events: see hit.h. */
#include "agentd/hit.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "modules/inspection/engine.h"

/* Reasons have one order here and there. */
static_assert(VP_EVENT_REASON_CONFLICT - VP_EVENT_REASON_MALFORMED ==
			      VP_REASON_CONFLICT - (int)VP_REASON_MALFORMED &&
		      VP_REASON_MALFORMED + 1 == VP_REASON_COUNT && VP_REASON_RULE == 0,
	      "every reason of the engine has one of events");

static enum vp_event_reason reason_of(unsigned int reason)
{
	return reason == VP_REASON_RULE
		       ? VP_EVENT_REASON_NONE
		       : (enum vp_event_reason)(VP_EVENT_REASON_CONFLICT +
						(reason - VP_REASON_CONFLICT));
}

static bool has_ports(const struct vp_note_hit *hit)
{
	return hit->protocol == IPPROTO_TCP || hit->protocol == IPPROTO_UDP;
}

static enum vp_report_kind kind_of(const struct vp_note_hit *hit)
{
	if (hit->monitor || hit->verdict == VP_VERDICT_PASS)
		return VP_REPORT_MONITOR;
	return hit->verdict == VP_VERDICT_RESET	   ? VP_REPORT_RESET
	       : hit->verdict == VP_VERDICT_REJECT ? VP_REPORT_REJECT
						   : VP_REPORT_DROP;
}

struct vp_report vp_hit_report(const struct vp_note_hit *hit, uint64_t time)
{
	struct vp_report report = {
		.magic = VP_REPORT_MAGIC,
		.kind = (uint8_t)kind_of(hit),
		.family = hit->source.family,
		.protocol = hit->protocol,
		.hook = hit->hook,
		.tag = hit->tag,
		.time = time,
		.in_interface = hit->in_interface,
		.out_interface = hit->out_interface,
	};

	if (!report.family)
		return report;
	memcpy(report.source, hit->source.bytes, vp_address_size(report.family));
	memcpy(report.destination, hit->destination.bytes, vp_address_size(report.family));
	if (!has_ports(hit))
		return report;
	report.flags = VP_REPORT_PORTS;
	report.source_port = hit->source_port;
	report.destination_port = hit->destination_port;
	if (hit->protocol != IPPROTO_TCP || !hit->flags)
		return report;
	report.flags |= VP_REPORT_TCP;
	report.sequence = hit->sequence;
	report.acknowledgement = hit->acknowledgement;
	report.payload = hit->payload;
	report.tcp_flags = hit->flags;
	return report;
}

struct vp_aggregate_cause vp_hit_cause(const struct vp_note_hit *hit)
{
	struct vp_aggregate_cause cause = { .reason = reason_of(hit->reason) };

	if (!cause.reason)
		return cause;
	cause.kind = hit->verdict == VP_VERDICT_PASS	? VP_EVENT_COVERAGE
		     : hit->monitor			? VP_EVENT_WOULD_BLOCK
		     : hit->verdict == VP_VERDICT_RESET ? VP_EVENT_RESET
							: VP_EVENT_BLOCKED;
	return cause;
}

static const enum vp_event_kind outcomes[] = {
	[VP_TALLY_PASSED] = VP_EVENT_COVERAGE,
	[VP_TALLY_STOPPED] = VP_EVENT_BLOCKED,
	[VP_TALLY_RESET] = VP_EVENT_RESET,
	[VP_TALLY_WATCHED] = VP_EVENT_WOULD_BLOCK,
};

bool vp_hit_told(const struct vp_event *event, enum vp_tally_kind *kind)
{
	unsigned int reason =
		(unsigned int)event->reason - VP_EVENT_REASON_CONFLICT + VP_REASON_CONFLICT;

	if (event->reason < VP_EVENT_REASON_CONFLICT || reason >= VP_REASON_COUNT)
		return false;
	for (size_t i = 0; i < VP_COUNT(outcomes); i++)
		if (event->kind == outcomes[i]) {
			*kind = vp_tally_failure(reason, (enum vp_tally_outcome)i);
			return true;
		}
	return false;
}

bool vp_hit_counted(enum vp_tally_kind kind, struct vp_aggregate_cause *cause)
{
	unsigned int number = (unsigned int)kind - VP_TALLY_FAILURES;
	unsigned int reason = number / VP_COUNT(outcomes);

	if (kind < VP_TALLY_FAILURES || reason == VP_REASON_RULE || reason >= VP_REASON_COUNT)
		return false;
	cause->reason = reason_of(reason);
	cause->kind = outcomes[number % VP_COUNT(outcomes)];
	return true;
}

enum vp_verdict vp_hit_asks(const struct vp_note_hit *hit)
{
	if (hit->monitor)
		return VP_VERDICT_PASS;
	if (hit->verdict == VP_VERDICT_RESET ||
	    (hit->reason == VP_REASON_RULE &&
	     (hit->verdict == VP_VERDICT_REJECT || hit->verdict == VP_VERDICT_BAN)))
		return (enum vp_verdict)hit->verdict;
	return VP_VERDICT_PASS;
}
