/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From placements to base chains: regions, their maps, and the dispatch chains
 * that look packets up. A dispatch chain goes to at most one region chain, which
 * returns to the base chain; so no rule sees a packet twice in one hook.
 *
 * Order in each hook: the guard; all monitor rules; enforce rules; what goes to
 * inspection, whose verdict ends the base chain, so that it has to come last, in a
 * pass of its own. In each of these the actual destination comes before the original one of
 * translated flows, and to-server before to-client.
 *
 * A packet that this host sends to itself passes output and input. It is judged at
 * output only, where it is whole: connection tracking lets IPv6 fragments that it
 * has put together there leave as fragments again, and what comes in by loopback
 * is not put together a second time before input.
 */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

#include "modules/netfilter/compiler.h"

#define BASE_PRIORITY 10 /* filter + 10: behind NAT and the host's firewall */

#define CT_DIRECTION_ORIGINAL 0
#define CT_DIRECTION_REPLY    1

/* One pass over one direction. */
struct pass {
	struct vp_compiler *c;
	enum vp_point point;
	enum vp_mode mode; /* at the netfilter point */
	enum vp_direction direction;
	struct vp_regions local[VP_CLASSES];
	struct vp_shapes *shapes; /* enforce, to-server; else NULL */
	struct vp_maps local_maps;
	struct vp_maps endpoint[2];	 /* IPv4, IPv6: where packets are forwarded or leave */
	struct vp_maps endpoint_here[2]; /* where local rules of the same ports count too */
	const char *here, *elsewhere, *published; /* dispatch chains, or NULL */
};

static const char *pass_name(const struct pass *pass)
{
	static const char *const names[2][2] = {
		[VP_MODE_MONITOR] = { "monitor-to-server", "monitor-to-client" },
		[VP_MODE_ENFORCE] = { "enforce-to-server", "enforce-to-client" },
	};

	if (pass->point == VP_POINT_INSPECTION)
		return pass->direction == VP_TO_SERVER ? "inspect-to-server"
						       : "inspect-to-client";
	return names[pass->mode][pass->direction];
}

static bool belongs(const struct pass *pass, const struct vp_placement *placement)
{
	if (placement->point != pass->point)
		return false;
	/* all rules of an endpoint decide to which queue both its directions go */
	return pass->point == VP_POINT_INSPECTION ||
	       (placement->mode == pass->mode &&
		placement->rule->direction == pass->direction);
}

/* What servers send is inspected only where a rule reads it. */
static bool wanted(const struct pass *pass, const struct vp_region *region)
{
	const struct vp_lists *lists = &pass->c->lists;

	if (pass->point != VP_POINT_INSPECTION || pass->direction == VP_TO_SERVER)
		return true;
	for (size_t i = 0; i < vp_list_count(lists, region->list); i++) {
		uint32_t number = vp_list_rules(lists, region->list)[i];

		if (pass->c->plan->placements.data[number].rule->direction == VP_TO_CLIENT)
			return true;
	}
	return false;
}

static void add_region(struct pass *pass, struct vp_map_builder *builder,
		       const struct vp_address_range *range, unsigned int class,
		       const struct vp_region *region)
{
	if (wanted(pass, region))
		vp_map_add(pass->c, builder, range, class, region);
}

/* The placement's spans in a class of protocols. */
static void class_spans(const struct vp_placement *placement, uint32_t number,
			unsigned int class, struct vp_spans *spans)
{
	vp_array_each (range, &placement->ports) {
		bool any = range->protocol == VP_PROTOCOL_ANY;
		struct vp_span span = { 0, class < VP_PORTFUL ? 65535 : 255, number };

		if (class < VP_PORTFUL && !any) {
			if (range->protocol != vp_portful[class])
				continue;
			span.first = range->first;
			span.last = range->last;
		} else if (!any) {
			if (vp_protocol_has_ports(range->protocol))
				continue;
			span.first = span.last = range->protocol;
		}
		vp_array_push(spans, span);
	}
}

