// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Statements to nf_tables expressions. Registers are chosen here and nowhere else:
 * a statement's selectors take 32-bit slots from the first on, and no register
 * lives longer than its statement. Pure.
 */
#include "modules/netfilter/lower.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>

#define SLOTS	 16 /* registers of 4 bytes */
#define DATA_REG NFT_REG_1

#define TCP_OPTION_MAXSEG 2 /* RFC 9293 */

/* An expression of that name; memory is the only way to fail, and then nothing works. */
static struct nftnl_expr *expression(const char *name)
{
	struct nftnl_expr *expr = nftnl_expr_alloc(name);

	if (!expr)
		abort();
	return expr;
}

static void set_bytes(struct nftnl_expr *expr, uint16_t type, const void *data, uint32_t size)
{
	if (nftnl_expr_set(expr, type, data, size) < 0)
		abort();
}

/* The register at a slot, as the kernel itself names it. */
static uint32_t slot_register(unsigned int slot)
{
	return slot % 4 ? NFT_REG32_00 + slot : NFT_REG_1 + slot / 4;
}

static bool is_presence(const struct vp_selector *selector)
{
	return selector->kind == VP_SEL_IPV4_OPTION ||
	       ((selector->kind == VP_SEL_TCP_OPTION ||
		 selector->kind == VP_SEL_IPV6_EXTHDR) &&
		selector->size == 0);
}

static uint8_t loaded_size(const struct vp_selector *selector)
{
	return is_presence(selector) ? 1 : selector->size;
}

static bool is_host_order(const struct vp_selector *selector)
{
	return selector->kind == VP_SEL_MARK || selector->kind == VP_SEL_IIFTYPE ||
	       selector->kind == VP_SEL_OIFTYPE || selector->kind == VP_SEL_CT_STATE ||
	       selector->kind == VP_SEL_CT_STATUS;
}

static void load_meta(struct vp_expressions *out, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *expr = expression("meta");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_DREG, reg);
	vp_expressions_put(out, expr);
}

static void load_ct(struct vp_expressions *out, uint32_t key, bool original, uint32_t reg)
{
	struct nftnl_expr *expr = expression("ct");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_DREG, reg);
	if (original)
		nftnl_expr_set_u8(expr, NFTNL_EXPR_CT_DIR, 0); /* IP_CT_DIR_ORIGINAL */
	vp_expressions_put(out, expr);
}

static void load_payload(struct vp_expressions *out, uint32_t base,
			 const struct vp_selector *selector, uint32_t reg)
{
	struct nftnl_expr *expr = expression("payload");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, reg);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, selector->offset);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, selector->size);
	vp_expressions_put(out, expr);
}

static void load_header(struct vp_expressions *out, uint32_t op,
			const struct vp_selector *selector, uint32_t reg)
{
	struct nftnl_expr *expr = expression("exthdr");
	bool presence = is_presence(selector);

	nftnl_expr_set_u32(expr, NFTNL_EXPR_EXTHDR_DREG, reg);
	nftnl_expr_set_u8(expr, NFTNL_EXPR_EXTHDR_TYPE, selector->type);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_EXTHDR_OFFSET, presence ? 0 : selector->offset);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_EXTHDR_LEN, loaded_size(selector));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_EXTHDR_OP, op);
	if (presence)
		nftnl_expr_set_u32(expr, NFTNL_EXPR_EXTHDR_FLAGS, NFT_EXTHDR_F_PRESENT);
	vp_expressions_put(out, expr);
}

static void apply_mask(struct vp_expressions *out, const uint8_t *mask, uint8_t size,
		       uint32_t reg)
{
	static const uint8_t zero[16];
	struct nftnl_expr *expr = expression("bitwise");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, reg);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, reg);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, size);
	set_bytes(expr, NFTNL_EXPR_BITWISE_MASK, mask, size);
	set_bytes(expr, NFTNL_EXPR_BITWISE_XOR, zero, size);
	vp_expressions_put(out, expr);
}

