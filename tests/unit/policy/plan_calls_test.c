/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The planner of system calls: order, modes, tags, what is refused, what is not seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/cleanup.h"
#include "policy/plan.h"
#include "tests/harness/planned.h"

#define ALL	 ((1u << VP_POINT_COUNT) - 1)
#define LOW	 "severity = low\n"
#define CRITICAL "severity = critical\n"
#define WATCH	 LOW "mode = monitor\n"
#define EXEC	 "deny = exec\n"
#define SOCKET	 "deny = socket(domain = AF_ALG)\n"
#define RINGS	 "deny = io_uring_setup\n"
#define A	 "unit = a.service\n"
#define B	 "process = /usr/bin/b\n"

static int setup(void **state)
{
	struct planned *f = vp_new(struct planned);

	f->host.clock_synchronised = true;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	planned_free(*state);
	free(*state);
	return 0;
}

static void add_text(struct vp_text_list *list, const char *name, char *text)
{
	vp_array_push(list, ((struct vp_text){ vp_strdup(name), text, strlen(text) }));
}

/* A patch with a section that has this in it, and calls that prove it. */
static void add(struct planned *f, const char *id, const char *head, const char *section)
{
	add_text(
		&f->sources.definitions, id,
		vp_format("[patch]\nid = %s\ntitle = t\n%s[syscalls s]\naction = errno EPERM\n"
			  "%s[sample a]\nsyscalls = s\nexpect = denied\n"
			  "call = %s\n[sample b]\nsyscalls = s\nexpect = allowed\n"
			  "call = getpid\n",
			  id, head, section,
			  strstr(section, EXEC)	    ? "execve"
			  : strstr(section, SOCKET) ? "socket(domain = AF_ALG)"
						    : "io_uring_setup"));
}

static void plan_at(struct planned *f, unsigned int points)
{
	planned_forget(f);
	planned_build(f, points);
}

static void plan(struct planned *f)
{
	plan_at(f, ALL);
	if (f->findings.errors)
		fail_msg("%s", vp_strbuf_text(&f->text));
}

static const char *blind(const struct planned *f, const char *id, const char *code)
{
	vp_array_each (spot, &f->plan.blind_spots)
		if (spot->patch && !strcmp(spot->patch->id, id) && !strcmp(spot->code, code))
			return spot->text;
	return NULL;
}

static size_t count_blind(const struct planned *f, const char *code)
{
	size_t count = 0;

	vp_array_each (spot, &f->plan.blind_spots)
		count += !strcmp(spot->code, code);
	return count;
}

/* Nobody is told that calls are denied where nothing can deny them. */
static void without_the_point_they_are_refused(void **state)
{
	struct planned *f = *state;

	add(f, "C", LOW, A EXEC);
	plan_at(f, ALL & ~VP_POINT_BIT(VP_POINT_SECCOMP));
	assert_int_equal(f->findings.errors, 1);
	assert_string_equal(vp_strbuf_text(&f->text),
			    "C:5:11: error: expected rules that this build can enforce, found "
			    "[syscalls s], which needs seccomp\n");
	assert_int_equal(f->plan.calls.len, 0);
	assert_int_equal(f->plan.blind_spots.len, 0);
}

static void they_stand_in_order_of_evaluation(void **state)
{
	struct planned *f = *state;

	add(f, "B", LOW, A EXEC);
	add(f, "A", LOW,
	    A EXEC "[syscalls t]\naction = errno EPERM\n" B "deny = bpf\n"
		   "[sample c]\nsyscalls = t\nexpect = denied\ncall = bpf\n"
		   "[sample d]\nsyscalls = t\nexpect = allowed\ncall = fork\n");
	add(f, "C", CRITICAL, A EXEC);
	plan(f);
	assert_int_equal(f->plan.calls.len, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(f->plan.calls.data[i].patch->id,
				    ((const char *[]){ "C", "A", "A", "B" })[i]);
		assert_int_equal(f->plan.calls.data[i].mode, VP_MODE_ENFORCE);
	}
	assert_string_equal(f->plan.calls.data[1].syscalls->name, "s");
	assert_string_equal(f->plan.calls.data[2].syscalls->name, "t");
	assert_int_equal(f->plan.placements.len, 0);
}

