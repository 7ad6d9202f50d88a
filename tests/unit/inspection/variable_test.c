/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is remembered from one unit to the next: variables of a connection, and
 * thresholds of a rule, of a source, of a connection.
 */
#include "tests/unit/inspection/engine_world.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK_EMPTY  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define REFUSED	  "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"

static const char web[] =
	"[service web]\nports = tcp/80\napplication = http\n"
	"[rule seen]\nservice = web\nwhen = http.path equals \"/login\"\nset = login-seen\n"
	"[rule unseen]\nservice = web\nwhen = http.path equals \"/admin\"\n"
	"when = flow(login-seen) absent\naction = drop\n"
	"[rule often]\nservice = web\nwhen = flow(login-seen) at-least 3\naction = reset\n"
	"[sample a]\nservice = web\nexpect = passed\nsend = \"GET / HTTP/1.0\\r\\n\\r\\n\"\n"
	"[sample b]\nrule = unseen\nexpect = blocked\nsend = \"GET /admin "
	"HTTP/1.0\\r\\n\\r\\n\"\n"
	"[sample c]\nrule = often\nexpect = blocked\nsend = \"GET /login "
	"HTTP/1.0\\r\\n\\r\\n\"\n";

static void read_by_a_later_unit(void **state)
{
	struct engine_world w;

	(void)state;
	engine_open(&w, web, "enforce", "pass", NULL);
	engine_begin(&w, 80);
	assert_fate(&w, engine_next(&w, GET("/admin")), BLOCK);
	engine_begin(&w, 80);
	assert_fate(&w, engine_next(&w, GET("/login")), PASS);
	assert_fate(&w, engine_next(&w, GET("/admin")), PASS);
	assert_int_equal(w.hits, 1); /* to set is no hit */
	engine_begin(&w, 80);	     /* another connection knows nothing of it */
	assert_fate(&w, engine_next(&w, GET("/admin")), BLOCK);
	engine_close(&w);
}

/* All in one segment: each request is a unit of its own. */
static void counted_in_a_pipeline(void **state)
{
	struct engine_world w;

	(void)state;
	engine_open(&w, web, "enforce", "pass", NULL);
	engine_begin(&w, 80);
	assert_fate(&w, engine_next(&w, GET("/login") GET("/admin")), PASS);
	assert_fate(&w, engine_next(&w, GET("/login") GET("/login")), PASS);
	assert_fate(&w, engine_next(&w, GET("/")), BLOCK);
	assert_int_equal(w.last.verdict, VP_VERDICT_RESET);
	engine_begin(&w, 80);
	assert_fate(&w, engine_next(&w, GET("/login") GET("/login") GET("/login") GET("/")),
		    BLOCK);
	engine_close(&w);
}

/* The memory of a connection outlives its parsers' sleep and new rules. */
static void kept_asleep_and_by_new_rules(void **state)
{
	struct engine_world w, other;

	(void)state;
	engine_open(&w, web, "enforce", "pass", NULL);
	engine_open(&other, web, "enforce", "pass", NULL);
	engine_begin(&w, 80);
	assert_fate(&w, engine_next(&w, GET("/login")), PASS);
	vp_engine_tick(w.engine, w.now += 60000);
	assert_fate(&w, engine_next(&w, GET("/admin")), PASS);
	vp_engine_scopes(w.engine, other.scopes);
	assert_fate(&w, engine_next(&w, GET("/admin")), PASS);
	assert_int_equal(vp_scope(w.scopes, 0)->holders, 1);
	assert_fate(&w, engine_next(&w, GET("/admin")), PASS);
	vp_engine_scopes(w.engine, w.scopes);
	engine_close(&w);
	engine_close(&other);
}

