/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP responses, and what they say of requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/memory.h"
#include "lib/strbuf.h"
#include "modules/inspection/http.h"
#include "tests/unit/inspection/http_tests.h"

#define SENT(text)                                                                            \
	{                                                                                     \
		VP_TO_SERVER, text, sizeof(text) - 1                                          \
	}
#define ANSWERED(text)                                                                        \
	{                                                                                     \
		VP_TO_CLIENT, text, sizeof(text) - 1                                          \
	}

static void expect_exchange(const struct vp_run_input *inputs, size_t count, bool finish,
			    const char *expected)
{
	bool unwanted[VP_FIELD_COUNT];
	struct vp_run run = {
		.protocol = &vp_protocol_http,
		.inputs = inputs,
		.count = count,
		.finish = finish,
		.unwanted = unwanted,
	};
	_cleanup_free_ char *text = NULL;

	only_fields(unwanted, "http.method http.stat_code http.stat_msg http.response_header "
			      "http.response_body http.ambiguity");
	text = vp_run_all_cuts(&run);
	assert_non_null(text);
	assert_string_equal(text, expected);
}

static void answers(void **state)
{
	static const struct vp_run_input inputs[] = {
		SENT("HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
		ANSWERED("HTTP/1.1 200 All right\r\nContent-Length: 5\r\n\r\n"
			 "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
			 "3\r\nabc\r\n0\r\nX: y\r\n\r\n"
			 "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304\r\nContent-Length: "
			 "7\r\n\r\n"),
	};

	(void)state;
	expect_exchange(inputs, VP_COUNT(inputs), false,
			"unit\n"
			"http.method: HEAD\n"
			"http.stat_code: 200\n"
			"http.stat_msg: All right\n"
			"http.response_header(Content-Length): 5\n"
			"head\n"
			"end\n"
			"unit\n"
			"http.method: GET\n"
			"http.stat_code: 404\n"
			"http.stat_msg: Not Found\n"
			"http.response_header(Transfer-Encoding): chunked\n"
			"head\n"
			"http.response_body: abc\n"
			"end\n"
			"unit\n"
			"http.method: GET\n"
			"http.stat_code: 100\n"
			"http.stat_msg: Continue\n"
			"head\n"
			"end\n"
			"unit\n"
			"http.method: GET\n"
			"http.stat_code: 304\n"
			"http.stat_msg: \n"
			"http.response_header(Content-Length): 7\n"
			"head\n"
			"end\n"
			"state boundary\n");
}

static void up_to_the_end(void **state)
{
	static const struct vp_run_input inputs[] = {
		SENT("GET / HTTP/1.0\r\n\r\n"),
		ANSWERED("HTTP/1.0 200 OK\r\n\r\nall of it"),
	};

	(void)state;
	expect_exchange(inputs, VP_COUNT(inputs), true,
			"unit\n"
			"http.method: GET\n"
			"http.stat_code: 200\n"
			"http.stat_msg: OK\n"
			"head\n"
			"http.response_body: all of it\n"
			"end\n"
			"state boundary\n");
}

static void tunnels(void **state)
{
	static const struct vp_run_input upgraded[] = {
		SENT("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"),
		ANSWERED("HTTP/1.1 101 Switching\r\n\r\n\x81\x01"),
	};
	static const struct vp_run_input refused[] = {
		SENT("CONNECT a:1 HTTP/1.1\r\n\r\n"),
		ANSWERED("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"),
		SENT("GET / HTTP/1.1\r\n\r\n"),
	};
	static const struct vp_run_input connected[] = {
		SENT("CONNECT a:1 HTTP/1.1\r\n\r\n"),
		ANSWERED("HTTP/1.1 200 Yes\r\n\r\nanything"),
	};

	(void)state;
	expect_exchange(upgraded, VP_COUNT(upgraded), false,
			"unit\n"
			"http.method: GET\n"
			"http.stat_code: 101\n"
			"http.stat_msg: Switching\n"
			"head\n"
			"end\n"
			"state done upgrade\n");
	expect_exchange(refused, VP_COUNT(refused), false,
			"unit\n"
			"http.method: CONNECT\n"
			"http.stat_code: 403\n"
			"http.stat_msg: No\n"
			"http.response_header(Content-Length): 0\n"
			"head\n"
			"end\n"
			"state inside\n");
	expect_exchange(connected, VP_COUNT(connected), false,
			"unit\n"
			"http.method: CONNECT\n"
			"http.stat_code: 200\n"
			"http.stat_msg: Yes\n"
			"head\n"
			"end\n"
			"state done connect\n");
}

/* A request while an answer is in its middle: units do not overlap. */
static void interleaved(void **state)
{
	static const struct vp_run_input inputs[] = {
		SENT("POST /1 HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"),
		ANSWERED("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n12"),
		SENT("cdeGET /2 HTTP/1.1\r\n\r\n"),
		ANSWERED("34HTTP/1.1 204 No\r\n\r\n"),
	};

	(void)state;
	expect_exchange(inputs, VP_COUNT(inputs), false,
			"unit\n"
			"http.method: POST\n"
			"http.stat_code: 200\n"
			"http.stat_msg: OK\n"
			"http.response_header(Content-Length): 4\n"
			"head\n"
			"http.response_body: 1234\n"
			"end\n"
			"unit\n"
			"http.method: GET\n"
			"http.stat_code: 204\n"
			"http.stat_msg: No\n"
			"head\n"
			"end\n"
			"state boundary\n");
}

/* More requests than may wait for answers. */
static void too_many(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf sent = { 0 };
	struct vp_run_input inputs[] = {
		SENT("GET / HTTP/1.1\r\n\r\n"),
		ANSWERED("HTTP/1.1 204 No\r\n\r\n"),
		{ VP_TO_SERVER, NULL, 0 },
		ANSWERED("HTTP/1.1 204 No\r\n\r\n"),
	};

	(void)state;
	for (int i = 0; i < 257; i++)
		vp_strbuf_adds(&sent, "GET / HTTP/1.1\r\n\r\n");
	inputs[2].data = sent.data;
	inputs[2].len = sent.len;
	expect_exchange(inputs, 3, false,
			"unit\n"
			"http.method: GET\n"
			"http.stat_code: 204\n"
			"http.stat_msg: No\n"
			"head\n"
			"end\n"
			"state bound pipeline\n");
	expect_exchange(inputs + 2, 2, false, "state broken unpaired\n");
}

static void not_http(void **state)
{
	static const struct vp_run_input inputs[] = {
		SENT("GET / HTTP/1.1\r\n\r\n"),
		ANSWERED("220 ftp\r\n\r\n"),
	};

	(void)state;
	expect_exchange(inputs, VP_COUNT(inputs), false, "state broken not-http\n");
}

int run_http_response_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),  cmocka_unit_test(up_to_the_end),
		cmocka_unit_test(tunnels),  cmocka_unit_test(interleaved),
		cmocka_unit_test(too_many), cmocka_unit_test(not_http),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
