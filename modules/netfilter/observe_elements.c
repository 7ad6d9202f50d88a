// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading set elements: keys, targets, comments and counters, straight from the
 * attributes. A tree of single intervals comes as starts and ends, which are put
 * together again here.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <libnftnl/udata.h>

#include "modules/netfilter/observe.h"

struct reading {
	struct vp_image *image;
	struct vp_image_set *set;
	VP_ARRAY(const uint8_t *) ends; /* of a tree: the first key behind an interval */
};

/* Bytes of NFTA_DATA_VALUE inside `attr`, exactly `size` of them, or NULL. */
static const uint8_t *value_of(const struct nlattr *attr, size_t size)
{
	const struct nlattr *inner;

	mnl_attr_for_each_nested (inner, attr)
		if (mnl_attr_get_type(inner) == NFTA_DATA_VALUE &&
		    mnl_attr_get_payload_len(inner) == size)
			return mnl_attr_get_payload(inner);
	return NULL;
}

static void read_verdict(struct vp_image *image, struct vp_image_element *element,
			 const struct nlattr *attr)
{
	const struct nlattr *inner, *part;

	mnl_attr_for_each_nested (inner, attr) {
		if (mnl_attr_get_type(inner) != NFTA_DATA_VERDICT)
			continue;
		mnl_attr_for_each_nested (part, inner) {
			if (mnl_attr_get_type(part) == NFTA_VERDICT_CODE)
				element->verdict = (int32_t)ntohl(mnl_attr_get_u32(part));
			if (mnl_attr_get_type(part) == NFTA_VERDICT_CHAIN)
				element->chain =
					vp_arena_text(&image->arena, mnl_attr_get_str(part));
		}
	}
}

static void read_counter(struct vp_image_element *element, const struct nlattr *attr)
{
	const struct nlattr *inner, *part;

	mnl_attr_for_each_nested (inner, attr) {
		if (mnl_attr_get_type(inner) != NFTA_EXPR_DATA)
			continue;
		mnl_attr_for_each_nested (part, inner) {
			if (mnl_attr_get_type(part) == NFTA_COUNTER_BYTES)
				element->bytes = be64toh(mnl_attr_get_u64(part));
			if (mnl_attr_get_type(part) == NFTA_COUNTER_PACKETS)
				element->packets = be64toh(mnl_attr_get_u64(part));
		}
	}
}

static void read_comment(struct vp_image *image, struct vp_image_element *element,
			 const struct nlattr *attr)
{
	const uint8_t *data = mnl_attr_get_payload(attr);
	size_t size = mnl_attr_get_payload_len(attr);

	if (size > 2 && data[0] == NFTNL_UDATA_SET_ELEM_COMMENT && data[1] <= size - 2 &&
	    data[1] && data[1 + data[1]] == 0)
		element->comment = vp_arena_text(&image->arena, (const char *)data + 2);
}

/* Both ends in one piece of memory, the second only with intervals. */
static const uint8_t *join(struct vp_image *image, const uint8_t *first, const uint8_t *last,
			   size_t size)
{
	uint8_t *key = vp_arena_take(&image->arena, last ? size * 2 : size);

	memcpy(key, first, size);
	if (last)
		memcpy(key + size, last, size);
	return key;
}

static void read_part(struct reading *reading, struct vp_image_element *element,
		      const struct nlattr *attr)
{
	const struct vp_image_set *set = reading->set;
	const uint8_t *value;

	switch (mnl_attr_get_type(attr)) {
	case NFTA_SET_ELEM_DATA:
		if (set->data_type == NFT_DATA_VERDICT) {
			read_verdict(reading->image, element, attr);
		} else {
			value = value_of(attr, sizeof(element->mark));
			if (value)
				memcpy(&element->mark, value, sizeof(element->mark));
		}
		break;
	case NFTA_SET_ELEM_EXPR:
		read_counter(element, attr);
		break;
	case NFTA_SET_ELEM_EXPIRATION:
		element->remaining = be64toh(mnl_attr_get_u64(attr));
		break;
	case NFTA_SET_ELEM_USERDATA:
		read_comment(reading->image, element, attr);
		break;
	default:
		break;
	}
}

