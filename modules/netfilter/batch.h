/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One nf_tables transaction: built completely in memory, sent once, and then
 * either wholly in effect or not at all.
 *
 * Names given to these functions must outlive the batch: errors are told in
 * their terms.
 */
#ifndef VP_NETFILTER_BATCH_H
#define VP_NETFILTER_BATCH_H

#include "modules/netfilter/image.h"
#include "modules/netfilter/netlink.h"

/* What a message of the batch is about, for the error that names it. */
struct vp_batch_step {
	const char *verb, *kind, *name;
};

struct vp_batch {
	const char *table; /* that objects belong to: VP_TABLE_NAME unless changed */
	uint8_t *data;	   /* owned */
	size_t len, cap;
	uint32_t sequence; /* of the first message, "begin" */
	VP_ARRAY(struct vp_batch_step) steps;
};

/* Start a transaction on that socket; nothing is sent before vp_batch_send(). */
void vp_batch_begin(struct vp_batch *batch, struct vp_netlink *nl);
void vp_batch_free(struct vp_batch *batch);
#define _cleanup_batch_ vp_cleanup(vp_batch_free)

static inline bool vp_batch_empty(const struct vp_batch *batch)
{
	return batch->steps.len == 0;
}

void vp_batch_add_table(struct vp_batch *batch, const char *table, uint32_t flags);
void vp_batch_delete_table(struct vp_batch *batch, const char *table);

/* A counter begins with the object's packets and bytes. */
void vp_batch_add_object(struct vp_batch *batch, const struct vp_image_object *object);
void vp_batch_delete_object(struct vp_batch *batch, const struct vp_image_object *object);

/* The set without its elements. */
void vp_batch_add_set(struct vp_batch *batch, const struct vp_image_set *set);
void vp_batch_delete_set(struct vp_batch *batch, const struct vp_image_set *set);

/* Elements of the set; one that has counted before begins with its packets and bytes. */
void vp_batch_add_elements(struct vp_batch *batch, const struct vp_image_set *set,
			   const struct vp_image_element *const *elements, size_t count);
void vp_batch_delete_elements(struct vp_batch *batch, const struct vp_image_set *set,
			      const struct vp_image_element *const *elements, size_t count);
/* All of them, whatever they are. */
void vp_batch_empty_set(struct vp_batch *batch, const struct vp_image_set *set);

/* The chain without its rules; a base chain has policy accept. */
void vp_batch_add_chain(struct vp_batch *batch, const struct vp_image_chain *chain);
void vp_batch_delete_chain(struct vp_batch *batch, const struct vp_image_chain *chain);
void vp_batch_add_rules(struct vp_batch *batch, const struct vp_image_chain *chain);
void vp_batch_delete_rules(struct vp_batch *batch, const struct vp_image_chain *chain);

/*
 * Send all of it. 0: in effect. -errno: without any effect, and *err names the
 * object that the kernel refused, its reason and the cure. An empty batch is sent as nothing.
 */
int vp_batch_send(struct vp_batch *batch, struct vp_netlink *nl, struct vp_error *err);

/* Would the kernel take it? 0 or -errno as above; nothing is ever in effect, nobody notices.
 */
int vp_batch_check(struct vp_batch *batch, struct vp_netlink *nl, struct vp_error *err);

#endif