static void modes_are_effective(void **state)
{
	struct planned *f = *state;

	add(f, "ENDED", LOW "expires = 2020-01-01\non-expiry = monitor\n", A EXEC);
	add(f, "GONE", LOW "expires = 2020-01-01\non-expiry = remove\n", A EXEC);
	add(f, "OFF", LOW, A EXEC);
	add(f, "SOFT", LOW, A EXEC);
	add(f, "WATCH", WATCH, A EXEC);
	add_text(&f->sources.overrides, "o.conf",
		 vp_strdup("[override OFF]\nenabled = no\n[override SOFT]\nmode = monitor\n"));
	f->host.now = 1577923200;
	plan(f);
	assert_int_equal(f->plan.calls.len, 3);
	vp_array_each (placement, &f->plan.calls)
		assert_int_equal(placement->mode, VP_MODE_MONITOR);
	assert_string_equal(f->plan.calls.data[0].patch->id, "ENDED");
	assert_string_equal(f->plan.calls.data[1].patch->id, "SOFT");
}

/* Tags: of rules and of sections, never 0, all different, whatever else is enabled */

static char *rule(const char *id, const char *more)
{
	return vp_format("[patch]\nid = %s\ntitle = t\nmode = monitor\nseverity = low\n"
			 "[service s]\nports = udp/53\n"
			 "[rule s]\nservice = s\naction = drop\n%s",
			 id, more);
}

static uint32_t call_tag(const struct planned *f, const char *id)
{
	vp_array_each (placement, &f->plan.calls)
		if (!strcmp(placement->patch->id, id))
			return placement->tag;
	fail_msg("%s is not in the plan", id);
	return 0;
}

static void tags_last(void **state)
{
	static const char section[] = "[syscalls s]\n" A EXEC "action = errno EPERM\n";
	struct planned *f = *state;
	uint32_t rules[2], calls[2];

	add_text(&f->sources.definitions, "A", rule("A", ""));
	add_text(&f->sources.definitions, "B", rule("B", ""));
	plan(f);
	for (size_t i = 0; i < 2; i++)
		rules[i] = f->plan.placements.data[i].tag;
	vp_sources_free(&f->sources);
	/* sections of the same names do not change the rules' */
	add_text(&f->sources.definitions, "A", rule("A", section));
	add_text(&f->sources.definitions, "B", rule("B", section));
	plan(f);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(f->plan.placements.data[i].tag, rules[i]);
		calls[i] = f->plan.calls.data[i].tag;
		assert_true(calls[i]);
		assert_true(calls[i] != rules[0] && calls[i] != rules[1]);
	}
	assert_true(calls[0] != calls[1]);
	vp_policy_find(&f->policy, "A")->disabled = true;
	vp_plan_free(&f->plan);
	vp_plan_build(&f->plan, &f->policy, &f->host, ALL, &f->findings);
	assert_int_equal(f->plan.calls.len, 1);
	assert_int_equal(call_tag(f, "B"), calls[1]);
	assert_int_equal(f->plan.placements.data[0].tag, rules[1]);
}

/* Refusals */

