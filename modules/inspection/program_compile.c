/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From rules to a program: conditions become inputs, atoms and terms, equal ones
 * once; then the patterns of each input become a database. The conditions were
 * validated (policy/validate_condition.c); what is beyond this compiler all the
 * same is an error with its place, never left out.
 */
#include <errno.h>

#include "modules/inspection/intern.h"
#include "modules/inspection/pattern.h"
#include "modules/inspection/program_condition.h"
#include "modules/inspection/program_layout.h"
#include "modules/inspection/variable.h"
#include "policy/policy.h"

#define NECESSARY_LEAST 3u

/* A pattern before its database is made. */
struct draft {
	uint32_t input, atom;
	size_t order;
	char *text;
	unsigned int flags;
	bool regex;
	const struct vp_location *at;
};

struct builder {
	struct vp_program *program;
	const struct vp_patch *patch; /* of the rule at hand */
	struct vp_intern inputs, atoms, relations;
	VP_ARRAY(uint32_t) places; /* of interned atoms: other ones stand among them */
	VP_ARRAY(struct draft) drafts;
	struct vp_error *err;
};

static struct vp_extent text_add(struct vp_program *program, const char *text, size_t len)
{
	struct vp_extent span = { (uint32_t)program->text.len, (uint32_t)len };

	vp_array_reserve(&program->text, program->text.len + len);
	for (size_t i = 0; i < len; i++)
		vp_array_push(&program->text, text[i]);
	return span;
}

static struct vp_extent blob_add(struct vp_program *program, const uint8_t *bytes, size_t len)
{
	struct vp_extent span = { (uint32_t)program->blob.len, (uint32_t)len };

	if (!len)
		return span;
	vp_array_reserve(&program->blob, program->blob.len + len);
	memcpy(program->blob.data + program->blob.len, bytes, len);
	program->blob.len += len;
	return span;
}

/* A variable is one of its patch. */
static void add_variable(const struct vp_patch *patch, const char *name, struct vp_strbuf *out)
{
	vp_strbuf_addf(out, "%s/%s", patch->id, name);
}

static char *argument_of(const struct builder *b, const struct vp_condition *condition)
{
	struct vp_strbuf out = { 0 };

	if (condition->field->id != VP_FIELD_FLOW)
		return vp_strdup(condition->argument);
	add_variable(b->patch, condition->argument, &out);
	return vp_strbuf_take(&out);
}

static void argument_key(const struct vp_condition *condition, const char *argument,
			 struct vp_strbuf *key)
{
	const char *text = argument ? argument : "";

	for (; *text; text++) {
		char c = *text;

		if (vp_field_caseless(condition->field->id) && c >= 'A' && c <= 'Z')
			c |= 0x20;
		vp_strbuf_addc(key, c);
	}
}

/* Fewer bytes than its length make a slice behind a string, where the operator asks for no
 * more. */
static uint32_t length_of(const struct vp_condition *condition)
{
	bool part = condition->op == VP_OP_CONTAINS || condition->op == VP_OP_STARTS_WITH;

	return condition->behind.data && (part || !condition->length) ? 1 : condition->length;
}

static void place_key(const struct vp_condition *condition, struct vp_strbuf *key)
{
	if (condition->start)
		vp_condition_print(condition->start, key);
	if (condition->behind.data)
		vp_bytes_print(condition->behind.data, condition->behind.len, key);
	vp_strbuf_addf(key, " %u %u", condition->offset, length_of(condition));
}

static void add_steps(struct vp_program *program, const struct vp_condition *condition,
		      size_t first, size_t count, struct vp_extent *steps)
{
	*steps = (struct vp_extent){ (uint32_t)program->steps.len, (uint32_t)count };
	for (size_t i = 0; i < count; i++)
		vp_array_push(&program->steps, condition->transforms.data[first + i]);
}

static void set_place(struct vp_program *program, const struct vp_condition *condition,
		      struct vp_input *input)
{
	const struct vp_condition *start = condition->start;
	bool little = start && start->transforms.len &&
		      start->transforms.data[0].kind == VP_TRANSFORM_LITTLE_ENDIAN;

