/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections that leave the engine for a while or for good: when, for how many
 * bytes, and that nothing can be got past the rules by it.
 */
#include <netinet/in.h>

#include "lib/memory.h"
#include "tests/unit/inspection/engine_world.h"

#define WINDOW 100000u
#define REACH  (WINDOW + 65536u) /* with the end of a segment that begins within it */
#define PIECE  50000u

static const char sections[] =
	"[service web]\nports = tcp/80\napplication = http\n"
	"[service raw]\nports = tcp/7000\n"
	"[service coded]\nports = tcp/443\napplication = tls\n"
	"[rule path]\nservice = web\nwhen = http.uri contains \"/attack\"\naction = drop\n"
	"[rule body]\nservice = web\nwhen = http.path equals \"/form\"\n"
	"when = http.request_body contains \"evil\"\naction = drop\n"
	"[rule head]\nservice = raw\nwhen = stream[0:4] equals \"EVIL\"\naction = drop\n"
	"[rule old]\nservice = coded\nwhen = tls.sni equals \"bad\"\naction = drop\n"
	"[sample a]\nrule = path\nexpect = blocked\nsend = \"GET /attack "
	"HTTP/1.0\\r\\n\\r\\n\"\n"
	"[sample b]\nservice = web\nexpect = passed\nsend = \"GET / HTTP/1.0\\r\\n\\r\\n\"\n"
	"[sample c]\nrule = body\nexpect = blocked\n"
	"send = \"POST /form HTTP/1.0\\r\\nContent-Length: 4\\r\\n\\r\\nevil\"\n"
	"[sample d]\nrule = head\nexpect = blocked\nsend = \"EVIL\"\n"
	"[sample e]\nservice = raw\nexpect = passed\nsend = \"good\"\n"
	"[sample f]\nrule = old\nexpect = blocked\nsend = \"x\"\n"
	"[sample g]\nservice = coded\nexpect = passed\nsend = \"x\"\n";

static char zeros[PIECE];

static struct vp_engine_options options_with(uint64_t window)
{
	struct vp_engine_options options = vp_engine_options_default;

	options.window = window;
	return options;
}

static void open_world(struct engine_world *w, uint64_t window)
{
	const struct vp_engine_options options = options_with(window);

	engine_open(w, sections, "enforce", "block", &options);
}

/* The head of an upload of so many bytes; its own length. */
static uint32_t upload(struct engine_world *w, const char *path, uint64_t length)
{
	char head[200];

	snprintf(head, sizeof(head),
		 "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %llu\r\n\r\n", path,
		 (unsigned long long)length);
	assert_fate(w, engine_next(w, head), PASS);
	return (uint32_t)strlen(head);
}

/* Bytes of a body, in pieces; how many were sent when the connection left, or all. */
static uint32_t send_body(struct engine_world *w, uint32_t count)
{
	unsigned int leaves = w->leaves;
	uint32_t done = 0;

	while (done < count && w->leaves == leaves) {
		uint32_t piece = count - done < PIECE ? count - done : PIECE;

		assert_fate(w, engine_segment(w, w->sent, 0, zeros, piece), PASS);
		w->sent += piece;
		done += piece;
	}
	return done;
}

/* All of them, whether it leaves or not. */
static void send_all(struct engine_world *w, uint32_t count)
{
	while (count)
		count -= send_body(w, count);
}

static void assert_attack_is_stopped(struct engine_world *w)
{
	assert_fate(w, engine_next(w, "GET /attack HTTP/1.1\r\nHost: a\r\n\r\n"), BLOCK);
	assert_int_equal(w->reasons[w->number], VP_REASON_RULE);
}

/* Away behind a window of unread bytes, for less than what is left of them; then an attack. */
static void test_upload(void **state)
{
	struct engine_world w;
	uint32_t sent;

	(void)state;
	open_world(&w, WINDOW);
	engine_begin(&w, 80);
	upload(&w, "/", 10000000);
	sent = send_body(&w, 10000000);
	assert_int_equal(w.leaves, 1);
	assert_in_range(sent, REACH + PIECE, REACH + 2 * PIECE);
	assert_int_equal(w.left.source_port, 40000);
	assert_int_equal(w.left.destination_port, 80);
	assert_int_equal(w.left.bytes, 8 << 20);
	assert_true(sent + 2 * REACH + w.left.bytes <= 10000000);
	w.sent += (uint32_t)w.left.bytes; /* those went by */
	send_all(&w, 10000000 - sent - (uint32_t)w.left.bytes);
	assert_int_equal(w.leaves, 2); /* then too few are left */
	assert_attack_is_stopped(&w);
	engine_close(&w);
}

