/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two halves of the transaction writer share: batch.c and batch_elements.c. */
#ifndef VP_NETFILTER_BATCH_ELEMENTS_H
#define VP_NETFILTER_BATCH_ELEMENTS_H

#include "modules/netfilter/batch.h"

/* Begin a message of that netlink type; it has room for the longest attribute. */
struct nlmsghdr *vp_batch_message(struct vp_batch *batch, uint16_t type, uint16_t flags);
/* The same for NFT_MSG_`type`, noting what it is about. */
struct nlmsghdr *vp_batch_step(struct vp_batch *batch, uint16_t type, uint16_t flags,
			       struct vp_batch_step step);
/* User data that is one comment (NULL: none), as nft(8) reads it. */
void vp_batch_put_comment(struct nlmsghdr *message, uint16_t attribute, uint8_t type,
			  const char *comment);
/* End the message begun last. */
void vp_batch_finish(struct vp_batch *batch, struct nlmsghdr *message);

#endif
