/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transforms: what each makes of a value, and that it makes the same of any cut of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/strbuf.h"
#include "modules/inspection/transform.h"

#define LOWER VP_TRANSFORM_LOWERCASE
#define URL   VP_TRANSFORM_URL_DECODE
#define B64   VP_TRANSFORM_BASE64
#define HEX   VP_TRANSFORM_HEX
#define PATH  VP_TRANSFORM_NORMALISE_PATH
#define NULLS VP_TRANSFORM_REMOVE_NULLS
#define TRIM  VP_TRANSFORM_TRIM
#define HTML  VP_TRANSFORM_HTML_ENTITY
#define UTF8  VP_TRANSFORM_UTF_8

/* A text and its length, so that it may hold zeros. */
#define B(text) text, sizeof(text) - 1

static const struct {
	enum vp_transform_kind kind;
	const char *in;
	size_t in_len;
	const char *out;
	size_t out_len;
} table[] = {
	{ LOWER, B("GET /Admin\xc3\x84[@`{"), B("get /admin\xc3\x84[@`{") },
	{ LOWER, B(""), B("") },

	{ URL, B("a%2fb%2Fc"), B("a/b/c") },
	{ URL, B("a+b%20c"), B("a b c") },
	{ URL, B("%00%ff"), B("\0\xff") },
	{ URL, B("%4%41%"), B("%4A%") },
	{ URL, B("%%41%g1%4"), B("%A%g1%4") },
	{ URL, B("%u0041"), B("%u0041") },
	{ URL, B("%2541"), B("%41") },
	{ URL, B("%+"), B("% ") },

	{ B64, B("aGVsbG8="), B("hello") },
	{ B64, B("aGVs\r\nbG8"), B("hello") },
	{ B64, B("a G*V=sbG8=="), B("hello") },
	{ B64, B("+/-_"), B("\xfb\xff\xbf") },
	{ B64, B("-_+/"), B("\xfb\xff\xbf") },
	{ B64, B("Q"), B("") },
	{ B64, B("QUI"), B("AB") },

	{ HEX, B("414243"), B("ABC") },
	{ HEX, B("\\x41\\x42"), B("AB") },
	{ HEX, B("0x4142"), B("AB") },
	{ HEX, B("41:4a:4B"), B("AJK") },
	{ HEX, B("4 1 4"), B("") },
	{ HEX, B("41424"), B("AB") },

	{ PATH, B("/a/b"), B("/a/b") },
	{ PATH, B("/a//b///c"), B("/a/b/c") },
	{ PATH, B("//a"), B("/a") },
	{ PATH, B("/a/./b/."), B("/a/b/") },
	{ PATH, B("/a/b/../c"), B("/a/c") },
	{ PATH, B("/a/b/.."), B("/a/") },
	{ PATH, B("/../../etc/passwd"), B("/etc/passwd") },
	{ PATH, B("/a/../../b"), B("/b") },
	{ PATH, B("a/../b"), B("b") },
	{ PATH, B("a/..//b"), B("b") },
	{ PATH, B("../../a"), B("../../a") },
	{ PATH, B("../a/../../b"), B("../../b") },
	{ PATH, B("a/../../b"), B("../b") },
	{ PATH, B("./a"), B("a") },
	{ PATH, B("/.a/..b/..."), B("/.a/..b/...") },
	{ PATH, B("/"), B("/") },
	{ PATH, B("/.."), B("/") },
	{ PATH, B(".."), B("..") },
	{ PATH, B("."), B("") },
	{ PATH, B("a/b/"), B("a/b/") },
	{ PATH, B("a\\..\\b"), B("a\\..\\b") },

	{ NULLS, B("s\0e\0l\0"), B("sel") },
	{ NULLS, B("\0\0"), B("") },

	{ TRIM, B("  a b\t\r\n"), B("a b") },
	{ TRIM, B(" \t\n\v\f\r"), B("") },
	{ TRIM, B("a"), B("a") },
	{ TRIM, B("\0 a"), B("\0 a") },

	{ HTML, B("&lt;script&gt;"), B("<script>") },
	{ HTML, B("&ltscript&gt"), B("<script>") },
	{ HTML, B("&#60;&#x3c;&#X3C;"), B("<<<") },
	{ HTML, B("&#60a&#x3cg"), B("<a<g") },
	{ HTML, B("&#0000000000000000000000000000000060;"), B("<") },
	{ HTML, B("&#x;&#;&#"), B("&#x;&#;&#") },
	{ HTML, B("&amp;lt;"), B("&lt;") },
	{ HTML, B("&&lt;"), B("&<") },
	{ HTML, B("a&unknown;b&"), B("a&unknown;b&") },
	{ HTML, B("java&Tab;script&colon;x&lpar;1&rpar;"), B("java\tscript:x(1)") },
	{ HTML, B("&colon a"), B("&colon a") },
	{ HTML, B("&#228;&#x20ac;&#x1f600;"), B("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80") },
	{ HTML, B("&#0;&#xd800;&#x110000;&#99999999999;"),
	  B("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd") },
	{ HTML, B("&nbsp;"), B("\xc2\xa0") },
	{ HTML, B("&averylongnamethatisnoentity;"), B("&averylongnamethatisnoentity;") },

	{ UTF8, B("plain"), B("plain") },
	{ UTF8, B("\xc0\xae\xc0\xaf"), B("./") },
	{ UTF8, B("\xe0\x80\xaf\xf0\x80\x80\xaf"), B("//") },
	{ UTF8, B("\xf8\x80\x80\x80\xaf\xfc\x80\x80\x80\x80\xaf"), B("//") },
	{ UTF8, B("\xef\xbc\x8f\xef\xbd\x81\xe3\x80\x80"), B("/a ") },
	{ UTF8, B("%u002f%uff0f%U0041"), B("//A") },
	{ UTF8, B("%u00e4\xc3\xa4"), B("\xc3\xa4\xc3\xa4") },
	{ UTF8, B("%u12%uzz%%u0041"), B("%u12%uzz%A") },
	{ UTF8, B("%ud83d"), B("%ud83d") },
	{ UTF8, B("\xc3"), B("\xc3") },
	{ UTF8, B("\xe2\x82\x41\xff\x80"), B("\xe2\x82\x41\xff\x80") },
	{ UTF8, B("\xe2\xe2\x82\xac"), B("\xe2\xe2\x82\xac") },
	{ UTF8, B("\xc0\x80"), B("\0") },
	{ UTF8, B("\xed\xa0\x80\xf7\xbf\xbf\xbf"), B("\xed\xa0\x80\xf7\xbf\xbf\xbf") },
};

