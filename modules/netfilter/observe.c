// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading our table: headers of chains, sets and objects through libnftnl, rules
 * in the form that observe_rules.c gives them. Elements are in observe_elements.c.
 */
#include "modules/netfilter/observe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <libnftnl/chain.h>
#include <libnftnl/object.h>
#include <libnftnl/set.h>
#include <libnftnl/udata.h>

#include "modules/netfilter/observe_rules.h"

#define ATTEMPTS 50 /* dumps that somebody's changes interrupted */

struct reading {
	struct vp_image *image;
	struct vp_canon *canon; /* of rules */
	size_t next;		/* behind the chain of the last rule */
};

/* The comment among user data, or NULL; libnftnl's layout: type, length, value. */
static const char *find_comment(const void *data, uint32_t size, uint8_t type)
{
	const uint8_t *at = data, *end = at ? at + size : NULL;

	for (; at && end - at >= 2 && end - at - 2 >= at[1]; at += 2 + at[1])
		if (at[0] == type && at[1] > 0 && at[1 + at[1]] == 0)
			return (const char *)at + 2;
	return NULL;
}

static const char *comment_of(struct vp_image *image, const void *data, uint32_t size,
			      uint8_t type)
{
	return vp_arena_text(&image->arena, find_comment(data, size, type));
}

/* Whose it is, from that comment. */
static uint32_t tag_of(const void *data, uint32_t size, uint8_t type)
{
	const char *comment = find_comment(data, size, type);
	unsigned int tag;

	return comment && sscanf(comment, VP_TAG_COMMENT, &tag) == 1 ? tag : 0;
}

static bool ours(const char *table, uint32_t family)
{
	return table && family == NFPROTO_INET && !strcmp(table, VP_TABLE_NAME);
}

static int visit_table(const struct nlmsghdr *message, void *data)
{
	struct vp_image *image = data;
	const struct nlattr *attr;

	image->exists = true;
	mnl_attr_for_each (attr, message, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == NFTA_TABLE_FLAGS)
			image->flags = ntohl(mnl_attr_get_u32(attr));
		if (mnl_attr_get_type(attr) == NFTA_TABLE_OWNER)
			image->owner = ntohl(mnl_attr_get_u32(attr));
	}
	return 0;
}

static int read_table(struct vp_netlink *nl, struct vp_image *image)
{
	uint8_t buffer[VP_NETLINK_REQUEST] __attribute__((aligned(8)));
	struct nlmsghdr *request = vp_netlink_request(nl, buffer, NFT_MSG_GETTABLE, 0);
	int code;

	mnl_attr_put_strz(request, NFTA_TABLE_NAME, VP_TABLE_NAME);
	code = vp_netlink_ask(nl, request, visit_table, image);
	return code == -ENOENT ? 0 : code;
}

static int visit_chain(const struct nlmsghdr *message, void *data)
{
	struct reading *reading = data;
	struct nftnl_chain *from = nftnl_chain_alloc();
	struct vp_image_chain *chain;
	uint32_t size = 0;
	const void *userdata;

	if (!from)
		return -ENOMEM;
	if (nftnl_chain_nlmsg_parse(message, from) == 0 &&
	    ours(nftnl_chain_get_str(from, NFTNL_CHAIN_TABLE),
		 nftnl_chain_get_u32(from, NFTNL_CHAIN_FAMILY))) {
		chain = vp_image_add_chain(reading->image,
					   nftnl_chain_get_str(from, NFTNL_CHAIN_NAME));
		chain->base = nftnl_chain_is_set(from, NFTNL_CHAIN_HOOKNUM);
		if (chain->base) {
			chain->hook = (uint8_t)nftnl_chain_get_u32(from, NFTNL_CHAIN_HOOKNUM);
			chain->priority = nftnl_chain_get_s32(from, NFTNL_CHAIN_PRIO);
		}
		userdata = nftnl_chain_get_data(from, NFTNL_CHAIN_USERDATA, &size);
		chain->comment =
			comment_of(reading->image, userdata, size, NFTNL_UDATA_CHAIN_COMMENT);
	}
	nftnl_chain_free(from);
	return 0;
}

