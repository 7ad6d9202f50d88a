/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heads of HTTP requests: what each field of the condition table is read as. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/memory.h"
#include "lib/strbuf.h"
#include "modules/inspection/http.h"
#include "modules/inspection/http_reading.h"
#include "tests/unit/inspection/http_tests.h"

void only_fields(bool *unwanted, const char *fields)
{
	_cleanup_free_ char *copy = vp_strdup(fields);
	char *rest = NULL;

	memset(unwanted, true, VP_FIELD_COUNT * sizeof(*unwanted));
	for (char *name = strtok_r(copy, " ", &rest); name;
	     name = strtok_r(NULL, " ", &rest)) {
		const struct vp_field *field = vp_field_find(name, strlen(name));

		if (!field)
			fail_msg("no field %s", name);
		else
			unwanted[field->id] = false;
	}
}

void expect_case(const struct http_case *test)
{
	bool unwanted[VP_FIELD_COUNT];
	struct vp_run_input input = { VP_TO_SERVER, test->bytes, test->len };
	struct vp_run run = {
		.protocol = &vp_protocol_http,
		.inputs = &input,
		.count = 1,
		.unwanted = unwanted,
	};
	_cleanup_free_ char *text = NULL;

	only_fields(unwanted, test->fields);
	text = vp_run_all_cuts(&run);
	if (!text)
		fail_msg("a cut changes what is found in: %s", test->bytes);
	else
		assert_string_equal(text, test->text);
}

void expect_cases(const struct http_case *tests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect_case(&tests[i]);
}

void expect_body(const char *fields, const char *lines, const void *body, size_t len,
		 const char *text)
{
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 }, expected = { 0 };
	struct http_case test = { .fields = fields };

	vp_strbuf_addf(&bytes, "POST / HTTP/1.1\r\n%sContent-Length: %zu\r\n\r\n", lines, len);
	vp_strbuf_add(&bytes, body, len);
	vp_strbuf_addf(&expected, "unit\nhead\n%send\nstate boundary\n", text);
	test.bytes = bytes.data;
	test.len = bytes.len;
	test.text = vp_strbuf_text(&expected);
	expect_case(&test);
}

#define ENDS "head\nend\nstate boundary\n"

static void request_lines(void **state)
{
	static const char fields[] = "http.method http.uri http.uri.raw http.path http.query "
				     "http.request_line http.protocol http.ambiguity";
	const struct http_case tests[] = {
		HTTP_CASE(fields, "GET /a/./b/../c%2E%61?x=1+2&y=%41%zz HTTP/1.1\r\n\r\n",
			  "unit\nhttp.method: GET\nhttp.uri: /a/c.a?x=1+2&y=A%zz\n"
			  "http.uri.raw: /a/./b/../c%2E%61?x=1+2&y=%41%zz\n"
			  "http.path: /a/c.a\nhttp.query: x=1 2&y=A%zz\n"
			  "http.query(x): 1 2\nhttp.query(y): A%zz\n"
			  "http.request_line: GET /a/./b/../c%2E%61?x=1+2&y=%41%zz HTTP/1.1\n"
			  "http.protocol: HTTP/1.1\n" ENDS),
		HTTP_CASE("http.path", "GET //a%2f%2e%2e%2fetc//passwd HTTP/1.0\r\n\r\n",
			  "unit\nhttp.path: /etc/passwd\n" ENDS),
		HTTP_CASE("http.path", "GET /%252e%252e/a HTTP/1.1\r\n\r\n",
			  "unit\nhttp.path: /%2e%2e/a\n" ENDS),
		HTTP_CASE("http.path", "GET /a\\..\\b%00c HTTP/1.1\r\n\r\n",
			  "unit\nhttp.path: /a\\x5c..\\x5cb\\x00c\n" ENDS),
		HTTP_CASE("http.path http.uri http.host http.query",
			  "GET http://User@Example.ORG:80/a?b=c HTTP/1.1\r\n"
			  "Host: example.org\r\n\r\n",
			  "unit\nhttp.uri: /a?b=c\nhttp.path: /a\nhttp.query: b=c\n"
			  "http.query(b): c\nhttp.host: example.org\nhttp.host: "
			  "example.org\n" ENDS),
		HTTP_CASE("http.path http.uri http.host", "GET http://h?q HTTP/1.1\r\n\r\n",
			  "unit\nhttp.uri: /?q\nhttp.path: /\nhttp.host: h\n" ENDS),
		HTTP_CASE("http.method http.uri http.path", "OPTIONS * HTTP/1.1\r\n\r\n",
			  "unit\nhttp.method: OPTIONS\nhttp.uri: *\nhttp.path: *\n" ENDS),
		HTTP_CASE("http.query", "GET /?a&b=&=c&d%3d=%26&a=2&e=f=g HTTP/1.1\r\n\r\n",
			  "unit\nhttp.query: a&b=&=c&d==&&a=2&e=f=g\nhttp.query(a): \n"
			  "http.query(b): \nhttp.query(d=): &\nhttp.query(a): 2\n"
			  "http.query(e): f=g\n" ENDS),
		HTTP_CASE("http.uri http.query", "GET / HTTP/1.1\r\n\r\n",
			  "unit\nhttp.uri: /\n" ENDS),
		HTTP_CASE("http.method", "\r\n\n\r\nGET / HTTP/1.1\r\n\r\n",
			  "unit\nhttp.method: GET\n" ENDS),
	};

	(void)state;
	expect_cases(tests, VP_COUNT(tests));
}

