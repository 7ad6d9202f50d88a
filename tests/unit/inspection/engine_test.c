/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine: packets in, decisions out; what is decided of connections in every disorder. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/cleanup.h"
#include "modules/inspection/engine.h"

#define MOST_PACKETS 4096

static const char definition[] =
	"[patch]\nid = T\ntitle = t\nseverity = low\non-failure = %s\nmode = %s\n"
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

struct world {
	struct vp_sources sources;
	struct vp_findings findings;
	struct vp_policy policy;
	struct vp_host host;
	struct vp_plan plan;
	struct vp_scopes *scopes;
	struct vp_engine *engine;
	uint64_t number, now;
	/* by packet */
	int decided[MOST_PACKETS]; /* enum vp_decision_kind + 1; 0: not yet */
	enum vp_reason reasons[MOST_PACKETS];
	size_t lengths[MOST_PACKETS]; /* of a replacement */
	unsigned int hits, monitor_hits;
	struct vp_hit last;
	/* the connection */
	uint16_t port;
	uint8_t client;
	uint32_t isn, sent;
};

static void decide(void *context, const struct vp_decision *decision)
{
	struct world *w = context;

	assert_in_range(decision->packet, 1, w->number);
	assert_int_equal(w->decided[decision->packet], 0);
	w->decided[decision->packet] = (int)decision->kind + 1;
	w->reasons[decision->packet] = decision->reason;
	w->lengths[decision->packet] = decision->bytes.len;
	if (decision->kind == VP_DECISION_BLOCK)
		assert_true(decision->tag || decision->reason == VP_REASON_WINDOW);
}

static void hit(void *context, const struct vp_hit *hit)
{
	struct world *w = context;

	assert_int_not_equal(hit->tag, 0);
	w->hits += !hit->monitor;
	w->monitor_hits += hit->monitor;
	w->last = *hit;
}

static const struct vp_engine_user user = { .decide = decide, .hit = hit };

/* Scopes as the worker gets them; cut or damaged they are refused. */
static struct vp_scopes *compile(const struct vp_plan *plan)
{
	struct vp_error err = { 0 };
	struct vp_scopes *made = vp_scopes_compile(plan, &err), *loaded = NULL;
	_cleanup_free_ uint8_t *bytes = NULL;
	size_t len;

	if (!made)
		fail_msg("%s", err.text);
	vp_scopes_pack(made, &bytes, &len);
	vp_scopes_free(made);
	for (size_t cut = 0; cut < len; cut += 1 + len / 64)
		assert_int_equal(vp_scopes_load(bytes, cut, &loaded, &err), -EBADMSG);
	bytes[0] ^= 1;
	assert_int_equal(vp_scopes_load(bytes, len, &loaded, &err), -EBADMSG);
	bytes[0] ^= 1;
	if (vp_scopes_load(bytes, len, &loaded, &err))
		fail_msg("%s", err.text);
	return loaded;
}

static void open_world(struct world *w, const char *mode, const char *on_failure,
		       const struct vp_engine_options *options)
{
	_cleanup_strbuf_ struct vp_strbuf found = { 0 };
	char *text = vp_format(definition, on_failure, mode);

	*w = (struct world){ .port = 7000, .client = 1, .isn = 1000 };
	vp_array_push(&w->sources.definitions,
		      ((struct vp_text){ vp_strdup("t.vpatch"), text, strlen(text) }));
	vp_policy_build(&w->policy, &w->sources, 0, &w->findings);
	vp_plan_build(&w->plan, &w->policy, &w->host, VP_POINT_BIT(VP_POINT_INSPECTION),
		      &w->findings);
	vp_findings_print(&w->findings, &found);
	if (w->findings.errors)
		fail_msg("%s", vp_strbuf_text(&found));
	w->scopes = compile(&w->plan);
	w->engine = vp_engine_new(options ? options : &vp_engine_options_default, &user, w);
	vp_engine_scopes(w->engine, w->scopes);
}

