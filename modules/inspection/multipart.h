/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A streaming reader of multipart bodies (RFC 2046, 7578): form fields by name,
 * the contents of all parts by name, and the names of files. Kept are the
 * boundary and the head of one part.
 */
#ifndef VP_INSPECTION_MULTIPART_H
#define VP_INSPECTION_MULTIPART_H

#include "modules/inspection/http_out.h"

#define VP_MULTIPART_BOUNDARY 256

struct vp_multipart;

/* `type`: the value of the Content-Type header. `header`: most bytes of a part's head.
 * NULL when it has no boundary of a sane length. */
struct vp_multipart *vp_multipart_new(struct vp_http_out *out, struct vp_slice type,
				      size_t header);
void vp_multipart_free(struct vp_multipart *multipart);
size_t vp_multipart_memory(const struct vp_multipart *multipart);

/* -ENOBUFS: the head of a part is too large; nothing more is read. */
int vp_multipart_feed(struct vp_multipart *multipart, struct vp_slice bytes);
void vp_multipart_finish(struct vp_multipart *multipart);

/*
 * A parameter of a header's value (RFC 2183), from *position on: name and value,
 * without quotes; false behind the last. The value is copied to `room`, which
 * has space for the header's value.
 */
struct vp_parameter {
	struct vp_slice name, value;
};
bool vp_parameter_next(struct vp_slice header, size_t *position, uint8_t *room,
		       struct vp_parameter *parameter);

#endif
