/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine: packets in, decisions out; what is decided of connections in every disorder. */
#include <netinet/in.h>

#include "tests/unit/inspection/engine_world.h"

static const char sections[] =
	"[service raw]\nports = tcp/7000\n"
	"[service web]\nports = tcp/80\napplication = http\n"
	"[service names]\nports = udp/7001\n"
	"[rule evil]\nservice = raw\nwhen = stream[0:] contains \"evil\"\naction = reset\n"
	"[rule path]\nservice = web\nwhen = http.uri contains \"/attack\"\naction = drop\n"
	"[rule few]\nservice = web\nwhen = http.uri equals \"/login\"\n"
	"action = limit 1/minute burst 3 per source\n"
	"[rule byte]\nservice = web\nwhen = stream[0:4] equals \"EVIL\"\naction = drop\n"
	"[rule name]\nservice = names\nwhen = datagram[0:] matches /b(a|o)d/\naction = drop\n"
	"[sample a]\nrule = evil\nexpect = blocked\nsend = \"evil\"\n"
	"[sample b]\nservice = raw\nexpect = passed\nsend = \"good\"\n"
	"[sample c]\nrule = path\nexpect = blocked\nsend = \"GET /attack "
	"HTTP/1.0\\r\\n\\r\\n\"\n"
	"[sample h]\nrule = byte\nexpect = blocked\nsend = \"EVIL\"\n"
	"[sample d]\nservice = web\nexpect = passed\nsend = \"GET / HTTP/1.0\\r\\n\\r\\n\"\n"
	"[sample e]\nrule = few\nexpect = limited after 3\nrepeat = 5\n"
	"send = \"GET /login HTTP/1.0\\r\\n\\r\\n\"\n"
	"[sample f]\nrule = name\nexpect = blocked\nsend = \"a bad name\"\n"
	"[sample g]\nservice = names\nexpect = passed\nsend = \"a name\"\n";

static void test_whole(void **state)
{
	struct engine_world w;

	(void)state;
	engine_open(&w, sections, "enforce", "pass", NULL);
	engine_begin(&w, 7000);
	assert_fate(&w, w.number, PASS);
	assert_fate(&w, engine_next(&w, "all is good"), PASS);
	assert_int_equal(w.hits, 0);
	assert_fate(&w, engine_next(&w, "then evil"), BLOCK);
	assert_int_equal(w.hits, 1);
	assert_int_equal(w.last.verdict, VP_VERDICT_RESET);
	assert_fate(&w, engine_next(&w, "more"), BLOCK);
	assert_int_equal(w.hits, 1);
	engine_begin(&w, 80);
	assert_fate(&w, engine_next(&w, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), PASS);
	assert_fate(&w, engine_next(&w, "GET /attack HTTP/1.1\r\nHost: a\r\n\r\n"), BLOCK);
	engine_begin(&w, 80); /* the same port, read as raw bytes too */
	assert_fate(&w, engine_next(&w, "EV"), PASS);
	assert_fate(&w, engine_next(&w, "IL"), BLOCK);
	engine_begin(&w, 9999); /* nobody's */
	assert_fate(&w, engine_next(&w, "evil"), PASS);
	engine_close(&w);
}

/* Cut anywhere, in both orders, then sent again: the end never passes. */
static void test_cut_anywhere(void **state)
{
	static const char attack[] = "GET /some/attack HTTP/1.1\r\nHost: a\r\n\r\n";
	const size_t len = sizeof(attack) - 1;
	struct engine_world w;

	(void)state;
	engine_open(&w, sections, "enforce", "pass", NULL);
	for (uint32_t cut = 1; cut < len; cut++) {
		uint64_t first, second;
		bool reversed = cut % 2;

		engine_begin(&w, 80);
		if (reversed)
			second = engine_segment(&w, cut, 0, attack + cut, len - cut);
		if (reversed)
			assert_fate(&w, second, 0);
		first = engine_segment(&w, 0, 0, attack, cut);
		if (!reversed)
			second = engine_segment(&w, cut, 0, attack + cut, len - cut);
		assert_true(w.decided[first] == BLOCK || w.decided[second] == BLOCK);
		assert_fate(&w, second, BLOCK);
		assert_fate(&w, engine_segment(&w, cut, 0, attack + cut, len - cut), BLOCK);
		assert_fate(&w, engine_segment(&w, 0, 0, attack, len), BLOCK);
	}
	engine_close(&w);
}