static void load(struct vp_expressions *out, const struct vp_selector *selector, uint32_t reg)
{
	switch (selector->kind) {
	case VP_SEL_L4PROTO:
		load_meta(out, NFT_META_L4PROTO, reg);
		break;
	case VP_SEL_NFPROTO:
		load_meta(out, NFT_META_NFPROTO, reg);
		break;
	case VP_SEL_MARK:
		load_meta(out, NFT_META_MARK, reg);
		break;
	case VP_SEL_IIFTYPE:
		load_meta(out, NFT_META_IIFTYPE, reg);
		break;
	case VP_SEL_OIFTYPE:
		load_meta(out, NFT_META_OIFTYPE, reg);
		break;
	case VP_SEL_NETWORK:
		load_payload(out, NFT_PAYLOAD_NETWORK_HEADER, selector, reg);
		break;
	case VP_SEL_TRANSPORT:
		load_payload(out, NFT_PAYLOAD_TRANSPORT_HEADER, selector, reg);
		break;
	case VP_SEL_CT_STATE:
		load_ct(out, NFT_CT_STATE, false, reg);
		break;
	case VP_SEL_CT_STATUS:
		load_ct(out, NFT_CT_STATUS, false, reg);
		break;
	case VP_SEL_CT_DIRECTION:
		load_ct(out, NFT_CT_DIRECTION, false, reg);
		break;
	case VP_SEL_CT_ORIGINAL_DPORT:
		load_ct(out, NFT_CT_PROTO_DST, true, reg);
		break;
	case VP_SEL_TCP_OPTION:
		load_header(out, NFT_EXTHDR_OP_TCPOPT, selector, reg);
		break;
	case VP_SEL_IPV6_EXTHDR:
		load_header(out, NFT_EXTHDR_OP_IPV6, selector, reg);
		break;
	case VP_SEL_IPV4_OPTION:
		load_header(out, NFT_EXTHDR_OP_IPV4, selector, reg);
		break;
	case VP_SEL_INNER:
		load_payload(out, NFT_PAYLOAD_INNER_HEADER, selector, reg);
		break;
	}
	if (selector->masked)
		apply_mask(out, selector->mask, loaded_size(selector), reg);
}

/* All selectors, one behind the other. 0, or -EINVAL when there are none or too many. */
static int load_key(struct vp_expressions *out, const struct vp_statement *statement,
		    struct vp_error *err)
{
	unsigned int slot = 0;

	for (unsigned int i = 0; i < statement->selector_count; i++) {
		const struct vp_selector *selector = &statement->selectors[i];
		uint8_t size = loaded_size(selector);

		if (size == 0 || size > 16 || slot + (size + 3) / 4 > SLOTS)
			return vp_fail(err, -EINVAL,
				       "a key of selectors does not fit the registers");
		load(out, selector, slot_register(slot));
		slot += (size + 3u) / 4;
	}
	if (slot == 0)
		return vp_fail(err, -EINVAL, "a look-up without selectors");
	return 0;
}

static void compare(struct vp_expressions *out, uint32_t op, const uint8_t *data, uint8_t size)
{
	struct nftnl_expr *expr = expression("cmp");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, op);
	set_bytes(expr, NFTNL_EXPR_CMP_DATA, data, size);
	vp_expressions_put(out, expr);
}

static void compare_outside(struct vp_expressions *out, const uint8_t *first,
			    const uint8_t *last, uint8_t size)
{
	struct nftnl_expr *expr = expression("range");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_RANGE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_RANGE_OP, NFT_RANGE_NEQ);
	set_bytes(expr, NFTNL_EXPR_RANGE_FROM_DATA, first, size);
	set_bytes(expr, NFTNL_EXPR_RANGE_TO_DATA, last, size);
	vp_expressions_put(out, expr);
}

/* The kernel compares as memcmp does: numbers in host order are turned for "less" and "more".
 */
static void order_bytes(struct vp_expressions *out, uint8_t *first, uint8_t *last,
			uint8_t size)
{
	struct nftnl_expr *expr = expression("byteorder");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_BYTEORDER_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BYTEORDER_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BYTEORDER_LEN, size);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BYTEORDER_SIZE, size);
	vp_expressions_put(out, expr);
	for (unsigned int i = 0; htonl(1) != 1 && i < size / 2u; i++) {
		uint8_t low = first[i], high = last[i];

		first[i] = first[size - 1 - i];
		first[size - 1 - i] = low;
		last[i] = last[size - 1 - i];
		last[size - 1 - i] = high;
	}
}

