/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What runs: our table as the kernel reports it. */
#ifndef VP_NETFILTER_OBSERVE_H
#define VP_NETFILTER_OBSERVE_H

#include "modules/netfilter/image.h"
#include "modules/netfilter/netlink.h"

/*
 * Read our table whole and consistent: a change in between makes it read again.
 * *image is owned by the caller; image->exists is false when there is no table.
 * 0 or -errno.
 */
int vp_observe(struct vp_netlink *nl, struct vp_image **image, struct vp_error *err);

/* Only whether the table is there, its flags, and the generation it carries. */
int vp_observe_table(struct vp_netlink *nl, struct vp_image *image, struct vp_error *err);

/* Only the counters and limits with their values, only the headers of the sets (-ENOENT: there
 * is no table), only one set's elements. */
int vp_observe_sets(struct vp_netlink *nl, struct vp_image *image, struct vp_error *err);
int vp_observe_objects(struct vp_netlink *nl, struct vp_image *image, struct vp_error *err);
int vp_observe_elements(struct vp_netlink *nl, struct vp_image *image,
			struct vp_image_set *set, struct vp_error *err);

#endif
