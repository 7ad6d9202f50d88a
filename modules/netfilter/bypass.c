// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looks for what lets packets by before netfilter's hooks or before connection
 * tracking: flowtables, notrack rules of any table, programs on interfaces, IPVS.
 * Reading only; nothing found here is changed.
 */
#include "modules/netfilter/bypass.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>

#include <libnftnl/expr.h>
#include <libnftnl/flowtable.h>
#include <libnftnl/rule.h>

#include "lib/cleanup.h"
#include "modules/dump.h"
#include "modules/netfilter/ruleset.h"

static void add(struct vp_host *host, const char *kind, char *where)
{
	struct vp_bypass bypass = { .kind = kind, .where = where };

	vp_array_each (known, &host->bypasses) {
		if (!strcmp(known->kind, kind) && !strcmp(known->where, where)) {
			free(where);
			return;
		}
	}
	vp_array_push(&host->bypasses, bypass);
}

static const char *family_name(uint32_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	case NFPROTO_NETDEV:
		return "netdev";
	case NFPROTO_BRIDGE:
		return "bridge";
	default:
		return "arp";
	}
}

static int visit_flowtable(const struct nlmsghdr *message, void *data)
{
	struct nftnl_flowtable *table = nftnl_flowtable_alloc();

	if (table && nftnl_flowtable_nlmsg_parse(message, table) == 0)
		add(data, "flowtable",
		    vp_format("table %s %s, flowtable %s",
			      family_name(
				      nftnl_flowtable_get_u32(table, NFTNL_FLOWTABLE_FAMILY)),
			      nftnl_flowtable_get_str(table, NFTNL_FLOWTABLE_TABLE),
			      nftnl_flowtable_get_str(table, NFTNL_FLOWTABLE_NAME)));
	nftnl_flowtable_free(table);
	return 0;
}

/* notrack itself, or iptables' targets NOTRACK and CT, which may do the same. */
static int is_notrack(struct nftnl_expr *expr, void *data)
{
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_NAME);
	const char *target;

	if (!strcmp(name, "notrack")) {
		*(bool *)data = true;
	} else if (!strcmp(name, "target")) {
		target = nftnl_expr_get_str(expr, NFTNL_EXPR_TG_NAME);
		if (target && (!strcmp(target, "NOTRACK") || !strcmp(target, "CT")))
			*(bool *)data = true;
	}
	return 0;
}

static int visit_rule(const struct nlmsghdr *message, void *data)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	bool found = false;

	if (rule && nftnl_rule_nlmsg_parse(message, rule) == 0) {
		nftnl_expr_foreach(rule, is_notrack, &found);
		if (found)
			add(data, "notrack",
			    vp_format("table %s %s, chain %s",
				      family_name(nftnl_rule_get_u32(rule, NFTNL_RULE_FAMILY)),
				      nftnl_rule_get_str(rule, NFTNL_RULE_TABLE),
				      nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN)));
	}
	if (rule)
		nftnl_rule_free(rule);
	return 0;
}

struct table {
	uint8_t family;
	char *name;
};

VP_ARRAY_TYPE(tables, struct table);

/* Ours has nothing to find, and may have many rules. */
static int visit_table(const struct nlmsghdr *message, void *data)
{
	const struct nfgenmsg *family = mnl_nlmsg_get_payload(message);
	struct tables *tables = data;
	const struct nlattr *attr;

	mnl_attr_for_each (attr, message, sizeof(*family)) {
		struct table table = { .family = family->nfgen_family };

		if (mnl_attr_get_type(attr) != NFTA_TABLE_NAME ||
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
			continue;
		if (table.family == NFPROTO_INET &&
		    !strcmp(mnl_attr_get_str(attr), VP_TABLE_NAME))
			continue;
		table.name = vp_strdup(mnl_attr_get_str(attr));
		vp_array_push(tables, table);
	}
	return 0;
}

/* A dump of one table, or with `table` NULL of all. */
static void dump(struct vp_netlink *nl, uint16_t type, const struct table *table,
		 vp_netlink_visit visit, void *data)
{
	uint8_t buffer[VP_NETLINK_REQUEST] __attribute__((aligned(8)));

	for (int i = 0; i < 5; i++) {
		struct nlmsghdr *request = vp_netlink_request(nl, buffer, type, NLM_F_DUMP);
		struct nfgenmsg *family = mnl_nlmsg_get_payload(request);

		family->nfgen_family = table ? table->family : NFPROTO_UNSPEC;
		if (table)
			mnl_attr_put_strz(request, NFTA_RULE_TABLE, table->name);
		if (vp_netlink_ask(nl, request, visit, data) != -EINTR)
			break;
	}
}

static void read_rules(struct vp_netlink *nl, struct vp_host *host)
{
	struct tables tables = { 0 };

	dump(nl, NFT_MSG_GETTABLE, NULL, visit_table, &tables);
	vp_array_each (table, &tables) {
		dump(nl, NFT_MSG_GETRULE, table, visit_rule, host);
		free(table->name);
	}
	vp_array_free(&tables);
}

static bool has_xdp(const struct nlattr *nest)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, nest)
		if (mnl_attr_get_type(attr) == IFLA_XDP_ATTACHED &&
		    mnl_attr_get_u8(attr) != XDP_ATTACHED_NONE)
			return true;
	return false;
}

