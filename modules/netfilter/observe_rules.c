// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's form of expressions differs from what was sent: defaults are
 * spelled out. Each different expression is taken apart and written again by
 * libnftnl once, so that rules compare byte by byte with what lower.c writes the same way.
 */
#include "modules/netfilter/observe_rules.h"

#include <endian.h>
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

#include "lib/digest.h"

#define EXPRESSION_ROOM 8192

void vp_canon_init(struct vp_canon *canon, struct vp_image *image)
{
	*canon = (struct vp_canon){ .known = vp_image_new() };
	vp_expressions_init(&canon->out, image);
}

void vp_canon_free(struct vp_canon *canon)
{
	vp_expressions_free(&canon->out);
	vp_image_free(canon->known);
	vp_index_free(&canon->index);
	vp_array_free(&canon->pairs);
}

/* A dynset reports a timeout of 0 where none was given, an exthdr likewise flags. */
static bool says_nothing(const struct nlattr *attr, const char *name)
{
	uint16_t type = mnl_attr_get_type(attr), size = mnl_attr_get_payload_len(attr);

	if (!strcmp(name, "dynset"))
		return type == NFTA_DYNSET_TIMEOUT && size == sizeof(uint64_t) &&
		       mnl_attr_get_u64(attr) == 0;
	return !strcmp(name, "exthdr") && type == NFTA_EXTHDR_FLAGS &&
	       size == sizeof(uint32_t) && mnl_attr_get_u32(attr) == 0;
}

static void copy_raw(struct nlmsghdr *message, const struct nlattr *expression)
{
	struct nlattr *nest = mnl_attr_nest_start(message, NFTA_LIST_ELEM), *inner;
	const struct nlattr *attr, *part;
	const char *name = "";

	mnl_attr_for_each_nested (attr, expression) {
		if (mnl_attr_get_type(attr) == NFTA_EXPR_NAME)
			name = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) != NFTA_EXPR_DATA) {
			mnl_attr_put(message, attr->nla_type, mnl_attr_get_payload_len(attr),
				     mnl_attr_get_payload(attr));
			continue;
		}
		inner = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
		mnl_attr_for_each_nested (part, attr)
			if (!says_nothing(part, name))
				mnl_attr_put(message, part->nla_type,
					     mnl_attr_get_payload_len(part),
					     mnl_attr_get_payload(part));
		mnl_attr_nest_end(message, inner);
	}
	mnl_attr_nest_end(message, nest);
}

static int put_canonical(struct nftnl_expr *expr, void *data)
{
	vp_expressions_copy(data, expr);
	return 0;
}

/* One expression by way of libnftnl, which reads only whole rules. */
static void rewrite(struct vp_canon *canon, const struct nlattr *expression)
{
	uint8_t buffer[EXPRESSION_ROOM] __attribute__((aligned(8))) = { 0 };
	struct nftnl_rule *rule = nftnl_rule_alloc();
	struct nlmsghdr *message;
	struct nlattr *nest;

	if (rule && mnl_attr_get_payload_len(expression) <= EXPRESSION_ROOM / 2) {
		message = nftnl_nlmsg_build_hdr((char *)buffer, NFT_MSG_NEWRULE, NFPROTO_INET,
						0, 0);
		nest = mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS);
		copy_raw(message, expression);
		mnl_attr_nest_end(message, nest);
		if (nftnl_rule_nlmsg_parse(message, rule) == 0)
			nftnl_expr_foreach(rule, put_canonical, &canon->out);
	}
	if (rule)
		nftnl_rule_free(rule);
}

static void remember(struct vp_canon *canon, uint64_t hash, const struct nlattr *expression,
		     const void *canonical, uint32_t size)
{
	struct vp_canon_pair *pair = vp_array_add(&canon->pairs);

	pair->raw_size = mnl_attr_get_payload_len(expression);
	pair->raw = vp_arena_copy(&canon->known->arena, mnl_attr_get_payload(expression),
				  pair->raw_size);
	pair->canonical_size = size;
	pair->canonical = vp_arena_copy(&canon->known->arena, canonical, size);
	vp_index_add(&canon->index, hash, (uint32_t)canon->pairs.len - 1);
}

static const struct vp_canon_pair *find(const struct vp_canon *canon, uint64_t hash,
					const struct nlattr *expression)
{
	uint32_t size = mnl_attr_get_payload_len(expression), at;
	size_t state = 0;

	while ((at = vp_index_next(&canon->index, hash, &state)) != VP_NOWHERE) {
		const struct vp_canon_pair *pair = &canon->pairs.data[at];

		if (pair->raw_size == size &&
		    !memcmp(pair->raw, mnl_attr_get_payload(expression), size))
			return pair;
	}
	return NULL;
}

void vp_canon_rule(struct vp_canon *canon, const struct nlattr *expressions,
		   struct vp_image_rule *rule)
{
	const struct nlattr *attr;

	vp_expressions_reset(&canon->out);
	if (expressions)
		mnl_attr_for_each_nested (attr, expressions) {
			uint64_t hash = vp_digest(VP_DIGEST_SEED, mnl_attr_get_payload(attr),
						  mnl_attr_get_payload_len(attr));
			const struct vp_canon_pair *pair = find(canon, hash, attr);
			uint32_t before = canon->out.message->nlmsg_len;

			if (pair) {
				vp_expressions_append(&canon->out, pair->canonical,
						      pair->canonical_size);
				continue;
			}
			rewrite(canon, attr);
			remember(canon, hash, attr, (uint8_t *)canon->out.message + before,
				 canon->out.message->nlmsg_len - before);
		}
	vp_expressions_store(&canon->out, rule);
}
