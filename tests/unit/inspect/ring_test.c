/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentd/inspect/ring.c: nothing is lost, nothing is believed. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/inspect/ring.h"

#define CAPACITY 4096
#define VERDICTS 200000

struct pair {
	struct vp_ring *producer, *consumer;
	int fd;
};

static struct pair make_pair(void)
{
	struct vp_error err = { 0 };
	struct pair pair;

	assert_int_equal(vp_ring_create(CAPACITY, &pair.fd, &err), 0);
	pair.producer = vp_ring_map(pair.fd, &err);
	pair.consumer = vp_ring_map(pair.fd, &err);
	assert_non_null(pair.producer);
	assert_non_null(pair.consumer);
	return pair;
}

static void free_pair(struct pair *pair)
{
	vp_ring_unmap(pair->producer);
	vp_ring_unmap(pair->consumer);
	close(pair->fd);
}

/* What verdict number `i` is; some carry bytes, the same for the same number. */
static struct vp_ring_verdict numbered(uint32_t i, uint8_t *bytes, size_t most)
{
	struct vp_ring_verdict verdict = {
		.queue = (uint16_t)(i % 7),
		.batch = i % 5 == 0,
		.accept = i % 2,
		.marked = i % 3 == 0,
		.leave = i % 11 == 0,
		.packet = i,
		.mark = i * 2654435761u,
	};

	if (i % 4)
		return verdict;
	verdict.bytes = bytes;
	verdict.len = i * 31 % most;
	for (size_t b = 0; b < verdict.len; b++)
		bytes[b] = (uint8_t)(i + b);
	return verdict;
}

static void assert_same(const struct vp_ring_verdict *got, const struct vp_ring_verdict *want)
{
	assert_int_equal(got->queue, want->queue);
	assert_int_equal(got->batch, want->batch);
	assert_int_equal(got->accept, want->accept);
	assert_int_equal(got->marked, want->marked);
	assert_int_equal(got->leave, want->leave);
	assert_int_equal(got->packet, want->packet);
	assert_int_equal(got->mark, want->mark);
	assert_int_equal(!got->bytes, !want->bytes);
	assert_int_equal(got->len, want->len);
	if (want->len)
		assert_memory_equal(got->bytes, want->bytes, want->len);
}

static void *produce(void *data)
{
	struct vp_ring *ring = data;
	uint8_t *bytes = malloc(CAPACITY);

	for (uint32_t i = 0; i < VERDICTS; i++) {
		struct vp_ring_verdict verdict = numbered(i, bytes, vp_ring_longest(ring));

		while (!vp_ring_put(ring, &verdict))
			sched_yield();
		vp_ring_beat(ring, (struct vp_pulse){ .received = i + 1, .busy_since = 1 });
	}
	free(bytes);
	return NULL;
}

static void test_all_arrive_in_order(void **state)
{
	struct pair pair = make_pair();
	uint8_t *got_bytes = malloc(CAPACITY), *want_bytes = malloc(CAPACITY);
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, produce, pair.producer), 0);
	for (uint32_t i = 0; i < VERDICTS;) {
		struct vp_ring_verdict got, want;
		int r = vp_ring_take(pair.consumer, &got, got_bytes);

		assert_true(r >= 0);
		if (!r) {
			sched_yield();
			continue;
		}
		want = numbered(i++, want_bytes, vp_ring_longest(pair.consumer));
		assert_same(&got, &want);
	}
	pthread_join(thread, NULL);
	assert_int_equal(vp_ring_pulse(pair.consumer).received, VERDICTS);
	free(got_bytes);
	free(want_bytes);
	free_pair(&pair);
}

static void test_full_and_empty(void **state)
{
	struct pair pair = make_pair();
	struct vp_ring_verdict verdict = { .packet = 1, .accept = true };
	uint8_t buffer[CAPACITY];
	size_t put = 0, taken = 0;

	(void)state;
	assert_int_equal(vp_ring_take(pair.consumer, &verdict, buffer), 0);
	while (vp_ring_put(pair.producer, &verdict))
		put++;
	assert_int_equal(put, CAPACITY / 16);
	while (vp_ring_take(pair.consumer, &verdict, buffer) == 1)
		taken++;
	assert_int_equal(taken, put);
	verdict.bytes = buffer;
	verdict.len = vp_ring_longest(pair.producer) + 1;
	assert_false(vp_ring_put(pair.producer, &verdict));
	verdict.len--;
	assert_true(vp_ring_put(pair.producer, &verdict));
	assert_true(vp_ring_put(pair.producer, &verdict));
	free_pair(&pair);
}

/* Whoever sleeps is woken by the first verdict, or does not fall asleep. */
static void test_sleep_and_wake(void **state)
{
	struct pair pair = make_pair();
	struct vp_ring_verdict verdict = { .packet = 1 };
	uint8_t buffer[CAPACITY];

	(void)state;
	assert_false(vp_ring_must_wake(pair.producer));
	assert_true(vp_ring_sleep(pair.consumer));
	assert_true(vp_ring_put(pair.producer, &verdict));
	assert_true(vp_ring_must_wake(pair.producer));
	assert_false(vp_ring_must_wake(pair.producer));
	assert_false(vp_ring_sleep(pair.consumer));
	assert_int_equal(vp_ring_take(pair.consumer, &verdict, buffer), 1);
	assert_true(vp_ring_sleep(pair.consumer));
	vp_ring_awake(pair.consumer);
	assert_false(vp_ring_must_wake(pair.producer));
	free_pair(&pair);
}

/* A producer that somebody has taken over writes what it likes: the consumer stays in bounds.
 */
static void test_hostile_memory(void **state)
{
	unsigned int seed = 1, refused = 0;
	uint8_t buffer[CAPACITY];

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct pair pair = make_pair();
		struct vp_ring_verdict verdict;
		off_t size = lseek(pair.fd, 0, SEEK_END);
		uint8_t *memory = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED,
				       pair.fd, 0);
		int r = 1;

		assert_ptr_not_equal(memory, MAP_FAILED);
		for (size_t i = 0; i < (size_t)size; i++)
			if (i >= 256 || round % 2)
				memory[i] = (uint8_t)rand_r(&seed);
		memory[64 + round % 8] = (uint8_t)rand_r(&seed); /* the head */
		for (int i = 0; i < CAPACITY && r == 1; i++)
			r = vp_ring_take(pair.consumer, &verdict, buffer);
		refused += r == -EBADMSG;
		munmap(memory, (size_t)size);
		free_pair(&pair);
	}
	assert_true(refused > 1000);
}

static void test_not_a_ring(void **state)
{
	struct vp_error err = { 0 };
	int fd;

	(void)state;
	assert_int_equal(vp_ring_create(5000, &fd, &err), -EINVAL);
	fd = memfd_create("other", MFD_CLOEXEC);
	assert_null(vp_ring_map(fd, &err));
	assert_int_equal(ftruncate(fd, 65536), 0);
	assert_null(vp_ring_map(fd, &err));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_arrive_in_order),
		cmocka_unit_test(test_full_and_empty),
		cmocka_unit_test(test_sleep_and_wake),
		cmocka_unit_test(test_hostile_memory),
		cmocka_unit_test(test_not_a_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