/* What may have been set unseen is not absent: by the old rules, or before all was seen. */
static void not_absent_where_unseen(void **state)
{
	static const char other_rules[] =
		"[service web]\nports = tcp/80\napplication = http\n"
		"[rule other]\nservice = web\nwhen = http.path equals \"/other\"\n"
		"action = drop\n";
	struct engine_world w, other;

	(void)state;
	engine_open(&w, web, "enforce", "pass", NULL);
	engine_open(&other, other_rules, "monitor", "pass", NULL);
	vp_engine_scopes(other.engine, other.scopes);
	engine_begin(&other, 80);
	assert_fate(&other, engine_next(&other, GET("/")), PASS);
	vp_engine_scopes(other.engine, w.scopes);
	assert_fate(&other, engine_next(&other, GET("/admin")), PASS);
	assert_fate(&other, engine_next(&other, GET("/admin")), PASS);
	assert_fate(&other, engine_next(&other, GET("/login") GET("/login")), PASS);
	assert_fate(&other, engine_next(&other, GET("/login")), PASS);
	assert_fate(&other, engine_next(&other, GET("/")), BLOCK); /* three, all the same */
	engine_begin(&other, 80);
	assert_fate(&other, engine_next(&other, GET("/admin")), BLOCK);
	w.port = 80; /* without a SYN */
	w.client = 9;
	assert_fate(&w, engine_next(&w, GET("/admin")), PASS);
	assert_fate(&w, engine_next(&w, GET("/admin")), PASS);
	vp_engine_scopes(other.engine, other.scopes);
	engine_close(&other);
	engine_close(&w);
}

/* A new connection in the same place begins without variables. */
static void gone_with_the_connection(void **state)
{
	struct engine_world w;

	(void)state;
	engine_open(&w, web, "enforce", "pass", NULL);
	engine_begin(&w, 80);
	assert_fate(&w, engine_next(&w, GET("/login")), PASS);
	w.isn += 100000;
	w.sent = 0;
	engine_segment(&w, 0, SYN, "", 0);
	assert_fate(&w, engine_next(&w, GET("/admin")), BLOCK);
	engine_close(&w);
}

/* Another scope sets: the server's answers are counted, the client's requests stopped. */
static void set_by_answers(void **state)
{
	static const char sections[] =
		"[service web]\nports = tcp/80\napplication = http\n"
		"[rule refused]\nservice = web\ndirection = to-client\n"
		"when = http.stat_code equals 401\nset = refused\n"
		"[rule guessing]\nservice = web\nwhen = flow(refused) at-least 2\n"
		"when = http.path equals \"/login\"\naction = drop\n";
	struct engine_world w;
	uint32_t answered = 0;

	(void)state;
	engine_open(&w, sections, "monitor", "pass", NULL);
	engine_begin(&w, 80);
	for (unsigned int i = 0; i < 4; i++) {
		const char *answer = i == 1 ? OK_EMPTY : REFUSED;

		assert_int_equal(w.monitor_hits, 0);
		engine_next(&w, GET("/login"));
		engine_answer(&w, answered, 0, answer, strlen(answer));
		answered += (uint32_t)strlen(answer);
	}
	engine_next(&w, GET("/other"));
	assert_int_equal(w.monitor_hits, 1);
	engine_close(&w);
}

/* Messages of a frame; equal names of two patches are two variables. */
static void numbers_of_variables(void **state)
{
	static const char sections[] =
		"[service s]\nports = tcp/80\nframe = fixed 2\n"
		"[rule a]\nservice = s\nwhen = message[0:1] equals 1\nset = a\n"
		"[rule b]\nservice = s\nwhen = message[0:1] equals 2\nset = b\n"
		"[rule more]\nservice = s\nwhen = flow(a) greater-than flow(b) | plus(1)\n"
		"action = drop\n"
		"[rule own]\nservice = s\nwhen = message[1:1] equals flow(a)\naction = drop\n";
	struct engine_world w;

	(void)state;
	engine_open(&w, sections, "monitor", "pass", NULL);
	engine_begin(&w, 80);
	engine_next(&w, "\1\1\1\1\1\1");
	assert_int_equal(w.monitor_hits, 1); /* own: the second message after one */
	engine_next(&w, "\7\7");	     /* more: b is missing */
	assert_int_equal(w.monitor_hits, 1);
	engine_next(&w, "\2\7\7\7"); /* 3 against 1 + 1 */
	assert_int_equal(w.monitor_hits, 2);
	engine_next(&w, "\2\7"); /* judged before it counts itself */
	assert_int_equal(w.monitor_hits, 3);
	engine_next(&w, "\7\7");
	assert_int_equal(w.monitor_hits, 3);
	engine_close(&w);
}