/* The bytes behind those that go by are never more than a body has. */
static void test_quotas(void **state)
{
	struct engine_world w;

	(void)state;
	for (uint32_t length = 100000; length < 20000000; length = length * 5 / 4) {
		uint64_t at, reached = 0;

		open_world(&w, WINDOW);
		engine_begin(&w, 80);
		upload(&w, "/", length);
		at = w.sent;
		while (w.sent - at < length) {
			unsigned int leaves = w.leaves;

			send_body(&w, (uint32_t)(length - (w.sent - at)));
			if (w.leaves == leaves)
				break;
			/* what was seen, what may wait, what may go by, what may follow */
			if (w.sent - at > reached)
				reached = w.sent - at;
			reached += REACH + w.left.bytes;
			assert_true(reached + REACH <= length);
			if (length % 2) /* else all of it still comes here */
				w.sent += (uint32_t)(w.left.bytes - w.left.bytes / 30);
		}
		assert_int_equal(w.leaves > 0, length > 4 * REACH + VP_LEAVE_LEAST);
		assert_attack_is_stopped(&w);
		engine_close(&w);
	}
}

/* Before a window of bytes was seen, another head could still take the place of the first. */
static void test_not_before(void **state)
{
	static const char attack[] = "POST /attack HTTP/1.1\r\nHost: a\r\n\r\n";
	struct engine_world w;
	uint32_t head;

	(void)state;
	open_world(&w, WINDOW);
	engine_begin(&w, 80);
	upload(&w, "/", 10000000);
	head = w.sent;
	while (!w.leaves) {
		/* all the while, the other head is refused */
		assert_fate(&w, engine_segment(&w, 0, 0, attack, sizeof(attack) - 1), BLOCK);
		assert_int_equal(w.reasons[w.number], VP_REASON_CONFLICT);
		assert_true(w.sent - head < REACH + 2 * PIECE);
		engine_segment(&w, w.sent, 0, zeros, PIECE);
		w.sent += PIECE;
	}
	/* a segment began so far behind the head */
	assert_true(w.sent - PIECE - head >= REACH);
	assert_fate(&w, engine_segment(&w, 0, 0, attack, sizeof(attack) - 1), BLOCK);
	engine_close(&w);
}

/* What connection tracking lets pass proves nothing when it may have begun anew. */
static void test_unproven(void **state)
{
	static const char *const how[] = {
		"rst", "fin", "syn", "pause", "midstream", "remote"
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(how); i++) {
		struct engine_world w;

		open_world(&w, WINDOW);
		w.forwarded = i == 5;
		w.port = 80;
		if (i != 4)
			engine_begin(&w, 80);
		upload(&w, "/", 10000000);
		if (i < 2)
			engine_segment(&w, w.sent + PIECE, i ? FIN : RST, "", 0);
		if (i == 2) {
			w.isn += 0x40000000;
			engine_segment(&w, 0, SYN, "", 0);
			w.isn -= 0x40000000;
		}
		if (i == 3)
			w.now += 1000 * VP_ENGINE_GAP;
		send_body(&w, 10000000);
		if (w.leaves)
			fail_msg("%s", how[i]);
		engine_close(&w);
	}
}

/* Without a known window, and where a rule reads the body, all is read. */
static void test_stays(void **state)
{
	struct engine_world w;

	(void)state;
	open_world(&w, 0);
	engine_begin(&w, 80);
	upload(&w, "/", 10000000);
	send_body(&w, 10000000);
	assert_int_equal(w.leaves, 0);
	engine_close(&w);
	open_world(&w, WINDOW);
	engine_begin(&w, 80);
	upload(&w, "/form", 10000000); /* the only path with which a body matters */
	send_body(&w, 9999996);
	assert_int_equal(w.leaves, 0);
	assert_fate(&w, engine_next(&w, "evil"), BLOCK);
	engine_close(&w);
}

