// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the verdict writer tells the rules by marked datagrams over loopback: beats,
 * which renew a lease, and keys of flows that leave the queue for a while or for
 * good. The contract is in queue.h.
 *
 * A flow is away while its key is in a set. Its segments with payload return before
 * the queue as long as the element's quota lasts. The kernel adds a packet's length
 * (of the whole IP packet; several segments in one count as what they were put
 * together to) before it compares, so the packet that would exceed the quota, and all
 * behind it, go to the queue: never more bytes go by than the quota says. The
 * datagram that makes the element is counted too. Nothing renews an element: a
 * rule that did would make it again when it has just ended or been removed, and then
 * without a quota. Adding never changes an element that is there, hence the removal
 * before; packets between the two are queued.
 *
 * A new generation may read what the one before did not, so its commit empties the
 * sets. Segments with FIN, SYN, RST or URG remove the element whoever sent them: that
 * costs at most that the flow is read again.
 */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

#include "modules/netfilter/compiler.h"

/* Before connection tracking and everybody's firewall: nobody else has to see these. */
#define LEASE_PRIORITY (-310)
#define MARKS_SIZE     64u /* a beat a class, VP_AWAY_SIZES a family */
_Static_assert(VP_QUEUE_CLASSES + 2 * VP_AWAY_SIZES <= MARKS_SIZE, "all marks have room");

#define AWAY_MAX 65536u /* flows of a family */

#define UDP_HEADER 8

char *vp_lease_name(enum vp_queue_class class)
{
	return vp_format("lease-%s", vp_queue_class_name(class));
}

struct vp_selector vp_lease_key(void)
{
	struct vp_selector key = vp_sel(VP_SEL_MARK, 4);

	key.masked = true;
	return key;
}

static const char *away_set(uint8_t family)
{
	return family == 4 ? "away4" : "away6";
}

/* The pieces of a flow's key, from its packets or (`told`) from the datagram that tells it.
 * Cut so that nft(8) takes none of them for a field of a type of its own. */
struct flow_key {
	struct vp_selector parts[4];
	size_t count;
};

static void key_part(struct flow_key *key, bool told, enum vp_selector_kind base,
		     unsigned int at, unsigned int size)
{
	unsigned int done = 0;

	for (size_t i = 0; i < key->count; i++)
		done += key->parts[i].size;
	key->parts[key->count++] =
		told ? vp_sel_payload(VP_SEL_TRANSPORT, UDP_HEADER + done, size)
		     : vp_sel_payload(base, at, size);
}

static struct flow_key flow_key(uint8_t family, bool told)
{
	struct flow_key key = { .count = 0 };

	if (family == 4) {
		key_part(&key, told, VP_SEL_NETWORK, 12, 8);
	} else {
		key_part(&key, told, VP_SEL_NETWORK, 8, 12);
		key_part(&key, told, VP_SEL_NETWORK, 20, 12);
		key_part(&key, told, VP_SEL_NETWORK, 32, 8);
	}
	key_part(&key, told, VP_SEL_TRANSPORT, 0, 4);
	return key;
}

static bool can_leave(const struct vp_compiler *c)
{
	return c->host->kernel.away || !c->host->kernel.nftables;
}

static void make_sets(struct vp_compiler *c)
{
	for (uint8_t family = 4; !c->away && family <= 6; family += 2) {
		struct vp_nft_set *set = vp_array_add(&c->ruleset->sets);
		struct flow_key key = flow_key(family, false);

		set->name = vp_strdup(away_set(family));
		for (size_t i = 0; i < key.count; i++)
			vp_set_part(set, &key.parts[i], "integer");
		set->dynamic = set->timeout = set->kept = set->recalled = true;
		set->size = AWAY_MAX;
	}
	c->away = true;
}

const char *vp_compile_away(struct vp_compiler *c, const char *inspect, const char *name)
{
	struct vp_nft_chain chain = { 0 };

	if (!can_leave(c))
		return inspect;
	make_sets(c);
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct vp_statements *out = &vp_chain_rule(&chain, NULL)->statements;
		struct flow_key key = flow_key(family, false);
		struct vp_statement *look_up;

		vp_st_family(out, family);
		vp_st_match_u32(out, VP_SEL_CT_STATE, VP_CMP_BITS,
				NF_CT_STATE_BIT(IP_CT_ESTABLISHED));
		look_up = vp_st_add(out, VP_ST_MATCH, key.parts, key.count);
		look_up->compare = VP_CMP_IN_SET;
		look_up->name = vp_strdup(away_set(family));
		vp_st_verdict(out, VP_NFT_RETURN, NULL);
	}
	vp_st_verdict(&vp_chain_rule(&chain, name)->statements, VP_NFT_GOTO, inspect);
	return vp_store_chain(&c->store, "away", &chain);
}

static void remove_rule(struct vp_nft_chain *chain, uint8_t family, bool told)
{
	struct vp_statements *out = &vp_chain_rule(chain, NULL)->statements;
	struct flow_key key = flow_key(family, told);

	if (!told)
		vp_st_family(out, family);
	vp_st_add(out, VP_ST_REMOVE, key.parts, key.count)->name = vp_strdup(away_set(family));
}

