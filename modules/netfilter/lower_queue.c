// SPDX-License-Identifier: GPL-2.0-or-later
/* The queue's expression in both its forms, native and as the NFQUEUE target. Pure. */
#include <netinet/in.h>
#include <stdio.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_NFQUEUE.h>

#include <libnftnl/expr.h>

#include "modules/netfilter/lower.h"

struct nftnl_expr *vp_lower_queue(uint16_t first, uint16_t count, bool bypass, bool compat)
{
	struct nftnl_expr *expr = nftnl_expr_alloc(compat ? "target" : "queue");
	/* the kernel wants the size of its own, aligned structure */
	const size_t size = (sizeof(struct xt_NFQ_info_v3) + 7) & ~(size_t)7;
	struct xt_NFQ_info_v3 *info;

	if (!expr)
		abort();
	if (!compat) {
		nftnl_expr_set_u16(expr, NFTNL_EXPR_QUEUE_NUM, first);
		nftnl_expr_set_u16(expr, NFTNL_EXPR_QUEUE_TOTAL, count);
		nftnl_expr_set_u16(expr, NFTNL_EXPR_QUEUE_FLAGS,
				   bypass ? NFT_QUEUE_FLAG_BYPASS : 0);
		return expr;
	}
	info = vp_alloc(1, size);
	info->queuenum = first;
	info->queues_total = count;
	info->flags = bypass ? NFQ_FLAG_BYPASS : 0;
	nftnl_expr_set_str(expr, NFTNL_EXPR_TG_NAME, "NFQUEUE");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_TG_REV, 3);
	if (nftnl_expr_set(expr, NFTNL_EXPR_TG_INFO, info, (uint32_t)size) < 0)
		abort(); /* else `info` is the expression's now */
	return expr;
}