/* Sent while away and beyond the body: it can only come back here. */
static void test_beyond(void **state)
{
	static const char attack[] = "GET /attack HTTP/1.1\r\nHost: a\r\n\r\n";
	struct engine_world w;
	uint32_t head;
	uint64_t early;

	(void)state;
	open_world(&w, WINDOW);
	engine_begin(&w, 80);
	upload(&w, "/", 10000000);
	head = w.sent;
	send_body(&w, 10000000);
	assert_int_equal(w.leaves, 1);
	/* across the end, in the middle of the attack, and from the body into it */
	early = engine_segment(&w, head + 10000010, 0, attack + 10, sizeof(attack) - 11);
	assert_fate(&w, early, 0);
	assert_fate(&w, engine_segment(&w, head + 9999000, 0, zeros, 1000), PASS);
	assert_fate(&w, engine_segment(&w, head + 10000000, 0, attack, 10), PASS);
	assert_fate(&w, early, BLOCK);
	/* retransmissions of the body go on, of what was read they are compared */
	assert_fate(&w, engine_segment(&w, head + 5000, 0, "other bytes", 11), PASS);
	assert_fate(&w, engine_segment(&w, 0, 0, attack, sizeof(attack) - 1), BLOCK);
	engine_close(&w);
}

/* A FIN or RST amid the bytes that go by ends nothing that was not over. */
static void test_ends(void **state)
{
	struct engine_world w;
	uint32_t head;

	(void)state;
	open_world(&w, WINDOW);
	engine_begin(&w, 80);
	head = upload(&w, "/", 10000000);
	send_body(&w, 10000000);
	w.sent += 5000000;
	assert_fate(&w, engine_segment(&w, w.sent, FIN, zeros, 10), PASS);
	assert_fate(&w, engine_segment(&w, w.sent, RST, "", 0), PASS);
	vp_engine_tick(w.engine, w.now += 50000);
	send_body(&w, 10000000 + head - w.sent);
	assert_int_equal(w.leaves, 1);
	engine_close(&w);
}

/* The decoy of a FIN or RST must not have half a request forgotten. */
static void test_severed(void **state)
{
	struct engine_world w;

	(void)state;
	open_world(&w, WINDOW);
	for (unsigned int flags = FIN; flags <= RST; flags += RST - FIN) {
		engine_begin(&w, 80);
		assert_fate(&w, engine_next(&w, "GET /att"), PASS);
		engine_segment(&w, w.sent + (flags == FIN ? 5 : 0), flags, "", 0);
		vp_engine_tick(w.engine, w.now += 70000);
		assert_int_not_equal(
			w.decided[engine_next(&w, "ack HTTP/1.1\r\nHost: a\r\n\r\n")], PASS);
		engine_segment(&w, 0, SYN, "", 0); /* a new one may be where the old was */
	}
	w.isn += 100000;
	w.sent = 0;
	engine_segment(&w, 0, SYN, "", 0);
	assert_fate(&w, engine_next(&w, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), PASS);
	engine_close(&w);
}

