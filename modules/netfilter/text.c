/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ruleset as nft text. Raw payload expressions are used where nft has a named
 * one too, except for addresses and ports, because they say exactly which bytes
 * are read. Names of the table's own objects need no quotes in nft.
 */
#include "modules/netfilter/text.h"

#include <ctype.h>
#include <net/if_arp.h>
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

#define COMMENT_MAX 127 /* nft's own limit, without the NUL */

static void put_name(struct vp_strbuf *out, const char *name)
{
	if (isdigit((unsigned char)*name))
		vp_strbuf_addc(out, '_');
	vp_strbuf_adds(out, name);
}

static void put_comment(struct vp_strbuf *out, const char *comment)
{
	if (comment)
		vp_strbuf_addf(out, " comment \"%.*s\"", COMMENT_MAX, comment);
}

static void put_hex(struct vp_strbuf *out, const uint8_t *data, size_t size)
{
	vp_strbuf_adds(out, "0x");
	for (size_t i = 0; i < size; i++)
		vp_strbuf_addf(out, "%02x", data[i]);
}

static void put_address(struct vp_strbuf *out, const uint8_t *data, size_t size)
{
	struct vp_address address = { .family = size == 4 ? 4 : 6 };
	char text[VP_ADDRESS_TEXT];

	memcpy(address.bytes, data, size);
	vp_strbuf_adds(out, vp_address_print(&address, text));
}

static uint32_t host_number(const uint8_t *data, size_t size)
{
	uint32_t wide;
	uint16_t narrow;

	if (size == 2) {
		memcpy(&narrow, data, 2);
		return narrow;
	}
	if (size == 1)
		return *data;
	memcpy(&wide, data, 4);
	return wide;
}

/* Selectors */

enum form { FORM_HEX, FORM_ADDRESS, FORM_PORT, FORM_HOST };

static const char *network_name(const struct vp_selector *selector)
{
	if (selector->size == 4)
		return selector->offset == 12	? "ip saddr"
		       : selector->offset == 16 ? "ip daddr"
						: NULL;
	if (selector->size == 16)
		return selector->offset == 8	? "ip6 saddr"
		       : selector->offset == 24 ? "ip6 daddr"
						: NULL;
	return NULL;
}

static const char *plain_name(const struct vp_selector *selector)
{
	switch (selector->kind) {
	case VP_SEL_L4PROTO:
		return "meta l4proto";
	case VP_SEL_NFPROTO:
		return "meta nfproto";
	case VP_SEL_IIFTYPE:
		return "meta iiftype";
	case VP_SEL_OIFTYPE:
		return "meta oiftype";
	case VP_SEL_MARK:
		return "meta mark";
	case VP_SEL_CT_STATE:
		return "ct state";
	case VP_SEL_CT_STATUS:
		return "ct status";
	case VP_SEL_CT_DIRECTION:
		return "ct direction";
	case VP_SEL_CT_ORIGINAL_DPORT:
		return "ct original proto-dst";
	case VP_SEL_NETWORK:
		return network_name(selector);
	case VP_SEL_TRANSPORT:
		if (selector->size == 2 && selector->offset <= 2)
			return selector->offset ? "th dport" : "th sport";
		return NULL;
	case VP_SEL_TCP_OPTION:
	case VP_SEL_IPV6_EXTHDR:
	case VP_SEL_IPV4_OPTION:
	case VP_SEL_INNER:
		break;
	}
	return NULL;
}

static enum form form_of(const struct vp_selector *selector)
{
	switch (selector->kind) {
	case VP_SEL_MARK:
	case VP_SEL_IIFTYPE:
	case VP_SEL_OIFTYPE:
	case VP_SEL_CT_STATE:
	case VP_SEL_CT_STATUS:
		return FORM_HOST;
	case VP_SEL_NETWORK:
		return network_name(selector) ? FORM_ADDRESS : FORM_HEX;
	case VP_SEL_TRANSPORT:
		return plain_name(selector) ? FORM_PORT : FORM_HEX;
	case VP_SEL_CT_ORIGINAL_DPORT:
		return FORM_PORT;
	case VP_SEL_L4PROTO:
	case VP_SEL_NFPROTO:
	case VP_SEL_CT_DIRECTION:
	case VP_SEL_TCP_OPTION:
	case VP_SEL_IPV6_EXTHDR:
	case VP_SEL_IPV4_OPTION:
	case VP_SEL_INNER:
		break;
	}
	return FORM_HEX;
}

