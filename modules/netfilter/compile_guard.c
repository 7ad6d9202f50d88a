/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard: what passes before anything else is looked at. It returns, never
 * accepts: other firewalls still decide. Its first rule says nothing, but makes
 * the kernel track connections, and so put fragments together, in both families.
 */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

#include "modules/netfilter/compiler.h"
#include "policy/lifeline.h"

static void session_key(struct vp_nft_set *set, const struct vp_session *session, bool reply)
{
	const struct vp_address *from = reply ? &session->local : &session->peer;
	const struct vp_address *to = reply ? &session->peer : &session->local;
	size_t size = vp_address_size(from->family);
	uint8_t *key;

	vp_set_element(set, &key, NULL);
	memcpy(key, from->bytes, size);
	vp_put_port(key + size, reply ? session->local_port : session->peer_port);
	memcpy(key + size + 4, to->bytes, size);
	vp_put_port(key + 2 * size + 4, reply ? session->peer_port : session->local_port);
}

/* The connections of one family, both directions, as an exact set; NULL when there are none.
 */
static const char *session_set(struct vp_compiler *c, uint8_t family)
{
	struct vp_selector parts[4] = { vp_sel_source(family, false), vp_sel_port(true),
					vp_sel_destination(family), vp_sel_port(false) };
	const char *address = family == 4 ? "ipv4_addr" : "ipv6_addr";
	const char *name = family == 4 ? "session4" : "session6";
	struct vp_nft_set set = { 0 };

	vp_array_each (known, &c->ruleset->sets)
		if (!strcmp(known->name, name))
			return known->name;
	for (size_t i = 0; i < 4; i++)
		vp_set_part(&set, &parts[i], i % 2 ? "inet_service" : address);
	vp_array_each (session, &c->host->sessions) {
		if (session->peer.family != family || session->local.family != family)
			continue;
		session_key(&set, session, false);
		session_key(&set, session, true);
	}
	if (!set.elements.len) {
		vp_array_free(&set.parts);
		return NULL;
	}
	vp_set_sort(&set);
	set.name = vp_strdup(name);
	vp_array_push(&c->ruleset->sets, set);
	return set.name;
}

static void sessions_return(struct vp_compiler *c, struct vp_nft_chain *chain)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		const char *name = session_set(c, family);
		struct vp_selector key[4] = { vp_sel_source(family, false), vp_sel_port(true),
					      vp_sel_destination(family), vp_sel_port(false) };
		struct vp_statements *out;
		struct vp_statement *match;

		if (!name)
			continue;
		out = &vp_chain_rule(chain, "session")->statements;
		vp_st_family(out, family);
		vp_st_match_byte(out, VP_SEL_L4PROTO, VP_CMP_EQ, IPPROTO_TCP);
		match = vp_st_add(out, VP_ST_MATCH, key, 4);
		match->compare = VP_CMP_IN_SET;
		match->name = vp_strdup(name);
		vp_st_verdict(out, VP_NFT_RETURN, NULL);
	}
}

static const char *management_set(struct vp_compiler *c)
{
	struct vp_selector protocol = vp_sel(VP_SEL_L4PROTO, 1), port = vp_sel_port(false);
	struct vp_nft_set set = { 0 };

	vp_set_part(&set, &protocol, "inet_proto");
	vp_set_part(&set, &port, "inet_service");
	vp_array_each (range, &c->plan->management)
		set.interval |=
			vp_protocol_has_ports(range->protocol) && range->first != range->last;
	vp_array_each (range, &c->plan->management) {
		uint8_t *key, *end;

		if (!vp_protocol_has_ports(range->protocol))
			continue;
		vp_set_element(&set, &key, set.interval ? &end : NULL);
		key[0] = (uint8_t)range->protocol;
		vp_put_port(key + 4, range->first);
		if (!set.interval)
			continue;
		end[0] = key[0];
		vp_put_port(end + 4, range->last);
	}
	if (!set.elements.len) {
		vp_array_free(&set.parts);
		return NULL;
	}
	vp_set_sort(&set);
	return vp_store_set(&c->store, "management", &set);
}

/* Ports of the set return; `self`: only in what this host sends to itself. */
static void ports_return(struct vp_nft_chain *chain, const char *set, bool source, bool self)
{
	struct vp_statements *out = &vp_chain_rule(chain, "management")->statements;
	struct vp_selector key[2] = { vp_sel(VP_SEL_L4PROTO, 1), vp_sel_port(source) };
	struct vp_statement *match;

	if (self)
		vp_st_loopback(out, VP_SEL_OIFTYPE, true);
	match = vp_st_add(out, VP_ST_MATCH, key, 2);
	match->compare = VP_CMP_IN_SET;
	match->name = vp_strdup(set);
	vp_st_verdict(out, VP_NFT_RETURN, NULL);
}

/* To this host where packets come in, from this host where they leave; both in what it sends
 * to itself, which is judged where it leaves. */
static void management_return(struct vp_compiler *c, struct vp_nft_chain *chain)
{
	bool leaving = chain->hook == NF_INET_LOCAL_OUT;
	const char *name = management_set(c);
	struct vp_statements *out;

	vp_array_each (range, &c->plan->management) {
		if (vp_protocol_has_ports(range->protocol) || range->protocol > 255)
			continue;
		out = &vp_chain_rule(chain, "management")->statements;
		vp_st_match_byte(out, VP_SEL_L4PROTO, VP_CMP_EQ, (uint8_t)range->protocol);
		vp_st_verdict(out, VP_NFT_RETURN, NULL);
	}
	if (!name)
		return;
	ports_return(chain, name, leaving, false);
	if (leaving)
		ports_return(chain, name, false, true);
}

