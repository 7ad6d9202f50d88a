/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of NFQUEUE: see queue.h. */
#include "agentd/inspect/queue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include <libmnl/libmnl.h>

#define PACKET	(NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET)
#define VERDICT (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT)
#define BATCH	(NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT_BATCH)

static uint32_t number(const struct nlattr *attribute)
{
	return attribute && mnl_attr_get_payload_len(attribute) == sizeof(uint32_t)
		       ? ntohl(mnl_attr_get_u32(attribute))
		       : 0;
}

static int collect(const struct nlattr *attribute, void *data)
{
	const struct nlattr **attributes = data;
	uint16_t type = mnl_attr_get_type(attribute);

	if (type <= NFQA_MAX)
		attributes[type] = attribute;
	return MNL_CB_OK;
}

static int read_packet(const struct nlmsghdr *message, struct vp_queued *packet)
{
	const struct nlattr *attributes[NFQA_MAX + 1] = { NULL };
	const struct nfgenmsg *family = mnl_nlmsg_get_payload(message);
	const struct nlattr *header, *payload;
	struct nfqnl_msg_packet_hdr about;
	uint32_t cut, info;

	/* not mnl_attr_parse(), which rounds the message's length up */
	mnl_attr_parse_payload(family + 1,
			       mnl_nlmsg_get_payload_len(message) - sizeof(*family), collect,
			       attributes);
	header = attributes[NFQA_PACKET_HDR];
	payload = attributes[NFQA_PAYLOAD];
	if (!header || mnl_attr_get_payload_len(header) < sizeof(about))
		return -EBADMSG;
	memcpy(&about, mnl_attr_get_payload(header), sizeof(about));
	cut = number(attributes[NFQA_CAP_LEN]);
	info = number(attributes[NFQA_SKB_INFO]);
	*packet = (struct vp_queued){
		.queue = ntohs(family->res_id),
		.packet = ntohl(about.packet_id),
		.hook = about.hook,
		.mark = number(attributes[NFQA_MARK]),
		.in = number(attributes[NFQA_IFINDEX_INDEV]),
		.out = number(attributes[NFQA_IFINDEX_OUTDEV]),
		.gso = info & NFQA_SKB_GSO,
		.checksum_pending = info & NFQA_SKB_CSUMNOTREADY,
		.bytes = payload ? mnl_attr_get_payload(payload) : NULL,
		.len = payload ? mnl_attr_get_payload_len(payload) : 0,
	};
	packet->length = cut > packet->len ? cut : (uint32_t)packet->len;
	return 1;
}

int vp_queued_parse(const void *message, size_t len, struct vp_queued *packet, size_t *used)
{
	const struct nlmsghdr *header = message;

	/* mnl_nlmsg_ok() takes lengths above INT_MAX for good */
	if (len > INT32_MAX || !mnl_nlmsg_ok(header, (int)len) || header->nlmsg_len > len)
		return -EBADMSG;
	*used = MNL_ALIGN(header->nlmsg_len) < len ? MNL_ALIGN(header->nlmsg_len) : len;
	if (header->nlmsg_type != PACKET)
		return 0;
	if (mnl_nlmsg_get_payload_len(header) < sizeof(struct nfgenmsg))
		return -EBADMSG;
	return read_packet(header, packet);
}

size_t vp_queue_verdict_put(void *buffer, const struct vp_queue_verdict *verdict)
{
	const struct nfqnl_msg_verdict_hdr about = {
		.verdict = htonl(verdict->accept ? NF_ACCEPT : NF_DROP),
		.id = htonl(verdict->packet),
	};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *family;

	message->nlmsg_type = verdict->batch ? BATCH : VERDICT;
	message->nlmsg_flags = NLM_F_REQUEST;
	family = mnl_nlmsg_put_extra_header(message, sizeof(*family));
	*family = (struct nfgenmsg){ .nfgen_family = AF_UNSPEC,
				     .version = NFNETLINK_V0,
				     .res_id = htons(verdict->queue) };
	mnl_attr_put(message, NFQA_VERDICT_HDR, sizeof(about), &about);
	if (verdict->mark)
		mnl_attr_put_u32(message, NFQA_MARK, htonl(*verdict->mark));
	if (verdict->bytes && !verdict->batch)
		mnl_attr_put(message, NFQA_PAYLOAD, verdict->len, verdict->bytes);
	return message->nlmsg_len;
}
