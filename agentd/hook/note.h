/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the exec hook tells: one message of a fixed size for each start of a program of its
 * table, and for what it knows not to have seen.
 */
#ifndef VP_HOOK_NOTE_H
#define VP_HOOK_NOTE_H

#include <stdbool.h>

#include "agentd/inject/request.h"

enum vp_hook_kind {
	VP_HOOK_HELLO = 1, /* the first of a connection: `table` is in force, 0: none */
	VP_HOOK_ACCEPTED,  /* `table` is in force from now on */
	VP_HOOK_REFUSED,   /* `table` was not taken, the one before stays: `error`, `text` */
	VP_HOOK_FAILED,	   /* `table` is not in force; it is tried again: `error`, `text` */
	VP_HOOK_MARKED,	  /* starts of `entry` are seen from now on: its program is another, or
			     there again */
	VP_HOOK_UNMARKED, /* starts of `entry` are not seen: `error`, `text`; of a new table
			     these come before ACCEPTED */
	VP_HOOK_START,	  /* `record`: before its first instruction; or why it was let start
			     without the filter */
	VP_HOOK_FOUND,	  /* `record`: it ran without its filter, which was put on it now; or
			     why not */
	VP_HOOK_GAP,	  /* no starts were seen from `from` until `until`, `text`: why */
	VP_HOOK_KINDS,
};

#define VP_HOOK_NO_ENTRY UINT32_MAX
#define VP_HOOK_TEXT	 128

struct vp_hook_note {
	uint32_t magic;
	uint32_t kind;
	uint32_t table;		 /* number of the table that was in force */
	uint32_t entry;		 /* index in it; VP_HOOK_NO_ENTRY */
	int32_t error;		 /* -errno */
	uint32_t lost;		 /* so many notes before this one did not fit in memory */
	uint64_t filter;	 /* START and FOUND: the entry's name of it; zero otherwise */
	uint64_t from, until;	 /* nanoseconds after boot (CLOCK_BOOTTIME) */
	struct vp_record record; /* START and FOUND; zero otherwise */
	char text[VP_HOOK_TEXT];
};

/* Check what came; *out is a copy. 0 or -EPROTO, *out untouched. Pure. */
int vp_hook_note_parse(const void *bytes, size_t len, struct vp_hook_note *out,
		       struct vp_error *err);

/* One of that kind, about no entry. */
struct vp_hook_note vp_hook_note(enum vp_hook_kind kind, uint32_t table);

/* "start", "found", ...; NULL: no such one. */
const char *vp_hook_kind_name(enum vp_hook_kind kind);

/* Notes that wait for a reader, in order. More than fit are counted instead. */
#define VP_HOOK_NOTES 1024

struct vp_hook_notes {
	struct vp_hook_note ring[VP_HOOK_NOTES];
	size_t first, len;
	uint32_t lost; /* since the last that fitted */
};

void vp_hook_notes_add(struct vp_hook_notes *notes, const struct vp_hook_note *note);

/* Send what the socket takes. 0: all; -EAGAIN: some are left; another -errno: it is broken,
 * and they are kept. */
int vp_hook_notes_send(struct vp_hook_notes *notes, int socket);

/* Likewise, waiting for so long for who reads. How many are left. */
uint32_t vp_hook_notes_send_all(struct vp_hook_notes *notes, int socket,
				unsigned int milliseconds);

/* The next one that came. 1; 0: none now; -EPIPE: the connection is over; -EPROTO. */
int vp_hook_note_receive(int socket, struct vp_hook_note *note, struct vp_error *err);

/* Nanoseconds of CLOCK_BOOTTIME, of which the start of a process is told too. */
uint64_t vp_hook_clock(void);

#endif
