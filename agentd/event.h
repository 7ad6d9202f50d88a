/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A security event: what happened, decided by which patch, to which traffic or
 * at whose request. A plain value without pointers: copy it, keep it, throw it
 * away. Everything that leaves vpatch as a log line is one of these.
 */
#ifndef VP_AGENTD_EVENT_H
#define VP_AGENTD_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "lib/address.h"
#include "lib/error.h"
#include "policy/patch.h"

enum vp_event_kind {
	/* traffic; `count` packets, or system calls */
	VP_EVENT_BLOCKED,     /* dropped, or rejected with an answer to the sender; denied */
	VP_EVENT_WOULD_BLOCK, /* a monitor rule matched; nothing was changed */
	VP_EVENT_LIMITED,     /* over the rate of a limit */
	VP_EVENT_BANNED,      /* from a banned source */
	VP_EVENT_RESET,	      /* connection ended */
	/* control */
	VP_EVENT_APPLIED,
	VP_EVENT_APPLY_FAILED,
	VP_EVENT_CONFIRMED,
	VP_EVENT_ROLLBACK,
	VP_EVENT_CHANGED, /* enable, disable, mode */
	VP_EVENT_REFUSED, /* a control request without the right */
	VP_EVENT_EXPIRED,
	VP_EVENT_PANIC,
	/* health */
	VP_EVENT_STARTED,
	VP_EVENT_STOPPED,
	VP_EVENT_REPAIRED, /* someone else changed our rules; they are back */
	VP_EVENT_DRIFT,	   /* what runs is not what was meant */
	VP_EVENT_COVERAGE, /* something is, or is no longer, seen; `count` packets were not */
	VP_EVENT_WORKER,   /* a helper process died, was restarted, or is gone for good */
	VP_EVENT_LOST,	   /* `count` reports or lines did not get through; packet counts stay
			      exact */
	VP_EVENT_KINDS,
};

/* Why a verdict was given. */
enum vp_event_reason {
	VP_EVENT_REASON_NONE,
	VP_EVENT_REASON_RULE,
	VP_EVENT_REASON_LIMIT,
	VP_EVENT_REASON_BAN,
	/* of inspection: enum vp_reason but its first, in its order, and by its words */
	VP_EVENT_REASON_CONFLICT,
	VP_EVENT_REASON_AMBIGUOUS,
	VP_EVENT_REASON_BROKEN,
	VP_EVENT_REASON_FOREIGN,
	VP_EVENT_REASON_UNREADABLE,
	VP_EVENT_REASON_BOUND,
	VP_EVENT_REASON_MATCH_LIMIT,
	VP_EVENT_REASON_MIDSTREAM,
	VP_EVENT_REASON_WINDOW,
	VP_EVENT_REASON_MALFORMED,
	/* before inspection */
	VP_EVENT_REASON_UNREAD,	 /* nobody read them in time */
	VP_EVENT_REASON_INVALID, /* not of a connection, or off its window */
	/* of system calls */
	VP_EVENT_REASON_CALL,	   /* a rule denies it, or one of several */
	VP_EVENT_REASON_ABI,	   /* made in an ABI that the filter closes */
	VP_EVENT_REASON_WITHDRAWN, /* by a filter that nothing wants any more */
	VP_EVENT_REASONS,
};

#define VP_EVENT_NAME	65 /* patch ids and rule names have at most 64 characters */
#define VP_EVENT_TEXT	400
#define VP_EVENT_ACTOR	80
#define VP_EVENT_DETAIL 64

/* A system call that was not let through, or would not have been. */
#define VP_EVENT_CALL	    32
#define VP_EVENT_ERROR	    16
#define VP_EVENT_PROGRAM    96
#define VP_EVENT_CANDIDATES 120
struct vp_event_call {
	uint32_t process;		/* 0: several */
	char name[VP_EVENT_CALL];	/* "socket"; "": no call is told of */
	char error[VP_EVENT_ERROR];	/* "EPERM"; "": it may be one of several */
	char program[VP_EVENT_PROGRAM]; /* executable; printable ASCII only */
	char unit[VP_EVENT_NAME];
	/* the arguments are not known: it may have been one of these rules as well */
	char candidates[VP_EVENT_CANDIDATES];
};

