/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentd/inspect/queue.c: messages as the kernel writes and reads them. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>

#include "agentd/inspect/queue.h"

static size_t packet_message(void *buffer, const void *bytes, size_t len, uint32_t whole)
{
	const struct nfqnl_msg_packet_hdr about = { .packet_id = htonl(77),
						    .hw_protocol = htons(0x86dd),
						    .hook = NF_INET_LOCAL_IN };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *family;

	message->nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET;
	family = mnl_nlmsg_put_extra_header(message, sizeof(*family));
	family->res_id = htons(9);
	mnl_attr_put(message, NFQA_PACKET_HDR, sizeof(about), &about);
	mnl_attr_put_u32(message, NFQA_MARK, htonl(0x1234));
	mnl_attr_put_u32(message, NFQA_IFINDEX_INDEV, htonl(3));
	if (whole > len)
		mnl_attr_put_u32(message, NFQA_CAP_LEN, htonl(whole));
	mnl_attr_put_u32(message, NFQA_SKB_INFO, htonl(NFQA_SKB_GSO));
	mnl_attr_put(message, NFQA_PAYLOAD, len, bytes);
	return message->nlmsg_len;
}

static void test_packet(void **state)
{
	uint8_t buffer[512] = { 0 };
	struct vp_queued packet;
	size_t used, len = packet_message(buffer, "payload", 7, 0);

	(void)state;
	assert_int_equal(vp_queued_parse(buffer, sizeof(buffer), &packet, &used), 1);
	assert_int_equal(used, MNL_ALIGN(len));
	assert_int_equal(packet.queue, 9);
	assert_int_equal(packet.packet, 77);
	assert_int_equal(packet.hook, NF_INET_LOCAL_IN);
	assert_int_equal(packet.mark, 0x1234);
	assert_int_equal(packet.in, 3);
	assert_int_equal(packet.out, 0);
	assert_true(packet.gso);
	assert_false(packet.checksum_pending);
	assert_int_equal(packet.len, 7);
	assert_int_equal(packet.length, 7);
	assert_memory_equal(packet.bytes, "payload", 7);
	packet_message(buffer, "payload", 7, 1500);
	assert_int_equal(vp_queued_parse(buffer, sizeof(buffer), &packet, &used), 1);
	assert_int_equal(packet.length, 1500);
}

/* Cut anywhere, a message is refused or read within its bytes. */
static void test_cut(void **state)
{
	uint8_t buffer[512] = { 0 };
	size_t used, len = packet_message(buffer, "payload", 7, 0);
	struct vp_queued packet;

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t copy[512];

		memcpy(copy, buffer, cut);
		assert_int_equal(vp_queued_parse(copy, cut, &packet, &used), -EBADMSG);
		if (cut < sizeof(struct nlmsghdr))
			continue;
		((struct nlmsghdr *)(void *)copy)->nlmsg_len = (uint32_t)cut;
		if (vp_queued_parse(copy, cut, &packet, &used) == 1 && packet.len)
			assert_true(packet.bytes + packet.len <= copy + cut);
	}
}

static void test_other_messages(void **state)
{
	uint8_t buffer[64] = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct vp_queued packet;
	size_t used;

	(void)state;
	message->nlmsg_type = NLMSG_NOOP;
	assert_int_equal(vp_queued_parse(buffer, sizeof(buffer), &packet, &used), 0);
	assert_int_equal(used, 16);
	message->nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET;
	assert_int_equal(vp_queued_parse(buffer, sizeof(buffer), &packet, &used), -EBADMSG);
}

static void test_verdict(void **state)
{
	uint8_t buffer[VP_VERDICT_ROOM + 8];
	const uint32_t mark = 5;
	struct vp_queue_verdict verdict = { .queue = 9,
					    .packet = 77,
					    .accept = true,
					    .mark = &mark,
					    .bytes = (const uint8_t *)"instead",
					    .len = 7 };
	size_t len = vp_queue_verdict_put(buffer, &verdict);
	const struct nlmsghdr *message = (const void *)buffer;
	const struct nlattr *attribute;
	unsigned int seen = 0;

	(void)state;
	assert_true(len <= sizeof(buffer));
	assert_int_equal(message->nlmsg_type, NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT);
	mnl_attr_for_each (attribute, message, sizeof(struct nfgenmsg)) {
		const struct nfqnl_msg_verdict_hdr *about = mnl_attr_get_payload(attribute);

		seen |= 1u << mnl_attr_get_type(attribute);
		if (mnl_attr_get_type(attribute) != NFQA_VERDICT_HDR)
			continue;
		assert_int_equal(ntohl(about->verdict), NF_ACCEPT);
		assert_int_equal(ntohl(about->id), 77);
	}
	assert_int_equal(seen, 1u << NFQA_VERDICT_HDR | 1u << NFQA_MARK | 1u << NFQA_PAYLOAD);
	verdict.batch = true;
	assert_true(vp_queue_verdict_put(buffer, &verdict) <= VP_VERDICT_ROOM);
	assert_int_equal(message->nlmsg_type,
			 NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT_BATCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packet),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_other_messages),
		cmocka_unit_test(test_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