/* What the connection before left half read is nothing to the next, which has its unit. */
static void test_one_after_another(void **state)
{
	struct engine_world w;

	(void)state;
	engine_open(&w, sections, "enforce", "pass", NULL);
	for (int i = 0; i < 3; i++) {
		engine_begin(&w, 7000);
		assert_fate(&w, engine_segment(&w, 0, FIN, "ev", 2), PASS);
		engine_begin(&w, 7000);
		assert_fate(&w, engine_segment(&w, 0, FIN, "il", 2), PASS);
		engine_begin(&w, 7000);
		assert_fate(&w, engine_segment(&w, 0, FIN, "evil", 4), BLOCK);
		engine_begin(&w, 80);
		assert_fate(&w, engine_segment(&w, 0, FIN, "EV", 2), PASS);
		engine_begin(&w, 80);
		assert_fate(&w, engine_next(&w, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), PASS);
	}
	assert_int_equal(w.hits, 3);
	engine_close(&w);
}

static void test_conflict(void **state)
{
	struct engine_world w;

	(void)state;
	engine_open(&w, sections, "enforce", "pass", NULL);
	engine_begin(&w, 7000);
	assert_fate(&w, engine_segment(&w, 0, 0, "good", 4), PASS);
	assert_fate(&w, engine_segment(&w, 0, 0, "good", 4), PASS);
	assert_fate(&w, engine_segment(&w, 0, 0, "evil", 4), BLOCK);
	assert_int_equal(w.reasons[w.number], VP_REASON_CONFLICT);
	assert_int_equal(w.last.reason, VP_REASON_CONFLICT);
	assert_fate(&w, engine_segment(&w, 4, URG, "!", 1), REPLACE);
	/* an empty segment can make a byte urgent that comes with another */
	assert_fate(&w, engine_segment(&w, 5, URG, "", 0), REPLACE);
	assert_fate(&w, engine_segment(&w, 4, 0, "?", 1),
		    REPLACE); /* a keep-alive's garbage */
	assert_int_equal(w.lengths[w.number], 40);
	engine_close(&w);
}

/* Rules that only watch change nothing, and count everything. */
static void test_monitor(void **state)
{
	struct engine_world w;

	(void)state;
	engine_open(&w, sections, "monitor", "block", NULL);
	engine_begin(&w, 7000);
	assert_fate(&w, engine_segment(&w, 4, 0, "evil", 4), PASS);
	assert_int_equal(w.monitor_hits, 0);
	assert_fate(&w, engine_segment(&w, 0, 0, "ugly", 4), PASS);
	assert_int_equal(w.monitor_hits, 1);
	assert_int_equal(w.last.verdict, VP_VERDICT_RESET);
	assert_fate(&w, engine_segment(&w, 0, 0, "nice", 4), PASS);
	assert_int_equal(w.monitor_hits, 2);
	assert_fate(&w, engine_segment(&w, 8, URG, "more", 4), PASS);
	assert_int_equal(w.hits, 0);
	engine_close(&w);
}

static void test_limit(void **state)
{
	struct engine_world w;

	(void)state;
	engine_open(&w, sections, "enforce", "pass", NULL);
	engine_begin(&w, 80);
	for (int i = 0; i < 5; i++)
		assert_fate(&w, engine_next(&w, "GET /login HTTP/1.1\r\nHost: a\r\n\r\n"),
			    i < 3 ? PASS : BLOCK);
	engine_begin(&w, 80); /* another source */
	assert_fate(&w, engine_next(&w, "GET /login HTTP/1.1\r\nHost: a\r\n\r\n"), PASS);
	engine_close(&w);
}