static void read_element(struct reading *reading, const struct nlattr *from)
{
	struct vp_image_set *set = reading->set;
	struct vp_image_element element = { .ranged = set->flags & NFT_SET_INTERVAL };
	const uint8_t *key = NULL, *end = NULL;
	const struct nlattr *attr;
	uint32_t flags = 0;

	mnl_attr_for_each_nested (attr, from) {
		if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_KEY)
			key = value_of(attr, set->key_length);
		else if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_KEY_END)
			end = value_of(attr, set->key_length);
		else if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_FLAGS)
			flags = ntohl(mnl_attr_get_u32(attr));
		else
			read_part(reading, &element, attr);
	}
	if (!key)
		return;
	if (flags & NFT_SET_ELEM_INTERVAL_END) {
		vp_array_push(&reading->ends,
			      join(reading->image, key, NULL, set->key_length));
		return;
	}
	element.key = join(reading->image, key, element.ranged ? (end ? end : key) : NULL,
			   set->key_length);
	vp_array_push(&set->elements, element);
}

static int visit_elements(const struct nlmsghdr *message, void *data)
{
	const struct nlattr *attr, *element;

	mnl_attr_for_each (attr, message, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_LIST_ELEMENTS)
			mnl_attr_for_each_nested (element, attr)
				read_element(data, element);
	return 0;
}

static int compare_keys(const void *a, const void *b, void *size)
{
	return memcmp(*(const uint8_t *const *)a, *(const uint8_t *const *)b, *(size_t *)size);
}

/* The smallest end behind `key`, turned into the interval's last key; no end: the whole rest.
 */
static void close_interval(const struct reading *reading, struct vp_image_element *element)
{
	size_t size = reading->set->key_length, low = 0, high = reading->ends.len, i;
	uint8_t *last = (uint8_t *)(uintptr_t)element->key + size;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (memcmp(reading->ends.data[middle], element->key, size) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == reading->ends.len) {
		memset(last, 0xff, size);
		return;
	}
	memcpy(last, reading->ends.data[low], size);
	for (i = size; i > 0 && last[i - 1]-- == 0; i--)
		;
}

static void close_intervals(struct reading *reading)
{
	size_t size = reading->set->key_length;

	if (!(reading->set->flags & NFT_SET_INTERVAL) ||
	    (reading->set->flags & NFT_SET_CONCAT))
		return;
	if (reading->ends.len)
		qsort_r(reading->ends.data, reading->ends.len, sizeof(*reading->ends.data),
			compare_keys, &size);
	vp_array_each (element, &reading->set->elements)
		close_interval(reading, element);
}

int vp_observe_elements(struct vp_netlink *nl, struct vp_image *image,
			struct vp_image_set *set, struct vp_error *err)
{
	uint8_t buffer[VP_NETLINK_REQUEST] __attribute__((aligned(8)));
	struct nlmsghdr *request =
		vp_netlink_request(nl, buffer, NFT_MSG_GETSETELEM, NLM_F_DUMP);
	struct reading reading = { .image = image, .set = set };
	int code;

	set->elements.len = 0;
	mnl_attr_put_strz(request, NFTA_SET_ELEM_LIST_TABLE, VP_TABLE_NAME);
	mnl_attr_put_strz(request, NFTA_SET_ELEM_LIST_SET, set->name);
	code = vp_netlink_ask(nl, request, visit_elements, &reading);
	if (code == 0)
		close_intervals(&reading);
	vp_array_free(&reading.ends);
	if (code == -ENOENT)
		code = -EINTR; /* the set went while we read */
	return code < 0 ? vp_fail(err, code, "cannot read the elements of set %s: %s",
				  set->name, strerror(-code))
			: 0;
}
