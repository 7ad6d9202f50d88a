/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vpatchd-hook is given, and what it tells: see hooking.h. */
#include "agentd/syscalls/hooking.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "agentd/hook/client.h"
#include "agentd/loop.h"
#include "agentd/syscalls/programs.h"
#include "lib/digest.h"

#define RETRY  1000  /* milliseconds: it is not there, or has no room now */
#define UNSAID 10000 /* milliseconds that a daemon takes to begin */

struct vp_hooking {
	char *socket, *answers;
	int poll;
	struct vp_hook_client *client; /* NULL: not connected */
	uint64_t connect;	       /* when to try that */
	uint64_t until;		       /* as long it may be unsaid what is wanted */
	struct vp_programs programs;
	bool given; /* it has a table of these programs */
	/* tables: that the hook was given last, that it said to have taken, and the first of
	 * them that has all filters that are wanted */
	uint32_t number, held, awaited;
	uint64_t wanted; /* digest of these; 0: it was given none */
	bool settled;	 /* nothing is wanted, and the hook knows or is not there */
	uint64_t blind; /* since when no hook may have had a table, milliseconds after boot; 0:
			   one has */
	char *problem;
};

struct vp_hooking *vp_hooking_new(const char *socket, const char *answers, int poll, bool used)
{
	struct vp_hooking *hooking = vp_new(struct vp_hooking);

	hooking->settled = !used;
	hooking->socket = vp_strdup(socket);
	hooking->answers = vp_strdup(answers);
	hooking->poll = poll;
	/* not one that a daemon before us gave: notes of its tables may still wait for us */
	hooking->number = hooking->held = hooking->awaited = (uint32_t)vp_loop_now();
	hooking->until = vp_loop_now() + UNSAID;
	hooking->blind = used ? vp_loop_now() : 0;
	return hooking;
}

static void disconnect(struct vp_hooking *hooking)
{
	hooking->settled = false;
	vp_hook_client_close(hooking->client);
	hooking->client = NULL;
	hooking->given = false;
	hooking->wanted = 0;
	hooking->blind = hooking->blind ? hooking->blind : vp_loop_now();
}

void vp_hooking_free(struct vp_hooking *hooking)
{
	if (!hooking)
		return;
	disconnect(hooking);
	vp_programs_free(&hooking->programs);
	free(hooking->socket);
	free(hooking->answers);
	free(hooking->problem);
	free(hooking);
}

static void set_problem(struct vp_hooking *hooking, const char *problem)
{
	char *copy = vp_strdup(problem);

	free(hooking->problem);
	hooking->problem = copy;
}

/* The table */

static void add_filter(const struct vp_hooking *hooking, const struct vp_cover_filter *filter,
		       struct vp_hook_table *table)
{
	const struct vp_bpf program = vp_filter_program(filter->filter);
	const char *unit =
		filter->target.kind == VP_CALL_TARGET_UNIT ? filter->target.name : NULL;
	uint32_t index = vp_hook_table_filter(table, program.code, program.len, filter->key);
	struct vp_paths paths = { 0 };

	vp_programs_of(&hooking->programs, filter->digest, &paths);
	vp_array_each (path, &paths) {
		vp_hook_table_entry(table, *path, unit, index, filter->injection);
		table->entries.data[table->entries.len - 1].name = filter->digest;
	}
	vp_paths_free(&paths);
}

static uint64_t digest_wanted(const struct vp_coverage *coverage)
{
	uint64_t digest = VP_DIGEST_SEED;

	vp_array_each (filter, &coverage->filters)
		if (filter->wanted)
			digest = vp_digest(digest, &filter->digest, sizeof(filter->digest));
	return digest;
}

/* A table of the same filters, with other programs of theirs, is not waited for. */
static void note_given(struct vp_hooking *hooking, uint32_t number,
		       const struct vp_coverage *coverage)
{
	uint64_t wanted = digest_wanted(coverage);

	if (wanted != hooking->wanted)
		hooking->awaited = number;
	hooking->wanted = wanted;
	hooking->number = number;
	hooking->given = true;
	set_problem(hooking, NULL);
}

static int give(struct vp_hooking *hooking, const struct vp_coverage *coverage,
		struct vp_error *err)
{
	struct vp_hook_table table = { .number = hooking->number + 1 ?: 1 };
	int r;

