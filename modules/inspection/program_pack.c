/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program as bytes: a header (magic with the version, length, digest), then
 * the packed arrays, all numbers little-endian. One function for each kind of
 * element says how it is written and read; what is read is foreign, and every
 * place and number in it is checked before anything uses it.
 */
#include <endian.h>
#include <errno.h>

#include "lib/bytes.h"
#include "lib/cleanup.h"
#include "lib/digest.h"
#include "modules/inspection/pattern.h"
#include "modules/inspection/program_layout.h"

/* its last byte is the version */
static const char magic[16] = "vpatch program\0\1";

#define HEADER_LEN   32u	/* magic, length of all, digest of what follows */
#define ELEMENTS_MAX (1u << 26) /* of one array */

struct archive {
	VP_ARRAY(uint8_t) out;
	struct vp_bytes in;
	bool loading;
};

static void number64(struct archive *a, uint64_t *value)
{
	uint64_t little = htole64(*value);
	const uint8_t *bytes;

	if (a->loading) {
		bytes = vp_bytes_take(&a->in, sizeof(little));
		if (bytes)
			memcpy(&little, bytes, sizeof(little));
		*value = bytes ? le64toh(little) : 0;
		return;
	}
	for (size_t i = 0; i < sizeof(little); i++)
		vp_array_push(&a->out, ((const uint8_t *)&little)[i]);
}

static void number32(struct archive *a, uint32_t *value)
{
	uint64_t wide = *value;

	number64(a, &wide);
	if (wide > UINT32_MAX)
		a->in.failed = true;
	*value = (uint32_t)wide;
}

/* An enum or a flag: below `limit`. */
#define choice(a, value, limit)                                                               \
	do {                                                                                  \
		uint32_t wide_ = (uint32_t) * (value);                                        \
                                                                                              \
		number32(a, &wide_);                                                          \
		if (wide_ >= (limit))                                                         \
			(a)->in.failed = true;                                                \
		else                                                                          \
			*(value) = (__typeof__(*(value)))wide_;                               \
	} while (0)

static void span(struct archive *a, struct vp_span *value)
{
	number32(a, &value->first);
	number32(a, &value->count);
}

static void raw(struct archive *a, void *data, size_t len)
{
	const uint8_t *bytes;

	if (!a->loading) {
		for (size_t i = 0; i < len; i++)
			vp_array_push(&a->out, ((const uint8_t *)data)[i]);
		return;
	}
	bytes = vp_bytes_take(&a->in, len);
	if (bytes && len)
		memcpy(data, bytes, len);
}

static void rule(struct archive *a, struct vp_program_rule *r)
{
	number32(a, &r->tag);
	choice(a, &r->mode, VP_MODE_ENFORCE + 1);
	choice(a, &r->direction, VP_TO_CLIENT + 1);
	choice(a, &r->action.verdict, VP_VERDICT_ANSWER + 1);
	number64(a, &r->action.rate.count);
	number32(a, &r->action.rate.seconds);
	number32(a, &r->action.burst);
	choice(a, &r->action.per_source, 2);
	number64(a, &r->action.milliseconds);
}

static void rule_terms(struct archive *a, struct vp_rule_terms *t)
{
	span(a, &t->positives);
	span(a, &t->negatives);
	span(a, &t->exceptions);
	span(a, &t->necessary);
}

static void term(struct archive *a, struct vp_term *t)
{
	number32(a, &t->atom);
	choice(a, &t->sign, VP_TERM_SIGN_COUNT);
}

static void input(struct archive *a, struct vp_input *i)
{
	choice(a, &i->field, VP_FIELD_COUNT);
	span(a, &i->argument);
	choice(a, &i->sliced, 2);
	number32(a, &i->offset);
	number32(a, &i->length);
	span(a, &i->transforms);
	span(a, &i->patterns);
	span(a, &i->database);
	choice(a, &i->streaming, 2);
}

static void atom(struct archive *a, struct vp_atom *t)
{
	number32(a, &t->input);
	choice(a, &t->source, VP_ATOM_SOURCE_COUNT);
	choice(a, &t->little_endian, 2);
	number64(a, &t->mask);
	span(a, &t->ranges);
}

