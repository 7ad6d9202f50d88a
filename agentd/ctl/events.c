/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpatchctl events: stored events, or the stream of new ones, one line each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/client.h"
#include "agentd/ctl/remote.h"
#include "agentd/ctl/render.h"
#include "agentd/ctl/request.h"
#include "agentd/ctl/settings.h"
#include "agentd/ctl/verbs.h"
#include "agentd/document.h"
#include "agentd/event.h"

static void add_endpoint(const json_t *event, const char *address, const char *port,
			 struct vp_strbuf *out)
{
	const char *text = vp_json_get_text(event, address);
	bool has_port = json_object_get(event, port) != NULL;
	bool brackets = has_port && text && strchr(text, ':');

	vp_strbuf_addf(out, "%s%s%s", brackets ? "[" : "", text ? text : "?",
		       brackets ? "]" : "");
	if (has_port)
		vp_strbuf_addf(out, ":%llu",
			       (unsigned long long)vp_json_get_number(event, port));
}

static void add_traffic(const json_t *event, struct vp_strbuf *out)
{
	const json_t *protocol = json_object_get(event, "protocol");

	if (!vp_json_get_text(event, "source"))
		return;
	if (json_is_string(protocol))
		vp_strbuf_addf(out, " %s", json_string_value(protocol));
	else if (json_is_integer(protocol))
		vp_strbuf_addf(out, " protocol/%lld", (long long)json_integer_value(protocol));
	vp_strbuf_addc(out, ' ');
	add_endpoint(event, "source", "source_port", out);
	vp_strbuf_adds(out, " -> ");
	add_endpoint(event, "destination", "destination_port", out);
}

static bool is_about_calls(const json_t *event)
{
	const char *reason = vp_json_get_text(event, "reason");

	return reason && vp_event_reason_find(reason) >= VP_EVENT_REASON_CALL;
}

/* call errno by program[process] of unit; what processes chose of it is printable */
static void add_call(const json_t *event, struct vp_strbuf *out)
{
	const char *call = vp_json_get_text(event, "call");
	const char *error = vp_json_get_text(event, "errno");
	const char *program = vp_json_get_text(event, "program");
	const char *unit = vp_json_get_text(event, "unit");
	const char *candidates = vp_json_get_text(event, "candidates");

	if (!is_about_calls(event))
		return;
	vp_strbuf_addf(out, " %s", call ? call : "several calls");
	if (error)
		vp_strbuf_addf(out, " %s", error);
	vp_strbuf_addf(out, " by %s", program ? program : "several programs");
	if (json_object_get(event, "process"))
		vp_strbuf_addf(out, "[%llu]",
			       (unsigned long long)vp_json_get_number(event, "process"));
	if (unit)
		vp_strbuf_addf(out, " of %s", unit);
	if (candidates)
		vp_strbuf_addf(out, ", or by %s", candidates);
}

static void add_number(const json_t *event, const char *key, const char *format_before,
		       struct vp_strbuf *out)
{
	char number[32];

	if (json_object_get(event, key))
		vp_strbuf_addf(out, "%s%s", format_before,
			       vp_number_text(vp_json_get_number(event, key), number));
}

/* Why, where that is not simply the rule, its limit or its ban. */
static void add_reason(const json_t *event, struct vp_strbuf *out)
{
	const char *reason = vp_json_get_text(event, "reason");
	const char *detail = vp_json_get_text(event, "detail");

	if (!reason || vp_event_reason_find(reason) <= VP_EVENT_REASON_BAN ||
	    !strcmp(reason, "call"))
		return;
	vp_strbuf_addf(out, " (%s%s%s)", reason, detail ? ": " : "", detail ? detail : "");
}

/* time kind PATCH/RULE (reason) protocol source -> destination, or call, counts, text */
void vp_render_event(const json_t *event, struct vp_page *page)
{
	_cleanup_strbuf_ struct vp_strbuf line = { 0 };
	const char *patch = vp_json_get_text(event, "patch");
	const char *rule = vp_json_get_text(event, "rule");
	const char *actor = vp_json_get_text(event, "actor");
	const char *text = vp_json_get_text(event, "text");
	const char *time = vp_json_get_text(event, "time");
	const char *kind = vp_json_get_text(event, "kind");

	vp_strbuf_addf(&line, "%s %s", time ? time : "-", kind ? kind : "-");
	if (patch)
		vp_strbuf_addf(&line, " %s%s%s", patch, rule ? "/" : "", rule ? rule : "");
	add_reason(event, &line);
	add_traffic(event, &line);
	add_call(event, &line);
	if (vp_json_get_number(event, "count") > 1)
		add_number(event, "count", is_about_calls(event) ? ", calls " : ", packets ",
			   &line);
	if (vp_json_get_number(event, "sources") > 1)
		add_number(event, "sources", " from sources ", &line);
	add_number(event, "total", ", total ", &line);
	add_number(event, "suppressed", ", lines held back ", &line);
	if (actor)
		vp_strbuf_addf(&line, " by %s", actor);
	if (text)
		vp_strbuf_addf(&line, ": %s", text);
	for (char *p = line.data; (p = strchr(p, '\n'));)
		*p = ' '; /* one event, one line, whatever its texts hold */
	vp_strbuf_addc(&line, '\n');
	vp_page_raw(page, vp_strbuf_text(&line));
}

void vp_render_events(const json_t *document, struct vp_page *page)
{
	const json_t *event;
	size_t i;

	json_array_foreach (json_object_get(document, "events"), i, event)
		vp_render_event(event, page);
	if (!i)
		vp_page_line(page, 0, "No such events are stored.");
}

static void close_client(struct vp_client **client)
{
	vp_client_close(*client);
}

/* One frame of the stream. 0: go on; 1: that was the last, *status is the exit status. */
static int follow_one(const struct vp_ctl *ctl, struct vp_client *client, enum vp_exit *status,
		      struct vp_error *err)
{
	_cleanup_json_ json_t *document = NULL;
	struct vp_answer answer = { 0 };
	int r;

	r = vp_client_receive(client, -1, &answer, err);
	if (r)
		return r == -EINTR ? 0 : r;
	document = json_loads(answer.json, 0, NULL);
	free(answer.json);
	if (!document)
		return vp_fail(err, -EPROTO, "vpatchd sent an event that is no JSON document");
	if (answer.last) {
		*status = vp_remote_print(ctl, answer.status, document, vp_render_events);
		return 1;
	}
	vp_output_item(ctl->out, document, vp_render_event);
	return ctl->out->broken ? 1 : 0;
}

static enum vp_exit follow(const struct vp_ctl *ctl, const struct vp_message *request)
{
	vp_cleanup(close_client) struct vp_client *client = NULL;
	enum vp_exit status = VP_EXIT_UNREACHABLE;
	struct vp_error err = { 0 };
	int r;

	r = vp_remote_open(ctl, &client, &status, &err);
	if (!r)
		r = vp_client_send(client, request, 10000, &err);
	while (!r)
		r = follow_one(ctl, client, &status, &err);
	if (r < 0)
		return vp_output_failure(ctl->out, status, "%s", err.text);
	return status;
}

enum vp_exit vp_ctl_events(const struct vp_ctl *ctl)
{
	struct vp_request_text text;
	struct vp_message request = { .type = VP_REQUEST_EVENTS };

	vp_request_add_options(&request, ctl, &text);
	if (vp_ctl_given(ctl, VP_OPTION_FOLLOW))
		return follow(ctl, &request);
	return vp_remote_run(ctl, &request, vp_render_events);
}
