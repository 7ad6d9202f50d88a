/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regions with inspection rules: which of their packets go to user space, to
 * which queues, and what becomes of them while nobody reads there. What queues
 * and leases are is in queue.h.
 *
 * Of TCP only segments with payload or with SYN, FIN, RST or URG are queued:
 * others change nothing in the stream that the application reads. An empty
 * segment with URG does: it makes a byte urgent that comes later. A region's own
 * chains are named by their content; only the queues' chains change with the
 * generation. What lets flows leave is in compile_away.c.
 */
#include <errno.h>
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

#include "modules/netfilter/compiler.h"
#include "modules/netfilter/queue.h"

#define TCP_FLAGS_AT 13	  /* in its header */
#define TCP_DECISIVE 0x27 /* FIN, SYN, RST, URG */

/* One is used; ended ones count until the kernel collects them, once a second. */
#define LEASE_SIZE 1024u

/* What a list of placements needs of the queue. */
struct demand {
	enum vp_queue_class class;
	const struct vp_placement *blame; /* what is dropped unread is reported for it */
	const char *name;		  /* "PATCH/RULE" of `blame` */
	bool tcp, others;		  /* protocols */
};

/* More decisive for the class, and for whom failures are reported: the strictest enforced. */
static unsigned int weight(const struct vp_placement *placement)
{
	if (placement->mode != VP_MODE_ENFORCE)
		return 0;
	return placement->patch->on_failure == VP_FAILURE_BLOCK ? 2 : 1;
}

static struct demand demand_of(const struct vp_compiler *c, uint32_t list)
{
	static const enum vp_queue_class classes[] = { VP_QUEUE_WATCH, VP_QUEUE_PASS,
						       VP_QUEUE_BLOCK };
	struct demand demand = { .blame = NULL };
	unsigned int heaviest = 0;

	for (size_t i = 0; i < vp_list_count(&c->lists, list); i++) {
		uint32_t number = vp_list_rules(&c->lists, list)[i];
		const struct vp_placement *placement = &c->plan->placements.data[number];

		if (!demand.blame || weight(placement) > heaviest) {
			heaviest = weight(placement);
			demand.blame = placement;
			demand.name = c->rules[number].name;
		}
		vp_array_each (range, &placement->ports) {
			demand.tcp |= range->protocol == IPPROTO_TCP ||
				      range->protocol == VP_PROTOCOL_ANY;
			demand.others |= range->protocol != IPPROTO_TCP;
		}
	}
	demand.class = classes[heaviest];
	return demand;
}

static const char *count_object(struct vp_compiler *c, enum vp_queue_count which)
{
	const char *name = vp_queue_count_name(which);

	if (!c->queue_counts[which]) {
		struct vp_nft_object *object = vp_array_add(&c->ruleset->objects);

		object->kind = VP_OBJECT_COUNTER;
		object->name = vp_strdup(name);
		object->tag = vp_queue_count_tag(which);
		c->queue_counts[which] = true;
	}
	return name;
}

static void lease_set(struct vp_compiler *c, enum vp_queue_class class)
{
	struct vp_selector mark = vp_sel(VP_SEL_MARK, 4);
	struct vp_nft_set *set;

	if (c->leases[class])
		return;
	c->leases[class] = true;
	set = vp_array_add(&c->ruleset->sets);
	set->name = vp_lease_name(class);
	vp_set_part(set, &mark, "mark");
	set->dynamic = set->timeout = set->kept = true;
	set->size = LEASE_SIZE;
}

/* Tells the reader the port that a flow was sent to, where address translation hides it: a
 * mark that packets had before is left as it is. */
static void mark_published(struct vp_compiler *c, struct vp_nft_chain *chain,
			   const char *lease, bool answer)
{
	struct vp_queueing queueing = vp_queueing(c->host);
	struct vp_statements *out = &vp_chain_rule(chain, NULL)->statements;
	struct vp_selector key = vp_lease_key();

	vp_st_match_u32(out, VP_SEL_CT_STATUS, VP_CMP_BITS, IPS_DST_NAT);
	vp_st_match_byte(out, VP_SEL_CT_DIRECTION, VP_CMP_EQ, answer);
	vp_st_match_u32(out, VP_SEL_MARK, VP_CMP_EQ, 0);
	vp_st_match(out, &key, VP_CMP_IN_SET, NULL)->name = vp_strdup(lease);
	vp_st_add(out, VP_ST_MARK_PORT, NULL, 0)->number =
		vp_published_sign(&queueing) | answer;
	c->published = true;
}

