/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The property that inspection rests on: whatever is sent in whatever order, a
 * receiver assembles from the packets that pass what was read here, and nothing
 * else. The receivers differ in what they make of overlaps and in what they lose.
 * The other half: of an honest connection on a bad network nothing is blocked,
 * and all of it arrives.
 *
 * Seeds are fixed. That the property can fail is a test of its own: with a
 * receiver that is given what it should not have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/memory.h"
#include "modules/inspection/stream.h"

#define ROOM	160 /* positions of a stream */
#define PACKETS 400
#define WAITS	-1

struct packet {
	unsigned int at, len;
	uint8_t bytes[ROOM];
	bool fin, urgent;
	int fate;
	unsigned int settled;
};

/* A receiver puts segments in order: of two bytes in one place, the first or the last stays.
 */
struct receiver {
	bool last_wins;
	unsigned int loses; /* of 100 packets */
	bool there[ROOM];
	uint8_t bytes[ROOM];
	unsigned int next;
	uint64_t fins[ROOM / 64 + 1];
	bool ended;
};

struct world {
	uint64_t random;
	struct vp_stream_options options;
	struct vp_stream *stream;
	uint32_t first;
	unsigned int careless; /* fates that reach the receivers although they should not */

	struct packet packets[PACKETS];
	unsigned int count, sent;

	unsigned int position; /* of the next byte that is read */
	uint8_t read[ROOM];    /* by position */
	bool was_read[ROOM], skipped[ROOM];
	unsigned int refuse, skip_at, skip_to; /* positions; ROOM: never */
	bool finished;

	struct receiver receivers[4];
	bool wrong; /* the property does not hold */
};

static unsigned int any(struct world *w, unsigned int below)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return below ? (unsigned int)(w->random >> 32) % below : 0;
}

static void pass_over(struct world *w)
{
	unsigned int from = w->position;

	w->skip_at = ROOM;
	if (w->skip_to <= from)
		return;
	w->position = w->skip_to;
	memset(w->skipped + from, true, w->skip_to - from);
	vp_stream_skip(w->stream, w->skip_to - from);
}

static bool on_read(void *context, struct vp_slice bytes)
{
	struct world *w = context;
	unsigned int end = w->position + (unsigned int)bytes.len;

	w->wrong |= !bytes.len || end > ROOM || w->finished;
	if (w->wrong)
		return false;
	if (w->refuse < end)
		return false;
	memcpy(w->read + w->position, bytes.data, bytes.len);
	memset(w->was_read + w->position, true, bytes.len);
	w->position = end;
	if (w->skip_at <= end)
		pass_over(w);
	return true;
}

static void on_finished(void *context)
{
	struct world *w = context;

	w->wrong |= w->finished;
	w->finished = true;
}

/* What the receiver delivers now must have been read here, or skipped. */
static void deliver(struct world *w, struct receiver *r)
{
	while (!r->ended) {
		if (r->fins[r->next / 64] >> r->next % 64 & 1) {
			r->ended = true;
			/* a FIN that was not read may only be in or at a skip */
			if (!w->finished && !(r->next < ROOM && w->skipped[r->next]))
				w->wrong = true;
		} else if (r->next < ROOM && r->there[r->next]) {
			if (!w->skipped[r->next] &&
			    (!w->was_read[r->next] || w->read[r->next] != r->bytes[r->next]))
				w->wrong = true;
			r->next++;
		} else {
			return;
		}
	}
}

static void receive(struct world *w, struct receiver *r, const struct packet *p)
{
	if (any(w, 100) < r->loses)
		return;
	for (unsigned int i = 0; i < p->len; i++) {
		unsigned int at = p->at + i;

		if (at < r->next || (r->there[at] && !r->last_wins))
			continue;
		r->there[at] = true;
		r->bytes[at] = p->bytes[i];
	}
	if (p->fin && p->at + p->len >= r->next)
		r->fins[(p->at + p->len) / 64] |= UINT64_C(1) << (p->at + p->len) % 64;
	deliver(w, r);
}

static void on_settle(void *context, uint64_t number, enum vp_fate fate)
{
	struct world *w = context;
	struct packet *p = &w->packets[number];

	w->wrong |= number >= w->count || p->settled++;
	p->fate = fate;
	if (w->options.monitor) /* passes before it is read */
		return;
	w->wrong |= p->urgent && fate == VP_FATE_PASS;
	if (fate != VP_FATE_PASS && fate != VP_FATE_NO_URGENT && !(w->careless >> fate & 1))
		return;
	for (size_t i = 0; i < VP_COUNT(w->receivers); i++)
		receive(w, &w->receivers[i], p);
}

static const struct vp_stream_user user = { .read = on_read,
					    .settle = on_settle,
					    .finished = on_finished };