struct result {
	struct vp_strbuf out;
	size_t calls, ends;
};

static void collect(void *context, struct vp_slice bytes, bool last)
{
	struct result *result = context;

	vp_strbuf_add(&result->out, (const char *)bytes.data, bytes.len);
	result->calls++;
	result->ends += last;
}

/* A small generator of our own, so that a failure can be repeated. */
static uint32_t seed = 1;

static uint32_t chance(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

/* Feed in pieces of random lengths, each a copy, so that reading past one is seen. */
static int feed(struct vp_transformer *t, const uint8_t *data, size_t len, size_t piece,
		struct result *result)
{
	int code = 0;

	vp_transformer_reset(t);
	*result = (struct result){ 0 };
	do {
		size_t n = piece ? chance((uint32_t)piece + 1) : len;
		uint8_t *copy;

		n = n < len ? n : len;
		copy = n ? vp_memdup(data, n) : NULL;
		code = vp_transformer_feed(t, (struct vp_slice){ copy, n }, n == len, collect,
					   result);
		free(copy);
		data += n;
		if (n == len)
			return code;
		len -= n;
	} while (!code);
	return code;
}

static void each_makes_what_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < VP_COUNT(table); i++) {
		struct vp_transform transform = { .kind = table[i].kind };
		struct vp_transformer *t = vp_transformer_new(&transform, 1, 4096);

		for (size_t piece = 0; piece < 4; piece++) {
			struct result result;

			assert_int_equal(feed(t, (const uint8_t *)table[i].in, table[i].in_len,
					      piece, &result),
					 0);
			if (result.out.len != table[i].out_len ||
			    memcmp(vp_strbuf_text(&result.out), table[i].out,
				   table[i].out_len) != 0)
				fail_msg("row %zu: %s: `%s` became `%s`", i,
					 vp_transform_types[table[i].kind].name, table[i].in,
					 vp_strbuf_text(&result.out));
			/* what is short and whole comes in one piece, and ends once */
			if (!piece)
				assert_int_equal(result.calls, 1);
			assert_int_equal(result.ends, 1);
			vp_strbuf_free(&result.out);
		}
		vp_transformer_free(t);
	}
}

/* A stream's end may never come: what can be told of a part is told with it. */
static void nothing_ready_is_held(void **state)
{
	static const struct vp_transform chain[] = {
		{ .kind = VP_TRANSFORM_REMOVE_NULLS },
		{ .kind = VP_TRANSFORM_UTF_8 },
		{ .kind = VP_TRANSFORM_LOWERCASE },
	};
	struct vp_transformer *t = vp_transformer_new(chain, VP_COUNT(chain), 4096);
	struct result result = { 0 };

	(void)state;
	vp_transformer_feed(t, (struct vp_slice){ (const uint8_t *)"A\0B\0C", 5 }, false,
			    collect, &result);
	assert_string_equal(vp_strbuf_text(&result.out), "abc");
	vp_transformer_feed(t, (struct vp_slice){ (const uint8_t *)"D\0", 2 }, false, collect,
			    &result);
	assert_string_equal(vp_strbuf_text(&result.out), "abcd");
	assert_int_equal(result.ends, 0);
	vp_strbuf_free(&result.out);
	vp_transformer_free(t);
}

