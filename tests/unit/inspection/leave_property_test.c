/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The property that leaving rests on: whatever a client sends in whatever order, with
 * which bytes in which place, and whichever segments the server refuses behind our back,
 * the server's application reads nothing that a rule would have stopped.
 *
 * Around the engine are the kernel's parts: connection tracking, which lets no segment pass
 * that begins beyond what the server has offered; packets that go by while an element
 * lasts; a queue before the engine; the server. Seeds are fixed. That the property can
 * fail is a test of its own: with an engine that is told of a smaller window.
 */
#include <netinet/in.h>

#include "lib/cleanup.h"
#include "lib/memory.h"
#include "tests/unit/inspection/engine_world.h"

#define ROOM	(3u << 20) /* positions of the stream */
#define WINDOW	200000u
#define LONGEST 60000u
#define QUEUED	32u
#define HEADERS 40u

static const char sections[] =
	"[service web]\nports = tcp/80\napplication = http\n"
	"[rule path]\nservice = web\nwhen = http.uri contains \"/attack\"\naction = drop\n"
	"[sample a]\nrule = path\nexpect = blocked\nsend = \"GET /attack "
	"HTTP/1.0\\r\\n\\r\\n\"\n"
	"[sample b]\nservice = web\nexpect = passed\nsend = \"GET / HTTP/1.0\\r\\n\\r\\n\"\n";

static const char attack[] = "GET /attack HTTP/1.1\r\nHost: a\r\n\r\n";

struct sent {
	uint32_t at, len;
	unsigned int version;
	bool refused; /* by the server, without a word */
};

struct scene {
	uint64_t random;
	struct engine_world w;
	uint8_t *versions[2]; /* of the stream: what a byte may be */
	uint32_t head, end;   /* of the head, of the body */
	/* the server */
	uint8_t *bytes;
	bool *there;
	uint32_t next; /* what its application has read */
	/* connection tracking */
	uint32_t most;
	/* an element */
	bool away;
	uint64_t quota, used;
	/* the queue */
	struct sent queue[QUEUED];
	unsigned int queued;
	uint64_t by;  /* bytes that went by */
	bool careful; /* the client: it wastes no bytes */
};

static uint32_t any(struct scene *s, uint32_t below)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return below ? (uint32_t)(s->random >> 32) % below : 0;
}

static void receive(struct scene *s, const struct sent *p)
{
	if (p->refused || p->at > s->next + WINDOW)
		return;
	for (uint32_t i = p->at; i < p->at + p->len; i++) {
		if (i < s->next || s->there[i])
			continue;
		s->there[i] = true;
		s->bytes[i] = s->versions[p->version][i];
	}
	while (s->next < ROOM && s->there[s->next])
		s->next++;
	if (s->next + WINDOW > s->most)
		s->most = s->next + WINDOW;
}

/* The oldest packet of the queue to the engine. */
static void judge(struct scene *s)
{
	struct sent p = s->queue[0];
	unsigned int leaves = s->w.leaves;
	uint64_t number;

	s->queued--;
	memmove(s->queue, s->queue + 1, s->queued * sizeof(p));
	number = engine_segment(&s->w, p.at, 0, (char *)s->versions[p.version] + p.at, p.len);
	if (s->w.decided[number] == PASS)
		receive(s, &p);
	if (s->w.leaves == leaves)
		return;
	s->away = true;
	s->quota = s->w.left.bytes;
	s->used = HEADERS;
}

static void transmit(struct scene *s, const struct sent *p)
{
	if (p->at > s->most)
		return;
	if (s->away) {
		s->used += p->len + HEADERS;
		s->away = s->used <= s->quota;
	}
	if (s->away) {
		s->by += p->len;
		receive(s, p);
		return;
	}
	if (s->queued == QUEUED)
		judge(s);
	s->queue[s->queued++] = *p;
}

/*
 * A request with a body and then an attack; or other bytes in their place. The second
 * version begins with the attack.
 */
static void write_versions(struct scene *s)
{
	int len;

	for (int v = 0; v < 2; v++) {
		s->versions[v] = vp_alloc(1, ROOM + 1);
		for (size_t i = 0; i + sizeof(attack) < ROOM; i += sizeof(attack) - 1)
			memcpy(s->versions[v] + i, attack, sizeof(attack) - 1);
	}
	s->end = 400000 + any(s, ROOM - 400000 - 100000);
	len = snprintf((char *)s->versions[0], 100,
		       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %07u\r\n\r\n",
		       s->end - 53);
	s->head = (uint32_t)len;
	assert_int_equal(len, 53);
	memset(s->versions[0] + len, 'a', s->end - s->head);
	memcpy(s->versions[0] + s->end, attack, sizeof(attack) - 1);
}

