/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of [syscalls NAME] and of samples: names, conditions on arguments and
 * their values, typed by the prototypes. Alternatives become rules of their own,
 * so that a rule is a plain conjunction, as a filter wants it.
 */
#include "policy/validate_call.h"

#include <errno.h>
#include <string.h>

#include "policy/suggest.h"

#define ALTERNATIVES_MAX 256  /* rules of one term */
#define RULES_MAX	 1024 /* of a section: a filter has room for no more */

static const char example[] = "socket(domain = AF_NETLINK, protocol = NETLINK_XFRM)";

enum comparison {
	OP_EQUAL,
	OP_UNEQUAL,
	OP_LESS,
	OP_GREATER,
	OP_AT_LEAST,
	OP_AT_MOST,
	OP_HAS,
	OP_ANY,
	OP_IN
};

/* In the order in which they are tried. */
static const struct {
	const char *text;
	enum comparison op;
	bool word;
} operators[] = {
	{ "!=", OP_UNEQUAL, false }, { "<=", OP_AT_MOST, false }, { ">=", OP_AT_LEAST, false },
	{ "=", OP_EQUAL, false },    { "<", OP_LESS, false },	  { ">", OP_GREATER, false },
	{ "has", OP_HAS, true },     { "any", OP_ANY, true },	  { "in", OP_IN, true },
};

static const enum vp_call_compare compares[] = {
	[OP_EQUAL] = VP_CALL_EQUAL,	  [OP_UNEQUAL] = VP_CALL_UNEQUAL,
	[OP_LESS] = VP_CALL_LESS,	  [OP_GREATER] = VP_CALL_GREATER,
	[OP_AT_LEAST] = VP_CALL_AT_LEAST, [OP_AT_MOST] = VP_CALL_AT_MOST,
	[OP_HAS] = VP_CALL_EQUAL,	  [OP_ANY] = VP_CALL_EQUAL,
	[OP_IN] = VP_CALL_EQUAL,
};

/* A condition being read: its argument, and what it becomes. */
struct reading {
	struct vp_lexer *lexer;
	const struct vp_call_prototype *call;
	const struct vp_call_argument *argument;
	int index; /* of the argument */
	enum comparison op;
	struct vp_strbuf *text;
	VP_ARRAY(struct vp_call_condition) alternatives;
};

static uint64_t full_mask(const struct vp_call_argument *argument)
{
	return vp_call_is_wide(argument) ? UINT64_MAX : UINT32_MAX;
}

/* The bits of the argument that count when it is compared as a whole. */
static uint64_t own_mask(const struct vp_call_argument *argument)
{
	return argument->mask ? argument->mask : full_mask(argument);
}

static bool has_flags(const struct vp_call_argument *argument)
{
	return argument->type == VP_CALL_FLAGS || argument->type == VP_CALL_LONG_FLAGS;
}

/* Names */

static bool unknown_argument(struct vp_lexer *lexer, const struct vp_call_prototype *call,
			     const char *word, size_t length)
{
	_cleanup_strbuf_ struct vp_strbuf all = { 0 };
	struct vp_suggestion suggestion = { .text = word, .length = length };

	if (!strcmp(call->name, "clone3"))
		return vp_lexer_fail(
			lexer, word,
			"expected clone3 without conditions, found `%.*s`: its "
			"flags are in memory, which a filter cannot read; use the "
			"set `userns`, or deny it whole with `action = errno "
			"ENOSYS`, for which the C library takes clone",
			vp_excerpt(word, length), word);
	if (!call->arguments[0].name)
		return vp_lexer_fail(lexer, word,
				     "expected %s without arguments, as it has none, found "
				     "`%.*s`",
				     call->name, vp_excerpt(word, length), word);
	for (size_t i = 0; i < VP_CALL_ARGUMENTS && call->arguments[i].name; i++) {
		vp_suggest(&suggestion, call->arguments[i].name);
		vp_strbuf_addf(&all, "%s%s", i ? ", " : "", call->arguments[i].name);
	}
	if (!length)
		return vp_lexer_expected(lexer, word, "the name of an argument", example);
	return vp_lexer_fail(
		lexer, word, "expected an argument of %s (%s), found `%.*s`%s%s%s", call->name,
		vp_strbuf_text(&all), vp_excerpt(word, length), word,
		suggestion.best ? "; did you mean `" : "",
		suggestion.best ? suggestion.best : "", suggestion.best ? "`?" : "");
}

