/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What follows from a program's packed part: which inputs a value goes to, which
 * rules an atom concerns, and when each rule can be certain.
 */
#include <errno.h>

#include "lib/digest.h"
#include "modules/inspection/program_layout.h"
#include "modules/inspection/variable.h"

struct pair {
	uint32_t key, item;
};

VP_ARRAY_TYPE(pairs, struct pair);

/* Sort pairs into lists by key, in their order; the pairs are released. */
static void lists_make(struct vp_index *lists, size_t count, struct pairs *pairs)
{
	lists->count = count;
	lists->first = vp_alloc(count + 2, sizeof(*lists->first));
	lists->items = vp_alloc(pairs->len + 1, sizeof(*lists->items));
	/* counts two places up become beginnings one place up, which the filling moves on */
	vp_array_each (pair, pairs)
		lists->first[pair->key + 2]++;
	for (size_t i = 2; i < count + 2; i++)
		lists->first[i] += lists->first[i - 1];
	vp_array_each (pair, pairs)
		lists->items[lists->first[pair->key + 1]++] = pair->item;
	vp_array_free(pairs);
}

static void push(struct pairs *pairs, size_t key, size_t item)
{
	vp_array_push(pairs, ((struct pair){ (uint32_t)key, (uint32_t)item }));
}

/* ASCII only, whatever the locale */
static uint8_t folded(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

static uint64_t name_hash(enum vp_field_id field, const uint8_t *name, size_t len)
{
	uint64_t hash = VP_DIGEST_SEED + (uint64_t)field;

	if (!vp_field_caseless(field))
		return vp_digest(hash, name, len);
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = folded(name[i]);

		hash = vp_digest(hash, &byte, 1);
	}
	return hash;
}

static bool name_same(enum vp_field_id field, const uint8_t *a, const uint8_t *b, size_t len)
{
	if (!vp_field_caseless(field))
		return !memcmp(a, b, len);
	for (size_t i = 0; i < len; i++)
		if (folded(a[i]) != folded(b[i]))
			return false;
	return true;
}

static const uint8_t *argument_of(const struct vp_program *program, struct vp_extent argument)
{
	return argument.count ? (const uint8_t *)program->text.data + argument.first
			      : (const uint8_t *)"";
}

/* The bucket where the name is, or would be. */
static size_t bucket_of(const struct vp_program *program, enum vp_field_id field,
			const uint8_t *name, size_t len)
{
	size_t bucket = name_hash(field, name, len) & program->bucket_mask;

	for (;; bucket = (bucket + 1) & program->bucket_mask) {
		const struct vp_input_group *group;

		if (program->buckets[bucket] == VP_NONE)
			return bucket;
		group = &program->groups.data[program->buckets[bucket]];
		if (group->field == (uint32_t)field && group->argument.count == len &&
		    (!len ||
		     name_same(field, name, argument_of(program, group->argument), len)))
			return bucket;
	}
}

uint32_t vp_program_group(const struct vp_program *program, enum vp_field_id field,
			  struct vp_slice name)
{
	if (vp_fields[field].argument != VP_ARGUMENT_REQUIRED &&
	    vp_fields[field].argument != VP_ARGUMENT_OPTIONAL)
		name.len = 0;
	if (name.len > program->longest_argument)
		return VP_NONE;
	return program->buckets[bucket_of(program, field, name.data, name.len)];
}

static void link_groups(struct vp_program *program)
{
	struct pairs groups = { 0 }, inputs = { 0 };
	size_t size = 16;

	while (size < 4 * program->inputs.len)
		size *= 2;
	program->bucket_mask = size - 1;
	program->buckets = vp_alloc(size, sizeof(*program->buckets));
	memset(program->buckets, 0xff, size * sizeof(*program->buckets));
	for (size_t i = 0; i < program->inputs.len; i++) {
		const struct vp_input *input = &program->inputs.data[i];
		size_t bucket;

		if (input->argument.count > program->longest_argument)
			program->longest_argument = input->argument.count;
		bucket =
			bucket_of(program, input->field, argument_of(program, input->argument),
				  input->argument.count);
		if (program->buckets[bucket] == VP_NONE) {
			program->buckets[bucket] = (uint32_t)program->groups.len;
			push(&groups, input->field, program->groups.len);
			vp_array_push(
				&program->groups,
				((struct vp_input_group){ input->field, input->argument }));
		}
		push(&inputs, program->buckets[bucket], i);
	}
	lists_make(&program->groups_of, VP_FIELD_COUNT, &groups);
	lists_make(&program->inputs_of, program->groups.len, &inputs);
}

/* Who is told of a value of the atom's input. */
static void link_atom(struct vp_program *program, uint32_t number, struct pairs *compared,
		      struct pairs *counted)
{
	struct vp_atom *atom = &program->atoms.data[number];
	struct vp_input *input = &program->inputs.data[atom->input];

	atom->stage = input->stage;
	switch (atom->source) {
	case VP_ATOM_PRESENCE:
		input->presence = number;
		break;
	case VP_ATOM_VALUE:
		input->number = true;
		push(compared, atom->input, number);
		break;
	case VP_ATOM_LENGTH:
	case VP_ATOM_ADDRESS:
		push(compared, atom->input, number);
		break;
	case VP_ATOM_COUNTED:
		push(counted, input->stage, number);
		break;
	case VP_ATOM_RELATION:
	case VP_ATOM_PATTERNS:
	case VP_ATOM_SOURCE_COUNT:
		break;
	}
}