/* Mostly on and on; near the server's window, from the beginning, around the body's end. */
static struct sent choose(struct scene *s, uint32_t furthest, unsigned int refuses)
{
	struct sent p = { .at = furthest, .len = 1 + any(s, any(s, 3) ? LONGEST : 200) };

	/* with holes or without; what is under way is not sent again */
	if (s->careful)
		p.at = s->there[s->next] || furthest > s->next + WINDOW / 2 ? s->next
									    : furthest;
	switch (any(s, s->careful ? 60 : 12)) {
	case 0:
		p.at = s->next;
		break;
	case 1:
		p.at = s->next + any(s, WINDOW + 1);
		break;
	case 2:
		p.at = s->most;
		break;
	case 3:
		p.at = any(s, 2) ? 0 : any(s, s->head);
		p.version = any(s, 2);
		break;
	case 4:
		p.at = s->end - any(s, 100);
		break;
	default:
		break;
	}
	if (s->most >= s->end && s->away && !any(s, 4)) /* at the last moment */
		p.at = s->end - any(s, 20);
	if (!any(s, 4))
		p.version = any(s, 2);
	p.refused = p.at < s->head ? any(s, 100) < refuses : !s->careful && !any(s, 40);
	if (p.at > ROOM - LONGEST)
		p.at = ROOM - LONGEST;
	return p;
}

/* What the application read, by an engine that sees it all in order. */
static bool is_attacked(const struct scene *s)
{
	static struct engine_world w;
	bool blocked = false;

	engine_open(&w, sections, "enforce", "block", NULL);
	engine_begin(&w, 80);
	for (uint32_t at = 0; at < s->next && !blocked; at += LONGEST) {
		uint32_t len = s->next - at < LONGEST ? s->next - at : LONGEST;

		blocked = w.decided[engine_segment(&w, at, 0, (char *)s->bytes + at, len)] ==
			  BLOCK;
	}
	engine_close(&w);
	return blocked;
}

/* True: the property held. Then *by is what went by. */
static bool play(uint64_t seed, uint64_t window, uint64_t *by)
{
	static struct scene s;
	struct vp_engine_options options = vp_engine_options_default;
	unsigned int refuses;
	uint32_t furthest = 0;
	bool held;

	memset(&s, 0, sizeof(s));
	s.random = seed * UINT64_C(0x9e3779b97f4a7c15);
	options.window = window;
	engine_open(&s.w, sections, "enforce", "block", &options);
	engine_begin(&s.w, 80);
	write_versions(&s);
	s.bytes = vp_alloc(1, ROOM + 1);
	s.there = vp_alloc(1, ROOM + 1);
	s.most = WINDOW;
	s.careful = any(&s, 2);
	refuses = any(&s, 2) ? 100 : any(&s, 100); /* of the head, for a while */
	for (int i = 0; i < 400 && s.next < s.end + 100; i++) {
		struct sent p = choose(&s, furthest, i < 300 && s.by == 0 ? refuses : 0);

		transmit(&s, &p);
		if (p.at <= s.most && p.at + p.len > furthest)
			furthest = p.at + p.len;
		while (s.queued && any(&s, 3))
			judge(&s);
	}
	while (s.queued)
		judge(&s);
	held = !is_attacked(&s);
	*by += s.by;
	engine_close(&s.w);
	free(s.versions[0]);
	free(s.versions[1]);
	free(s.bytes);
	free(s.there);
	return held;
}

static void test_nothing_is_delivered(void **state)
{
	uint64_t by = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 120; seed++)
		if (!play(seed, WINDOW, &by))
			fail_msg("seed %llu", (unsigned long long)seed);
	printf("%llu MiB went by unread\n", (unsigned long long)(by >> 20));
	assert_true(by > UINT64_C(20) << 20);
}

static void test_property_can_fail(void **state)
{
	unsigned int failed = 0;
	uint64_t by = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 120; seed++)
		failed += !play(seed, 1, &by);
	printf("told of a smaller window: %u of 120\n", failed);
	assert_true(failed > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_delivered),
		cmocka_unit_test(test_property_can_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