static int look_up(struct vp_expressions *out, const struct vp_statement *statement,
		   int64_t destination, bool inverted, struct vp_error *err)
{
	struct nftnl_expr *expr;
	int code = load_key(out, statement, err);

	if (code < 0)
		return code;
	if (!statement->name)
		return vp_fail(err, -EINVAL, "a look-up without a set");
	expr = expression("lookup");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	if (destination >= 0)
		nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_DREG, (uint32_t)destination);
	nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, statement->name);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS, inverted ? NFT_LOOKUP_F_INV : 0);
	vp_expressions_put(out, expr);
	return 0;
}

static bool is_ordering(enum vp_compare how)
{
	return how != VP_CMP_EQ && how != VP_CMP_NE && how != VP_CMP_BITS &&
	       how != VP_CMP_LOADED;
}

static int lower_match(struct vp_expressions *out, const struct vp_statement *statement,
		       struct vp_error *err)
{
	static const uint8_t zero[16], one[16] = { 1 };
	uint8_t first[16], last[16], size;
	enum vp_compare how = statement->compare;
	int code;

	if (how == VP_CMP_IN_SET || how == VP_CMP_NOT_IN_SET)
		return look_up(out, statement, -1, how == VP_CMP_NOT_IN_SET, err);
	if (statement->selector_count != 1)
		return vp_fail(err, -EINVAL, "a comparison needs exactly one selector");
	code = load_key(out, statement, err);
	if (code < 0)
		return code;
	size = loaded_size(&statement->selectors[0]);
	memcpy(first, statement->data, sizeof(first));
	memcpy(last, statement->data2, sizeof(last));
	if (is_host_order(&statement->selectors[0]) && is_ordering(how))
		order_bytes(out, first, last, size);

	switch (how) {
	case VP_CMP_EQ:
		compare(out, NFT_CMP_EQ, first, size);
		break;
	case VP_CMP_NE:
		compare(out, NFT_CMP_NEQ, first, size);
		break;
	case VP_CMP_LT:
		compare(out, NFT_CMP_LT, first, size);
		break;
	case VP_CMP_LE:
		compare(out, NFT_CMP_LTE, first, size);
		break;
	case VP_CMP_GT:
		compare(out, NFT_CMP_GT, first, size);
		break;
	case VP_CMP_GE:
		compare(out, NFT_CMP_GTE, first, size);
		break;
	case VP_CMP_IN_RANGE:
		compare(out, NFT_CMP_GTE, first, size);
		compare(out, NFT_CMP_LTE, last, size);
		break;
	case VP_CMP_NOT_IN_RANGE:
		compare_outside(out, first, last, size);
		break;
	case VP_CMP_LOADED:
		/* the load itself ends the rule when the bytes are missing; >= 0 shows readers
		 * why */
		if (is_presence(&statement->selectors[0]))
			compare(out, NFT_CMP_EQ, one, size);
		else
			compare(out, NFT_CMP_GTE, zero, size);
		break;
	case VP_CMP_BITS:
		apply_mask(out, first, size, NFT_REG_1);
		compare(out, NFT_CMP_NEQ, zero, size);
		break;
	case VP_CMP_IN_SET:
	case VP_CMP_NOT_IN_SET:
		break;
	}
	return 0;
}

static void set_mark(struct vp_expressions *out)
{
	struct nftnl_expr *expr = expression("meta");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, NFT_META_MARK);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_SREG, DATA_REG);
	vp_expressions_put(out, expr);
}

static void mark_port(struct vp_expressions *out, uint16_t sign)
{
	struct nftnl_expr *expr = expression("bitwise");
	const uint8_t mask[4] = { 0xff, 0xff, 0, 0 };
	uint8_t rest[4] = { 0 };

	memcpy(rest + 2, &sign, sizeof(sign));
	load_ct(out, NFT_CT_PROTO_DST, true, DATA_REG);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, DATA_REG);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, DATA_REG);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, sizeof(mask));
	set_bytes(expr, NFTNL_EXPR_BITWISE_MASK, mask, sizeof(mask));
	set_bytes(expr, NFTNL_EXPR_BITWISE_XOR, rest, sizeof(rest));
	vp_expressions_put(out, expr);
	set_mark(out);
}