static void a_section_needs_services(void **state)
{
	struct planned *f = *state;

	add(f, "SITE", LOW, EXEC);
	plan_at(f, ALL);
	assert_int_equal(f->findings.errors, 1);
	assert_string_equal(
		vp_strbuf_text(&f->text),
		"SITE:5:11: error: expected this site's services for [syscalls s], which "
		"names "
		"none; put [override SITE] with unit = NAME.service or process = /PATH into a "
		"file in overrides.d\n");
	assert_int_equal(f->plan.calls.len, 0);
	f->host.examples_allowed = true;
	plan(f);
	assert_int_equal(f->findings.list.len, 0);
	assert_int_equal(f->plan.calls.len, 1);
	f->host.examples_allowed = false;
	/* the cure */
	add_text(&f->sources.overrides, "o.conf",
		 vp_strdup("[override SITE]\nunit = a.service\nprocess = /usr/bin/b\n"));
	plan(f);
	assert_int_equal(f->findings.list.len, 0);
	assert_int_equal(f->plan.calls.len, 1);
	assert_int_equal(f->plan.calls.data[0].syscalls->targets.len, 2);
}

/* What only logs has nothing to take back: it stays. */
static void who_answers_is_told_where_denials_can_be_taken_back(void **state)
{
	struct planned *f = *state;

	add(f, "C", LOW, A EXEC "revocable = yes\n");
	add(f, "D", LOW "mode = monitor\n", A EXEC "revocable = yes\n");
	plan(f);
	assert_int_equal(f->findings.errors, 0);
	assert_int_equal(f->plan.calls.len, 2);
	assert_non_null(strstr(blind(f, "C", "revocable"), "vpatchd-answer"));
	assert_null(blind(f, "C", "until-restart"));
	assert_null(blind(f, "D", "revocable"));
	assert_non_null(blind(f, "D", "until-restart"));
}

/* Blind spots */

static void what_filters_never_see_is_told(void **state)
{
	struct planned *f = *state;

	add(f, "C", LOW,
	    A EXEC "[syscalls t]\naction = errno EPERM\n" B
		   "deny = waitid(infop has 0x8000000000000000)\n"
		   "[sample c]\nsyscalls = t\nexpect = denied\n"
		   "call = waitid(infop = 0xffffffff80000000)\n"
		   "[sample d]\nsyscalls = t\nexpect = allowed\ncall = waitid\n");
	plan(f);
	assert_int_equal(count_blind(f, "other-processes"), 1);
	assert_int_equal(count_blind(f, "until-restart"), 2);
	assert_int_equal(count_blind(f, "memory"), 1);
	assert_int_equal(count_blind(f, "io-uring"), 0);
	assert_string_equal(blind(f, "C", "memory"),
			    "[syscalls t]: of waitid an address is compared, never what is in "
			    "memory there");
}

/* Who has a ring gets past a rule, unless the same unit or process can have none. */
static void rings_are_told_where_they_are_open(void **state)
{
	static const struct {
		const char *section, *mode, *other, *open;
	} rows[] = {
		{ A SOCKET, LOW, B EXEC, "a.service" },
		{ A SOCKET, LOW, B RINGS, "a.service" },
		{ A SOCKET, LOW, A RINGS, NULL },
		{ A B SOCKET, LOW, A RINGS, "/usr/bin/b" },
		{ A SOCKET, LOW, A B RINGS, NULL },
		{ A B SOCKET, LOW, B A RINGS, NULL },
		/* what only watches closes nothing */
		{ A SOCKET, WATCH, A RINGS, "a.service" },
		/* a rule on some calls of that name closes nothing */
		{ A SOCKET, LOW, A "deny = io_uring_setup(entries > 5)\n", "a.service" },
		{ A EXEC, LOW, B RINGS, NULL },
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(rows); i++) {
		const char *text;
		void *inner;

		setup(&inner);
		add(inner, "FIRST", LOW, rows[i].section);
		add(inner, "OTHER", WATCH, rows[i].other);
		if (!strcmp(rows[i].mode, LOW))
			add_text(&((struct planned *)inner)->sources.overrides, "o.conf",
				 vp_strdup("[override OTHER]\nmode = enforce\n"));
		plan_at(inner, ALL);
		text = blind(inner, "FIRST", "io-uring");
		if (!rows[i].open != !text)
			fail_msg("row %zu: %s; %s", i, text ? text : "nothing",
				 vp_strbuf_text(&((struct planned *)inner)->text));
		if (text) {
			_cleanup_free_ char *expected =
				vp_format("[syscalls s]: io_uring does what socket does "
					  "without the call, and is open to %s; deny them the "
					  "set io-uring",
					  rows[i].open);

			assert_string_equal(text, expected);
		}
		teardown(&inner);
	}
}

