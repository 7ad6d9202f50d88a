/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random rule sets over all prototypes, random calls in every ABI: the compiled program
 * against an evaluation written here once more, from the meaning of rules alone.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/seccomp/seccomp_tests.h"
#include "tests/unit/seccomp/world.h"

#define SETS   200
#define CALLS  400 /* per set and ABI */
#define RULES  40
#define ERRORS 3

static uint64_t seed = 0x2545f4914f6cdd1d;

static uint64_t below(uint64_t bound)
{
	return world_random(&seed) % bound;
}

/* Values that meet each other often. */
static uint64_t random_value(void)
{
	switch (below(5)) {
	case 0:
		return below(4);
	case 1:
		return below(48);
	case 2:
		return 1ull << below(64);
	case 3:
		return UINT64_MAX << below(64);
	default:
		return world_random(&seed);
	}
}

static struct vp_call_condition random_condition(const struct vp_call_prototype *call,
						 uint8_t argument)
{
	bool wide = vp_call_is_wide(&call->arguments[argument]);
	uint64_t all = wide ? UINT64_MAX : UINT32_MAX;
	struct vp_call_condition condition = { .argument = argument,
					       .wide = wide,
					       .mask = all };

	condition.compare = (enum vp_call_compare)below(VP_CALL_AT_MOST + 1);
	if (!below(3))
		condition.mask = (random_value() & all) ? (random_value() & all) : all;
	condition.value = random_value() & condition.mask;
	return condition;
}

static struct vp_call_rule *random_rule(const struct vp_call_prototype *call)
{
	struct vp_call_rule *rule = vp_new(struct vp_call_rule);
	uint8_t arguments = 0, first;

	rule->prototype = call;
	rule->error = 1 + (int)below(ERRORS);
	while (arguments < VP_CALL_ARGUMENTS &&
	       call->arguments[arguments].type != VP_CALL_NONE)
		arguments++;
	/* seldom two conditions on one argument: they often contradict each other */
	first = arguments ? (uint8_t)below(arguments) : 0;
	for (uint64_t i = below(arguments < 3 ? arguments + 1u : 4); i; i--)
		vp_array_push(
			&rule->conditions,
			random_condition(call, below(20) ? (uint8_t)((first + i) % arguments)
							 : first));
	return rule;
}

/* Few calls with several rules each, some of them of those that are multiplexed. */
static void random_rules(struct world *world)
{
	static const char *const special[] = { "socket", "setsockopt", "sendto", "clone",
					       "semget", "mmap",       "setuid", "futex" };
	size_t count, rules = 1 + (size_t)below(RULES);
	const struct vp_call_prototype *all = vp_call_all(&count), *call = NULL;

	for (size_t i = 0; i < rules; i++) {
		if (!call || !below(2)) {
			const char *name = special[below(VP_COUNT(special))];

			do {
				call = below(2) ? vp_call_find(name, strlen(name))
						: &all[below(count)];
			} while (!vp_abi_knows(call->name));
		}
		world_add(world, (uint32_t)i, !below(5), random_rule(call));
	}
}

static bool holds(const struct vp_call_rule *rule, const uint64_t *arguments, uint8_t kept,
		  bool narrow)
{
	struct vp_call_rule shown = { .prototype = rule->prototype };
	uint64_t seen[VP_CALL_ARGUMENTS];
	bool result;

	for (size_t i = 0; i < VP_CALL_ARGUMENTS; i++)
		seen[i] = narrow ? arguments[i] & UINT32_MAX : arguments[i];
	vp_array_each(condition, &rule->conditions) {
		struct vp_call_condition in = *condition;

		/* negative numbers have 32 bits there */
		if (narrow && in.wide && in.mask == UINT64_MAX && (int64_t)in.value < 0 &&
		    (int64_t)in.value >= INT32_MIN && in.compare != VP_CALL_LESS &&
		    in.compare != VP_CALL_AT_MOST && in.compare != VP_CALL_UNEQUAL) {
			in.value &= UINT32_MAX;
			in.mask = UINT32_MAX;
		}
		if (in.argument < kept)
			vp_array_push(&shown.conditions, in);
	}
	result = vp_call_rule_matches(&shown, seen);
	vp_array_free(&shown.conditions);
	return result;
}

struct forms {
	struct vp_abi_form data[VP_ABI_FORMS];
	size_t count;
};

/* Looking them up takes long; each rule's are found once. */
static const struct forms *forms_of(const struct vp_call_prototype *call, enum vp_abi abi)
{
	static struct forms cache[1024][VP_ABI_COUNT];
	static bool known[1024][VP_ABI_COUNT];
	size_t count, index = (size_t)(call - vp_call_all(&count));
	struct forms *forms;

	assert_true(index < VP_COUNT(cache));
	forms = &cache[index][abi];
	if (!known[index][abi])
		forms->count = vp_abi_forms(abi, call->name, forms->data);
	known[index][abi] = true;
	return forms;
}

/* The form in which a number is this call, or NULL. */
static const struct vp_abi_form *form_of(const struct forms *forms, int nr,
					 const uint64_t *arguments)
{
	for (size_t i = 0; i < forms->count; i++)
		if (forms->data[i].number == nr &&
		    (arguments[0] & forms->data[i].selector_mask) == forms->data[i].selector)
			return &forms->data[i];
	return NULL;
}

/* What rules of one mode say. */
static uint32_t expect_mode(const struct world *world, bool monitor, enum vp_abi abi, int nr,
			    const uint64_t *arguments)
{
	vp_array_each(owned, &world->rules) {
		const struct forms *forms = forms_of(owned->rule->prototype, abi);
		const struct vp_abi_form *form = form_of(forms, nr, arguments);

		if (owned->monitor == monitor && form &&
		    holds(owned->rule, arguments, form->kept, vp_abi_is_narrow(abi)))
			return monitor ? SECCOMP_RET_LOG : DENIED(owned->rule->error);
	}
	return SECCOMP_RET_ALLOW;
}

