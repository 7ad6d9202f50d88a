/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regions as elements of verdict maps: single ports and addresses and short ranges of
 * ports in hash maps, other ranges in interval maps. Keys are disjoint, so it does not matter
 * which is looked at first.
 */
#include "modules/netfilter/compiler.h"

const uint8_t vp_portful[VP_PORTFUL] = { 6, 17, 33, 132, 136 };

#define SIZE_MIN 256u

/*
 * A range of at most so many ports becomes single ports. The look-up in an interval
 * map costs more the more ranges it holds; ranges are disjoint, so at most 128
 * longer ones fit into a protocol's 65,536 ports, whatever the number of patches.
 */
#define SHORT_RANGE 512u

void vp_map_begin(struct vp_map_builder *builder, uint8_t family, bool source)
{
	struct vp_selector address =
		source ? vp_sel_source(family, false) : vp_sel_destination(family);
	struct vp_selector protocol = vp_sel(VP_SEL_L4PROTO, 1), port = vp_sel_port(source);

	*builder = (struct vp_map_builder){ .family = family };
	for (int portless = 0; portless < 2; portless++) {
		struct vp_nft_set *sets[2] = { &builder->exact[portless],
					       &builder->interval[portless] };

		for (int i = 0; i < 2; i++) {
			if (family)
				vp_set_part(sets[i], &address,
					    family == 4 ? "ipv4_addr" : "ipv6_addr");
			vp_set_part(sets[i], &protocol, "inet_proto");
			if (!portless)
				vp_set_part(sets[i], &port, "inet_service");
			sets[i]->data = VP_DATA_VERDICT;
		}
		builder->interval[portless].interval = true;
	}
}

/* Fill a key: [address] protocol [port]. */
static void put_key(uint8_t *key, const struct vp_address *address, uint8_t protocol,
		    bool port, uint32_t number)
{
	if (address) {
		size_t size = vp_address_size(address->family);

		memcpy(key, address->bytes, size);
		key += size;
	}
	key[0] = protocol;
	if (port)
		vp_put_port(key + 4, (uint16_t)number);
}

static void add(struct vp_compiler *c, struct vp_map_builder *builder,
		const struct vp_address_range *range, bool portless, uint8_t protocol,
		uint8_t last_protocol, const struct vp_region *region)
{
	bool interval = protocol != last_protocol ||
			(!portless && region->first != region->last) ||
			(range && vp_address_compare(&range->first, &range->last));
	struct vp_nft_set *set =
		interval ? &builder->interval[portless] : &builder->exact[portless];
	struct vp_nft_element *element;
	uint8_t *key, *end;

	element = vp_set_element(set, &key, interval ? &end : NULL);
	put_key(key, range ? &range->first : NULL, protocol, !portless, region->first);
	if (interval)
		put_key(end, range ? &range->last : NULL, last_protocol, !portless,
			region->last);
	element->verdict = VP_NFT_GOTO;
	element->chain = vp_compile_list(c, region->list);
}

/* Protocols without ports: each its own key, or with addresses in runs between those with
 * ports. */
static void add_portless(struct vp_compiler *c, struct vp_map_builder *builder,
			 const struct vp_address_range *range, const struct vp_region *region)
{
	for (uint32_t first = region->first; first <= region->last; first++) {
		uint32_t last = first;

		if (vp_protocol_has_ports((uint16_t)first))
			continue;
		while (range && last < region->last &&
		       !vp_protocol_has_ports((uint16_t)(last + 1)))
			last++;
		add(c, builder, range, true, (uint8_t)first, (uint8_t)last, region);
		first = last;
	}
}

static void add_portful(struct vp_compiler *c, struct vp_map_builder *builder,
			const struct vp_address_range *range, uint8_t protocol,
			const struct vp_region *region)
{
	bool single = !range || !vp_address_compare(&range->first, &range->last);
	struct vp_region port = *region;

	if (!single || region->last - region->first >= SHORT_RANGE) {
		add(c, builder, range, false, protocol, protocol, region);
		return;
	}
	for (uint32_t number = region->first; number <= region->last; number++) {
		port.first = port.last = number;
		add(c, builder, range, false, protocol, protocol, &port);
	}
}

void vp_map_add(struct vp_compiler *c, struct vp_map_builder *builder,
		const struct vp_address_range *range, unsigned int class,
		const struct vp_region *region)
{
	if (class == VP_PORTFUL)
		add_portless(c, builder, range, region);
	else
		add_portful(c, builder, range, vp_portful[class], region);
}

const char *vp_map_store(struct vp_compiler *c, const char *name, struct vp_nft_set *set)
{
	uint32_t size = SIZE_MIN;

	vp_set_sort(set);
	while (size < 2 * set->elements.len)
		size *= 2;
	set->size = size;
	set->name = vp_format("%s-%u", name, size);
	vp_array_push(&c->ruleset->sets, *set);
	return set->name;
}

static const char *finish(struct vp_compiler *c, struct vp_nft_set *set, const char *name,
			  const char *kind)
{
	_cleanup_free_ char *full = vp_format("%s-%s", name, kind);

	if (!set->elements.len) {
		vp_array_free(&set->parts);
		return NULL;
	}
	if (!set->interval)
		return vp_map_store(c, full, set);
	vp_set_sort(set);
	return vp_store_set(&c->store, full, set);
}

void vp_map_finish(struct vp_compiler *c, struct vp_map_builder *builder, const char *name,
		   struct vp_maps *maps)
{
	maps->exact[0] = finish(c, &builder->exact[0], name, "port");
	maps->interval[0] = finish(c, &builder->interval[0], name, "ports");
	maps->exact[1] = finish(c, &builder->exact[1], name, "protocol");
	maps->interval[1] = finish(c, &builder->interval[1], name, "protocols");
}
