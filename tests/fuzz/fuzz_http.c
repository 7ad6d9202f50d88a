/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes in both directions of an HTTP connection: no crash, no breach of the
 * sink's order, memory within the limits, and the values do not depend on where
 * the bytes are cut. The first byte says how they are cut and whether the
 * connection ends, and whether answers or requests are wanted; a line "<" or
 * ">" alone turns to the answers or back to the requests.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "modules/inspection/http.h"
#include "tests/unit/inspection/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST_INPUTS 16

/* Small, so that the bounds are reached. The libraries' own state must fit. */
static const struct vp_parser_limits limits = { .memory = 256u << 10,
						.header = 512,
						.depth = 4 };

/* Directions take turns at lines of one sign. */
static size_t split(const uint8_t *data, size_t size, struct vp_run_input *inputs)
{
	size_t count = 0, start = 0;
	enum vp_direction direction = VP_TO_SERVER;

	for (size_t i = 0; i + 3 <= size && count + 1 < MOST_INPUTS; i++) {
		if (data[i] != '\n' || data[i + 2] != '\n' ||
		    data[i + 1] != (direction == VP_TO_SERVER ? '<' : '>'))
			continue;
		inputs[count++] =
			(struct vp_run_input){ direction, data + start, i + 1 - start };
		direction = !direction;
		start = i + 3;
		i += 2;
	}
	inputs[count++] = (struct vp_run_input){ direction, data + start, size - start };
	return count;
}

static const char *last_line(const char *text)
{
	const char *state = strstr(text, "\nstate bound");

	return state ? state + 1 : text;
}

/* Where a bound stops the parser in the middle of what it was given, the values before it are
 * those of more or fewer bytes. */
static void compare(const char *whole, const char *cut)
{
	const char *a = last_line(whole), *b = last_line(cut);

	if (a == whole && b == cut && strcmp(whole, cut)) {
		fprintf(stderr, "whole:\n%scut:\n%s", whole, cut);
		abort();
	}
	if ((a == whole) != (b == cut) && !strstr(a, "compression") &&
	    !strstr(b, "compression")) {
		fprintf(stderr, "whole ends:\n%scut ends:\n%s", a, b);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vp_run_input inputs[MOST_INPUTS];
	struct vp_run run = { .protocol = &vp_protocol_http,
			      .limits = &limits,
			      .inputs = inputs };
	bool unwanted[VP_FIELD_COUNT] = { false };
	_cleanup_free_ char *whole = NULL;
	_cleanup_free_ char *cut = NULL;

	if (!size)
		return 0;
	run.count = split(data + 1, size - 1, inputs);
	run.finish = data[0] & 1;
	run.unwanted = data[0] & 0x80 ? NULL : unwanted;
	memset(unwanted + VP_FIELD_HTTP_STAT_CODE, true,
	       VP_FIELD_HTTP_RESPONSE_BODY - VP_FIELD_HTTP_STAT_CODE + 1);
	whole = vp_run(&run);
	if (run.memory > 2 * limits.memory)
		abort();
	run.cut = 1 + (data[0] >> 3 & 15);
	run.first = 1 + (data[0] >> 1 & 3);
	cut = vp_run(&run);
	compare(whole, cut);
	if (strstr(whole, "\nfault ")) {
		fprintf(stderr, "%s", whole);
		abort();
	}
	return 0;
}
