/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the processes of inspection are made of: accepted packets, health, counts, notes. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/inspect/accepts.h"
#include "agentd/inspect/away.h"
#include "agentd/inspect/health.h"
#include "agentd/inspect/note.h"
#include "agentd/inspect/stash.h"
#include "agentd/inspect/tally.h"
#include "agentd/inspect/trim.h"
#include "agentd/inspect/window.h"

/* A queue of the kernel's as accepts.h sees it: which packets it would let go on. */
struct kernel {
	bool waits[64], passed[64];
};

static void apply(struct kernel *kernel, struct vp_accepts *accepts)
{
	struct vp_ring_verdict verdicts[VP_ACCEPTS_MAX];
	size_t count = vp_accepts_take(accepts, verdicts);

	for (size_t i = 0; i < count; i++) {
		uint32_t from = verdicts[i].batch ? 0 : verdicts[i].packet;

		assert_true(verdicts[i].accept);
		for (uint32_t packet = from; packet <= verdicts[i].packet; packet++) {
			kernel->passed[packet] |= kernel->waits[packet];
			kernel->waits[packet] = false;
		}
	}
}

static void test_accepts_are_one_verdict(void **state)
{
	struct vp_accepts accepts = { .queue = 7 };
	struct vp_ring_verdict verdicts[VP_ACCEPTS_MAX];

	(void)state;
	for (uint32_t packet = 1; packet <= 10; packet++) {
		vp_accepts_received(&accepts);
		assert_true(vp_accepts_accept(&accepts, packet));
	}
	assert_int_equal(vp_accepts_take(&accepts, verdicts), 1);
	assert_true(verdicts[0].batch);
	assert_int_equal(verdicts[0].packet, 10);
	assert_int_equal(verdicts[0].queue, 7);
	assert_int_equal(vp_accepts_take(&accepts, verdicts), 0);
}

static void test_numbers_wrap(void **state)
{
	struct vp_accepts accepts = { 0 };
	struct vp_ring_verdict verdicts[VP_ACCEPTS_MAX];

	(void)state;
	for (uint32_t packet = UINT32_MAX - 1; packet != 3; packet++) {
		vp_accepts_received(&accepts);
		assert_true(vp_accepts_accept(&accepts, packet));
	}
	assert_int_equal(vp_accepts_take(&accepts, verdicts), 1);
	assert_int_equal(verdicts[0].packet, 2);
}

/* Random decisions in random order: nothing passes that was not accepted. */
static void test_nothing_else_is_accepted(void **state)
{
	(void)state;
	for (unsigned int seed = 0; seed < 2000; seed++) {
		struct vp_accepts accepts = { 0 };
		struct kernel kernel = { 0 };
		bool accepted[64] = { false }, held[64] = { false };

		srand(seed);
		for (uint32_t packet = 1; packet < 60; packet++) {
			uint32_t other = (uint32_t)rand() % 60;

			kernel.waits[packet] = held[packet] = true;
			vp_accepts_received(&accepts);
			other = rand() % 3 ? packet : other;
			if (held[other] && rand() % 4) {
				held[other] = false;
				accepted[other] = true;
				assert_true(vp_accepts_accept(&accepts, other));
			} else if (held[other] && rand() % 2) {
				held[other] = kernel.waits[other] = false;
				vp_accepts_other(&accepts);
			}
			if (rand() % 3 == 0)
				apply(&kernel, &accepts);
		}
		apply(&kernel, &accepts);
		for (int i = 0; i < 64; i++)
			assert_int_equal(kernel.passed[i], accepted[i]);
	}
}

/* Those that waited for a piece go on behind it, not where they lie in the queue. */
static void test_accepts_are_in_order(void **state)
{
	static const uint32_t order[] = { UINT32_MAX, 3, 0, 1, 2 };
	struct vp_ring_verdict verdicts[VP_ACCEPTS_MAX];
	struct vp_accepts accepts = { 0 };

	(void)state;
	for (size_t i = 0; i < VP_COUNT(order); i++)
		vp_accepts_received(&accepts);
	for (size_t i = 0; i < VP_COUNT(order); i++)
		assert_true(vp_accepts_accept(&accepts, order[i]));
	assert_int_equal(vp_accepts_take(&accepts, verdicts), VP_COUNT(order));
	for (size_t i = 0; i < VP_COUNT(order); i++) {
		assert_int_equal(verdicts[i].packet, order[i]);
		assert_false(verdicts[i].batch);
	}
}