static void begin(struct world *w, uint64_t seed)
{
	*w = (struct world){ .random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1 };
	for (unsigned int i = 0; i < 4; i++)
		w->receivers[i] = (struct receiver){ .last_wins = i % 2, .loses = i / 2 * 30 };
	w->refuse = w->skip_at = ROOM;
	w->first = any(w, 3) ? (uint32_t)-any(w, ROOM) : any(w, UINT32_MAX);
	w->options = (struct vp_stream_options){ .kept = ROOM,
						 .held = 16 * ROOM,
						 .packets = PACKETS };
	w->stream = vp_stream_new(&w->options, &user, w);
	vp_stream_begin(w->stream, w->first);
}

static struct packet *packet_new(struct world *w, unsigned int at, unsigned int len,
				 const uint8_t *bytes)
{
	struct packet *p = &w->packets[w->count++];

	assert_true(w->count <= PACKETS && at + len <= ROOM);
	p->at = at;
	p->len = len;
	p->fate = WAITS;
	if (bytes)
		memcpy(p->bytes, bytes + at, len);
	return p;
}

static void send(struct world *w, struct packet *p)
{
	uint32_t offset = p->at;

	vp_stream_segment(w->stream, (uint64_t)(p - w->packets), w->first + offset,
			  (struct vp_slice){ p->bytes, p->len }, p->fin, p->urgent);
}

/* Frees the stream; every packet is settled then. */
static void end(struct world *w)
{
	vp_stream_free(w->stream);
	for (unsigned int i = 0; i < w->count; i++)
		w->wrong |= w->packets[i].settled != 1;
}

/* Any segments of any bytes; only two letters, so that many agree by chance. */
static void play_hostile(struct world *w, uint64_t seed, unsigned int careless)
{
	unsigned int differ, count;
	uint8_t stream[ROOM];

	begin(w, seed);
	w->careless = careless;
	w->options.kept = any(w, 2) ? any(w, ROOM) : ROOM;
	w->options.held = any(w, 4 * ROOM);
	w->options.packets = any(w, 12);
	if (!any(w, 4))
		w->refuse = any(w, ROOM);
	if (!any(w, 3)) {
		w->skip_at = any(w, ROOM);
		w->skip_to = w->skip_at + any(w, ROOM + 1 - w->skip_at);
	}
	differ = any(w, 2) ? any(w, 30) : 1;
	for (unsigned int i = 0; i < ROOM; i++)
		stream[i] = (uint8_t)('a' + any(w, 2));
	count = 5 + any(w, 60);
	for (unsigned int i = 0; i < count && !w->wrong; i++) {
		unsigned int base = any(w, 2) ? w->position : any(w, ROOM + 1);
		unsigned int back = any(w, 12), len = any(w, 24);
		unsigned int at = base > back ? base - back : 0;
		struct packet *p;

		p = packet_new(w, at, at + len < ROOM ? len : ROOM - at, stream);
		for (unsigned int b = 0; b < p->len; b++)
			if (any(w, 100) < differ)
				p->bytes[b] ^= 'a' ^ 'b';
		p->fin = !any(w, 20);
		p->urgent = !any(w, 10);
		if (!any(w, 40))
			vp_stream_sleep(w->stream);
		send(w, p);
	}
	end(w);
}

static void test_one_version(void **state)
{
	static struct world w;
	unsigned int fates[VP_FATE_WINDOW + 1] = { 0 }, finished = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 20000; seed++) {
		play_hostile(&w, seed, 0);
		if (w.wrong)
			fail_msg("seed %llu", (unsigned long long)seed);
		for (unsigned int i = 0; i < w.count; i++)
			fates[w.packets[i].fate]++;
		finished += w.finished;
	}
	for (unsigned int i = 0; i <= VP_FATE_WINDOW; i++)
		assert_true(fates[i] > 1000); /* each was tried */
	assert_true(finished > 1000);
}

/* Receivers that get what they should not: then another version is delivered. */
static void test_property_can_fail(void **state)
{
	static const enum vp_fate fates[] = { VP_FATE_EMPTY, VP_FATE_BLOCK, VP_FATE_CONFLICT,
					      VP_FATE_BOUND };
	static struct world w;

	(void)state;
	for (size_t i = 0; i < VP_COUNT(fates); i++) {
		unsigned int wrong = 0;

		for (uint64_t seed = 1; seed <= 1000; seed++) {
			play_hostile(&w, seed, 1u << fates[i]);
			wrong += w.wrong;
		}
		printf("fate %d delivered all the same: noticed in %u of 1000\n", fates[i],
		       wrong);
		assert_true(wrong > 20);
	}
}

static void random_stream(struct world *w, uint8_t stream[static ROOM])
{
	for (unsigned int i = 0; i < ROOM; i++)
		stream[i] = (uint8_t)any(w, 256);
}