static bool read_argument(struct reading *reading)
{
	struct vp_lexer *lexer = reading->lexer;
	const char *word;
	size_t length = vp_lexer_word(lexer, "", &word);

	reading->index = length ? vp_call_argument_find(reading->call, word, length) : -1;
	if (reading->index < 0)
		return unknown_argument(lexer, reading->call, word, length);
	reading->argument = &reading->call->arguments[reading->index];
	vp_strbuf_adds(reading->text, reading->argument->name);
	return true;
}

static bool read_operator(struct reading *reading)
{
	struct vp_lexer *lexer = reading->lexer;
	bool end = vp_lexer_end(lexer);
	size_t left = end ? 0 : (size_t)(lexer->end - lexer->next);

	for (size_t i = 0; i < VP_COUNT(operators); i++) {
		size_t length = strlen(operators[i].text);

		if (operators[i].word
			    ? !vp_lexer_take(lexer, operators[i].text)
			    : left < length || memcmp(lexer->next, operators[i].text, length))
			continue;
		if (!operators[i].word)
			lexer->next += length;
		if (lexer->next < lexer->end && *lexer->next == '=')
			break; /* == */
		reading->op = operators[i].op;
		vp_strbuf_addf(reading->text, " %s ", operators[i].text);
		return true;
	}
	return vp_lexer_expected(
		lexer, lexer->next,
		"`=`, `!=`, `<`, `<=`, `>`, `>=`, `has`, `any` or `in` behind "
		"the argument",
		example);
}

/* Values */

static bool no_memory(const struct reading *reading, const char *at)
{
	return vp_lexer_expected(reading->lexer, at,
				 "a number, as the argument is an address and a filter cannot "
				 "read the memory behind it",
				 "waitid(infop has 0x8000000000000000)");
}

static bool unknown_constant(const struct reading *reading, const char *word, size_t length)
{
	const struct vp_call_argument *argument = reading->argument;
	struct vp_suggestion suggestion = { .text = word, .length = length };

	if (argument->type == VP_CALL_POINTER)
		return no_memory(reading, word);
	if (!argument->families)
		return vp_lexer_fail(
			reading->lexer, word,
			"expected a number for `%s` of %s, for which there are no "
			"names, found `%.*s`",
			argument->name, reading->call->name, vp_excerpt(word, length), word);
	vp_call_constant_suggest(argument->families, &suggestion);
	return vp_lexer_fail(
		reading->lexer, word,
		"expected a constant for `%s` of %s, or a number, found `%.*s`%s%s%s",
		argument->name, reading->call->name, vp_excerpt(word, length), word,
		suggestion.best ? "; did you mean `" : "",
		suggestion.best ? suggestion.best : "", suggestion.best ? "`?" : "");
}

/* A constant or a number. Of a negative constant 64 bits. */
static bool read_part(const struct reading *reading, uint64_t *value)
{
	struct vp_lexer *lexer = reading->lexer;
	const struct vp_call_constant *constant;
	const char *word;
	size_t length = vp_lexer_word(lexer, "", &word);

	if (!length && word < lexer->end && *word == '"' &&
	    reading->argument->type == VP_CALL_POINTER)
		return no_memory(reading, word);
	if (!length)
		return vp_lexer_expected(lexer, word, "a constant or a number", example);
	if (*word == '-')
		return vp_lexer_expected(lexer, word, "a number that is not negative",
					 "0xffffffff");
	vp_strbuf_add(reading->text, word, length);
	if (*word >= '0' && *word <= '9') {
		lexer->next = word;
		return vp_lexer_number(lexer, value);
	}
	constant = vp_call_constant_find(reading->argument->families, word, length);
	if (!constant)
		return unknown_constant(reading, word, length);
	*value = constant->value;
	return true;
}

