// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What this kernel can do for the netfilter point, tried out on a scratch table
 * in transactions that never end and so never take effect, and what of this host
 * the planner must know: see host_facts.h.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/inet_diag.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include <libnftnl/expr.h>

#include "modules/host_facts.h"
#include "modules/netfilter/bypass.h"
#include "modules/netfilter/instance.h"
#include "modules/netfilter/lower.h"
#include "modules/netfilter/statement.h"

static void scratch_name(char name[static 48])
{
	snprintf(name, 48, "vpatch-probe-%u", (unsigned int)getpid());
}

/* Would the kernel make such a table? */
static int try_table(struct vp_netlink *nl, uint32_t flags, struct vp_error *err)
{
	_cleanup_batch_ struct vp_batch batch = { 0 };
	char name[48];

	scratch_name(name);
	vp_batch_begin(&batch, nl);
	vp_batch_add_table(&batch, name, flags);
	return vp_batch_check(&batch, nl, err);
}

/* The same with a chain and one rule of one expression. */
static int try_expression(struct vp_netlink *nl, struct nftnl_expr *expr)
{
	_cleanup_image_ struct vp_image *image = vp_image_new();
	_cleanup_batch_ struct vp_batch batch = { 0 };
	struct vp_expressions expressions;
	struct vp_image_chain *chain = vp_image_add_chain(image, "probe");
	char name[48];

	vp_expressions_init(&expressions, image);
	vp_expressions_put(&expressions, expr);
	vp_expressions_store(&expressions, vp_array_add(&chain->rules));
	vp_expressions_free(&expressions);
	scratch_name(name);
	vp_batch_begin(&batch, nl);
	batch.table = name;
	vp_batch_add_table(&batch, name, 0);
	vp_batch_add_chain(&batch, chain);
	vp_batch_add_rules(&batch, chain);
	return vp_batch_check(&batch, nl, NULL);
}

static bool has_inner_payload(struct vp_netlink *nl)
{
	struct nftnl_expr *expr = nftnl_expr_alloc("payload");

	if (!expr)
		return false;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_INNER_HEADER);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, 0);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, 1);
	return try_expression(nl, expr) == 0;
}

/* A set whose elements rules make, with a quota, and remove: as compile_away.c has them. */
static struct vp_ruleset *away_ruleset(void)
{
	struct vp_ruleset *ruleset = vp_new(struct vp_ruleset);
	struct vp_nft_set *set = vp_array_add(&ruleset->sets);
	struct vp_nft_chain *chain = vp_array_add(&ruleset->chains);
	struct vp_selector mark = vp_sel(VP_SEL_MARK, 4);
	struct vp_statement *allow;

	set->name = vp_strdup("away");
	vp_set_part(set, &mark, "mark");
	set->dynamic = set->timeout = true;
	set->size = 16;
	chain->name = vp_strdup("probe");
	vp_st_add(&vp_chain_rule(chain, NULL)->statements, VP_ST_REMOVE, &mark, 1)->name =
		vp_strdup("away");
	allow = vp_st_add(&vp_chain_rule(chain, NULL)->statements, VP_ST_ALLOW, &mark, 1);
	allow->name = vp_strdup("away");
	allow->milliseconds = 1000;
	allow->bytes = 1000;
	return ruleset;
}

static bool has_away(struct vp_netlink *nl)
{
	struct vp_ruleset *ruleset = away_ruleset();
	_cleanup_image_ struct vp_image *image = NULL;
	_cleanup_batch_ struct vp_batch batch = { 0 };
	int code = vp_lower(ruleset, NULL, &image, NULL);
	char name[48];

	vp_ruleset_free(ruleset);
	if (code < 0)
		return false;
	scratch_name(name);
	vp_batch_begin(&batch, nl);
	batch.table = name;
	vp_batch_add_table(&batch, name, 0);
	vp_batch_add_set(&batch, &image->sets.data[0]);
	vp_batch_add_chain(&batch, &image->chains.data[0]);
	vp_batch_add_rules(&batch, &image->chains.data[0]);
	return vp_batch_check(&batch, nl, NULL) == 0;
}

static void probe_queue(struct vp_netlink *nl, struct vp_kernel *kernel)
{
	kernel->native_queue = try_expression(nl, vp_lower_queue(0, 1, true, false)) == 0;
	kernel->compat_queue = !kernel->native_queue &&
			       try_expression(nl, vp_lower_queue(0, 1, true, true)) == 0;
	kernel->inner_payload = has_inner_payload(nl);
	/* the former is of 5.16: before 5.7 a look-up did not ask the element's quota */
	kernel->away = kernel->inner_payload && has_away(nl);
}

/* Ask to destroy a socket that cannot exist: "no such socket" means that the kernel could. */
static bool has_sock_destroy(void)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
	} ask = {
		.header = { .nlmsg_len = sizeof(ask),
			    .nlmsg_type = SOCK_DESTROY,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.request = { .sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP },
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		uint8_t rest[512];
	} answer;
	_cleanup_close_ int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	ask.request.id.idiag_cookie[0] = ask.request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	if (fd < 0 || send(fd, &ask, sizeof(ask), 0) < 0 ||
	    recv(fd, &answer, sizeof(answer), 0) < (ssize_t)sizeof(answer.header) + 4)
		return false;
	return answer.header.nlmsg_type == NLMSG_ERROR && answer.error.error == -ENOENT;
}

static int probe_kernel(struct vp_netlink *nl, struct vp_host *host, struct vp_error *err)
{
	int code;

	if (host->kernel.nftables)
		return 0; /* known from an earlier probe: each try costs a grace period */
	code = try_table(nl, 0, err);
	host->kernel.nftables = code == 0;
	if (code == 0) {
		host->kernel.owner_persist =
			try_table(nl, VP_TABLE_OWNER | VP_TABLE_PERSIST, NULL) == 0;
		probe_queue(nl, &host->kernel);
		host->kernel.sock_destroy = has_sock_destroy();
	} else if (code == -EPROTONOSUPPORT || code == -EOPNOTSUPP || code == -ENOENT) {
		code = vp_fail(
			err, -EOPNOTSUPP,
			"this kernel has no nftables for the inet family: load or build "
			"nf_tables (CONFIG_NF_TABLES, CONFIG_NF_TABLES_INET)");
	}
	return code;
}

int vp_netfilter_probe(struct vp_host *host, struct vp_error *err)
{
	struct vp_netlink nl;
	int code = vp_netlink_open(&nl, err);

	if (code < 0)
		return code;
	code = probe_kernel(&nl, host, err);
	if (code == 0)
		vp_bypasses_read(&nl, host);
	vp_netlink_close(&nl);
	if (code == 0)
		vp_host_facts_read(host);
	return code;
}
