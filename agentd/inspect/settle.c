/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Failure verdicts for whole queues: see settle.h. */
#include "agentd/inspect/settle.h"

#include <errno.h>
#include <sys/socket.h>

#include "agentd/inspect/queue.h"

#define AT_ONCE 256
/* Numbers ascend and wrap: a verdict settles those up to this far before and behind one. */
#define HORIZON (1u << 30)

void vp_settling_begin(struct vp_settling *settling, int fd, const struct vp_queue *queues,
		       size_t count)
{
	*settling = (struct vp_settling){ .fd = fd, .queues = queues, .count = count };
}

static size_t find(const struct vp_settling *settling, uint16_t queue)
{
	size_t i = 0;

	while (i < settling->count && settling->queues[i].number != queue)
		i++;
	return i;
}

void vp_settling_known(struct vp_settling *settling, uint16_t queue, uint32_t packet)
{
	size_t i = find(settling, queue);

	if (i < settling->count && (int32_t)(packet - settling->of[i].newest) > 0)
		settling->of[i].newest = packet;
}

void vp_settling_note(struct vp_settling *settling, const void *message, size_t len)
{
	const uint8_t *next = message;
	struct vp_queued packet;
	size_t used;
	int r;

	for (; len; next += used, len -= used) {
		r = vp_queued_parse(next, len, &packet, &used);
		if (r < 0)
			return;
		if (!r || find(settling, packet.queue) == settling->count)
			continue;
		vp_settling_known(settling, packet.queue, packet.packet);
		settling->of[find(settling, packet.queue)].waiting = true;
		settling->of[find(settling, packet.queue)].packets++;
	}
}

int vp_settling_judge(struct vp_settling *settling, bool all)
{
	_Alignas(8) uint8_t buffer[VP_QUEUES_MAX * VP_VERDICT_ROOM];
	size_t len = 0;

	for (size_t i = 0; i < settling->count; i++) {
		const struct vp_queue_verdict verdict = {
			.queue = settling->queues[i].number,
			.packet = settling->of[i].newest + (all ? HORIZON : 0),
			.accept = settling->queues[i].class != VP_QUEUE_BLOCK,
			.batch = true,
		};

		if (all || settling->of[i].waiting)
			len += vp_queue_verdict_put(buffer + len, &verdict);
		settling->of[i].waiting = false;
	}
	while (len && send(settling->fd, buffer, len, 0) < 0)
		if (errno != EINTR && errno != ENOBUFS && errno != EAGAIN)
			return -errno;
	return 0;
}

int vp_settling_read(struct vp_settling *settling, uint8_t room[static VP_PACKET_ROOM])
{
	for (int i = 0; i < AT_ONCE; i++) {
		ssize_t length = recv(settling->fd, room, VP_PACKET_ROOM, MSG_DONTWAIT);

		if (length < 0 && errno == EAGAIN)
			break;
		if (length < 0 && errno != EINTR && errno != ENOBUFS)
			return -errno;
		if (length > 0)
			vp_settling_note(settling, room, (size_t)length);
	}
	return vp_settling_judge(settling, false);
}

/* Whatever the numbers are, these two and what is up to HORIZON behind them are all. */
static void know_of_half(struct vp_settling *settling, uint32_t newest)
{
	for (size_t i = 0; i < settling->count; i++)
		settling->of[i].newest = newest;
}

int vp_settling_empty(struct vp_settling *settling, uint8_t room[static VP_PACKET_ROOM])
{
	int r;

	do
		r = vp_settling_read(settling, room);
	while (!r && recv(settling->fd, room, 1, MSG_DONTWAIT | MSG_PEEK) > 0);
	for (uint32_t half = 0; !r && half < 2; half++) {
		know_of_half(settling, half << 31 | HORIZON);
		r = vp_settling_judge(settling, true);
	}
	return r;
}