static void test_datagram(void **state)
{
	uint8_t udp[32] = { 0x9c, 0x40, 0x1b, 0x59 };
	struct engine_world w;

	(void)state;
	engine_open(&w, sections, "enforce", "pass", NULL);
	udp[5] = 8 + 6;
	memcpy(udp + 8, "a bode", 6);
	assert_fate(&w, engine_give(&w, false, IPPROTO_UDP, udp, 14), BLOCK);
	memcpy(udp + 8, "a name", 6);
	assert_fate(&w, engine_give(&w, false, IPPROTO_UDP, udp, 14), PASS);
	engine_close(&w);
}

/* What comes to this host from the port of one of its services is no answer of that. */
static void test_inward(void **state)
{
	static const char answers[] =
		"[service names]\nports = udp/7001\n"
		"[rule leak]\nservice = names\ndirection = to-client\n"
		"when = datagram[0:] contains \"leak\"\naction = drop\n"
		"[sample a]\nrule = leak\nexpect = blocked\nsend = \"a\"\nreceive = \"leak\"\n"
		"[sample b]\nservice = names\nexpect = passed\nsend = \"a\"\n";
	uint8_t udp[32] = { 0x1b, 0x59, 0x9c, 0x40 };
	struct engine_world w;

	(void)state;
	engine_open(&w, answers, "enforce", "pass", NULL);
	udp[5] = 8 + 4;
	memcpy(udp + 8, "leak", 4);
	w.inward = true;
	assert_fate(&w, engine_give(&w, false, IPPROTO_UDP, udp, 12), PASS);
	w.inward = false;
	assert_fate(&w, engine_give(&w, true, IPPROTO_UDP, udp, 12), BLOCK);
	engine_close(&w);
}

/* A service is found by the port that was translated, and only by that of its own side. */
static void test_published(void **state)
{
	uint8_t udp[32] = { 0x9c, 0x40, 0x22, 0xb8 };
	struct engine_world w;

	(void)state;
	engine_open(&w, sections, "enforce", "pass", NULL);
	for (int forwarded = 0; forwarded < 2; forwarded++) {
		w.forwarded = forwarded;
		w.published = 7000;
		engine_begin(&w, 8888);
		assert_fate(&w, engine_next(&w, "all is good"), PASS);
		assert_fate(&w, engine_answer(&w, 1, 0, "evil", 4), PASS);
		w.published = 0; /* known by now */
		assert_fate(&w, engine_next(&w, "then evil"), BLOCK);
		assert_int_equal(w.last.destination_port, 8888);
		w.published = 7002; /* nobody's either */
		engine_begin(&w, 8888);
		assert_fate(&w, engine_next(&w, "evil"), PASS);
		w.published = 7001;
		udp[5] = 8 + 6;
		memcpy(udp + 8, "a bode", 6);
		assert_fate(&w, engine_give(&w, false, IPPROTO_UDP, udp, 14), BLOCK);
		assert_fate(&w, engine_give(&w, true, IPPROTO_UDP, udp, 14), PASS);
	}
	w.forwarded = false;
	w.published = 7000;
	engine_begin(&w, 80); /* rules of the port that packets have come first */
	assert_fate(&w, engine_next(&w, "GET /attack HTTP/1.1\r\nHost: a\r\n\r\n"), BLOCK);
	engine_close(&w);
}

/* A SYN in the middle of a connection takes nothing away from what was read. */
static void test_decoys(void **state)
{
	struct engine_world w;

	(void)state;
	engine_open(&w, sections, "enforce", "pass", NULL);
	engine_begin(&w, 7000);
	assert_fate(&w, engine_next(&w, "ev"), PASS);
	engine_segment(&w, 2, RST, "", 0);
	w.isn += 2; /* a new connection that would begin where the old one goes on */
	engine_segment(&w, 0, SYN, "", 0);
	assert_fate(&w, engine_segment(&w, 0, 0, "il", 2), BLOCK);
	/* one that begins elsewhere takes the place, and then the old one is no more */
	w.isn += 100000;
	engine_segment(&w, 0, SYN, "", 0);
	assert_fate(&w, engine_segment(&w, 0, 0, "all is good", 11), PASS);
	w.isn -= 100000;
	assert_int_not_equal(w.decided[engine_segment(&w, 0, 0, "il", 2)], PASS);
	engine_close(&w);
}

