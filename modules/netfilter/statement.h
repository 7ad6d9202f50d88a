/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making statements, keys and elements: the compiler's vocabulary. Appends; the lists own
 * everything. */
#ifndef VP_NETFILTER_STATEMENT_H
#define VP_NETFILTER_STATEMENT_H

#include "modules/netfilter/ruleset.h"

/* Selectors */

static inline struct vp_selector vp_sel(enum vp_selector_kind kind, uint8_t size)
{
	return (struct vp_selector){ .kind = kind, .size = size };
}

static inline struct vp_selector vp_sel_payload(enum vp_selector_kind base,
						unsigned int offset, unsigned int size)
{
	return (struct vp_selector){ .kind = base,
				     .offset = (uint16_t)offset,
				     .size = (uint8_t)size };
}

/* A part of an option or extension header; size 0: its presence. */
static inline struct vp_selector vp_sel_option(enum vp_selector_kind kind, uint8_t type,
					       unsigned int offset, unsigned int size)
{
	return (struct vp_selector){
		.kind = kind, .type = type, .offset = (uint16_t)offset, .size = (uint8_t)size
	};
}

/* Source address of the family (4 or 6): whole, or as limits and bans see it (IPv6 by /64). */
struct vp_selector vp_sel_source(uint8_t family, bool aggregated);
struct vp_selector vp_sel_destination(uint8_t family);
/* Source or destination port of the protocols that have them. */
struct vp_selector vp_sel_port(bool source);

/* Statements */

struct vp_statement *vp_st_add(struct vp_statements *list, enum vp_statement_kind kind,
			       const struct vp_selector *selectors, size_t count);
/* `data` has the selector's width. */
struct vp_statement *vp_st_match(struct vp_statements *list,
				 const struct vp_selector *selector, enum vp_compare compare,
				 const void *data);
/* `kind`: VP_SEL_IIFTYPE or VP_SEL_OIFTYPE; whether that interface is loopback. */
void vp_st_loopback(struct vp_statements *list, enum vp_selector_kind kind, bool is);
void vp_st_match_byte(struct vp_statements *list, enum vp_selector_kind kind,
		      enum vp_compare compare, uint8_t value);
void vp_st_match_u32(struct vp_statements *list, enum vp_selector_kind kind,
		     enum vp_compare compare, uint32_t value);
/* meta nfproto of family 4 or 6 */
void vp_st_family(struct vp_statements *list, uint8_t family);
void vp_st_verdict(struct vp_statements *list, enum vp_nft_verdict verdict, const char *chain);
void vp_st_named(struct vp_statements *list, enum vp_statement_kind kind, const char *name);

/* Deep copies of all of `from`. */
void vp_statements_copy(struct vp_statements *to, const struct vp_statements *from);

/* The comparison that is true exactly where the other is false, given that the bytes are
 * there. */
enum vp_compare vp_compare_inverse(enum vp_compare compare);

/* Append a rule to a chain; its comment is copied. */
struct vp_nft_rule *vp_chain_rule(struct vp_nft_chain *chain, const char *comment);

/* Sets: describe the parts first, then add elements. */

void vp_set_part(struct vp_nft_set *set, const struct vp_selector *selector, const char *type);
/* Room for a key at the end of the set's keys, zeroed; valid until the next one. */
uint8_t *vp_set_key(struct vp_nft_set *set, uint32_t *offset);
/* An element with a new key; *key_end (may be NULL) gets room for the end too. */
struct vp_nft_element *vp_set_element(struct vp_nft_set *set, uint8_t **key,
				      uint8_t **key_end);
/* A port or other 16-bit number in network order. */
static inline void vp_put_port(uint8_t *out, uint16_t port)
{
	out[0] = (uint8_t)(port >> 8);
	out[1] = (uint8_t)port;
}

/* Sort by key and drop elements with a key seen before. */
void vp_set_sort(struct vp_nft_set *set);
/* Of an interval set with one part and no data: sort, and make one of intervals that overlap.
 */
void vp_set_join(struct vp_nft_set *set);

#endif
