/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Streams longer than sequence numbers, and what they hold in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/bytes.h"
#include "lib/memory.h"
#include "modules/inspection/stream.h"

struct tally {
	uint64_t bytes, fates[VP_FATE_WINDOW + 1];
	uint8_t last;
};

static bool tally_read(void *context, struct vp_slice bytes)
{
	struct tally *t = context;

	t->bytes += bytes.len;
	t->last = bytes.data[bytes.len - 1];
	return true;
}

static void tally_settle(void *context, uint64_t packet, enum vp_fate fate)
{
	(void)packet;
	((struct tally *)context)->fates[fate]++;
}

static const struct vp_stream_options plain = { .kept = 64, .held = 64, .packets = 8 };

static const struct vp_stream_user tally_user = { .read = tally_read, .settle = tally_settle };

/* More than 2^32 bytes, read, and then skipped. */
static void test_long(void **state)
{
	static const struct vp_stream_options options = { .kept = 4096,
							  .held = 1 << 21,
							  .packets = 4 };
	static uint8_t block[1 << 20];
	struct vp_slice whole = { block, sizeof(block) };
	struct tally t = { 0 };
	struct vp_stream *stream = vp_stream_new(&options, &tally_user, &t);
	uint32_t at = 12345;
	uint64_t skipped = (UINT64_C(9) << 30) + 17;

	(void)state;
	vp_stream_begin(stream, at);
	for (unsigned int i = 0; i < 9000; i += 2, at += 2 * sizeof(block)) {
		bool swap = i % 100 == 0;

		vp_stream_segment(stream, i, at + swap * sizeof(block), whole, false, false);
		vp_stream_segment(stream, i, at + !swap * sizeof(block), whole, false, false);
	}
	assert_int_equal(t.bytes, UINT64_C(9000) << 20);
	assert_int_equal(t.fates[VP_FATE_PASS], 9000);
	vp_stream_skip(stream, skipped);
	assert_int_equal(vp_stream_next(stream), (uint32_t)(at + skipped));
	for (unsigned int i = 0; i < 9; i++, at += UINT32_C(1) << 30)
		vp_stream_segment(stream, i, at, whole, false, false);
	assert_int_equal(t.fates[VP_FATE_PASS], 9009);
	assert_int_equal(t.bytes, UINT64_C(9000) << 20);
	block[18] = 'x';
	vp_stream_segment(stream, 9, at, (struct vp_slice){ block, 19 }, false, false);
	assert_int_equal(t.fates[VP_FATE_PASS], 9010);
	assert_int_equal(t.bytes, (UINT64_C(9000) << 20) + 2);
	assert_int_equal(t.last, 'x');
	vp_stream_free(stream);
}

/* A skip of nearly 2 GiB that goes by elsewhere. */
static void test_skip_unseen(void **state)
{
	struct tally t = { 0 };
	struct vp_stream *stream = vp_stream_new(&plain, &tally_user, &t);
	uint32_t skipped = (UINT32_C(1) << 31) - 1;
	struct vp_slice bytes = { (const uint8_t *)"abcd", 4 };

	(void)state;
	vp_stream_begin(stream, 7);
	vp_stream_skip(stream, skipped);
	vp_stream_segment(stream, 0, 7 + skipped, bytes, false, false);
	assert_int_equal(t.bytes, 4);
	vp_stream_segment(stream, 1, 7 + skipped, bytes, false, false);
	vp_stream_segment(stream, 2, 7 + skipped - 4, bytes, false, false);
	assert_int_equal(t.bytes, 4);
	assert_int_equal(t.fates[VP_FATE_PASS], 3);
	vp_stream_skip(stream, UINT64_MAX);
	vp_stream_skip(stream, UINT64_MAX);
	vp_stream_segment(stream, 3, 11 + skipped, bytes, true, false);
	assert_int_equal(t.fates[VP_FATE_PASS], 4);
	vp_stream_free(stream);
}

/* Memory: grows with what is read, up to the bound, and goes when it sleeps. */
static void test_memory(void **state)
{
	static const struct vp_stream_options options = { .kept = 100000,
							  .held = 1000,
							  .packets = 8 };
	static uint8_t block[1000];
	struct vp_slice bytes = { block, sizeof(block) };
	struct tally t = { 0 };
	struct vp_stream *stream = vp_stream_new(&options, &tally_user, &t);
	uint32_t at = 0;

	(void)state;
	assert_int_equal(vp_stream_memory(stream), 0);
	vp_stream_segment(stream, 0, at, bytes, false, false);
	assert_true(vp_stream_memory(stream) < 4096);
	for (at = 1000; at < 500000; at += 1000)
		vp_stream_segment(stream, 0, at, bytes, false, false);
	assert_in_range(vp_stream_memory(stream), 100000, 101000);
	vp_stream_segment(stream, 0, at + 1000, bytes, false, false);
	assert_in_range(vp_stream_memory(stream), 101000, 102500);
	vp_stream_segment(stream, 0, at, bytes, false, false);
	assert_in_range(vp_stream_memory(stream), 100000, 101000);
	vp_stream_sleep(stream);
	assert_int_equal(vp_stream_memory(stream), 0);
	assert_int_equal(t.bytes, 502000);
	vp_stream_free(stream);
}

/* As much is kept as the bound allows that there was when the ring was first full. */
static void test_changing_bound(void **state)
{
	static const size_t bounds[][3] = { { 64, 1000, 1000 },
					    { 1000, 64, 1000 },
					    { 1000, 4000, 2500 } };
	uint8_t data[3000];
#define DATA(from, len) ((struct vp_slice){ data + (from), len })

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	for (size_t i = 0; i < VP_COUNT(bounds); i++) {
		struct vp_stream_options options = { .kept = bounds[i][0],
						     .held = 64,
						     .packets = 8 };
		struct tally t = { 0 };
		struct vp_stream *stream = vp_stream_new(&options, &tally_user, &t);
		size_t kept = bounds[i][2];

		vp_stream_segment(stream, 0, 0, DATA(0, 1500), false, false);
		options.kept = bounds[i][1];
		vp_stream_segment(stream, 1, 1500, DATA(1500, 1500), false, false);
		assert_int_equal(t.fates[VP_FATE_PASS], 2);
		vp_stream_segment(stream, 2, (uint32_t)(3000 - kept), DATA(3000 - kept, kept),
				  false, false);
		assert_int_equal(t.fates[VP_FATE_PASS], 3);
		vp_stream_segment(stream, 3, (uint32_t)(2999 - kept), DATA(2999 - kept, kept),
				  false, false);
		assert_int_equal(t.fates[VP_FATE_EMPTY], 1);
		vp_stream_segment(stream, 4, (uint32_t)(2999 - kept), DATA(3000 - kept, kept),
				  false, false);
		assert_int_equal(t.fates[VP_FATE_CONFLICT], 1);
		vp_stream_free(stream);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_skip_unseen),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_changing_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
