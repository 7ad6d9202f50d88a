/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules as the kernel reports them, in the form in which lower.c writes them. */
#ifndef VP_NETFILTER_OBSERVE_RULES_H
#define VP_NETFILTER_OBSERVE_RULES_H

#include "modules/netfilter/lower.h"

struct nlattr;

struct vp_canon_pair {
	const void *raw, *canonical;
	uint32_t raw_size, canonical_size;
};

/* Expressions that came by already: rules are much alike. */
struct vp_canon {
	struct vp_expressions out;
	struct vp_image *known; /* scratch: its arena has both forms of all pairs */
	struct vp_index index;
	VP_ARRAY(struct vp_canon_pair) pairs;
};

/* Rules are stored in the image's arena. */
void vp_canon_init(struct vp_canon *canon, struct vp_image *image);
void vp_canon_free(struct vp_canon *canon);
/* The content of an NFTA_RULE_EXPRESSIONS attribute (NULL: no expressions) into the rule. */
void vp_canon_rule(struct vp_canon *canon, const struct nlattr *expressions,
		   struct vp_image_rule *rule);

#endif
