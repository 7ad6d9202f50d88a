/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: a program made of rules as text, a unit of it, and values for it. */
#ifndef VP_TEST_RULES_H
#define VP_TEST_RULES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "modules/inspection/program.h"
#include "modules/inspection/unit.h"

#define TEST_BOUND 65536u

/* [service s] of the tests */
#define HTTP_SERVICE  "ports = tcp/80\napplication = http\n"
#define RAW_SERVICE   "ports = tcp/80\n"
#define FRAME_SERVICE "ports = tcp/80\nframe = fixed 12\n"
#define UDP_SERVICE   "ports = udp/53\n"
#define TLS_SERVICE   "ports = tcp/443\napplication = tls\n"

struct test_rules {
	struct vp_sources sources;
	struct vp_findings findings;
	struct vp_policy policy;
	struct vp_host host;
	struct vp_plan plan;
	struct vp_program *program;
	struct vp_unit *unit;
	struct vp_sink *sink;
	struct vp_error error;
};

/* Rules r0, r1, ... from their `when` and `except` lines, which may also have `direction`;
 * more sections may follow the last. No unit yet. */
void test_rules_plan(struct test_rules *t, const char *service, const char *const *rules,
		     size_t count, const char *more);
/* Compile; false: it failed. */
bool test_rules_compile(struct test_rules *t);
/* All of it, with a unit for a flow to the server. */
void test_rules_open(struct test_rules *t, const char *service, const char *const *rules,
		     size_t count, const char *more);
void test_rules_unit(struct test_rules *t, size_t bound);
void test_rules_free(struct test_rules *t);

extern const struct vp_unit_flow test_flow;

void test_begin(struct test_rules *t);
void test_value(struct test_rules *t, enum vp_field_id field, const char *name,
		const void *data, size_t len);
void test_text(struct test_rules *t, enum vp_field_id field, const char *name,
	       const char *text);
void test_part(struct test_rules *t, enum vp_field_id field, const char *name,
	       const void *data, size_t len, enum vp_part part);
void test_final(struct test_rules *t, enum vp_phase phase);
void test_end(struct test_rules *t);

/* The hits since the last time are these, in order: "0 3", "". */
#define test_hits(t, text) test_hits_(t, text, __FILE__, __LINE__)
void test_hits_(struct test_rules *t, const char *text, const char *file, int line);

/* A generator of its own, so that a failure can be repeated. */
uint32_t test_chance(uint32_t below);

#endif