/* Where nothing is denied, it is enough that rings are reported. */
static void watched_rings_do_for_what_is_watched(void **state)
{
	struct planned *f = *state;

	add(f, "FIRST", WATCH, A SOCKET);
	add(f, "OTHER", WATCH, A RINGS);
	plan(f);
	assert_null(blind(f, "FIRST", "io-uring"));
}

static void rings_where_the_site_names_the_services(void **state)
{
	struct planned *f = *state;

	f->host.examples_allowed = true;
	add(f, "OPEN", LOW, SOCKET);
	add(f, "OTHER", LOW, RINGS); /* perhaps of other services */
	add(f, "SHUT", LOW, SOCKET "deny = io-uring\n");
	plan(f);
	assert_non_null(strstr(blind(f, "OPEN", "io-uring"), "open to the site's services"));
	assert_null(blind(f, "SHUT", "io-uring"));
}

/* What the author says is told of patches that have only sections too. */
static void authors_are_heard(void **state)
{
	struct planned *f = *state;

	add(f, "C", LOW "blind-spot = sockets that are open already\n", A EXEC);
	plan(f);
	assert_string_equal(blind(f, "C", "author"), "sockets that are open already");
	/* nothing of packets is */
	assert_int_equal(count_blind(f, "table"), 0);
}

static void plans_differ(void **state)
{
	struct planned *f = *state;
	struct vp_plan before = { 0 };
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };

	add_text(&f->sources.definitions, "A",
		 rule("A", "[syscalls s]\n" A EXEC "action = errno EPERM\n"));
	add(f, "B", LOW, A EXEC);
	add(f, "C", CRITICAL, A EXEC);
	plan(f);
	assert_int_equal(vp_plan_diff(&f->plan, &f->plan, &out), 0);
	vp_policy_find(&f->policy, "C")->disabled = true;
	vp_plan_build(&before, &f->policy, &f->host, ALL, &f->findings);
	vp_policy_find(&f->policy, "C")->disabled = false;
	vp_policy_find(&f->policy, "A")->disabled = true;
	vp_policy_find(&f->policy, "B")->mode = VP_MODE_MONITOR;
	vp_plan_free(&f->plan);
	vp_plan_build(&f->plan, &f->policy, &f->host, ALL, &f->findings);
	assert_int_equal(vp_plan_diff(&before, &f->plan, &out), 3);
	assert_string_equal(vp_strbuf_text(&out),
			    "- A  t, 1 rule, 1 section of system calls, monitor\n"
			    "~ B  mode enforce -> monitor\n"
			    "+ C  t, 1 section of system calls, enforce\n");
	vp_plan_free(&before);
}

#define PLAN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN_TEST(without_the_point_they_are_refused),
		PLAN_TEST(they_stand_in_order_of_evaluation),
		PLAN_TEST(modes_are_effective),
		PLAN_TEST(tags_last),
		PLAN_TEST(a_section_needs_services),
		PLAN_TEST(who_answers_is_told_where_denials_can_be_taken_back),
		PLAN_TEST(what_filters_never_see_is_told),
		cmocka_unit_test(rings_are_told_where_they_are_open),
		PLAN_TEST(watched_rings_do_for_what_is_watched),
		PLAN_TEST(rings_where_the_site_names_the_services),
		PLAN_TEST(authors_are_heard),
		PLAN_TEST(plans_differ),
	};

	return cmocka_run_group_tests_name("plan of calls", tests, NULL, NULL);
}