static void immediate(struct vp_expressions *out, uint32_t reg, uint32_t value)
{
	struct nftnl_expr *expr = expression("immediate");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, reg);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DATA, value);
	vp_expressions_put(out, expr);
}

static int object_reference(struct vp_expressions *out, uint32_t type, const char *name,
			    struct vp_error *err)
{
	struct nftnl_expr *expr;

	if (!name)
		return vp_fail(err, -EINVAL, "a counter without a name");
	expr = expression("objref");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_OBJREF_IMM_TYPE, type);
	nftnl_expr_set_str(expr, NFTNL_EXPR_OBJREF_IMM_NAME, name);
	vp_expressions_put(out, expr);
	return 0;
}

static struct nftnl_expr *limit(const struct vp_statement *statement)
{
	struct nftnl_expr *expr = expression("limit");

	nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_RATE, statement->rate.count);
	nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_UNIT, statement->rate.seconds);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_BURST, statement->burst);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_FLAGS,
			   statement->over ? NFT_LIMIT_F_INV : 0);
	return expr;
}

uint64_t vp_lower_timeout(uint64_t milliseconds)
{
	return (milliseconds + 19) / 20 * 20;
}

/* The dynset of `add` and `update`; the caller adds what is its own and puts it. */
static int dynamic_set(struct vp_expressions *out, const struct vp_statement *statement,
		       uint32_t op, struct nftnl_expr **result, struct vp_error *err)
{
	const struct vp_image_set *set;
	struct nftnl_expr *expr;
	int code = load_key(out, statement, err);

	if (code < 0)
		return code;
	set = statement->name ? vp_image_set(out->image, statement->name) : NULL;
	if (!set)
		return vp_fail(err, -EINVAL,
			       "a rule adds to the set \"%s\", which is not there",
			       statement->name ? statement->name : "");
	if (!(set->flags & NFT_SET_TIMEOUT) && statement->kind != VP_ST_COUNT_EACH)
		return vp_fail(err, -EINVAL,
			       "a rule adds to the set \"%s\", which never forgets",
			       set->name);
	expr = expression("dynset");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_OP, op);
	nftnl_expr_set_str(expr, NFTNL_EXPR_DYNSET_SET_NAME, statement->name);
	if (statement->milliseconds) /* else the set's own */
		nftnl_expr_set_u64(expr, NFTNL_EXPR_DYNSET_TIMEOUT,
				   vp_lower_timeout(statement->milliseconds));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_FLAGS, 0);
	*result = expr;
	return 0;
}

static int lower_limit_each(struct vp_expressions *out, const struct vp_statement *statement,
			    struct vp_error *err)
{
	struct nftnl_expr *expr;
	int code = dynamic_set(out, statement, NFT_DYNSET_OP_UPDATE, &expr, err);

	if (code < 0)
		return code;
	nftnl_expr_add_expr(expr, NFTNL_EXPR_DYNSET_EXPR, limit(statement));
	vp_expressions_put(out, expr);
	return 0;
}

static int lower_count_each(struct vp_expressions *out, const struct vp_statement *statement,
			    struct vp_error *err)
{
	struct nftnl_expr *expr, *counter;
	int code = dynamic_set(out, statement, NFT_DYNSET_OP_UPDATE, &expr, err);

	if (code < 0)
		return code;
	counter = expression("counter");
	nftnl_expr_set_u64(counter, NFTNL_EXPR_CTR_PACKETS, 0);
	nftnl_expr_set_u64(counter, NFTNL_EXPR_CTR_BYTES, 0);
	nftnl_expr_add_expr(expr, NFTNL_EXPR_DYNSET_EXPR, counter);
	vp_expressions_put(out, expr);
	return 0;
}

