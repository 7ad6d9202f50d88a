// SPDX-License-Identifier: GPL-2.0-or-later
/* A reader of all queues: see kernel_listener.h. */
#include "tests/unit/netfilter/kernel_listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include <libmnl/libmnl.h>

#include "lib/cleanup.h"
#include "lib/memory.h"

#define BEAT_EVERY 20 /* ms */
#define ROOM	   (1u << 17)

struct listener {
	struct vp_queueing queueing;
	struct mnl_socket *socket;
	pthread_t thread;
	atomic_bool stop, beat;
	pthread_mutex_t lock;
	VP_ARRAY(struct seen) seen;
};

bool beat_once(const struct vp_queueing *queueing, enum vp_queue_class class)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	uint32_t mark = vp_lease_mark(queueing, class);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0)
		return false;
	return sendto(fd, "", 1, 0, (struct sockaddr *)&to, sizeof(to)) < 0 && errno == EPERM;
}

static struct nlmsghdr *message(void *buffer, uint16_t type, uint16_t queue)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *group;

	header->nlmsg_type = (uint16_t)(NFNL_SUBSYS_QUEUE << 8 | type);
	header->nlmsg_flags = NLM_F_REQUEST;
	group = mnl_nlmsg_put_extra_header(header, sizeof(*group));
	group->nfgen_family = AF_UNSPEC;
	group->version = NFNETLINK_V0;
	group->res_id = htons(queue);
	return header;
}

static void put(struct listener *listener, const struct nlmsghdr *header)
{
	if (mnl_socket_sendto(listener->socket, header, header->nlmsg_len) < 0)
		perror("nfnetlink_queue");
}

static void bind_queue(struct listener *listener, uint16_t queue)
{
	const struct nfqnl_msg_config_cmd bind = { .command = NFQNL_CFG_CMD_BIND };
	const struct nfqnl_msg_config_params copy = { .copy_range = htonl(0xffff),
						      .copy_mode = NFQNL_COPY_PACKET };
	char buffer[256] = { 0 };
	struct nlmsghdr *header = message(buffer, NFQNL_MSG_CONFIG, queue);

	mnl_attr_put(header, NFQA_CFG_CMD, sizeof(bind), &bind);
	mnl_attr_put(header, NFQA_CFG_PARAMS, sizeof(copy), &copy);
	put(listener, header);
}

static void pass(struct listener *listener, uint16_t queue, uint32_t packet)
{
	const struct nfqnl_msg_verdict_hdr verdict = { .verdict = htonl(NF_ACCEPT),
						       .id = packet };
	char buffer[256] = { 0 };
	struct nlmsghdr *header = message(buffer, NFQNL_MSG_VERDICT, queue);

	mnl_attr_put(header, NFQA_VERDICT_HDR, sizeof(verdict), &verdict);
	put(listener, header);
}

