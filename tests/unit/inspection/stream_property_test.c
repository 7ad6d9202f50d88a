/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The property that inspection rests on (stream_world.h), and its other half: of
 * an honest connection on a bad network nothing is refused, and all arrives.
 *
 * Seeds are fixed. That the property can fail is a test of its own: with
 * receivers that are given what they should not have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/memory.h"
#include "tests/unit/inspection/stream_world.h"

static void test_one_version(void **state)
{
	static struct world w;
	unsigned int fates[VP_FATE_WINDOW + 1] = { 0 }, finished = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 20000; seed++) {
		world_play_hostile(&w, seed, (struct vp_slice){ 0 }, 0);
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
			world_play_hostile(&w, seed, (struct vp_slice){ 0 }, 1u << fates[i]);
			wrong += w.wrong;
		}
		printf("fate %d delivered all the same: noticed in %u of 1000\n", fates[i],
		       wrong);
		assert_true(wrong > 20);
	}
}

static void random_stream(struct world *w, uint8_t stream[static WORLD_ROOM])
{
	for (unsigned int i = 0; i < WORLD_ROOM; i++)
		stream[i] = (uint8_t)world_any(w, 256);
}

/* Cut, shuffled, overlapping, twice: the stream is read, and nothing is refused. */
static void play_shuffled(struct world *w, uint64_t seed, bool monitor)
{
	unsigned int n, order[WORLD_PACKETS];
	uint8_t stream[WORLD_ROOM];

	world_begin(w, seed, (struct vp_slice){ 0 });
	w->options.monitor = monitor;
	random_stream(w, stream);
	n = world_any(w, WORLD_ROOM + 1);
	for (unsigned int at = 0, len; at < n; at += len) {
		len = 1 + world_any(w, world_any(w, 2) ? 3 : 40);
		len = len < n - at ? len : n - at;
		world_packet(w, at, len, stream)->fin = at + len == n && world_any(w, 2);
	}
	world_packet(w, n, 0, stream)->fin = true;
	for (unsigned int more = world_any(w, 40); more; more--) {
		unsigned int at = world_any(w, n + 1), len = world_any(w, n - at + 1);

		world_packet(w, at, len, stream)->fin = at + len == n && world_any(w, 2);
	}
	for (unsigned int i = 0; i < w->count; i++) {
		unsigned int j = world_any(w, i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	for (unsigned int i = 0; i < w->count; i++) {
		world_send(w, &w->packets[order[i]]);
		w->wrong |= monitor && w->packets[order[i]].fate != VP_FATE_PASS;
	}
	w->wrong |= vp_stream_lost(w->stream) || vp_stream_waiting(w->stream);
	world_end(w);
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
static void send_round(struct world *w, const struct world_receiver *r, unsigned int n,
		       const uint8_t *stream)
{
	unsigned int at = r->next, window = 1 + world_any(w, 60);
	unsigned int stop = at + window < n ? at + window : n;

	if (at && at == w->sent &&
	    !world_any(w, 3)) { /* keep-alive, with garbage or without */
		struct world_packet *p = world_packet(w, at - 1, world_any(w, 2), stream);

		p->bytes[0] ^= world_any(w, 2);
		world_send(w, p);
	}
	while (at <= stop) {
		unsigned int len = 1 + world_any(w, 30);
		struct world_packet *p;

		len = len < stop - at ? len : stop - at;
		p = world_packet(w, at, len, stream);
		p->fin = at + len == n;
		w->sent = at + len > w->sent ? at + len : w->sent;
		if (world_any(w, 100) < 80)
			world_send(w, p);
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
	struct world_receiver *r;
	uint8_t stream[WORLD_ROOM];
	unsigned int n;

	world_begin(w, seed, (struct vp_slice){ 0 });
	r = &w->receivers[2 + seed % 2];
	random_stream(w, stream);
	n = w->skip_most = world_any(w, WORLD_ROOM + 1);
	w->options.held = world_any(w, 2) ? 100 : 16 * WORLD_ROOM;
	if (world_any(w, 2)) {
		w->skip_at = world_any(w, n + 1);
		w->skip_to = w->skip_at + world_any(w, n - w->skip_at + 1);
		if (w->skip_at == 0)
			world_skip(w);
	}
	for (unsigned int round = 0; round < 60 && !r->ended && w->count < WORLD_PACKETS - 80;
	     round++)
		send_round(w, r, n, stream);
	w->wrong |= !r->ended || r->next != n || memcmp(r->bytes, stream, n);
	w->wrong |= !w->finished;
	for (unsigned int i = 0; i < w->count; i++)
		w->wrong |= w->packets[i].fate == VP_FATE_BLOCK ||
			    w->packets[i].fate == VP_FATE_CONFLICT ||
			    w->packets[i].fate == VP_FATE_WINDOW;
	world_end(w);
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
