/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where HTTP messages begin and end: what is ambiguous, pipelining, long
 * connections, what leaves HTTP, and the bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/file.h"
#include "lib/memory.h"
#include "lib/strbuf.h"
#include "modules/inspection/http.h"
#include "modules/inspection/http_out.h"
#include "tests/unit/inspection/http_tests.h"
#include "tests/unit/inspection/record.h"

/* A head that is ambiguous for one reason. */
struct ambiguous {
	const char *bytes;
	size_t len;
	const char *words; /* a line each */
};

#define WORD(TEXT) "http.ambiguity: " TEXT "\n"
#define AMBIGUOUS(BYTES, WORDS)                                                               \
	{                                                                                     \
		BYTES, sizeof(BYTES) - 1, WORDS                                               \
	}

/* The ambiguities of a request, the same in any cut. */
static char *ambiguities(const char *bytes, size_t len)
{
	bool unwanted[VP_FIELD_COUNT];
	struct vp_run_input input = { VP_TO_SERVER, bytes, len };
	struct vp_run run = {
		.protocol = &vp_protocol_http,
		.inputs = &input,
		.count = 1,
		.unwanted = unwanted,
	};
	char *text;

	only_fields(unwanted, "http.ambiguity");
	text = vp_run_all_cuts(&run);
	assert_non_null(text);
	return text;
}

/* Which framing libhtp refuses depends on its version; that is not what is tested. */
static void remove_line(char *text, const char *line)
{
	char *at = strstr(text, line);

	if (at)
		memmove(at, at + strlen(line), strlen(at) - strlen(line) + 1);
}