/* What was read stays so when the connection is over, or cannot be read any more. */
static void test_after_the_end(void **state)
{
	struct engine_world w;

	(void)state;
	open_world(&w, 0);
	engine_begin(&w, 80);
	engine_next(&w, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	engine_segment(&w, w.sent, FIN, "", 0);
	assert_fate(&w, engine_segment(&w, 0, 0, "GET /attack HTTP/1.1\r\n\r\n", 24), BLOCK);
	assert_fate(&w, engine_segment(&w, 0, 0, "GET / HTTP/1.1\r\n", 16), PASS);
	engine_begin(&w, 7000);
	assert_fate(&w, engine_next(&w, "all is good"), PASS);
	assert_fate(&w, engine_segment(&w, 0, 0, "EVIL", 4), BLOCK);
	assert_fate(&w, engine_next(&w, "not read any more"), PASS);
	engine_close(&w);
}

/* Nothing is to be read any more: away for good, until another connection begins. */
static void test_for_good(void **state)
{
	struct engine_world w;
	uint32_t sent;

	(void)state;
	open_world(&w, WINDOW);
	engine_begin(&w, 7000);
	assert_fate(&w, engine_next(&w, "good"), PASS);
	sent = send_body(&w, 10000000);
	assert_int_equal(w.leaves, 1);
	assert_int_equal(w.left.bytes, UINT64_MAX);
	assert_in_range(sent, REACH + PIECE, REACH + 2 * PIECE);
	w.sent += 0x60000000; /* went by */
	assert_fate(&w, engine_next(&w, "back again"), PASS);
	assert_int_equal(w.leaves, 1);
	w.now += 3600000;
	assert_fate(&w, engine_next(&w, "after an hour"), PASS);
	assert_int_equal(w.leaves, 2);
	assert_fate(&w, engine_segment(&w, w.sent, FIN, "", 0), PASS);
	w.isn += 12345;
	engine_segment(&w, 0, SYN, "", 0);
	assert_fate(&w, engine_segment(&w, 0, 0, "EVIL", 4), BLOCK);
	engine_close(&w);
}

/*
 * Another connection's second segment before its first, both within what is unread of
 * the old one: not to go on as bytes of that.
 */
static void test_another_within(void **state)
{
	static const char attack[] = "GET /attack HTTP/1.1\r\nHost: a\r\n\r\n";
	struct engine_world w;

	(void)state;
	for (int early = 0; early < 2; early++) {
		open_world(&w, 0);
		engine_begin(&w, 80);
		upload(&w, "/", 1000000000);
		send_body(&w, 1000000);
		w.isn += 500000000;
		engine_segment(&w, 0, SYN, "", 0);
		if (early)
			assert_fate(
				&w,
				engine_segment(&w, 10, 0, attack + 10, sizeof(attack) - 11),
				BLOCK);
		assert_fate(&w, engine_segment(&w, 0, 0, attack, 10), PASS);
		assert_fate(&w, engine_segment(&w, 10, 0, attack + 10, sizeof(attack) - 11),
			    BLOCK);
		engine_close(&w);
	}
	/* one that begins where the server may be: it may go on with the old one */
	open_world(&w, WINDOW);
	engine_begin(&w, 80);
	upload(&w, "/", 1000000);
	send_body(&w, 100000);
	w.isn += w.sent;
	engine_segment(&w, 0, SYN, "", 0);
	assert_fate(&w,
		    engine_segment(&w, 0, 0,
				   "POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", 46),
		    BLOCK);
	assert_int_equal(w.reasons[w.number], VP_REASON_CONFLICT);
	engine_close(&w);
}

/* Within a body that nobody reads, a connection goes over to newer scopes. */
static void test_generation(void **state)
{
	const struct vp_engine_options options = options_with(WINDOW);
	static struct engine_world w, other;

	(void)state;
	open_world(&w, WINDOW);
	engine_open(&other,
		    "[service web]\nports = tcp/80\napplication = http\n"
		    "[rule path]\nservice = web\nwhen = http.uri contains \"/new\"\n"
		    "action = drop\n"
		    "[sample a]\nrule = path\nexpect = blocked\nsend = \"GET /new "
		    "HTTP/1.0\\r\\n\\r\\n\"\n"
		    "[sample b]\nservice = web\nexpect = passed\nsend = \"GET / "
		    "HTTP/1.0\\r\\n\\r\\n\"\n",
		    "enforce", "block", &options);
	engine_begin(&w, 80);
	upload(&w, "/", 1000000);
	send_body(&w, 100000);
	vp_engine_scopes(w.engine, other.scopes);
	assert_int_equal(vp_scope(w.scopes, 0)->holders, 2);
	send_body(&w, 100000);
	assert_int_equal(vp_scope(w.scopes, 0)->holders, 1);
	send_all(&w, 800000);
	assert_fate(&w, engine_next(&w, "GET /new HTTP/1.1\r\nHost: a\r\n\r\n"), BLOCK);
	vp_engine_scopes(w.engine, w.scopes);
	engine_close(&w);
	engine_close(&other);
}

/* A connection that is away is the last to be forgotten. */
static void test_forgotten_last(void **state)
{
	struct vp_engine_options options = options_with(WINDOW);
	static struct engine_world w;
	struct engine_world away;
	uint32_t head;

	(void)state;
	options.flows = 8;
	engine_open(&w, sections, "enforce", "block", &options);
	engine_begin(&w, 80);
	head = upload(&w, "/", 10000000);
	send_body(&w, 10000000);
	assert_int_equal(w.leaves, 1);
	away = w;
	for (int i = 0; i < 50; i++) {
		engine_begin(&w, 80);
		engine_next(&w, "GET / HTTP/1.1\r\n");
	}
	w.isn = away.isn;
	w.client = away.client;
	w.sent = away.sent + (uint32_t)away.left.bytes;
	send_all(&w, 10000000 + head - w.sent);
	assert_attack_is_stopped(&w);
	engine_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_upload),	       cmocka_unit_test(test_quotas),
		cmocka_unit_test(test_not_before),     cmocka_unit_test(test_unproven),
		cmocka_unit_test(test_stays),	       cmocka_unit_test(test_beyond),
		cmocka_unit_test(test_ends),	       cmocka_unit_test(test_severed),
		cmocka_unit_test(test_after_the_end),  cmocka_unit_test(test_for_good),
		cmocka_unit_test(test_another_within), cmocka_unit_test(test_generation),
		cmocka_unit_test(test_forgotten_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