static const char *header_name(uint8_t type)
{
	return type == 0 ? "hbh" : type == 43 ? "rt" : type == 60 ? "dst" : "mh";
}

static const char *ip_option_name(uint8_t type)
{
	return type == 7 ? "rr" : type == 131 ? "lsrr" : type == 137 ? "ssrr" : "ra";
}

/* An option or header, by its presence or by bytes of it. */
static void put_option(struct vp_strbuf *out, const struct vp_selector *selector)
{
	if (selector->kind == VP_SEL_TCP_OPTION && selector->size)
		vp_strbuf_addf(out, "tcp option @%u,%u,%u", selector->type,
			       8u * selector->offset, 8u * selector->size);
	else if (selector->kind == VP_SEL_TCP_OPTION)
		vp_strbuf_addf(out, "tcp option %u", selector->type);
	else if (selector->kind == VP_SEL_IPV6_EXTHDR && selector->size)
		vp_strbuf_adds(out,
			       "rt type"); /* of the headers' fields only this one is read */
	else if (selector->kind == VP_SEL_IPV6_EXTHDR)
		vp_strbuf_addf(out, "exthdr %s", header_name(selector->type));
	else
		vp_strbuf_addf(out, "ip option %s", ip_option_name(selector->type));
}

static void put_data(struct vp_strbuf *out, const struct vp_selector *selector,
		     const uint8_t *data)
{
	size_t size = vp_selector_width(selector);

	switch (form_of(selector)) {
	case FORM_ADDRESS:
		put_address(out, data, size);
		break;
	case FORM_PORT:
		vp_strbuf_addf(out, "%u", data[0] << 8 | data[1]);
		break;
	case FORM_HOST:
		vp_strbuf_addf(out, "0x%x", host_number(data, size));
		break;
	case FORM_HEX:
		if (size == 1 && selector->kind != VP_SEL_TRANSPORT &&
		    selector->kind != VP_SEL_NETWORK)
			vp_strbuf_addf(out, "%u", data[0]);
		else
			put_hex(out, data, size);
		break;
	}
}

/* What nft calls the header that a payload offset counts from; NULL: no such selector. */
static const char *base_name(const struct vp_selector *selector)
{
	return selector->kind == VP_SEL_NETWORK	    ? "nh"
	       : selector->kind == VP_SEL_TRANSPORT ? "th"
	       : selector->kind == VP_SEL_INNER	    ? "ih"
						    : NULL;
}

static void put_selector(struct vp_strbuf *out, const struct vp_selector *selector,
			 bool masked)
{
	const char *name = plain_name(selector);

	if (name)
		vp_strbuf_adds(out, name);
	else if (base_name(selector))
		vp_strbuf_addf(out, "@%s,%u,%u", base_name(selector), 8u * selector->offset,
			       8u * selector->size);
	else
		put_option(out, selector);
	if (!masked || !selector->masked)
		return;
	vp_strbuf_adds(out, " & ");
	put_data(out, selector, selector->mask);
}

static void put_key(struct vp_strbuf *out, const struct vp_statement *statement)
{
	for (size_t i = 0; i < statement->selector_count; i++) {
		if (i)
			vp_strbuf_adds(out, " . ");
		put_selector(out, &statement->selectors[i], true);
	}
}

/* Statements */