static void headers(void **state)
{
	const struct http_case tests[] = {
		HTTP_CASE(
			"http.header http.header_names http.host http.user_agent "
			"http.content_type http.raw_header http.ambiguity",
			"GET / HTTP/1.1\r\nHost: A.b:8080\r\nX-A:  1 \r\nuser-agent: curl\r\n"
			"X-a: 2\r\nContent-Type: text/plain; a=b\r\nEmpty:\r\n\r\n",
			"unit\nhttp.header(Host): A.b:8080\nhttp.header(X-A): 1\n"
			"http.header(user-agent): curl\nhttp.header(X-a): 2\n"
			"http.header(Content-Type): text/plain; a=b\nhttp.header(Empty): \n"
			"http.header_names: Host\\x0aX-A\\x0auser-agent\\x0aX-a\\x0a"
			"Content-Type\\x0aEmpty\\x0a\n"
			"http.host: a.b\nhttp.user_agent: curl\n"
			"http.content_type: text/plain; a=b\n"
			"http.raw_header: Host: A.b:8080\\x0d\\x0aX-A:  1 \\x0d\\x0a"
			"user-agent: curl\\x0d\\x0aX-a: 2\\x0d\\x0a"
			"Content-Type: text/plain; a=b\\x0d\\x0aEmpty:\\x0d\\x0a\n" ENDS),
		HTTP_CASE("http.cookie",
			  "GET / HTTP/1.1\r\nCookie: a=1; b=\"2\" ;c;d = e=f\r\nCookie: "
			  "a=3\r\n\r\n",
			  "unit\nhttp.cookie: a=1; b=\"2\" ;c;d = e=f\nhttp.cookie(a): 1\n"
			  "http.cookie(b): \"2\"\nhttp.cookie(c): \nhttp.cookie(d): e=f\n"
			  "http.cookie: a=3\nhttp.cookie(a): 3\n" ENDS),
		HTTP_CASE("http.host http.ambiguity",
			  "GET / HTTP/1.1\r\nHost: [2001:DB8::1]:80\r\n\r\n",
			  "unit\nhttp.host: [2001:db8::1]\n" ENDS),
		HTTP_CASE("http.host http.ambiguity",
			  "GET / HTTP/1.1\r\nHost: my_app.\r\n\r\n",
			  "unit\nhttp.host: my_app\n" ENDS),
		HTTP_CASE("http.header http.raw_header", "GET / HTTP/1.1\n\n", "unit\n" ENDS),
		HTTP_CASE("http.header http.ambiguity",
			  "GET / HTTP/1.1\r\nX: a\r\n \tb  \r\n c\r\n\r\n",
			  "unit\nhttp.header(X): a b c\nhttp.ambiguity: folded-header\n" ENDS),
	};

	(void)state;
	expect_cases(tests, VP_COUNT(tests));
}

/* A rule on a field that nobody reads costs nothing, and nothing is told of it. */
static void only_what_is_wanted(void **state)
{
	const struct http_case test =
		HTTP_CASE("http.method", "GET /?a=b HTTP/1.1\r\nCookie: a=b\r\n\r\n",
			  "unit\nhttp.method: GET\n" ENDS);

	(void)state;
	expect_case(&test);
}

/* Where libhtp is not asked, it would have said the same. */
static void plain_heads_need_no_second_reading(void **state)
{
	static const char *const targets[] = {
		"/",	    "/a/b.c", "/a/b;c=d,e:f@g/", "/a..b/c?d/../e?f", "/~a/'(b)*+!$&=?",
		"/a?b%41+c"
	};
	static const char *const hosts[] = { "a", "A.b-c_d:80", "127.0.0.1:8080" };

	(void)state;
	for (size_t i = 0; i < VP_COUNT(targets) * VP_COUNT(hosts); i++) {
		const char *target = targets[i % VP_COUNT(targets)];
		_cleanup_free_ char *text = vp_format("POST %s HTTP/1.1\r\nHost: %s\r\n"
						      "Content-Length: 3\r\n\r\n",
						      target, hosts[i / VP_COUNT(targets)]);
		struct vp_http_reading fast, asked;
		struct vp_http_head head;

		vp_http_head_request(&head, vp_slice_of(text, strlen(text)));
		vp_http_reading_open(&fast, &head);
		vp_http_reading_ask(&asked, &head);
		assert_null(fast.connp);
		assert_int_equal(fast.path.len, asked.path.len);
		assert_memory_equal(fast.path.data, asked.path.data, fast.path.len);
		assert_int_equal(!fast.query.data, !asked.query.data);
		assert_int_equal(fast.query.len, asked.query.len);
		if (fast.query.len)
			assert_memory_equal(fast.query.data, asked.query.data, fast.query.len);
		assert_int_equal(fast.ambiguity, asked.ambiguity);
		assert_null(asked.host.data);
		vp_http_reading_close(&asked);
		vp_http_reading_close(&fast);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_lines),
		cmocka_unit_test(headers),
		cmocka_unit_test(only_what_is_wanted),
		cmocka_unit_test(plain_heads_need_no_second_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + run_http_framing_tests() +
	       run_http_body_tests() + run_http_response_tests();
}
