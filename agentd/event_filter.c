/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which events somebody asked for: `vpatchctl events --src --dport --since`. See event.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/event.h"
#include "agentd/event_time.h"

bool vp_event_matches(const struct vp_event *event, const struct vp_event_filter *filter)
{
	uint64_t last = event->last ? event->last : event->time;

	if (filter->source.first.family &&
	    (!event->source.family || !vp_address_within(&event->source, &filter->source)))
		return false;
	if (filter->has_port && (!event->has_ports || event->destination_port != filter->port))
		return false;
	if (filter->patch && strcmp(filter->patch, event->patch) != 0)
		return false;
	return last >= filter->since;
}

static int parse_port(const char *text, struct vp_event_filter *filter, struct vp_error *err)
{
	char *end;
	unsigned long port;

	if (*text < '0' || *text > '9')
		return vp_fail(err, -EINVAL, "expected a port like 443, found \"%s\"", text);
	errno = 0;
	port = strtoul(text, &end, 10);
	if (errno || *end || port > 65535)
		return vp_fail(err, -EINVAL, "expected a port from 0 to 65535, found \"%s\"",
			       text);
	filter->has_port = true;
	filter->port = (uint16_t)port;
	return 0;
}

static int parse_since(const char *text, struct vp_event_filter *filter, struct vp_error *err)
{
	uint64_t milliseconds, now = vp_event_now();

	if (!vp_event_time_parse(text, &filter->since))
		return 0;
	if (vp_duration_parse(text, &milliseconds))
		return vp_fail(err, -EINVAL,
			       "expected a time like 2026-11-22T06:00:00Z or a duration back "
			       "from now like 10m, found \"%s\"",
			       text);
	filter->since = milliseconds < now / 1000 ? now - milliseconds * 1000 : 0;
	return 0;
}

int vp_event_filter_parse(struct vp_event_filter *filter, const char *source, const char *port,
			  const char *since, struct vp_error *err)
{
	struct vp_event_filter parsed = { 0 };
	int r = 0;

	if (source && vp_address_range_parse(source, &parsed.source))
		return vp_fail(err, -EINVAL,
			       "expected an address or prefix like 192.0.2.0/24, found \"%s\"",
			       source);
	if (port)
		r = parse_port(port, &parsed, err);
	if (!r && since)
		r = parse_since(since, &parsed, err);
	if (!r)
		*filter = parsed;
	return r;
}
