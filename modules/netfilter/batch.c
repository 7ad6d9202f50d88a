// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The writer and sender of nf_tables transactions. A transaction that is sent in
 * pieces is several transactions, so the buffer grows until all of it is there
 * and one sendmsg hands it over; the kernel has judged it when that call returns,
 * and all its answers are then in the socket's queue.
 */
#include "modules/netfilter/batch.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <libnftnl/udata.h>

#include "modules/netfilter/batch_elements.h"

/* No message is longer: nested attributes end at 64 KiB, and headers are short. */
#define MESSAGE_ROOM (72u << 10)

struct nlmsghdr *vp_batch_message(struct vp_batch *batch, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message;
	struct nfgenmsg *family;

	if (batch->cap - batch->len < MESSAGE_ROOM) {
		batch->cap = batch->cap * 2 + MESSAGE_ROOM;
		batch->data = vp_realloc(batch->data, batch->cap, 1);
		memset(batch->data + batch->len, 0, batch->cap - batch->len); /* paddings */
	}
	message = mnl_nlmsg_put_header(batch->data + batch->len);
	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	family = mnl_nlmsg_put_extra_header(message, sizeof(*family));
	family->nfgen_family = NFPROTO_INET;
	family->version = NFNETLINK_V0;
	return message;
}

void vp_batch_finish(struct vp_batch *batch, struct nlmsghdr *message)
{
	batch->len += MNL_ALIGN(message->nlmsg_len);
}

static void frame(struct vp_batch *batch, uint16_t type)
{
	struct nlmsghdr *message = vp_batch_message(batch, type, 0);
	struct nfgenmsg *family = mnl_nlmsg_get_payload(message);

	family->nfgen_family = AF_UNSPEC;
	family->res_id = htons(NFNL_SUBSYS_NFTABLES);
	vp_batch_finish(batch, message);
}

void vp_batch_begin(struct vp_batch *batch, struct vp_netlink *nl)
{
	*batch = (struct vp_batch){ .table = VP_TABLE_NAME, .sequence = nl->sequence + 1 };
	frame(batch, NFNL_MSG_BATCH_BEGIN);
}

void vp_batch_free(struct vp_batch *batch)
{
	free(batch->data);
	vp_array_free(&batch->steps);
	*batch = (struct vp_batch){ 0 };
}

struct nlmsghdr *vp_batch_step(struct vp_batch *batch, uint16_t type, uint16_t flags,
			       struct vp_batch_step step)
{
	vp_array_push(&batch->steps, step);
	return vp_batch_message(batch, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags);
}

void vp_batch_add_table(struct vp_batch *batch, const char *table, uint32_t flags)
{
	struct nlmsghdr *message =
		vp_batch_step(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE,
			      (struct vp_batch_step){ "make", "table", table });

	mnl_attr_put_strz(message, NFTA_TABLE_NAME, table);
	mnl_attr_put_u32(message, NFTA_TABLE_FLAGS, htonl(flags));
	vp_batch_finish(batch, message);
}

void vp_batch_delete_table(struct vp_batch *batch, const char *table)
{
	struct nlmsghdr *message =
		vp_batch_step(batch, NFT_MSG_DELTABLE, 0,
			      (struct vp_batch_step){ "remove", "table", table });

	mnl_attr_put_strz(message, NFTA_TABLE_NAME, table);
	vp_batch_finish(batch, message);
}

void vp_batch_put_comment(struct nlmsghdr *message, uint16_t attribute, uint8_t type,
			  const char *comment)
{
	uint8_t data[2 + 250];
	size_t size = comment ? strnlen(comment, 249) + 1 : 0;

	if (size == 0)
		return;
	data[0] = type;
	data[1] = (uint8_t)size;
	memcpy(data + 2, comment, size - 1);
	data[1 + size] = 0;
	mnl_attr_put(message, attribute, size + 2, data);
}

static struct nlmsghdr *object_message(struct vp_batch *batch, uint16_t type, uint16_t flags,
				       const struct vp_image_object *object, const char *verb)
{
	bool counter = object->kind == VP_OBJECT_COUNTER;
	struct nlmsghdr *message = vp_batch_step(
		batch, type, flags,
		(struct vp_batch_step){ verb, counter ? "counter" : "limit", object->name });

	mnl_attr_put_strz(message, NFTA_OBJ_TABLE, batch->table);
	mnl_attr_put_strz(message, NFTA_OBJ_NAME, object->name);
	mnl_attr_put_u32(message, NFTA_OBJ_TYPE,
			 htonl(counter ? NFT_OBJECT_COUNTER : NFT_OBJECT_LIMIT));
	return message;
}