static void put_bits(struct vp_strbuf *out, const struct vp_statement *statement)
{
	uint32_t bits = host_number(statement->data, 4);

	/* by name: a number would be an equality to nft */
	if (statement->selectors[0].kind == VP_SEL_CT_STATE)
		vp_strbuf_addf(out, "ct state %s",
			       bits == NF_CT_STATE_INVALID_BIT		    ? "invalid"
			       : bits == NF_CT_STATE_BIT(IP_CT_ESTABLISHED) ? "established"
									    : "related");
	else
		vp_strbuf_addf(out, "ct status %s", bits == IPS_ASSURED ? "assured" : "dnat");
}

static void put_meta(struct vp_strbuf *out, const struct vp_statement *statement)
{
	const struct vp_selector *selector = &statement->selectors[0];

	put_selector(out, selector, true);
	if (statement->compare == VP_CMP_NE)
		vp_strbuf_adds(out, " !=");
	if (selector->kind == VP_SEL_NFPROTO)
		vp_strbuf_adds(out, statement->data[0] == NFPROTO_IPV4 ? " ipv4" : " ipv6");
	else if (selector->kind == VP_SEL_CT_DIRECTION)
		vp_strbuf_adds(out, statement->data[0] ? " reply" : " original");
	else
		vp_strbuf_adds(out, statement->data[0] ? " exists" : " missing");
}

static void put_match(struct vp_strbuf *out, const struct vp_statement *statement)
{
	static const char *const operators[] = {
		[VP_CMP_EQ] = "==",	  [VP_CMP_NE] = "!=",
		[VP_CMP_LT] = "<",	  [VP_CMP_LE] = "<=",
		[VP_CMP_GT] = ">",	  [VP_CMP_GE] = ">=",
		[VP_CMP_IN_RANGE] = "==", [VP_CMP_NOT_IN_RANGE] = "!=",
		[VP_CMP_IN_SET] = "==",	  [VP_CMP_NOT_IN_SET] = "!=",
		[VP_CMP_LOADED] = ">= 0", [VP_CMP_BITS] = "",
	};
	const struct vp_selector *selector = &statement->selectors[0];

	if (statement->compare == VP_CMP_BITS) {
		put_bits(out, statement);
		return;
	}
	if (selector->kind == VP_SEL_NFPROTO || selector->kind == VP_SEL_CT_DIRECTION ||
	    !selector->size) {
		put_meta(out, statement);
		return;
	}
	put_key(out, statement);
	vp_strbuf_addf(out, " %s", operators[statement->compare]);
	if (statement->compare == VP_CMP_LOADED)
		return;
	vp_strbuf_addc(out, ' ');
	if (statement->compare == VP_CMP_IN_SET || statement->compare == VP_CMP_NOT_IN_SET) {
		vp_strbuf_addc(out, '@');
		put_name(out, statement->name);
		return;
	}
	put_data(out, selector, statement->data);
	if (statement->compare == VP_CMP_IN_RANGE ||
	    statement->compare == VP_CMP_NOT_IN_RANGE) {
		vp_strbuf_addc(out, '-');
		put_data(out, selector, statement->data2);
	}
}

static void put_rate(struct vp_strbuf *out, const struct vp_rate *rate, uint32_t burst,
		     bool over)
{
	const char *unit = rate->seconds == 1	   ? "second"
			   : rate->seconds == 60   ? "minute"
			   : rate->seconds == 3600 ? "hour"
						   : "day";

	vp_strbuf_addf(out, "rate %s%llu/%s burst %u packets", over ? "over " : "",
		       (unsigned long long)rate->count, unit, burst);
}

static void put_limit(struct vp_strbuf *out, const struct vp_statement *statement)
{
	if (statement->kind == VP_ST_LIMIT && statement->name) {
		/* quoted, so that it is a string and no expression */
		vp_strbuf_adds(out, "limit name \"");
		put_name(out, statement->name);
		vp_strbuf_addc(out, '"');
		return;
	}
	if (statement->kind == VP_ST_LIMIT_EACH) {
		vp_strbuf_adds(out, "update @");
		put_name(out, statement->name);
		vp_strbuf_adds(out, " { ");
		put_key(out, statement);
		vp_strbuf_addc(out, ' ');
	}
	vp_strbuf_adds(out, "limit ");
	put_rate(out, &statement->rate, statement->burst, statement->over);
	if (statement->kind == VP_ST_LIMIT_EACH)
		vp_strbuf_adds(out, " }");
}

