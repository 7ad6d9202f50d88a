/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what runs to what is meant, in three steps: what to put in place where no
 * traffic reaches it, what to switch in one transaction, what to take away after.
 */
#ifndef VP_NETFILTER_DIFF_H
#define VP_NETFILTER_DIFF_H

#include "modules/netfilter/image.h"

/* A set whose elements change in place. */
struct vp_diff_set {
	const struct vp_image_set *wanted, *base;
	VP_ARRAY(const struct vp_image_element *) add;	  /* of wanted */
	VP_ARRAY(const struct vp_image_element *) remove; /* of base */
};

struct vp_diff {
	/*
	 * Something that cannot be changed in place differs (a hook, a set's type): the
	 * whole table is replaced in one transaction instead. `conflict` says what.
	 */
	bool rebuild;
	const char *conflict;
	/* prepare */
	bool make_table;					/* or take it over */
	VP_ARRAY(const struct vp_image_object *) stale_objects; /* unused, of another rate */
	VP_ARRAY(const struct vp_image_object *) new_objects;
	VP_ARRAY(const struct vp_image_set *) new_sets;
	VP_ARRAY(const struct vp_image_chain *)
	new_chains; /* base chains stay empty until commit */
	/* commit */
	VP_ARRAY(const struct vp_image_chain *) filled_chains;	 /* new, and empty until now */
	VP_ARRAY(const struct vp_image_chain *) switched_chains; /* other rules than before */
	VP_ARRAY(const struct vp_image_chain *)
	emptied_chains; /* base chains no longer meant */
	VP_ARRAY(struct vp_diff_set) changed_sets;
	VP_ARRAY(const struct vp_image_set *) recalled_sets; /* to empty */
	/* finish */
	VP_ARRAY(const struct vp_image_chain *) old_chains;
	VP_ARRAY(const struct vp_image_set *) old_sets;
};

/* Points into both images, which must outlive it. */
void vp_diff_make(struct vp_diff *diff, const struct vp_image *base,
		  const struct vp_image *wanted);
void vp_diff_free(struct vp_diff *diff);

#endif
