/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What scripts send: put together as a receiver does that knows nothing of
 * decoys, every honest script makes its message, byte for byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/ctl/lab/script.h"
#include "lab_tests.h"

static const char text[] = "GET /some/where HTTP/1.1\r\nHost: somebody\r\n\r\n";

static struct vp_scripts make(const char *message, size_t len, size_t splits, bool benign,
			      size_t *positions)
{
	const struct vp_script_order order = {
		.message = (const uint8_t *)message,
		.len = len,
		.splits = splits,
		.benign = benign,
	};
	struct vp_scripts scripts = { 0 };

	vp_scripts_make(&scripts, &order, positions);
	return scripts;
}

/* Would any receiver take it? */
static bool is_taken(const struct vp_segment *segment)
{
	return segment->len && segment->flags & VP_TCP_ACK &&
	       !(segment->faults &
		 (VP_FAULT_CHECKSUM | VP_FAULT_OLD_STAMP | VP_FAULT_NO_STAMP));
}

/* First come, first kept; false: bytes are missing, or others. */
static bool makes_message(const struct vp_script *script)
{
	uint8_t got[256] = { 0 };
	bool have[256] = { false };

	assert_true(script->len <= sizeof(got));
	for (size_t i = 0; i < script->in_syn; i++) {
		got[i] = script->message[i];
		have[i] = true;
	}
	for (size_t i = 0; i < script->operations.len; i++) {
		const struct vp_segment *segment = &script->operations.data[i].segment;

		if (script->operations.data[i].kind != VP_OPERATION_SEGMENT ||
		    !is_taken(segment))
			continue;
		for (size_t k = 0; k < segment->len; k++) {
			int64_t at = segment->at + (int64_t)k;

			if (at < 0 || at >= (int64_t)script->len || have[at])
				continue;
			got[at] = segment->data[k];
			have[at] = true;
		}
	}
	for (size_t i = 0; i < script->len; i++)
		if (!have[i])
			return false;
	return !memcmp(got, script->message, script->len);
}

static void honest_scripts_make_the_message(void **state)
{
	size_t positions, count = 0;
	struct vp_scripts scripts = make(text, strlen(text), 100, false, &positions);

	(void)state;
	vp_array_each (script, &scripts) {
		if (script->hostile)
			continue;
		count++;
		if (!makes_message(script))
			fail_msg("%s", script->what);
	}
	assert_true(count > 80);
	vp_scripts_free(&scripts);
}

static void short_messages_too(void **state)
{
	(void)state;
	for (size_t len = 1; len < 12; len++) {
		size_t positions;
		struct vp_scripts scripts = make(text, len, 100, false, &positions);

		assert_int_equal(positions, len - 1);
		vp_array_each (script, &scripts)
			if (!script->hostile && !makes_message(script))
				fail_msg("%zu bytes: %s", len, script->what);
		vp_scripts_free(&scripts);
	}
}

static void benign_scripts_are_honest(void **state)
{
	size_t positions, ways[VP_WAY_COUNT] = { 0 };
	struct vp_scripts scripts = make(text, strlen(text), 5, true, &positions);

	(void)state;
	assert_int_equal(positions, 5);
	vp_array_each (script, &scripts) {
		assert_false(script->hostile);
		ways[script->way]++;
	}
	assert_int_equal(ways[VP_WAY_SPLIT], 5);
	for (enum vp_way way = VP_WAY_WHOLE; way < VP_WAY_SERIES; way++)
		assert_true(ways[way] > 0);
	vp_scripts_free(&scripts);
}

/* Every hostile way of other bytes has some, and every order is another. */
static void hostile_scripts_differ(void **state)
{
	size_t positions, orders = 0, lies = 0;
	struct vp_scripts scripts = make(text, strlen(text), 5, false, &positions);

	(void)state;
	for (size_t i = 0; i < scripts.len; i++) {
		const struct vp_script *script = &scripts.data[i];

		orders += script->way == VP_WAY_ORDER;
		lies += script->hostile && script->owned.len;
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(script->what, scripts.data[k].what);
		for (size_t k = 0; k < script->owned.len; k++)
			assert_memory_not_equal(script->owned.data[k], script->message,
						script->len);
	}
	assert_int_equal(orders, 23 + 2);
	assert_true(lies > 40);
	vp_scripts_free(&scripts);
}

int lab_script_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(honest_scripts_make_the_message),
		cmocka_unit_test(short_messages_too),
		cmocka_unit_test(benign_scripts_are_honest),
		cmocka_unit_test(hostile_scripts_differ),
	};

	return cmocka_run_group_tests_name("lab scripts", tests, NULL, NULL);
}
