/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the HTTP parser share. */
#ifndef VP_TESTS_HTTP_TESTS_H
#define VP_TESTS_HTTP_TESTS_H

#include "tests/unit/inspection/run.h"

/* Bytes to the server, and the text of what a sink is told that wants only some fields. */
struct http_case {
	const char *fields; /* names with spaces between */
	const char *bytes;
	size_t len;
	const char *text;
};

#define HTTP_CASE(FIELDS, BYTES, TEXT)                                                        \
	{                                                                                     \
		FIELDS, BYTES, sizeof(BYTES) - 1, TEXT                                        \
	}

/* The text, in any cut of the bytes. */
void expect_case(const struct http_case *test);
void expect_cases(const struct http_case *tests, size_t count);

/* A request with that body and those header lines (each with CRLF), whose body fields are
 * read. `text` is what comes behind the head. */
void expect_body(const char *fields, const char *lines, const void *body, size_t len,
		 const char *text);

/* As much of it as a run wants: all fields but the named ones are marked. */
void only_fields(bool *unwanted, const char *fields);

int run_http_body_tests(void);
int run_http_framing_tests(void);
int run_http_response_tests(void);

#endif
