/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a packet ends: counters, limits, bans, and the common chains that report
 * and give the verdict. A packet's mark is set to the rule's tag on the way there,
 * so that the report says who it was; packets that live are never marked.
 */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

#include "modules/netfilter/compiler.h"

/* Reports of one rule, a second; the counters stay exact. */
#define LOG_RATE  20u
#define LOG_BURST 40u
#define LOG_KEEP  60000u /* ms */

#define TRACKED_MAX 65535u /* elements of a dynamic set */
#define COUNTED_MIN 65536u /* likewise, of one that counts by tag; a power of two */

#define BAN_PRIORITY                                                                          \
	(-310) /* raw - 10: behind defragmentation, before connection tracking                \
		*/

static struct vp_nft_set *dynamic_set(struct vp_compiler *c, const char *name,
				      const struct vp_selector *selector, const char *type)
{
	struct vp_nft_set *set = vp_array_add(&c->ruleset->sets);
	struct vp_selector plain = *selector;

	plain.masked = false;
	memset(plain.mask, 0, sizeof(plain.mask));
	set->name = vp_strdup(name);
	vp_set_part(set, &plain, type);
	set->dynamic = set->timeout = set->kept = true;
	set->size = TRACKED_MAX;
	return set;
}

/* A set that counts by tag, as large as all rules will need for a while. */
static const char *counting_set(struct vp_compiler *c, const char *prefix)
{
	struct vp_selector mark = vp_sel(VP_SEL_MARK, 4);
	_cleanup_free_ char *name = NULL;
	struct vp_nft_set *set;
	uint32_t size = COUNTED_MIN;

	while (size < 2 * c->plan->placements.len)
		size *= 2;
	name = vp_format("%s%u", prefix, size);
	set = dynamic_set(c, name, &mark, "mark");
	set->timeout = false;
	set->size = size;
	return set->name;
}

/* A rule of its own: where a full set ends it, the packet's end is still to come. */
static void count_rule(struct vp_compiler *c, struct vp_nft_chain *chain, const char *prefix)
{
	struct vp_statements *out = &vp_chain_rule(chain, NULL)->statements;
	struct vp_selector mark = vp_sel(VP_SEL_MARK, 4);

	vp_st_add(out, VP_ST_COUNT_EACH, &mark, 1)->name = vp_strdup(counting_set(c, prefix));
}

static void log_statement(struct vp_compiler *c, struct vp_statements *out, const char *prefix)
{
	struct vp_statement *log;

	vp_st_named(out, VP_ST_LOG, prefix);
	log = &out->data[out->len - 1];
	log->number = c->host->log_group;
}

static void log_rule(struct vp_compiler *c, struct vp_nft_chain *chain, const char *prefix)
{
	struct vp_statements *out = &vp_chain_rule(chain, NULL)->statements;
	struct vp_selector mark = vp_sel(VP_SEL_MARK, 4);
	struct vp_statement *limit;

	if (!c->log_limit)
		dynamic_set(c, "log-limit", &mark, "mark")->milliseconds = LOG_KEEP;
	c->log_limit = true;
	limit = vp_st_add(out, VP_ST_LIMIT_EACH, &mark, 1);
	limit->name = vp_strdup("log-limit");
	limit->rate = (struct vp_rate){ LOG_RATE, 1 };
	limit->burst = LOG_BURST;
	log_statement(c, out, prefix);
}

static void end_rules(struct vp_nft_chain *chain, enum vp_end end)
{
	struct vp_statements *out;

	if (end == VP_END_REJECT || end == VP_END_RESET) {
		/* what the kernel answers must not carry the mark */
		out = &vp_chain_rule(chain, NULL)->statements;
		vp_st_add(out, VP_ST_MARK, NULL, 0)->number = 0;
	}
	if (end == VP_END_RESET) {
		out = &vp_chain_rule(chain, NULL)->statements;
		vp_st_match_byte(out, VP_SEL_L4PROTO, VP_CMP_EQ, IPPROTO_TCP);
		vp_st_verdict(out, VP_NFT_REJECT_RESET, NULL);
	}
	out = &vp_chain_rule(chain, NULL)->statements;
	vp_st_verdict(out, end == VP_END_REJECT ? VP_NFT_REJECT : VP_NFT_DROP, NULL);
}

