/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A streaming reader of application/x-www-form-urlencoded, as of bodies and of
 * queries: name=value&... Percent signs and plus signs are decoded once; a
 * percent sign that no two hexadecimal digits follow is itself.
 */
#ifndef VP_INSPECTION_FORM_H
#define VP_INSPECTION_FORM_H

#include "modules/inspection/http_out.h"

/* No longer name is compared with: it is cut there, and equals no argument. */
#define VP_FORM_NAME 512

/* Percent-decoding in the middle of a text. All zero at its beginning. */
struct vp_percent {
	uint8_t state; /* bytes held: 0, 1 (the sign), 2 (the sign and `first`) */
	uint8_t first; /* a hexadecimal digit */
	bool plus;     /* a plus sign is a space */
};

/* Decode one byte; `out` has room for 3; how many came out. */
size_t vp_percent_next(struct vp_percent *percent, uint8_t c, uint8_t *out);
/* What was held at the end. */
size_t vp_percent_end(struct vp_percent *percent, uint8_t *out);

struct vp_form {
	struct vp_http_value value;
	struct vp_percent percent;
	bool in_value; /* behind the equals sign */
	uint16_t len;  /* of the name */
	char name[VP_FORM_NAME];
};

/* Values go to `field` of `out`, which outlives it. A field without name is not told. */
void vp_form_open(struct vp_form *form, struct vp_http_out *out, enum vp_field_id field);
void vp_form_feed(struct vp_form *form, struct vp_slice bytes);
void vp_form_finish(struct vp_form *form);

#endif