void vp_batch_add_object(struct vp_batch *batch, const struct vp_image_object *object)
{
	struct nlmsghdr *message =
		object_message(batch, NFT_MSG_NEWOBJ, NLM_F_CREATE, object, "make");
	struct nlattr *nest = mnl_attr_nest_start(message, NFTA_OBJ_DATA);
	char comment[24];

	if (object->kind == VP_OBJECT_COUNTER) {
		mnl_attr_put_u64(message, NFTA_COUNTER_BYTES, htobe64(object->bytes));
		mnl_attr_put_u64(message, NFTA_COUNTER_PACKETS, htobe64(object->packets));
	} else {
		mnl_attr_put_u64(message, NFTA_LIMIT_RATE, htobe64(object->rate));
		mnl_attr_put_u64(message, NFTA_LIMIT_UNIT, htobe64(object->seconds));
		mnl_attr_put_u32(message, NFTA_LIMIT_BURST, htonl(object->burst));
		mnl_attr_put_u32(message, NFTA_LIMIT_TYPE, htonl(NFT_LIMIT_PKTS));
		mnl_attr_put_u32(message, NFTA_LIMIT_FLAGS, htonl(NFT_LIMIT_F_INV));
	}
	mnl_attr_nest_end(message, nest);
	snprintf(comment, sizeof(comment), VP_TAG_COMMENT, object->tag);
	vp_batch_put_comment(message, NFTA_OBJ_USERDATA, NFTNL_UDATA_OBJ_COMMENT, comment);
	vp_batch_finish(batch, message);
}

void vp_batch_delete_object(struct vp_batch *batch, const struct vp_image_object *object)
{
	vp_batch_finish(batch, object_message(batch, NFT_MSG_DELOBJ, 0, object, "remove"));
}

static struct nlmsghdr *chain_message(struct vp_batch *batch, uint16_t type, uint16_t flags,
				      const struct vp_image_chain *chain, const char *verb)
{
	struct nlmsghdr *message = vp_batch_step(
		batch, type, flags, (struct vp_batch_step){ verb, "chain", chain->name });

	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, batch->table);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, chain->name);
	return message;
}

void vp_batch_add_chain(struct vp_batch *batch, const struct vp_image_chain *chain)
{
	struct nlmsghdr *message =
		chain_message(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE, chain, "make");

	if (chain->base) {
		struct nlattr *nest = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);

		mnl_attr_put_u32(message, NFTA_HOOK_HOOKNUM, htonl(chain->hook));
		mnl_attr_put_u32(message, NFTA_HOOK_PRIORITY,
				 htonl((uint32_t)chain->priority));
		mnl_attr_nest_end(message, nest);
		mnl_attr_put_u32(message, NFTA_CHAIN_POLICY, htonl(NF_ACCEPT));
		mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, "filter");
	}
	vp_batch_put_comment(message, NFTA_CHAIN_USERDATA, NFTNL_UDATA_CHAIN_COMMENT,
			     chain->comment);
	vp_batch_finish(batch, message);
}

void vp_batch_delete_chain(struct vp_batch *batch, const struct vp_image_chain *chain)
{
	vp_batch_finish(batch, chain_message(batch, NFT_MSG_DELCHAIN, 0, chain, "remove"));
}

static struct nlmsghdr *rule_message(struct vp_batch *batch, uint16_t type, uint16_t flags,
				     struct vp_batch_step step, const char *chain)
{
	struct nlmsghdr *message = vp_batch_step(batch, type, flags, step);

	mnl_attr_put_strz(message, NFTA_RULE_TABLE, batch->table);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, chain);
	return message;
}

void vp_batch_add_rules(struct vp_batch *batch, const struct vp_image_chain *chain)
{
	vp_array_each (rule, &chain->rules) {
		struct vp_batch_step step = { "make", "rule",
					      rule->comment ? rule->comment : chain->name };
		struct nlmsghdr *message =
			rule_message(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, step,
				     chain->name);

		mnl_attr_put(message, NFTA_RULE_EXPRESSIONS | NLA_F_NESTED, rule->length,
			     rule->expressions);
		vp_batch_put_comment(message, NFTA_RULE_USERDATA, NFTNL_UDATA_RULE_COMMENT,
				     rule->comment);
		vp_batch_finish(batch, message);
	}
}

