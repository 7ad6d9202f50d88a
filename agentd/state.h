/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state folder (default /var/lib/vpatch): what must outlive every process.
 *
 *   generations/N.bundle   stored generations (generation.h)
 *   generations/N.tags     tags of its rules, for counters that may be forgotten
 *   current                number of the one that was applied last
 *   overrides.conf         local overrides, for people to read; the bundle decides
 *   confirm                an apply that is not confirmed yet
 *   panic                  the marker that forbids every install
 *   totals.json            counts that the kernel does not hold any more (totals.h)
 *   history.jsonl          what was asked and what came of it, append only
 *   events.jsonl           security events, bounded
 *
 * Every file is replaced atomically or appended to by whole lines.
 */
#ifndef VP_AGENTD_STATE_H
#define VP_AGENTD_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <jansson.h>

#include "agentd/generation.h"
#include "lib/error.h"

struct vp_state {
	char *folder;
};

VP_ARRAY_TYPE(vp_numbers, uint64_t);

/* Make the folders where they are missing (0750). 0 or -errno. */
int vp_state_open(struct vp_state *state, const char *folder, struct vp_error *err);
/* The folder's name only, nothing made or read: for panic and for readers. */
void vp_state_name(struct vp_state *state, const char *folder);
void vp_state_free(struct vp_state *state);

/* FOLDER/NAME, owned by the caller. */
char *vp_state_path(const struct vp_state *state, const char *name);
char *vp_state_bundle_path(const struct vp_state *state, uint64_t number);

/* Numbers of the stored generations, ascending. Temporary files of a crash are removed. */
int vp_state_list(const struct vp_state *state, struct vp_numbers *numbers,
		  struct vp_error *err);

/* The pointer. Read: 0 with *number 0 when there is none; -EINVAL when the file is damaged. */
int vp_state_current(const struct vp_state *state, uint64_t *number, struct vp_error *err);
int vp_state_set_current(const struct vp_state *state, uint64_t number, struct vp_error *err);

int vp_state_load(const struct vp_state *state, uint64_t number,
		  struct vp_generation *generation, struct vp_error *err);
int vp_state_store(const struct vp_state *state, const struct vp_generation *generation,
		   struct vp_error *err);
void vp_state_forget(const struct vp_state *state, uint64_t number);
/* Remove the oldest beyond `keep`, but none of `needed`. */
void vp_state_prune(const struct vp_state *state, size_t keep, const uint64_t *needed,
		    size_t needed_count);

VP_ARRAY_TYPE(vp_tags, uint32_t);

/* Which rules a generation has. Losing this file only keeps old counters for longer. */
void vp_state_store_tags(const struct vp_state *state, uint64_t number,
			 const struct vp_tags *tags);
/* Tags of all stored generations, with repetitions. False: not all could be read. */
bool vp_state_all_tags(const struct vp_state *state, struct vp_tags *tags);

/* The panic marker. */
struct vp_panic_marker {
	time_t time;
	char who[96], reason[200];
};

/* Is there one? An unreadable marker counts: nothing is installed. */
bool vp_state_panicked(const struct vp_state *state, struct vp_panic_marker *marker);
int vp_state_set_panic(const struct vp_state *state, const struct vp_panic_marker *marker,
		       struct vp_error *err);
int vp_state_clear_panic(const struct vp_state *state, struct vp_error *err);

/* An unconfirmed apply. */
struct vp_confirm {
	uint64_t generation, previous; /* previous 0: nothing ran before */
	time_t deadline;	       /* wall clock, for people and after a reboot */
	uint64_t boot_deadline;	       /* CLOCK_BOOTTIME milliseconds, within one boot */
	char boot[40];		       /* boot id */
};

/* False when there is none, or the file is damaged (it is removed then). */
bool vp_state_confirm(const struct vp_state *state, struct vp_confirm *confirm);
int vp_state_set_confirm(const struct vp_state *state, const struct vp_confirm *confirm,
			 struct vp_error *err);
/* 0 also when there is none, or -errno. */
int vp_state_clear_confirm(const struct vp_state *state, struct vp_error *err);

/* The kernel's boot id; "" when it cannot be read. */
void vp_boot_id(char id[static 40]);

/* Append one line. 0 or -errno. */
int vp_state_add_history(const struct vp_state *state, const json_t *entry,
			 struct vp_error *err);
/* The newest `limit` entries, oldest first, as an array owned by the caller. Never NULL. */
json_t *vp_state_history(const struct vp_state *state, size_t limit);

#endif