/* Every packet was decided once, and no memory is left. */
static void close_world(struct world *w)
{
	vp_engine_tick(w->engine, w->now + 100000000);
	vp_engine_tick(w->engine, w->now + 1000000000000);
	assert_int_equal(vp_engine_counts(w->engine).flows_now, 0);
	assert_int_equal(vp_engine_counts(w->engine).memory_now, 0);
	vp_engine_free(w->engine);
	for (uint64_t i = 1; i <= w->number; i++)
		assert_int_not_equal(w->decided[i], 0);
	vp_scopes_free(w->scopes);
	vp_plan_free(&w->plan);
	vp_host_free(&w->host);
	vp_policy_free(&w->policy);
	vp_findings_free(&w->findings);
	vp_sources_free(&w->sources);
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static uint64_t give(struct world *w, uint8_t protocol, const uint8_t *transport, size_t len)
{
	uint8_t packet[2048] = { 0x45, 0, 0, 0, 0, 0, 0, 0, 64 };
	const struct vp_engine_packet given = { .number = ++w->number,
						.milliseconds = ++w->now,
						.bytes = { packet, 20 + len },
						.local = true };

	assert_true(w->number < MOST_PACKETS && len < sizeof(packet) - 20);
	put16(packet + 2, 20 + len);
	packet[9] = protocol;
	put32(packet + 12, 0xc0000200u + w->client);
	put32(packet + 16, 0xc6336407u);
	memcpy(packet + 20, transport, len);
	vp_engine_packet(w->engine, &given);
	return w->number;
}

#define FIN 1
#define SYN 2
#define RST 4
#define URG 32

/* A segment of the client's, at an offset from the first byte. Its number. */
static uint64_t segment_at(struct world *w, uint32_t offset, unsigned int flags,
			   const char *data, size_t len)
{
	uint8_t tcp[1024] = { 0 };

	put16(tcp, 40000);
	put16(tcp + 2, w->port);
	put32(tcp + 4, w->isn + (flags & SYN ? 0 : 1) + offset);
	tcp[12] = 5 << 4;
	tcp[13] = (uint8_t)(flags | (flags & SYN ? 0 : 16));
	if (flags & URG)
		put16(tcp + 18, 1);
	memcpy(tcp + 20, data, len);
	return give(w, IPPROTO_TCP, tcp, 20 + len);
}

static void begin(struct world *w, uint16_t port)
{
	w->port = port;
	w->client++;
	w->isn += 0x3000000;
	w->sent = 0;
	segment_at(w, 0, SYN, "", 0);
}

static uint64_t next(struct world *w, const char *data)
{
	uint64_t number = segment_at(w, w->sent, 0, data, strlen(data));

	w->sent += (uint32_t)strlen(data);
	return number;
}

#define PASS	VP_DECISION_PASS + 1
#define REPLACE VP_DECISION_REPLACE + 1
#define BLOCK	VP_DECISION_BLOCK + 1

#define assert_fate(w, number, fate) assert_int_equal((w)->decided[number], fate)

static void test_whole(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, "enforce", "pass", NULL);
	begin(&w, 7000);
	assert_fate(&w, w.number, PASS);
	assert_fate(&w, next(&w, "all is good"), PASS);
	assert_int_equal(w.hits, 0);
	assert_fate(&w, next(&w, "then evil"), BLOCK);
	assert_int_equal(w.hits, 1);
	assert_int_equal(w.last.verdict, VP_VERDICT_RESET);
	assert_fate(&w, next(&w, "more"), BLOCK);
	assert_int_equal(w.hits, 1);
	begin(&w, 80);
	assert_fate(&w, next(&w, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), PASS);
	assert_fate(&w, next(&w, "GET /attack HTTP/1.1\r\nHost: a\r\n\r\n"), BLOCK);
	begin(&w, 80); /* the same port, read as raw bytes too */
	assert_fate(&w, next(&w, "EV"), PASS);
	assert_fate(&w, next(&w, "IL"), BLOCK);
	begin(&w, 9999); /* nobody's */
	assert_fate(&w, next(&w, "evil"), PASS);
	close_world(&w);
}

/* Cut anywhere, in both orders, then sent again: the end never passes. */
static void test_cut_anywhere(void **state)
{
	static const char attack[] = "GET /some/attack HTTP/1.1\r\nHost: a\r\n\r\n";
	const size_t len = sizeof(attack) - 1;
	struct world w;

	(void)state;
	open_world(&w, "enforce", "pass", NULL);
	for (uint32_t cut = 1; cut < len; cut++) {
		uint64_t first, second;
		bool reversed = cut % 2;

		begin(&w, 80);
		if (reversed)
			second = segment_at(&w, cut, 0, attack + cut, len - cut);
		if (reversed)
			assert_fate(&w, second, 0);
		first = segment_at(&w, 0, 0, attack, cut);
		if (!reversed)
			second = segment_at(&w, cut, 0, attack + cut, len - cut);
		assert_true(w.decided[first] == BLOCK || w.decided[second] == BLOCK);
		assert_fate(&w, second, BLOCK);
		assert_fate(&w, segment_at(&w, cut, 0, attack + cut, len - cut), BLOCK);
		assert_fate(&w, segment_at(&w, 0, 0, attack, len), BLOCK);
	}
	close_world(&w);
}

