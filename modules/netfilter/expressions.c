// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The buffer that the expressions of one rule are written into, as netlink
 * attributes: see lower.h. What they are is not its business. Pure.
 */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>

#include "modules/netfilter/lower.h"

#define MARGIN 4096 /* no single expression is longer */

void vp_expressions_init(struct vp_expressions *out, struct vp_image *image)
{
	*out = (struct vp_expressions){ .image = image, .arena = &image->arena };
	out->buffer = vp_alloc(1, VP_EXPRESSIONS_ROOM + MARGIN);
	vp_expressions_reset(out);
}

void vp_expressions_free(struct vp_expressions *out)
{
	free(out->buffer);
	vp_arena_free(&out->scratch);
	*out = (struct vp_expressions){ 0 };
}

void vp_expressions_reset(struct vp_expressions *out)
{
	/* attributes end in padding, which libmnl leaves as it finds it */
	memset(out->buffer, 0, out->message ? out->message->nlmsg_len : 0);
	out->message = mnl_nlmsg_put_header(out->buffer);
}

void vp_expressions_copy(struct vp_expressions *out, struct nftnl_expr *expr)
{
	struct nlattr *nest;

	if (out->message->nlmsg_len > VP_EXPRESSIONS_ROOM - MARGIN)
		return; /* vp_expressions_full() says so */
	nest = mnl_attr_nest_start(out->message, NFTA_LIST_ELEM);
	nftnl_expr_build_payload(out->message, expr);
	mnl_attr_nest_end(out->message, nest);
}

void vp_expressions_append(struct vp_expressions *out, const void *data, uint32_t size)
{
	if (out->message->nlmsg_len > VP_EXPRESSIONS_ROOM - MARGIN || size > MARGIN)
		return;
	memcpy((uint8_t *)out->message + out->message->nlmsg_len, data, size);
	out->message->nlmsg_len += size;
}

void vp_expressions_put(struct vp_expressions *out, struct nftnl_expr *expr)
{
	vp_expressions_copy(out, expr);
	nftnl_expr_free(expr);
}

bool vp_expressions_full(const struct vp_expressions *out)
{
	return out->message->nlmsg_len > VP_EXPRESSIONS_ROOM - MARGIN;
}

void vp_expressions_store(const struct vp_expressions *out, struct vp_image_rule *rule)
{
	rule->length = out->message->nlmsg_len - (uint32_t)MNL_NLMSG_HDRLEN;
	rule->expressions =
		vp_arena_copy(out->arena, mnl_nlmsg_get_payload(out->message), rule->length);
}