static uint16_t number(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* IPv4 and IPv6 without extension headers, TCP and UDP: what the tests send. */
static void note(struct listener *listener, uint16_t queue, uint32_t mark, const uint8_t *ip,
		 uint32_t length)
{
	struct seen seen = { .queue = queue, .family = ip[0] >> 4, .mark = mark };
	uint32_t header = seen.family == 4 ? (ip[0] & 15u) * 4 : 40;
	const uint8_t *transport = ip + header;

	seen.protocol = seen.family == 4 ? ip[9] : ip[6];
	seen.source_port = number(transport);
	seen.destination_port = number(transport + 2);
	if (seen.protocol == IPPROTO_TCP)
		seen.flags = transport[13];
	header += seen.protocol == IPPROTO_TCP ? (transport[12] >> 4) * 4u : 8u;
	seen.payload = length - header;
	pthread_mutex_lock(&listener->lock);
	vp_array_push(&listener->seen, seen);
	pthread_mutex_unlock(&listener->lock);
}

static int visit(const struct nlmsghdr *header, void *data)
{
	const struct nfgenmsg *group = mnl_nlmsg_get_payload(header);
	const struct nfqnl_msg_packet_hdr *packet = NULL;
	const struct nlattr *attr, *payload = NULL;
	uint32_t mark = 0;

	mnl_attr_for_each (attr, header, sizeof(*group)) {
		if (mnl_attr_get_type(attr) == NFQA_MARK)
			mark = ntohl(mnl_attr_get_u32(attr));
		if (mnl_attr_get_type(attr) == NFQA_PACKET_HDR)
			packet = mnl_attr_get_payload(attr);
		if (mnl_attr_get_type(attr) == NFQA_PAYLOAD)
			payload = attr;
	}
	if (!packet || !payload)
		return MNL_CB_OK;
	note(data, ntohs(group->res_id), mark, mnl_attr_get_payload(payload),
	     mnl_attr_get_payload_len(payload));
	pass(data, ntohs(group->res_id), packet->packet_id);
	return MNL_CB_OK;
}

static void beats(struct listener *listener)
{
	for (unsigned int class = 0; class < VP_QUEUE_CLASSES; class ++)
		beat_once(&listener->queueing, (enum vp_queue_class) class);
}

static void *run(void *data)
{
	struct listener *listener = data;
	struct pollfd poll_fd = { .fd = mnl_socket_get_fd(listener->socket),
				  .events = POLLIN };
	_cleanup_free_ char *buffer = vp_alloc(1, ROOM);

	while (!listener->stop) {
		if (listener->beat)
			beats(listener);
		if (poll(&poll_fd, 1, BEAT_EVERY) <= 0)
			continue;
		for (;;) {
			ssize_t got = recv(poll_fd.fd, buffer, ROOM, MSG_DONTWAIT);

			if (got <= 0)
				break;
			mnl_cb_run(buffer, (size_t)got, 0, 0, visit, listener);
		}
	}
	return NULL;
}

struct listener *listener_start(const struct vp_queueing *queueing)
{
	struct listener *listener = vp_new(struct listener);

	listener->queueing = *queueing;
	pthread_mutex_init(&listener->lock, NULL);
	listener->socket = mnl_socket_open(NETLINK_NETFILTER);
	if (!listener->socket ||
	    mnl_socket_bind(listener->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		perror("nfnetlink");
		exit(1);
	}
	for (unsigned int class = 0; class < VP_QUEUE_CLASSES; class ++)
		for (unsigned int i = 0; i < 2u * VP_QUEUE_KINDS * queueing->count; i++)
			bind_queue(listener,
				   (uint16_t)(vp_queue_first(queueing,
							     (enum vp_queue_class) class,
							     VP_QUEUE_STREAMS, 0) +
					      i));
	pthread_create(&listener->thread, NULL, run, listener);
	return listener;
}

void listener_stop(struct listener *listener)
{
	listener->stop = true;
	pthread_join(listener->thread, NULL);
	mnl_socket_close(listener->socket);
	pthread_mutex_destroy(&listener->lock);
	vp_array_free(&listener->seen);
	free(listener);
}

void listener_beat(struct listener *listener, bool on)
{
	listener->beat = on;
	if (on)
		beats(listener);
	else /* one may be on its way; then none is fresh */
		usleep((3 * BEAT_EVERY + listener->queueing.lease_milliseconds) * 1000);
}

struct seen *listener_seen(struct listener *listener, size_t *count)
{
	struct seen *copy;

	pthread_mutex_lock(&listener->lock);
	*count = listener->seen.len;
	copy = vp_alloc(*count + 1, sizeof(*copy));
	if (*count)
		memcpy(copy, listener->seen.data, *count * sizeof(*copy));
	pthread_mutex_unlock(&listener->lock);
	return copy;
}

void listener_forget(struct listener *listener)
{
	pthread_mutex_lock(&listener->lock);
	listener->seen.len = 0;
	pthread_mutex_unlock(&listener->lock);
}

size_t listener_marks(struct listener *listener)
{
	_cleanup_free_ struct seen *seen = NULL;
	size_t count, marks = 0;

	seen = listener_seen(listener, &count);
	for (size_t i = 0; i < count; i++)
		marks += seen[i].mark != 0;
	return marks;
}