static void put_verdict(struct vp_strbuf *out, enum vp_nft_verdict verdict, const char *chain)
{
	switch (verdict) {
	case VP_NFT_DROP:
		vp_strbuf_adds(out, "drop");
		break;
	case VP_NFT_RETURN:
		vp_strbuf_adds(out, "return");
		break;
	case VP_NFT_JUMP:
		vp_strbuf_adds(out, "jump ");
		put_name(out, chain);
		break;
	case VP_NFT_GOTO:
		vp_strbuf_adds(out, "goto ");
		put_name(out, chain);
		break;
	case VP_NFT_REJECT:
		vp_strbuf_adds(out, "reject with icmpx admin-prohibited");
		break;
	case VP_NFT_REJECT_RESET:
		vp_strbuf_adds(out, "reject with tcp reset");
		break;
	}
}

static void put_count(struct vp_strbuf *out, const struct vp_statement *statement)
{
	vp_strbuf_adds(out, "update @");
	put_name(out, statement->name);
	vp_strbuf_adds(out, " { ");
	put_key(out, statement);
	vp_strbuf_adds(out, " counter }");
}

static void put_add(struct vp_strbuf *out, const struct vp_statement *statement)
{
	vp_strbuf_adds(out, "add @");
	put_name(out, statement->name);
	vp_strbuf_adds(out, " { ");
	put_key(out, statement);
	vp_strbuf_addf(out, " timeout %llums : 0x%08x }",
		       (unsigned long long)statement->milliseconds, statement->number);
}

static void put_refresh(struct vp_strbuf *out, const struct vp_statement *statement)
{
	vp_strbuf_adds(out, "update @");
	put_name(out, statement->name);
	vp_strbuf_adds(out, " { ");
	put_key(out, statement);
	vp_strbuf_addf(out, " timeout %llums }", (unsigned long long)statement->milliseconds);
}

static void put_remove(struct vp_strbuf *out, const struct vp_statement *statement)
{
	vp_strbuf_adds(out, "delete @");
	put_name(out, statement->name);
	vp_strbuf_adds(out, " { ");
	put_key(out, statement);
	vp_strbuf_adds(out, " }");
}

static void put_allow(struct vp_strbuf *out, const struct vp_statement *statement)
{
	vp_strbuf_adds(out, "add @");
	put_name(out, statement->name);
	vp_strbuf_adds(out, " { ");
	put_key(out, statement);
	vp_strbuf_addf(out, " timeout %llums", (unsigned long long)statement->milliseconds);
	if (statement->bytes)
		vp_strbuf_addf(out, " quota %llu bytes", (unsigned long long)statement->bytes);
	vp_strbuf_adds(out, " }");
}

static void put_queue(struct vp_strbuf *out, const struct vp_statement *statement)
{
	vp_strbuf_addf(out, "queue%s to %u", statement->over ? " flags bypass" : "",
		       statement->number);
	if (statement->queues > 1)
		vp_strbuf_addf(out, "-%u", statement->number + statement->queues - 1);
}

static void put_map(struct vp_strbuf *out, const struct vp_statement *statement)
{
	if (statement->kind == VP_ST_MARK_MAP)
		vp_strbuf_adds(out, "meta mark set ");
	put_key(out, statement);
	vp_strbuf_adds(out, statement->kind == VP_ST_MARK_MAP ? " map @" : " vmap @");
	put_name(out, statement->name);
}

