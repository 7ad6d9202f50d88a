/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vpatch wants in nftables, as plain data: the one form that the compiler
 * produces, that dump.c prints as nft text, that lower.c turns into netlink
 * expressions, and that read-back compares with the kernel.
 *
 * Statements are a level above the kernel's registers: a match names what is
 * read and what it is compared with; lowering picks the registers.
 */
#ifndef VP_NETFILTER_RULESET_H
#define VP_NETFILTER_RULESET_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/memory.h"
#include "policy/value.h"

#define VP_TABLE_NAME "vpatch" /* family inet */

/* What a match reads. Sizes in bytes; payload offsets from the base. */
enum vp_selector_kind {
	VP_SEL_L4PROTO,     /* meta l4proto, 1 */
	VP_SEL_NFPROTO,     /* meta nfproto, 1 */
	VP_SEL_MARK,        /* meta mark, 4, host order */
	VP_SEL_NETWORK,     /* payload from the network header */
	VP_SEL_TRANSPORT,   /* payload from the transport header */
	VP_SEL_CT_STATE,    /* ct state, 4, host order bits */
	VP_SEL_CT_STATUS,   /* ct status, 4, host order bits */
	VP_SEL_CT_DIRECTION, /* ct direction, 1: 0 original, 1 reply */
	VP_SEL_CT_ORIGINAL_DPORT, /* ct original proto-dst, 2 */
	VP_SEL_TCP_OPTION,  /* `type`, offset and size inside the option; size 0: presence, 1 */
	VP_SEL_IPV6_EXTHDR, /* likewise for an IPv6 extension header */
	VP_SEL_IPV4_OPTION, /* presence only: types 7, 131, 137, 148 */
};

struct vp_selector {
	enum vp_selector_kind kind;
	uint8_t type;   /* option or header type */
	uint16_t offset;
	uint8_t size;   /* 1 to 16 */
	bool masked;
	uint8_t mask[16];
};

enum vp_compare {
	VP_CMP_EQ,
	VP_CMP_NE,
	VP_CMP_LT,
	VP_CMP_LE,
	VP_CMP_GT,
	VP_CMP_GE,
	VP_CMP_IN_RANGE,     /* data <= x <= data2 */
	VP_CMP_NOT_IN_RANGE,
	VP_CMP_IN_SET,
	VP_CMP_NOT_IN_SET,
	VP_CMP_LOADED,       /* true when the bytes are there at all */
};

enum vp_statement_kind {
	VP_ST_MATCH,      /* selectors[0] cmp data, or selectors cmp set */
	VP_ST_VMAP,       /* selectors looked up in a verdict map: its verdict is taken */
	VP_ST_MARK_MAP,   /* meta mark set selectors map @set; no match: the rule ends */
	VP_ST_MARK,       /* meta mark set `number` */
	VP_ST_COUNTER,    /* named counter `name` */
	VP_ST_LIMIT,      /* named limit `name` (limit over) */
	VP_ST_LIMIT_EACH, /* update @set { selectors limit rate [over] }; no match when within the rate */
	VP_ST_ADD,        /* add @set { selectors timeout `milliseconds` : `number` } */
	VP_ST_LOG,        /* NFLOG to `number`, prefix `name` */
	VP_ST_VERDICT,
};

enum vp_nft_verdict {
	VP_NFT_DROP,
	VP_NFT_RETURN,
	VP_NFT_JUMP,
	VP_NFT_GOTO,
	VP_NFT_REJECT,       /* icmpx admin-prohibited */
	VP_NFT_REJECT_RESET, /* tcp reset */
};

#define VP_SELECTORS_MAX 8 /* of one concatenation; 64 bytes of registers in all */

struct vp_statement {
	enum vp_statement_kind kind;
	struct vp_selector *selectors; /* owned */
	uint8_t selector_count;
	enum vp_compare compare;
	uint8_t data[16], data2[16]; /* network order, or host order where the selector says so */
	char *name;                  /* set, map, object, chain or log prefix; owned, or NULL */
	uint32_t number;
	uint64_t milliseconds;
	struct vp_rate rate;
	uint32_t burst;
	bool over; /* LIMIT_EACH: match above the rate (else up to it) */
	enum vp_nft_verdict verdict;
};

struct vp_nft_rule {
	VP_ARRAY(struct vp_statement) statements;
	char *comment; /* "PATCH/RULE" or a plain word; user data; or NULL */
};

struct vp_nft_chain {
	char *name;
	bool base;
	uint8_t hook;     /* NF_INET_... */
	int32_t priority;
	bool kept_name;   /* false: the name holds a digest of the content */
	VP_ARRAY(struct vp_nft_rule) rules;
	char *comment;
};

/* A part of a set key: its size in bytes (1 to 16), padded to 4 in a concatenation. */
struct vp_key_part {
	uint8_t size;
	const char *type; /* nft's name for it: "ipv4_addr", "inet_proto", "inet_service", "integer", ... */
};

enum vp_set_data { VP_DATA_NONE, VP_DATA_VERDICT, VP_DATA_MARK };

struct vp_nft_element {
	uint8_t *key, *key_end; /* concatenated parts, each padded to 4; key_end NULL: exact. Owned */
	enum vp_nft_verdict verdict;
	char *chain;   /* of jump and goto; owned */
	uint32_t mark;
	char *comment; /* or NULL */
};

struct vp_nft_set {
	char *name;
	VP_ARRAY(struct vp_key_part) parts;
	struct vp_selector selectors[VP_SELECTORS_MAX]; /* what the parts are, for `typeof` in text */
	enum vp_set_data data;
	bool interval, dynamic, timeout;
	bool counted;       /* every element has a counter */
	bool kept;          /* contents belong to the kernel (bans, limits): never compared, never emptied */
	bool immutable;     /* the name holds a digest of the content: made whole, replaced, never changed */
	uint32_t size;      /* bound of a dynamic set, or hint; 0: none */
	uint64_t milliseconds; /* default timeout of elements */
	VP_ARRAY(struct vp_nft_element) elements;
	char *comment;
};

enum vp_nft_object_kind { VP_OBJECT_COUNTER, VP_OBJECT_LIMIT };

struct vp_nft_object {
	enum vp_nft_object_kind kind;
	char *name;
	uint32_t tag; /* whose */
	struct vp_rate rate;
	uint32_t burst;
};

/* Which element of a counted set, or which counter object, belongs to which rule. */
struct vp_ruleset {
	uint64_t generation;
	bool owner_persist;
	VP_ARRAY(struct vp_nft_set) sets;
	VP_ARRAY(struct vp_nft_object) objects;
	VP_ARRAY(struct vp_nft_chain) chains; /* in an order in which every jump target comes first */
};

void vp_ruleset_free(struct vp_ruleset *ruleset);

#endif
