/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events to the local syslog socket, in the form that syslog(3) writes there:
 * priority, time of the event, name and process id, then the line. The receiver
 * adds the host name and makes RFC 5424 of it.
 */
#include <stdio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "agentd/sink_socket.h"

#define DEFAULT_PATH "/dev/log"

/* "Nov  3 06:01:04" in local time, in the C locale whatever the process has. */
static void add_time(struct vp_strbuf *out, uint64_t time)
{
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t seconds = (time_t)(time / 1000000);
	struct tm tm = { 0 };

	localtime_r(&seconds, &tm);
	vp_strbuf_addf(out, "%s %2d %02d:%02d:%02d ", months[tm.tm_mon % 12], tm.tm_mday,
		       tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void render(const struct vp_sink_options *options, const struct vp_event *event,
		   struct vp_strbuf *out)
{
	int facility = options->facility ? options->facility : LOG_DAEMON;
	char line[VP_EVENT_LINE];

	vp_strbuf_addf(out, "<%d>", facility | vp_event_priority(event->kind));
	add_time(out, event->time);
	vp_strbuf_addf(out, "vpatchd[%d]: ", (int)getpid());
	vp_strbuf_add(out, line, vp_event_print(event, options->format, line, sizeof(line)));
}

static int open_syslog(struct vp_sink **sink, const struct vp_sink_options *options,
		       struct vp_error *err)
{
	(void)err;
	vp_sink_socket_open(sink, &vp_sink_syslog, options, DEFAULT_PATH, render);
	return 0;
}

const struct vp_sink_ops vp_sink_syslog = {
	.name = "syslog",
	.open = open_syslog,
	.write = vp_sink_socket_write,
	.flush = vp_sink_socket_flush,
	.close = vp_sink_socket_close,
};