static void put_statement(struct vp_strbuf *out, const struct vp_statement *statement)
{
	switch (statement->kind) {
	case VP_ST_MATCH:
		put_match(out, statement);
		break;
	case VP_ST_VMAP:
	case VP_ST_MARK_MAP:
		put_map(out, statement);
		break;
	case VP_ST_MARK:
		vp_strbuf_addf(out, "meta mark set 0x%08x", statement->number);
		break;
	case VP_ST_COUNTER:
		vp_strbuf_adds(out, "counter name \"");
		put_name(out, statement->name);
		vp_strbuf_addc(out, '"');
		break;
	case VP_ST_LIMIT:
	case VP_ST_LIMIT_EACH:
		put_limit(out, statement);
		break;
	case VP_ST_COUNT_EACH:
		put_count(out, statement);
		break;
	case VP_ST_ADD:
		put_add(out, statement);
		break;
	case VP_ST_LOG:
		vp_strbuf_addf(out, "log prefix \"%s\" group %u", statement->name,
			       statement->number);
		break;
	case VP_ST_VERDICT:
		put_verdict(out, statement->verdict, statement->name);
		break;
	case VP_ST_REFRESH:
		put_refresh(out, statement);
		break;
	case VP_ST_REMOVE:
		put_remove(out, statement);
		break;
	case VP_ST_ALLOW:
		put_allow(out, statement);
		break;
	case VP_ST_MARK_PORT: /* which nft has no words for: see put_rule() */
		vp_strbuf_addf(out, "meta mark set 0x%04x0000", statement->number);
		break;
	case VP_ST_SEGMENT:
		vp_strbuf_addf(out, "tcp option maxseg size set %u", statement->number);
		break;
	case VP_ST_QUEUE:
		put_queue(out, statement);
		break;
	}
}

/* Sets */

static bool named_types(const struct vp_nft_set *set)
{
	for (size_t i = 0; i < set->parts.len; i++)
		if (!strcmp(set->parts.data[i].type, "integer"))
			return false;
	return true;
}

static void put_type(struct vp_strbuf *out, const struct vp_nft_set *set)
{
	bool typed = named_types(set);

	vp_strbuf_adds(out, typed ? "\t\ttype " : "\t\ttypeof ");
	for (size_t i = 0; i < set->parts.len; i++) {
		if (i)
			vp_strbuf_adds(out, " . ");
		if (typed)
			vp_strbuf_adds(out, set->parts.data[i].type);
		else
			put_selector(out, &set->selectors[i], false);
	}
	if (set->data == VP_DATA_VERDICT)
		vp_strbuf_adds(out, " : verdict");
	if (set->data == VP_DATA_MARK)
		vp_strbuf_adds(out, typed ? " : mark" : " : meta mark");
	vp_strbuf_addc(out, '\n');
}

static void put_flags(struct vp_strbuf *out, const struct vp_nft_set *set)
{
	const char *separator = "\t\tflags ";

	if (set->interval) {
		vp_strbuf_addf(out, "%sinterval", separator);
		separator = ",";
	}
	if (set->dynamic) {
		vp_strbuf_addf(out, "%sdynamic", separator);
		separator = ",";
	}
	if (set->timeout) {
		vp_strbuf_addf(out, "%stimeout", separator);
		separator = ",";
	}
	if (*separator == ',')
		vp_strbuf_addc(out, '\n');
	if (set->milliseconds)
		vp_strbuf_addf(out, "\t\ttimeout %llums\n",
			       (unsigned long long)set->milliseconds);
	if (set->size)
		vp_strbuf_addf(out, "\t\tsize %u\n", set->size);
}

static void put_element(struct vp_strbuf *out, const struct vp_nft_set *set,
			const struct vp_nft_element *element)
{
	const uint8_t *key = vp_element_key(set, element),
		      *end = vp_element_key_end(set, element);

	for (size_t i = 0; i < set->parts.len; i++) {
		size_t size = set->parts.data[i].size, padded = (size + 3) & ~(size_t)3;

		if (i)
			vp_strbuf_adds(out, " . ");
		put_data(out, &set->selectors[i], key);
		if (memcmp(key, end, size)) {
			vp_strbuf_addc(out, '-');
			put_data(out, &set->selectors[i], end);
		}
		key += padded;
		end += padded;
	}
	put_comment(out, element->comment);
	if (set->data == VP_DATA_MARK)
		vp_strbuf_addf(out, " : 0x%08x", element->mark);
	if (set->data == VP_DATA_VERDICT) {
		vp_strbuf_adds(out, " : ");
		put_verdict(out, element->verdict, element->chain);
	}
}

