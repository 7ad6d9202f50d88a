// SPDX-License-Identifier: GPL-2.0-or-later
/* One of each: sets, selectors, comparisons, statements, verdicts, base chains. */
#include <netinet/in.h>
#include <stdio.h>

#include <linux/netfilter.h>

#include "modules/netfilter/statement.h"
#include "tests/unit/netfilter/kernel_build.h"

static void interval4(struct vp_nft_set *set, const char *first, const char *last)
{
	struct vp_address from, to;
	uint8_t *key, *end;

	vp_address_parse(first, &from);
	vp_address_parse(last, &to);
	vp_set_element(set, &key, &end);
	memcpy(key, from.bytes, vp_address_size(from.family));
	memcpy(end, to.bytes, vp_address_size(to.family));
}

static void add_trees(struct vp_ruleset *ruleset)
{
	struct vp_selector four = vp_sel_source(4, false), six = vp_sel_source(6, false);
	struct vp_nft_set *set = vp_build_set(ruleset, "stations4", VP_DATA_NONE);

	vp_set_part(set, &four, "ipv4_addr");
	set->interval = set->immutable = true;
	interval4(set, "0.0.0.0", "0.255.255.255");
	interval4(set, "10.0.0.0", "10.0.0.255");
	interval4(set, "10.0.1.0", "10.0.1.7"); /* adjacent to the one before */
	interval4(set, "192.0.2.1", "192.0.2.1");
	interval4(set, "240.0.0.0", "255.255.255.255");
	vp_set_sort(set);
	set = vp_build_set(ruleset, "stations6", VP_DATA_NONE);
	vp_set_part(set, &six, "ipv6_addr");
	set->interval = set->immutable = true;
	interval4(set, "::", "::ffff");
	interval4(set, "2001:db8::", "2001:db8::ffff:ffff");
	interval4(set, "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	vp_set_sort(set);
}

static void add_ranges(struct vp_ruleset *ruleset)
{
	struct vp_selector parts[3] = { vp_sel_destination(4), vp_sel(VP_SEL_L4PROTO, 1),
					vp_sel_port(false) };
	struct vp_nft_set *set;
	struct vp_nft_element *element;
	uint8_t *key, *end;

	vp_st_verdict(&vp_chain_rule(vp_build_chain(ruleset, "region-range", false), "ranges")
			       ->statements,
		      VP_NFT_RETURN, NULL);
	set = vp_build_set(ruleset, "ranges", VP_DATA_VERDICT);
	vp_set_part(set, &parts[0], "ipv4_addr");
	vp_set_part(set, &parts[1], "inet_proto");
	vp_set_part(set, &parts[2], "inet_service");
	set->interval = set->immutable = true;
	set->size = 64;
	for (unsigned int i = 0; i < 20; i++) {
		element = vp_set_element(set, &key, &end);
		memcpy(key, (uint8_t[]){ 198, 51, (uint8_t)i, 0 }, 4);
		memcpy(end, (uint8_t[]){ 198, 51, (uint8_t)i, 255 }, 4);
		key[4] = end[4] = IPPROTO_TCP;
		vp_put_port(key + 8, 8000);
		vp_put_port(end + 8, 8090);
		element->verdict = i % 2 ? VP_NFT_DROP : VP_NFT_JUMP;
		if (i % 2 == 0)
			element->chain = ruleset->chains.data[ruleset->chains.len - 1].name;
	}
	vp_set_sort(set);
}

static void add_kept(struct vp_ruleset *ruleset)
{
	struct vp_selector four = vp_sel_source(4, true), six = vp_sel_source(6, true);
	struct vp_selector wide = vp_sel_payload(VP_SEL_NETWORK, 12, 8);
	struct vp_selector ports = vp_sel_payload(VP_SEL_TRANSPORT, 0, 4);
	struct vp_nft_set *set = vp_build_set(ruleset, "ban4", VP_DATA_MARK);

	vp_set_part(set, &four, "ipv4_addr");
	set->dynamic = set->timeout = set->kept = true;
	set->size = 65535;
	set = vp_build_set(ruleset, "ban6", VP_DATA_MARK);
	vp_set_part(set, &six, "ipv6_addr");
	set->dynamic = set->timeout = set->kept = true;
	set->size = 65535;
	set->milliseconds = 333; /* not a whole number of ticks anywhere */
	set = vp_build_set(ruleset, "each4", VP_DATA_NONE);
	vp_set_part(set, &four, "ipv4_addr");
	set->dynamic = set->timeout = set->kept = true;
	set->size = 65535;
	set->milliseconds = 60000;
	set = vp_build_set(ruleset, "allowed", VP_DATA_NONE);
	vp_set_part(set, &wide, "integer");
	vp_set_part(set, &ports, "integer");
	set->dynamic = set->timeout = set->kept = true;
	set->size = 65535;
	vp_build_object(ruleset, VP_OBJECT_LIMIT, "Z/limit-10-60-5", 0x7001);
	vp_build_object(ruleset, VP_OBJECT_COUNTER, "Z/zoo", 0x7002);
}

static void add_session(struct vp_ruleset *ruleset)
{
	struct vp_selector parts[4] = { vp_sel_source(4, false), vp_sel_destination(4),
					vp_sel_port(true), vp_sel_port(false) };
	struct vp_nft_set *set = vp_build_set(ruleset, "session4", VP_DATA_NONE);
	uint8_t *key;

	vp_set_part(set, &parts[0], "ipv4_addr");
	vp_set_part(set, &parts[1], "ipv4_addr");
	vp_set_part(set, &parts[2], "inet_service");
	vp_set_part(set, &parts[3], "inet_service");
	vp_set_element(set, &key, NULL)->comment = "the one who applies";
	memcpy(key, (uint8_t[]){ 192, 0, 2, 1, 192, 0, 2, 2, 0x80, 1, 0, 0, 0, 22 }, 14);
}

static void match(struct vp_nft_chain *chain, struct vp_selector selector,
		  enum vp_compare compare, const char *data)
{
	uint8_t bytes[16] = { 0 };
	struct vp_nft_rule *rule = vp_chain_rule(chain, "Z/match");

	memcpy(bytes, data, strlen(data));
	if (selector.kind == VP_SEL_CT_ORIGINAL_DPORT) /* nft reads it only so */
		vp_st_match_byte(&rule->statements, VP_SEL_L4PROTO, VP_CMP_EQ, IPPROTO_TCP);
	memcpy(vp_st_match(&rule->statements, &selector, compare, bytes)->data2,
	       "\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16);
	vp_st_verdict(&rule->statements, VP_NFT_RETURN, NULL);
}

static void add_matches(struct vp_ruleset *ruleset)
{
	struct vp_nft_chain *chain = vp_build_chain(ruleset, "zoo-match", false);
	struct vp_selector masked = vp_sel_payload(VP_SEL_TRANSPORT, 8, 2);

	masked.masked = true;
	masked.mask[0] = 0x0f;
	masked.mask[1] = 0xf0;
	match(chain, masked, VP_CMP_EQ, "\x01\x10");
	match(chain, vp_sel(VP_SEL_L4PROTO, 1), VP_CMP_EQ, "\x06");
	match(chain, vp_sel(VP_SEL_NFPROTO, 1), VP_CMP_NE, "\x02");
	match(chain, vp_sel(VP_SEL_MARK, 4), VP_CMP_GT, "\x02");
	match(chain, vp_sel(VP_SEL_IIFTYPE, 2), VP_CMP_EQ, "\x04\x03");
	match(chain, vp_sel(VP_SEL_MARK, 4), VP_CMP_EQ, "\x02");
	match(chain, vp_sel_payload(VP_SEL_NETWORK, 8, 1), VP_CMP_LT, "\x40");
	match(chain, vp_sel_payload(VP_SEL_NETWORK, 8, 1), VP_CMP_LE, "\x40");
	match(chain, vp_sel_payload(VP_SEL_TRANSPORT, 8, 16), VP_CMP_GE, "0123456789abcdef");
	match(chain, vp_sel_payload(VP_SEL_TRANSPORT, 8, 3), VP_CMP_IN_RANGE, "\x01");
	match(chain, vp_sel_payload(VP_SEL_TRANSPORT, 8, 8), VP_CMP_NOT_IN_RANGE, "\x01");
	match(chain, vp_sel_payload(VP_SEL_TRANSPORT, 100, 4), VP_CMP_LOADED, "");
	match(chain, vp_sel(VP_SEL_CT_STATE, 4), VP_CMP_BITS, "\x01");
	match(chain, vp_sel(VP_SEL_CT_STATUS, 4), VP_CMP_BITS, "\x20");
	match(chain, vp_sel(VP_SEL_CT_DIRECTION, 1), VP_CMP_EQ, "");
	match(chain, vp_sel(VP_SEL_CT_ORIGINAL_DPORT, 2), VP_CMP_EQ, "\x01\xbb");
	match(chain, vp_sel_option(VP_SEL_TCP_OPTION, 2, 2, 2), VP_CMP_LT, "\x02\x18");
	match(chain, vp_sel_option(VP_SEL_TCP_OPTION, 5, 0, 0), VP_CMP_EQ, "\x01");
	match(chain, vp_sel_option(VP_SEL_IPV6_EXTHDR, 43, 2, 1), VP_CMP_EQ, "");
	match(chain, vp_sel_option(VP_SEL_IPV6_EXTHDR, 60, 0, 0), VP_CMP_EQ, "\x01");
	match(chain, vp_sel_option(VP_SEL_IPV4_OPTION, 131, 0, 0), VP_CMP_EQ, "\x01");
	match(chain, vp_sel_option(VP_SEL_IPV4_OPTION, 148, 0, 1), VP_CMP_EQ, "");
}

static void add_allowed(struct vp_nft_chain *chain)
{
	struct vp_selector key[2] = { vp_sel_payload(VP_SEL_TRANSPORT, 8, 8),
				      vp_sel_payload(VP_SEL_TRANSPORT, 16, 4) };
	struct vp_nft_rule *rule = vp_chain_rule(chain, "Z/allow");
	struct vp_statement *st;

	vp_st_add(&rule->statements, VP_ST_REMOVE, key, 2)->name = vp_strdup("allowed");
	st = vp_st_add(&rule->statements, VP_ST_ALLOW, key, 2);
	st->name = vp_strdup("allowed");
	st->milliseconds = 3600000;
	st->bytes = (uint64_t)4 << 30;
	rule = vp_chain_rule(chain, "Z/allow-always");
	st = vp_st_add(&rule->statements, VP_ST_ALLOW, key, 2);
	st->name = vp_strdup("allowed");
	st->milliseconds = 1000;
	vp_st_add(&rule->statements, VP_ST_SEGMENT, NULL, 0)->number = 65000;
}

static void add_statements(struct vp_ruleset *ruleset)
{
	struct vp_nft_chain *chain = vp_build_chain(ruleset, "zoo-do", false);
	struct vp_selector four = vp_sel_source(4, true), six = vp_sel_source(6, true);
	struct vp_nft_rule *rule = vp_chain_rule(chain, "Z/set");
	struct vp_statement *st;

	vp_st_family(&rule->statements, 4);
	st = vp_st_add(&rule->statements, VP_ST_MATCH, &four, 1);
	st->compare = VP_CMP_NOT_IN_SET;
	st->name = vp_strdup("stations4");
	st = vp_st_add(&rule->statements, VP_ST_ADD, &four, 1);
	st->name = vp_strdup("ban4");
	st->milliseconds = 600000;
	st->number = 0x7002;
	vp_st_named(&rule->statements, VP_ST_COUNTER, "Z/zoo");
	rule = vp_chain_rule(chain, "Z/set6");
	vp_st_family(&rule->statements, 6);
	st = vp_st_add(&rule->statements, VP_ST_MATCH, &six, 1);
	st->compare = VP_CMP_IN_SET;
	st->name = vp_strdup("stations6");
	st = vp_st_add(&rule->statements, VP_ST_ADD, &six, 1);
	st->name = vp_strdup("ban6");
	st->milliseconds = 200;
	st->number = 0x7002;
	rule = vp_chain_rule(chain, "Z/limit");
	vp_st_named(&rule->statements, VP_ST_LIMIT, "Z/limit-10-60-5");
	rule = vp_chain_rule(chain, "Z/limit-here");
	st = vp_st_add(&rule->statements, VP_ST_LIMIT, NULL, 0);
	st->rate = (struct vp_rate){ .count = 3, .seconds = 3600 };
	st->burst = 2;
	rule = vp_chain_rule(chain, "Z/each");
	vp_st_family(&rule->statements, 4);
	st = vp_st_add(&rule->statements, VP_ST_LIMIT_EACH, &four, 1);
	st->name = vp_strdup("each4");
	st->rate = (struct vp_rate){ .count = 1, .seconds = 86400 };
	st->burst = 1;
	st->over = true;
	vp_st_verdict(&rule->statements, VP_NFT_JUMP, "zoo-match");
	add_allowed(chain);
	rule = vp_chain_rule(chain, NULL);
	vp_st_match_byte(&rule->statements, VP_SEL_L4PROTO, VP_CMP_EQ, 99);
	vp_st_verdict(&rule->statements, VP_NFT_REJECT, NULL);
	rule = vp_chain_rule(chain, NULL);
	vp_st_match_byte(&rule->statements, VP_SEL_L4PROTO, VP_CMP_EQ, IPPROTO_TCP);
	vp_st_verdict(&rule->statements, VP_NFT_REJECT_RESET, NULL);
}

void vp_build_zoo(struct vp_ruleset *ruleset)
{
	static const uint8_t hooks[] = { NF_INET_FORWARD, NF_INET_LOCAL_OUT,
					 NF_INET_PRE_ROUTING };
	struct vp_selector ranged[3] = { vp_sel_destination(4), vp_sel(VP_SEL_L4PROTO, 1),
					 vp_sel_port(false) };
	struct vp_selector session[4] = { vp_sel_source(4, false), vp_sel_destination(4),
					  vp_sel_port(true), vp_sel_port(false) };
	struct vp_nft_rule *rule;
	struct vp_statement *st;
	char name[16];

	add_trees(ruleset);
	add_ranges(ruleset);
	add_kept(ruleset);
	add_session(ruleset);
	add_matches(ruleset);
	add_statements(ruleset);
	for (size_t i = 0; i < VP_COUNT(hooks); i++) {
		struct vp_nft_chain *chain;

		snprintf(name, sizeof(name), "base-%zu", i);
		chain = vp_build_chain(ruleset, name, true);
		chain->base = true;
		chain->hook = hooks[i];
		chain->priority = i == 2 ? -310 : 10;
		chain->comment = vp_strdup("a base chain");
		rule = vp_chain_rule(chain, "session");
		vp_st_family(&rule->statements, 4);
		st = vp_st_add(&rule->statements, VP_ST_MATCH, session, 4);
		st->compare = VP_CMP_IN_SET;
		st->name = vp_strdup("session4");
		vp_st_verdict(&rule->statements, VP_NFT_RETURN, NULL);
		rule = vp_chain_rule(chain, "ranges");
		vp_st_family(&rule->statements, 4);
		vp_st_add(&rule->statements, VP_ST_VMAP, ranged, 3)->name =
			vp_strdup("ranges");
		if (i < 2) /* a rejecting chain may be reached from here only */
			vp_st_verdict(&vp_chain_rule(chain, "zoo")->statements, VP_NFT_JUMP,
				      "zoo-do");
	}
}
