/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rulesets made by hand, for the tests of the half that touches the kernel. */
#ifndef VP_TESTS_NETFILTER_KERNEL_BUILD_H
#define VP_TESTS_NETFILTER_KERNEL_BUILD_H

#include "modules/netfilter/instance.h"

#define SHAPE_PORT  7000 /* UDP; the first element of the shape map, and so on */
#define REGION_PORT 6000 /* UDP; the first region of the exact map, and so on */
#define SHAPE_TAG   0x5000u
#define REGION_TAG  0x6000u
#define HITS	    "hits-65536" /* counts what the map's elements drop */

struct shape {
	uint64_t generation;
	unsigned int regions;  /* chains of one dropping rule with a counter object, by port */
	unsigned int elements; /* of the shape map, by port and first payload bytes "SHAP" */
	unsigned int skip;     /* leave out that many of the first elements */
	unsigned int salt;     /* region chains of another salt are other chains */
	unsigned int hits_size; /* of the set HITS; 0: 65536 */
	bool owner_persist;
	bool zoo; /* every kind of statement, set and selector besides */
};

/*
 * Enter a network namespace of our own, with a user namespace around it when we
 * are not root. Ends the program when that is refused: a skipped test is no pass.
 */
void vp_enter_namespace(void);

/* An artefact with that content; vp_artefact_drop() ends it. */
struct vp_artefact *vp_artefact_build(const struct shape *shape);
void vp_artefact_drop(struct vp_artefact *artefact);

/* kernel_zoo.c: every kind of set, selector, comparison and statement. */
void vp_build_zoo(struct vp_ruleset *ruleset);

/* A new chain, set or object of the ruleset; pointers last until the next one. */
struct vp_nft_chain *vp_build_chain(struct vp_ruleset *ruleset, const char *name, bool kept);
struct vp_nft_set *vp_build_set(struct vp_ruleset *ruleset, const char *name,
				enum vp_set_data data);
void vp_build_object(struct vp_ruleset *ruleset, enum vp_nft_object_kind kind,
		     const char *name, uint32_t tag);

#endif