	input->offset = condition->offset;
	input->length = length_of(condition);
	if (start) {
		input->from = VP_FROM_NUMBER;
		input->start.offset = start->offset;
		input->start.length = start->length;
		input->start.little_endian = little;
		add_steps(program, start, little, start->transforms.len - little,
			  &input->start.steps);
	}
	if (condition->behind.data) {
		input->from = VP_FROM_STRING;
		input->string =
			blob_add(program, condition->behind.data, condition->behind.len);
	}
}

static uint32_t input_of(struct builder *b, const struct vp_condition *condition,
			 const struct vp_condition_reading *reading)
{
	_cleanup_free_ char *argument = argument_of(b, condition);
	size_t transforms = reading->bytes;
	_cleanup_strbuf_ struct vp_strbuf key = { 0 };
	struct vp_program *program = b->program;
	bool sliced = condition->field->argument == VP_ARGUMENT_SLICE;
	struct vp_input *input;
	uint32_t number;
	bool is_new;

	vp_strbuf_addf(&key, "%u %u ", (unsigned int)condition->field->id, reading->base);
	place_key(condition, &key);
	for (size_t i = 0; i < transforms; i++)
		vp_strbuf_addf(&key, "|%d", (int)condition->transforms.data[i].kind);
	vp_strbuf_addc(&key, '(');
	argument_key(condition, argument, &key);
	number = vp_intern(&b->inputs, &key, &is_new);
	if (!is_new)
		return number;
	input = vp_array_add(&program->inputs);
	input->field = condition->field->id;
	if (argument)
		input->argument = text_add(program, argument, strlen(argument));
	input->sliced = sliced;
	set_place(program, condition, input);
	input->base = reading->base;
	input->streaming = vp_field_in_parts(condition->field->id) &&
			   (condition->behind.data || !condition->length ||
			    condition->length > VP_SLICE_WHOLE);
	input->transforms =
		(struct vp_extent){ (uint32_t)program->transforms.len, (uint32_t)transforms };
	for (size_t i = 0; i < transforms; i++)
		vp_array_push(&program->transforms, condition->transforms.data[i]);
	return number;
}

static void draft_values(struct builder *b, const struct vp_condition *condition,
			 const struct vp_values *values, const struct vp_location *at,
			 uint32_t atom)
{
	const struct vp_pattern_place place = {
		.string = { condition->behind.data, condition->behind.len },
		.skip = condition->offset,
		.length = condition->length,
	};

	vp_array_each (value, values) {
		struct draft *draft;

		if (value->kind == VP_VALUE_SET)
			draft_values(b, condition, &value->reference.set->values,
				     at ? at : &value->at, atom);
		if (value->kind != VP_VALUE_BYTES && value->kind != VP_VALUE_REGEX)
			continue;
		draft = vp_array_add(&b->drafts);
		draft->input = b->program->atoms.data[atom].input;
		draft->atom = atom;
		draft->order = b->drafts.len;
		draft->text = condition->behind.data
				      ? vp_pattern_behind(&place, condition->op, value,
							  &draft->flags)
				      : vp_pattern_text(condition->op, value, &draft->flags);
		draft->regex = value->kind == VP_VALUE_REGEX || condition->behind.data;
		draft->at = at ? at : &value->at;
	}
}

static struct vp_extent ranges_of(struct vp_program *program,
				  const struct vp_condition *condition,
				  enum vp_atom_source source)
{
	struct vp_extent span = { 0 };

	if (source == VP_ATOM_ADDRESS) {
		span.first = (uint32_t)program->addresses.len;
		vp_number_collect_addresses(condition, &program->addresses);
		span.count = (uint32_t)program->addresses.len - span.first;
	} else if (source != VP_ATOM_PRESENCE && source != VP_ATOM_PATTERNS) {
		span.first = (uint32_t)program->numbers.len;
		vp_number_collect(condition, &program->numbers);
		span.count = (uint32_t)program->numbers.len - span.first;
	}
	return span;
}

