/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A parser over cut bytes: see run.h. */
#include "tests/unit/inspection/run.h"

#include <stdio.h>
#include <string.h>

#include "lib/memory.h"
#include "lib/strbuf.h"
#include "tests/unit/inspection/record.h"

struct state {
	struct vp_run *run;
	struct vp_parser *parser;
	struct vp_parsed parsed;
	uint64_t skippable[2];
	bool skipped; /* the last bytes were left out */
	uint32_t random;
};

static bool over(const struct state *state)
{
	return state->parsed.state != VP_PARSE_INSIDE &&
	       state->parsed.state != VP_PARSE_BOUNDARY;
}

static void feed(struct state *state, enum vp_direction direction, const uint8_t *data,
		 size_t len)
{
	/* a copy of its exact size, so that a sanitizer sees a read past the end */
	_cleanup_free_ uint8_t *copy = malloc(len ? len : 1);
	size_t held;

	if (len)
		memcpy(copy, data, len);
	state->parsed = state->run->protocol->feed(state->parser, direction,
						   (struct vp_slice){ copy, len });
	state->skippable[direction] = state->parsed.skippable;
	state->skipped = false;
	state->run->sleepy += state->parsed.state == VP_PARSE_BOUNDARY;
	held = state->run->protocol->memory(state->parser);
	if (held > state->run->memory)
		state->run->memory = held;
}

static size_t piece_size(struct state *state)
{
	if (!state->run->seed || !state->run->cut)
		return state->run->cut;
	state->random = state->random * 1103515245 + 12345;
	return 1 + (state->random >> 16) % state->run->cut;
}

/* The size of the next piece; what may be skipped is, when that is wanted. */
static size_t feed_piece(struct state *state, const struct vp_run_input *input, size_t offset,
			 size_t *first)
{
	uint64_t *skippable = &state->skippable[input->direction];
	size_t left = input->len - offset;
	size_t piece = *first ? *first : piece_size(state);

	if (state->run->skip && *skippable && left) {
		piece = *skippable < left ? (size_t)*skippable : left;
		state->run->protocol->skipped(state->parser, input->direction, piece);
		state->run->skipped += piece;
		*skippable -= piece;
		state->skipped = true;
		return piece;
	}
	piece = piece && piece < left ? piece : left;
	*first = 0;
	feed(state, input->direction, (const uint8_t *)input->data + offset, piece);
	return piece;
}

static void feed_all(struct state *state)
{
	size_t first = state->run->first;

	for (size_t i = 0; i < state->run->count; i++) {
		const struct vp_run_input *input = &state->run->inputs[i];
		size_t offset = 0;

		do {
			if (over(state))
				return;
			offset += feed_piece(state, input, offset, &first);
		} while (offset < input->len);
		if (state->skipped && !over(state)) /* what it says behind a skip */
			feed(state, input->direction, NULL, 0);
	}
}

static void finish(struct state *state)
{
	static const enum vp_direction directions[] = { VP_TO_SERVER, VP_TO_CLIENT };

	for (size_t i = 0; i < VP_COUNT(directions) && state->run->finish; i++)
		if (state->run->protocol->finish && !over(state))
			state->parsed =
				state->run->protocol->finish(state->parser, directions[i]);
}

static void write_state(const struct vp_parsed *parsed, struct vp_strbuf *out)
{
	static const char *const names[] = {
		[VP_PARSE_INSIDE] = "inside", [VP_PARSE_BOUNDARY] = "boundary",
		[VP_PARSE_DONE] = "done",     [VP_PARSE_FOREIGN] = "foreign",
		[VP_PARSE_BROKEN] = "broken", [VP_PARSE_BOUND] = "bound",
	};

	vp_strbuf_addf(out, "state %s%s%s\n", names[parsed->state], parsed->reason ? " " : "",
		       parsed->reason ? parsed->reason : "");
}

char *vp_run(struct vp_run *run)
{
	struct state state = { .run = run,
			       .parsed.state = VP_PARSE_BOUNDARY,
			       .random = run->seed };
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };
	struct vp_record record;

	vp_record_open(&record);
	if (run->unwanted)
		memcpy(record.unwanted, run->unwanted, sizeof(record.unwanted));
	run->memory = run->sleepy = run->skipped = 0;
	state.parser =
		run->protocol->open(run->limits ? run->limits : &vp_parser_limits_default,
				    run->frame, &record.sink);
	if (state.parser) {
		feed_all(&state);
		finish(&state);
		run->protocol->close(state.parser);
		vp_strbuf_adds(&out, vp_record_text(&record));
		write_state(&state.parsed, &out);
	} else {
		vp_strbuf_adds(&out, "state closed\n");
	}
	if (record.fault)
		vp_strbuf_addf(&out, "fault %s\n", record.fault);
	vp_record_close(&record);
	return vp_strbuf_take(&out);
}

static bool is_same(const struct vp_run *run, const char *whole)
{
	struct vp_run copy = *run;
	_cleanup_free_ char *cut = vp_run(&copy);

	if (!strcmp(whole, cut) && !strstr(whole, "\nfault "))
		return true;
	fprintf(stderr, "whole:\n%sfirst %zu, cut %zu, skip %d:\n%s", whole, run->first,
		run->cut, run->skip, cut);
	return false;
}

char *vp_run_all_cuts(struct vp_run *run)
{
	static const size_t cuts[] = { 0, 1, 2, 3, 7, 64 };
	_cleanup_free_ char *whole = vp_run(run);
	struct vp_run other = *run;
	size_t most = run->count ? run->inputs[0].len : 0;

	for (int skip = 0; skip < 2; skip++) {
		other.skip = skip && run->protocol->skipped;
		for (size_t i = 0; i < VP_COUNT(cuts); i++) {
			other.cut = cuts[i];
			if (!is_same(&other, whole))
				return NULL;
		}
	}
	other.cut = 0;
	for (size_t i = 1; i < most && i < 2000; i++) {
		other.first = i;
		if (!is_same(&other, whole))
			return NULL;
	}
	return TAKE_PTR(whole);
}