const char *vp_compile_back(struct vp_compiler *c, const char *inspect, const char *name)
{
	struct vp_nft_chain chain = { 0 };

	if (!can_leave(c))
		return inspect;
	make_sets(c);
	remove_rule(&chain, 4, false);
	remove_rule(&chain, 6, false);
	vp_st_verdict(&vp_chain_rule(&chain, name)->statements, VP_NFT_GOTO, inspect);
	return vp_store_chain(&c->store, "back", &chain);
}

/* What comes over loopback */

static void add_mark(struct vp_nft_set *marks, uint32_t mark, const char *chain)
{
	struct vp_nft_element *element;
	uint8_t *key;

	element = vp_set_element(marks, &key, NULL);
	memcpy(key, &mark, sizeof(mark)); /* host order */
	element->verdict = VP_NFT_GOTO;
	element->chain = chain;
}

static const char *end_chain(struct vp_compiler *c, struct vp_nft_chain *chain)
{
	vp_st_verdict(&vp_chain_rule(chain, NULL)->statements, VP_NFT_DROP, NULL);
	vp_array_push(&c->ruleset->chains, *chain);
	return chain->name;
}

/* The drop is a rule of its own: a set that is full must not let the beat go on. */
static void take_beats(struct vp_compiler *c, const struct vp_queueing *queueing,
		       enum vp_queue_class class, struct vp_nft_set *marks)
{
	struct vp_nft_chain chain = { .kept_name = true };
	struct vp_selector key = vp_lease_key();
	struct vp_statement *refresh;

	chain.name = vp_format("beat-%s", vp_queue_class_name(class));
	refresh = vp_st_add(&vp_chain_rule(&chain, NULL)->statements, VP_ST_REFRESH, &key, 1);
	refresh->name = vp_lease_name(class);
	refresh->milliseconds = queueing->lease_milliseconds;
	add_mark(marks, vp_lease_mark(queueing, class), end_chain(c, &chain));
}

static void allow_rule(struct vp_nft_chain *chain, uint8_t family, uint32_t mark,
		       unsigned int size)
{
	struct vp_statements *out = &vp_chain_rule(chain, NULL)->statements;
	struct flow_key key = flow_key(family, true);
	struct vp_statement *allow;

	vp_st_match_u32(out, VP_SEL_MARK, VP_CMP_EQ, mark);
	allow = vp_st_add(out, VP_ST_ALLOW, key.parts, key.count);
	allow->name = vp_strdup(away_set(family));
	allow->milliseconds = VP_AWAY_TIME;
	allow->bytes = size == VP_AWAY_ENDING ? 0 : vp_away_bytes(size);
}

/* Taken out even where flows cannot leave: the writer need not know. */
static void take_keys(struct vp_compiler *c, const struct vp_queueing *queueing,
		      uint8_t family, struct vp_nft_set *marks)
{
	struct vp_nft_chain chain = { .kept_name = true };
	const char *name;

	chain.name = vp_format("leave%u", family);
	if (c->away) {
		remove_rule(&chain, family, true);
		for (unsigned int size = 0; size < VP_AWAY_SIZES; size++)
			allow_rule(&chain, family, vp_away_mark(queueing, family == 6, size),
				   size);
	}
	name = end_chain(c, &chain);
	for (unsigned int size = 0; size < VP_AWAY_SIZES; size++)
		add_mark(marks, vp_away_mark(queueing, family == 6, size), name);
}

static const char *take_marks(struct vp_compiler *c)
{
	struct vp_queueing queueing = vp_queueing(c->host);
	struct vp_nft_set marks = { .data = VP_DATA_VERDICT, .size = MARKS_SIZE };
	struct vp_selector mark = vp_sel(VP_SEL_MARK, 4);

	vp_set_part(&marks, &mark, "mark");
	for (unsigned int class = 0; class < VP_QUEUE_CLASSES; class ++)
		if (c->leases[class])
			take_beats(c, &queueing, (enum vp_queue_class) class, &marks);
	if (!marks.elements.len) {
		vp_nft_set_free(&marks);
		return NULL;
	}
	take_keys(c, &queueing, 4, &marks);
	take_keys(c, &queueing, 6, &marks);
	vp_set_sort(&marks);
	marks.name = vp_strdup("lease-marks");
	vp_array_push(&c->ruleset->sets, marks);
	return marks.name;
}

void vp_compile_leases(struct vp_compiler *c)
{
	struct vp_nft_chain chain = { .base = true,
				      .hook = NF_INET_LOCAL_OUT,
				      .priority = LEASE_PRIORITY,
				      .kept_name = true };
	struct vp_selector mark = vp_sel(VP_SEL_MARK, 4);
	const char *marks = take_marks(c);
	struct vp_statements *out;

	if (!marks)
		return;
	chain.name = vp_strdup("lease");
	out = &vp_chain_rule(&chain, NULL)->statements;
	vp_st_loopback(out, VP_SEL_OIFTYPE, false);
	vp_st_verdict(out, VP_NFT_RETURN, NULL);
	vp_st_add(&vp_chain_rule(&chain, NULL)->statements, VP_ST_VMAP, &mark, 1)->name =
		vp_strdup(marks);
	vp_array_push(&c->ruleset->chains, chain);
}
