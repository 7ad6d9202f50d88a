/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vpatch wants in nftables, as plain data: the one form that the compiler
 * produces, that text.c prints as nft text, that lower.c turns into netlink
 * expressions, and that read-back compares with the kernel.
 *
 * Statements are a level above the kernel's registers: a match names what is
 * read and what it is compared with; lowering picks the registers. A statement
 * that reads something the packet does not have ends the rule, as in the kernel.
 *
 * Dependencies are spelled out: a selector of one family or protocol comes after
 * a VP_SEL_NFPROTO or VP_SEL_L4PROTO match in its rule, or in a chain that only
 * such packets reach. Lowering adds none.
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
	VP_SEL_L4PROTO,	     /* meta l4proto, 1 */
	VP_SEL_NFPROTO,	     /* meta nfproto, 1 */
	VP_SEL_IIFTYPE,	     /* meta iiftype, 2, host order: ARPHRD_...; missing at output */
	VP_SEL_OIFTYPE,	     /* meta oiftype, likewise; missing at input */
	VP_SEL_MARK,	     /* meta mark, 4, host order */
	VP_SEL_NETWORK,	     /* payload from the network header */
	VP_SEL_TRANSPORT,    /* payload from the transport header */
	VP_SEL_CT_STATE,     /* ct state, 4, host order bits */
	VP_SEL_CT_STATUS,    /* ct status, 4, host order bits */
	VP_SEL_CT_DIRECTION, /* ct direction, 1: 0 original, 1 reply */
	VP_SEL_CT_ORIGINAL_DPORT, /* ct original proto-dst, 2 */
	VP_SEL_TCP_OPTION,  /* `type`, offset and size inside the option; size 0: presence, a
			       byte 0 or 1 */
	VP_SEL_IPV6_EXTHDR, /* likewise for an IPv6 extension header */
	VP_SEL_IPV4_OPTION, /* presence only (size 0): types 7, 131, 137, 148 */
	VP_SEL_INNER,	    /* payload from behind the transport header, options included */
};

struct vp_selector {
	enum vp_selector_kind kind;
	uint8_t type; /* option or header type */
	uint16_t offset;
	uint8_t size; /* 1 to 16; 0: presence */
	bool masked;  /* what was read is ANDed with `mask`; comparisons are of the result */
	uint8_t mask[16];
};

/* Bytes that a selector yields: its size, 1 for presence. */
static inline size_t vp_selector_width(const struct vp_selector *selector)
{
	return selector->size ? selector->size : 1;
}

enum vp_compare {
	VP_CMP_EQ,
	VP_CMP_NE,
	VP_CMP_LT,
	VP_CMP_LE,
	VP_CMP_GT,
	VP_CMP_GE,
	VP_CMP_IN_RANGE, /* data <= x <= data2 */
	VP_CMP_NOT_IN_RANGE,
	VP_CMP_IN_SET,
	VP_CMP_NOT_IN_SET,
	VP_CMP_LOADED, /* true when the bytes are there at all; no data */
	VP_CMP_BITS,   /* (x & data) != 0; ct state, ct status */
};