static const char limits[] =
	"[service a]\nports = tcp/80\nframe = fixed 2\n"
	"[rule a]\nservice = a\nwhen = message[0:1] equals 1\nthreshold = 3/minute\n"
	"action = reset\n"
	"[service b]\nports = tcp/81\nframe = fixed 2\n"
	"[rule b]\nservice = b\nwhen = message[0:1] equals 1\n"
	"threshold = 3/minute per source\naction = reset\n"
	"[service c]\nports = tcp/82\nframe = fixed 2\n"
	"[rule c]\nservice = c\nwhen = message[0:1] equals 1\n"
	"threshold = 60/minute burst 2 per flow\naction = reset\n";

static unsigned int hits_of(struct engine_world *w, const char *bytes)
{
	unsigned int before = w->monitor_hits;

	engine_next(w, bytes);
	return w->monitor_hits - before;
}

static void above_a_threshold(void **state)
{
	struct engine_world w;

	(void)state;
	engine_open(&w, limits, "monitor", "pass", NULL);
	engine_begin(&w, 80);
	assert_int_equal(hits_of(&w, "\1\1\1\1\1\1"), 0);
	assert_int_equal(hits_of(&w, "\2\2"), 0);
	assert_int_equal(hits_of(&w, "\1\1\1\1"), 2);
	assert_int_equal(w.last.verdict, VP_VERDICT_RESET);
	engine_begin(&w, 80); /* whoever it is */
	assert_int_equal(hits_of(&w, "\1\1"), 1);
	w.now += 20000; /* a third of a minute gives one back */
	assert_int_equal(hits_of(&w, "\1\1"), 0);
	assert_int_equal(hits_of(&w, "\1\1"), 1);

	engine_begin(&w, 81);
	assert_int_equal(hits_of(&w, "\1\1\1\1\1\1\1\1"), 1);
	engine_begin(&w, 81); /* another source */
	assert_int_equal(hits_of(&w, "\1\1\1\1\1\1"), 0);
	w.isn += 100000; /* another connection of that source */
	w.sent = 0;
	engine_segment(&w, 0, SYN, "", 0);
	assert_int_equal(hits_of(&w, "\1\1"), 1);

	engine_begin(&w, 82);
	assert_int_equal(hits_of(&w, "\1\1\1\1\1\1"), 1);
	engine_close(&w);
}

/* The packet that goes above is the one that is stopped. */
static void enforced_above_a_threshold(void **state)
{
	static const char sections[] =
		"[service a]\nports = tcp/80\nframe = fixed 2\n"
		"[rule a]\nservice = a\nwhen = message[0:1] equals 1\n"
		"threshold = 3/minute per flow\naction = ban 10m\n"
		"[sample a]\nrule = a\nexpect = limited after 3\nrepeat = 5\nsend = "
		"\"\\x01\\x01\"\n"
		"[sample b]\nservice = a\nexpect = passed\nsend = \"\\x02\\x02\"\n";
	struct engine_world w;

	(void)state;
	engine_open(&w, sections, "enforce", "pass", NULL);
	engine_begin(&w, 80);
	for (unsigned int i = 0; i < 3; i++)
		assert_fate(&w, engine_next(&w, "\1\1"), PASS);
	assert_int_equal(w.hits, 0);
	assert_fate(&w, engine_next(&w, "\1\1"), BLOCK);
	assert_int_equal(w.last.verdict, VP_VERDICT_BAN);
	engine_begin(&w, 80); /* another connection has an allowance of its own */
	assert_fate(&w, engine_next(&w, "\1\1\1\1\1\1"), PASS);
	assert_fate(&w, engine_next(&w, "\1\1"), BLOCK);
	engine_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_by_a_later_unit),
		cmocka_unit_test(counted_in_a_pipeline),
		cmocka_unit_test(kept_asleep_and_by_new_rules),
		cmocka_unit_test(not_absent_where_unseen),
		cmocka_unit_test(gone_with_the_connection),
		cmocka_unit_test(set_by_answers),
		cmocka_unit_test(numbers_of_variables),
		cmocka_unit_test(above_a_threshold),
		cmocka_unit_test(enforced_above_a_threshold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
