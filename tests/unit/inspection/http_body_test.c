/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bodies of HTTP requests: forms, parts, JSON, XML and their codings, well-formed and not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "lib/memory.h"
#include "lib/strbuf.h"
#include "modules/inspection/http.h"
#include "tests/unit/inspection/http_tests.h"

struct body_case {
	const char *lines, *body, *text;
};

static void expect_bodies(const char *fields, const struct body_case *tests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect_body(fields, tests[i].lines, tests[i].body, strlen(tests[i].body),
			    tests[i].text);
}

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"
#define JSON "Content-Type: application/json\r\n"
#define XML  "Content-Type: application/xml\r\n"

static void forms(void **state)
{
	static const struct body_case tests[] = {
		{ FORM, "a=1&b=%41+%zz%&c",
		  "http.request_body.form(a): 1\n"
		  "http.request_body.form(b): A %zz%\n"
		  "http.request_body.form(c): \n" },
		{ FORM, "a%5B0%5D=x&a=1&a=2",
		  "http.request_body.form(a[0]): x\n"
		  "http.request_body.form(a): 1\n"
		  "http.request_body.form(a): 2\n" },
		{ "", "a=1", "http.request_body.form(a): 1\n" },
		{ "Content-Type: text/plain\r\n", "a=1", "" },
	};

	(void)state;
	expect_bodies("http.request_body.form", tests, VP_COUNT(tests));
}

#define J(PATH, VALUE) "http.request_body.json(" PATH "): " VALUE "\n"

static void json(void **state)
{
	static const struct body_case tests[] = {
		{ JSON, "{\"a\":{\"b\":[{\"c\":1},{\"c\":\"x\"}]},\"d\":true}",
		  J("a", "{") J("a.b", "[") J("a.b[]", "{") J("a.b[].c", "1") J("a.b[]", "{")
			  J("a.b[].c", "x") J("d", "true") },
		{ JSON, "{\"a\":1,\"a\":2}", J("a", "1") J("a", "2") },
		{ JSON, "[[1,\"b\"],null,{\"c\":-1.5e3}]",
		  J("[]", "[") J("[][]", "1") J("[][]", "b") J("[]", "null") J("[]", "{")
			  J("[].c", "-1.5e3") },
		{ JSON, "{\"\\u0061\\n\":\"\\u00e9\\ud83d\\ude00\\ud83dx\\/\\\\\\q\"}",
		  J("a\\x0a", "\\xc3\\xa9\\xf0\\x9f\\x98\\x80\\xef\\xbf\\xbdx/\\x5cq") },
		{ "", "\xef\xbb\xbf {\"a\":\"b\"} trailing", J("a", "b") },
		{ "Content-Type: text/plain\r\n", "{\"a\":\"b\"}", J("a", "b") },
		{ JSON, "{a:'b',/*c*/\"d\":1//e\n,f:[],g:{} \"h\":\"i\nj\"}",
		  J("a", "b") J("d", "1") J("f", "[") J("g", "{") J("h", "i\\x0aj") },
		{ JSON, "{\"a\":\"b", J("a", "b") },
		{ JSON, "{\"a\":\"\\u12", J("a", "") },
		{ JSON, "]}{\"a\",,\"b\":{\"c\":\"\"}}", J("b", "{") J("b.c", "") },
		{ JSON, "{\"a\":1}\n{\"b\":2}", J("a", "1") J("b", "2") },
		{ JSON, "\"x\"", "" },
	};

	(void)state;
	expect_bodies("http.request_body.json", tests, VP_COUNT(tests));
}

#define X(PATH, VALUE) "http.request_body.xml(" PATH "): " VALUE "\n"