static void test_accepts_are_full(void **state)
{
	struct vp_accepts accepts = { 0 };

	(void)state;
	for (uint32_t packet = 0; packet < VP_ACCEPTS_MAX; packet++) {
		vp_accepts_received(&accepts);
		assert_true(vp_accepts_accept(&accepts, packet));
	}
	vp_accepts_received(&accepts);
	assert_false(vp_accepts_accept(&accepts, VP_ACCEPTS_MAX));
	assert_int_equal(accepts.waiting, 1);
}

static void test_busy_too_long(void **state)
{
	struct vp_health health = { .limit = 100 };
	struct vp_pulse pulse = { .received = 5, .busy_since = 1000 };

	(void)state;
	assert_int_equal(vp_health_check(&health, pulse, false, 1000), 0);
	assert_int_equal(vp_health_check(&health, pulse, false, 1100), 0);
	assert_int_equal(vp_health_check(&health, pulse, false, 1101), VP_LATE_BUSY);
	pulse.busy_since = 1090;
	assert_int_equal(vp_health_check(&health, pulse, false, 1101), 0);
	pulse.busy_since = 0;
	assert_int_equal(vp_health_check(&health, pulse, false, 999999), 0);
	pulse.busy_since = UINT64_MAX; /* nothing that a worker writes there */
	assert_int_equal(vp_health_check(&health, pulse, false, 999999), 0);
}

static void test_deaf(void **state)
{
	struct vp_health health = { .limit = 100 };
	struct vp_pulse pulse = { .received = 5 };

	(void)state;
	/* nothing waits */
	assert_int_equal(vp_health_check(&health, pulse, false, 1000), 0);
	assert_int_equal(vp_health_check(&health, pulse, false, 2000), 0);
	/* something waits, and some is read */
	for (uint64_t now = 2000; now < 3000; now += 25, pulse.received++)
		assert_int_equal(vp_health_check(&health, pulse, true, now), 0);
	/* and no more */
	assert_int_equal(vp_health_check(&health, pulse, true, 3000), 0);
	assert_int_equal(vp_health_check(&health, pulse, true, 3025), 0);
	assert_int_equal(vp_health_check(&health, pulse, true, 3125), 0);
	assert_int_equal(vp_health_check(&health, pulse, true, 3126), VP_LATE_DEAF);
	/* within the deadline of what arrived just behind a tick, with time to act */
	assert_true(VP_HEALTH_LIMIT(200) + 2 * VP_HEALTH_TICK(200) < 200);
}

static void test_counts_outlive(void **state)
{
	struct vp_error err = { 0 };
	struct vp_tally *ours, *theirs;
	int fd;

	(void)state;
	assert_int_equal(vp_tally_create(16, &fd, &err), 0);
	theirs = vp_tally_map(fd, true, &err);
	ours = vp_tally_map(fd, false, &err);
	assert_non_null(ours);
	assert_int_equal(vp_tally_get(ours, VP_TALLY_HITS, 1), 0);
	for (uint32_t i = 0; i < 20; i++)
		vp_tally_add(theirs, VP_TALLY_HITS, i, i + 1);
	vp_tally_add(theirs, VP_TALLY_HITS, 3, 100);
	vp_tally_unmap(theirs);
	for (uint32_t i = 0; i < 16; i++)
		assert_int_equal(vp_tally_get(ours, VP_TALLY_HITS, i),
				 i + 1 + (i == 3 ? 100 : 0));
	assert_int_equal(vp_tally_get(ours, VP_TALLY_HITS, 17), 0);
	assert_int_equal(vp_tally_get(ours, VP_TALLY_REASONS, 3), 0);
	assert_int_equal(vp_tally_lost(ours), 17 + 18 + 19 + 20);
	vp_tally_unmap(ours);
	close(fd);
}

