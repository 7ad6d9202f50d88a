// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Set elements as netlink attributes, many to a message: ten thousand of them are
 * what a large policy mostly consists of, so they are written directly instead of
 * through libnftnl's lists.
 */
#include "modules/netfilter/batch_elements.h"

#include <arpa/inet.h>
#include <endian.h>
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <libnftnl/udata.h>

/* A list may not exceed 64 KiB; one element is far below the difference. */
#define LIST_LIMIT (60u << 10)

static void put_data(struct nlmsghdr *message, uint16_t attribute, const void *data,
		     size_t size)
{
	struct nlattr *nest = mnl_attr_nest_start(message, attribute);

	mnl_attr_put(message, NFTA_DATA_VALUE, size, data);
	mnl_attr_nest_end(message, nest);
}

static void put_target(struct nlmsghdr *message, const struct vp_image_set *set,
		       const struct vp_image_element *element)
{
	struct nlattr *nest, *verdict;

	if (!(set->flags & NFT_SET_MAP))
		return;
	if (set->data_type != NFT_DATA_VERDICT) {
		put_data(message, NFTA_SET_ELEM_DATA, &element->mark, sizeof(element->mark));
		return;
	}
	nest = mnl_attr_nest_start(message, NFTA_SET_ELEM_DATA);
	verdict = mnl_attr_nest_start(message, NFTA_DATA_VERDICT);
	mnl_attr_put_u32(message, NFTA_VERDICT_CODE, htonl((uint32_t)element->verdict));
	if (element->chain)
		mnl_attr_put_strz(message, NFTA_VERDICT_CHAIN, element->chain);
	mnl_attr_nest_end(message, verdict);
	mnl_attr_nest_end(message, nest);
}

static void put_counter(struct nlmsghdr *message, const struct vp_image_element *element)
{
	struct nlattr *nest, *data;

	if (!element->packets && !element->bytes)
		return;
	nest = mnl_attr_nest_start(message, NFTA_SET_ELEM_EXPR);
	mnl_attr_put_strz(message, NFTA_EXPR_NAME, "counter");
	data = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
	mnl_attr_put_u64(message, NFTA_COUNTER_BYTES, htobe64(element->bytes));
	mnl_attr_put_u64(message, NFTA_COUNTER_PACKETS, htobe64(element->packets));
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, nest);
}

/* Is the set a tree of single intervals, whose ends are elements of their own? */
static bool is_tree(const struct vp_image_set *set)
{
	return (set->flags & NFT_SET_INTERVAL) && !(set->flags & NFT_SET_CONCAT);
}

static void put_element(struct nlmsghdr *message, const struct vp_image_set *set,
			const struct vp_image_element *element, bool whole)
{
	struct nlattr *nest = mnl_attr_nest_start(message, NFTA_LIST_ELEM);

	put_data(message, NFTA_SET_ELEM_KEY, element->key, set->key_length);
	if (element->ranged && !is_tree(set))
		put_data(message, NFTA_SET_ELEM_KEY_END, element->key + set->key_length,
			 set->key_length);
	if (whole) {
		put_target(message, set, element);
		put_counter(message, element);
		if (element->remaining)
			mnl_attr_put_u64(message, NFTA_SET_ELEM_TIMEOUT,
					 htobe64(element->remaining));
		vp_batch_put_comment(message, NFTA_SET_ELEM_USERDATA,
				     NFTNL_UDATA_SET_ELEM_COMMENT, element->comment);
	}
	mnl_attr_nest_end(message, nest);
}

/* The first key behind an interval ends it; none does when it goes to the end of the space. */
static void put_end(struct nlmsghdr *message, const struct vp_image_set *set,
		    const struct vp_image_element *element)
{
	uint8_t end[64];
	size_t i = set->key_length;
	struct nlattr *nest;

	if (set->key_length > sizeof(end))
		return;
	memcpy(end, element->key + set->key_length, set->key_length);
	while (i > 0 && ++end[i - 1] == 0)
		i--;
	if (i == 0)
		return;
	nest = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	mnl_attr_put_u32(message, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
	put_data(message, NFTA_SET_ELEM_KEY, end, set->key_length);
	mnl_attr_nest_end(message, nest);
}

static size_t put_page(struct vp_batch *batch, struct nlmsghdr *message,
		       const struct vp_image_set *set,
		       const struct vp_image_element *const *elements, size_t count,
		       bool whole)
{
	struct nlattr *list;
	uint32_t start;
	size_t i;

	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, batch->table);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, set->name);
	list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	start = message->nlmsg_len;
	for (i = 0; i < count && message->nlmsg_len - start < LIST_LIMIT; i++) {
		put_element(message, set, elements[i], whole);
		if (is_tree(set))
			put_end(message, set, elements[i]);
	}
	mnl_attr_nest_end(message, list);
	vp_batch_finish(batch, message);
	return i;
}

void vp_batch_add_elements(struct vp_batch *batch, const struct vp_image_set *set,
			   const struct vp_image_element *const *elements, size_t count)
{
	struct vp_batch_step step = { "make", "an element of set", set->name };

	while (count) {
		struct nlmsghdr *message =
			vp_batch_step(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE, step);
		size_t done = put_page(batch, message, set, elements, count, true);

		elements += done;
		count -= done;
	}
}

void vp_batch_delete_elements(struct vp_batch *batch, const struct vp_image_set *set,
			      const struct vp_image_element *const *elements, size_t count)
{
	struct vp_batch_step step = { "remove", "an element of set", set->name };

	while (count) {
		struct nlmsghdr *message = vp_batch_step(batch, NFT_MSG_DELSETELEM, 0, step);
		size_t done = put_page(batch, message, set, elements, count, false);

		elements += done;
		count -= done;
	}
}
