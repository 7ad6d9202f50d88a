/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Content-named objects of a ruleset under construction: sets and chains whose
 * name holds a digest of their content, each stored once.
 */
#ifndef VP_NETFILTER_STORE_H
#define VP_NETFILTER_STORE_H

#include "modules/netfilter/ruleset.h"

struct vp_store {
	struct vp_ruleset *ruleset; /* not owned */
	struct vp_store_slot {
		uint64_t digest; /* 0: free */
		const char *name;
	} * slots;
	size_t mask, used; /* slots is mask + 1 long, or NULL */
};

/*
 * Store a set or chain under "PREFIX-DIGEST"; its content is taken over, or
 * freed when the same one is there already. Returns its name, owned by the ruleset.
 */
const char *vp_store_set(struct vp_store *store, const char *prefix, struct vp_nft_set *set);
const char *vp_store_chain(struct vp_store *store, const char *prefix,
			   struct vp_nft_chain *chain);

void vp_store_free(struct vp_store *store);

#endif
