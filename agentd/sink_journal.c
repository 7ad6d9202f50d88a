/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events to the systemd journal in its native protocol: MESSAGE is the usual
 * line, every member of the event's JSON form is a field of its own, VPATCH_
 * and the member's name. The protocol: systemd's JOURNAL_NATIVE_PROTOCOL page.
 */
#include <ctype.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "agentd/sink_socket.h"

#define DEFAULT_PATH "/run/systemd/journal/socket"

bool vp_sink_under_journal(void)
{
	return getenv("JOURNAL_STREAM") || getenv("INVOCATION_ID");
}

/* A value with a newline has its length in front: 64 bits, little-endian. */
static void add_field(struct vp_strbuf *out, const char *name, const char *value)
{
	uint64_t length = htole64(strlen(value));

	vp_strbuf_adds(out, name);
	if (strchr(value, '\n')) {
		vp_strbuf_addc(out, '\n');
		vp_strbuf_add(out, (const char *)&length, sizeof(length));
	} else {
		vp_strbuf_addc(out, '=');
	}
	vp_strbuf_adds(out, value);
	vp_strbuf_addc(out, '\n');
}

static void add_member(struct vp_strbuf *out, const char *key, const json_t *value)
{
	char name[64] = "VPATCH_", number[32];
	size_t at = strlen(name);

	for (; *key && at < sizeof(name) - 1; key++)
		name[at++] = (char)toupper((unsigned char)*key);
	name[at] = '\0';
	if (json_is_string(value)) {
		add_field(out, name, json_string_value(value));
	} else {
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
		add_field(out, name, number);
	}
}

static void render(const struct vp_sink_options *options, const struct vp_event *event,
		   struct vp_strbuf *out)
{
	int facility = options->facility ? options->facility : LOG_DAEMON;
	json_t *json = vp_event_json(event), *value;
	char line[VP_EVENT_LINE];
	const char *key;

	vp_event_print(event, VP_FORMAT_KEY_VALUE, line, sizeof(line));
	add_field(out, "MESSAGE", line);
	vp_strbuf_addf(out, "PRIORITY=%d\n", vp_event_priority(event->kind));
	vp_strbuf_addf(out, "SYSLOG_FACILITY=%d\n", facility >> 3);
	add_field(out, "SYSLOG_IDENTIFIER", "vpatchd");
	json_object_foreach (json, key, value)
		add_member(out, key, value);
	json_decref(json);
}

static int open_journal(struct vp_sink **sink, const struct vp_sink_options *options,
			struct vp_error *err)
{
	(void)err;
	vp_sink_socket_open(sink, &vp_sink_journal, options, DEFAULT_PATH, render);
	return 0;
}

const struct vp_sink_ops vp_sink_journal = {
	.name = "journal",
	.open = open_journal,
	.write = vp_sink_socket_write,
	.flush = vp_sink_socket_flush,
	.close = vp_sink_socket_close,
};