/* Cut, shuffled, overlapping, twice: the stream is read, and nothing is refused. */
static void play_shuffled(struct world *w, uint64_t seed, bool monitor)
{
	unsigned int n, order[PACKETS];
	uint8_t stream[ROOM];

	begin(w, seed);
	w->options.monitor = monitor;
	random_stream(w, stream);
	n = any(w, ROOM + 1);
	for (unsigned int at = 0, len; at < n; at += len) {
		len = 1 + any(w, any(w, 2) ? 3 : 40);
		len = len < n - at ? len : n - at;
		packet_new(w, at, len, stream)->fin = at + len == n && any(w, 2);
	}
	packet_new(w, n, 0, stream)->fin = true;
	for (unsigned int more = any(w, 40); more; more--) {
		unsigned int at = any(w, n + 1), len = any(w, n - at + 1);

		packet_new(w, at, len, stream)->fin = at + len == n && any(w, 2);
	}
	for (unsigned int i = 0; i < w->count; i++) {
		unsigned int j = any(w, i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	for (unsigned int i = 0; i < w->count; i++) {
		send(w, &w->packets[order[i]]);
		w->wrong |= monitor && w->packets[order[i]].fate != VP_FATE_PASS;
	}
	w->wrong |= vp_stream_lost(w->stream) || vp_stream_waiting(w->stream);
	end(w);
	for (unsigned int i = 0; i < w->count; i++)
		w->wrong |= w->packets[i].fate != VP_FATE_PASS &&
			    w->packets[i].fate != VP_FATE_EMPTY;
	w->wrong |= !w->finished || w->position != n || memcmp(w->read, stream, n);
	w->wrong |= !monitor && (w->receivers[0].next != n || !w->receivers[1].ended);
}

static void test_shuffled(void **state)
{
	static struct world w;

	(void)state;
	for (uint64_t seed = 1; seed <= 10000; seed++) {
		play_shuffled(&w, seed, seed % 4 == 0);
		if (w.wrong)
			fail_msg("seed %llu", (unsigned long long)seed);
	}
}

/* One round of an honest sender: from what is acknowledged, in new pieces, with loss. */
static void send_round(struct world *w, const struct receiver *r, unsigned int n,
		       const uint8_t *stream)
{
	unsigned int at = r->next, window = 1 + any(w, 60);
	unsigned int stop = at + window < n ? at + window : n;

	if (at && at == w->sent && !any(w, 3)) { /* keep-alive, with garbage or without */
		struct packet *p = packet_new(w, at - 1, any(w, 2), stream);

		p->bytes[0] ^= any(w, 2);
		send(w, p);
	}
	while (at <= stop) {
		unsigned int len = 1 + any(w, 30);
		struct packet *p;

		len = len < stop - at ? len : stop - at;
		p = packet_new(w, at, len, stream);
		p->fin = at + len == n;
		w->sent = at + len > w->sent ? at + len : w->sent;
		if (any(w, 100) < 80)
			send(w, p);
		else
			w->count--; /* lost before it came here */
		at += len;
		if (!len || at == n)
			break;
	}
}

/*
 * Loss before and after, reordering by it, other pieces each time, keep-alives,
 * a skip: all arrives, and nothing is taken for an attack.
 */
static void play_honest(struct world *w, uint64_t seed)
{
	struct receiver *r;
	uint8_t stream[ROOM];
	unsigned int n;

	begin(w, seed);
	r = &w->receivers[2 + seed % 2];
	random_stream(w, stream);
	n = any(w, ROOM + 1);
	w->options.held = any(w, 2) ? 100 : 16 * ROOM;
	if (any(w, 2)) {
		w->skip_at = any(w, n + 1);
		w->skip_to = w->skip_at + any(w, n - w->skip_at + 1);
		if (w->skip_at == 0)
			pass_over(w);
	}
	for (unsigned int round = 0; round < 60 && !r->ended && w->count < PACKETS - 80;
	     round++)
		send_round(w, r, n, stream);
	w->wrong |= !r->ended || r->next != n || memcmp(r->bytes, stream, n);
	w->wrong |= !w->finished;
	for (unsigned int i = 0; i < w->count; i++)
		w->wrong |= w->packets[i].fate == VP_FATE_BLOCK ||
			    w->packets[i].fate == VP_FATE_CONFLICT ||
			    w->packets[i].fate == VP_FATE_WINDOW;
	end(w);
}

static void test_honest(void **state)
{
	static struct world w;

	(void)state;
	for (uint64_t seed = 1; seed <= 10000; seed++) {
		play_honest(&w, seed);
		if (w.wrong)
			fail_msg("seed %llu", (unsigned long long)seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_version),
		cmocka_unit_test(test_property_can_fail),
		cmocka_unit_test(test_shuffled),
		cmocka_unit_test(test_honest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