static void xml(void **state)
{
	static const struct body_case tests[] = {
		{ XML,
		  "<x:a xmlns:x=\"u\"><b c=\"1\">t&lt;<!-- -->u<![CDATA[<v>]]></b><d/></x:a>",
		  X("a/@xmlns", "u") X("a", "") X("a/b/@c", "1") X("a/b", "t<u<v>")
			  X("a/d", "") },
		{ XML,
		  "<!DOCTYPE r [<!ENTITY e \"in\"><!ENTITY f SYSTEM \"file:///x\">]>"
		  "<r>a&e;b</r>",
		  X("!DOCTYPE", "r") X("!ENTITY", "in") X("!ENTITY", "file:///x")
			  X("r", "ainb") },
		{ "", " \n<?xml version=\"1.0\" encoding=\"x-none\"?><a>b\xe9</a>",
		  X("a", "b\\xc3\\xa9") },
		{ XML, "<a>b</c>", X("a", "b") "http.ambiguity: bad-xml\n" },
		{ XML, "<a>b", X("a", "b") "http.ambiguity: bad-xml\n" },
		{ "Content-Type: text/plain\r\n", "<a>b", X("a", "b") },
	};

	(void)state;
	expect_bodies("http.request_body.xml http.ambiguity", tests, VP_COUNT(tests));
}

#define PARTS			"Content-Type: multipart/form-data; charset=x; boundary=\"B-1\"\r\n"
#define NAMED(NAME)		"Content-Disposition: form-data; name=\"" NAME "\"\r\n"
#define FORM_VALUE(NAME, VALUE) "http.request_body.form(" NAME "): " VALUE "\n"
#define PART_VALUE(NAME, VALUE) "http.request_body.part(" NAME "): " VALUE "\n"
#define BAD			"http.ambiguity: bad-multipart\n"

static void parts(void **state)
{
	static const struct body_case tests[] = {
		{ PARTS,
		  "preamble\r\n--B-1\r\n" NAMED(
			  "a") "\r\n1\r\n--B-\r\n-\r\n--B-1\r\n"
			       "content-disposition: form-data; filename=\"C:\\x\\\"y.php\"; "
			       "name=f\r\n"
			       "Content-Type: text/plain\r\n\r\nfile\r\r\n--B-1--\r\nepilogue",
		  FORM_VALUE("a", "1\\x0d\\x0a--B-\\x0d\\x0a-")
			  PART_VALUE("a", "1\\x0d\\x0a--B-\\x0d\\x0a-")
				  PART_VALUE("f", "file\\x0d") "http.request_body.filename: "
							       "C:\\x5cx\"y.php\n" },
		{ PARTS, "--B-1\n" NAMED("a") "\n\n--B-1\n" NAMED("b") "\n--B-1--",
		  FORM_VALUE("a", "") FORM_VALUE("b", "") PART_VALUE("a", "")
			  PART_VALUE("b", "") },
		{ PARTS,
		  "--B-1\r\n" NAMED("a\"; filename*=\"UTF-8''%41%zz.b") "\r\nx\r\n--B-1--\r\n",
		  PART_VALUE("a", "x") "http.request_body.filename: A%zz.b\n" },
		{ PARTS, "--B-1\r\n" NAMED("a") "\r\nunfinished\r\n--B-",
		  FORM_VALUE("a", "unfinished\\x0d\\x0a--B-")
			  PART_VALUE("a", "unfinished\\x0d\\x0a--B-") BAD },
		{ PARTS, "--B-1x\r\n" NAMED("a") "\r\n1\r\n--B-1--\r\n",
		  FORM_VALUE("a", "1") PART_VALUE("a", "1") BAD },
		{ PARTS, "--B-1--\r\n--B-1\r\n" NAMED("a") "\r\n1\r\n--B-1--\r\n",
		  FORM_VALUE("a", "1") PART_VALUE("a", "1") BAD },
		{ PARTS, "--B-1\r\n" NAMED("a\"; name=\"b") "\r\n1\r\n--B-1--\r\n",
		  FORM_VALUE("a", "1") PART_VALUE("a", "1") BAD },
		{ PARTS,
		  "--B-1\r\n" NAMED(
			  "a") "Content-Transfer-Encoding: base64\r\n\r\nMQ==\r\n--B-1--",
		  FORM_VALUE("a", "MQ==") PART_VALUE("a", "MQ==") BAD },
		{ "Content-Type: multipart/form-data\r\n", "x", BAD },
	};

	(void)state;
	expect_bodies("http.request_body.form http.request_body.part "
		      "http.request_body.filename http.ambiguity",
		      tests, VP_COUNT(tests));
}

static size_t deflated(const char *text, size_t len, int bits, uint8_t *out, size_t room)
{
	z_stream stream = { .next_in = (z_const Bytef *)text, .avail_in = (uInt)len };

	stream.next_out = out;
	stream.avail_out = (uInt)room;
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY),
			 Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return room - stream.avail_out;
}