/* A relation is certain when both its sides are, and concerns both their inputs. */
static void link_relation(struct vp_program *program, const struct vp_relation *relation,
			  struct pairs *atoms)
{
	struct vp_atom *atom = &program->atoms.data[relation->atom];
	const struct vp_atom *left = &program->atoms.data[relation->sides[0]];
	const struct vp_atom *right = &program->atoms.data[relation->sides[1]];

	atom->stage = left->stage > right->stage ? left->stage : right->stage;
	push(atoms, left->input, relation->atom);
	if (right->input != left->input)
		push(atoms, right->input, relation->atom);
}

static void link_atoms(struct vp_program *program)
{
	struct pairs atoms = { 0 }, compared = { 0 }, counted = { 0 };

	vp_array_each (input, &program->inputs) {
		input->stage = vp_field_stage(input->field);
		input->presence = VP_NONE;
		if (input->from == VP_FROM_STRING)
			input->anchor = vp_anchor_new(
				(struct vp_slice){ program->blob.data + input->string.first,
						   input->string.count },
				input->offset, input->length);
		if (input->field == VP_FIELD_FLOW)
			input->variable = vp_variable_key(
				(struct vp_slice){ argument_of(program, input->argument),
						   input->argument.count });
	}
	for (uint32_t i = 0; i < program->atoms.len; i++) {
		link_atom(program, i, &compared, &counted);
		if (program->atoms.data[i].relation == VP_NONE)
			push(&atoms, program->atoms.data[i].input, i);
	}
	vp_array_each (relation, &program->relations)
		link_relation(program, relation, &atoms);
	lists_make(&program->atoms_of, program->inputs.len, &atoms);
	lists_make(&program->compared_of, program->inputs.len, &compared);
	lists_make(&program->counted_at, VP_STAGE_COUNT, &counted);
}

static void link_users(struct vp_program *program)
{
	struct pairs users = { 0 };

	for (size_t i = 0; i < program->rules.len; i++) {
		struct vp_rule_terms *rule = &program->terms_of.data[i];
		const struct vp_extent spans[] = { rule->positives, rule->negatives,
						   rule->exceptions };

		rule->certain = VP_STAGE_FLOW;
		for (size_t j = 0; j < VP_COUNT(spans); j++) {
			for (uint32_t k = 0; k < spans[j].count; k++) {
				uint32_t atom = program->terms.data[spans[j].first + k].atom;
				enum vp_stage_of_unit stage = program->atoms.data[atom].stage;

				push(&users, atom, i);
				if (j && stage > rule->certain)
					rule->certain = stage;
			}
		}
	}
	lists_make(&program->users_of, program->atoms.len, &users);
}

/* How many rules would be looked at whenever the atom is true. */
static size_t cost_of(const struct vp_program *program, uint32_t atom)
{
	size_t users = program->users_of.first[atom + 1] - program->users_of.first[atom];

	/* what headers say is true for a whole connection: never a good first condition */
	return program->atoms.data[atom].stage == VP_STAGE_FLOW ? SIZE_MAX / 2 + users : users;
}

static void link_watchers(struct vp_program *program)
{
	struct pairs watchers = { 0 }, plain = { 0 };

	for (size_t i = 0; i < program->rules.len; i++) {
		const struct vp_rule_terms *rule = &program->terms_of.data[i];
		uint32_t best = VP_NONE;

		for (uint32_t k = 0; k < rule->positives.count; k++) {
			uint32_t atom = program->terms.data[rule->positives.first + k].atom;

			if (best == VP_NONE || cost_of(program, atom) < cost_of(program, best))
				best = atom;
		}
		if (best == VP_NONE)
			push(&plain, rule->certain, i);
		else
			push(&watchers, best, i);
	}
	lists_make(&program->watchers_of, program->atoms.len, &watchers);
	lists_make(&program->plain_at, VP_STAGE_COUNT, &plain);
}

static int link_matchers(struct vp_program *program, struct vp_error *err)
{
	vp_array_each (input, &program->inputs) {
		for (uint32_t i = 0; i < input->patterns.count; i++) {
			struct vp_program_pattern *pattern =
				&program->patterns.data[input->patterns.first + i];

			if (pattern->decider == VP_DECIDED)
				continue;
			input->confirms = true;
			pattern->confirm = vp_confirm_new(
				program->text.data + pattern->text.first, pattern->flags, err);
			if (!pattern->confirm)
				return -EBADMSG;
		}
		if (!input->database.count)
			continue;
		if (vp_database_load(program->blob.data + input->database.first,
				     input->database.count, input->streaming, &input->scan) ||
		    vp_scanner_add(&program->scanner, input->scan))
			return vp_fail(err, -EBADMSG,
				       "the patterns of `%s` are of another machine or "
				       "release of the pattern matcher; compile them here",
				       vp_fields[input->field].name);
	}
	return 0;
}

int vp_program_link(struct vp_program *program, struct vp_error *err)
{
	link_groups(program);
	link_atoms(program);
	link_users(program);
	link_watchers(program);
	return link_matchers(program, err);
}