const char *vp_compile_end(struct vp_compiler *c, enum vp_end end)
{
	static const struct {
		const char *chain, *prefix;
	} names[VP_END_COUNT] = {
		[VP_END_DROP] = { "verdict-drop", "vpatch:drop" },
		[VP_END_COUNTED] = { "count-drop", NULL },
		[VP_END_REJECT] = { "verdict-reject", "vpatch:reject" },
		[VP_END_RESET] = { "verdict-reset", "vpatch:reset" },
		[VP_END_BAN] = { "verdict-ban", "vpatch:ban" },
		[VP_END_UNREAD] = { "verdict-unread", "vpatch:" VP_UNREAD_WORD },
		[VP_END_INVALID] = { "verdict-invalid", "vpatch:" VP_INVALID_WORD },
	};
	struct vp_nft_chain chain = { .kept_name = true };

	if (c->ends[end])
		return c->ends[end];
	chain.name = vp_strdup(names[end].chain);
	if (end == VP_END_COUNTED) {
		count_rule(c, &chain, VP_HITS_PREFIX);
		vp_st_verdict(&vp_chain_rule(&chain, NULL)->statements, VP_NFT_GOTO,
			      vp_compile_end(c, VP_END_DROP));
	} else {
		if (end == VP_END_BAN)
			count_rule(c, &chain, VP_BAN_HITS_PREFIX);
		log_rule(c, &chain, names[end].prefix);
		end_rules(&chain, end);
	}
	c->ends[end] = chain.name;
	vp_array_push(&c->ruleset->chains, chain);
	return chain.name;
}

/* A rule's counter or limit, unless it has one: its two variants are compiled one after the
 * other. NULL: it has. */
static struct vp_nft_object *add_object(struct vp_compiler *c, enum vp_nft_object_kind kind,
					uint32_t tag, const char *name)
{
	struct vp_nft_object *object;

	for (size_t i = c->ruleset->objects.len; i-- > 0;) {
		object = &c->ruleset->objects.data[i];
		if (object->tag != tag)
			break;
		if (object->kind == kind)
			return NULL;
	}
	object = vp_array_add(&c->ruleset->objects);
	object->kind = kind;
	object->name = vp_strdup(name);
	object->tag = tag;
	return object;
}

/* Limits */

static char *rate_text(const struct vp_action *action)
{
	return vp_format("%llu-per-%us-burst-%u", (unsigned long long)action->rate.count,
			 action->rate.seconds, action->burst);
}

static void limit_object(struct vp_compiler *c, const struct vp_placement *placement,
			 const char *name)
{
	struct vp_nft_object *object = add_object(c, VP_OBJECT_LIMIT, placement->tag, name);

	if (!object)
		return;
	object->rate = placement->rule->action.rate;
	object->burst = placement->rule->action.burst;
}

/* How long a source is remembered: until its allowance is whole again, and a minute at least.
 */
static uint64_t limit_memory(const struct vp_action *action)
{
	uint64_t refill = (uint64_t)action->rate.seconds * 1000 * action->burst /
			  (action->rate.count ? action->rate.count : 1);

	return refill < 60000 ? 60000 : refill;
}

static void limit(struct vp_compiler *c, const struct vp_placement *placement,
		  const char *name, uint8_t family, struct vp_statements *out)
{
	const struct vp_action *action = &placement->rule->action;
	_cleanup_free_ char *rate = rate_text(action), *full = NULL;
	struct vp_selector source;
	struct vp_statement *each;
	struct vp_nft_set *set;

	if (!action->per_source) {
		full = vp_format("%s/%s", name, rate);
		limit_object(c, placement, full);
		vp_st_named(out, VP_ST_LIMIT, full);
		return;
	}
	full = vp_format("%s/%s/ipv%u", name, rate, family);
	source = vp_sel_source(family, true);
	set = dynamic_set(c, full, &source, family == 4 ? "ipv4_addr" : "ipv6_addr");
	set->milliseconds = limit_memory(action);
	set->tag = placement->tag;
	each = vp_st_add(out, VP_ST_LIMIT_EACH, &source, 1);
	each->name = vp_strdup(full);
	each->rate = action->rate;
	each->burst = action->burst;
	each->over = true;
}

/* Bans */

static const char *never_ban_set(struct vp_compiler *c, uint8_t family)
{
	struct vp_selector source = vp_sel_source(family, false);
	struct vp_nft_set set = { .interval = true };

	vp_set_part(&set, &source, family == 4 ? "ipv4_addr" : "ipv6_addr");
	vp_array_each (range, &c->host->never_ban) {
		uint8_t *key, *end;

		if (range->first.family != family)
			continue;
		vp_set_element(&set, &key, &end);
		memcpy(key, range->first.bytes, source.size);
		memcpy(end, range->last.bytes, source.size);
		if (family == 6) { /* a ban is of the whole /64 */
			memset(key + 8, 0, 8);
			memset(end + 8, 0xff, 8);
		}
	}
	if (!set.elements.len) {
		vp_array_free(&set.parts);
		return NULL;
	}
	vp_set_join(&set);
	return vp_store_set(&c->store, VP_NEVER_BAN_PREFIX, &set);
}

static const char *ban_set(uint8_t family)
{
	return family == 4 ? VP_BAN_SET_4 : VP_BAN_SET_6;
}