/* PART {| PART} */
static bool read_value(const struct reading *reading, uint64_t *value)
{
	uint64_t part;

	if (!read_part(reading, value))
		return false;
	while (vp_lexer_skip(reading->lexer, '|')) {
		vp_strbuf_addc(reading->text, '|');
		if (!read_part(reading, &part))
			return false;
		*value |= part;
	}
	return true;
}

/* Could a condition with this value hold, and could it fail? */

static bool check_equal(const struct reading *reading, const char *at, uint64_t value)
{
	const struct vp_call_argument *argument = reading->argument;
	struct vp_location place = vp_lexer_at(reading->lexer, at);

	if (value & ~own_mask(argument))
		return vp_lexer_fail(
			reading->lexer, at,
			"expected a value within 0x%llx for `%s` of %s, found 0x%llx: the "
			"bits above are flags, which are not compared; ask for them with "
			"`has`",
			(unsigned long long)own_mask(argument), argument->name,
			reading->call->name, (unsigned long long)value);
	if (reading->op != OP_UNEQUAL && value && has_flags(argument))
		vp_find_warning(reading->lexer->findings, &place,
				"`%s` of %s are flags: a call with one more flag gets past "
				"`=`; ask for flags with `has` or `any`",
				argument->name, reading->call->name);
	return true;
}

static bool check_order(const struct reading *reading, const char *at, uint64_t value)
{
	const struct vp_call_argument *argument = reading->argument;
	uint64_t most = own_mask(argument);
	bool never =
		reading->op == OP_LESS ? !value : reading->op == OP_GREATER && value >= most;
	bool always = reading->op == OP_AT_LEAST ? !value
						 : reading->op == OP_AT_MOST && value >= most;

	if (has_flags(argument))
		return vp_lexer_fail(
			reading->lexer, at,
			"expected `=`, `!=`, `has` or `any` for `%s` of %s, which "
			"are flags, found a comparison of size",
			argument->name, reading->call->name);
	if (never || always)
		return vp_lexer_fail(
			reading->lexer, at,
			"expected a comparison that decides something, found one "
			"that %s holds: `%s` of %s is unsigned and at most 0x%llx",
			never ? "never" : "always", argument->name, reading->call->name,
			(unsigned long long)most);
	return true;
}

static bool check_bits(const struct reading *reading, const char *at, uint64_t value)
{
	const struct vp_call_argument *argument = reading->argument;

	if (!value)
		return vp_lexer_fail(
			reading->lexer, at,
			"expected at least one flag behind `has` or `any`, found 0");
	if (argument->type == VP_CALL_INT && (!argument->mask || value & argument->mask))
		return vp_lexer_fail(reading->lexer, at,
				     "expected `=` or `in` for `%s` of %s, which is a number "
				     "and not flags, found `has` or `any`",
				     argument->name, reading->call->name);
	return true;
}

static bool check_value(const struct reading *reading, const char *at, uint64_t *value)
{
	const struct vp_call_argument *argument = reading->argument;

	if (!vp_call_is_wide(argument)) {
		if (*value >> 31 == UINT64_MAX >> 31)
			*value &= UINT32_MAX; /* a negative constant */
		if (*value > UINT32_MAX)
			return vp_lexer_fail(reading->lexer, at,
					     "expected at most 32 bits for `%s` of %s, of "
					     "which the kernel reads no more, found 0x%llx",
					     argument->name, reading->call->name,
					     (unsigned long long)*value);
	}
	switch (reading->op) {
	case OP_EQUAL:
	case OP_UNEQUAL:
	case OP_IN:
		return check_equal(reading, at, *value);
	case OP_LESS:
	case OP_GREATER:
	case OP_AT_LEAST:
	case OP_AT_MOST:
		return check_order(reading, at, *value);
	case OP_HAS:
	case OP_ANY:
		return check_bits(reading, at, *value);
	}
	return false;
}