static void test_conflict(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, "enforce", "pass", NULL);
	begin(&w, 7000);
	assert_fate(&w, segment_at(&w, 0, 0, "good", 4), PASS);
	assert_fate(&w, segment_at(&w, 0, 0, "good", 4), PASS);
	assert_fate(&w, segment_at(&w, 0, 0, "evil", 4), BLOCK);
	assert_int_equal(w.reasons[w.number], VP_REASON_CONFLICT);
	assert_int_equal(w.last.reason, VP_REASON_CONFLICT);
	assert_fate(&w, segment_at(&w, 4, URG, "!", 1), REPLACE);
	/* an empty segment can make a byte urgent that comes with another */
	assert_fate(&w, segment_at(&w, 5, URG, "", 0), REPLACE);
	assert_fate(&w, segment_at(&w, 4, 0, "?", 1), REPLACE); /* a keep-alive's garbage */
	assert_int_equal(w.lengths[w.number], 40);
	close_world(&w);
}

/* Rules that only watch change nothing, and count everything. */
static void test_monitor(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, "monitor", "block", NULL);
	begin(&w, 7000);
	assert_fate(&w, segment_at(&w, 4, 0, "evil", 4), PASS);
	assert_int_equal(w.monitor_hits, 0);
	assert_fate(&w, segment_at(&w, 0, 0, "ugly", 4), PASS);
	assert_int_equal(w.monitor_hits, 1);
	assert_int_equal(w.last.verdict, VP_VERDICT_RESET);
	assert_fate(&w, segment_at(&w, 0, 0, "nice", 4), PASS);
	assert_int_equal(w.monitor_hits, 2);
	assert_fate(&w, segment_at(&w, 8, URG, "more", 4), PASS);
	assert_int_equal(w.hits, 0);
	close_world(&w);
}

static void test_limit(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, "enforce", "pass", NULL);
	begin(&w, 80);
	for (int i = 0; i < 5; i++)
		assert_fate(&w, next(&w, "GET /login HTTP/1.1\r\nHost: a\r\n\r\n"),
			    i < 3 ? PASS : BLOCK);
	begin(&w, 80); /* another source */
	assert_fate(&w, next(&w, "GET /login HTTP/1.1\r\nHost: a\r\n\r\n"), PASS);
	close_world(&w);
}

static void test_datagram(void **state)
{
	uint8_t udp[32] = { 0x9c, 0x40, 0x1b, 0x59 };
	struct world w;

	(void)state;
	open_world(&w, "enforce", "pass", NULL);
	put16(udp + 4, 8 + 6);
	memcpy(udp + 8, "a bode", 6);
	assert_fate(&w, give(&w, IPPROTO_UDP, udp, 14), BLOCK);
	memcpy(udp + 8, "a name", 6);
	assert_fate(&w, give(&w, IPPROTO_UDP, udp, 14), PASS);
	close_world(&w);
}

/* A SYN in the middle of a connection takes nothing away from what was read. */
static void test_decoys(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, "enforce", "pass", NULL);
	begin(&w, 7000);
	assert_fate(&w, next(&w, "ev"), PASS);
	segment_at(&w, 2, RST, "", 0);
	w.isn += 2; /* a new connection that would begin where the old one goes on */
	segment_at(&w, 0, SYN, "", 0);
	assert_fate(&w, segment_at(&w, 0, 0, "il", 2), BLOCK);
	/* one that begins elsewhere takes the place, and then the old one is no more */
	w.isn += 100000;
	segment_at(&w, 0, SYN, "", 0);
	assert_fate(&w, segment_at(&w, 0, 0, "all is good", 11), PASS);
	w.isn -= 100000;
	assert_int_not_equal(w.decided[segment_at(&w, 0, 0, "il", 2)], PASS);
	close_world(&w);
}

/* What waits for too long is decided by the failure verdict. */
static void test_hold(void **state)
{
	struct world w;
	uint64_t late;

	(void)state;
	open_world(&w, "enforce", "block", NULL);
	begin(&w, 7000);
	late = segment_at(&w, 10, 0, "late", 4);
	assert_fate(&w, late, 0);
	vp_engine_tick(w.engine, w.now += 5000);
	assert_fate(&w, late, BLOCK);
	assert_int_equal(w.reasons[late], VP_REASON_BOUND);
	close_world(&w);
	open_world(&w, "enforce", "pass", NULL);
	begin(&w, 7000);
	late = segment_at(&w, 10, 0, "late", 4);
	vp_engine_tick(w.engine, w.now += 5000);
	assert_fate(&w, late, PASS);
	assert_int_equal(w.last.reason, VP_REASON_BOUND);
	assert_int_equal(w.last.verdict, VP_VERDICT_PASS);
	assert_fate(&w, segment_at(&w, 0, 0, "given up", 8), PASS);
	close_world(&w);
}