static int lower_add(struct vp_expressions *out, const struct vp_statement *statement,
		     struct vp_error *err)
{
	struct nftnl_expr *expr;
	unsigned int slot = 0;
	int code = dynamic_set(out, statement, NFT_DYNSET_OP_ADD, &expr, err);

	if (code < 0)
		return code;
	if (vp_image_set(out->image, statement->name)->flags & NFT_SET_MAP) {
		for (unsigned int i = 0; i < statement->selector_count; i++)
			slot += (loaded_size(&statement->selectors[i]) + 3u) / 4;
		slot = (slot + 3) & ~3u;
		if (slot >= SLOTS) {
			nftnl_expr_free(expr);
			return vp_fail(err, -EINVAL, "no register left for a map's value");
		}
		immediate(out, slot_register(slot), statement->number);
		nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_SREG_DATA, slot_register(slot));
	}
	vp_expressions_put(out, expr);
	return 0;
}

static int lower_refresh(struct vp_expressions *out, const struct vp_statement *statement,
			 struct vp_error *err)
{
	struct nftnl_expr *expr;
	int code = dynamic_set(out, statement, NFT_DYNSET_OP_UPDATE, &expr, err);

	if (code == 0)
		vp_expressions_put(out, expr);
	return code;
}

static int lower_remove(struct vp_expressions *out, const struct vp_statement *statement,
			struct vp_error *err)
{
	struct nftnl_expr *expr;
	int code = dynamic_set(out, statement, NFT_DYNSET_OP_DELETE, &expr, err);

	if (code == 0)
		vp_expressions_put(out, expr);
	return code;
}

/* Packets are counted before the comparison, so the one that would exceed the quota does not
 * match, and none behind it (in older kernels: nor the one that uses it up exactly). */
static int lower_allow(struct vp_expressions *out, const struct vp_statement *statement,
		       struct vp_error *err)
{
	struct nftnl_expr *expr, *quota;
	int code = dynamic_set(out, statement, NFT_DYNSET_OP_ADD, &expr, err);

	if (code < 0)
		return code;
	if (statement->bytes) {
		quota = expression("quota");
		nftnl_expr_set_u64(quota, NFTNL_EXPR_QUOTA_BYTES, statement->bytes);
		nftnl_expr_set_u64(quota, NFTNL_EXPR_QUOTA_CONSUMED, 0);
		nftnl_expr_set_u32(quota, NFTNL_EXPR_QUOTA_FLAGS, 0);
		nftnl_expr_add_expr(expr, NFTNL_EXPR_DYNSET_EXPR, quota);
	}
	vp_expressions_put(out, expr);
	return 0;
}

/* The kernel leaves smaller values as they are: more would stall the connection. */
static void lower_segment(struct vp_expressions *out, const struct vp_statement *statement)
{
	struct nftnl_expr *expr = expression("immediate");
	uint16_t size = htons((uint16_t)statement->number);

	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, DATA_REG);
	set_bytes(expr, NFTNL_EXPR_IMM_DATA, &size, sizeof(size));
	vp_expressions_put(out, expr);
	expr = expression("exthdr");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_EXTHDR_SREG, DATA_REG);
	nftnl_expr_set_u8(expr, NFTNL_EXPR_EXTHDR_TYPE, TCP_OPTION_MAXSEG);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_EXTHDR_OFFSET, 2);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_EXTHDR_LEN, sizeof(size));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT);
	vp_expressions_put(out, expr);
}

static int lower_queue(struct vp_expressions *out, const struct vp_statement *statement,
		       struct vp_error *err)
{
	if (!statement->queues || statement->number + statement->queues > UINT16_MAX + 1u)
		return vp_fail(err, -EINVAL, "%u queues from number %u on", statement->queues,
			       statement->number);
	vp_expressions_put(out, vp_lower_queue((uint16_t)statement->number, statement->queues,
					       statement->over, statement->compat));
	return 0;
}

static void lower_log(struct vp_expressions *out, const struct vp_statement *statement)
{
	struct nftnl_expr *expr = expression("log");

	nftnl_expr_set_u16(expr, NFTNL_EXPR_LOG_GROUP, (uint16_t)statement->number);
	if (statement->name)
		nftnl_expr_set_str(expr, NFTNL_EXPR_LOG_PREFIX, statement->name);
	vp_expressions_put(out, expr);
}

