/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [sample NAME] of system calls: concrete calls, and whether the rules say of them
 * what the sample expects. Whether a compiled filter says so too is proven where
 * it is compiled.
 */
#include "policy/validate.h"
#include "policy/validate_call.h"

struct vector_reader {
	struct vp_call_sample *sample;
	bool known; /* the section */
};

static void read_syscalls(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct vector_reader *reader = object;
	const char *word;
	size_t length = vp_lexer_word(lexer, "", &word);
	ptrdiff_t index = length ? vp_index_of(&v->patch->syscalls, word, length) : -1;

	if (index < 0) {
		vp_unknown_name(lexer, word, length,
				"the name of a [syscalls NAME] of this file",
				&v->patch->syscalls);
		return;
	}
	reader->sample->syscalls = (size_t)index;
	reader->known = vp_read_end(lexer);
}

static void read_expect(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	static const char *const names[] = { "allowed", "denied" };
	unsigned int index;

	(void)v;
	if (vp_read_choice(lexer, names, VP_COUNT(names), &index))
		((struct vector_reader *)object)->sample->denied = index;
}

static void read_call(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct vp_call_sample *sample = ((struct vector_reader *)object)->sample;
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	struct vp_call_vector vector = { 0 };

	(void)v;
	if (!vp_read_call_vector(lexer, &vector, &text) || !vp_read_end(lexer))
		return;
	vp_array_push(&sample->calls, vector);
	vp_array_push(&sample->texts, vp_strbuf_take(&text));
}

static const struct vp_key keys[] = {
	{ .name = "syscalls", .required = true, .read = read_syscalls },
	{ .name = "expect", .example = "denied", .required = true, .read = read_expect },
	{ .name = "call",
	  .example = "socket(domain = AF_ALG, type = SOCK_SEQPACKET)",
	  .required = true,
	  .repeats = true,
	  .read = read_call },
};

static bool denies(const struct vp_syscalls *syscalls, const struct vp_call_vector *vector)
{
	vp_array_each (rule, &syscalls->rules)
		if (rule->prototype == vector->prototype &&
		    vp_call_rule_matches(rule, vector->arguments))
			return true;
	return false;
}

VP_ARRAY_TYPE(sections, const struct vp_syscalls *);

/* What decides about the sample: its own section first, and of what must be allowed all that
 * share a unit or process with it. */
static void collect(const struct vp_patch *patch, const struct vp_call_sample *sample,
		    struct sections *sections)
{
	const struct vp_syscalls *own = &patch->syscalls.data[sample->syscalls];

	vp_array_push(sections, own);
	if (sample->denied)
		return;
	vp_array_each (other, &patch->syscalls)
		if (other != own && vp_syscalls_share(other, own))
			vp_array_push(sections, other);
}

static const struct vp_syscalls *denied_by(const struct sections *sections,
					   const struct vp_call_vector *vector)
{
	vp_array_each (section, sections)
		if (denies(*section, vector))
			return *section;
	return NULL;
}

/* Of a sample that expects it to be allowed. */
static void find_denied(struct vp_validation *v, const struct vp_call_sample *sample,
			size_t index, const struct vp_syscalls *by)
{
	const struct vp_syscalls *own = &v->patch->syscalls.data[sample->syscalls];
	const char *name = by->name ? by->name : "?";

	if (v->targets_at && by != own)
		vp_find_error(v->findings, v->targets_at,
			      "expected services for which all sections of %s hold together, "
			      "found `%s`, which [syscalls %s] denies and sample `%s` needs",
			      v->patch->id, sample->texts.data[index], name,
			      sample->name ? sample->name : "?");
	else
		vp_find_error(v->findings, &sample->calls.data[index].at,
			      "expected a call that is allowed, found `%s`, which "
			      "[syscalls %s] denies",
			      sample->texts.data[index], name);
}

static void check_calls(struct vp_validation *v, const struct vp_call_sample *sample)
{
	struct sections sections = { 0 };

	collect(v->patch, sample, &sections);
	for (size_t i = 0; i < sample->calls.len; i++) {
		const struct vp_call_vector *vector = &sample->calls.data[i];
		const struct vp_syscalls *by = denied_by(&sections, vector);

		if (sample->denied == (by != NULL))
			continue;
		if (by)
			find_denied(v, sample, i, by);
		else
			vp_find_error(v->findings, &vector->at,
				      "expected a call that [syscalls %s] denies, found `%s`, "
				      "for which none of its rules holds",
				      v->patch->syscalls.data[sample->syscalls].name,
				      sample->texts.data[i]);
	}
	vp_array_free(&sections);
}

void vp_validate_vector(struct vp_validation *v, const struct vp_section *section)
{
	struct vp_call_sample *sample = vp_array_add(&v->patch->call_samples);
	struct vector_reader reader = { .sample = sample };
	size_t errors = v->findings->errors;

	sample->at = vp_section_at(v->definition, section);
	sample->name = vp_read_section_name(v, section);
	vp_validate_keys(v, section, keys, VP_COUNT(keys), &reader);
	/* what a broken section denies is not known */
	if (reader.known && v->errors == errors)
		check_calls(v, sample);
	v->sample_errors |= v->findings->errors > errors;
}
