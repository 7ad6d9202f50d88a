/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events as one line of text: key=value and CEF. Every value is quoted and
 * escaped here, so that no foreign byte can end a value, a line or a terminal's
 * patience. JSON is in event_json.c. See event.h.
 */
#include <config.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "agentd/event.h"
#include "agentd/event_time.h"

/* A line of fixed room; what does not fit whole is left out and marked by `full`. */
struct line {
	char *text;
	size_t room, len;
	bool full;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format,
						      ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line->text + line->len, line->room - line->len, format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= line->room - line->len) {
		line->text[line->len] = '\0';
		line->full = true;
		return;
	}
	line->len += (size_t)length;
}

static bool is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("._:/@+%-", c));
}

/* One byte inside quotes. */
static size_t escape_quoted(char c, char out[static 5])
{
	if (c == '"' || c == '\\')
		return (size_t)snprintf(out, 5, "\\%c", c);
	if (c >= ' ' && c <= '~')
		return (size_t)snprintf(out, 5, "%c", c);
	return (size_t)snprintf(out, 5, "\\x%02x", (unsigned char)c);
}

/* One byte of a CEF extension value. */
static size_t escape_cef(char c, char out[static 5])
{
	if (c == '=' || c == '\\' || c == '|')
		return (size_t)snprintf(out, 5, "\\%c", c);
	if (c >= ' ' && c <= '~')
		return (size_t)snprintf(out, 5, "%c", c);
	return (size_t)snprintf(out, 5, "\\\\%02x", (unsigned char)c);
}

/* As much of the value as fits, always whole escapes, leaving `spare` bytes of room. */
static void add_escaped(struct line *line, const char *value,
			size_t (*escape)(char c, char out[static 5]), size_t spare)
{
	char form[5];

	for (; *value; value++) {
		size_t length = escape(*value, form);

		if (line->len + length + spare >= line->room) {
			line->full = true;
			return;
		}
		memcpy(line->text + line->len, form, length + 1);
		line->len += length;
	}
}

static void add_value(struct line *line, const char *key, const char *value)
{
	const char *p = value;

	if (!*value || line->len + strlen(key) + 5 >= line->room)
		return;
	while (is_bare(*p))
		p++;
	add(line, " %s=", key);
	if (!*p && line->len + strlen(value) < line->room) {
		add(line, "%s", value);
		return;
	}
	add(line, "\"");
	add_escaped(line, value, escape_quoted, 1);
	add(line, "\"");
}

static void add_number(struct line *line, const char *key, uint64_t value)
{
	if (value)
		add(line, " %s=%llu", key, (unsigned long long)value);
}

static void add_time(struct line *line, const char *key, uint64_t time)
{
	char text[VP_EVENT_TIME];

	if (time)
		add(line, " %s=%s", key, vp_event_time_print(time, text));
}

static void add_flow(struct line *line, const struct vp_event *event)
{
	char text[VP_ADDRESS_TEXT], protocol[16];

	if (!event->source.family)
		return;
	add(line, " src=%s", vp_address_print(&event->source, text));
	if (event->has_ports)
		add(line, " sport=%u", event->source_port);
	add(line, " dst=%s", vp_address_print(&event->destination, text));
	if (event->has_ports)
		add(line, " dport=%u", event->destination_port);
	add(line, " proto=%s", vp_protocol_name(event->protocol, protocol));
}

static void add_call(struct line *line, const struct vp_event_call *call)
{
	add_value(line, "call", call->name);
	add_value(line, "errno", call->error);
	add_number(line, "process", call->process);
	add_value(line, "program", call->program);
	add_value(line, "unit", call->unit);
}

static void print_key_value(const struct vp_event *event, struct line *line)
{
	add(line, "event=%s", vp_event_kind_name(event->kind));
	add_value(line, "patch", event->patch);
	add_value(line, "rule", event->rule);
	if (vp_event_is_traffic(event->kind))
		add_value(line, "verdict", vp_verdict_name(event->verdict));
	add_value(line, "reason", vp_event_reason_name(event->reason));
	add_value(line, "detail", event->detail);
	add_flow(line, event);
	add_call(line, &event->call);
	add_number(line, "count", event->count);
	add_number(line, "total", event->total);
	add_number(line, "generation", event->generation);
	add_value(line, "hook", event->hook);
	add_value(line, "if", event->interface);
	add_number(line, "sources", event->sources);
	add_time(line, "first", event->first);
	add_time(line, "last", event->last);
	add_number(line, "suppressed", event->suppressed);
	add_value(line, "candidates", event->call.candidates);
	add_value(line, "actor", event->actor);
	add_value(line, "text", event->text);
}

static void add_cef(struct line *line, const char *key, const char *value)
{
	if (!*value || line->len + strlen(key) + 3 >= line->room)
		return;
	add(line, "%s=", key);
	add_escaped(line, value, escape_cef, 1);
	add(line, " ");
}

