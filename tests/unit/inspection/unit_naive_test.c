/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random rules on random units against a naive interpreter, which looks at every
 * condition of every rule when all values are there: sharing, waiting and
 * deciding early may not change which rules hold.
 */
#include "lib/memory.h"
#include "lib/strbuf.h"
#include "tests/unit/inspection/rules.h"

int run_unit_naive_tests(void);

#define RULES	   40
#define VALUES_MAX 12

enum test_kind { CONTAINS, EQUALS, LONGER, PRESENT, ABSENT, KINDS };

/* One field may come several times; the last is of the end, the others of the head. */
static const struct {
	enum vp_field_id field;
	const char *name, *text;
} fields[] = {
	{ VP_FIELD_HTTP_URI, "", "http.uri" },
	{ VP_FIELD_HTTP_QUERY, "a", "http.query(a)" },
	{ VP_FIELD_HTTP_QUERY, "b", "http.query(b)" },
	{ VP_FIELD_HTTP_HEADER, "x-id", "http.header(X-Id)" },
	{ VP_FIELD_HTTP_REQUEST_BODY, "", "http.request_body" },
};

struct test_condition {
	size_t field;
	enum test_kind kind;
	bool negated;
	char letter; /* contains; equals the letter alone */
};

struct test_rule {
	struct test_condition when[4], except[2];
	size_t whens, excepts;
};

struct test_unit {
	struct {
		size_t field;
		char text[6];
	} values[VALUES_MAX];
	size_t count;
};

static struct test_condition random_condition(void)
{
	struct test_condition c = {
		.field = test_chance(VP_COUNT(fields)),
		.kind = test_chance(KINDS),
		.letter = "abcd"[test_chance(4)],
	};

	c.negated = c.kind < PRESENT && !test_chance(3);
	return c;
}

static void print_condition(const struct test_condition *c, const char *key,
			    struct vp_strbuf *out)
{
	vp_strbuf_addf(out, "%s = %s%s", key, c->negated ? "not " : "", fields[c->field].text);
	switch (c->kind) {
	case CONTAINS:
		vp_strbuf_addf(out, " contains \"%c\"\n", c->letter);
		break;
	case EQUALS:
		vp_strbuf_addf(out, " equals \"%c\"\n", c->letter);
		break;
	case LONGER:
		vp_strbuf_addf(out, " | length greater-than %d\n", c->letter - 'a');
		break;
	case PRESENT:
		vp_strbuf_adds(out, " present\n");
		break;
	case ABSENT:
	case KINDS:
		vp_strbuf_adds(out, " absent\n");
		break;
	}
}

static char *random_rule(struct test_rule *rule)
{
	struct vp_strbuf out = { 0 };

	rule->whens = test_chance(VP_COUNT(rule->when) + 1);
	rule->excepts = test_chance(2) ? test_chance(VP_COUNT(rule->except) + 1) : 0;
	for (size_t i = 0; i < rule->whens; i++) {
		rule->when[i] = random_condition();
		print_condition(&rule->when[i], "when", &out);
	}
	for (size_t i = 0; i < rule->excepts; i++) {
		rule->except[i] = random_condition();
		print_condition(&rule->except[i], "except", &out);
	}
	return vp_strbuf_take(&out);
}

static bool value_satisfies(const struct test_condition *c, const char *text)
{
	switch (c->kind) {
	case CONTAINS:
		return strchr(text, c->letter);
	case EQUALS:
		return text[0] == c->letter && !text[1];
	case LONGER:
		return strlen(text) > (size_t)(c->letter - 'a');
	case PRESENT:
	case ABSENT:
	case KINDS:
		break;
	}
	return true;
}

static bool condition_holds(const struct test_condition *c, const struct test_unit *unit)
{
	bool present = false, any = false;

	for (size_t i = 0; i < unit->count; i++) {
		if (unit->values[i].field != c->field)
			continue;
		present = true;
		any |= value_satisfies(c, unit->values[i].text);
	}
	if (c->kind == ABSENT)
		return !present;
	return present && (c->negated ? !any : any);
}

static bool rule_holds(const struct test_rule *rule, const struct test_unit *unit)
{
	for (size_t i = 0; i < rule->whens; i++)
		if (!condition_holds(&rule->when[i], unit))
			return false;
	for (size_t i = 0; i < rule->excepts; i++)
		if (condition_holds(&rule->except[i], unit))
			return false;
	return true;
}

static void random_unit(struct test_unit *unit)
{
	unit->count = test_chance(VALUES_MAX + 1);
	for (size_t i = 0; i < unit->count; i++) {
		size_t len = test_chance(sizeof(unit->values[i].text));

		unit->values[i].field = test_chance(VP_COUNT(fields));
		for (size_t j = 0; j < len; j++)
			unit->values[i].text[j] = "abcd"[test_chance(4)];
		unit->values[i].text[len] = '\0';
	}
}

static void feed(struct test_rules *t, const struct test_unit *unit, bool body)
{
	for (size_t i = 0; i < unit->count; i++) {
		enum vp_field_id field = fields[unit->values[i].field].field;
		const char *name = fields[unit->values[i].field].name;
		const char *text = unit->values[i].text;
		size_t cut = test_chance((uint32_t)strlen(text) + 1);

		if ((field == VP_FIELD_HTTP_REQUEST_BODY) != body)
			continue;
		if (!body || test_chance(2)) {
			test_text(t, field, name, text);
			continue;
		}
		test_part(t, field, name, text, cut, VP_PART_FIRST);
		test_part(t, field, "", text + cut, strlen(text) - cut, VP_PART_LAST);
	}
}

/* Every rule that fired holds, and every one that holds fired, once. */
static size_t judge(struct test_rules *t, const struct test_rule *rules,
		    const struct test_unit *unit)
{
	bool fired[RULES] = { false };
	size_t held = 0;

	test_begin(t);
	feed(t, unit, false);
	if (test_chance(2))
		test_final(t, VP_PHASE_HEAD);
	feed(t, unit, true);
	test_final(t, VP_PHASE_END);
	test_end(t);
	for (struct vp_unit_hits hits = vp_unit_take(t->unit); hits.count;
	     hits.rules++, hits.count--) {
		assert_false(fired[hits.rules[0]]);
		fired[hits.rules[0]] = true;
	}
	for (size_t i = 0; i < RULES; i++) {
		bool holds = rule_holds(&rules[i], unit);

		held += holds;
		if (holds != fired[i])
			fail_msg("rule %zu: %s, naively %s", i, fired[i] ? "fired" : "did not",
				 holds ? "holds" : "does not");
	}
	return held;
}

static void the_same_as_naively(void **state)
{
	size_t held = 0, judged = 0;

	(void)state;
	for (unsigned int round = 0; round < 40; round++) {
		struct test_rule rules[RULES];
		const char *texts[RULES];
		struct test_rules t;

		for (size_t i = 0; i < RULES; i++)
			texts[i] = random_rule(&rules[i]);
		test_rules_open(&t, HTTP_SERVICE, texts, RULES, NULL);
		for (unsigned int i = 0; i < 300; i++) {
			struct test_unit unit;

			random_unit(&unit);
			held += judge(&t, rules, &unit);
			judged += RULES;
		}
		test_rules_free(&t);
		for (size_t i = 0; i < RULES; i++)
			free((char *)(uintptr_t)texts[i]);
	}
	/* neither all nor nothing */
	assert_true(held > judged / 20 && held < judged / 2);
}

int run_unit_naive_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_as_naively),
	};

	return cmocka_run_group_tests_name("unit against naive", tests, NULL, NULL);
}
