/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program as bytes: a header (magic with the version, length, digest), then
 * the packed arrays, all numbers little-endian. One function for each kind of
 * element says how it is written and read; what is read is foreign, and every
 * place and number in it is checked before anything uses it.
 */
#include <errno.h>

#include "lib/cleanup.h"
#include "lib/digest.h"
#include "modules/inspection/archive.h"
#include "modules/inspection/pattern.h"
#include "modules/inspection/program_layout.h"

/* its last byte is the version */
static const char magic[16] = "vpatch program\0\3";

#define HEADER_LEN 32u /* magic, length of all, digest of what follows */

static void span(struct vp_archive *a, struct vp_extent *value)
{
	vp_archive_u32(a, &value->first);
	vp_archive_u32(a, &value->count);
}

static void rule(struct vp_archive *a, struct vp_program_rule *r)
{
	vp_archive_u32(a, &r->tag);
	vp_archive_choice(a, &r->mode, VP_MODE_ENFORCE + 1);
	vp_archive_choice(a, &r->direction, VP_TO_CLIENT + 1);
	vp_archive_choice(a, &r->action.verdict, VP_VERDICT_ANSWER + 1);
	vp_archive_u64(a, &r->action.rate.count);
	vp_archive_u32(a, &r->action.rate.seconds);
	vp_archive_u32(a, &r->action.burst);
	vp_archive_choice(a, &r->action.per_source, 2);
	vp_archive_u64(a, &r->action.milliseconds);
	vp_archive_u64(a, &r->threshold.rate.count);
	vp_archive_u32(a, &r->threshold.rate.seconds);
	vp_archive_u32(a, &r->threshold.burst);
	vp_archive_choice(a, &r->threshold.per, VP_PER_FLOW + 1);
	vp_archive_u64(a, &r->variable);
}

static void rule_terms(struct vp_archive *a, struct vp_rule_terms *t)
{
	span(a, &t->positives);
	span(a, &t->negatives);
	span(a, &t->exceptions);
	span(a, &t->necessary);
}

static void term(struct vp_archive *a, struct vp_term *t)
{
	vp_archive_u32(a, &t->atom);
	vp_archive_choice(a, &t->sign, VP_TERM_SIGN_COUNT);
}

static void input(struct vp_archive *a, struct vp_input *i)
{
	vp_archive_choice(a, &i->field, VP_FIELD_COUNT);
	span(a, &i->argument);
	vp_archive_choice(a, &i->sliced, 2);
	vp_archive_u32(a, &i->offset);
	vp_archive_u32(a, &i->length);
	vp_archive_choice(a, &i->from, VP_FROM_COUNT);
	vp_archive_u32(a, &i->start.offset);
	vp_archive_u32(a, &i->start.length);
	vp_archive_choice(a, &i->start.little_endian, 2);
	span(a, &i->start.steps);
	span(a, &i->string);
	span(a, &i->transforms);
	span(a, &i->patterns);
	span(a, &i->database);
	vp_archive_choice(a, &i->streaming, 2);
	vp_archive_choice(a, &i->base, 17);
}

static void atom(struct vp_archive *a, struct vp_atom *t)
{
	vp_archive_u32(a, &t->input);
	vp_archive_choice(a, &t->source, VP_ATOM_SOURCE_COUNT);
	vp_archive_choice(a, &t->little_endian, 2);
	span(a, &t->steps);
	span(a, &t->ranges);
	vp_archive_u32(a, &t->relation);
}

static void relation(struct vp_archive *a, struct vp_relation *r)
{
	vp_archive_u32(a, &r->atom);
	vp_archive_u32(a, &r->sides[0]);
	vp_archive_u32(a, &r->sides[1]);
	vp_archive_choice(a, &r->op, VP_OP_AT_LEAST + 1);
}

static void pattern(struct vp_archive *a, struct vp_program_pattern *p)
{
	vp_archive_u32(a, &p->atom);
	vp_archive_choice(a, &p->decider, VP_DECIDER_COUNT);
	vp_archive_choice(a, &p->flags, VP_PATTERN_FLAGS + 1);
	span(a, &p->text);
}

