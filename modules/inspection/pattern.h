/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * String conditions as patterns over bytes, one text for both matchers: `equals`
 * is \A...\z, `starts-with` \A..., and so on. In it `$` that is the field's end is
 * written \z, because to the matchers `$` is also the place before a last newline.
 */
#ifndef VP_INSPECTION_PATTERN_H
#define VP_INSPECTION_PATTERN_H

#include "modules/inspection/sink.h"
#include "policy/value.h"

#define VP_PATTERN_CASELESS  1u
#define VP_PATTERN_DOTALL    2u
#define VP_PATTERN_MULTILINE 4u
#define VP_PATTERN_FLAGS     7u

/* The pattern of a BYTES or REGEX value under a string operator; owned by the caller. */
char *vp_pattern_text(enum vp_operator op, const struct vp_value *value, unsigned int *flags);

/* A BYTES value behind a string, at most `length` bytes (0: any number) from `skip` behind it.
 */
struct vp_pattern_place {
	struct vp_slice string;
	uint32_t skip, length;
};

/* The pattern of it under equals, starts-with or contains; owned by the caller. */
char *vp_pattern_behind(const struct vp_pattern_place *place, enum vp_operator op,
			const struct vp_value *value, unsigned int *flags);

/*
 * The longest literal that whatever satisfies the value contains, under any operator; owned by
 * the caller, its length in *len; NULL when there is none.
 */
uint8_t *vp_pattern_necessary(const struct vp_value *value, size_t *len);

#endif