static void put_set(struct vp_strbuf *out, const struct vp_nft_set *set)
{
	const char *separator = "\t\telements = { ";

	vp_strbuf_addf(out, "\t%s ", set->data == VP_DATA_NONE ? "set" : "map");
	put_name(out, set->name);
	vp_strbuf_adds(out, " {\n");
	put_type(out, set);
	put_flags(out, set);
	vp_array_each (element, &set->elements) {
		vp_strbuf_adds(out, separator);
		put_element(out, set, element);
		separator = ",\n\t\t\t     ";
	}
	if (set->elements.len)
		vp_strbuf_adds(out, " }\n");
	vp_strbuf_adds(out, "\t}\n");
}

static void put_object(struct vp_strbuf *out, const struct vp_nft_object *object)
{
	bool counter = object->kind == VP_OBJECT_COUNTER;

	vp_strbuf_adds(out, counter ? "\tcounter " : "\tlimit ");
	put_name(out, object->name);
	vp_strbuf_adds(out, " { ");
	if (!counter) {
		put_rate(out, &object->rate, object->burst, true);
		vp_strbuf_addc(out, ' ');
	}
	vp_strbuf_adds(out, "}\n");
}

/* Chains */

static void put_rule(struct vp_strbuf *out, const struct vp_nft_rule *rule)
{
	const char *separator = "\t\t";

	vp_array_each (statement, &rule->statements) {
		if (statement->kind == VP_ST_QUEUE && statement->compat)
			vp_strbuf_adds(out, "\t\t# a kernel without the queue expression: "
					    "sent as its NFQUEUE target\n");
		if (statement->kind == VP_ST_MARK_PORT)
			vp_strbuf_adds(out, "\t\t# sent with ct original proto-dst in the "
					    "mark's other half\n");
	}
	vp_array_each (statement, &rule->statements) {
		vp_strbuf_adds(out, separator);
		put_statement(out, statement);
		separator = " ";
	}
	put_comment(out, rule->comment);
	vp_strbuf_addc(out, '\n');
}

static void put_chain(struct vp_strbuf *out, const struct vp_nft_chain *chain)
{
	static const char *const hooks[] = {
		[NF_INET_PRE_ROUTING] = "prerouting",	[NF_INET_LOCAL_IN] = "input",
		[NF_INET_FORWARD] = "forward",		[NF_INET_LOCAL_OUT] = "output",
		[NF_INET_POST_ROUTING] = "postrouting",
	};

	vp_strbuf_adds(out, "\tchain ");
	put_name(out, chain->name);
	vp_strbuf_adds(out, " {\n");
	if (chain->base)
		vp_strbuf_addf(out, "\t\ttype filter hook %s priority %d; policy accept;\n",
			       hooks[chain->hook], chain->priority);
	if (chain->comment)
		vp_strbuf_addf(out, "\t\tcomment \"%.*s\"\n", COMMENT_MAX, chain->comment);
	vp_array_each (rule, &chain->rules)
		put_rule(out, rule);
	vp_strbuf_adds(out, "\t}\n");
}

void vp_ruleset_print(const struct vp_ruleset *ruleset, struct vp_strbuf *out)
{
	vp_strbuf_adds(out, "table inet " VP_TABLE_NAME " {\n");
	vp_array_each (object, &ruleset->objects)
		put_object(out, object);
	vp_array_each (set, &ruleset->sets)
		put_set(out, set);
	vp_array_each (chain, &ruleset->chains)
		put_chain(out, chain);
	vp_strbuf_adds(out, "}\n");
}