static void every_byte_transform_is_tested(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < VP_TRANSFORM_COUNT; kind++) {
		bool tested = false;

		for (size_t i = 0; i < VP_COUNT(table); i++)
			tested |= table[i].kind == (enum vp_transform_kind)kind;
		if (tested != vp_transform_yields_bytes(kind))
			fail_msg("%s", vp_transform_types[kind].name);
	}
}

/* Bytes that mean something to some transform are likely. */
static void random_value(uint8_t *data, size_t len)
{
	static const char likely[] =
		"%%%u0123afAF+=&&#xX;ltgtamp/..//.. \t\n\xc0\xaf\xe2\x82\xef";

	for (size_t i = 0; i < len; i++)
		data[i] = chance(8) ? (uint8_t)likely[chance(sizeof(likely) - 1)]
				    : (uint8_t)chance(256);
}

static void cuts_make_no_difference(void **state)
{
	static uint8_t data[6000];

	(void)state;
	for (unsigned int round = 0; round < 1500; round++) {
		struct vp_transform chain[3];
		size_t count = 1 + chance(3), len = chance(round % 10 ? 80 : sizeof(data));
		struct vp_transformer *t;
		struct result whole, parts;

		for (size_t i = 0; i < count; i++)
			do
				chain[i].kind = chance(VP_TRANSFORM_COUNT);
			while (!vp_transform_yields_bytes(chain[i].kind));
		random_value(data, len);
		t = vp_transformer_new(chain, count, sizeof(data));
		assert_int_equal(feed(t, data, len, 0, &whole), 0);
		for (size_t piece = 2; piece < 2000; piece *= 5) {
			assert_int_equal(feed(t, data, len, piece, &parts), 0);
			assert_int_equal(parts.ends, 1);
			assert_int_equal(parts.out.len, whole.out.len);
			assert_memory_equal(vp_strbuf_text(&parts.out),
					    vp_strbuf_text(&whole.out), whole.out.len);
			vp_strbuf_free(&parts.out);
		}
		vp_strbuf_free(&whole.out);
		vp_transformer_free(t);
	}
}

static void chains_go_left_to_right(void **state)
{
	static const struct vp_transform chain[] = { { .kind = B64 },
						     { .kind = URL },
						     { .kind = LOWER } };
	struct vp_transformer *t = vp_transformer_new(chain, VP_COUNT(chain), 100);
	struct result result;

	(void)state;
	/* "%41dMIN%2F" */
	assert_int_equal(feed(t, (const uint8_t *)"JTQxZE1JTiUyRg==", 16, 0, &result), 0);
	assert_string_equal(vp_strbuf_text(&result.out), "admin/");
	vp_strbuf_free(&result.out);
	vp_transformer_free(t);
}

static void what_is_held_is_bounded(void **state)
{
	static const struct {
		enum vp_transform_kind kind;
		const char *fits, *over;
	} bounds[] = {
		{ PATH, "/3456789", "/34567890" },
		{ TRIM, "a        b", "a         b" },
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(bounds); i++) {
		struct vp_transform transform = { .kind = bounds[i].kind };
		struct vp_transformer *t = vp_transformer_new(&transform, 1, 8);
		struct result result;

		assert_int_equal(feed(t, (const uint8_t *)bounds[i].fits,
				      strlen(bounds[i].fits), 3, &result),
				 0);
		vp_strbuf_free(&result.out);
		assert_int_equal(feed(t, (const uint8_t *)bounds[i].over,
				      strlen(bounds[i].over), 0, &result),
				 -ENOBUFS);
		assert_int_equal(result.ends, 0);
		vp_strbuf_free(&result.out);
		/* the next value is judged anew */
		assert_int_equal(feed(t, (const uint8_t *)"x", 1, 0, &result), 0);
		assert_string_equal(vp_strbuf_text(&result.out), "x");
		vp_strbuf_free(&result.out);
		vp_transformer_free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_makes_what_it_says),
		cmocka_unit_test(nothing_ready_is_held),
		cmocka_unit_test(every_byte_transform_is_tested),
		cmocka_unit_test(cuts_make_no_difference),
		cmocka_unit_test(chains_go_left_to_right),
		cmocka_unit_test(what_is_held_is_bounded),
	};

	return cmocka_run_group_tests_name("transform", tests, NULL, NULL);
}
