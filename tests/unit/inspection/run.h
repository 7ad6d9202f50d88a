/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a parser over bytes in any cut and gives what it found as text: the
 * units as record.h writes them, and a last line with the final state and its
 * reason, "state boundary" or "state done starttls". Used by unit tests and the
 * fuzz target.
 */
#ifndef VP_TESTS_RUN_H
#define VP_TESTS_RUN_H

#include "modules/inspection/protocol.h"

/* Bytes of one direction, one after the other. */
struct vp_run_input {
	enum vp_direction direction;
	const void *data;
	size_t len;
};

struct vp_run {
	const struct vp_protocol *protocol;
	const char *frame;		       /* or NULL */
	const struct vp_parser_limits *limits; /* NULL: the default */
	const struct vp_run_input *inputs;
	size_t count;
	size_t cut;	      /* bytes given at once; 0: an input is given whole */
	size_t first;	      /* bytes given at first, when not 0 */
	uint32_t seed;	      /* when not 0: pieces of random sizes up to `cut` */
	bool skip;	      /* leave out what the parser says is skippable */
	bool finish;	      /* end both directions behind the last input */
	size_t sleepy;	      /* out: how often the flow could have slept */
	size_t memory;	      /* out: the most that the parser held */
	size_t skipped;	      /* out: bytes left out */
	const bool *unwanted; /* by field, or NULL: all are wanted */
};

/*
 * Feeding stops at a state that ends the parsing. Owned by the caller. A breach
 * of the sink's order is told in a line "fault ..." in the end.
 */
char *vp_run(struct vp_run *run);

/*
 * Run it whole, byte by byte, in small pieces, cut once at each place, and with
 * skips: a difference is printed, and the result is NULL. Else the text.
 */
char *vp_run_all_cuts(struct vp_run *run);

#endif