/* A writer that has not ended yet, and the one that takes its place, from an empty table on.
 */
static void test_several_count(void **state)
{
	struct vp_error err = { 0 };
	pid_t children[4];
	struct vp_tally *tally;
	int fd;

	(void)state;
	assert_int_equal(vp_tally_create(64, &fd, &err), 0);
	for (size_t child = 0; child < 4; child++) {
		children[child] = fork();
		if (!children[child]) {
			tally = vp_tally_map(fd, true, &err);
			for (uint32_t i = 0; tally && i < 200000; i++)
				vp_tally_add(tally, VP_TALLY_HITS, i % 50, 1);
			_exit(tally ? 0 : 1);
		}
	}
	for (size_t child = 0; child < 4; child++) {
		int status = -1;

		assert_int_equal(waitpid(children[child], &status, 0), children[child]);
		assert_int_equal(status, 0);
	}
	tally = vp_tally_map(fd, false, &err);
	assert_non_null(tally);
	assert_int_equal(vp_tally_used(tally), 50);
	for (uint32_t i = 0; i < 50; i++)
		assert_int_equal(vp_tally_get(tally, VP_TALLY_HITS, i), 4 * 200000 / 50);
	assert_int_equal(vp_tally_lost(tally), 0);
	vp_tally_unmap(tally);
	close(fd);
}

static void test_a_table_is_a_table(void **state)
{
	struct vp_error err = { 0 };
	struct vp_tally *made;
	uint64_t layout = 0;
	int fd = memfd_create("other", 0), table;

	(void)state;
	assert_null(vp_tally_map(fd, false, &err));
	assert_int_equal(ftruncate(fd, 16 + 16 * 17), 0);
	assert_null(vp_tally_map(fd, false, &err));
	assert_int_equal(ftruncate(fd, 16 + 16 * 16), 0);
	assert_null(vp_tally_map(fd, false, &err)); /* empty */
	assert_int_equal(vp_tally_create(17, &table, &err), -EINVAL);
	assert_int_equal(vp_tally_create(16, &table, &err), 0);
	assert_int_equal(ftruncate(table, 16), -1); /* it is sealed */
	assert_int_equal(pread(table, &layout, sizeof(layout), 0), sizeof(layout));
	assert_int_equal(pwrite(fd, &layout, sizeof(layout), 0), sizeof(layout));
	made = vp_tally_map(fd, false, &err);
	assert_non_null(made);
	vp_tally_unmap(made);
	assert_int_equal(ftruncate(fd, 16 + 16 * 16 + 1), 0);
	assert_null(vp_tally_map(fd, false, &err));
	close(fd);
	close(table);
}

static void test_notes_travel(void **state)
{
	struct vp_note note = vp_note_make(VP_NOTE_PROGRAM, 77), got;
	struct vp_error err = { 0 };
	int pair[2], fd = -1, memory = memfd_create("program", 0);
	char text[4] = { 0 };

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(vp_note_receive(pair[1], VP_NOTE_PARENT, false, &got, &fd, &err), 0);
	note.program.size = 3;
	assert_int_equal(write(memory, "abc", 3), 3);
	assert_int_equal(vp_note_send(pair[0], &note, memory), 0);
	assert_int_equal(vp_note_receive(pair[1], VP_NOTE_PARENT, true, &got, &fd, &err), 1);
	assert_int_equal(got.number, 77);
	assert_int_equal(pread(fd, text, 3, 0), 3);
	assert_string_equal(text, "abc");
	close(fd);
	close(memory);
	close(pair[0]);
	assert_int_equal(vp_note_receive(pair[1], VP_NOTE_PARENT, false, &got, &fd, &err),
			 -EPIPE);
	close(pair[1]);
}

static void expect_note(const struct vp_note *note, enum vp_note_sender sender, bool fine)
{
	struct vp_error err = { 0 };

	assert_int_equal(vp_note_check(note, sizeof(*note), sender, &err), fine ? 0 : -EPROTO);
	assert_int_equal(vp_note_check(note, sizeof(*note) - 1, sender, &err), -EPROTO);
}