static void add_alternative(struct reading *reading, uint64_t mask, uint64_t value)
{
	struct vp_call_condition *condition = vp_array_add(&reading->alternatives);

	condition->argument = (uint8_t)reading->index;
	condition->wide = vp_call_is_wide(reading->argument);
	condition->compare = compares[reading->op];
	condition->mask = mask;
	condition->value = value;
}

static bool read_compared(struct reading *reading)
{
	const char *at;
	uint64_t value;

	vp_lexer_end(reading->lexer);
	at = reading->lexer->next;
	if (!read_value(reading, &value) || !check_value(reading, at, &value))
		return false;
	if (reading->op == OP_HAS)
		add_alternative(reading, value, value);
	else if (reading->op != OP_ANY)
		add_alternative(reading, own_mask(reading->argument), value);
	for (uint64_t bits = value; reading->op == OP_ANY && bits; bits &= bits - 1)
		add_alternative(reading, bits & -bits, bits & -bits);
	return true;
}

/* (VALUE, VALUE) behind `in` */
static bool read_list(struct reading *reading)
{
	const char *separator = "(";

	if (!vp_lexer_skip(reading->lexer, '('))
		return vp_lexer_expected(reading->lexer, reading->lexer->next,
					 "`(` behind `in`", "type in (SOCK_RAW, SOCK_PACKET)");
	do {
		vp_strbuf_adds(reading->text, separator);
		if (!read_compared(reading))
			return false;
		separator = ", ";
	} while (vp_lexer_skip(reading->lexer, ','));
	if (!vp_lexer_skip(reading->lexer, ')'))
		return vp_lexer_expected(reading->lexer, reading->lexer->next,
					 "`,` or `)` behind the value",
					 "type in (SOCK_RAW, SOCK_PACKET)");
	vp_strbuf_addc(reading->text, ')');
	return true;
}

/* Rules */

static void copy_rule(struct vp_call_rules *rules, const struct vp_call_rule *from,
		      const struct vp_call_condition *more)
{
	struct vp_call_rule *rule = vp_array_add(rules);

	rule->prototype = from->prototype;
	vp_array_each (condition, &from->conditions)
		vp_array_push(&rule->conditions, *condition);
	vp_array_push(&rule->conditions, *more);
}

/* Every rule so far with every alternative of one more condition. */
static bool multiply(struct reading *reading, struct vp_call_rules *rules)
{
	struct vp_call_rules product = { 0 };

	if (rules->len * reading->alternatives.len > ALTERNATIVES_MAX)
		return vp_lexer_fail(reading->lexer, reading->lexer->next,
				     "expected at most %d combinations of alternatives, found "
				     "more; write several terms",
				     ALTERNATIVES_MAX);
	vp_array_each (rule, rules)
		vp_array_each (condition, &reading->alternatives)
			copy_rule(&product, rule, condition);
	vp_call_rules_free(rules);
	*rules = product;
	return true;
}

static bool contradict(const struct vp_call_condition *a, const struct vp_call_condition *b)
{
	return a->argument == b->argument && a->compare == VP_CALL_EQUAL &&
	       b->compare == VP_CALL_EQUAL && (a->value ^ b->value) & a->mask & b->mask;
}

static bool is_possible(const struct vp_call_rule *rule)
{
	vp_array_each (a, &rule->conditions)
		vp_array_each (b, &rule->conditions)
			if (contradict(a, b))
				return false;
	return true;
}

static bool read_condition(struct vp_lexer *lexer, struct vp_call_rules *rules,
			   const struct vp_call_prototype *call, struct vp_strbuf *text)
{
	struct reading reading = { .lexer = lexer, .call = call, .text = text };
	bool good = read_argument(&reading) && read_operator(&reading) &&
		    (reading.op == OP_IN ? read_list(&reading) : read_compared(&reading)) &&
		    multiply(&reading, rules);

	vp_array_free(&reading.alternatives);
	return good;
}