static void lower_reject(struct vp_expressions *out, bool reset)
{
	struct nftnl_expr *expr = expression("reject");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_REJECT_TYPE,
			   reset ? NFT_REJECT_TCP_RST : NFT_REJECT_ICMPX_UNREACH);
	if (!reset)
		nftnl_expr_set_u8(expr, NFTNL_EXPR_REJECT_CODE,
				  NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
	vp_expressions_put(out, expr);
}

bool vp_lower_verdict(enum vp_nft_verdict verdict, int32_t *code)
{
	switch (verdict) {
	case VP_NFT_DROP:
		*code = NF_DROP;
		return true;
	case VP_NFT_RETURN:
		*code = NFT_RETURN;
		return true;
	case VP_NFT_JUMP:
		*code = NFT_JUMP;
		return true;
	case VP_NFT_GOTO:
		*code = NFT_GOTO;
		return true;
	case VP_NFT_REJECT:
	case VP_NFT_REJECT_RESET:
		return false;
	}
	return false;
}

static int lower_verdict(struct vp_expressions *out, const struct vp_statement *statement,
			 struct vp_error *err)
{
	struct nftnl_expr *expr;
	int32_t code;

	if (!vp_lower_verdict(statement->verdict, &code)) {
		lower_reject(out, statement->verdict == VP_NFT_REJECT_RESET);
		return 0;
	}
	if ((code == NFT_JUMP || code == NFT_GOTO) && !statement->name)
		return vp_fail(err, -EINVAL, "a jump without a chain");
	expr = expression("immediate");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, (uint32_t)code);
	if (code == NFT_JUMP || code == NFT_GOTO)
		nftnl_expr_set_str(expr, NFTNL_EXPR_IMM_CHAIN, statement->name);
	vp_expressions_put(out, expr);
	return 0;
}

static int lower_any(struct vp_expressions *out, const struct vp_statement *statement,
		     struct vp_error *err)
{
	int code;

	switch (statement->kind) {
	case VP_ST_MATCH:
		return lower_match(out, statement, err);
	case VP_ST_VMAP:
		return look_up(out, statement, NFT_REG_VERDICT, false, err);
	case VP_ST_MARK_MAP:
		code = look_up(out, statement, DATA_REG, false, err);
		if (code == 0)
			set_mark(out);
		return code;
	case VP_ST_MARK:
		immediate(out, DATA_REG, statement->number);
		set_mark(out);
		return 0;
	case VP_ST_COUNTER:
		return object_reference(out, NFT_OBJECT_COUNTER, statement->name, err);
	case VP_ST_LIMIT:
		if (statement->name)
			return object_reference(out, NFT_OBJECT_LIMIT, statement->name, err);
		vp_expressions_put(out, limit(statement));
		return 0;
	case VP_ST_LIMIT_EACH:
		return lower_limit_each(out, statement, err);
	case VP_ST_COUNT_EACH:
		return lower_count_each(out, statement, err);
	case VP_ST_ADD:
		return lower_add(out, statement, err);
	case VP_ST_LOG:
		lower_log(out, statement);
		return 0;
	case VP_ST_VERDICT:
		return lower_verdict(out, statement, err);
	case VP_ST_REFRESH:
		return lower_refresh(out, statement, err);
	case VP_ST_REMOVE:
		return lower_remove(out, statement, err);
	case VP_ST_ALLOW:
		return lower_allow(out, statement, err);
	case VP_ST_MARK_PORT:
		mark_port(out, (uint16_t)statement->number);
		return 0;
	case VP_ST_SEGMENT:
		lower_segment(out, statement);
		return 0;
	case VP_ST_QUEUE:
		return lower_queue(out, statement, err);
	}
	return vp_fail(err, -EINVAL, "an unknown statement");
}

int vp_lower_statement(struct vp_expressions *out, const struct vp_statement *statement,
		       struct vp_error *err)
{
	int code = lower_any(out, statement, err);

	if (code == 0 && vp_expressions_full(out))
		return vp_fail(err, -EMSGSIZE, "a rule is longer than netlink allows");
	return code;
}