/* All that the atom is, sets written out: sets of one name differ between patches. */
static void values_key(const struct vp_values *values, struct vp_strbuf *key)
{
	vp_array_each (value, values) {
		if (value->kind == VP_VALUE_SET) {
			values_key(&value->reference.set->values, key);
			continue;
		}
		vp_value_print(value, key);
		vp_strbuf_addc(key, '\n');
	}
}

static struct vp_atom new_atom(struct builder *b, const struct vp_condition *condition,
			       const struct vp_condition_reading *reading)
{
	struct vp_atom atom = {
		.input = input_of(b, condition, reading),
		.source = reading->source,
		.little_endian = reading->little_endian,
		.relation = VP_NONE,
	};

	return atom;
}

/* An atom that gives the numbers of one side. */
static int side_of(struct builder *b, const struct vp_condition *condition, uint32_t relation,
		   uint32_t *number)
{
	struct vp_condition operand = *condition;
	struct vp_condition_reading reading;
	struct vp_atom atom;
	int code;

	/* of the right side only the field is given */
	operand.op = VP_OP_AT_LEAST;
	operand.values = (struct vp_values){ 0 };
	code = vp_condition_read(&operand, &reading, b->err);
	if (code)
		return code;
	atom = new_atom(b, &operand, &reading);
	atom.relation = relation;
	add_steps(b->program, &operand, reading.steps, reading.step_count, &atom.steps);
	*number = (uint32_t)b->program->atoms.len;
	vp_array_push(&b->program->atoms, atom);
	return 0;
}

/* A comparison of two fields. Equal ones are written alike. */
static int relation_of(struct builder *b, const struct vp_condition *condition,
		       uint32_t *number)
{
	_cleanup_strbuf_ struct vp_strbuf key = { 0 };
	struct vp_program *program = b->program;
	struct vp_condition positive = *condition;
	struct vp_relation relation = { .op = condition->op };
	uint32_t index = (uint32_t)program->relations.len;
	bool is_new;
	int code;

	positive.negated = false;
	add_variable(b->patch, "", &key); /* for what it may say of variables */
	vp_condition_print(&positive, &key);
	*number = vp_intern(&b->relations, &key, &is_new);
	if (!is_new) {
		*number = program->relations.data[*number].atom;
		return 0;
	}
	code = side_of(b, condition, index, &relation.sides[0]);
	if (!code)
		code = side_of(b, condition->other, index, &relation.sides[1]);
	if (code)
		return code;
	*number = relation.atom = (uint32_t)program->atoms.len;
	vp_array_push(&program->atoms,
		      ((struct vp_atom){ .input = program->atoms.data[relation.sides[0]].input,
					 .source = VP_ATOM_RELATION,
					 .relation = index }));
	vp_array_push(&program->relations, relation);
	return 0;
}

static int atom_of(struct builder *b, const struct vp_condition *condition, uint32_t *number)
{
	_cleanup_strbuf_ struct vp_strbuf key = { 0 };
	struct vp_program *program = b->program;
	struct vp_condition_reading reading;
	struct vp_atom atom;
	int code;
	bool is_new;

	if (condition->other)
		return relation_of(b, condition, number);
	code = vp_condition_read(condition, &reading, b->err);
	if (code)
		return code;
	if (reading.source == VP_ATOM_PRESENCE) { /* of an input there is one */
		reading.step_count = 0;
		reading.little_endian = false;
	}
	atom = new_atom(b, condition, &reading);
	vp_strbuf_addf(&key, "%u %d %d ", atom.input, (int)atom.source, atom.little_endian);
	for (size_t i = 0; i < reading.step_count; i++) {
		const struct vp_transform *step =
			&condition->transforms.data[reading.steps + i];

		vp_strbuf_addf(&key, "%d:%llu ", (int)step->kind,
			       (unsigned long long)step->number);
	}
	if (atom.source != VP_ATOM_PRESENCE) {
		/* behind a string the length is the pattern's, not the input's */
		vp_strbuf_addf(&key, "%d %u ", (int)condition->op, condition->length);
		values_key(&condition->values, &key);
	}
	*number = vp_intern(&b->atoms, &key, &is_new);
	if (!is_new) {
		*number = b->places.data[*number];
		return 0;
	}
	*number = (uint32_t)program->atoms.len;
	vp_array_push(&b->places, *number);
	add_steps(program, condition, reading.steps, reading.step_count, &atom.steps);
	atom.ranges = ranges_of(program, condition, atom.source);
	vp_array_push(&program->atoms, atom);
	if (condition->op < VP_OP_LESS_THAN || condition->op > VP_OP_AT_LEAST)
		draft_values(b, condition, &condition->values, NULL, *number);
	return 0;
}