static void read_generation(struct vp_image *image, const struct vp_image_chain *chain)
{
	unsigned long long number;

	if (!strcmp(chain->name, VP_GENERATION_CHAIN) && chain->rules.len &&
	    chain->rules.data[0].comment &&
	    sscanf(chain->rules.data[0].comment, "generation %llu", &number) == 1)
		image->generation = number;
}

/* The rules of a chain come one after the other. */
static struct vp_image_chain *chain_of_rule(struct reading *reading, const char *name)
{
	struct vp_image_chain *last =
		reading->next ? &reading->image->chains.data[reading->next - 1] : NULL;

	if (last && !strcmp(last->name, name))
		return last;
	return vp_image_next_chain(reading->image, name, &reading->next);
}

static int visit_rule(const struct nlmsghdr *message, void *data)
{
	struct reading *reading = data;
	const struct nlattr *attr, *expressions = NULL, *userdata = NULL;
	const struct nfgenmsg *family = mnl_nlmsg_get_payload(message);
	const char *table = NULL, *name = NULL;
	struct vp_image_chain *chain = NULL;
	struct vp_image_rule *rule;

	mnl_attr_for_each (attr, message, sizeof(*family)) {
		if (mnl_attr_get_type(attr) == NFTA_RULE_TABLE)
			table = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) == NFTA_RULE_CHAIN)
			name = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) == NFTA_RULE_EXPRESSIONS)
			expressions = attr;
		if (mnl_attr_get_type(attr) == NFTA_RULE_USERDATA)
			userdata = attr;
	}
	if (name && ours(table, family->nfgen_family))
		chain = chain_of_rule(reading, name);
	if (!chain)
		return 0;
	rule = vp_array_add(&chain->rules);
	vp_canon_rule(reading->canon, expressions, rule);
	if (userdata)
		rule->comment = comment_of(reading->image, mnl_attr_get_payload(userdata),
					   mnl_attr_get_payload_len(userdata),
					   NFTNL_UDATA_RULE_COMMENT);
	read_generation(reading->image, chain);
	return 0;
}

static void read_set(struct vp_image *image, struct nftnl_set *from)
{
	struct vp_image_set *set =
		vp_image_add_set(image, nftnl_set_get_str(from, NFTNL_SET_NAME));
	const uint8_t *data;
	uint32_t size = 0;

	set->flags = nftnl_set_get_u32(from, NFTNL_SET_FLAGS);
	set->key_type = nftnl_set_get_u32(from, NFTNL_SET_KEY_TYPE);
	set->key_length = nftnl_set_get_u32(from, NFTNL_SET_KEY_LEN);
	set->kept = set->flags & (NFT_SET_EVAL | NFT_SET_TIMEOUT);
	if (set->flags & NFT_SET_MAP) {
		set->data_type = nftnl_set_get_u32(from, NFTNL_SET_DATA_TYPE);
		set->data_length = nftnl_set_get_u32(from, NFTNL_SET_DATA_LEN);
	}
	if (nftnl_set_is_set(from, NFTNL_SET_DESC_SIZE))
		set->size = nftnl_set_get_u32(from, NFTNL_SET_DESC_SIZE);
	if (nftnl_set_is_set(from, NFTNL_SET_TIMEOUT))
		set->milliseconds = nftnl_set_get_u64(from, NFTNL_SET_TIMEOUT);
	data = nftnl_set_get_data(from, NFTNL_SET_DESC_CONCAT, &size);
	for (uint32_t i = 0; data && i < size && i < VP_SELECTORS_MAX && data[i]; i++)
		set->parts[set->part_count++] = data[i];
	size = 0;
	data = nftnl_set_get_data(from, NFTNL_SET_USERDATA, &size);
	set->userdata = vp_arena_copy(&image->arena, data, data ? size : 0);
	set->userdata_length = data ? size : 0;
	set->tag = tag_of(data, size, NFTNL_UDATA_SET_COMMENT);
}

