// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Segments of inspected services over loopback, made to fit the queue. The kernel hands
 * at most 65531 bytes of a packet to user space (65535 in a netlink attribute, whose
 * header counts), while over loopback, with its MTU of 65536, one may have 65535: its
 * last bytes would be dropped or passed unread. So SYN and SYN-ACK announce less than
 * loopback would let them. The kernel lowers the option only, so smaller ones stay.
 *
 * Both are seen where they leave, behind address translation: the original port is the
 * service's in both, the present one where only that is shielded. Only ports count, not
 * addresses: a little less for one more service of this host costs nothing.
 */
#include <netinet/in.h>

#include "modules/netfilter/compiler.h"

#define TCP_FLAGS_AT 13 /* in its header */
#define TCP_SYN	     0x02

/*
 * Segments leave together as one packet of a whole number of them. With one alone in it
 * the sender fills packets up to 65535 bytes all the same; two of this size are 64000.
 */
#define SEGMENT_MAX 32000

static const char *port_set(struct vp_compiler *c)
{
	struct vp_nft_set set = { .interval = true };
	struct vp_selector port = vp_sel_port(false);

	vp_set_part(&set, &port, "inet_service");
	vp_array_each (placement, &c->plan->placements) {
		if (placement->point != VP_POINT_INSPECTION)
			continue;
		vp_array_each (range, &placement->ports) {
			bool any = range->protocol == VP_PROTOCOL_ANY;
			uint8_t *key, *end;

			if (!any && range->protocol != IPPROTO_TCP)
				continue;
			vp_set_element(&set, &key, &end);
			vp_put_port(key, any ? 0 : range->first);
			vp_put_port(end, any ? UINT16_MAX : range->last);
		}
	}
	if (!set.elements.len) {
		vp_array_free(&set.parts);
		return NULL;
	}
	vp_set_join(&set);
	return vp_store_set(&c->store, "inspected", &set);
}

static void clamp_rule(struct vp_nft_chain *chain, const struct vp_selector *port,
		       const char *ports)
{
	struct vp_statements *out = &vp_chain_rule(chain, NULL)->statements;

	if (port->kind == VP_SEL_CT_ORIGINAL_DPORT) /* nft reads it only so */
		vp_st_match_byte(out, VP_SEL_L4PROTO, VP_CMP_EQ, IPPROTO_TCP);
	vp_st_match(out, port, VP_CMP_IN_SET, NULL)->name = vp_strdup(ports);
	vp_st_add(out, VP_ST_SEGMENT, NULL, 0)->number = SEGMENT_MAX;
}

static const char *clamp_chain(struct vp_compiler *c, const char *ports)
{
	struct vp_selector keys[] = { vp_sel_port(false), vp_sel_port(true),
				      vp_sel(VP_SEL_CT_ORIGINAL_DPORT, 2) };
	struct vp_nft_chain chain = { 0 };

	for (size_t i = 0; i < VP_COUNT(keys); i++)
		clamp_rule(&chain, &keys[i], ports);
	return vp_store_chain(&c->store, "segment", &chain);
}

const char *vp_compile_segments(struct vp_compiler *c)
{
	const char *ports = port_set(c);

	return ports ? clamp_chain(c, ports) : NULL;
}

void vp_compile_segment_rule(struct vp_nft_chain *chain, const char *clamp)
{
	struct vp_selector flags = vp_sel_payload(VP_SEL_TRANSPORT, TCP_FLAGS_AT, 1);
	struct vp_statements *out = &vp_chain_rule(chain, NULL)->statements;
	const uint8_t none = 0;

	flags.masked = true;
	flags.mask[0] = TCP_SYN;
	vp_st_loopback(out, VP_SEL_OIFTYPE, true);
	vp_st_match_byte(out, VP_SEL_L4PROTO, VP_CMP_EQ, IPPROTO_TCP);
	vp_st_match(out, &flags, VP_CMP_NE, &none);
	vp_st_verdict(out, VP_NFT_JUMP, clamp);
}
