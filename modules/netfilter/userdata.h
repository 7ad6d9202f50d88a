/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * User data of sets: what nft(8) and other readers need to print them. The
 * kernel only keeps it. Layout: libnftnl/udata.h; contents: nft's own.
 */
#ifndef VP_NETFILTER_USERDATA_H
#define VP_NETFILTER_USERDATA_H

#include "modules/netfilter/ruleset.h"

#define VP_USERDATA_MAX	 256 /* NFT_USERDATA_MAXLEN */
#define VP_NFT_TYPE_MARK 19

struct vp_userdata {
	uint8_t data[VP_USERDATA_MAX];
	uint32_t length;
};

/*
 * Describe a set: byte order, the fields its key is made of, comment (or NULL).
 * *key_type is nft's number for the type of the key. Keys that nft cannot describe
 * get a type that it prints as plain bytes; it must never stumble over our table.
 */
void vp_userdata_set(struct vp_userdata *out, const struct vp_nft_set *set,
		     const char *comment, uint32_t *key_type);

#endif