static void compressed(void **state)
{
	static const char text[] = "{\"a\":\"attack\"}";
	static const char found[] = "http.request_body: {\"a\":\"attack\"}\n"
				    "http.request_body.json(a): attack\n";
	static const char fields[] = "http.request_body http.request_body.json http.ambiguity";
	static const uint8_t brotli[] = "\x8b\x06\x80{\"a\":\"attack\"}\x03";
	uint8_t packed[512];
	size_t len;

	(void)state;
	len = deflated(text, sizeof(text) - 1, 31, packed, sizeof(packed));
	expect_body(fields, "Content-Encoding: gzip\r\n", packed, len, found);
	expect_body(fields, "Content-Encoding: X-GZIP\r\n", packed, len, found);
	expect_body(fields, "Content-Encoding: gzip\r\n", packed, len - 9,
		    "http.request_body: {\"a\":\"attack\"}\n"
		    "http.request_body.json(a): attack\nhttp.ambiguity: bad-encoding\n");
	len = deflated(text, sizeof(text) - 1, 15, packed, sizeof(packed));
	expect_body(fields, "Content-Encoding: deflate\r\n", packed, len, found);
	len = deflated(text, sizeof(text) - 1, -15, packed, sizeof(packed));
	expect_body(fields, "Content-Encoding: deflate\r\n", packed, len, found);
	expect_body(fields, "Content-Encoding: br\r\n", brotli, sizeof(brotli) - 1, found);
	expect_body(fields, "Content-Encoding: gzip\r\n", text, sizeof(text) - 1,
		    "http.request_body: {\"a\":\"attack\"}\n"
		    "http.request_body.json(a): attack\nhttp.ambiguity: bad-encoding\n");
	len = deflated("{\"a\":", 5, 31, packed, sizeof(packed));
	len += deflated("\"attack\"}", 9, 31, packed + len, sizeof(packed) - len);
	expect_body(fields, "Content-Encoding: gzip\r\n", packed, len, found);
}

/* JSON and XML in UTF-16 and UTF-32, with and without byte order mark. */
static void wide_text(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} tests[] = {
#define WIDE(BYTES) { BYTES, sizeof(BYTES) - 1 }
		WIDE("{\0\"\0a\0\"\0:\0\"\0\xe9\0\x3d\xd8\0\xdex\0\"\0}\0"),
		WIDE("\xff\xfe{\0\"\0a\0\"\0:\0\"\0\xe9\0\x3d\xd8\0\xdex\0\"\0}\0"),
		WIDE("\0{\0\"\0a\0\"\0:\0\"\0\xe9\xd8\x3d\xde\0\0x\0\"\0}"),
		WIDE("\xfe\xff\0{\0\"\0a\0\"\0:\0\"\0\xe9\xd8\x3d\xde\0\0x\0\"\0}"),
		WIDE("{\0\0\0\"\0\0\0a\0\0\0\"\0\0\0:\0\0\0\"\0\0\0\xe9\0\0\0\0\xf6\1\0x"
		     "\0\0\0\"\0\0\0}\0\0\0"),
		WIDE("\0\0\0{\0\0\0\"\0\0\0a\0\0\0\"\0\0\0:\0\0\0\"\0\0\0\xe9\0\1\xf6\0\0\0\0x"
		     "\0\0\0\"\0\0\0}"),
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(tests); i++)
		expect_body("http.request_body.json", JSON, tests[i].bytes, tests[i].len,
			    J("a", "\\xc3\\xa9\\xf0\\x9f\\x98\\x80x"));
	expect_body(
		"http.request_body.xml http.ambiguity", XML,
		"<\0?\0x\0m\0l\0 \0v\0e\0r\0s\0i\0o\0n\0=\0'\0001\0.\0000\0'\0 \0e\0n\0c\0o\0"
		"d\0i\0n\0g\0=\0'\0u\0t\0f\0-\0001\0006\0'\0?\0>\0<\0a\0>\0b\0<\0/\0a\0>\0",
		2 * 47, X("a", "b"));
	expect_body("http.request_body.json", "Content-Type: x/y\r\n", "{}", 2, "");
}