static void test_notes_are_not_believed(void **state)
{
	struct vp_note hit = vp_note_make(VP_NOTE_HIT, 1),
		       late = vp_note_make(VP_NOTE_LATE, 1);
	struct vp_note text = vp_note_make(VP_NOTE_REFUSED, 1);

	(void)state;
	expect_note(&hit, VP_NOTE_WORKER, true);
	expect_note(&hit, VP_NOTE_WRITER, false);
	expect_note(&hit, VP_NOTE_PARENT, false);
	hit.hit.reason = 200;
	expect_note(&hit, VP_NOTE_WORKER, false);
	hit.hit.reason = 0;
	hit.hit.source.family = hit.hit.destination.family = 5;
	expect_note(&hit, VP_NOTE_WORKER, false);
	hit.hit.source.family = 4;
	hit.hit.destination.family = 6;
	expect_note(&hit, VP_NOTE_WORKER, false);
	hit.hit.destination.family = 4;
	expect_note(&hit, VP_NOTE_WORKER, true);
	hit.hit.hook = 5;
	expect_note(&hit, VP_NOTE_WORKER, false);
	expect_note(&late, VP_NOTE_WRITER, true);
	expect_note(&late, VP_NOTE_WORKER, false);
	late.number = VP_LATENESS_COUNT;
	expect_note(&late, VP_NOTE_WRITER, false);
	expect_note(&text, VP_NOTE_WORKER, true);
	memset(text.text, 'x', sizeof(text.text)); /* without an end */
	expect_note(&text, VP_NOTE_WORKER, false);
	text.text[5] = 0;
	expect_note(&text, VP_NOTE_WORKER, true);
	text.text[3] = '\n';
	expect_note(&text, VP_NOTE_WORKER, false);
	text.magic++;
	expect_note(&text, VP_NOTE_WORKER, false);
}

/* A TCP segment whose header says `length`, of which only `len` bytes are there. */
static void make_cut(uint8_t *packet, size_t length, size_t len)
{
	memset(packet, 0x61, len);
	memcpy(packet, "\x45\0\0\0\0\1\0\0\x40\6\0\0\x7f\0\0\1\x7f\0\0\1", 20);
	packet[2] = (uint8_t)(length >> 8);
	packet[3] = (uint8_t)length;
	memcpy(packet + 20, "\x10\0\x1b\x58\0\0\0\1\0\0\0\2\x50\x19\x10\0\0\0\0\0", 20);
}

static void test_what_was_cut_is_trimmed(void **state)
{
	static uint8_t packet[65531], out[65531];
	struct vp_packet parsed;
	struct vp_slice slice = { out, sizeof(out) };

	(void)state;
	make_cut(packet, 65535, sizeof(packet));
	assert_true(vp_trim((struct vp_slice){ packet, sizeof(packet) }, out));
	assert_int_equal(vp_packet_parse(slice, true, &parsed), VP_PACKET_FINE);
	assert_int_equal(parsed.payload.len, sizeof(out) - 40);
	assert_int_equal(parsed.flags, VP_TCP_ACK); /* the end comes later */
	packet[9] = IPPROTO_UDP;
	assert_false(vp_trim((struct vp_slice){ packet, sizeof(packet) }, out));
	make_cut(packet, 65535, 40); /* nothing but headers */
	assert_false(vp_trim((struct vp_slice){ packet, 40 }, out));
	assert_false(vp_trim((struct vp_slice){ packet, 25 }, out));
	packet[0] = 0x4f;
	assert_false(vp_trim((struct vp_slice){ packet, 40 }, out));
}

static void test_stash(void **state)
{
	struct vp_stash stash = { 0 };
	uint8_t bytes[1];

	(void)state;
	for (uint64_t i = 0; i < VP_STASH_MAX; i++)
		assert_true(vp_stash_put(&stash, i, bytes, i + 1));
	assert_false(vp_stash_put(&stash, 99, bytes, 1));
	assert_int_equal(vp_stash_take(&stash, 99).len, 0);
	for (uint64_t i = 0; i < VP_STASH_MAX; i++)
		assert_int_equal(vp_stash_take(&stash, i).len, i + 1);
	assert_int_equal(vp_stash_take(&stash, 3).len, 0);
}