/* A mark with that half, host order, where VP_ST_MARK_PORT has it. */
static uint32_t sign_half(uint16_t sign)
{
	uint8_t bytes[4] = { 0 };
	uint32_t mark;

	memcpy(bytes + 2, &sign, sizeof(sign));
	memcpy(&mark, bytes, sizeof(mark));
	return mark;
}

void vp_compile_unmark(struct vp_compiler *c, const char *name, uint8_t hook, int32_t priority)
{
	struct vp_queueing queueing = vp_queueing(c->host);
	uint32_t wanted = sign_half(vp_published_sign(&queueing));
	uint32_t mask = sign_half(UINT16_MAX - 1);
	struct vp_nft_chain chain = {
		.base = true, .hook = hook, .priority = priority, .kept_name = true
	};
	struct vp_selector mark = vp_sel(VP_SEL_MARK, 4);
	struct vp_statements *out;

	if (!c->published)
		return;
	chain.name = vp_format("%s-unmark", name);
	out = &vp_chain_rule(&chain, NULL)->statements;
	mark.masked = true;
	memcpy(mark.mask, &mask, sizeof(mask));
	vp_st_match(out, &mark, VP_CMP_EQ, &wanted);
	vp_st_add(out, VP_ST_MARK, NULL, 0)->number = 0;
	vp_array_push(&c->ruleset->chains, chain);
}

/* To the queue while the lease is fresh; else back (BLOCK), or counted and on. */
static const char *queue_chain(struct vp_compiler *c, enum vp_queue_class class,
			       enum vp_queue_kind kind)
{
	static const enum vp_queue_count unread[] = {
		[VP_QUEUE_PASS] = VP_QUEUE_UNREAD_PASS,
		[VP_QUEUE_WATCH] = VP_QUEUE_UNREAD_WATCH,
	};
	struct vp_queueing queueing = vp_queueing(c->host);
	struct vp_nft_chain chain = { .kept_name = true };
	_cleanup_free_ char *lease = vp_lease_name(class);
	struct vp_selector key = vp_lease_key();
	struct vp_statement *queue;
	struct vp_statements *out;

	if (c->queues[class][kind])
		return c->queues[class][kind];
	lease_set(c, class);
	chain.name = vp_format("queue-%s%s", vp_queue_class_name(class),
			       kind == VP_QUEUE_DATAGRAMS ? "-datagrams" : "");
	for (int answer = 0; c->local && answer < 2; answer++)
		mark_published(c, &chain, lease, answer);
	out = &vp_chain_rule(&chain, NULL)->statements;
	vp_st_match(out, &key, VP_CMP_IN_SET, NULL)->name = vp_strdup(lease);
	queue = vp_st_add(out, VP_ST_QUEUE, NULL, 0);
	queue->number = vp_queue_first(&queueing, class, kind, c->ruleset->generation);
	queue->queues = queueing.count;
	queue->over = class != VP_QUEUE_BLOCK;
	queue->compat = !c->host->kernel.native_queue && c->host->kernel.compat_queue;
	if (class != VP_QUEUE_BLOCK)
		vp_st_named(&vp_chain_rule(&chain, NULL)->statements, VP_ST_COUNTER,
			    count_object(c, unread[class]));
	vp_array_push(&c->ruleset->chains, chain);
	c->queues[class][kind] = chain.name;
	return chain.name;
}

static void blame(struct vp_compiler *c, struct vp_statements *out,
		  const struct demand *demand, enum vp_queue_count which, enum vp_end end)
{
	vp_st_named(out, VP_ST_COUNTER, count_object(c, which));
	vp_st_add(out, VP_ST_MARK, NULL, 0)->number = demand->blame->tag;
	vp_st_verdict(out, VP_NFT_GOTO, vp_compile_end(c, end));
}

/* What becomes of a packet that has to be read. */
static const char *inspect_chain(struct vp_compiler *c, const struct demand *demand,
				 enum vp_queue_kind kind)
{
	const char *queue = queue_chain(c, demand->class, kind);
	struct vp_nft_chain chain = { .comment = vp_strdup(demand->name) };
	struct vp_statements *out;