/* An IPv4 header without options; an IPv6 header right in front of `protocol`: so that nothing
 * else hides in between. */
static struct vp_statements *lifeline(struct vp_nft_chain *chain, uint8_t family,
				      uint8_t protocol)
{
	struct vp_statements *out = &vp_chain_rule(chain, "lifeline")->statements;
	struct vp_selector first = vp_sel_payload(VP_SEL_NETWORK, family == 4 ? 0 : 6, 1);
	uint8_t plain = family == 4 ? 0x45 : protocol;

	vp_st_family(out, family);
	vp_st_match_byte(out, VP_SEL_L4PROTO, VP_CMP_EQ, protocol);
	vp_st_match(out, &first, VP_CMP_EQ, &plain);
	return out;
}

/* Messages of neighbour discovery, as RFC 4861 has them valid: hop limit 255, so from this
 * link. */
static void discovery_return(struct vp_nft_chain *chain, bool routers, bool neighbours)
{
	struct vp_statements *out = lifeline(chain, 6, IPPROTO_ICMPV6);
	struct vp_selector hops = vp_sel_payload(VP_SEL_NETWORK, 7, 1);
	struct vp_selector type = vp_sel_payload(VP_SEL_TRANSPORT, 0, 1);
	const uint8_t valid = 255, first = routers ? 133 : 135, last = neighbours ? 136 : 134;

	vp_st_match(out, &hops, VP_CMP_EQ, &valid);
	vp_st_match(out, &type, VP_CMP_GE, &first);
	vp_st_match(out, &type, VP_CMP_LE, &last);
	vp_st_verdict(out, VP_NFT_RETURN, NULL);
}

/* "Fragmentation needed" and "packet too big", when connection tracking knows what of. */
static void path_mtu_return(struct vp_nft_chain *chain, uint8_t family)
{
	struct vp_statements *out =
		lifeline(chain, family, family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	struct vp_selector type = vp_sel_payload(VP_SEL_TRANSPORT, 0, family == 4 ? 2 : 1);
	const uint8_t needed[2] = { 3, 4 }, too_big = 2;

	vp_st_match(out, &type, VP_CMP_EQ, family == 4 ? needed : &too_big);
	vp_st_match_u32(out, VP_SEL_CT_STATE, VP_CMP_BITS, NF_CT_STATE_BIT(IP_CT_RELATED));
	vp_st_verdict(out, VP_NFT_RETURN, NULL);
}

/* Between the ports of server and client; DHCPv6 speaks from link-local addresses. */
static void dhcp_return(struct vp_nft_chain *chain, uint8_t family)
{
	struct vp_statements *out = lifeline(chain, family, IPPROTO_UDP);
	struct vp_selector ports = vp_sel_payload(VP_SEL_TRANSPORT, 0, 4);
	struct vp_selector source = vp_sel_payload(VP_SEL_NETWORK, 8, 2);
	const uint16_t client = family == 4 ? 68 : 546, server = family == 4 ? 67 : 547;
	const uint8_t link_local[2] = { 0xfe, 0x80 };
	bool leaving = chain->hook == NF_INET_LOCAL_OUT;
	uint8_t both[4];

	if (family == 6) {
		source.masked = true;
		source.mask[0] = 0xff;
		source.mask[1] = 0xc0;
		vp_st_match(out, &source, VP_CMP_EQ, link_local);
	}
	vp_put_port(both, leaving ? client : server);
	vp_put_port(both + 2, leaving ? server : client);
	vp_st_match(out, &ports, VP_CMP_EQ, both);
	vp_st_verdict(out, VP_NFT_RETURN, NULL);
}

static bool keeps(const struct vp_compiler *c, enum vp_lifeline which)
{
	return c->plan->lifelines & VP_LIFELINE_BIT(which);
}

/* Without these nobody reaches this host after a while; see policy/lifeline.h. */
static void lifelines_return(struct vp_compiler *c, struct vp_nft_chain *chain)
{
	bool routers = keeps(c, VP_LIFELINE_ROUTERS);
	bool neighbours = keeps(c, VP_LIFELINE_NEIGHBOURS);

	if (routers || neighbours)
		discovery_return(chain, routers, neighbours);
	if (keeps(c, VP_LIFELINE_DHCP_4))
		dhcp_return(chain, 4);
	if (keeps(c, VP_LIFELINE_DHCP_6))
		dhcp_return(chain, 6);
	if (chain->hook != NF_INET_LOCAL_IN)
		return; /* connections are not known yet; or what others will have to get */
	if (keeps(c, VP_LIFELINE_PATH_MTU_4))
		path_mtu_return(chain, 4);
	if (keeps(c, VP_LIFELINE_PATH_MTU_6))
		path_mtu_return(chain, 6);
}

void vp_compile_guard(struct vp_compiler *c, struct vp_nft_chain *chain)
{
	if (chain->hook != NF_INET_PRE_ROUTING)
		vp_st_match_u32(&vp_chain_rule(chain, "reassembly")->statements,
				VP_SEL_CT_STATE, VP_CMP_BITS, NF_CT_STATE_INVALID_BIT);
	sessions_return(c, chain);
	if (chain->hook == NF_INET_FORWARD)
		return;
	management_return(c, chain);
	lifelines_return(c, chain);
}
