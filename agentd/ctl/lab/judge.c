/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verdict on a sample, and the words for it. Pure. */
#include "agentd/ctl/lab/judge.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct words {
	char *text;
	size_t size, len;
};

__attribute__((format(printf, 2, 3))) static bool because(struct words *words,
							  const char *format, ...)
{
	va_list arguments;
	int count;

	va_start(arguments, format);
	count = vsnprintf(words->text + words->len, words->size - words->len, format,
			  arguments);
	va_end(arguments);
	if (count > 0)
		words->len += (size_t)count < words->size - words->len
				      ? (size_t)count
				      : words->size - words->len - 1;
	return false;
}

const char *vp_expectation_print(const struct vp_sample *sample, char text[static 40])
{
	switch (sample->expect) {
	case VP_EXPECT_BLOCKED:
		return "blocked";
	case VP_EXPECT_PASSED:
		return "passed";
	case VP_EXPECT_LIMITED:
	default:
		snprintf(text, 40, "limited after %" PRIu64, sample->limited_after);
		return text;
	}
}

static uint64_t moved_by(const struct vp_movements *moved, const char *rule)
{
	for (size_t i = 0; i < moved->len; i++)
		if (rule && !strcmp(moved->data[i].rule, rule))
			return moved->data[i].packets;
	return 0;
}

/* The first enforcing rule but `rule` whose counter moved, or NULL. */
static const struct vp_movement *other(const struct vp_movements *moved, const char *rule)
{
	for (size_t i = 0; i < moved->len; i++) {
		const struct vp_movement *one = &moved->data[i];

		if (one->enforcing && one->packets && (!rule || strcmp(one->rule, rule)))
			return one;
	}
	return NULL;
}

/* Does the traffic arrive when nothing shields? */
static bool arrives_unshielded(const struct vp_case *c, struct words *words)
{
	const struct vp_arrival *control = c->control;

	if (!control || control->intact)
		return true;
	return because(words, "inconclusive: does not arrive even without the shield (%s)",
		       control->note[0] ? control->note : "nothing was sent");
}

static bool judge_blocked(const struct vp_case *c, struct words *words)
{
	const struct vp_movement *wrong = other(c->moved, c->rule ? c->rule->name : NULL);
	uint64_t own = c->rule ? moved_by(c->moved, c->rule->name) : 0;

	if (!arrives_unshielded(c, words))
		return false;
	if (c->shielded->arrived)
		return because(words, "attack delivered (%" PRIu32 " of %" PRIu32 ")",
			       c->shielded->arrived, c->shielded->sent);
	if (!own && wrong)
		return because(words,
			       "blocked by rule %s instead: the counter of %s did not move",
			       wrong->rule, c->rule ? c->rule->name : "its rule");
	if (!own)
		return because(words,
			       "did not arrive, but the counter of %s did not move (%s)",
			       c->rule ? c->rule->name : "its rule", c->shielded->note);
	if (wrong)
		return because(words, "blocked, but the counter of rule %s moved too",
			       wrong->rule);
	return true;
}

static bool judge_passed(const struct vp_case *c, struct words *words)
{
	const struct vp_movement *wrong = other(c->moved, NULL);

	if (c->shielded->intact && !wrong)
		return true;
	if (!arrives_unshielded(c, words))
		return false;
	if (c->shielded->intact)
		return because(words, "arrived, but the counter of rule %s moved by %" PRIu64,
			       wrong->rule, wrong->packets);
	if (wrong)
		return because(words, "blocked by rule %s (%s)", wrong->rule,
			       c->shielded->note);
	return because(words, "%s, and no counter moved", c->shielded->note);
}

/* What the rule's rate gives back in that time. */
static uint64_t refill(const struct vp_rule *rule, uint64_t nanoseconds)
{
	double tokens;

	if (!rule || rule->action.verdict != VP_VERDICT_LIMIT || !rule->action.rate.seconds)
		return 0;
	tokens = (double)rule->action.rate.count / rule->action.rate.seconds *
		 ((double)nanoseconds / 1e9);
	return (uint64_t)tokens;
}

static bool judge_limited(const struct vp_case *c, struct words *words)
{
	const char *name = c->rule ? c->rule->name : NULL;
	const struct vp_movement *wrong = other(c->moved, name);
	const struct vp_arrival *seen = c->shielded;
	uint64_t least = c->sample->limited_after;
	uint64_t most = least + refill(c->rule, seen->nanoseconds);
	uint64_t lost = seen->sent - seen->arrived, own = moved_by(c->moved, name);

	if (!arrives_unshielded(c, words))
		return false;
	if (most >= seen->sent)
		return because(words,
			       "inconclusive: %" PRIu32
			       " were sent, and the rate allows %" PRIu64
			       " in that time; repeat it more often",
			       seen->sent, most);
	if (seen->arrived < least || seen->arrived > most)
		return because(words,
			       "%" PRIu32 " of %" PRIu32 " arrived, expected %" PRIu64
			       " (with what the rate gives back, up to %" PRIu64 ")",
			       seen->arrived, seen->sent, least, most);
	if (own < lost)
		return because(words,
			       "%" PRIu64 " did not arrive, but rule %s counted %" PRIu64,
			       lost, name ? name : "(none)", own);
	if (wrong)
		return because(words, "the counter of rule %s moved too", wrong->rule);
	return true;
}

bool vp_case_judge(const struct vp_case *c, char *reason, size_t size)
{
	struct words words = { .text = reason, .size = size };

	reason[0] = '\0';
	switch (c->sample->expect) {
	case VP_EXPECT_BLOCKED:
		return judge_blocked(c, &words);
	case VP_EXPECT_PASSED:
		return judge_passed(c, &words);
	case VP_EXPECT_LIMITED:
	default:
		return judge_limited(c, &words);
	}
}
