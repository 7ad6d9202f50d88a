/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A field of a condition with its argument and transforms; internal to validate_*.c. */
#ifndef VP_POLICY_VALIDATE_OPERAND_H
#define VP_POLICY_VALIDATE_OPERAND_H

#include "policy/validate.h"

/* The type that is compared, behind the transforms. */
struct vp_operand {
	enum vp_field_type type;
	unsigned int bits; /* of a number */
	uint64_t mask;	   /* bits that can be set; all ones without a mask */
	uint32_t length;   /* of a slice; 0: open */
};

struct vp_operand_check {
	struct vp_validation *v;
	const struct vp_condition *condition;
	const struct vp_service *service; /* NULL: its own error says why */
	struct vp_operand operand;
};

struct vp_operand_check vp_operand_check_of(struct vp_validation *v,
					    const struct vp_condition *condition,
					    const struct vp_service *service);

/* Does the service's traffic have the field, and do the transforms fit? `operand` is then what
 * they leave. */
bool vp_operand_check(struct vp_operand_check *check);

bool vp_operand_is_integer(const struct vp_operand *operand);

/* The largest number of so many bits. */
uint64_t vp_operand_widest(unsigned int bits);

/* The field with its slice, for people. Returns `text`. */
const char *vp_operand_text(const struct vp_condition *condition, char text[static 96]);

#endif
