/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of all lengths through a small buffer, over its end, and rubbish in it. */
#include <string.h>

#include "agentd/ctl/observe/ring.h"
#include "tests/unit/observe/observe_tests.h"

#define SIZE 256

struct kernel {
	struct perf_event_mmap_page page;
	uint8_t data[SIZE];
};

static void write_bytes(struct kernel *kernel, const void *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		kernel->data[(kernel->page.data_head + i) % SIZE] = ((const uint8_t *)data)[i];
	kernel->page.data_head += len;
}

/* A record that is full of its own number. */
static void write_record(struct kernel *kernel, uint16_t size, uint8_t number)
{
	uint8_t record[SIZE];
	const struct perf_event_header header = { .type = 1000, .size = size };

	memset(record, number, sizeof(record));
	memcpy(record, &header, sizeof(header));
	write_bytes(kernel, record, size);
}

static void records_come_whole_and_in_order(void **state)
{
	struct kernel kernel = { 0 };
	struct vp_trace_ring ring;
	size_t len;

	(void)state;
	vp_trace_ring_init(&ring, &kernel.page, kernel.data, SIZE);
	assert_null(vp_trace_ring_peek(&ring, &len));
	for (unsigned int i = 0; i < 1000; i++) {
		uint16_t size = (uint16_t)(8 + 8 * (i % 31));
		const uint8_t *record;

		write_record(&kernel, size, (uint8_t)i);
		record = vp_trace_ring_peek(&ring, &len);
		assert_non_null(record);
		assert_int_equal((uintptr_t)record % 8, 0);
		assert_int_equal(len, size);
		for (size_t k = 8; k < len; k++)
			assert_int_equal(record[k], (uint8_t)i);
		assert_ptr_equal(vp_trace_ring_peek(&ring, &len), record);
		vp_trace_ring_skip(&ring, len);
		assert_true(kernel.page.data_tail < kernel.page.data_head);
		vp_trace_ring_release(&ring);
		assert_true(kernel.page.data_tail == kernel.page.data_head);
	}
	assert_int_equal(ring.broken, 0);
	vp_trace_ring_free(&ring);
}

/* What cannot be a record is given up up to where the kernel is, and that is counted. */
static void rubbish_ends_and_is_counted(void **state)
{
	static const uint16_t wrong[] = { 0, 7, 64, SIZE };
	struct kernel kernel = { 0 };
	struct vp_trace_ring ring;
	size_t len;

	(void)state;
	vp_trace_ring_init(&ring, &kernel.page, kernel.data, SIZE);
	for (size_t i = 0; i < 4; i++) {
		const struct perf_event_header header = { .type = 1, .size = wrong[i] };

		write_bytes(&kernel, &header, sizeof(header));
		assert_null(vp_trace_ring_peek(&ring, &len));
		assert_int_equal(ring.broken, i + 1);
	}
	kernel.page.data_head += 10 * SIZE;
	assert_null(vp_trace_ring_peek(&ring, &len));
	assert_int_equal(ring.broken, 5);
	write_record(&kernel, 16, 1);
	assert_non_null(vp_trace_ring_peek(&ring, &len));
	vp_trace_ring_free(&ring);
}

int ring_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_whole_and_in_order),
		cmocka_unit_test(rubbish_ends_and_is_counted),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