static enum vp_term_sign sign_of(const struct vp_condition *condition)
{
	if (condition->op == VP_OP_ABSENT)
		return VP_TERM_ABSENT;
	return condition->negated ? VP_TERM_NOT : VP_TERM_HOLDS;
}

/* Terms of the conditions whose sign is (or is not) VP_TERM_HOLDS, or of all. */
static int terms_of(struct builder *b, const struct vp_conditions *conditions, bool positive,
		    bool negative, struct vp_extent *span)
{
	struct vp_program *program = b->program;

	span->first = (uint32_t)program->terms.len;
	vp_array_each (condition, conditions) {
		struct vp_term term = { .sign = sign_of(condition) };
		bool known = false;
		int code;

		if (!(term.sign == VP_TERM_HOLDS ? positive : negative))
			continue;
		code = atom_of(b, condition, &term.atom);
		if (code)
			return code;
		for (size_t i = span->first; i < program->terms.len; i++)
			known |= program->terms.data[i].atom == term.atom &&
				 program->terms.data[i].sign == term.sign;
		if (!known)
			vp_array_push(&program->terms, term);
	}
	span->count = (uint32_t)program->terms.len - span->first;
	return 0;
}

/* The longest literal that traffic has which satisfies the condition; owned by the caller. */
static uint8_t *necessary_literal(const struct vp_condition *condition, size_t *len)
{
	uint8_t *literal = NULL;

	*len = 0;
	if (condition->negated || condition->op == VP_OP_ABSENT ||
	    !vp_field_raw(condition->field->id))
		return NULL;
	if (condition->values.len == 1 && !condition->transforms.len &&
	    (condition->op < VP_OP_LESS_THAN || condition->op > VP_OP_AT_LEAST))
		literal = vp_pattern_necessary(&condition->values.data[0], len);
	if (condition->behind.len <= *len)
		return literal;
	free(literal);
	*len = condition->behind.len;
	return vp_memdup(condition->behind.data, *len);
}

/* The longest literal of the rule's positive conditions on raw traffic. */
static struct vp_extent necessary_of(struct vp_program *program, const struct vp_rule *rule)
{
	_cleanup_free_ uint8_t *best = NULL;
	size_t best_len = 0;

	vp_array_each (condition, &rule->when) {
		_cleanup_free_ uint8_t *literal = NULL;
		size_t len = 0;

		literal = necessary_literal(condition, &len);
		if (len < NECESSARY_LEAST || len <= best_len)
			continue;
		free(best);
		best = TAKE_PTR(literal);
		best_len = len;
	}
	return blob_add(program, best, best_len);
}

static uint64_t variable_of(const struct builder *b, const struct vp_rule *rule)
{
	_cleanup_strbuf_ struct vp_strbuf name = { 0 };

	if (!rule->set)
		return 0;
	add_variable(b->patch, rule->set, &name);
	return vp_variable_key((struct vp_slice){ (const uint8_t *)name.data, name.len });
}

static int rule_add(struct builder *b, const struct vp_placement *placement)
{
	const struct vp_rule *rule = placement->rule;
	struct vp_rule_terms terms = { 0 };
	int code;

	b->patch = placement->patch;
	vp_array_push(&b->program->rules,
		      ((struct vp_program_rule){ .tag = placement->tag,
						 .mode = placement->mode,
						 .direction = rule->direction,
						 .threshold = rule->threshold,
						 .action = rule->action,
						 .variable = variable_of(b, rule) }));
	code = terms_of(b, &rule->when, true, false, &terms.positives);
	if (!code)
		code = terms_of(b, &rule->when, false, true, &terms.negatives);
	if (!code)
		code = terms_of(b, &rule->except, true, true, &terms.exceptions);
	terms.necessary = necessary_of(b->program, rule);
	vp_array_push(&b->program->terms_of, terms);
	return code;
}