enum vp_statement_kind {
	VP_ST_MATCH,	/* selectors[0] cmp data, or selectors cmp set `name` */
	VP_ST_VMAP,	/* selectors looked up in verdict map `name`: its verdict is taken; no
			   match: the rule ends */
	VP_ST_MARK_MAP, /* meta mark set selectors map @name; no match: the rule ends */
	VP_ST_MARK,	/* meta mark set `number` */
	VP_ST_COUNTER,	/* named counter `name` */
	VP_ST_LIMIT, /* limit object `name` (always over); name NULL: anonymous, `rate` `burst`
			`over` */
	VP_ST_LIMIT_EACH, /* update @name { selectors limit `rate` `burst` [over] } */
	VP_ST_COUNT_EACH, /* update @name { selectors counter }; a full set ends the rule. The
			     set never forgets: its keys are few */
	VP_ST_ADD, /* add @name { selectors timeout `milliseconds` : `number` }; the data is a
		      mark */
	VP_ST_LOG, /* NFLOG to `number`, prefix `name` */
	VP_ST_VERDICT,
	VP_ST_REFRESH, /* update @name { selectors timeout `milliseconds` } */
	VP_ST_REMOVE,  /* delete @name { selectors } */
	VP_ST_ALLOW, /* add @name { selectors timeout `milliseconds` quota `bytes` }: a look-up
			of the element matches while its packets together, the one that adds
			it included, have at most that many bytes; 0: always */
	VP_ST_MARK_PORT, /* meta mark set ct original proto-dst in its first two bytes, as the
			    packet has it, and `number` (host order) in the others */
	VP_ST_SEGMENT, /* tcp option maxseg size set `number`; the kernel never sets more than
			  there was */
	VP_ST_QUEUE,   /* to one of `queues` queues from `number` on, by the flow's addresses;
			  `over`: goes on where nobody listens, else dropped there */
};

enum vp_nft_verdict {
	VP_NFT_DROP,
	VP_NFT_RETURN,
	VP_NFT_JUMP,
	VP_NFT_GOTO,
	VP_NFT_REJECT,	     /* icmpx admin-prohibited */
	VP_NFT_REJECT_RESET, /* tcp reset */
};

#define VP_SELECTORS_MAX 8 /* of one concatenation; 64 bytes of registers in all */

struct vp_statement {
	enum vp_statement_kind kind;
	struct vp_selector *selectors; /* owned */
	uint8_t selector_count;
	enum vp_compare compare;
	uint8_t data[16],
		data2[16]; /* network order, or host order where the selector says so */
	char *name;	   /* set, map, object, chain or log prefix; owned, or NULL */
	uint32_t number;
	uint64_t milliseconds, bytes;
	struct vp_rate rate;
	uint32_t burst;
	uint16_t queues;
	bool compat; /* queues: by the NFQUEUE target, on a kernel without the expression */
	bool over;   /* limits: go on with the rule above the rate (else: up to it) */
	enum vp_nft_verdict verdict;
};

VP_ARRAY_TYPE(vp_statements, struct vp_statement);

struct vp_nft_rule {
	struct vp_statements statements;
	char *comment; /* "PATCH/RULE" or a plain word; user data; or NULL */
};

struct vp_nft_chain {
	char *name;
	bool base;
	uint8_t hook; /* NF_INET_... */
	int32_t priority;
	bool kept_name; /* its rules change in place; false: the name holds a digest of the
			   content */
	VP_ARRAY(struct vp_nft_rule) rules;
	char *comment;
};

/* A part of a set key: its size in bytes (1 to 16), padded to 4 in a concatenation. */
struct vp_key_part {
	uint8_t size;
	const char *type; /* nft's name for it: "ipv4_addr", "inet_proto", "inet_service",
			     "integer", ... */
};

enum vp_set_data { VP_DATA_NONE, VP_DATA_VERDICT, VP_DATA_MARK };

#define VP_NO_KEY_END UINT32_MAX

/* Small on purpose: there may be a hundred thousand. Nothing in it is owned. */
struct vp_nft_element {
	uint32_t key; /* offset into the set's `keys`: concatenated parts, each padded to 4 */
	uint32_t key_end; /* likewise, inclusive end of an interval; VP_NO_KEY_END: exact */
	uint32_t mark;
	enum vp_nft_verdict verdict;
	const char *chain;   /* of jump and goto: the name of a chain of this ruleset */
	const char *comment; /* the name of a tag of this ruleset, or NULL */
};

