// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What nft(8) wants to know of a set before it can list it. Without this it stops
 * at the first key with a part of no named type. Pure.
 */
#include "modules/netfilter/userdata.h"

#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <libnftnl/udata.h>

/* nft's own numbers, part of what it stores in the kernel and therefore stable. */
enum {
	NFT_EXPRESSION_PAYLOAD = 7,
	NFT_EXPRESSION_META = 9,
	NFT_EXPRESSION_CT = 12,
	NFT_EXPRESSION_CONCAT = 13
};
enum { NFT_PROTOCOL_RAW = 0, NFT_PROTOCOL_TH = 11 };
enum { NFT_BASE_NETWORK = 2, NFT_BASE_TRANSPORT = 3 };
enum { NFT_TH_SPORT = 1, NFT_TH_DPORT = 2 };
enum { NFT_ORDER_NONE = 0, NFT_ORDER_HOST = 1, NFT_ORDER_NETWORK = 2 };
enum { NFT_TYPE_INTEGER = 4, NFT_TYPE_BYTES = 6, NFT_TYPE_BITS = 6, NFT_TYPES_MAX = 5 };

static uint32_t type_number(const char *name)
{
	static const struct {
		const char *name;
		uint32_t number;
	} types[] = {
		{ "nf_proto", 2 },
		{ "integer", NFT_TYPE_INTEGER },
		{ "ipv4_addr", 7 },
		{ "ipv6_addr", 8 },
		{ "inet_proto", 12 },
		{ "inet_service", 13 },
		{ "icmp_type", 14 },
		{ "tcp_flag", 15 },
		{ "mark", VP_NFT_TYPE_MARK },
		{ "icmpv6_type", 29 },
		{ "icmp_code", 32 },
		{ "icmpv6_code", 33 },
	};

	for (size_t i = 0; name && i < VP_COUNT(types); i++)
		if (!strcmp(types[i].name, name))
			return types[i].number;
	return NFT_TYPE_INTEGER;
}

/* Append type, length, value. False, with nothing appended, when there is no room. */
static bool put(struct vp_userdata *out, uint8_t type, const void *data, size_t size)
{
	if (size > UINT8_MAX || out->length + 2 + size > sizeof(out->data))
		return false;
	out->data[out->length++] = type;
	out->data[out->length++] = (uint8_t)size;
	memcpy(out->data + out->length, data, size);
	out->length += (uint32_t)size;
	return true;
}

static bool put_number(struct vp_userdata *out, uint8_t type, uint32_t number)
{
	return put(out, type, &number, sizeof(number));
}

static bool put_nest(struct vp_userdata *out, uint8_t type, const struct vp_userdata *inner)
{
	return put(out, type, inner->data, inner->length);
}

static bool put_payload(struct vp_userdata *out, const struct vp_selector *selector)
{
	bool transport = selector->kind == VP_SEL_TRANSPORT;

	if (transport && selector->size == 2 && selector->offset <= 2 && !selector->masked)
		return put_number(out, 0, NFT_PROTOCOL_TH) &&
		       put_number(out, 1, selector->offset ? NFT_TH_DPORT : NFT_TH_SPORT);
	return put_number(out, 0, NFT_PROTOCOL_RAW) && put_number(out, 1, 0) &&
	       put_number(out, 2, transport ? NFT_BASE_TRANSPORT : NFT_BASE_NETWORK) &&
	       put_number(out, 3, selector->offset * 8u) &&
	       put_number(out, 4, selector->size * 8u);
}

/* Which expression yields the selector, and its own words in *details; 0: none that nft can
 * name. */