static void ban_rule(struct vp_compiler *c, struct vp_nft_chain *chain, uint8_t family,
		     const struct vp_placement *placement)
{
	struct vp_statements *out = &vp_chain_rule(chain, NULL)->statements;
	struct vp_selector source = vp_sel_source(family, true),
			   whole = vp_sel_source(family, false);
	const char *never = never_ban_set(c, family);
	struct vp_statement *add;

	vp_st_family(out, family);
	vp_st_match_byte(out, VP_SEL_L4PROTO, VP_CMP_EQ, IPPROTO_TCP);
	vp_st_match_u32(out, VP_SEL_CT_STATUS, VP_CMP_BITS, IPS_ASSURED);
	if (never)
		vp_st_match(out, &whole, VP_CMP_NOT_IN_SET, NULL)->name = vp_strdup(never);
	add = vp_st_add(out, VP_ST_ADD, &source, 1);
	add->name = vp_strdup(ban_set(family));
	add->milliseconds = placement->rule->action.milliseconds;
	add->number = placement->tag;
}

void vp_compile_ban_sets(struct vp_compiler *c)
{
	if (c->bans)
		return;
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct vp_selector source = vp_sel_source(family, false);
		struct vp_nft_set *set = dynamic_set(c, ban_set(family), &source,
						     family == 4 ? "ipv4_addr" : "ipv6_addr");

		set->data = VP_DATA_MARK;
	}
	/* for vp_netfilter_ban(), even where no rule of the kernel's asks them */
	(void)never_ban_set(c, 4);
	(void)never_ban_set(c, 6);
	c->bans = true;
}

/* The chain that bans the source where that is safe, and drops the packet in any case. */
static const char *ban_chain(struct vp_compiler *c, const struct vp_placement *placement,
			     const char *name)
{
	struct vp_nft_chain chain = { 0 };
	const char *drop = vp_compile_end(c, VP_END_DROP);

	vp_compile_ban_sets(c);
	chain.comment = vp_strdup(name);
	ban_rule(c, &chain, 4, placement);
	ban_rule(c, &chain, 6, placement);
	vp_st_verdict(&vp_chain_rule(&chain, NULL)->statements, VP_NFT_GOTO, drop);
	return vp_store_chain(&c->store, "ban", &chain);
}

void vp_compile_bans(struct vp_compiler *c)
{
	struct vp_nft_chain chain = { .base = true,
				      .hook = NF_INET_PRE_ROUTING,
				      .priority = BAN_PRIORITY,
				      .kept_name = true };
	const char *end;

	if (!c->bans)
		return;
	end = vp_compile_end(c, VP_END_BAN);
	chain.name = vp_strdup("prerouting");
	vp_compile_guard(c, &chain);
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct vp_statements *out = &vp_chain_rule(&chain, NULL)->statements;
		struct vp_selector source = vp_sel_source(family, true);

		vp_st_family(out, family);
		vp_st_add(out, VP_ST_MARK_MAP, &source, 1)->name = vp_strdup(ban_set(family));
		vp_st_verdict(out, VP_NFT_GOTO, end);
	}
	vp_array_push(&c->ruleset->chains, chain);
}

/* Tails */

bool vp_compile_tail_of_family(const struct vp_placement *placement)
{
	const struct vp_action *action = &placement->rule->action;

	return action->verdict == VP_VERDICT_LIMIT && action->per_source;
}

static void counter(struct vp_compiler *c, const struct vp_placement *placement,
		    const char *name, struct vp_statements *out)
{
	add_object(c, VP_OBJECT_COUNTER, placement->tag, name);
	vp_st_named(out, VP_ST_COUNTER, name);
}

static void monitor_tail(struct vp_compiler *c, const struct vp_placement *placement,
			 struct vp_statements *out)
{
	_cleanup_free_ char *prefix = vp_format("vpatch:monitor:%08x", placement->tag);
	struct vp_statement *rate = vp_st_add(out, VP_ST_LIMIT, NULL, 0);

	rate->rate = (struct vp_rate){ LOG_RATE, 1 };
	rate->burst = LOG_BURST;
	log_statement(c, out, prefix);
}

void vp_compile_tail(struct vp_compiler *c, const struct vp_placement *placement,
		     const char *name, uint8_t family, struct vp_statements *out)
{
	const struct vp_action *action = &placement->rule->action;
	const char *end;

	if (action->verdict == VP_VERDICT_LIMIT)
		limit(c, placement, name, family, out);
	counter(c, placement, name, out);
	if (placement->mode == VP_MODE_MONITOR) {
		monitor_tail(c, placement, out);
		return;
	}
	if (action->verdict == VP_VERDICT_BAN)
		end = ban_chain(c, placement, name);
	else if (action->verdict == VP_VERDICT_REJECT)
		end = vp_compile_end(c, VP_END_REJECT);
	else if (action->verdict == VP_VERDICT_RESET)
		end = vp_compile_end(c, VP_END_RESET);
	else
		end = vp_compile_end(c, VP_END_DROP);
	vp_st_add(out, VP_ST_MARK, NULL, 0)->number = placement->tag;
	vp_st_verdict(out, VP_NFT_GOTO, end);
}
