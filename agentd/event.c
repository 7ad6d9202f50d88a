/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kinds and reasons of events with their names and severities, and the making
 * of an event. The forms as text are in event_text.c and event_json.c, filters
 * in event_filter.c. See event.h.
 */
#include "agentd/event.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

static const struct {
	const char *name;
	int priority;
	bool traffic;
} kinds[] = {
	[VP_EVENT_BLOCKED] = { "blocked", LOG_WARNING, true },
	[VP_EVENT_WOULD_BLOCK] = { "would-block", LOG_NOTICE, true },
	[VP_EVENT_LIMITED] = { "limited", LOG_WARNING, true },
	[VP_EVENT_BANNED] = { "banned", LOG_WARNING, true },
	[VP_EVENT_RESET] = { "reset", LOG_WARNING, true },
	[VP_EVENT_APPLIED] = { "applied", LOG_NOTICE, false },
	[VP_EVENT_APPLY_FAILED] = { "apply-failed", LOG_ERR, false },
	[VP_EVENT_CONFIRMED] = { "confirmed", LOG_NOTICE, false },
	[VP_EVENT_ROLLBACK] = { "rollback", LOG_NOTICE, false },
	[VP_EVENT_CHANGED] = { "changed", LOG_NOTICE, false },
	[VP_EVENT_REFUSED] = { "refused", LOG_WARNING, false },
	[VP_EVENT_EXPIRED] = { "expired", LOG_WARNING, false },
	[VP_EVENT_PANIC] = { "panic", LOG_ALERT, false },
	[VP_EVENT_STARTED] = { "started", LOG_NOTICE, false },
	[VP_EVENT_STOPPED] = { "stopped", LOG_NOTICE, false },
	[VP_EVENT_REPAIRED] = { "repaired", LOG_WARNING, false },
	[VP_EVENT_DRIFT] = { "drift", LOG_ERR, false },
	[VP_EVENT_COVERAGE] = { "coverage", LOG_NOTICE, false },
	[VP_EVENT_WORKER] = { "worker", LOG_ERR, false },
	[VP_EVENT_LOST] = { "lost", LOG_WARNING, false },
};
static_assert(VP_COUNT(kinds) == VP_EVENT_KINDS, "every kind has a row");

static const char *const reasons[] = {
	[VP_EVENT_REASON_NONE] = "",
	[VP_EVENT_REASON_RULE] = "rule",
	[VP_EVENT_REASON_LIMIT] = "limit",
	[VP_EVENT_REASON_BAN] = "ban",
	[VP_EVENT_REASON_CONFLICT] = "conflict",
	[VP_EVENT_REASON_AMBIGUOUS] = "ambiguous",
	[VP_EVENT_REASON_BROKEN] = "broken",
	[VP_EVENT_REASON_FOREIGN] = "foreign",
	[VP_EVENT_REASON_UNREADABLE] = "unreadable",
	[VP_EVENT_REASON_BOUND] = "bound",
	[VP_EVENT_REASON_MATCH_LIMIT] = "match-limit",
	[VP_EVENT_REASON_MIDSTREAM] = "midstream",
	[VP_EVENT_REASON_WINDOW] = "window",
	[VP_EVENT_REASON_MALFORMED] = "malformed",
	[VP_EVENT_REASON_UNREAD] = "unread",
	[VP_EVENT_REASON_INVALID] = "invalid",
	[VP_EVENT_REASON_CALL] = "call",
	[VP_EVENT_REASON_ABI] = "abi",
	[VP_EVENT_REASON_WITHDRAWN] = "withdrawn",
};
static_assert(VP_COUNT(reasons) == VP_EVENT_REASONS, "every reason has a name");

const char *vp_event_kind_name(enum vp_event_kind kind)
{
	return (size_t)kind < VP_COUNT(kinds) ? kinds[kind].name : "unknown";
}

int vp_event_kind_find(const char *name)
{
	for (size_t i = 0; i < VP_COUNT(kinds); i++)
		if (!strcmp(kinds[i].name, name))
			return (int)i;
	return -1;
}

const char *vp_event_reason_name(enum vp_event_reason reason)
{
	return (size_t)reason < VP_COUNT(reasons) ? reasons[reason] : "";
}

int vp_event_reason_find(const char *name)
{
	for (size_t i = 0; i < VP_COUNT(reasons); i++)
		if (!strcmp(reasons[i], name))
			return (int)i;
	return -1;
}

int vp_event_priority(enum vp_event_kind kind)
{
	return (size_t)kind < VP_COUNT(kinds) ? kinds[kind].priority : LOG_WARNING;
}

bool vp_event_is_traffic(enum vp_event_kind kind)
{
	return (size_t)kind < VP_COUNT(kinds) && kinds[kind].traffic;
}

uint64_t vp_event_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void vp_event_set(char *field, size_t room, const char *value)
{
	size_t length = value ? strnlen(value, room - 1) : 0;

	if (length)
		memcpy(field, value, length);
	field[length] = '\0';
}

void vp_event_set_foreign(char *field, size_t room, const char *value)
{
	vp_event_set(field, room, value);
	for (; *field; field++)
		if (*field < ' ' || *field > '~')
			*field = '?';
}

static void join_text(char *text, const char *other)
{
	if (strcmp(text, other) != 0)
		*text = '\0';
}

void vp_event_join_call(struct vp_event_call *sum, const struct vp_event_call *call)
{
	if (sum->process != call->process)
		sum->process = 0;
	join_text(sum->name, call->name);
	join_text(sum->error, call->error);
	join_text(sum->program, call->program);
	join_text(sum->unit, call->unit);
	if (*call->candidates)
		memcpy(sum->candidates, call->candidates, sizeof(sum->candidates));
}

struct vp_event vp_event_make(enum vp_event_kind kind, const char *format, ...)
{
	struct vp_event event = { .kind = kind, .time = vp_event_now() };
	va_list args;

	va_start(args, format);
	vsnprintf(event.text, sizeof(event.text), format, args);
	va_end(args);
	return event;
}