static void heads_are_ambiguous(void **state)
{
	static const struct ambiguous tests[] = {
		AMBIGUOUS("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n", ""),
		AMBIGUOUS("GET / HTTP/1.0\nHost: a\n\n", ""),
		AMBIGUOUS("POST / HTTP/1.1\r\nContent-Length: 0\r\nTransfer-Encoding: "
			  "chunked\r\n\r\n0\r\n\r\n",
			  WORD("both-lengths")),
		AMBIGUOUS("POST / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 1\r\n\r\n",
			  WORD("differing-lengths")),
		AMBIGUOUS("POST / HTTP/1.1\r\nContent-Length: 0, 1\r\n\r\n",
			  WORD("differing-lengths")),
		AMBIGUOUS("POST / HTTP/1.1\r\nContent-Length: 0\r\nContent-length: 0\r\n\r\n",
			  WORD("repeated-length")),
		AMBIGUOUS("POST / HTTP/1.1\r\nContent-Length: +0\r\n\r\n", WORD("bad-length")),
		AMBIGUOUS("POST / HTTP/1.1\r\nContent-Length: 0x0\r\n\r\n",
			  WORD("bad-length")),
		AMBIGUOUS("POST / HTTP/1.1\r\nContent-Length:\r\n\r\n", WORD("bad-length")),
		AMBIGUOUS("POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
			  WORD("bad-transfer-encoding")),
		AMBIGUOUS("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
			  "0\r\n\r\n",
			  WORD("bad-transfer-encoding")),
		AMBIGUOUS("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
			  "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
			  WORD("bad-transfer-encoding")),
		AMBIGUOUS("POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n",
			  WORD("bad-transfer-encoding")),
		AMBIGUOUS("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			  WORD("old-chunked")),
		AMBIGUOUS("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", WORD("folded-header")),
		AMBIGUOUS("GET / HTTP/1.1\r\n A: b\r\n\r\n",
			  WORD("folded-header") WORD("bad-header")),
		AMBIGUOUS("GET / HTTP/1.1\r\nA: b\r\n \r\n\r\n", WORD("folded-header")),
		AMBIGUOUS("GET / HTTP/1.1\r\nA: b\0c\r\n\r\n", WORD("nul")),
		AMBIGUOUS("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", WORD("bare-cr")),
		AMBIGUOUS("GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", WORD("bare-lf")),
		AMBIGUOUS("GET / HTTP/1.1\r\nA : b\r\n\r\n", WORD("space-before-colon")),
		AMBIGUOUS("GET / HTTP/1.1\r\nA b\r\n\r\n", WORD("bad-header")),
		AMBIGUOUS("GET / HTTP/1.1\r\n: b\r\n\r\n", WORD("bad-header")),
		AMBIGUOUS("GET / HTTP/1.1\r\nA(: b\r\n\r\n", WORD("bad-header")),
		AMBIGUOUS("GET /a b HTTP/1.1\r\n\r\n", WORD("bad-request-line")),
		AMBIGUOUS("GET\t/ HTTP/1.1\r\n\r\n", WORD("bad-request-line")),
		AMBIGUOUS(" GET / HTTP/1.1\r\n\r\n", WORD("bad-request-line")),
		AMBIGUOUS("GET /a#b HTTP/1.1\r\n\r\n", WORD("bad-request-line")),
		AMBIGUOUS("GET / HTTP/1.2\r\n\r\n", WORD("bad-version")),
		AMBIGUOUS("GET / http/1.1\r\n\r\n", WORD("bad-version")),
		AMBIGUOUS("GET /\r\n", WORD("no-version")),
		AMBIGUOUS("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
			  WORD("repeated-host")),
		AMBIGUOUS("GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n",
			  WORD("differing-hosts")),
		AMBIGUOUS("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", WORD("bad-host")),
		AMBIGUOUS("GET / HTTP/1.1\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n\r\n",
			  WORD("differing-types")),
		AMBIGUOUS("GET / HTTP/1.1\r\nContent-Type: a/b; charset=IBM037\r\n\r\n",
			  WORD("foreign-charset")),
		AMBIGUOUS("GET / HTTP/1.1\r\nContent-Type: a/json; charset=utf-16\r\n\r\n",
			  ""),
		AMBIGUOUS("GET / HTTP/1.1\r\nContent-Encoding: zstd\r\n\r\n",
			  WORD("unknown-encoding")),
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(tests); i++) {
		_cleanup_free_ char *expected =
			vp_format("unit\n%shead\nend\nstate boundary\n", tests[i].words);
		_cleanup_free_ char *text = ambiguities(tests[i].bytes, tests[i].len);

		remove_line(text, WORD("differing-readings"));
		assert_string_equal(text, expected);
	}
}

/* What libhtp takes for another framing is ambiguous, whatever it is. */
static void readings_are_compared(void **state)
{
	static const char bytes[] =
		"POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n";
	_cleanup_free_ char *text = ambiguities(bytes, sizeof(bytes) - 1);

	(void)state;
	assert_non_null(strstr(text, WORD("differing-readings")));
}

#define CHUNKED "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"

static void chunks(void **state)
{
	static const char fields[] = "http.request_body http.request_trailer http.ambiguity";
	static const struct http_case tests[] = {
		HTTP_CASE(
			fields, CHUNKED "3\r\nabc\r\n0A;x=y\r\n0123456789\r\n0\r\n\r\n",
			"unit\nhead\nhttp.request_body: abc0123456789\nend\nstate boundary\n"),
		HTTP_CASE(fields, CHUNKED "1\r\na\r\n0\r\nA: b\r\nC: d\r\n\r\n",
			  "unit\nhead\nhttp.request_body: a\nhttp.request_trailer(A): b\n"
			  "http.request_trailer(C): d\nend\nstate boundary\n"),
		HTTP_CASE(fields, CHUNKED "1 \r\na\r\n0\r\n\r\n",
			  "unit\nhead\nhttp.request_body: a\nhttp.ambiguity: bad-chunk-size\n"
			  "end\nstate boundary\n"),
		HTTP_CASE(fields, CHUNKED "1\na\n0\r\n\r\n",
			  "unit\nhead\nhttp.request_body: a\nhttp.ambiguity: bare-lf\n"
			  "end\nstate boundary\n"),
		HTTP_CASE(fields, CHUNKED "0x1\r\na\r\n0\r\n\r\n",
			  "unit\nhead\nopen\nhttp.ambiguity: bad-chunk-size\n"
			  "state broken chunk\n"),
		HTTP_CASE(fields, CHUNKED "fffffffffffffffff\r\n",
			  "unit\nhead\nopen\nhttp.ambiguity: bad-chunk-size\n"
			  "state broken chunk\n"),
		HTTP_CASE(fields, CHUNKED "\r\na\r\n",
			  "unit\nhead\nopen\nhttp.ambiguity: bad-chunk-size\n"
			  "state broken chunk\n"),
		HTTP_CASE(fields, CHUNKED "1\rX",
			  "unit\nhead\nopen\nhttp.ambiguity: bare-cr\nstate broken chunk\n"),
		HTTP_CASE(fields, CHUNKED "1\r\nab\r\n",
			  "unit\nhead\nopen\nhttp.request_body: a\n"
			  "http.ambiguity: bad-chunk-end\nstate broken chunk\n"),
		/* nobody reads the body, but where it ends must be known */
		HTTP_CASE("http.method",
			  CHUNKED "4\r\nGET \r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
			  "unit\nhttp.method: POST\nhead\nend\n"
			  "unit\nhttp.method: GET\nhead\nend\nstate boundary\n"),
	};

	(void)state;
	expect_cases(tests, VP_COUNT(tests));
}

static void one_after_the_other(void **state)
{
	static const struct http_case tests[] = {
		HTTP_CASE(
			"http.path http.request_body",
			"GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 3\r\n\r\n"
			"abcGET /3 HTTP/1.1\r\n\r\n",
			"unit\nhttp.path: /1\nhead\nend\n"
			"unit\nhttp.path: /2\nhead\nhttp.request_body: abc\nend\n"
			"unit\nhttp.path: /3\nhead\nend\nstate boundary\n"),
		HTTP_CASE("http.path", "GET /a\r\nGET /b HTTP/1.0\r\n\r\n",
			  "unit\nhttp.path: /a\nhead\nend\n"
			  "unit\nhttp.path: /b\nhead\nend\nstate boundary\n"),
	};

	(void)state;
	expect_cases(tests, VP_COUNT(tests));
}

static void leaves_http(void **state)
{
	static const struct http_case tests[] = {
		HTTP_CASE("http.method", "\x16\x03\x01\x02\x00\x01", "state foreign tls\n"),
		HTTP_CASE("http.method", "\x16\x04", "state broken not-http\n"),
		HTTP_CASE("http.method", "\x00", "state broken not-http\n"),
		HTTP_CASE("http.method", "SSH-2.0-x y(\r\n",
			  "unit\nhttp.method: SSH-2.0-x\nhead\nend\nstate boundary\n"),
		HTTP_CASE("http.method", "a:b\r\n", "state broken not-http\n"),
		HTTP_CASE("http.method", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0",
			  "state done http2\n"),
		HTTP_CASE("http.method", "PRI * HTTP/2.0\r\n\r\nSX",
			  "state broken not-http\n"),
		HTTP_CASE("http.method",
			  "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: "
			  "websocket\r\n\r\n\x81",
			  "unit\nhttp.method: GET\nhead\nend\nstate done upgrade\n"),
		HTTP_CASE("http.method",
			  "GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n"
			  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
			  "unit\nhttp.method: GET\nhead\nend\nstate done http2\n"),
		/* a server that does not heed the upgrade reads on, and so do we */
		HTTP_CASE("http.method",
			  "GET / HTTP/1.1\r\nUpgrade: x\r\n\r\nPUT / HTTP/1.1\r\n\r\n",
			  "unit\nhttp.method: GET\nhead\nend\n"
			  "unit\nhttp.method: PUT\nhead\nend\nstate boundary\n"),
		HTTP_CASE("http.method http.uri", "CONNECT a:443 HTTP/1.1\r\n\r\n\x16\x03\x01",
			  "unit\nhttp.method: CONNECT\nhttp.uri: a:443\nhead\nend\n"
			  "state done connect\n"),
		HTTP_CASE("http.method", "CONNECT a:22 HTTP/1.1\r\n\r\nSSH-2.0-x\r\n",
			  "unit\nhttp.method: CONNECT\nhead\nend\nstate done connect\n"),
	};

	(void)state;
	expect_cases(tests, VP_COUNT(tests));
}

/* Some servers answer what the end of the connection cut off. */
static void cut_off(void **state)
{
	static const struct {
		const char *bytes, *text;
	} tests[] = {
		{ "GET /a HTTP/1.1\r\nX: b",
		  "unit\nhttp.path: /a\nhttp.header(X): b\nhttp.ambiguity: truncated\n"
		  "head\nend\nstate boundary\n" },
		{ "GET /a", "unit\nhttp.path: /a\nhttp.ambiguity: no-version\nhttp.ambiguity: "
			    "truncated\n"
			    "head\nend\nstate boundary\n" },
		{ "POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc",
		  "unit\nhttp.path: /a\nhttp.header(Content-Length): 9\nhead\n"
		  "http.request_body: abc\nhttp.ambiguity: truncated\nend\nstate boundary\n" },
		{ "GET /a HTTP/1.1\r\n\r\n",
		  "unit\nhttp.path: /a\nhead\nend\nstate boundary\n" },
	};
	bool unwanted[VP_FIELD_COUNT];

	(void)state;
	only_fields(unwanted, "http.path http.header http.request_body http.ambiguity");
	for (size_t i = 0; i < VP_COUNT(tests); i++) {
		struct vp_run_input input = { VP_TO_SERVER, tests[i].bytes,
					      strlen(tests[i].bytes) };
		struct vp_run run = {
			.protocol = &vp_protocol_http,
			.inputs = &input,
			.count = 1,
			.finish = true,
			.unwanted = unwanted,
		};
		_cleanup_free_ char *text = vp_run_all_cuts(&run);

		assert_non_null(text);
		assert_string_equal(text, tests[i].text);
	}
}

static void heads_are_bounded(void **state)
{
	static const char bytes[] = "GET / HTTP/1.1\r\nA: 0123456789\r\n\r\n";
	struct vp_parser_limits limits = vp_parser_limits_default;
	struct vp_run_input input = { VP_TO_SERVER, bytes, sizeof(bytes) - 1 };
	bool unwanted[VP_FIELD_COUNT];
	struct vp_run run = {
		.protocol = &vp_protocol_http,
		.limits = &limits,
		.inputs = &input,
		.count = 1,
		.unwanted = unwanted,
	};

	(void)state;
	only_fields(unwanted, "http.method");
	for (limits.header = sizeof(bytes) - 3; limits.header < sizeof(bytes);
	     limits.header++) {
		_cleanup_free_ char *text = vp_run_all_cuts(&run);
		bool fits = limits.header == sizeof(bytes) - 1;

		assert_non_null(text);
		assert_int_equal(!fits, !strcmp(text, "state bound header\n"));
		assert_true(run.memory <= limits.header);
	}
}

/* A body that no rule reads is skippable to its end, and its unit is over. */
static void unread_bodies_are_skippable(void **state)
{
	static const char head[] = "PUT / HTTP/1.1\r\nContent-Length: 1000000000000\r\n\r\n";
	static const char next[] = "GET / HTTP/1.1\r\n\r\n";
	struct vp_record record;
	struct vp_parser *parser;
	struct vp_parsed parsed;

	(void)state;
	vp_record_open(&record);
	only_fields(record.unwanted, "http.method");
	parser = vp_protocol_http.open(&vp_parser_limits_default, NULL, &record.sink);
	parsed = vp_protocol_http.feed(
		parser, VP_TO_SERVER,
		(struct vp_slice){ (const uint8_t *)head, sizeof(head) - 1 });
	assert_int_equal(parsed.state, VP_PARSE_INSIDE);
	assert_int_equal(parsed.skippable, 1000000000000);
	assert_false(record.inside);
	parsed = vp_protocol_http.feed(parser, VP_TO_SERVER,
				       (struct vp_slice){ (const uint8_t *)"\0\1\2", 3 });
	assert_int_equal(parsed.skippable, 1000000000000 - 3);
	vp_protocol_http.skipped(parser, VP_TO_SERVER, 1000000000000 - 3);
	parsed = vp_protocol_http.feed(
		parser, VP_TO_SERVER,
		(struct vp_slice){ (const uint8_t *)next, sizeof(next) - 1 });
	assert_int_equal(parsed.state, VP_PARSE_BOUNDARY);
	assert_string_equal(vp_record_text(&record), "unit\nhttp.method: PUT\nhead\nend\n"
						     "unit\nhttp.method: GET\nhead\nend\n");
	vp_protocol_http.close(parser);
	vp_record_close(&record);
}

/* One connection, a hundred thousand requests, only requests seen. */
static void memory_is_flat(void **state)
{
	static const char get[] = "GET /a?b=c HTTP/1.1\r\nHost: a\r\nCookie: d=e\r\n\r\n";
	static const char post[] = "POST /a HTTP/1.1\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
	struct vp_record record;
	struct vp_parser *parser;
	struct vp_parsed parsed = { .state = VP_PARSE_BOUND };

	(void)state;
	vp_record_open(&record);
	memset(record.unwanted + VP_FIELD_HTTP_STAT_CODE, true, 4 * sizeof(bool));
	parser = vp_protocol_http.open(&vp_parser_limits_default, NULL, &record.sink);
	for (int i = 0; i < 50000; i++) {
		vp_protocol_http.feed(
			parser, VP_TO_SERVER,
			(struct vp_slice){ (const uint8_t *)get, sizeof(get) - 1 });
		parsed = vp_protocol_http.feed(
			parser, VP_TO_SERVER,
			(struct vp_slice){ (const uint8_t *)post, sizeof(post) - 1 });
		assert_int_equal(parsed.state, VP_PARSE_BOUNDARY);
		assert_int_equal(vp_protocol_http.memory(parser), 0);
		assert_int_equal(record.units, 2);
		assert_null(record.fault);
		vp_record_clear(&record);
	}
	vp_protocol_http.close(parser);
	vp_record_close(&record);
}

/* Each word is a row of the table in doc/http.md, and each row is a word. */
static void words_are_documented(void **state)
{
	_cleanup_free_ char *page = NULL;
	struct vp_error err = { 0 };
	size_t len, rows = 0;

	(void)state;
	assert_int_equal(
		vp_file_read(VP_SOURCE_DIR "/doc/http.md", 1 << 20, &page, &len, &err), 0);
	for (unsigned int i = 0; i < VP_HTTP_AMBIGUITY_COUNT; i++) {
		_cleanup_free_ char *row = vp_format("\n| `%s` | ", vp_http_ambiguity_name(i));

		if (!strstr(page, row))
			fail_msg("doc/http.md has no row for %s", vp_http_ambiguity_name(i));
	}
	for (const char *at = page; (at = strstr(at, "\n| `")); at++)
		rows++;
	assert_int_equal(rows, VP_HTTP_AMBIGUITY_COUNT);
}

int run_http_framing_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_are_ambiguous),
		cmocka_unit_test(readings_are_compared),
		cmocka_unit_test(chunks),
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(leaves_http),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(heads_are_bounded),
		cmocka_unit_test(unread_bodies_are_skippable),
		cmocka_unit_test(memory_is_flat),
		cmocka_unit_test(words_are_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
