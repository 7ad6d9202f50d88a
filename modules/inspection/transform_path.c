/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * normalise-path: the segments `.` and `..` removed (RFC 3986, 5.2.4) and empty
 * ones too. A later `..` may take back any segment, so the path is held whole.
 */
#include <string.h>

#include "modules/inspection/transform_stage.h"

/* held: the path so far; number: where it cannot be taken back further (leading `..`);
 * count: where the open segment begins; phase: 1 after the first byte */

/* Close the open segment; `slash`: one follows. */
static void segment_end(struct vp_stage *stage, bool slash)
{
	struct vp_stage_state *s = &stage->state;
	size_t len = stage->held_len - s->count;
	const uint8_t *segment = len ? stage->held + s->count : NULL;
	bool rooted = stage->held_len && stage->held[0] == '/';

	if (!len) {
		/* the root's own slash; any other is doubled */
		if (slash && !s->phase)
			vp_stage_hold(stage, '/');
	} else if (len == 1 && segment[0] == '.') {
		stage->held_len = s->count;
	} else if (len == 2 && segment[0] == '.' && segment[1] == '.') {
		stage->held_len = s->count;
		if (s->count > s->number + rooted) {
			/* behind a slash: back over it and the segment before */
			stage->held_len--;
			while (stage->held_len > s->number + rooted &&
			       stage->held[stage->held_len - 1] != '/')
				stage->held_len--;
		} else if (!rooted) {
			stage->held_len += 2;
			if (slash)
				vp_stage_hold(stage, '/');
			s->number = (uint32_t)stage->held_len;
		}
	} else if (slash) {
		vp_stage_hold(stage, '/');
	}
	s->count = (uint32_t)stage->held_len;
}

static void path(struct vp_stage *stage, struct vp_slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.data[i] == '/')
			segment_end(stage, true);
		else
			vp_stage_hold(stage, bytes.data[i]);
		stage->state.phase = 1;
	}
}

static void path_end(struct vp_stage *stage)
{
	segment_end(stage, false);
	vp_stage_put_all(stage, stage->held, stage->held_len);
	stage->held_len = 0;
}

const struct vp_stage_type vp_stage_normalise_path = { path, path_end };