static bool has_enforced(const struct world *world, const char *call)
{
	vp_array_each(owned, &world->rules)
		if (!owned->monitor && (!call || !strcmp(owned->rule->prototype->name, call)))
			return true;
	return false;
}

static uint32_t expect(const struct world *world, enum vp_abi native, bool cover,
		       enum vp_abi abi, int nr, const uint64_t *arguments)
{
	uint32_t action;

	if (abi != native && (!cover || abi != vp_abi_companion(native)))
		return has_enforced(world, NULL) ? DENIED(ENOSYS) : SECCOMP_RET_LOG;
	action = expect_mode(world, false, abi, nr, arguments);
	if (action != SECCOMP_RET_ALLOW)
		return action;
	if (nr == vp_abi_number(abi, "clone3") && has_enforced(world, "clone"))
		return DENIED(ENOSYS);
	return expect_mode(world, true, abi, nr, arguments);
}

/* A call near one of the rules: its own values in some arguments, one bit changed in some. */
static void random_arguments(const struct vp_call_rule *rule, uint64_t *arguments)
{
	for (size_t i = 0; i < VP_CALL_ARGUMENTS; i++)
		arguments[i] = random_value();
	vp_array_each(condition, &rule->conditions) {
		uint64_t *argument = &arguments[condition->argument];

		if (!below(8))
			continue;
		*argument = (*argument & ~condition->mask) | condition->value;
		if (condition->compare != VP_CALL_EQUAL && below(2))
			*argument += below(3) - 1;
		if (!below(8))
			*argument ^= 1ull << below(64);
	}
}

struct tally {
	size_t calls, denied, logged;
};

static void compare(const struct world *world, const struct vp_filter *filter, bool cover,
		    enum vp_abi abi, struct tally *tally)
{
	for (size_t i = 0; i < CALLS; i++) {
		const struct vp_call_rule *rule =
			world->rules.data[below(world->rules.len)].rule;
		uint64_t arguments[VP_CALL_ARGUMENTS];
		const struct forms *forms = forms_of(rule->prototype, abi);
		int nr = (int)below(VP_CALL_NUMBERS) |
			 (abi == VP_ABI_X32 ? (int)VP_X32_BIT : 0);
		uint32_t found, expected;

		random_arguments(rule, arguments);
		if (forms->count && below(10)) {
			const struct vp_abi_form *form = &forms->data[below(forms->count)];

			nr = form->number;
			if (form->selector_mask && below(4))
				arguments[0] =
					(arguments[0] & ~(uint64_t)form->selector_mask) |
					form->selector;
		}
		found = world_run(filter, abi, nr, arguments);
		expected = expect(world, vp_filter_abi(filter), cover, abi, nr, arguments);
		tally->calls++;
		tally->denied +=
			vp_filter_covers(filter) == cover && found != SECCOMP_RET_ALLOW;
		tally->logged += found == SECCOMP_RET_LOG;
		if (found != expected) {
			_cleanup_strbuf_ struct vp_strbuf text = { 0 };

			vp_filter_print(filter, NULL, NULL, &text);
			fail_msg("%s %d (0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx): found "
				 "0x%x, "
				 "expected 0x%x\n%s",
				 vp_abi_name(abi), nr, arguments[0], arguments[1],
				 arguments[2], arguments[3], arguments[4], arguments[5], found,
				 expected, vp_strbuf_text(&text));
		}
	}
}

static void run_sets(enum vp_abi native, bool cover)
{
	static const enum vp_abi x86[] = { VP_ABI_X86_64, VP_ABI_I386, VP_ABI_X32 };
	static const enum vp_abi arm[] = { VP_ABI_AARCH64, VP_ABI_ARM };
	const enum vp_abi *abis = native == VP_ABI_X86_64 ? x86 : arm;
	size_t count = native == VP_ABI_X86_64 ? VP_COUNT(x86) : VP_COUNT(arm);
	size_t longest = 0;
	struct tally tally = { 0 };

	for (size_t i = 0; i < SETS; i++) {
		_cleanup_world_ struct world w = { 0 };
		_cleanup_filter_ struct vp_filter *filter = NULL;
		struct vp_error err = { 0 };
		int r;

		random_rules(&w);
		r = world_try(&w, native, cover, &filter, &err);
		if (r)
			fail_msg("%s", err.text);
		if (vp_filter_program(filter).len > longest)
			longest = vp_filter_program(filter).len;
		for (size_t j = 0; j < count; j++)
			compare(&w, filter, cover, abis[j], &tally);
	}
	print_message("%zu calls, %zu denied or logged; longest program %zu\n", tally.calls,
		      tally.denied, longest);
	assert_true(tally.denied > tally.calls / 10 && tally.denied < tally.calls);
	assert_true(tally.logged > 0);
}

static void x86_64_closed(void **state)
{
	(void)state;
	run_sets(VP_ABI_X86_64, false);
}

static void x86_64_covered(void **state)
{
	(void)state;
	run_sets(VP_ABI_X86_64, true);
}

static void aarch64_closed(void **state)
{
	(void)state;
	run_sets(VP_ABI_AARCH64, false);
}

static void aarch64_covered(void **state)
{
	(void)state;
	run_sets(VP_ABI_AARCH64, true);
}

int property_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x86_64_closed),
		cmocka_unit_test(x86_64_covered),
		cmocka_unit_test(aarch64_closed),
		cmocka_unit_test(aarch64_covered),
	};

	return cmocka_run_group_tests_name("property", tests, NULL, NULL);
}