static uint32_t describe(const struct vp_selector *selector, struct vp_userdata *details)
{
	switch (selector->kind) {
	case VP_SEL_L4PROTO:
		return put_number(details, 0, NFT_META_L4PROTO) ? NFT_EXPRESSION_META : 0;
	case VP_SEL_NFPROTO:
		return put_number(details, 0, NFT_META_NFPROTO) ? NFT_EXPRESSION_META : 0;
	case VP_SEL_MARK:
		return put_number(details, 0, NFT_META_MARK) ? NFT_EXPRESSION_META : 0;
	case VP_SEL_IIFTYPE:
		return put_number(details, 0, NFT_META_IIFTYPE) ? NFT_EXPRESSION_META : 0;
	case VP_SEL_OIFTYPE:
		return put_number(details, 0, NFT_META_OIFTYPE) ? NFT_EXPRESSION_META : 0;
	case VP_SEL_NETWORK:
	case VP_SEL_TRANSPORT:
		return put_payload(details, selector) ? NFT_EXPRESSION_PAYLOAD : 0;
	case VP_SEL_CT_ORIGINAL_DPORT:
		return put_number(details, 0, NFT_CT_PROTO_DST) && put_number(details, 1, 0)
			       ? NFT_EXPRESSION_CT
			       : 0;
	case VP_SEL_CT_STATE:
	case VP_SEL_CT_STATUS:
	case VP_SEL_CT_DIRECTION:
	case VP_SEL_TCP_OPTION:
	case VP_SEL_IPV6_EXTHDR:
	case VP_SEL_IPV4_OPTION:
	case VP_SEL_INNER:
		return 0;
	}
	return 0;
}

/* An expression with its number (0) and details (1). */
static bool put_expression(struct vp_userdata *out, const struct vp_selector *selector)
{
	struct vp_userdata details = { .length = 0 };
	uint32_t expression = describe(selector, &details);

	return expression && put_number(out, 0, expression) && put_nest(out, 1, &details);
}

static bool put_key(struct vp_userdata *out, const struct vp_nft_set *set)
{
	struct vp_userdata all = { .length = 0 }, parts = { .length = 0 };

	if (set->parts.len == 1)
		return put_expression(&all, &set->selectors[0]) &&
		       put_nest(out, NFTNL_UDATA_SET_KEY_TYPEOF, &all);
	for (size_t i = 0; i < set->parts.len; i++) {
		struct vp_userdata part = { .length = 0 };

		if (!put_expression(&part, &set->selectors[i]) ||
		    !put_nest(&parts, (uint8_t)i, &part))
			return false;
	}
	return put_number(&all, 0, NFT_EXPRESSION_CONCAT) && put_nest(&all, 1, &parts) &&
	       put_nest(out, NFTNL_UDATA_SET_KEY_TYPEOF, &all);
}

static bool put_mark(struct vp_userdata *out)
{
	struct vp_selector mark = { .kind = VP_SEL_MARK, .size = 4 };
	struct vp_userdata all = { .length = 0 };

	return put_expression(&all, &mark) && put_nest(out, NFTNL_UDATA_SET_DATA_TYPEOF, &all);
}

/* Does a type name all the parts, so that no expressions need to? */
static bool has_names(const struct vp_nft_set *set)
{
	for (size_t i = 0; i < set->parts.len; i++)
		if (type_number(set->parts.data[i].type) == NFT_TYPE_INTEGER)
			return false;
	return set->parts.len <= NFT_TYPES_MAX;
}

static uint32_t key_byte_order(const struct vp_nft_set *set)
{
	if (set->parts.len > 1)
		return NFT_ORDER_NONE;
	return type_number(set->parts.data[0].type) == VP_NFT_TYPE_MARK ? NFT_ORDER_HOST
									: NFT_ORDER_NETWORK;
}

static void put_orders(struct vp_userdata *out, const struct vp_nft_set *set,
		       uint32_t key_order)
{
	put_number(out, NFTNL_UDATA_SET_KEYBYTEORDER, key_order);
	if (set->data != VP_DATA_NONE)
		put_number(out, NFTNL_UDATA_SET_DATABYTEORDER,
			   set->data == VP_DATA_MARK ? NFT_ORDER_HOST : NFT_ORDER_NONE);
}

void vp_userdata_set(struct vp_userdata *out, const struct vp_nft_set *set,
		     const char *comment, uint32_t *key_type)
{
	bool described = true;

	*key_type = 0;
	for (size_t i = 0; i < set->parts.len && i < NFT_TYPES_MAX; i++)
		*key_type = *key_type << NFT_TYPE_BITS | type_number(set->parts.data[i].type);
	put_orders(out, set, key_byte_order(set));
	if (!has_names(set))
		described = put_key(out, set) && (set->data != VP_DATA_MARK || put_mark(out));
	if (!described) {
		*key_type = NFT_TYPE_BYTES;
		out->length = 0;
		put_orders(out, set, NFT_ORDER_NETWORK);
	}
	if (comment)
		put(out, NFTNL_UDATA_SET_COMMENT, comment, strlen(comment) + 1);
}