/* CONDITION {, CONDITION} ) */
static bool read_conditions(struct vp_lexer *lexer, struct vp_call_rules *rules,
			    const struct vp_call_prototype *call, struct vp_strbuf *text)
{
	const char *separator = "(";

	do {
		vp_strbuf_adds(text, separator);
		if (!read_condition(lexer, rules, call, text))
			return false;
		separator = ", ";
	} while (vp_lexer_skip(lexer, ','));
	if (!vp_lexer_skip(lexer, ')'))
		return vp_lexer_expected(lexer, lexer->next, "`,` or `)` behind the condition",
					 example);
	vp_strbuf_addc(text, ')');
	vp_array_each (rule, rules)
		vp_call_rule_narrow(rule);
	return true;
}

static void add_rule(struct vp_syscalls *syscalls, const struct vp_call_prototype *call,
		     const struct vp_location *at, int error)
{
	struct vp_call_rule *rule = vp_array_add(&syscalls->rules);

	rule->prototype = call;
	rule->at = *at;
	rule->error = error;
}

/* With clone narrowed, clone3 must go: its flags cannot be read. ENOSYS sends the C library
 * back to clone. */
static void answer_clone3(struct vp_syscalls *syscalls, const struct vp_location *at)
{
	const struct vp_call_prototype *clone3 = vp_call_find("clone3", 6);

	vp_array_each (rule, &syscalls->rules)
		if (rule->prototype == clone3 && rule->error == ENOSYS)
			return;
	add_rule(syscalls, clone3, at, ENOSYS);
}

static bool take_rules(struct vp_lexer *lexer, const char *word, struct vp_syscalls *syscalls,
		       struct vp_call_rules *rules, const struct vp_location *at)
{
	size_t before = syscalls->rules.len;

	vp_array_each (rule, rules) {
		if (!is_possible(rule))
			continue;
		rule->at = *at;
		vp_array_push(&syscalls->rules, *rule);
		memset(&rule->conditions, 0, sizeof(rule->conditions));
	}
	if (syscalls->rules.len == before)
		return vp_lexer_fail(lexer, word,
				     "expected conditions that can hold together, found some "
				     "that exclude each other");
	return true;
}

/* The call at `word`, with its conditions. */
static bool read_call(struct vp_lexer *lexer, const char *word,
		      const struct vp_call_prototype *call, struct vp_syscalls *syscalls,
		      const struct vp_location *at, struct vp_strbuf *text)
{
	struct vp_call_rules rules = { 0 };
	bool good;

	vp_strbuf_adds(text, call->name);
	if (!vp_lexer_skip(lexer, '(')) {
		add_rule(syscalls, call, at, 0);
		return true;
	}
	vp_array_add(&rules)->prototype = call;
	good = read_conditions(lexer, &rules, call, text) &&
	       take_rules(lexer, word, syscalls, &rules, at);
	vp_call_rules_free(&rules);
	if (good && !strcmp(call->name, "clone"))
		answer_clone3(syscalls, at);
	return good;
}

static bool expand_set(struct vp_lexer *lexer, const struct vp_call_set *set,
		       struct vp_syscalls *syscalls, const struct vp_location *at)
{
	if (vp_lexer_skip(lexer, '('))
		return vp_lexer_fail(
			lexer, lexer->next - 1,
			"expected the set `%s` without arguments, found `(`; name "
			"the call instead",
			set->name);
	for (size_t i = 0; i < VP_CALL_SET_MEMBERS && set->members[i]; i++) {
		_cleanup_strbuf_ struct vp_strbuf text = { 0 };
		const char *member = set->members[i], *word;
		struct vp_lexer inner = { .file = lexer->file,
					  .start = member,
					  .next = member,
					  .end = member + strlen(member),
					  .line = at->line,
					  .column = at->column,
					  .findings = lexer->findings };
		size_t length = vp_lexer_word(&inner, "", &word);

		if (!read_call(&inner, word, vp_call_find(word, length), syscalls, at, &text))
			return false;
	}
	return true;
}

