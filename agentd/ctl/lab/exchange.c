/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks through the steps of a sample. Whether the outcome is the expected one
 * is judge.c's business.
 */
#include "agentd/ctl/lab/exchange.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/cleanup.h"

#define FRAGMENTS_MAX 256

struct exchange {
	struct vp_lab *lab;
	struct vp_witnesses *witnesses;
	const struct vp_path *path;
	const struct vp_sample *sample;
	enum vp_direction direction;
	size_t decisive;
	struct vp_stream *stream;
	struct vp_datagrams datagrams;
	bool streams, uses_datagrams;
};

static bool carries(const struct vp_step *step, enum vp_direction direction)
{
	switch (step->kind) {
	case VP_STEP_SEND:
		return direction == VP_TO_SERVER;
	case VP_STEP_RECEIVE:
		return direction == VP_TO_CLIENT;
	case VP_STEP_PACKET:
		return true;
	case VP_STEP_WAIT:
	default:
		return false;
	}
}

size_t vp_decisive_step(const struct vp_sample *sample, enum vp_direction direction)
{
	for (size_t i = sample->steps.len; i-- > 0;) {
		const struct vp_step *step = &sample->steps.data[i];

		if (sample->rule ? carries(step, direction) : step->kind != VP_STEP_WAIT)
			return i;
	}
	return SIZE_MAX;
}