static int visit_set(const struct nlmsghdr *message, void *data)
{
	struct reading *reading = data;
	struct nftnl_set *from = nftnl_set_alloc();

	if (!from)
		return -ENOMEM;
	if (nftnl_set_nlmsg_parse(message, from) == 0 &&
	    ours(nftnl_set_get_str(from, NFTNL_SET_TABLE),
		 nftnl_set_get_u32(from, NFTNL_SET_FAMILY)))
		read_set(reading->image, from);
	nftnl_set_free(from);
	return 0;
}

static void read_object(struct vp_image *image, struct nftnl_obj *from)
{
	uint32_t type = nftnl_obj_get_u32(from, NFTNL_OBJ_TYPE), size = 0;
	struct vp_image_object *object;
	const void *userdata;

	if (type != NFT_OBJECT_COUNTER && type != NFT_OBJECT_LIMIT)
		return;
	object = vp_image_add_object(image, nftnl_obj_get_str(from, NFTNL_OBJ_NAME));
	userdata = nftnl_obj_get_data(from, NFTNL_OBJ_USERDATA, &size);
	object->tag = tag_of(userdata, size, NFTNL_UDATA_OBJ_COMMENT);
	object->leftover = nftnl_obj_get_u32(from, NFTNL_OBJ_USE) == 0;
	if (type == NFT_OBJECT_COUNTER) {
		object->kind = VP_OBJECT_COUNTER;
		object->packets = nftnl_obj_get_u64(from, NFTNL_OBJ_CTR_PKTS);
		object->bytes = nftnl_obj_get_u64(from, NFTNL_OBJ_CTR_BYTES);
	} else {
		object->kind = VP_OBJECT_LIMIT;
		object->rate = nftnl_obj_get_u64(from, NFTNL_OBJ_LIMIT_RATE);
		object->seconds = nftnl_obj_get_u64(from, NFTNL_OBJ_LIMIT_UNIT);
		object->burst = nftnl_obj_get_u32(from, NFTNL_OBJ_LIMIT_BURST);
	}
}

static int visit_object(const struct nlmsghdr *message, void *data)
{
	struct reading *reading = data;
	struct nftnl_obj *from = nftnl_obj_alloc();

	if (!from)
		return -ENOMEM;
	if (nftnl_obj_nlmsg_parse(message, from) == 0 &&
	    ours(nftnl_obj_get_str(from, NFTNL_OBJ_TABLE),
		 nftnl_obj_get_u32(from, NFTNL_OBJ_FAMILY)))
		read_object(reading->image, from);
	nftnl_obj_free(from);
	return 0;
}

static int dump(struct vp_netlink *nl, uint16_t type, uint16_t table, vp_netlink_visit visit,
		struct reading *reading)
{
	uint8_t buffer[VP_NETLINK_REQUEST] __attribute__((aligned(8)));
	struct nlmsghdr *request = vp_netlink_request(nl, buffer, type, NLM_F_DUMP);

	if (table)
		mnl_attr_put_strz(request, table, VP_TABLE_NAME);
	return vp_netlink_ask(nl, request, visit, reading);
}

static int read_chains(struct vp_netlink *nl, struct reading *reading)
{
	int code = dump(nl, NFT_MSG_GETCHAIN, 0, visit_chain, reading);

	if (code == 0)
		code = dump(nl, NFT_MSG_GETRULE, NFTA_RULE_TABLE, visit_rule, reading);
	return code;
}