static void transform(struct vp_archive *a, struct vp_transform *t)
{
	vp_archive_choice(a, &t->kind, VP_TRANSFORM_COUNT);
	vp_archive_u64(a, &t->number);
}

static void number_range(struct vp_archive *a, struct vp_number_range *range)
{
	vp_archive_u64(a, &range->first);
	vp_archive_u64(a, &range->last);
}

static void address_range(struct vp_archive *a, struct vp_address_range *range)
{
	vp_archive_choice(a, &range->first.family, 7);
	vp_archive_raw(a, range->first.bytes, sizeof(range->first.bytes));
	vp_archive_choice(a, &range->last.family, 7);
	vp_archive_raw(a, range->last.bytes, sizeof(range->last.bytes));
}

static void body(struct vp_archive *a, struct vp_program *program)
{
	vp_archive_elements(a, &program->rules, rule);
	vp_archive_elements(a, &program->terms_of, rule_terms);
	vp_archive_elements(a, &program->terms, term);
	vp_archive_elements(a, &program->inputs, input);
	vp_archive_elements(a, &program->atoms, atom);
	vp_archive_elements(a, &program->patterns, pattern);
	vp_archive_elements(a, &program->relations, relation);
	vp_archive_elements(a, &program->transforms, transform);
	vp_archive_elements(a, &program->steps, transform);
	vp_archive_elements(a, &program->numbers, number_range);
	vp_archive_elements(a, &program->addresses, address_range);
	vp_archive_octets(a, &program->text);
	vp_archive_octets(a, &program->blob);
}

void vp_program_pack(const struct vp_program *program, uint8_t **bytes, size_t *len)
{
	struct vp_archive a = { 0 };
	struct vp_program copy = *program;
	uint64_t zero = 0, length, digest;

	vp_archive_raw(&a, (void *)(uintptr_t)magic, sizeof(magic));
	vp_archive_u64(&a, &zero);
	vp_archive_u64(&a, &zero);
	body(&a, &copy);
	length = htole64(a.out.len);
	digest = htole64(vp_digest_long(VP_DIGEST_SEED, a.out.data + HEADER_LEN,
					a.out.len - HEADER_LEN));
	memcpy(a.out.data + sizeof(magic), &length, sizeof(length));
	memcpy(a.out.data + sizeof(magic) + sizeof(length), &digest, sizeof(digest));
	*bytes = a.out.data;
	*len = a.out.len;
}

static int header(struct vp_archive *a, struct vp_error *err)
{
	const uint8_t *start = vp_bytes_take(&a->in, sizeof(magic));
	uint64_t length = 0, digest = 0;

	vp_archive_u64(a, &length);
	vp_archive_u64(a, &digest);
	if (a->in.failed || memcmp(start, magic, sizeof(magic)) != 0)
		return vp_fail(err, -EBADMSG,
			       "expected an inspection program of version %d, found other "
			       "bytes; compile it again with this release",
			       magic[sizeof(magic) - 1]);
	if (length != a->in.len ||
	    digest != vp_digest_long(VP_DIGEST_SEED, a->in.data + HEADER_LEN,
				     a->in.len - HEADER_LEN))
		return vp_fail(err, -EBADMSG,
			       "expected an undamaged inspection program, found one whose "
			       "length or digest differs; compile it again");
	return 0;
}

int vp_program_load(const uint8_t *bytes, size_t len, struct vp_program **program,
		    struct vp_error *err)
{
	struct vp_archive a = { .in = vp_bytes_of(bytes, len), .loading = true };
	struct vp_program *loaded;
	int code = header(&a, err);

	if (code)
		return code;
	loaded = vp_new(struct vp_program);
	body(&a, loaded);
	if (a.in.failed || vp_bytes_left(&a.in) || !vp_program_sound(loaded))
		code = vp_fail(err, -EBADMSG,
			       "expected an inspection program, found one with numbers out "
			       "of bounds; compile it again");
	if (!code)
		code = vp_program_link(loaded, err);
	if (code)
		vp_program_free(loaded);
	else
		*program = loaded;
	return code;
}