/* Where a zero means "not known" or "does not apply", it is left out of every output. */
struct vp_event {
	enum vp_event_kind kind;
	uint64_t time;	      /* microseconds since the epoch, UTC */
	uint64_t first, last; /* times of the packets counted here; 0: one packet at `time` */
	uint64_t count; /* packets this event stands for; every packet is in exactly one event
			 */
	uint64_t total; /* packets of this rule and kind since its shield was installed */
	uint64_t suppressed; /* events of this rule that the rate limit held back since the
				last line */
	uint32_t sources;    /* different sources among the packets that were looked at */

	char patch[VP_EVENT_NAME], rule[VP_EVENT_NAME];
	uint32_t tag;
	enum vp_verdict verdict; /* of the rule; a monitor rule's is the one it would give */
	enum vp_event_reason reason;
	char detail[VP_EVENT_DETAIL]; /* a parser's word on the reason */

	uint8_t protocol; /* IANA number; meaningful when source.family is not 0 */
	struct vp_address source, destination;
	bool has_ports;
	uint16_t source_port, destination_port;
	char hook[12];	    /* "input", "forward", "output", "prerouting" */
	char interface[16]; /* where the packet came in, else where it would have left */
	struct vp_event_call call;

	uint64_t generation;
	char actor[VP_EVENT_ACTOR]; /* who asked: "uid=0 pid=123 comm=vpatchctl" */
	char text[VP_EVENT_TEXT];   /* for people; may hold foreign bytes, every output escapes
				       them */
};

/* "blocked", "would-block", "apply-failed", ... */
const char *vp_event_kind_name(enum vp_event_kind kind);
/* -1 when there is no such kind. */
int vp_event_kind_find(const char *name);
/* "rule", "limit", "ban", "conflict", ...; "" for none. */
const char *vp_event_reason_name(enum vp_event_reason reason);
int vp_event_reason_find(const char *name);
/* syslog(3) severity: LOG_WARNING for blocked, LOG_ERR for apply-failed, ... */
int vp_event_priority(enum vp_event_kind kind);
/* Is it about packets? */
bool vp_event_is_traffic(enum vp_event_kind kind);

/* One event for both: what they have in common stays. */
void vp_event_join_call(struct vp_event_call *sum, const struct vp_event_call *call);

/* Now, in the unit of `time`. */
uint64_t vp_event_now(void);

/* An event of that kind, timed now, with the text. */
struct vp_event vp_event_make(enum vp_event_kind kind, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Set a name field, cut to its room. */
void vp_event_set(char *field, size_t room, const char *value);
/* Likewise, of a text that others choose: what is not printable ASCII is a "?". */
void vp_event_set_foreign(char *field, size_t room, const char *value);

/*
 * Forms of an event as text. Each writes one line without a newline, at most
 * room - 1 bytes and always whole: what does not fit is cut from `text` only.
 * Returns the length. `room` is at least VP_EVENT_LINE.
 */
#define VP_EVENT_LINE 1024

enum vp_event_format {
	VP_FORMAT_KEY_VALUE, /* event=blocked patch=... (default) */
	VP_FORMAT_CEE,	     /* @cee: {json} */
	VP_FORMAT_CEF,	     /* CEF:0|... */
	VP_FORMAT_JSON,	     /* {json} */
};

size_t vp_event_print(const struct vp_event *event, enum vp_event_format format, char *line,
		      size_t room);

/* The event as a JSON object, owned by the caller. Never NULL. */
json_t *vp_event_json(const struct vp_event *event);
/* The inverse; -EINVAL when it is none of ours. */
int vp_event_from_json(const json_t *json, struct vp_event *event);

/* Which events `vpatchctl events` asks for. An all-zero filter lets everything through. */
struct vp_event_filter {
	struct vp_address_range source; /* family 0: any */
	bool has_port;
	uint16_t port;	   /* destination */
	uint64_t since;	   /* microseconds since the epoch */
	const char *patch; /* or NULL; not owned */
};

bool vp_event_matches(const struct vp_event *event, const struct vp_event_filter *filter);

/*
 * Parse the arguments of an `events` request (texts may be NULL): an address,
 * prefix or range; a decimal port; an RFC 3339 time or a duration ("90s", "10m",
 * "24h", "7d") back from now. 0 or -EINVAL with the reason.
 */
int vp_event_filter_parse(struct vp_event_filter *filter, const char *source, const char *port,
			  const char *since, struct vp_error *err);

#endif