struct vp_nft_set {
	char *name;
	VP_ARRAY(struct vp_key_part) parts;
	struct vp_selector
		selectors[VP_SELECTORS_MAX]; /* what the parts are, for `typeof` in text */
	enum vp_set_data data;
	bool interval; /* elements have both ends; disjoint */
	bool dynamic, timeout;
	bool kept;	/* contents belong to the kernel (bans, limits): never compared, never
			   emptied */
	bool recalled;	/* of a kept set: emptied all the same with each new generation */
	bool immutable; /* the name holds a digest of the content: made whole, replaced, never
			   changed */
	uint32_t tag;	/* of a kept set: whose it is; 0: everybody's */
	uint32_t size;	/* bound of a dynamic set, or hint; 0: none */
	uint64_t milliseconds;	/* default timeout of elements */
	uint32_t key_size;	/* bytes of a key: its parts, each padded to 4 */
	VP_ARRAY(uint8_t) keys; /* all keys, one after the other */
	VP_ARRAY(struct vp_nft_element) elements; /* sorted by key, without duplicates */
	char *comment;
};

enum vp_nft_object_kind { VP_OBJECT_COUNTER, VP_OBJECT_LIMIT };

struct vp_nft_object {
	enum vp_nft_object_kind kind;
	char *name;   /* counter: "PATCH/RULE"; limit: with its rate, as that cannot be changed
			 in place */
	uint32_t tag; /* whose */
	struct vp_rate rate;
	uint32_t burst;
};

/*
 * Sets that count by tag: what rules without a counter object dropped ("hits-SIZE"), and
 * packets of sources that a rule had banned ("ban-hits-SIZE"). The first packet
 * makes the element.
 */
#define VP_HITS_PREFIX	   "hits-"
#define VP_BAN_HITS_PREFIX "ban-hits-"

/*
 * Who is banned, with the tag of the rule that did it, and who never is: whole
 * addresses as intervals, of IPv6 the /64s they are in, in sets whose names begin so and go on
 * with a digest.
 */
#define VP_BAN_SET_4	    "ban4"
#define VP_BAN_SET_6	    "ban6"
#define VP_NEVER_BAN_PREFIX "never-ban"

/*
 * A rule of the plan: its tag and its name "PATCH/RULE". Its count is that of the
 * counter object with the tag plus those of all elements of hits sets with
 * the tag as their key.
 */
struct vp_nft_tag {
	uint32_t tag;
	bool enforce;
	char *name; /* owned */
};

struct vp_ruleset {
	uint64_t generation;
	bool owner_persist;
	VP_ARRAY(struct vp_nft_tag) tags; /* sorted by tag */
	VP_ARRAY(struct vp_nft_set) sets;
	VP_ARRAY(struct vp_nft_object) objects;
	VP_ARRAY(struct vp_nft_chain)
	chains; /* in an order in which every jump target comes first */
};

void vp_ruleset_free(struct vp_ruleset *ruleset);
/* Of one that is not in a ruleset (yet): what it owns, not itself. */
void vp_nft_chain_free(struct vp_nft_chain *chain);
void vp_nft_set_free(struct vp_nft_set *set);

/* Digest of all that is meant to be in the kernel, the generation excepted. */
uint64_t vp_ruleset_digest(const struct vp_ruleset *ruleset);

/* The rule with that tag, or NULL. */
const struct vp_nft_tag *vp_ruleset_tag(const struct vp_ruleset *ruleset, uint32_t tag);

/* The key of an element; its end (the key itself when exact). */
static inline const uint8_t *vp_element_key(const struct vp_nft_set *set,
					    const struct vp_nft_element *element)
{
	return set->keys.data + element->key;
}

static inline const uint8_t *vp_element_key_end(const struct vp_nft_set *set,
						const struct vp_nft_element *element)
{
	return set->keys.data +
	       (element->key_end == VP_NO_KEY_END ? element->key : element->key_end);
}

void vp_statement_free(struct vp_statement *statement);
void vp_statements_free(struct vp_statements *statements);

/* The digest of one rule's content, of one chain's (name excepted), of one set's (likewise).
 */
uint64_t vp_nft_rule_digest(uint64_t seed, const struct vp_nft_rule *rule);
uint64_t vp_nft_chain_digest(const struct vp_nft_chain *chain);
uint64_t vp_nft_set_digest(const struct vp_nft_set *set);

#endif