void vp_batch_delete_rules(struct vp_batch *batch, const struct vp_image_chain *chain)
{
	struct vp_batch_step step = { "remove", "the rules of chain", chain->name };

	vp_batch_finish(batch, rule_message(batch, NFT_MSG_DELRULE, 0, step, chain->name));
}

static struct nlmsghdr *set_message(struct vp_batch *batch, uint16_t type, uint16_t flags,
				    const struct vp_image_set *set, const char *verb)
{
	struct nlmsghdr *message = vp_batch_step(
		batch, type, flags, (struct vp_batch_step){ verb, "set", set->name });

	mnl_attr_put_strz(message, NFTA_SET_TABLE, batch->table);
	mnl_attr_put_strz(message, NFTA_SET_NAME, set->name);
	return message;
}

static void put_description(struct nlmsghdr *message, const struct vp_image_set *set)
{
	struct nlattr *nest, *concat, *field;

	if (!set->size && !set->part_count)
		return;
	nest = mnl_attr_nest_start(message, NFTA_SET_DESC);
	if (set->size)
		mnl_attr_put_u32(message, NFTA_SET_DESC_SIZE, htonl(set->size));
	if (set->part_count) {
		concat = mnl_attr_nest_start(message, NFTA_SET_DESC_CONCAT);
		for (unsigned int i = 0; i < set->part_count; i++) {
			field = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
			mnl_attr_put_u32(message, NFTA_SET_FIELD_LEN, htonl(set->parts[i]));
			mnl_attr_nest_end(message, field);
		}
		mnl_attr_nest_end(message, concat);
	}
	mnl_attr_nest_end(message, nest);
}

void vp_batch_add_set(struct vp_batch *batch, const struct vp_image_set *set)
{
	struct nlmsghdr *message =
		set_message(batch, NFT_MSG_NEWSET, NLM_F_CREATE, set, "make");

	mnl_attr_put_u32(message, NFTA_SET_FLAGS, htonl(set->flags));
	mnl_attr_put_u32(message, NFTA_SET_KEY_TYPE, htonl(set->key_type));
	mnl_attr_put_u32(message, NFTA_SET_KEY_LEN, htonl(set->key_length));
	if (set->flags & NFT_SET_MAP) {
		mnl_attr_put_u32(message, NFTA_SET_DATA_TYPE, htonl(set->data_type));
		mnl_attr_put_u32(message, NFTA_SET_DATA_LEN, htonl(set->data_length));
	}
	mnl_attr_put_u32(message, NFTA_SET_ID, htonl((uint32_t)batch->steps.len));
	put_description(message, set);
	if (set->milliseconds)
		mnl_attr_put_u64(message, NFTA_SET_TIMEOUT, htobe64(set->milliseconds));
	if (set->userdata_length)
		mnl_attr_put(message, NFTA_SET_USERDATA, set->userdata_length, set->userdata);
	vp_batch_finish(batch, message);
}

void vp_batch_delete_set(struct vp_batch *batch, const struct vp_image_set *set)
{
	vp_batch_finish(batch, set_message(batch, NFT_MSG_DELSET, 0, set, "remove"));
}

void vp_batch_empty_set(struct vp_batch *batch, const struct vp_image_set *set)
{
	/* the attributes have the same numbers; no list of elements means every one */
	vp_batch_finish(batch, set_message(batch, NFT_MSG_DELSETELEM, 0, set, "empty"));
}

/* Number the messages, now that the socket's counter is known, and ask for one
 * acknowledgement. */
static void number(struct vp_batch *batch, struct vp_netlink *nl)
{
	struct nlmsghdr *message = (void *)batch->data, *last = message;
	int left = (int)batch->len;

	batch->sequence = nl->sequence + 1;
	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		message->nlmsg_seq = ++nl->sequence;
		if (message->nlmsg_type != NFNL_MSG_BATCH_END)
			last = message;
	}
	last->nlmsg_flags |= NLM_F_ACK;
}

struct outcome {
	struct vp_batch *batch;
	uint32_t last; /* the message that is acknowledged */
	bool acknowledged;
	int code;	   /* the first refusal */
	uint32_t sequence; /* whose */
	char reason[256];  /* the kernel's own words, where it has some */
};

static void read_reason(const struct nlmsghdr *message, char *reason, size_t size)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
	size_t offset = sizeof(*error);
	const struct nlattr *attr;

	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(message->nlmsg_flags & NLM_F_CAPPED))
		offset += error->msg.nlmsg_len - sizeof(struct nlmsghdr);
	if (mnl_nlmsg_get_payload_len(message) < offset)
		return;
	mnl_attr_for_each (attr, message, (unsigned int)offset)
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			snprintf(reason, size, " (%s)", mnl_attr_get_str(attr));
}