	if (demand->class == VP_QUEUE_WATCH) {
		free(chain.comment);
		return queue;
	}
	out = &vp_chain_rule(&chain, demand->name)->statements;
	vp_st_match_u32(out, VP_SEL_CT_STATE, VP_CMP_BITS, NF_CT_STATE_INVALID_BIT);
	blame(c, out, demand, VP_QUEUE_INVALID, VP_END_INVALID);
	vp_st_verdict(&vp_chain_rule(&chain, demand->name)->statements,
		      demand->class == VP_QUEUE_BLOCK ? VP_NFT_JUMP : VP_NFT_GOTO, queue);
	if (demand->class == VP_QUEUE_BLOCK)
		blame(c, &vp_chain_rule(&chain, demand->name)->statements, demand,
		      VP_QUEUE_UNREAD_BLOCK, VP_END_UNREAD);
	return vp_store_chain(&c->store, "inspect", &chain);
}

static bool can_tell_payload(const struct vp_compiler *c)
{
	return c->host->kernel.inner_payload || !c->host->kernel.nftables;
}

static void others_rule(struct vp_compiler *c, const struct demand *demand,
			struct vp_nft_chain *chain)
{
	struct vp_statements *out = &vp_chain_rule(chain, demand->name)->statements;

	vp_st_match_byte(out, VP_SEL_L4PROTO, VP_CMP_NE, IPPROTO_TCP);
	vp_st_verdict(out, VP_NFT_GOTO, inspect_chain(c, demand, VP_QUEUE_DATAGRAMS));
}

/* Segments that change something, and those with payload, which may be of a flow that has
 * left. */
static void segment_rules(struct vp_compiler *c, const struct demand *demand,
			  struct vp_nft_chain *chain)
{
	const char *inspect = inspect_chain(c, demand, VP_QUEUE_STREAMS);
	struct vp_selector flags = vp_sel_payload(VP_SEL_TRANSPORT, TCP_FLAGS_AT, 1);
	struct vp_selector payload = vp_sel_payload(VP_SEL_INNER, 0, 1);
	const char *back = vp_compile_back(c, inspect, demand->name);
	const char *away = vp_compile_away(c, inspect, demand->name);
	struct vp_statements *out = &vp_chain_rule(chain, demand->name)->statements;
	const uint8_t none = 0;

	flags.masked = true;
	flags.mask[0] = TCP_DECISIVE;
	vp_st_match(out, &flags, VP_CMP_NE, &none);
	vp_st_verdict(out, VP_NFT_GOTO, back);
	out = &vp_chain_rule(chain, demand->name)->statements;
	vp_st_match(out, &payload, VP_CMP_LOADED, NULL);
	vp_st_verdict(out, VP_NFT_GOTO, away);
}

const char *vp_compile_queue(struct vp_compiler *c, uint32_t list)
{
	struct demand demand = demand_of(c, list);
	struct vp_nft_chain chain = { 0 };

	if (!demand.tcp)
		return inspect_chain(c, &demand, VP_QUEUE_DATAGRAMS);
	if (!demand.others && !can_tell_payload(c))
		return inspect_chain(c, &demand, VP_QUEUE_STREAMS);
	if (demand.others)
		others_rule(c, &demand, &chain);
	if (can_tell_payload(c))
		segment_rules(c, &demand, &chain);
	else
		vp_st_verdict(&vp_chain_rule(&chain, demand.name)->statements, VP_NFT_GOTO,
			      inspect_chain(c, &demand, VP_QUEUE_STREAMS));
	return vp_store_chain(&c->store, "region", &chain);
}

int vp_compile_queues_check(const struct vp_compiler *c, const struct vp_placement *placement,
			    struct vp_error *err)
{
	struct vp_queueing queueing = vp_queueing(c->host);

	if (!vp_kernel_queues(&c->host->kernel))
		return vp_fail(err, -EOPNOTSUPP,
			       "rule %s/%s needs inspection, and this kernel can send it no "
			       "packets: load or build nft_queue (CONFIG_NFT_QUEUE), or "
			       "xt_NFQUEUE and nft_compat",
			       placement->patch->id, placement->rule->name);
	if (queueing.count > VP_QUEUE_COUNT_MAX || !vp_queue_fits(&queueing))
		return vp_fail(err, -EINVAL,
			       "%u queues a class from number %u on: at most %u, and the "
			       "last one at most %u",
			       queueing.count, queueing.base, VP_QUEUE_COUNT_MAX, UINT16_MAX);
	return 0;
}