/* enum bpf_attach_type of the kernel: tcx (6.6) and netkit (6.7), in and out; older headers
 * lack them. */
static const uint32_t program_hooks[] = { 46, 47, 54, 55 };

/* The number of programs at a hook of the interface; -errno when that cannot be known. */
static int count_programs(int interface, uint32_t hook)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)interface;
	attr.query.attach_type = hook;
	if (syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) == 0)
		return (int)attr.query.prog_cnt;
	/* the kernel or this kind of interface does not have the hook */
	return errno == EPERM || errno == EACCES ? -errno : 0;
}

static void read_programs(struct vp_host *host, int interface, const char *name)
{
	for (size_t i = 0; i < VP_COUNT(program_hooks); i++) {
		int count = count_programs(interface, program_hooks[i]);

		if (count > 0)
			add(host, "tc", vp_format("interface %s", name));
		if (count < 0)
			add(host, "tc",
			    vp_strdup("any interface, if it has tcx or netkit programs "
				      "(unknown: not permitted to ask)"));
	}
}

static int visit_link(const struct nlmsghdr *message, void *data)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr;
	const char *name = "?";
	bool xdp = false;

	mnl_attr_for_each (attr, message, sizeof(struct ifinfomsg)) {
		if (mnl_attr_get_type(attr) == IFLA_IFNAME)
			name = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) == IFLA_XDP)
			xdp = has_xdp(attr);
	}
	if (xdp)
		add(data, "xdp", vp_format("interface %s", name));
	read_programs(data, link->ifi_index, name);
	return MNL_CB_OK;
}

struct qdiscs {
	struct vp_host *host;
	VP_ARRAY(int)
	interfaces; /* with an ingress or clsact hook, which tc programs hang on */
};

static int visit_qdisc(const struct nlmsghdr *message, void *data)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(message);
	struct qdiscs *qdiscs = data;
	const struct nlattr *attr;

	mnl_attr_for_each (attr, message, sizeof(*tc))
		if (mnl_attr_get_type(attr) == TCA_KIND &&
		    (!strcmp(mnl_attr_get_str(attr), "clsact") ||
		     !strcmp(mnl_attr_get_str(attr), "ingress")))
			vp_array_push(&qdiscs->interfaces, tc->tcm_ifindex);
	return MNL_CB_OK;
}

static int visit_filter(const struct nlmsghdr *message, void *data)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(message);
	char name[IF_NAMESIZE] = "?";

	if (!if_indextoname((unsigned int)tc->tcm_ifindex, name))
		return MNL_CB_OK; /* gone meanwhile */
	add(data, "tc", vp_format("interface %s", name));
	return MNL_CB_OK;
}

/* Parents of the two hooks of clsact; ingress has the first only. */
#define HOOK_IN	 0xfffffff2u
#define HOOK_OUT 0xfffffff3u

static void read_interfaces(struct vp_host *host)
{
	struct mnl_socket *socket = vp_dump_open(NETLINK_ROUTE);
	struct ifinfomsg link = { .ifi_family = AF_UNSPEC };
	struct qdiscs qdiscs = { .host = host };
	struct tcmsg tc = { .tcm_family = AF_UNSPEC };

	if (!socket)
		return;
	vp_dump(socket, RTM_GETLINK, &link, sizeof(link), visit_link, host);
	vp_dump(socket, RTM_GETQDISC, &tc, sizeof(tc), visit_qdisc, &qdiscs);
	vp_array_each (interface, &qdiscs.interfaces) {
		tc.tcm_ifindex = *interface;
		tc.tcm_parent = HOOK_IN;
		vp_dump(socket, RTM_GETTFILTER, &tc, sizeof(tc), visit_filter, host);
		tc.tcm_parent = HOOK_OUT;
		vp_dump(socket, RTM_GETTFILTER, &tc, sizeof(tc), visit_filter, host);
	}
	vp_array_free(&qdiscs.interfaces);
	mnl_socket_close(socket);
}

/* Three lines of headings, then a line for each virtual service. */
static void read_ipvs(struct vp_host *host)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/net/ip_vs", "re");
	char line[256];
	int number = 0;

	while (file && fgets(line, sizeof(line), file))
		if (++number > 3 && line[0] != ' ') {
			line[strcspn(line, " \n")] = 0;
			add(host, "ipvs", vp_format("%s service", line));
		}
}

void vp_bypasses_read(struct vp_netlink *nl, struct vp_host *host)
{
	dump(nl, NFT_MSG_GETFLOWTABLE, NULL, visit_flowtable, host);
	read_rules(nl, host);
	read_interfaces(host);
	read_ipvs(host);
}