	vp_array_each (filter, &coverage->filters)
		if (filter->wanted)
			add_filter(hooking, filter, &table);
	if (table.filters.len)
		table.answers = vp_strdup(hooking->answers);
	r = vp_hook_client_set(hooking->client, &table, err);
	if (!r)
		note_given(hooking, table.number, coverage);
	vp_hook_table_free(&table);
	return r;
}

int vp_hooking_connect(struct vp_hooking *hooking, struct vp_error *err)
{
	struct epoll_event event = { .events = EPOLLIN };
	int r = hooking->client
			? 0
			: vp_hook_client_connect(&hooking->client, hooking->socket, err);

	if (!r)
		(void)epoll_ctl(hooking->poll, EPOLL_CTL_ADD,
				vp_hook_client_fd(hooking->client), &event);
	return r;
}

static bool wants_any(const struct vp_coverage *coverage)
{
	vp_array_each (filter, &coverage->filters)
		if (filter->wanted)
			return true;
	return false;
}

uint64_t vp_hooking_keep(struct vp_hooking *hooking, const struct vp_coverage *coverage,
			 uint64_t now)
{
	struct vp_error err;
	int r;

	if (wants_any(coverage))
		hooking->settled = false;
	if (hooking->settled)
		return 0;
	if (!coverage->begun && now < hooking->until) /* the hook has a table from before */
		return hooking->until;
	if (now < hooking->connect)
		return hooking->connect;
	if (vp_programs_update(&hooking->programs, coverage, NULL, now))
		hooking->given = false;
	r = vp_hooking_connect(hooking, &err);
	if (!r && !hooking->given)
		r = give(hooking, coverage, &err);
	if (!wants_any(coverage) && r != -EAGAIN) {
		hooking->settled = true; /* a hook that begins anew has no table */
		hooking->blind = 0;
		set_problem(hooking, NULL);
		return 0;
	}
	if (!r)
		return 0;
	hooking->connect = now + RETRY;
	if (r != -EAGAIN) {
		disconnect(hooking);
		set_problem(hooking, err.text);
	}
	return hooking->connect;
}

/* Notes */

static void take_state(struct vp_hooking *hooking, const struct vp_hook_note *note)
{
	if (note->kind == VP_HOOK_ACCEPTED)
		hooking->held = note->table;
	if (note->kind == VP_HOOK_UNMARKED || note->kind == VP_HOOK_REFUSED ||
	    note->kind == VP_HOOK_FAILED) {
		set_problem(hooking, note->text);
	} else if (note->kind == VP_HOOK_MARKED) {
		set_problem(hooking, NULL);
	}
}

/* A hook that had a table all the time tells of its gaps itself. Of another one, the table
 * that it has is the end of a gap, and becomes the note of that. */
static void take_gap(struct vp_hooking *hooking, struct vp_hook_note *note)
{
	if (note->kind == VP_HOOK_HELLO && note->table)
		hooking->blind = 0;
	if (note->kind != VP_HOOK_ACCEPTED || !hooking->blind)
		return;
	*note = vp_hook_note(VP_HOOK_GAP, note->table);
	note->from = hooking->blind * 1000000;
	note->until = vp_hook_clock();
	snprintf(note->text, sizeof(note->text), "vpatchd-hook was not there, or began anew");
	hooking->blind = 0;
}

int vp_hooking_read(struct vp_hooking *hooking, struct vp_hook_note *note, uint64_t *digest)
{
	struct vp_error err;
	int r = hooking->client ? vp_hook_client_read(hooking->client, note, &err) : 0;

	*digest = 0;
	if (r < 0) {
		disconnect(hooking);
		set_problem(hooking, err.text);
		return 0;
	}
	if (!r)
		return 0;
	take_state(hooking, note);
	take_gap(hooking, note);
	*digest = note->filter;
	return 1;
}

/* Numbers go on from the largest to the first. */
bool vp_hooking_is_settled(const struct vp_hooking *hooking)
{
	return !hooking->given || hooking->problem ||
	       (int32_t)(hooking->held - hooking->awaited) >= 0;
}

const char *vp_hooking_problem(const struct vp_hooking *hooking)
{
	if (vp_hooking_is_settled(hooking))
		return hooking->problem;
	return "vpatchd-hook was told what starts and has not answered yet";
}