/* Asleep between messages a connection costs little, and wakes as if nothing was. */
static void test_sleep(void **state)
{
	struct world w;
	size_t awake, asleep;

	(void)state;
	open_world(&w, "enforce", "pass", NULL);
	begin(&w, 80);
	assert_fate(&w, next(&w, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), PASS);
	awake = vp_engine_counts(w.engine).memory_now;
	vp_engine_tick(w.engine, w.now += 60000);
	asleep = vp_engine_counts(w.engine).memory_now;
	assert_true(asleep < awake && asleep < 1024);
	assert_fate(&w, next(&w, "GET /attack HTTP/1.1\r\nHost: a\r\n\r\n"), BLOCK);
	begin(&w, 80); /* not in the middle of one */
	assert_fate(&w, next(&w, "GET /att"), PASS);
	vp_engine_tick(w.engine, w.now += 60000);
	assert_fate(&w, next(&w, "ack HTTP/1.1\r\nHost: a\r\n\r\n"), BLOCK);
	close_world(&w);
}

static void test_midstream(void **state)
{
	struct vp_engine_options options = vp_engine_options_default;
	struct world w;

	(void)state;
	open_world(&w, "enforce", "block", &options);
	w.port = 80;
	assert_fate(&w, next(&w, "the end of something\r\n"), PASS);
	close_world(&w);
	options.midstream_block = true;
	open_world(&w, "enforce", "block", &options);
	w.port = 80;
	assert_fate(&w, next(&w, "the end of something\r\n"), BLOCK);
	assert_int_equal(w.last.reason, VP_REASON_MIDSTREAM);
	close_world(&w);
}

/* New scopes judge new connections at once, old ones from their next message on. */
static void test_generations(void **state)
{
	struct world w, other;

	(void)state;
	open_world(&w, "monitor", "pass", NULL);
	open_world(&other, "enforce", "pass", NULL);
	begin(&w, 80);
	assert_fate(&w, next(&w, "GET /attack HTTP/1.1\r\n"), PASS);
	vp_engine_scopes(w.engine, other.scopes);
	assert_true(vp_engine_uses(w.engine, w.scopes));
	assert_fate(&w, next(&w, "Host: a\r\n\r\n"), PASS);
	assert_false(vp_engine_uses(w.engine, w.scopes));
	assert_fate(&w, next(&w, "GET /attack HTTP/1.1\r\nHost: a\r\n\r\n"), BLOCK);
	vp_engine_scopes(w.engine, w.scopes);
	close_world(&w);
	close_world(&other);
}

/* A port that is declared http and carries something else is told, not broken. */
static void test_foreign(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, "enforce", "block", NULL);
	begin(&w, 80);
	assert_fate(&w,
		    segment_at(&w, 0, 0, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
		    PASS);
	assert_int_equal(w.last.reason, VP_REASON_FOREIGN);
	assert_string_equal(w.last.detail, "tls");
	close_world(&w);
}

/* Two lengths: one of the two readers is deceived. */
static void test_ambiguous(void **state)
{
	static const char smuggling[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n"
					"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nG";
	struct world w;

	(void)state;
	open_world(&w, "enforce", "pass", NULL);
	begin(&w, 80);
	assert_fate(&w, next(&w, smuggling), BLOCK);
	assert_int_equal(w.last.reason, VP_REASON_AMBIGUOUS);
	assert_string_equal(w.last.detail, "both-lengths");
	close_world(&w);
	open_world(&w, "monitor", "pass", NULL);
	begin(&w, 80);
	assert_fate(&w, next(&w, smuggling), PASS);
	assert_int_equal(w.last.reason, VP_REASON_AMBIGUOUS);
	assert_int_equal(w.hits, 0);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),	    cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_conflict),    cmocka_unit_test(test_monitor),
		cmocka_unit_test(test_limit),	    cmocka_unit_test(test_datagram),
		cmocka_unit_test(test_decoys),	    cmocka_unit_test(test_hold),
		cmocka_unit_test(test_sleep),	    cmocka_unit_test(test_midstream),
		cmocka_unit_test(test_generations), cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_ambiguous),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