/* What waits for too long is decided by the failure verdict. */
static void test_hold(void **state)
{
	struct engine_world w;
	uint64_t late;

	(void)state;
	engine_open(&w, sections, "enforce", "block", NULL);
	engine_begin(&w, 7000);
	late = engine_segment(&w, 10, 0, "late", 4);
	assert_fate(&w, late, 0);
	vp_engine_tick(w.engine, w.now += 5000);
	assert_fate(&w, late, BLOCK);
	assert_int_equal(w.reasons[late], VP_REASON_BOUND);
	engine_close(&w);
	engine_open(&w, sections, "enforce", "pass", NULL);
	engine_begin(&w, 7000);
	late = engine_segment(&w, 10, 0, "late", 4);
	vp_engine_tick(w.engine, w.now += 5000);
	assert_fate(&w, late, PASS);
	assert_int_equal(w.last.reason, VP_REASON_BOUND);
	assert_int_equal(w.last.verdict, VP_VERDICT_PASS);
	assert_fate(&w, engine_segment(&w, 0, 0, "given up", 8), PASS);
	engine_close(&w);
}

#define PIECE 60000u

/* A body whose beginning the receiver asks for again when all of a window was read. */
static void send_body(struct engine_world *w, char *piece, enum vp_decision_kind first,
		      enum vp_decision_kind other)
{
	static const char head[] = "POST / HTTP/1.1\r\nHost: a\r\n"
				   "Content-Length: 9000000\r\n\r\n";
	uint32_t begin = sizeof(head) - 1;

	engine_begin(w, 80);
	assert_fate(w, engine_next(w, head), PASS);
	for (uint32_t i = 0; i < 100; i++) {
		memset(piece, 'a' + (int)(i % 26), PIECE);
		assert_fate(w, engine_segment(w, begin + i * PIECE, 0, piece, PIECE), PASS);
	}
	memset(piece, 'a', PIECE);
	assert_fate(w, engine_segment(w, begin, 0, piece, PIECE), first + 1);
	piece[PIECE / 2] = 'x';
	assert_fate(w, engine_segment(w, begin, 0, piece, PIECE), other + 1);
}

static void test_window(void **state)
{
	static const char body[] =
		"[service web]\nports = tcp/80\napplication = http\n"
		"[rule evil]\nservice = web\nwhen = http.request_body contains \"evil\"\n"
		"action = drop\n"
		"[sample a]\nrule = evil\nexpect = blocked\nsend = \"POST / "
		"HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 4\\r\\n\\r\\nevil\"\n"
		"[sample b]\nservice = web\nexpect = passed\n"
		"send = \"GET / HTTP/1.0\\r\\n\\r\\n\"\n";
	struct vp_engine_options options = vp_engine_options_default;
	char *piece = vp_alloc(1, PIECE);
	struct engine_world w;

	(void)state;
	engine_open(&w, body, "enforce", "block", NULL);
	send_body(&w, piece, VP_DECISION_PASS, VP_DECISION_BLOCK);
	assert_int_equal(w.last.reason, VP_REASON_CONFLICT);
	engine_close(&w);
	options.memory = 4u << 20; /* then it is no longer known */
	engine_open(&w, body, "enforce", "block", &options);
	send_body(&w, piece, VP_DECISION_REPLACE, VP_DECISION_REPLACE);
	engine_close(&w);
	free(piece);
}

/* Many small requests fill what is kept; making room for more copies it, and is seldom done.
 */
