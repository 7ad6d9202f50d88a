/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages said otherwise. What is written is read back by independent means where
 * there are some: zlib and brotli for bodies, and whole requests literally.
 */
#include <brotli/decode.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "agentd/ctl/lab/recode.h"
#include "agentd/ctl/lab/recode_http.h"
#include "lab_tests.h"
#include "policy/policy.h"

static struct vp_span span(const char *text)
{
	return (struct vp_span){ text, strlen(text) };
}

static void requests_are_taken_apart(void **state)
{
	static const char good[] =
		"POST /a/b?c=d HTTP/1.1\r\nHost: h\r\ncontent-length: 2\r\n\r\nxy";
	static const char *const bad[] = {
		"GET /\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nxy",
		"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
	};
	struct vp_http_message request;
	struct vp_strbuf out = { 0 };

	(void)state;
	assert_true(vp_http_message_parse((const uint8_t *)good, strlen(good), &request));
	assert_true(request.sized);
	assert_int_equal(request.count, 2);
	assert_memory_equal(request.path.data, "/a/b?", 5);
	assert_int_equal(request.path.len, 4);
	assert_int_equal(request.query.len, 3);
	assert_non_null(vp_http_message_line(&request, "Content-Length"));
	vp_http_message_put(&request,
			    &(struct vp_http_message_style){ .names = VP_NAMES_UPPER }, &out);
	assert_string_equal(
		vp_strbuf_text(&out),
		"POST /a/b?c=d HTTP/1.1\r\nHOST: h\r\nCONTENT-LENGTH: 2\r\n\r\nxy");
	vp_strbuf_free(&out);
	vp_http_message_put(
		&request,
		&(struct vp_http_message_style){ .body = span("abc"), .reversed = true },
		&out);
	assert_string_equal(
		vp_strbuf_text(&out),
		"POST /a/b?c=d HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
	vp_strbuf_free(&out);
	for (size_t i = 0; i < VP_COUNT(bad); i++)
		assert_false(vp_http_message_parse((const uint8_t *)bad[i], strlen(bad[i]),
						   &request));
}

static void texts_are_encoded(void **state)
{
	struct vp_strbuf out = { 0 };

	(void)state;
	vp_percent_put(span("/aZ%2f-"), false, 1, false, &out);
	assert_string_equal(vp_strbuf_text(&out), "/%61%5A%2f-");
	vp_strbuf_free(&out);
	vp_percent_put(span("jk"), true, 2, true, &out);
	assert_string_equal(vp_strbuf_text(&out), "%256ak");
	vp_strbuf_free(&out);
	vp_case_put(span("Name=Val%6a&n=v"), true, &out);
	assert_string_equal(vp_strbuf_text(&out), "Name=vAL%6a&n=V");
	vp_strbuf_free(&out);
	vp_json_put(span("{\"a\": \"b\\n\", \"c\": 1}"), &out);
	assert_string_equal(vp_strbuf_text(&out),
			    "{\"\\u0061\": \"\\u0062\\n\", \"\\u0063\": 1}");
	vp_strbuf_free(&out);
	vp_xml_put(span("<a b='c'>d<e/>f</a>"), &out);
	assert_string_equal(vp_strbuf_text(&out), "<a b='c'>&#x64;<e/>&#x66;</a>");
	vp_strbuf_free(&out);
	vp_chunks_put(span("abc"), 2, ";x", &out);
	assert_string_equal(vp_strbuf_text(&out), "2;x\r\nab\r\n1;x\r\nc\r\n0;x\r\n\r\n");
	vp_strbuf_free(&out);
}

static void assert_inflates(const struct vp_strbuf *coded, int bits, struct vp_span plain)
{
	z_stream stream = { .next_in = (unsigned char *)coded->data,
			    .avail_in = (unsigned int)coded->len };
	unsigned char room[1024];

	assert_int_equal(inflateInit2(&stream, bits), Z_OK);
	stream.next_out = room;
	stream.avail_out = sizeof(room);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(sizeof(room) - stream.avail_out, plain.len);
	assert_memory_equal(room, plain.data, plain.len);
	inflateEnd(&stream);
}

static void bodies_are_compressed(void **state)
{
	static const struct {
		enum vp_content_coding coding;
		int bits;
	} kinds[] = { { VP_CONTENT_GZIP, 31 },
		      { VP_CONTENT_ZLIB, 15 },
		      { VP_CONTENT_DEFLATE, -15 } };
	struct vp_span plain = span("some text, some text, some text");
	struct vp_strbuf out = { 0 };
	uint8_t *large = vp_alloc(200000, 1), *room = vp_alloc(200000, 1);
	size_t size = 200000;

	(void)state;
	for (size_t i = 0; i < VP_COUNT(kinds); i++) {
		vp_content_put(plain, kinds[i].coding, &out);
		assert_inflates(&out, kinds[i].bits, plain);
		vp_strbuf_free(&out);
	}
	for (size_t i = 0; i < size; i++)
		large[i] = (uint8_t)(i * 7 >> 3);
	vp_content_put((struct vp_span){ (const char *)large, size }, VP_CONTENT_BR, &out);
	assert_int_equal(
		BrotliDecoderDecompress(out.len, (const uint8_t *)out.data, &size, room),
		BROTLI_DECODER_RESULT_SUCCESS);
	assert_int_equal(size, 200000);
	assert_memory_equal(large, room, size);
	vp_strbuf_free(&out);
	free(large);
	free(room);
}

static const char definition[] =
	"[patch]\nid = A\ntitle = a\nseverity = low\nmode = monitor\n"
	"[service web]\nports = tcp/80\napplication = http\n"
	"[rule decoded]\nservice = web\nwhen = http.path starts-with \"/a\"\naction = drop\n"
	"[rule raw]\nservice = web\nwhen = http.uri.raw contains \"%2e\"\naction = drop\n"
	"[rule lower]\nservice = web\nwhen = http.path | lowercase equals \"/a\"\naction = "
	"drop\n";

/* Is there a script with these words for an attack on rule number `rule`? */
static bool said(const struct vp_patch *patch, size_t rule, const char *what)
{
	static const char message[] = "GET /a/b?c=d HTTP/1.1\r\nHost: h\r\n\r\n";
	const struct vp_recode_order order = {
		.patch = patch,
		.rule = &patch->rules.data[rule],
		.message = (const uint8_t *)message,
		.len = strlen(message),
		.companion = (const uint8_t *)message,
		.companion_len = strlen(message),
	};
	struct vp_scripts scripts = { 0 };
	bool found = false;

	vp_recodings_make(&scripts, &order);
	vp_array_each (script, &scripts)
		found |= !strcmp(script->what, what);
	vp_scripts_free(&scripts);
	return found;
}

static void rules_choose_codings(void **state)
{
	struct vp_sources sources = { 0 };
	struct vp_findings findings = { 0 };
	struct vp_policy policy = { 0 };
	const struct vp_patch *patch;

	(void)state;
	vp_array_push(&sources.definitions,
		      ((struct vp_text){ vp_strdup("a.vpatch"), vp_strdup(definition),
					 strlen(definition) }));
	vp_policy_build(&policy, &sources, 0, &findings);
	assert_int_equal(findings.errors, 0);
	patch = policy.patches.data[0];
	assert_true(said(patch, 0, "path percent-encoded"));
	assert_false(said(patch, 0, "path in the other case"));
	assert_true(said(patch, 0, "together with another message"));
	assert_false(said(patch, 1, "path percent-encoded"));
	assert_true(said(patch, 1, "header names in upper case"));
	assert_true(said(patch, 2, "path in the other case"));
	assert_false(said(patch, 2, "path percent-encoded twice"));
	vp_policy_free(&policy);
	vp_findings_free(&findings);
	vp_sources_free(&sources);
}

int lab_recode_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_taken_apart),
		cmocka_unit_test(texts_are_encoded),
		cmocka_unit_test(bodies_are_compressed),
		cmocka_unit_test(rules_choose_codings),
	};

	return cmocka_run_group_tests_name("lab codings", tests, NULL, NULL);
}