static const char *step_name(enum vp_step_kind kind)
{
	switch (kind) {
	case VP_STEP_SEND:
		return "send";
	case VP_STEP_RECEIVE:
		return "receive";
	case VP_STEP_PACKET:
		return "packet";
	case VP_STEP_WAIT:
	default:
		return "wait";
	}
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static void pause_for(uint64_t milliseconds)
{
	struct timespec t = { .tv_sec = (time_t)(milliseconds / 1000),
			      .tv_nsec = (long)(milliseconds % 1000) * 1000000 };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

static void free_packets(struct vp_packet_bytes *packets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(packets[i].data);
}

/* How many steps from `first` on are the fragments of one packet; 1 for a whole packet. */
static size_t group_size(const struct vp_sample *sample, size_t first)
{
	struct vp_lab_packet packet, next;
	size_t count = 1;

	if (vp_lab_packet_parse(sample->steps.data[first].data, sample->steps.data[first].len,
				&packet, NULL) ||
	    !packet.fragment)
		return 1;
	while (first + count < sample->steps.len && count < FRAGMENTS_MAX) {
		const struct vp_step *step = &sample->steps.data[first + count];

		if (step->kind != VP_STEP_PACKET ||
		    vp_lab_packet_parse(step->data, step->len, &next, NULL) ||
		    !next.fragment || next.fragment_id != packet.fragment_id)
			break;
		count++;
	}
	return count;
}

/* A whole packet in the shape that the path asks for. */
static int carry_shaped(struct exchange *x, enum vp_direction direction,
			const struct vp_packet_bytes *packet, struct vp_delivery *delivery,
			struct vp_error *err)
{
	struct vp_packet_bytes pieces[FRAGMENTS_MAX];
	enum vp_shape shape = direction == VP_TO_SERVER ? x->path->shape : VP_SHAPE_PLAIN;
	size_t count = 0;
	int r = vp_packet_shape(packet->data, packet->len, shape, ++x->lab->fences, pieces,
				FRAGMENTS_MAX, &count, err);

	if (r < 0)
		return r;
	r = vp_packets_carry(x->witnesses, x->lab, x->path, direction, pieces, count, delivery,
			     err);
	free_packets(pieces, count);
	return r;
}

/* One packet step, or several that are fragments of one packet; *used counts them. */
static int carry_packets(struct exchange *x, size_t first, size_t *used,
			 struct vp_delivery *delivery, struct vp_error *err)
{
	struct vp_packet_bytes packets[FRAGMENTS_MAX];
	bool up = x->direction == VP_TO_SERVER;
	const struct vp_address *from = up ? &x->path->client : &x->path->server;
	const struct vp_address *to = up ? &x->path->server : &x->path->client;
	size_t count = group_size(x->sample, first);
	int r = 0;

	*used = count;
	for (size_t i = 0; i < count; i++) {
		const struct vp_step *step = &x->sample->steps.data[first + i];

		packets[i].data = vp_memdup(step->data, step->len);
		packets[i].len = step->len;
		if (!r)
			r = vp_packet_fill(packets[i].data, packets[i].len, from, to, err);
	}
	if (!r && count > 1)
		vp_packet_fill_fragments(packets, count);
	if (!r && count == 1)
		r = carry_shaped(x, x->direction, &packets[0], delivery, err);
	else if (!r)
		r = vp_packets_carry(x->witnesses, x->lab, x->path, x->direction, packets,
				     count, delivery, err);
	free_packets(packets, count);
	return r;
}

/* Bytes of a protocol that has no sockets here: the payload of an IP packet. */
static int carry_payload(struct exchange *x, enum vp_direction direction,
			 const struct vp_step *step, struct vp_delivery *delivery,
			 struct vp_error *err)
{
	bool up = direction == VP_TO_SERVER;
	struct vp_packet_bytes packet;
	int r;

	vp_packet_build(up ? &x->path->client : &x->path->server,
			up ? &x->path->server : &x->path->client, (uint8_t)x->path->protocol,
			step->data, step->len, &packet.data, &packet.len);
	r = vp_packets_carry(x->witnesses, x->lab, x->path, direction, &packet, 1, delivery,
			     err);
	free(packet.data);
	return r;
}

static int carry_bytes(struct exchange *x, const struct vp_step *step,
		       struct vp_delivery *delivery, struct vp_error *err)
{
	enum vp_direction direction = step->kind == VP_STEP_SEND ? VP_TO_SERVER : VP_TO_CLIENT;

	if (x->streams)
		return vp_stream_carry(x->stream, x->lab, direction, step->data, step->len,
				       delivery, err);
	if (x->uses_datagrams)
		return vp_datagrams_carry(&x->datagrams, x->lab, x->path, direction,
					  step->data, step->len, delivery, err);
	return carry_payload(x, direction, step, delivery, err);
}

static void note_failure(const struct exchange *x, size_t step,
			 const struct vp_delivery *delivery, struct vp_arrival *arrival)
{
	const char *kind = step_name(x->sample->steps.data[step].kind);

	if (arrival->note[0])
		return;
	if (delivery->differs)
		snprintf(arrival->note, sizeof(arrival->note),
			 "step %zu (%s) arrived with other bytes", step + 1, kind);
	else if (x->streams && x->stream->client < 0)
		snprintf(arrival->note, sizeof(arrival->note),
			 "the connection for step %zu (%s) was not made", step + 1, kind);
	else
		snprintf(arrival->note, sizeof(arrival->note), "step %zu (%s) did not arrive",
			 step + 1, kind);
}

/* All steps once. */
static int repetition(struct exchange *x, struct vp_arrival *arrival, struct vp_error *err)
{
	const struct vp_sample *sample = x->sample;
	size_t used = 1;
	int r = x->streams ? vp_stream_connect(x->stream, x->lab, x->path, err) : 0;

	arrival->sent++;
	for (size_t i = 0; i < sample->steps.len && !r; i += used) {
		const struct vp_step *step = &sample->steps.data[i];
		struct vp_delivery delivery = { 0 };

		used = 1;
		if (step->kind == VP_STEP_WAIT) {
			pause_for(step->milliseconds);
			continue;
		}
		r = step->kind == VP_STEP_PACKET ? carry_packets(x, i, &used, &delivery, err)
						 : carry_bytes(x, step, &delivery, err);
		if (r < 0)
			break;
		if (!delivery.arrived || delivery.differs) {
			arrival->intact = false;
			note_failure(x, i, &delivery, arrival);
		}
		if (delivery.arrived && i <= x->decisive && x->decisive < i + used)
			arrival->arrived++;
		if (!delivery.arrived) {
			/* what comes after pauses of a burst keeps its time */
			for (i += used; i < sample->steps.len; i++)
				if (sample->steps.data[i].kind == VP_STEP_WAIT)
					pause_for(sample->steps.data[i].milliseconds);
			break;
		}
	}
	return r;
}

static void choose_transport(struct exchange *x)
{
	uint16_t protocol = x->path->protocol;
	bool bytes = false;

	for (size_t i = 0; i < x->sample->steps.len; i++)
		bytes |= x->sample->steps.data[i].kind == VP_STEP_SEND ||
			 x->sample->steps.data[i].kind == VP_STEP_RECEIVE;
	x->streams = bytes && protocol == IPPROTO_TCP;
	x->uses_datagrams = bytes && (protocol == IPPROTO_UDP || protocol == VP_PROTOCOL_ANY);
}

int vp_exchange_run(struct vp_lab *lab, struct vp_witnesses *witnesses,
		    const struct vp_path *path, const struct vp_sample *sample,
		    enum vp_direction direction, struct vp_stream *stream,
		    struct vp_arrival *arrival, struct vp_error *err)
{
	struct exchange x = {
		.lab = lab,
		.witnesses = witnesses,
		.path = path,
		.sample = sample,
		.direction = direction,
		.decisive = vp_decisive_step(sample, direction),
		.stream = stream,
		.datagrams = { -1, -1 },
	};
	uint64_t start;
	int r = 0;

	*stream = (struct vp_stream){ .listener = -1, .client = -1, .server = -1 };
	*arrival = (struct vp_arrival){ .intact = true };
	choose_transport(&x);
	if (x.streams)
		r = vp_stream_open(stream, lab, path, err);
	else if (x.uses_datagrams)
		r = vp_datagrams_open(&x.datagrams, lab, path, err);
	start = now();
	for (uint32_t i = 0; i < sample->repeat && !r; i++)
		r = repetition(&x, arrival, err);
	arrival->nanoseconds = now() - start;
	if (!r)
		r = vp_lab_settle(lab, 2, err);
	vp_datagrams_close(&x.datagrams);
	return r;
}
