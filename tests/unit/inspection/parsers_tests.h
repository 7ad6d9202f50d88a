/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the parsers share. */
#ifndef VP_TESTS_PARSERS_TESTS_H
#define VP_TESTS_PARSERS_TESTS_H

#include "tests/unit/inspection/run.h"

/* A string literal as an input; NULs may be in it. */
#define SENT(text)                                                                            \
	{                                                                                     \
		VP_TO_SERVER, text, sizeof(text) - 1                                          \
	}
#define ANSWERED(text)                                                                        \
	{                                                                                     \
		VP_TO_CLIENT, text, sizeof(text) - 1                                          \
	}

/* The parser of that name, of streams or datagrams; fails when there is none. */
const struct vp_protocol *stream_of(const char *application);
const struct vp_protocol *datagrams_of(const char *application);

/* The text of the run, and the same text in any cut. */
void expect_run(struct vp_run *run, const char *text);

/* That, with one input to the server. */
void expect_bytes(const struct vp_protocol *protocol, const void *data, size_t len,
		  const char *text);
#define expect_text(application, bytes, text)                                                 \
	expect_bytes(stream_of(application), bytes, sizeof(bytes) - 1, text)

int run_raw_tests(void);
int run_command_tests(void);
int run_smb_tests(void);
int run_ssh_tests(void);
int run_dns_tests(void);
int run_tls_tests(void);
int run_redis_tests(void);
int run_telnet_tests(void);

#endif