static int draft_compare(const void *a, const void *b)
{
	const struct draft *x = a, *y = b;

	if (x->input != y->input)
		return x->input < y->input ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* A pattern that the database does not decide alone must be one for PCRE2. */
static int keep_text(struct builder *b, const struct draft *draft,
		     struct vp_program_pattern *pattern)
{
	struct vp_confirm *confirm;

	if (pattern->decider == VP_DECIDED)
		return 0;
	confirm = vp_confirm_new(draft->text, draft->flags, b->err);
	if (!confirm)
		return vp_fail_context(b->err, "%s:%u",
				       draft->at->file ? draft->at->file : "?",
				       draft->at->line);
	vp_confirm_free(confirm);
	pattern->text = text_add(b->program, draft->text, strlen(draft->text) + 1);
	return 0;
}

static int database_make(struct builder *b, const struct draft *drafts, size_t count)
{
	struct vp_program *program = b->program;
	struct vp_input *input = &program->inputs.data[drafts->input];
	_cleanup_free_ struct vp_database_pattern *patterns =
		vp_alloc(count, sizeof(*patterns));
	struct vp_database *database = NULL;
	_cleanup_free_ uint8_t *bytes = NULL;
	size_t len = 0;
	int code;

	for (size_t i = 0; i < count; i++)
		patterns[i] = (struct vp_database_pattern){ .text = drafts[i].text,
							    .flags = drafts[i].flags,
							    .regex = drafts[i].regex };
	code = vp_database_compile(patterns, count, input->streaming, &database, b->err);
	if (code)
		return vp_fail_context(b->err, "%s:%u: and others on `%s`",
				       drafts->at->file ? drafts->at->file : "?",
				       drafts->at->line, vp_fields[input->field].name);
	if (database && vp_database_pack(database, &bytes, &len))
		code = vp_fail(b->err, -ENOMEM, "the pattern matcher cannot pack a database");
	vp_database_free(database);
	input->database = blob_add(program, bytes, len);
	input->patterns =
		(struct vp_extent){ (uint32_t)program->patterns.len, (uint32_t)count };
	for (size_t i = 0; i < count && !code; i++) {
		struct vp_program_pattern *pattern = vp_array_add(&program->patterns);

		pattern->atom = drafts[i].atom;
		pattern->decider = patterns[i].decider;
		pattern->flags = drafts[i].flags;
		code = keep_text(b, &drafts[i], pattern);
	}
	return code;
}

static int databases_make(struct builder *b)
{
	int code = 0;

	if (!b->drafts.len)
		return 0;
	qsort(b->drafts.data, b->drafts.len, sizeof(*b->drafts.data), draft_compare);
	for (size_t i = 0, end; i < b->drafts.len && !code; i = end) {
		for (end = i + 1; end < b->drafts.len &&
				  b->drafts.data[end].input == b->drafts.data[i].input;
		     end++)
			;
		code = database_make(b, &b->drafts.data[i], end - i);
	}
	return code;
}

struct vp_program *vp_program_compile(const struct vp_placement *const *rules, size_t count,
				      struct vp_error *err)
{
	struct builder b = { .program = vp_new(struct vp_program), .err = err };
	int code = 0;

	for (size_t i = 0; i < count && !code; i++)
		code = rule_add(&b, rules[i]);
	if (!code)
		code = databases_make(&b);
	if (!code)
		code = vp_program_link(b.program, err);
	vp_array_each (draft, &b.drafts)
		free(draft->text);
	vp_array_free(&b.drafts);
	vp_intern_free(&b.inputs);
	vp_intern_free(&b.atoms);
	vp_intern_free(&b.relations);
	vp_array_free(&b.places);
	if (!code)
		return b.program;
	vp_program_free(b.program);
	return NULL;
}