static void test_kept_grows_in_steps(void **state)
{
	static const char request[] = "GET /%01000u HTTP/1.1\r\nHost: a\r\n\r\n";
	size_t before = 0, now, steps = 0;
	char text[1100];
	struct engine_world w;

	(void)state;
	engine_open(&w, sections, "enforce", "pass", NULL);
	engine_begin(&w, 80);
	for (unsigned int i = 0; i < 1500; i++) {
		snprintf(text, sizeof(text), request, i);
		assert_fate(&w, engine_next(&w, text), PASS);
		now = vp_engine_counts(w.engine).memory_now;
		steps += now > before;
		before = now;
	}
	assert_true(before > 1 << 20); /* 1.5 MB came within two seconds */
	assert_true(steps < 30);
	engine_close(&w);
}

/* Asleep between messages a connection costs little, and wakes as if nothing was. */
static void test_sleep(void **state)
{
	struct engine_world w;
	size_t awake, asleep;

	(void)state;
	engine_open(&w, sections, "enforce", "pass", NULL);
	engine_begin(&w, 80);
	assert_fate(&w, engine_next(&w, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), PASS);
	awake = vp_engine_counts(w.engine).memory_now;
	vp_engine_tick(w.engine, w.now += 60000);
	asleep = vp_engine_counts(w.engine).memory_now;
	assert_true(asleep < awake && asleep < 1024);
	assert_fate(&w, engine_next(&w, "GET /attack HTTP/1.1\r\nHost: a\r\n\r\n"), BLOCK);
	engine_begin(&w, 80); /* not in the middle of one */
	assert_fate(&w, engine_next(&w, "GET /att"), PASS);
	vp_engine_tick(w.engine, w.now += 60000);
	assert_fate(&w, engine_next(&w, "ack HTTP/1.1\r\nHost: a\r\n\r\n"), BLOCK);
	engine_close(&w);
}

/* Its beginning was not seen: reset, or read from the first message that can be found. */
static void test_midstream(void **state)
{
	struct vp_engine_options options = vp_engine_options_default;
	struct engine_world w;
	uint64_t number;

	(void)state;
	engine_open(&w, sections, "enforce", "block", &options);
	w.port = 80;
	assert_fate(&w, engine_next(&w, "the end of something\r\n"), PASS);
	assert_int_equal(w.hits, 1);
	assert_int_equal(w.last.reason, VP_REASON_MIDSTREAM);
	assert_int_equal(w.last.verdict, VP_VERDICT_PASS);
	assert_fate(&w, engine_next(&w, "\x80 more of it"), PASS);
	assert_fate(&w, engine_next(&w, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), PASS);
	assert_fate(&w, engine_next(&w, "GET /attack HTTP/1.1\r\nHost: a\r\n\r\n"), BLOCK);
	assert_int_equal(w.last.reason, VP_REASON_RULE);
	assert_int_equal(w.hits, 2);
	engine_close(&w);
	options.midstream_block = true;
	engine_open(&w, sections, "enforce", "block", &options);
	w.port = 80;
	number = engine_next(&w, "the end of something\r\n");
	assert_fate(&w, number, BLOCK);
	assert_int_equal(w.reasons[number], VP_REASON_MIDSTREAM);
	assert_int_equal(w.last.reason, VP_REASON_MIDSTREAM);
	assert_int_equal(w.last.verdict, VP_VERDICT_RESET);
	assert_fate(&w, engine_next(&w, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), BLOCK);
	assert_fate(&w, engine_answer(&w, 0, 0, "an answer", 9), BLOCK);
	assert_int_equal(w.hits, 1);
	engine_begin(&w, 80); /* one whose beginning is seen */
	assert_fate(&w, engine_next(&w, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), PASS);
	engine_close(&w);
	engine_open(&w, sections, "monitor", "block", &options);
	w.port = 80;
	assert_fate(&w, engine_next(&w, "the end of something\r\n"), PASS);
	assert_int_equal(w.monitor_hits, 1);
	assert_int_equal(w.hits, 0);
	engine_close(&w);
}

