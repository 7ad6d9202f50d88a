/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verdict on samples: every way to be right and every way to be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/ctl/lab/judge.h"
#include "lab_tests.h"

struct scene {
	struct vp_sample sample;
	struct vp_rule rule;
	struct vp_arrival control, shielded;
	struct vp_movement moved[2];
	char reason[400];
};

static struct scene blocked_as_meant(void)
{
	return (struct scene){
		.sample = { .rule = "own", .expect = VP_EXPECT_BLOCKED, .repeat = 1 },
		.rule = { .name = (char *)"own" },
		.control = { .sent = 1, .arrived = 1, .intact = true },
		.shielded = { .sent = 1, .note = "step 1 (send) did not arrive" },
		.moved = { { "own", true, 1 }, { "other", true, 0 } },
	};
}

static bool judge(struct scene *s)
{
	struct vp_movements moved = { .data = s->moved, .len = 2 };
	const struct vp_case c = {
		.sample = &s->sample,
		.rule = s->sample.rule ? &s->rule : NULL,
		.control = &s->control,
		.shielded = &s->shielded,
		.moved = &moved,
	};

	return vp_case_judge(&c, s->reason, sizeof(s->reason));
}

static void assert_fails(struct scene *s, const char *words)
{
	assert_false(judge(s));
	if (!strstr(s->reason, words))
		fail_msg("expected \"%s\" in \"%s\"", words, s->reason);
}

static void blocked(void **state)
{
	struct scene s = blocked_as_meant();

	(void)state;
	assert_true(judge(&s));
	assert_string_equal(s.reason, "");
}

static void blocked_but_delivered(void **state)
{
	struct scene s = blocked_as_meant();

	(void)state;
	s.shielded.arrived = 1;
	assert_fails(&s, "attack delivered (1 of 1)");
}

static void blocked_but_inconclusive(void **state)
{
	struct scene s = blocked_as_meant();

	(void)state;
	s.control.arrived = 0;
	s.control.intact = false;
	assert_fails(&s, "does not arrive even without the shield");
}

static void blocked_but_not_counted(void **state)
{
	struct scene s = blocked_as_meant();

	(void)state;
	s.moved[0].packets = 0;
	assert_fails(&s, "the counter of own did not move");
}

static void blocked_by_another(void **state)
{
	struct scene s = blocked_as_meant();

	(void)state;
	s.moved[0].packets = 0;
	s.moved[1].packets = 1;
	assert_fails(&s, "blocked by rule other instead");
	s.moved[0].packets = 1;
	assert_fails(&s, "the counter of rule other moved too");
	s.moved[1].enforcing = false; /* a monitor rule may count what it likes */
	assert_true(judge(&s));
}

static void passed(void **state)
{
	struct scene s = blocked_as_meant();

	(void)state;
	s.sample.rule = NULL;
	s.sample.expect = VP_EXPECT_PASSED;
	assert_fails(&s, "blocked by rule own");
	s.moved[0].packets = 0;
	assert_fails(&s, "no counter moved");
	s.shielded.intact = true;
	s.shielded.arrived = 1;
	assert_true(judge(&s));
	s.moved[1].packets = 3;
	assert_fails(&s, "the counter of rule other moved by 3");
}

static void limited(void **state)
{
	struct scene s = blocked_as_meant();

	(void)state;
	s.sample.expect = VP_EXPECT_LIMITED;
	s.sample.limited_after = 5;
	s.rule.action = (struct vp_action){ .verdict = VP_VERDICT_LIMIT, .rate = { 10, 1 } };
	s.control = (struct vp_arrival){ .sent = 20, .arrived = 20, .intact = true };
	s.shielded = (struct vp_arrival){ .sent = 20, .arrived = 5, .nanoseconds = 1000000 };
	s.moved[0].packets = 15;
	assert_true(judge(&s));
	s.shielded.arrived = 6;
	s.moved[0].packets = 14;
	assert_fails(&s, "6 of 20 arrived, expected 5");
	s.shielded.nanoseconds = 150000000; /* 1.5 tokens came back */
	assert_true(judge(&s));
	s.moved[0].packets = 13;
	assert_fails(&s, "rule own counted 13");
	s.shielded.arrived = 4;
	assert_fails(&s, "4 of 20 arrived");
	s.shielded.nanoseconds = UINT64_C(2000000000);
	assert_fails(&s, "repeat it more often");
}

int lab_judge_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocked),
		cmocka_unit_test(blocked_but_delivered),
		cmocka_unit_test(blocked_but_inconclusive),
		cmocka_unit_test(blocked_but_not_counted),
		cmocka_unit_test(blocked_by_another),
		cmocka_unit_test(passed),
		cmocka_unit_test(limited),
	};

	return cmocka_run_group_tests_name("lab judge", tests, NULL, NULL);
}