static void pattern(struct archive *a, struct vp_program_pattern *p)
{
	number32(a, &p->atom);
	choice(a, &p->decider, VP_DECIDER_COUNT);
	choice(a, &p->flags, VP_PATTERN_FLAGS + 1);
	span(a, &p->text);
}

static void transform(struct archive *a, struct vp_transform *t)
{
	choice(a, &t->kind, VP_TRANSFORM_COUNT);
	number64(a, &t->number);
}

static void number_range(struct archive *a, struct vp_number_range *range)
{
	number64(a, &range->first);
	number64(a, &range->last);
}

static void address_range(struct archive *a, struct vp_address_range *range)
{
	choice(a, &range->first.family, 7);
	raw(a, range->first.bytes, sizeof(range->first.bytes));
	choice(a, &range->last.family, 7);
	raw(a, range->last.bytes, sizeof(range->last.bytes));
}

/* All elements of an array, each by its function; a copy is written, so that what is const
 * stays. */
#define elements(a, array, function)                                                          \
	do {                                                                                  \
		uint32_t count_ = (uint32_t)(array)->len;                                     \
                                                                                              \
		number32(a, &count_);                                                         \
		if (count_ > ELEMENTS_MAX)                                                    \
			(a)->in.failed = true;                                                \
		for (uint32_t i_ = 0; i_ < count_ && !(a)->in.failed; i_++) {                 \
			__typeof__(*(array)->data) copy_ = { 0 };                             \
                                                                                              \
			if (!(a)->loading)                                                    \
				copy_ = (array)->data[i_];                                    \
			function(a, &copy_);                                                  \
			if ((a)->loading)                                                     \
				vp_array_push(array, copy_);                                  \
		}                                                                             \
	} while (0)

/* An array of bytes. */
#define octets(a, array)                                                                      \
	do {                                                                                  \
		uint32_t count_ = (uint32_t)(array)->len;                                     \
                                                                                              \
		number32(a, &count_);                                                         \
		if ((a)->loading && count_ > vp_bytes_left(&(a)->in))                         \
			(a)->in.failed = true;                                                \
		if ((a)->in.failed)                                                           \
			break;                                                                \
		if ((a)->loading) {                                                           \
			vp_array_reserve(array, count_);                                      \
			(array)->len = count_;                                                \
		}                                                                             \
		raw(a, (array)->data, count_);                                                \
	} while (0)

static void body(struct archive *a, struct vp_program *program)
{
	elements(a, &program->rules, rule);
	elements(a, &program->terms_of, rule_terms);
	elements(a, &program->terms, term);
	elements(a, &program->inputs, input);
	elements(a, &program->atoms, atom);
	elements(a, &program->patterns, pattern);
	elements(a, &program->transforms, transform);
	elements(a, &program->numbers, number_range);
	elements(a, &program->addresses, address_range);
	octets(a, &program->text);
	octets(a, &program->blob);
}

void vp_program_pack(const struct vp_program *program, uint8_t **bytes, size_t *len)
{
	struct archive a = { 0 };
	struct vp_program copy = *program;
	uint64_t zero = 0, length, digest;

	raw(&a, (void *)(uintptr_t)magic, sizeof(magic));
	number64(&a, &zero);
	number64(&a, &zero);
	body(&a, &copy);
	length = htole64(a.out.len);
	digest = htole64(vp_digest_long(VP_DIGEST_SEED, a.out.data + HEADER_LEN,
					a.out.len - HEADER_LEN));
	memcpy(a.out.data + sizeof(magic), &length, sizeof(length));
	memcpy(a.out.data + sizeof(magic) + sizeof(length), &digest, sizeof(digest));
	*bytes = a.out.data;
	*len = a.out.len;
}

static int header(struct archive *a, struct vp_error *err)
{
	const uint8_t *start = vp_bytes_take(&a->in, sizeof(magic));
	uint64_t length = 0, digest = 0;

	number64(a, &length);
	number64(a, &digest);
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
	struct archive a = { .in = vp_bytes_of(bytes, len), .loading = true };
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