static void take_error(struct outcome *outcome, const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*error) ||
	    message->nlmsg_seq - outcome->batch->sequence > outcome->batch->steps.len + 1)
		return; /* not of this transaction */
	if (error->error == 0) {
		outcome->acknowledged |= message->nlmsg_seq == outcome->last;
	} else if (outcome->code == 0) {
		outcome->code = error->error;
		outcome->sequence = message->nlmsg_seq;
		read_reason(message, outcome->reason, sizeof(outcome->reason));
	}
}

/* All answers are queued when sendmsg returns. */
static int read_answers(struct vp_netlink *nl, struct outcome *outcome)
{
	int fd = mnl_socket_get_fd(nl->socket), code = 0;

	for (;;) {
		ssize_t size = recv(fd, nl->buffer, VP_NETLINK_ANSWER, MSG_DONTWAIT);
		const struct nlmsghdr *message = (const void *)nl->buffer;
		int left = (int)size;

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0 && errno == EAGAIN)
			return code;
		if (size < 0 && errno == ENOBUFS) {
			code = -ENOBUFS; /* answers were lost; read what is there */
			continue;
		}
		if (size < 0)
			return -errno;
		for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
			if (message->nlmsg_type == NLMSG_ERROR)
				take_error(outcome, message);
	}
}

static int refused(const struct outcome *outcome, struct vp_error *err)
{
	size_t step = outcome->sequence - outcome->batch->sequence - 1;
	const char *why = strerror(-outcome->code);

	if (outcome->code == -EPERM)
		why = "not permitted";
	if (step >= outcome->batch->steps.len)
		return vp_fail(err, outcome->code,
			       "the kernel refuses the transaction: %s%s; %s", why,
			       outcome->reason, vp_netlink_cure(outcome->code));
	return vp_fail(err, outcome->code, "the kernel refuses to %s %s \"%s\": %s%s; %s",
		       outcome->batch->steps.data[step].verb,
		       outcome->batch->steps.data[step].kind,
		       outcome->batch->steps.data[step].name, why, outcome->reason,
		       vp_netlink_cure(outcome->code));
}

/* 1: acknowledged. 0: the answer is lost. -errno: refused, or not even sent. */
static int transact(struct vp_batch *batch, struct vp_netlink *nl, struct vp_error *err)
{
	struct outcome outcome = { .batch = batch };
	int code = vp_netlink_make_room(nl, batch->len);

	if (code < 0)
		return vp_fail(err, code, "a transaction of %zu KiB is too large: %s",
			       batch->len / 1024, vp_netlink_cure(code));
	number(batch, nl);
	outcome.last = batch->sequence + (uint32_t)batch->steps.len;
	if (mnl_socket_sendto(nl->socket, batch->data, batch->len) < 0)
		return vp_fail(err, -errno, "cannot send a transaction of %zu KiB: %s; %s",
			       batch->len / 1024, strerror(errno), vp_netlink_cure(-errno));
	code = read_answers(nl, &outcome);
	if (outcome.code < 0)
		return refused(&outcome, err);
	if (outcome.acknowledged)
		return 1;
	code = code < 0 ? code : -EIO;
	vp_fail(err, code, "the kernel did not answer a transaction; %s",
		vp_netlink_cure(code));
	return 0;
}

int vp_batch_send(struct vp_batch *batch, struct vp_netlink *nl, struct vp_error *err)
{
	struct vp_error lost = { 0 };
	uint32_t before = 0, after = 0;
	int code;

	if (vp_batch_empty(batch))
		return 0;
	frame(batch, NFNL_MSG_BATCH_END);
	code = vp_netlink_genid(nl, &before);
	if (code < 0)
		return vp_fail(err, code, "nf_tables does not answer: %s; %s", strerror(-code),
			       vp_netlink_cure(code));
	code = transact(batch, nl, &lost);
	/* without an answer: has the kernel moved on? */
	if (code > 0 || (code == 0 && vp_netlink_genid(nl, &after) == 0 && after != before))
		return 0;
	return vp_fail(err, lost.code, "%s", lost.text);
}

int vp_batch_check(struct vp_batch *batch, struct vp_netlink *nl, struct vp_error *err)
{
	/* without an end, the kernel judges all of it and then takes it back */
	int code = transact(batch, nl, err);

	return code > 0 ? 0 : code < 0 ? code : -EIO;
}