/* Never for more than was asked for; and what is no order is none. */
static void test_orders_to_leave(void **state)
{
	struct vp_leave leave = { .source = { .family = 4, .bytes = { 192, 0, 2, 1 } },
				  .destination = { .family = 4, .bytes = { 192, 0, 2, 9 } },
				  .source_port = 0x1234,
				  .destination_port = 80 };
	static const uint8_t key[] = { 192, 0, 2, 1, 192, 0, 2, 9, 0x12, 0x34, 0, 80 };
	struct vp_ring_verdict entry;
	struct vp_away away;

	(void)state;
	for (leave.bytes = vp_away_bytes(0); leave.bytes < UINT64_C(1) << 40;
	     leave.bytes = leave.bytes * 9 / 8) {
		assert_true(vp_away_of(&leave, &away));
		assert_true(away.size < VP_AWAY_ENDING);
		assert_true(vp_away_bytes(away.size) <= leave.bytes);
	}
	leave.bytes = vp_away_bytes(0) - 1;
	assert_false(vp_away_of(&leave, &away));
	leave.bytes = UINT64_MAX;
	assert_true(vp_away_of(&leave, &away));
	assert_int_equal(away.size, VP_AWAY_ENDING);
	assert_int_equal(away.len, sizeof(key));
	assert_memory_equal(away.key, key, sizeof(key));
	entry = vp_away_entry(&away);
	assert_true(vp_away_check(&entry));
	entry.len--;
	assert_false(vp_away_check(&entry));
	entry.len = VP_AWAY_KEY4;
	entry.mark = VP_AWAY_SIZES;
	assert_false(vp_away_check(&entry));
	entry.mark = 0;
	away.key[11] = 0;
	assert_false(vp_away_check(&entry));
	entry.bytes = NULL;
	assert_false(vp_away_check(&entry));
	leave.source.family = 6;
	assert_false(vp_away_of(&leave, &away));
	leave.destination.family = 6;
	assert_true(vp_away_of(&leave, &away));
	assert_int_equal(away.len, VP_AWAY_KEY6);
}

static void test_window(void **state)
{
	const struct vp_window_facts usual = { .receive = 6291456,
					       .send = 4194304,
					       .receive_asked = 425984,
					       .send_asked = 425984,
					       .forgets = 300 };
	struct vp_window_facts facts = usual;

	(void)state;
	assert_int_equal(vp_window_of(&facts), 6291456);
	facts.send_asked = 8 << 20;
	assert_int_equal(vp_window_of(&facts), 8 << 20);
	facts.send = UINT64_MAX; /* not known */
	assert_int_equal(vp_window_of(&facts), 0);
	facts = usual;
	facts.liberal = 1;
	assert_int_equal(vp_window_of(&facts), 0);
	facts.liberal = UINT64_MAX; /* the module is not there yet */
	assert_int_equal(vp_window_of(&facts), 6291456);
	facts.forgets = 60;
	assert_int_equal(vp_window_of(&facts), 0);
	facts = vp_window_facts(); /* of this host */
	assert_in_range(vp_window_of(&facts), 65536, INT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders_to_leave),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_accepts_are_one_verdict),
		cmocka_unit_test(test_numbers_wrap),
		cmocka_unit_test(test_nothing_else_is_accepted),
		cmocka_unit_test(test_accepts_are_in_order),
		cmocka_unit_test(test_accepts_are_full),
		cmocka_unit_test(test_busy_too_long),
		cmocka_unit_test(test_deaf),
		cmocka_unit_test(test_counts_outlive),
		cmocka_unit_test(test_several_count),
		cmocka_unit_test(test_a_table_is_a_table),
		cmocka_unit_test(test_notes_travel),
		cmocka_unit_test(test_notes_are_not_believed),
		cmocka_unit_test(test_what_was_cut_is_trimmed),
		cmocka_unit_test(test_stash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