/* What a run ends with, and the most it held. */
static char *last_line(const char *fields, const char *lines, const void *body, size_t len,
		       size_t *memory)
{
	bool unwanted[VP_FIELD_COUNT];
	_cleanup_free_ char *head =
		vp_format("POST / HTTP/1.1\r\n%sContent-Length: %zu\r\n\r\n", lines, len);
	const struct vp_run_input inputs[] = { { VP_TO_SERVER, head, strlen(head) },
					       { VP_TO_SERVER, body, len } };
	struct vp_run run = {
		.protocol = &vp_protocol_http,
		.inputs = inputs,
		.count = VP_COUNT(inputs),
		.cut = 1000,
		.unwanted = unwanted,
	};
	_cleanup_free_ char *text = NULL;

	only_fields(unwanted, fields);
	text = vp_run(&run);
	*memory = run.memory;
	assert_null(strstr(text, "\nfault "));
	return vp_strdup(strstr(text, "\nstate ") + 1);
}

static void hostile_depth(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf deep = { 0 }, deep_xml = { 0 };
	_cleanup_free_ char *end = NULL, *end_xml = NULL;
	size_t memory;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		vp_strbuf_adds(&deep, "[{\"a\":");
		vp_strbuf_adds(&deep_xml, "<a>");
	}
	end = last_line("http.request_body.json", JSON, deep.data, deep.len, &memory);
	assert_string_equal(end, "state bound json\n");
	assert_true(memory < 8192);
	end_xml =
		last_line("http.request_body.xml", XML, deep_xml.data, deep_xml.len, &memory);
	assert_string_equal(end_xml, "state bound xml\n");
	assert_true(memory < vp_parser_limits_default.memory);
}

static void hostile_xml(void **state)
{
	static const char laughs[] =
		"<!DOCTYPE a [<!ENTITY a \"lollollollollollollollollollollollollollollollol\">"
		"<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c "
		"\"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d "
		"\"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\">"
		"<!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;\">]><a>&e;&e;&e;&e;</a>";
	_cleanup_strbuf_ struct vp_strbuf names = { 0 };
	_cleanup_free_ char *end = NULL, *end_names = NULL;
	size_t memory;

	(void)state;
	end = last_line("http.request_body.xml", XML, laughs, sizeof(laughs) - 1, &memory);
	assert_string_equal(end, "state bound xml\n");
	/* every name is another, and expat keeps each */
	vp_strbuf_adds(&names, "<a>");
	for (int i = 0; i < 20000; i++)
		vp_strbuf_addf(&names, "<n%d/>", i);
	end_names = last_line("http.request_body.xml", XML, names.data, names.len, &memory);
	assert_string_equal(end_names, "state bound xml\n");
	assert_true(memory <= vp_parser_limits_default.memory);
}

/* Memory does not grow with what comes out, and what blows up beyond measure is stopped. */
static void bombs(void **state)
{
	size_t room = 64u << 10, zeros = 32u << 20, memory, len;
	_cleanup_free_ char *text = vp_alloc(zeros, 1);
	_cleanup_free_ uint8_t *packed = vp_alloc(room, 1);
	_cleanup_free_ char *end = NULL;

	(void)state;
	len = deflated(text, zeros, 31, packed, room);
	end = last_line("http.request_body.json", "Content-Encoding: gzip\r\n", packed, len,
			&memory);
	assert_string_equal(end, "state bound compression\n");
	assert_true(memory < 128u << 10);
}

static void long_part_heads(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf body = { 0 };
	_cleanup_free_ char *end = NULL;
	size_t memory;

	(void)state;
	vp_strbuf_adds(&body, "--B-1\r\n");
	for (int i = 0; i < 3000; i++)
		vp_strbuf_adds(&body, "X: 0123456789\r\n");
	end = last_line("http.request_body.form", PARTS, body.data, body.len, &memory);
	assert_string_equal(end, "state bound part-header\n");
	assert_true(memory < 64u << 10);
}

int run_http_body_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),	 cmocka_unit_test(json),
		cmocka_unit_test(xml),		 cmocka_unit_test(parts),
		cmocka_unit_test(compressed),	 cmocka_unit_test(wide_text),
		cmocka_unit_test(hostile_depth), cmocka_unit_test(hostile_xml),
		cmocka_unit_test(bombs),	 cmocka_unit_test(long_part_heads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
