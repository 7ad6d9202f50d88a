/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A streaming reader of JSON (RFC 8259): every scalar is a value, named by its
 * path. Nothing is kept but the path and one byte for each open container.
 *
 * A path is the keys from the root, with dots between; any element of an array
 * is `[]`, whichever its place: {"a":{"b":[{"c":1}]}} has a.b[].c. Keys and
 * strings are decoded. An object itself is the value `{`, an array `[`. Of equal
 * keys each one counts. A value at the root has no path and is not told.
 *
 * It reads what lenient readers read: comments, single quotes, words without
 * quotes, missing and superfluous commas, raw control characters, several
 * documents one after the other. A reader that refuses the document has nothing
 * that an attack could reach.
 */
#ifndef VP_INSPECTION_JSON_H
#define VP_INSPECTION_JSON_H

#include "modules/inspection/http_out.h"

/* No longer name is compared with: a path is cut there, and equals no argument. */
#define VP_JSON_PATH 1024

struct vp_json;

/* Values go to `field` of `out`, which outlives it. `depth`: containers in each other. */
struct vp_json *vp_json_new(struct vp_http_out *out, enum vp_field_id field,
			    unsigned int depth);
void vp_json_free(struct vp_json *json);
size_t vp_json_memory(const struct vp_json *json);

/* -ENOBUFS: deeper than `depth`; nothing more is read. */
int vp_json_feed(struct vp_json *json, struct vp_slice bytes);
void vp_json_finish(struct vp_json *json);

#endif
