/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making statements, keys and elements: see statement.h. */
#include "modules/netfilter/statement.h"

#include <net/if_arp.h>
#include <netinet/in.h>

#include <linux/netfilter.h>

struct vp_selector vp_sel_source(uint8_t family, bool aggregated)
{
	struct vp_selector selector = family == 4 ? vp_sel_payload(VP_SEL_NETWORK, 12, 4)
						  : vp_sel_payload(VP_SEL_NETWORK, 8, 16);

	if (family == 6 && aggregated) {
		selector.masked = true;
		memset(selector.mask, 0xff, 8);
	}
	return selector;
}

struct vp_selector vp_sel_destination(uint8_t family)
{
	return family == 4 ? vp_sel_payload(VP_SEL_NETWORK, 16, 4)
			   : vp_sel_payload(VP_SEL_NETWORK, 24, 16);
}

struct vp_selector vp_sel_port(bool source)
{
	return vp_sel_payload(VP_SEL_TRANSPORT, source ? 0 : 2, 2);
}

struct vp_statement *vp_st_add(struct vp_statements *list, enum vp_statement_kind kind,
			       const struct vp_selector *selectors, size_t count)
{
	struct vp_statement *statement = vp_array_add(list);

	statement->kind = kind;
	if (count)
		statement->selectors = vp_memdup(selectors, count * sizeof(*selectors));
	statement->selector_count = (uint8_t)count;
	return statement;
}

struct vp_statement *vp_st_match(struct vp_statements *list,
				 const struct vp_selector *selector, enum vp_compare compare,
				 const void *data)
{
	struct vp_statement *statement = vp_st_add(list, VP_ST_MATCH, selector, 1);

	statement->compare = compare;
	if (data)
		memcpy(statement->data, data, vp_selector_width(selector));
	return statement;
}

void vp_st_match_byte(struct vp_statements *list, enum vp_selector_kind kind,
		      enum vp_compare compare, uint8_t value)
{
	struct vp_selector selector = vp_sel(kind, 1);

	vp_st_match(list, &selector, compare, &value);
}

void vp_st_loopback(struct vp_statements *list, enum vp_selector_kind kind, bool is)
{
	static const uint16_t loopback =
		ARPHRD_LOOPBACK; /* host order, as the kernel keeps it */
	struct vp_selector selector = vp_sel(kind, sizeof(loopback));

	vp_st_match(list, &selector, is ? VP_CMP_EQ : VP_CMP_NE, &loopback);
}

void vp_st_match_u32(struct vp_statements *list, enum vp_selector_kind kind,
		     enum vp_compare compare, uint32_t value)
{
	struct vp_selector selector = vp_sel(kind, 4);

	vp_st_match(list, &selector, compare, &value);
}