/* One attempt: -EINTR when somebody changed something meanwhile. */
static int read_all(struct vp_netlink *nl, struct vp_image *image)
{
	struct vp_canon canon;
	struct reading reading = { .image = image, .canon = &canon };
	uint32_t before = 0, after = 0;
	int code = vp_netlink_genid(nl, &before);

	image->genid = before;
	if (code == 0)
		code = read_table(nl, image);
	if (code < 0 || !image->exists)
		return code;
	code = dump(nl, NFT_MSG_GETOBJ, NFTA_OBJ_TABLE, visit_object, &reading);
	if (code == 0)
		code = dump(nl, NFT_MSG_GETSET, NFTA_SET_TABLE, visit_set, &reading);
	for (size_t i = 0; code == 0 && i < image->sets.len; i++)
		if (!image->sets.data[i].kept)
			code = vp_observe_elements(nl, image, &image->sets.data[i], NULL);
	if (code == 0) {
		vp_canon_init(&canon, image);
		code = read_chains(nl, &reading);
		vp_canon_free(&canon);
	}
	if (code == 0)
		code = vp_netlink_genid(nl, &after);
	if (code == -ENOENT || (code == 0 && before != after))
		code = -EINTR; /* the table went while we read, or changed */
	return code;
}

static int unreadable(int code, struct vp_error *err)
{
	if (code == -EINTR)
		return vp_fail(err, -EAGAIN,
			       "the rules of this host change faster than they can be read; "
			       "stop what keeps changing nftables rules and try again");
	if (code == -ENOENT)
		return vp_fail(err, code, "there is no table inet %s to read", VP_TABLE_NAME);
	return vp_fail(err, code, "cannot read the table inet %s: %s; %s", VP_TABLE_NAME,
		       strerror(-code), vp_netlink_cure(code));
}

int vp_observe(struct vp_netlink *nl, struct vp_image **image, struct vp_error *err)
{
	int code = -EINTR;

	for (int i = 0; code == -EINTR && i < ATTEMPTS; i++) {
		_cleanup_image_ struct vp_image *made = vp_image_new();

		code = read_all(nl, made);
		if (code == 0)
			*image = TAKE_PTR(made);
	}
	return code < 0 ? unreadable(code, err) : 0;
}

int vp_observe_table(struct vp_netlink *nl, struct vp_image *image, struct vp_error *err)
{
	uint8_t buffer[VP_NETLINK_REQUEST] __attribute__((aligned(8)));
	struct vp_canon canon;
	struct reading reading = { .image = image, .canon = &canon };
	struct nlmsghdr *request;
	int code = read_table(nl, image);

	if (code < 0)
		return unreadable(code, err);
	if (!image->exists)
		return 0;
	vp_image_add_chain(image, VP_GENERATION_CHAIN);
	request = vp_netlink_request(nl, buffer, NFT_MSG_GETRULE, NLM_F_DUMP);
	mnl_attr_put_strz(request, NFTA_RULE_TABLE, VP_TABLE_NAME);
	mnl_attr_put_strz(request, NFTA_RULE_CHAIN, VP_GENERATION_CHAIN);
	vp_canon_init(&canon, image);
	code = vp_netlink_ask(nl, request, visit_rule, &reading);
	vp_canon_free(&canon);
	return code < 0 && code != -ENOENT && code != -EINTR ? unreadable(code, err) : 0;
}

int vp_observe_objects(struct vp_netlink *nl, struct vp_image *image, struct vp_error *err)
{
	struct reading reading = { .image = image };
	int code = -EINTR;

	for (int i = 0; code == -EINTR && i < ATTEMPTS; i++) {
		vp_array_free(&image->objects);
		vp_index_free(&image->object_names);
		code = dump(nl, NFT_MSG_GETOBJ, NFTA_OBJ_TABLE, visit_object, &reading);
	}
	return code < 0 ? unreadable(code, err) : 0;
}

int vp_observe_sets(struct vp_netlink *nl, struct vp_image *image, struct vp_error *err)
{
	struct reading reading = { .image = image };
	int code = -EINTR;

	for (int i = 0; code == -EINTR && i < ATTEMPTS; i++) {
		vp_array_free(&image->sets);
		vp_index_free(&image->set_names);
		code = dump(nl, NFT_MSG_GETSET, NFTA_SET_TABLE, visit_set, &reading);
	}
	return code < 0 ? unreadable(code, err) : 0;
}