static void local_regions(struct pass *pass)
{
	struct vp_compiler *c = pass->c;

	for (unsigned int class = 0; class < VP_CLASSES; class ++) {
		struct vp_spans spans = { 0 };

		for (uint32_t i = 0; i < c->plan->placements.len; i++) {
			const struct vp_placement *placement = &c->plan->placements.data[i];

			if (placement->local && belongs(pass, placement))
				class_spans(placement, i, class, &spans);
		}
		vp_spans_split(&spans, &c->lists, &pass->local[class]);
		vp_array_free(&spans);
	}
}

static void local_maps(struct pass *pass)
{
	_cleanup_free_ char *name = vp_format("%s-local", pass_name(pass));
	bool shapes = pass->point == VP_POINT_NETFILTER && pass->mode == VP_MODE_ENFORCE &&
		      pass->direction == VP_TO_SERVER;
	struct vp_map_builder builder;

	if (shapes) {
		pass->shapes = vp_shapes_new(pass->c);
		vp_shapes_count(pass->shapes, pass->local);
	}
	vp_map_begin(&builder, 0, pass->direction == VP_TO_CLIENT);
	for (unsigned int class = 0; class < VP_CLASSES; class ++)
		vp_array_each (region, &pass->local[class])
			if (!pass->shapes || !vp_shapes_take(pass->shapes, class, region))
				add_region(pass, &builder, NULL, class, region);
	vp_map_finish(pass->c, &builder, name, &pass->local_maps);
	if (pass->shapes)
		vp_shapes_finish(pass->shapes);
}

/* Addresses: cells between all the ends, numbered in order, so that the same sweep splits
 * them. */

VP_ARRAY_TYPE(edges, struct vp_address); /* the first address of each cell */

static int edge_compare(const void *a, const void *b)
{
	return vp_address_compare(a, b);
}

static void collect_edges(const struct pass *pass, uint8_t family, struct edges *edges)
{
	size_t kept = 0;

	vp_array_each (placement, &pass->c->plan->placements) {
		if (!belongs(pass, placement))
			continue;
		vp_array_each (range, &placement->addresses) {
			struct vp_address behind = range->last;

			if (range->first.family != family)
				continue;
			vp_array_push(edges, range->first);
			if (vp_address_step(&behind, 1))
				vp_array_push(edges, behind);
		}
	}
	if (!edges->len)
		return;
	qsort(edges->data, edges->len, sizeof(*edges->data), edge_compare);
	for (size_t i = 1; i < edges->len; i++)
		if (vp_address_compare(&edges->data[i], &edges->data[kept]))
			edges->data[++kept] = edges->data[i];
	edges->len = kept + 1;
}