void vp_st_family(struct vp_statements *list, uint8_t family)
{
	vp_st_match_byte(list, VP_SEL_NFPROTO, VP_CMP_EQ,
			 family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
}

void vp_st_verdict(struct vp_statements *list, enum vp_nft_verdict verdict, const char *chain)
{
	struct vp_statement *statement = vp_st_add(list, VP_ST_VERDICT, NULL, 0);

	statement->verdict = verdict;
	statement->name = vp_strdup(chain);
}

void vp_st_named(struct vp_statements *list, enum vp_statement_kind kind, const char *name)
{
	vp_st_add(list, kind, NULL, 0)->name = vp_strdup(name);
}

void vp_statements_copy(struct vp_statements *to, const struct vp_statements *from)
{
	vp_array_reserve(to, to->len + from->len); /* ten thousand chains keep no spare room */
	vp_array_each (statement, from) {
		struct vp_statement *copy = vp_array_add(to);

		*copy = *statement;
		copy->name = vp_strdup(statement->name);
		copy->selectors = NULL;
		if (statement->selector_count)
			copy->selectors = vp_memdup(statement->selectors,
						    statement->selector_count *
							    sizeof(*statement->selectors));
	}
}

enum vp_compare vp_compare_inverse(enum vp_compare compare)
{
	static const enum vp_compare inverse[] = {
		[VP_CMP_EQ] = VP_CMP_NE,
		[VP_CMP_NE] = VP_CMP_EQ,
		[VP_CMP_LT] = VP_CMP_GE,
		[VP_CMP_LE] = VP_CMP_GT,
		[VP_CMP_GT] = VP_CMP_LE,
		[VP_CMP_GE] = VP_CMP_LT,
		[VP_CMP_IN_RANGE] = VP_CMP_NOT_IN_RANGE,
		[VP_CMP_NOT_IN_RANGE] = VP_CMP_IN_RANGE,
		[VP_CMP_IN_SET] = VP_CMP_NOT_IN_SET,
		[VP_CMP_NOT_IN_SET] = VP_CMP_IN_SET,
	};

	return inverse[compare];
}

struct vp_nft_rule *vp_chain_rule(struct vp_nft_chain *chain, const char *comment)
{
	struct vp_nft_rule *rule = vp_array_add(&chain->rules);

	rule->comment = vp_strdup(comment);
	return rule;
}

void vp_set_part(struct vp_nft_set *set, const struct vp_selector *selector, const char *type)
{
	size_t width = vp_selector_width(selector);

	set->selectors[set->parts.len] = *selector;
	vp_array_push(&set->parts,
		      ((struct vp_key_part){ .size = (uint8_t)width, .type = type }));
	set->key_size += (uint32_t)((width + 3) & ~(size_t)3);
}

uint8_t *vp_set_key(struct vp_nft_set *set, uint32_t *offset)
{
	size_t need = set->keys.len + set->key_size;

	if (need > set->keys.cap) {
		set->keys.cap = need < 2 * set->keys.cap ? 2 * set->keys.cap : need + 64;
		set->keys.data = vp_realloc(set->keys.data, set->keys.cap, 1);
	}
	*offset = (uint32_t)set->keys.len;
	set->keys.len = need;
	return memset(set->keys.data + *offset, 0, set->key_size);
}

struct vp_nft_element *vp_set_element(struct vp_nft_set *set, uint8_t **key, uint8_t **key_end)
{
	struct vp_nft_element *element = vp_array_add(&set->elements);

	vp_set_key(set, &element->key);
	element->key_end = VP_NO_KEY_END;
	if (key_end)
		*key_end = vp_set_key(set, &element->key_end);
	*key = set->keys.data + element->key;
	return element;
}

static int element_compare(const void *a, const void *b, void *data)
{
	const struct vp_nft_set *set = data;
	const struct vp_nft_element *x = a, *y = b;
	int order = memcmp(vp_element_key(set, x), vp_element_key(set, y), set->key_size);

	/* of two with one key, the one that was added first */
	return order ? order : x->key < y->key ? -1 : x->key > y->key;
}

void vp_set_sort(struct vp_nft_set *set)
{
	struct vp_nft_element *list = set->elements.data;
	size_t kept = 0;

	if (set->elements.len < 2)
		return;
	qsort_r(list, set->elements.len, sizeof(*list), element_compare, set);
	for (size_t i = 1; i < set->elements.len; i++)
		if (memcmp(vp_element_key(set, &list[i]), vp_element_key(set, &list[kept]),
			   set->key_size))
			list[++kept] = list[i];
	set->elements.len = kept + 1;
}

void vp_set_join(struct vp_nft_set *set)
{
	size_t kept = 0;

	if (set->elements.len)
		qsort_r(set->elements.data, set->elements.len, sizeof(*set->elements.data),
			element_compare, set);
	for (size_t i = 1; i < set->elements.len; i++) {
		struct vp_nft_element *last = &set->elements.data[kept],
				      *next = &set->elements.data[i];

		if (memcmp(vp_element_key(set, next), vp_element_key_end(set, last),
			   set->key_size) > 0)
			set->elements.data[++kept] = *next;
		else if (memcmp(vp_element_key_end(set, next), vp_element_key_end(set, last),
				set->key_size) > 0)
			last->key_end = next->key_end;
	}
	if (set->elements.len)
		set->elements.len = kept + 1;
}