/* New scopes judge new connections at once, old ones from their next message on. */
static void test_generations(void **state)
{
	struct engine_world w, other;

	(void)state;
	engine_open(&w, sections, "monitor", "pass", NULL);
	engine_open(&other, sections, "enforce", "pass", NULL);
	engine_begin(&w, 80);
	assert_fate(&w, engine_next(&w, "GET /attack HTTP/1.1\r\n"), PASS);
	vp_engine_scopes(w.engine, other.scopes);
	assert_int_equal(vp_scope(w.scopes, 0)->holders, 2);
	assert_fate(&w, engine_next(&w, "Host: a\r\n\r\n"), PASS);
	assert_int_equal(vp_scope(w.scopes, 0)->holders, 1);
	assert_fate(&w, engine_next(&w, "GET /attack HTTP/1.1\r\nHost: a\r\n\r\n"), BLOCK);
	vp_engine_scopes(w.engine, w.scopes);
	engine_close(&w);
	engine_close(&other);
}

/* As a worker has them: from bytes. */
static struct vp_scopes *loaded(const struct vp_scopes *scopes)
{
	struct vp_scopes *made = NULL;
	struct vp_error err;
	uint8_t *bytes;
	size_t len;

	vp_scopes_pack(scopes, &bytes, &len);
	assert_int_equal(vp_scopes_load(bytes, len, &made, &err), 0);
	free(bytes);
	return made;
}

/* Where nothing changed nothing is interrupted, and older generations can go at once. */
static void test_same_scopes(void **state)
{
	struct engine_world w;
	struct vp_scopes *first, *second, *third;

	(void)state;
	engine_open(&w, sections, "enforce", "pass", NULL);
	first = loaded(w.scopes);
	second = loaded(w.scopes);
	third = loaded(w.scopes);
	vp_engine_scopes(w.engine, first);
	engine_begin(&w, 80);
	assert_fate(&w, engine_next(&w, "GET /att"), PASS);
	vp_scopes_share(second, first);
	vp_engine_scopes(w.engine, second);
	vp_scopes_free(first);
	assert_fate(&w, engine_next(&w, "a"), PASS);
	vp_engine_scopes(w.engine, third); /* equal, but not the same */
	vp_scopes_free(second);
	assert_fate(&w, engine_next(&w, "ck HTTP/1.1\r\nHost: a\r\n\r\n"), BLOCK);
	vp_engine_scopes(w.engine, w.scopes);
	vp_scopes_free(third);
	engine_close(&w);
}

/* A port that is declared http and carries something else is told, not broken. */
static void test_foreign(void **state)
{
	struct engine_world w;

	(void)state;
	engine_open(&w, sections, "enforce", "block", NULL);
	engine_begin(&w, 80);
	assert_fate(
		&w,
		engine_segment(&w, 0, 0, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
		PASS);
	assert_int_equal(w.last.reason, VP_REASON_FOREIGN);
	assert_string_equal(w.last.detail, "tls");
	engine_close(&w);
}

/* Two lengths: one of the two readers is deceived. */
static void test_ambiguous(void **state)
{
	static const char smuggling[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n"
					"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nG";
	struct engine_world w;

	(void)state;
	engine_open(&w, sections, "enforce", "pass", NULL);
	engine_begin(&w, 80);
	assert_fate(&w, engine_next(&w, smuggling), BLOCK);
	assert_int_equal(w.last.reason, VP_REASON_AMBIGUOUS);
	assert_string_equal(w.last.detail, "both-lengths");
	engine_close(&w);
	engine_open(&w, sections, "monitor", "pass", NULL);
	engine_begin(&w, 80);
	assert_fate(&w, engine_next(&w, smuggling), PASS);
	assert_int_equal(w.last.reason, VP_REASON_AMBIGUOUS);
	assert_int_equal(w.hits, 0);
	engine_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_one_after_another),
		cmocka_unit_test(test_conflict),
		cmocka_unit_test(test_monitor),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_datagram),
		cmocka_unit_test(test_inward),
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_decoys),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_kept_grows_in_steps),
		cmocka_unit_test(test_sleep),
		cmocka_unit_test(test_midstream),
		cmocka_unit_test(test_same_scopes),
		cmocka_unit_test(test_generations),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_ambiguous),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