static int cef_severity(enum vp_event_kind kind)
{
	switch (vp_event_priority(kind)) {
	case LOG_ALERT:
		return 10;
	case LOG_ERR:
		return 8;
	case LOG_WARNING:
		return 6;
	default:
		return 3;
	}
}

/* CEF has keys of their own for IPv6, named by a label. */
static void add_cef_flow(struct line *line, const struct vp_event *event)
{
	char text[VP_ADDRESS_TEXT], protocol[16];
	bool ipv6 = event->source.family == 6;

	if (!event->source.family)
		return;
	add(line, "%s=%s ", ipv6 ? "c6a2" : "src", vp_address_print(&event->source, text));
	add(line, "%s=%s ", ipv6 ? "c6a3" : "dst",
	    vp_address_print(&event->destination, text));
	if (ipv6)
		add(line, "c6a2Label=Source IPv6 Address c6a3Label=Destination IPv6 Address ");
	if (event->has_ports)
		add(line, "spt=%u dpt=%u ", event->source_port, event->destination_port);
	add(line, "proto=%s ", vp_protocol_name(event->protocol, protocol));
}

static void add_cef_label(struct line *line, const char *key, const char *label,
			  const char *value)
{
	if (*value)
		add(line, "%sLabel=%s ", key, label);
	add_cef(line, key, value);
}

static void add_cef_call(struct line *line, const struct vp_event_call *call)
{
	add_cef_label(line, "cs4", "call", call->name);
	add_cef_label(line, "cs5", "errno", call->error);
	if (call->process)
		add(line, "spid=%u ", call->process);
	add_cef(line, "sproc", call->program);
	add_cef(line, "sourceServiceName", call->unit);
	add_cef_label(line, "cs6", "candidates", call->candidates);
}

static void print_cef(const struct vp_event *event, struct line *line)
{
	const char *kind = vp_event_kind_name(event->kind);

	add(line, "CEF:0|vpatch|vpatch|%s|%s|%s|%d|", PACKAGE_VERSION, kind, kind,
	    cef_severity(event->kind));
	add_cef_label(line, "cs1", "patch", event->patch);
	add_cef_label(line, "cs2", "rule", event->rule);
	if (vp_event_is_traffic(event->kind))
		add_cef(line, "act", vp_verdict_name(event->verdict));
	add_cef(line, "reason", vp_event_reason_name(event->reason));
	add_cef_label(line, "cs3", "detail", event->detail);
	add_cef_flow(line, event);
	add_cef_call(line, &event->call);
	if (event->count)
		add(line, "cnt=%llu ", (unsigned long long)event->count);
	if (event->total)
		add(line, "cn1Label=total cn1=%llu ", (unsigned long long)event->total);
	if (event->generation)
		add(line, "cn2Label=generation cn2=%llu ",
		    (unsigned long long)event->generation);
	add(line, "rt=%llu ", (unsigned long long)(event->time / 1000));
	if (event->first)
		add(line, "start=%llu end=%llu ", (unsigned long long)(event->first / 1000),
		    (unsigned long long)(event->last / 1000));
	add_cef(line, "deviceInboundInterface", event->interface);
	add_cef(line, "suser", event->actor);
	add_cef(line, "msg", event->text);
	if (line->len && line->text[line->len - 1] == ' ')
		line->text[--line->len] = '\0';
}

/* Shorter by what matters least. False: it cannot be. */
static bool shorten(struct vp_event *event)
{
	char *fields[] = { event->actor, event->call.candidates, event->call.program };
	size_t length = strlen(event->text);

	if (length) {
		event->text[length / 2] = '\0';
		return true;
	}
	for (size_t i = 0; i < VP_COUNT(fields); i++)
		if (*fields[i]) {
			*fields[i] = '\0';
			return true;
		}
	return false;
}

static void print_json(const struct vp_event *event, const char *before, struct line *line)
{
	struct vp_event copy = *event;

	do {
		json_t *json = vp_event_json(&copy);
		char *text = json_dumps(json, JSON_COMPACT);

		json_decref(json);
		line->full = false;
		line->len = 0;
		if (text)
			add(line, "%s%s", before, text);
		free(text);
	} while (line->full && shorten(&copy));
}

size_t vp_event_print(const struct vp_event *event, enum vp_event_format format, char *text,
		      size_t room)
{
	struct line line = { .text = text, .room = room };

	text[0] = '\0';
	switch (format) {
	case VP_FORMAT_KEY_VALUE:
		print_key_value(event, &line);
		break;
	case VP_FORMAT_CEE:
		print_json(event, "@cee: ", &line);
		break;
	case VP_FORMAT_CEF:
		print_cef(event, &line);
		break;
	case VP_FORMAT_JSON:
		print_json(event, "", &line);
		break;
	}
	return line.len;
}
