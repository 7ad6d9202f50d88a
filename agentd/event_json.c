/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events as JSON objects and back; the members are described in doc/schemas.md. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agentd/event.h"
#include "agentd/event_time.h"
#include "lib/strbuf.h"

/* JSON is Unicode: bytes that are not UTF-8 become \xHH in words. */
static json_t *text_json(const char *text)
{
	struct vp_strbuf safe = { 0 };
	json_t *json = json_string(text);

	if (json)
		return json;
	for (; *text; text++) {
		if ((unsigned char)*text < 0x80)
			vp_strbuf_addc(&safe, *text);
		else
			vp_strbuf_addf(&safe, "\\x%02x", (unsigned char)*text);
	}
	json = json_string(vp_strbuf_text(&safe));
	vp_strbuf_free(&safe);
	return json;
}

static void set_text(json_t *json, const char *key, const char *text)
{
	if (*text)
		json_object_set_new(json, key, text_json(text));
}

static void set_number(json_t *json, const char *key, uint64_t number)
{
	if (number)
		json_object_set_new(json, key, json_integer((json_int_t)number));
}

static void set_time(json_t *json, const char *key, uint64_t time)
{
	char text[VP_EVENT_TIME];

	if (time)
		set_text(json, key, vp_event_time_print(time, text));
}

static void set_flow(json_t *json, const struct vp_event *event)
{
	char text[VP_ADDRESS_TEXT], protocol[16];

	if (!event->source.family)
		return;
	set_text(json, "protocol", vp_protocol_name(event->protocol, protocol));
	set_text(json, "source", vp_address_print(&event->source, text));
	if (event->has_ports)
		json_object_set_new(json, "source_port", json_integer(event->source_port));
	set_text(json, "destination", vp_address_print(&event->destination, text));
	if (event->has_ports)
		json_object_set_new(json, "destination_port",
				    json_integer(event->destination_port));
}

static void set_call(json_t *json, const struct vp_event_call *call)
{
	set_text(json, "call", call->name);
	set_text(json, "errno", call->error);
	set_number(json, "process", call->process);
	set_text(json, "program", call->program);
	set_text(json, "unit", call->unit);
	set_text(json, "candidates", call->candidates);
}

json_t *vp_event_json(const struct vp_event *event)
{
	json_t *json = json_object();
	char tag[16];

	set_text(json, "kind", vp_event_kind_name(event->kind));
	set_time(json, "time", event->time);
	set_text(json, "patch", event->patch);
	set_text(json, "rule", event->rule);
	if (event->tag) {
		snprintf(tag, sizeof(tag), "0x%08x", event->tag);
		set_text(json, "tag", tag);
	}
	if (vp_event_is_traffic(event->kind))
		set_text(json, "verdict", vp_verdict_name(event->verdict));
	set_text(json, "reason", vp_event_reason_name(event->reason));
	set_text(json, "detail", event->detail);
	set_flow(json, event);
	set_call(json, &event->call);
	set_number(json, "count", event->count);
	set_number(json, "total", event->total);
	set_number(json, "suppressed", event->suppressed);
	set_number(json, "sources", event->sources);
	set_time(json, "first", event->first);
	set_time(json, "last", event->last);
	set_text(json, "hook", event->hook);
	set_text(json, "interface", event->interface);
	set_number(json, "generation", event->generation);
	set_text(json, "actor", event->actor);
	set_text(json, "text", event->text);
	return json;
}

static const char *get_text(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "";
}

static uint64_t get_number(const json_t *json, const char *key)
{
	json_int_t number = json_integer_value(json_object_get(json, key));

	return number > 0 ? (uint64_t)number : 0;
}

static uint64_t get_time(const json_t *json, const char *key)
{
	uint64_t time = 0;

	(void)vp_event_time_parse(get_text(json, key), &time);
	return time;
}

static enum vp_verdict get_verdict(const json_t *json)
{
	const char *name = get_text(json, "verdict");

	for (int verdict = VP_VERDICT_PASS; verdict <= VP_VERDICT_ANSWER; verdict++)
		if (!strcmp(vp_verdict_name((enum vp_verdict)verdict), name))
			return (enum vp_verdict)verdict;
	return VP_VERDICT_PASS;
}

static uint8_t get_protocol(const json_t *json)
{
	const char *name = get_text(json, "protocol");
	char text[16];

	for (unsigned int number = 0; number < 256; number++)
		if (!strcmp(vp_protocol_name((uint16_t)number, text), name))
			return (uint8_t)number;
	return 0;
}

static void get_flow(const json_t *json, struct vp_event *event)
{
	if (vp_address_parse(get_text(json, "source"), &event->source) ||
	    vp_address_parse(get_text(json, "destination"), &event->destination)) {
		event->source.family = 0;
		return;
	}
	event->protocol = get_protocol(json);
	event->has_ports = json_object_get(json, "destination_port") != NULL;
	event->source_port = (uint16_t)get_number(json, "source_port");
	event->destination_port = (uint16_t)get_number(json, "destination_port");
}

#define GET_FIELD(json, key, field) vp_event_set(field, sizeof(field), get_text(json, key))

static void get_call(const json_t *json, struct vp_event_call *call)
{
	call->process = (uint32_t)get_number(json, "process");
	GET_FIELD(json, "call", call->name);
	GET_FIELD(json, "errno", call->error);
	GET_FIELD(json, "program", call->program);
	GET_FIELD(json, "unit", call->unit);
	GET_FIELD(json, "candidates", call->candidates);
}

int vp_event_from_json(const json_t *json, struct vp_event *event)
{
	int kind = vp_event_kind_find(get_text(json, "kind"));
	int reason = vp_event_reason_find(get_text(json, "reason"));
	struct vp_event read = { 0 };

	read.time = get_time(json, "time");
	if (kind < 0 || reason < 0 || !read.time)
		return -EINVAL;
	read.kind = (enum vp_event_kind)kind;
	read.reason = (enum vp_event_reason)reason;
	read.verdict = get_verdict(json);
	read.tag = (uint32_t)strtoul(get_text(json, "tag"), NULL, 16);
	read.count = get_number(json, "count");
	read.total = get_number(json, "total");
	read.suppressed = get_number(json, "suppressed");
	read.sources = (uint32_t)get_number(json, "sources");
	read.first = get_time(json, "first");
	read.last = get_time(json, "last");
	read.generation = get_number(json, "generation");
	get_flow(json, &read);
	get_call(json, &read.call);
	GET_FIELD(json, "patch", read.patch);
	GET_FIELD(json, "rule", read.rule);
	GET_FIELD(json, "detail", read.detail);
	GET_FIELD(json, "hook", read.hook);
	GET_FIELD(json, "interface", read.interface);
	GET_FIELD(json, "actor", read.actor);
	GET_FIELD(json, "text", read.text);
	*event = read;
	return 0;
}