/* The number of the cell that begins at `address`; all cells when it is behind the last. */
static uint32_t edge_number(const struct edges *edges, const struct vp_address *address)
{
	size_t low = 0, high = edges->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (vp_address_compare(&edges->data[middle], address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return (uint32_t)low;
}

/* Zones: runs of cells in which the same endpoint placements apply. */
static void zones(const struct pass *pass, uint8_t family, const struct edges *edges,
		  struct vp_regions *out)
{
	struct vp_compiler *c = pass->c;
	struct vp_spans spans = { 0 };

	for (uint32_t i = 0; i < c->plan->placements.len; i++) {
		const struct vp_placement *placement = &c->plan->placements.data[i];

		if (!belongs(pass, placement))
			continue;
		vp_array_each (range, &placement->addresses) {
			struct vp_address behind = range->last;
			uint32_t last = (uint32_t)edges->len;

			if (range->first.family != family)
				continue;
			if (vp_address_step(&behind, 1))
				last = edge_number(edges, &behind);
			vp_array_push(&spans,
				      ((struct vp_span){ edge_number(edges, &range->first),
							 last - 1, i }));
		}
	}
	vp_spans_split(&spans, &c->lists, out);
	vp_array_free(&spans);
}

static struct vp_address_range zone_addresses(const struct edges *edges, uint8_t family,
					      const struct vp_region *zone)
{
	struct vp_address_range range = { .first = edges->data[zone->first] };

	if (zone->last + 1 < edges->len) {
		range.last = edges->data[zone->last + 1];
		vp_address_step(&range.last, -1);
	} else {
		range.last.family = family;
		memset(range.last.bytes, 0xff, vp_address_size(family));
	}
	return range;
}

/* Elements of one zone: without and with the local rules of the same ports. */
static void zone_maps(struct pass *pass, const struct vp_address_range *range, uint32_t list,
		      struct vp_map_builder *builder, struct vp_map_builder *here)
{
	struct vp_compiler *c = pass->c;

	for (unsigned int class = 0; class < VP_CLASSES; class ++) {
		struct vp_spans spans = { 0 };
		struct vp_regions regions = { 0 }, merged = { 0 };

		for (size_t i = 0; i < vp_list_count(&c->lists, list); i++) {
			uint32_t number = vp_list_rules(&c->lists, list)[i];

			class_spans(&c->plan->placements.data[number], number, class, &spans);
		}
		vp_spans_split(&spans, &c->lists, &regions);
		vp_array_each (region, &regions)
			add_region(pass, builder, range, class, region);
		vp_regions_overlay(regions.data, regions.len, pass->local[class].data,
				   pass->local[class].len, &c->lists, &merged);
		vp_array_each (region, &merged)
			add_region(pass, here, range, class, region);
		vp_array_free(&spans);
		vp_array_free(&regions);
		vp_array_free(&merged);
	}
}

static void endpoint_maps(struct pass *pass, uint8_t family)
{
	struct vp_maps *maps = &pass->endpoint[family == 6];
	_cleanup_free_ char *name = vp_format("%s-ipv%u", pass_name(pass), family);
	_cleanup_free_ char *name_here = vp_format("%s-here", name);
	struct vp_map_builder builder, here;
	struct vp_regions list = { 0 };
	struct edges edges = { 0 };

	collect_edges(pass, family, &edges);
	zones(pass, family, &edges, &list);
	vp_map_begin(&builder, family, pass->direction == VP_TO_CLIENT);
	vp_map_begin(&here, family, pass->direction == VP_TO_CLIENT);
	vp_array_each (zone, &list) {
		struct vp_address_range range = zone_addresses(&edges, family, zone);

		zone_maps(pass, &range, zone->list, &builder, &here);
	}
	vp_map_finish(pass->c, &builder, name, maps);
	vp_map_finish(pass->c, &here, name_here, &pass->endpoint_here[family == 6]);
	vp_array_free(&list);
	vp_array_free(&edges);
}

/* Dispatch chains */

static void look_up(struct vp_statements *out, const struct vp_selector *key, size_t parts,
		    const char *map)
{
	vp_st_add(out, VP_ST_VMAP, key, parts)->name = vp_strdup(map);
}

static void endpoint_rules(const struct pass *pass, struct vp_nft_chain *chain,
			   const struct vp_maps maps[2])
{
	bool source = pass->direction == VP_TO_CLIENT;

	for (uint8_t family = 4; family <= 6; family += 2) {
		const struct vp_maps *m = &maps[family == 6];
		struct vp_selector key[3] = { source ? vp_sel_source(family, false)
						     : vp_sel_destination(family),
					      vp_sel(VP_SEL_L4PROTO, 1), vp_sel_port(source) };

		for (int portless = 0; portless < 2; portless++) {
			const char *names[2] = { m->exact[portless], m->interval[portless] };

			for (int i = 0; i < 2; i++) {
				struct vp_statements *out;

				if (!names[i])
					continue;
				out = &vp_chain_rule(chain, NULL)->statements;
				vp_st_family(out, family);
				look_up(out, key, portless ? 2 : 3, names[i]);
			}
		}
	}
}

/* Local maps; `protocol` < 0: by the packet's own port, else by the original one of flows of
 * that protocol. */
static void local_rules(const struct pass *pass, struct vp_nft_chain *chain, int protocol)
{
	const struct vp_maps *maps = &pass->local_maps;
	struct vp_selector key[2] = { vp_sel(VP_SEL_L4PROTO, 1),
				      vp_sel_port(pass->direction == VP_TO_CLIENT) };
	const char *names[2] = { maps->exact[0], maps->interval[0] };

	if (protocol >= 0)
		key[1] = vp_sel(VP_SEL_CT_ORIGINAL_DPORT, 2);
	for (int i = 0; i < 2; i++) {
		struct vp_statements *out;

		if (!names[i])
			continue;
		out = &vp_chain_rule(chain, NULL)->statements;
		if (protocol >= 0)
			vp_st_match_byte(out, VP_SEL_L4PROTO, VP_CMP_EQ, (uint8_t)protocol);
		look_up(out, key, 2, names[i]);
	}
	if (pass->shapes)
		vp_shapes_dispatch(pass->shapes, chain, protocol);
}

static void portless_rules(const struct pass *pass, struct vp_nft_chain *chain)
{
	struct vp_selector key = vp_sel(VP_SEL_L4PROTO, 1);

	if (pass->local_maps.exact[1])
		look_up(&vp_chain_rule(chain, NULL)->statements, &key, 1,
			pass->local_maps.exact[1]);
}

static const char *dispatch_chain(struct pass *pass, const char *where,
				  struct vp_nft_chain *chain)
{
	if (!chain->rules.len)
		return NULL;
	chain->kept_name = true;
	chain->name = vp_format("%s-%s", pass_name(pass), where);
	vp_array_push(&pass->c->ruleset->chains, *chain);
	return chain->name;
}

/* Flows whose destination was translated: the service they were sent to, by its port before.
 */
static void published_chain(struct pass *pass)
{
	struct vp_nft_chain chain = { 0 };

	for (unsigned int class = 0; class < VP_PORTFUL; class ++)
		if (pass->local[class].len)
			local_rules(pass, &chain, vp_portful[class]);
	portless_rules(pass, &chain);
	pass->published = dispatch_chain(pass, "published", &chain);
}

static void dispatch_chains(struct pass *pass)
{
	struct vp_nft_chain here = { 0 }, elsewhere = { 0 };

	endpoint_rules(pass, &here, pass->endpoint_here);
	local_rules(pass, &here, -1);
	portless_rules(pass, &here);
	pass->here = dispatch_chain(pass, "here", &here);
	endpoint_rules(pass, &elsewhere, pass->endpoint);
	pass->elsewhere = dispatch_chain(pass, "elsewhere", &elsewhere);
	published_chain(pass);
}

static void pass_compile(struct pass *pass)
{
	local_regions(pass);
	local_maps(pass);
	endpoint_maps(pass, 4);
	endpoint_maps(pass, 6);
	dispatch_chains(pass);
}

static void pass_free(struct pass *pass)
{
	for (unsigned int class = 0; class < VP_CLASSES; class ++)
		vp_array_free(&pass->local[class]);
	if (pass->shapes)
		vp_shapes_free(pass->shapes);
}

/* Base chains */

/* A rule for packets that this host sends to itself (`self`), or for all others. */
static struct vp_statements *base_rule(struct vp_nft_chain *chain, bool self)
{
	struct vp_statements *out = &vp_chain_rule(chain, NULL)->statements;

	if (chain->hook == NF_INET_LOCAL_IN)
		vp_st_loopback(out, VP_SEL_IIFTYPE, self);
	if (chain->hook == NF_INET_LOCAL_OUT)
		vp_st_loopback(out, VP_SEL_OIFTYPE, self);
	return out;
}

/* To this host's services: what comes in, and what it sends to itself; their answers: what
 * leaves. */
static void base_actual(const struct pass *pass, struct vp_nft_chain *chain)
{
	bool output = chain->hook == NF_INET_LOCAL_OUT;
	bool here = pass->direction == VP_TO_SERVER ? chain->hook == NF_INET_LOCAL_IN : output;

	if (output && pass->here)
		vp_st_verdict(base_rule(chain, true), VP_NFT_JUMP, pass->here);
	if (here && pass->here)
		vp_st_verdict(base_rule(chain, false), VP_NFT_JUMP, pass->here);
	if (!here && pass->elsewhere)
		vp_st_verdict(base_rule(chain, false), VP_NFT_JUMP, pass->elsewhere);
}

static void base_published(const struct pass *pass, struct vp_nft_chain *chain)
{
	struct vp_statements *out = &vp_chain_rule(chain, NULL)->statements;

	if (chain->hook == NF_INET_LOCAL_IN)
		vp_st_loopback(out, VP_SEL_IIFTYPE, false);
	vp_st_match_u32(out, VP_SEL_CT_STATUS, VP_CMP_BITS, IPS_DST_NAT);
	vp_st_match_byte(out, VP_SEL_CT_DIRECTION, VP_CMP_EQ,
			 pass->direction == VP_TO_SERVER ? CT_DIRECTION_ORIGINAL
							 : CT_DIRECTION_REPLY);
	vp_st_verdict(out, VP_NFT_JUMP, pass->published);
}

static void base_pass(const struct pass *pass, struct vp_nft_chain *chain)
{
	base_actual(pass, chain);
	if (pass->published)
		base_published(pass, chain);
}

static void base_chain(struct vp_compiler *c, const char *name, uint8_t hook,
		       const struct pass *passes, size_t count, const char *clamp)
{
	struct vp_nft_chain chain = {
		.base = true, .hook = hook, .priority = BASE_PRIORITY, .kept_name = true
	};

	chain.name = vp_strdup(name);
	vp_compile_guard(c, &chain);
	if (clamp && hook == NF_INET_LOCAL_OUT)
		vp_compile_segment_rule(&chain, clamp);
	for (size_t i = 0; i < count; i++)
		base_pass(&passes[i], &chain);
	vp_array_push(&c->ruleset->chains, chain);
	vp_compile_unmark(c, name, hook, BASE_PRIORITY + 1);
}

void vp_compile_dispatch(struct vp_compiler *c)
{
	struct pass passes[] = {
		{ c, VP_POINT_NETFILTER, VP_MODE_MONITOR, .direction = VP_TO_SERVER },
		{ c, VP_POINT_NETFILTER, VP_MODE_MONITOR, .direction = VP_TO_CLIENT },
		{ c, VP_POINT_NETFILTER, VP_MODE_ENFORCE, .direction = VP_TO_SERVER },
		{ c, VP_POINT_NETFILTER, VP_MODE_ENFORCE, .direction = VP_TO_CLIENT },
		{ c, VP_POINT_INSPECTION, .direction = VP_TO_SERVER },
		{ c, VP_POINT_INSPECTION, .direction = VP_TO_CLIENT },
	};
	const char *clamp;

	vp_array_each (placement, &c->plan->placements)
		c->local |= placement->point == VP_POINT_INSPECTION && placement->local;
	for (size_t i = 0; i < VP_COUNT(passes); i++)
		pass_compile(&passes[i]);
	vp_array_each (placement, &c->plan->placements)
		if (placement->point == VP_POINT_INSPECTION &&
		    placement->mode == VP_MODE_ENFORCE &&
		    placement->rule->action.verdict == VP_VERDICT_BAN)
			vp_compile_ban_sets(c);
	clamp = vp_compile_segments(c);
	base_chain(c, "input", NF_INET_LOCAL_IN, passes, VP_COUNT(passes), clamp);
	base_chain(c, "forward", NF_INET_FORWARD, passes, VP_COUNT(passes), clamp);
	base_chain(c, "output", NF_INET_LOCAL_OUT, passes, VP_COUNT(passes), clamp);
	vp_compile_bans(c);
	vp_compile_leases(c);
	for (size_t i = 0; i < VP_COUNT(passes); i++)
		pass_free(&passes[i]);
}