static void warn_many(struct vp_lexer *lexer, const struct vp_call_prototype *call,
		      const struct vp_syscalls *syscalls, const struct vp_location *at)
{
	if (vp_call_traits(call) & VP_CALL_MANY &&
	    !syscalls->rules.data[syscalls->rules.len - 1].conditions.len)
		vp_find_warning(lexer->findings, at,
				"`%s` stands for many operations: denying it without "
				"arguments breaks programs that need the others",
				call->name);
}

bool vp_read_call_term(struct vp_lexer *lexer, struct vp_syscalls *syscalls)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	const char *word;
	size_t length = vp_lexer_word(lexer, "", &word), first = syscalls->rules.len;
	struct vp_location at = vp_lexer_at(lexer, word);
	const struct vp_call_prototype *call = length ? vp_call_find(word, length) : NULL;
	const struct vp_call_set *set = length ? vp_call_set_find(word, length) : NULL;
	struct vp_call_term *term;

	/* bpf and ptrace are both: the set, unless there are conditions */
	if (set && (!call || vp_lexer_end(lexer) || *lexer->next != '(')) {
		if (!expand_set(lexer, set, syscalls, &at))
			return false;
		vp_strbuf_adds(&text, set->name);
	} else if (call) {
		if (!read_call(lexer, word, call, syscalls, &at, &text))
			return false;
		warn_many(lexer, call, syscalls, &at);
	} else {
		return vp_unknown_call(lexer, word, length, true);
	}
	if (syscalls->rules.len > RULES_MAX)
		return vp_lexer_fail(lexer, word,
				     "expected at most %d rules in a section, found more, as "
				     "each alternative is one",
				     RULES_MAX);
	term = vp_array_add(&syscalls->deny);
	term->text = vp_strbuf_take(&text);
	term->at = at;
	term->first = first;
	term->count = syscalls->rules.len - first;
	return true;
}

/* Concrete calls */

static bool read_given(struct reading *reading, struct vp_call_vector *vector, bool given[])
{
	const char *at;

	vp_lexer_end(reading->lexer);
	at = reading->lexer->next;
	if (!read_argument(reading))
		return false;
	if (given[reading->index])
		return vp_lexer_fail(reading->lexer, at,
				     "expected each argument once, found `%s` again",
				     reading->argument->name);
	given[reading->index] = true;
	if (!vp_lexer_skip(reading->lexer, '='))
		return vp_lexer_expected(reading->lexer, reading->lexer->next,
					 "`=` behind the argument of a concrete call",
					 "socket(domain = AF_INET, type = SOCK_STREAM)");
	vp_strbuf_adds(reading->text, " = ");
	return read_value(reading, &vector->arguments[reading->index]);
}

bool vp_read_call_vector(struct vp_lexer *lexer, struct vp_call_vector *vector,
			 struct vp_strbuf *text)
{
	struct reading reading = { .lexer = lexer, .text = text };
	bool given[VP_CALL_ARGUMENTS] = { false };
	const char *word, *separator = "(";
	size_t length = vp_lexer_word(lexer, "", &word);

	vector->at = vp_lexer_at(lexer, word);
	vector->prototype = length ? vp_call_find(word, length) : NULL;
	if (!vector->prototype)
		return vp_unknown_call(lexer, word, length, false);
	reading.call = vector->prototype;
	vp_strbuf_adds(text, vector->prototype->name);
	if (!vp_lexer_skip(lexer, '('))
		return true;
	do {
		vp_strbuf_adds(text, separator);
		if (!read_given(&reading, vector, given))
			return false;
		separator = ", ";
	} while (vp_lexer_skip(lexer, ','));
	if (!vp_lexer_skip(lexer, ')'))
		return vp_lexer_expected(lexer, lexer->next, "`,` or `)` behind the argument",
					 example);
	vp_strbuf_addc(text, ')');
	return true;
}
