/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of single segments, point by point. The property that no receiver
 * ever assembles anything else is in stream_property_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/memory.h"
#include "modules/inspection/stream.h"

#define FIN   1
#define URG   2
#define SLEEP 4 /* before the segment */
#define MOST  40

/* A reader that refuses '!' and skips 10 bytes behind a '#' at the end of what it gets. */
struct recorder {
	struct vp_stream *stream;
	char read[256], fates[MOST + 1], notes[MOST + 1];
	size_t len;
	unsigned int finished;
	bool refuse_finish;
};

static bool record_read(void *context, struct vp_slice bytes)
{
	struct recorder *r = context;

	assert_true(bytes.len > 0);
	if (memchr(bytes.data, '!', bytes.len))
		return false;
	assert_true(r->len + bytes.len < sizeof(r->read));
	memcpy(r->read + r->len, bytes.data, bytes.len);
	r->len += bytes.len;
	if (bytes.data[bytes.len - 1] == '#')
		vp_stream_skip(r->stream, 10);
	return true;
}

static void record_settle(void *context, uint64_t packet, enum vp_fate fate)
{
	struct recorder *r = context;

	assert_true(packet < MOST);
	assert_int_equal(r->fates[packet], '-');
	r->fates[packet] = "PEUBCOW"[fate];
}

static void record_finished(void *context)
{
	struct recorder *r = context;

	r->finished++;
	if (r->refuse_finish)
		vp_stream_block(r->stream);
}

static void record_note(void *context, uint64_t packet, enum vp_fate fate)
{
	struct recorder *r = context;

	assert_true(packet < MOST);
	r->notes[packet] = "PEUBCOW"[fate];
}

static const struct vp_stream_user user = { record_read, record_settle, record_finished,
					    record_note };

/* One letter a packet: Pass, Empty, no Urgent, Block, Conflict, bOund, Window; - waits. */
struct step {
	int64_t at; /* from the stream's beginning */
	const char *bytes;
	unsigned int flags;
	const char *fates; /* of all packets so far */
};

struct example {
	const char *name;
	struct step steps[10];
	const char *read;
	unsigned int finished;
	struct vp_stream_options options;
};

#define ROOMY .options = { .kept = 64, .held = 64, .packets = 8 }
#define GIB   (INT64_C(1) << 30)

static const struct example examples[] = {
	{ "in order",
	  { { 0, "GET ", 0, "P" }, { 4, "/ H", 0, "PP" }, { 7, "", 0, "PPP" } },
	  "GET / H",
	  ROOMY },
	{ "early ones wait for their turn",
	  { { 4, "ef", 0, "-" },
	    { 2, "cd", 0, "--" },
	    { 8, "ij", 0, "---" },
	    { 0, "ab", 0, "PP-P" },
	    { 6, "gh", 0, "PPPPP" } },
	  "abcdefghij",
	  ROOMY },
	{ "sent again",
	  { { 0, "abcd", 0, "P" },
	    { 0, "abcd", 0, "PP" },
	    { 1, "bc", 0, "PPP" },
	    { 2, "cdef", 0, "PPPP" },
	    { 0, "abcdefgh", 0, "PPPPP" } },
	  "abcdefgh",
	  ROOMY },
	{ "sent again with another byte",
	  { { 0, "abcd", 0, "P" },
	    { 0, "abxd", 0, "PC" },
	    { 2, "cxef", 0, "PCC" },
	    { 4, "ef", 0, "PCCP" } },
	  "abcdef",
	  ROOMY },
	{ "sent again while it waits",
	  { { 4, "efgh", 0, "-" },
	    { 4, "efgh", 0, "-E" },
	    { 5, "fg", 0, "-EE" },
	    { 4, "exgh", 0, "-EEC" },
	    { 6, "ghij", 0, "-EEC-" },
	    { 4, "efghij", 0, "-EEC-E" },
	    { 0, "abcd", 0, "PEECPEP" } },
	  "abcdefghij",
	  ROOMY },
	{ "the missing part differs from what waits",
	  { { 2, "cd", 0, "-" }, { 0, "abxd", 0, "-C" }, { 0, "abc", 0, "PCP" } },
	  "abcd",
	  ROOMY },
	{ "a part covers what waits",
	  { { 2, "cd", 0, "-" }, { 6, "gh", 0, "--" }, { 0, "abcdef", 0, "PPP" } },
	  "abcdefgh",
	  ROOMY },
	{ "refused, and all behind it, also when sent again",
	  { { 0, "abcd", 0, "P" },
	    { 8, "ij", 0, "P-" },
	    { 4, "ev!l", 0, "PBB" },
	    { 4, "evil", 0, "PBBB" },
	    { 2, "cdev", 0, "PBBBB" },
	    { 8, "ij", 0, "PBBBBB" },
	    { 2, "cd", 0, "PBBBBBP" },
	    { 4, "", FIN, "PBBBBBPB" },
	    { 2, "xd", 0, "PBBBBBPBC" } },
	  "abcd",
	  ROOMY },
	{ "refused among those that wait",
	  { { 2, "c!", 0, "-" },
	    { 4, "ef", 0, "--" },
	    { 2, "c!ef", 0, "--E" },
	    { 0, "ab", 0, "BBEP" } },
	  "ab",
	  ROOMY },
	{ "refused behind what waits",
	  { { 5, "f", 0, "-" }, { 4, "efg!", 0, "--" }, { 0, "abcdefg", 0, "PBP" } },
	  "abcdefg",
	  ROOMY },
	{ "older than what is kept",
	  { { 0, "abcdefgh", 0, "P" },
	    { 0, "abcd", 0, "PE" },
	    { 0, "wxyz", 0, "PEE" },
	    { 4, "efgh", 0, "PEEP" },
	    { 4, "exgh", 0, "PEEPC" },
	    { 2, "cdefghij", 0, "PEEPCE" },
	    { 2, "cdexghij", 0, "PEEPCEC" },
	    { 8, "ij", 0, "PEEPCECP" } },
	  "abcdefghij",
	  .options = { .kept = 4, .held = 64, .packets = 8 } },
	{ "before the beginning",
	  { { -1, "?", 0, "E" },
	    { -4, "1234", 0, "EE" },
	    { -2, "34ab", 0, "EEE" },
	    { 0, "ab", 0, "EEEP" } },
	  "ab",
	  ROOMY },
	{ "keep-alive",
	  { { 0, "abcd", 0, "P" },
	    { 3, "", 0, "PP" },
	    { 3, "d", 0, "PPP" },
	    { 3, "x", 0, "PPPE" },
	    { 2, "x", 0, "PPPEC" },
	    { 3, "x", FIN, "PPPECC" } },
	  "abcd",
	  ROOMY },
	{ "asleep",
	  { { 0, "abcd", 0, "P" },
	    { 2, "cd", SLEEP, "PE" },
	    { 3, "d", 0, "PEE" },
	    { 3, "x", 0, "PEEE" },
	    { 2, "cdef", 0, "PEEEE" },
	    { 4, "ef", 0, "PEEEEP" },
	    { 4, "xf", 0, "PEEEEPC" } },
	  "abcdef",
	  ROOMY },
	{ "zero window probes are data",
	  { { 0, "abcd", 0, "P" },
	    { 4, "e", 0, "PP" },
	    { 4, "e", 0, "PPP" },
	    { 4, "efgh", 0, "PPPP" } },
	  "abcdefgh",
	  ROOMY },
	{ "the end",
	  { { 0, "ab", 0, "P" },
	    { 2, "cd", FIN, "PP" },
	    { 2, "cd", FIN, "PPP" },
	    { 4, "", FIN, "PPPP" },
	    { 4, "e", 0, "PPPPE" },
	    { 4, "ef", 0, "PPPPEC" },
	    { 5, "f", 0, "PPPPECW" },
	    { 3, "", FIN, "PPPPECWC" },
	    { 5, "", FIN, "PPPPECWCW" },
	    { 5, "", 0, "PPPPECWCWP" } },
	  "abcd",
	  1,
	  ROOMY },
	{ "a FIN waits for its turn",
	  { { 4, "", FIN, "-" },
	    { 2, "cd", FIN, "--" },
	    { 4, "", FIN, "--E" },
	    { 0, "ab", 0, "PPEP" } },
	  "abcd",
	  1,
	  ROOMY },
	{ "a false FIN",
	  { { 4, "", FIN, "-" },
	    { 6, "gh", 0, "--" },
	    { 2, "cdef", 0, "--C" },
	    { 3, "def", FIN, "--CC" },
	    { 0, "abcd", 0, "PWCCP" } },
	  "abcd",
	  1,
	  ROOMY },
	{ "a FIN in the place of a byte that waits",
	  { { 4, "ef", 0, "-" },
	    { 4, "", FIN, "-C" },
	    { 5, "", FIN, "-CC" },
	    { 6, "", FIN, "-CC-" },
	    { 0, "abcd", FIN, "-CC-C" },
	    { 0, "abcd", 0, "PCCPCP" } },
	  "abcdef",
	  1,
	  ROOMY },
	{ "a FIN in the place of a byte that was read",
	  { { 0, "abcd", 0, "P" },
	    { 0, "ab", FIN, "PC" },
	    { 3, "", FIN, "PCC" },
	    { -1, "", FIN, "PCCE" } },
	  "abcd",
	  ROOMY },
	{ "urgent bytes stay in the stream",
	  { { 2, "cd", URG, "-" },
	    { 0, "ab", URG, "UU" },
	    { 0, "ab", URG, "UUU" },
	    { 4, "", URG, "UUUU" },
	    { 0, "ax", URG, "UUUUC" } },
	  "abcd",
	  ROOMY },
	{ "too many bytes wait",
	  { { 2, "cdef", 0, "-" },
	    { 8, "ijklm", 0, "-O" },
	    { 8, "ijkl", 0, "-O-" },
	    { 14, "o", 0, "-O-O" },
	    { 0, "ab", 0, "PO-OP" },
	    { 6, "gh", 0, "POPOPP" },
	    { 14, "o", 0, "POPOPP-" } },
	  "abcdefghijkl",
	  .options = { .kept = 64, .held = 8, .packets = 8 } },
	{ "what waits no more makes room",
	  { { 2, "cd", 0, "-" },
	    { 8, "ij", 0, "--" },
	    { 0, "ab", 0, "P-P" },
	    { 12, "mn", 0, "P-P-" },
	    { 6, "g", 0, "P-P-O" } },
	  "abcd",
	  .options = { .kept = 64, .held = 4, .packets = 3 } },
	{ "too many packets wait",
	  { { 2, "c", 0, "-" },
	    { 4, "e", 0, "--" },
	    { 6, "g", 0, "--O" },
	    { 3, "d", 0, "--OO" },
	    { 0, "ab", 0, "P-OOP" } },
	  "abc",
	  .options = { .kept = 64, .held = 64, .packets = 2 } },
	{ "off the stream",
	  { { 0, "ab", 0, "P" },
	    { 3 + GIB, "x", 0, "PW" },
	    { 1 - GIB, "x", 0, "PWW" },
	    { 2 - GIB, "x", 0, "PWWE" },
	    { 2 + GIB, "x", 0, "PWWE-" },
	    { 2 * GIB, "x", 0, "PWWE-W" } },
	  "ab",
	  ROOMY },
	{ "no window is larger",
	  { { 0, "ab", 0, "P" }, { 3 + GIB, "x", 0, "PW" }, { 2 + GIB, "x", 0, "PW-" } },
	  "ab",
	  .options = { .kept = 64, .held = 64, .packets = 8, .window = UINT32_MAX } },
	{ "off a smaller window",
	  { { 0, "ab", 0, "P" },
	    { 103, "x", 0, "PW" },
	    { 102, "x", 0, "PW-" },
	    { -99, "xy", 0, "PW-W" } },
	  "ab",
	  .options = { .kept = 64, .held = 64, .packets = 8, .window = 100 } },
	{ "skipped in any order, and read on behind",
	  { { 0, "ab#", 0, "P" },
	    { 8, "45", 0, "PP" },
	    { 11, "78ef", 0, "PPP" },
	    { 3, "0123", 0, "PPPP" },
	    { 3, "xxxx", 0, "PPPPP" },
	    { 2, "#x", 0, "PPPPPP" },
	    { 2, "xx", 0, "PPPPPPC" },
	    { 12, "xe", 0, "PPPPPPCP" },
	    { 12, "xx", 0, "PPPPPPCPC" } },
	  "ab#ef",
	  ROOMY },
	{ "skipped after the end of what waits",
	  { { 3, "012", 0, "-" },
	    { 9, "67", 0, "--" },
	    { 12, "9ef", 0, "---" },
	    { 16, "h", 0, "----" },
	    { 0, "ab#", 0, "PPP-P" },
	    { 15, "g", 0, "PPPPPP" } },
	  "ab#efgh",
	  ROOMY },
	{ "keep-alive before a skip",
	  { { 0, "ab#", 0, "P" },
	    { 2, "x", 0, "PE" },
	    { 3, "0", 0, "PEP" },
	    { 2, "x", 0, "PEPC" },
	    { 3, "x", 0, "PEPCP" },
	    { 12, "x", 0, "PEPCPP" } },
	  "ab#",
	  ROOMY },
	{ "urgent in a skip", { { 0, "ab#", 0, "P" }, { 5, "x", URG, "PU" } }, "ab#", ROOMY },
	{ "the end behind a skip",
	  { { 0, "ab#", 0, "P" },
	    { 5, "23", FIN, "PP" },
	    { 13, "", FIN, "PPP" },
	    { 3, "01", 0, "PPPP" },
	    { 13, "x", 0, "PPPPE" } },
	  "ab#",
	  1,
	  ROOMY },
	{ "the end instead of a skip",
	  { { 0, "ab#", FIN, "P" }, { 3, "01", 0, "PC" }, { 4, "1", 0, "PCW" } },
	  "ab#",
	  1,
	  ROOMY },
	{ "several skips",
	  { { 0, "ab#", 0, "P" },
	    { 13, "cd#", 0, "PP" },
	    { 26, "e", 0, "PPP" },
	    { 3, "x", 0, "PPPP" },
	    { 13, "cx", 0, "PPPPC" },
	    { 10, "xxxcd#x", 0, "PPPPCP" },
	    { 0, "ab#", 0, "PPPPCPP" },
	    { 0, "abx", 0, "PPPPCPPC" } },
	  "ab#cd#e",
	  ROOMY },
	{ "nothing is kept",
	  { { 0, "ab", 0, "P" }, { 0, "ab", 0, "PE" }, { 2, "cd", FIN, "PEP" } },
	  "abcd",
	  1,
	  .options = { .held = 64, .packets = 8 } },
};

static void play(const struct example *example, uint32_t first)
{
	struct recorder r = { 0 };

	r.stream = vp_stream_new(&example->options, &user, &r);
	vp_stream_begin(r.stream, first);
	for (size_t i = 0; i < VP_COUNT(example->steps) && example->steps[i].bytes; i++) {
		const struct step *step = &example->steps[i];
		struct vp_slice bytes = { (const uint8_t *)step->bytes, strlen(step->bytes) };

		if (step->flags & SLEEP)
			vp_stream_sleep(r.stream);
		r.fates[i] = '-';
		vp_stream_segment(r.stream, i, first + (uint32_t)step->at, bytes,
				  step->flags & FIN, step->flags & URG);
		if (strcmp(r.fates, step->fates))
			fail_msg("%s (from %u), step %zu: %s instead of %s", example->name,
				 first, i, r.fates, step->fates);
	}
	r.read[r.len] = 0;
	if (strcmp(r.read, example->read) || r.finished != example->finished)
		fail_msg("%s: read \"%s\", finished %u", example->name, r.read, r.finished);
	assert_string_equal(r.notes, "");
	vp_stream_free(r.stream);
	assert_null(strchr(r.fates, '-'));
}

static void test_examples(void **state)
{
	(void)state;
	for (size_t i = 0; i < VP_COUNT(examples); i++) {
		play(&examples[i], 1000);
		play(&examples[i], 0);
		for (uint32_t back = 1; back < 20; back++) { /* over 2^32 and over 2^31 */
			play(&examples[i], -back);
			play(&examples[i], (UINT32_C(1) << 31) - back);
		}
	}
}

static void give(struct recorder *r, uint64_t packet, uint32_t sequence, const char *text,
		 bool fin)
{
	struct vp_slice bytes = { (const uint8_t *)text, strlen(text) };

	r->fates[packet] = '-';
	vp_stream_segment(r->stream, packet, sequence, bytes, fin, false);
}

static const struct vp_stream_options roomy = { .kept = 64, .held = 64, .packets = 8 };

/* A watched stream: all pass at once, what would have been is told, and read as far as known.
 */
static void test_monitor(void **state)
{
	static const struct vp_stream_options options = {
		.kept = 4, .held = 16, .packets = 8, .monitor = true
	};
	struct recorder r = { 0 };

	(void)state;
	r.stream = vp_stream_new(&options, &user, &r);
	vp_stream_begin(r.stream, 10);
	memset(r.notes, ' ', MOST);
	give(&r, 0, 14, "efgh", false);
	give(&r, 1, 14, "exghi", false); /* differs from what waits, and has more */
	assert_string_equal(r.fates, "PP");
	assert_int_equal(vp_stream_waiting(r.stream), 0);
	assert_int_equal(r.len, 0);
	give(&r, 2, 10, "abcd", false);
	assert_memory_equal(r.read, "abcdefghi", 9);
	give(&r, 3, 10, "abcdefghij", false); /* older than kept, and new */
	assert_memory_equal(r.read, "abcdefghij", 10);
	give(&r, 4, 18, "xj", false);
	give(&r, 5, 20, "k!", true);
	give(&r, 6, 22, "m", false);
	give(&r, 7, 10 + (UINT32_C(1) << 31), "m", false);
	assert_string_equal(r.fates, "PPPPPPPP");
	assert_memory_equal(r.notes, " C ECBBW ", 9);
	assert_int_equal(r.finished, 0);
	assert_false(vp_stream_lost(r.stream));
	vp_stream_free(r.stream);
}

static void test_monitor_gives_up(void **state)
{
	static const struct vp_stream_options options = {
		.kept = 64, .held = 4, .packets = 8, .monitor = true
	};
	struct recorder r = { 0 };

	(void)state;
	r.stream = vp_stream_new(&options, &user, &r);
	give(&r, 0, 0, "ab", false);
	give(&r, 1, 4, "ef", false);
	assert_false(vp_stream_lost(r.stream));
	give(&r, 2, 8, "ghijkl", false);
	assert_true(vp_stream_lost(r.stream));
	assert_int_equal(r.notes[2], 'O');
	assert_int_equal(vp_stream_memory(r.stream), 0);
	give(&r, 3, 2, "cd", false);
	assert_string_equal(r.fates, "PPPP");
	assert_int_equal(r.len, 2);
	vp_stream_free(r.stream);
}

/* Who decides at the end, or from elsewhere, has the rest stopped. */
static void test_block(void **state)
{
	struct recorder r = { .refuse_finish = true };

	(void)state;
	r.stream = vp_stream_new(&roomy, &user, &r);
	give(&r, 0, 0, "abcd", false);
	give(&r, 1, 4, "ef", true);
	assert_string_equal(r.fates, "PB");
	give(&r, 2, 4, "ef", false);
	give(&r, 3, 6, "", true);
	assert_string_equal(r.fates, "PBPB");
	vp_stream_skip(r.stream, 10); /* is of no avail */
	assert_int_equal(vp_stream_next(r.stream), 6);
	vp_stream_begin(r.stream, 100);
	give(&r, 4, 100, "ab", false);
	give(&r, 5, 104, "ef", false);
	vp_stream_block(r.stream);
	assert_int_equal(vp_stream_next(r.stream), 102);
	vp_stream_skip(r.stream, 10);
	give(&r, 6, 102, "cd", false);
	give(&r, 7, 100, "ab", false);
	assert_string_equal(r.fates, "PBPBPBBP");
	vp_stream_begin(r.stream, 0);
	give(&r, 8, 0, "a", false);
	give(&r, 9, 1, "b!", false);
	assert_int_equal(vp_stream_next(r.stream), 1);
	vp_stream_free(r.stream);
}

static void test_free_settles(void **state)
{
	struct recorder r = { 0 };

	(void)state;
	r.stream = vp_stream_new(&roomy, &user, &r);
	give(&r, 0, 4, "ef", false);
	give(&r, 1, 10, "", true);
	assert_int_equal(vp_stream_waiting(r.stream), 2);
	vp_stream_begin(r.stream, 7);
	assert_string_equal(r.fates, "OO");
	give(&r, 2, 9, "cd", false);
	vp_stream_free(r.stream);
	assert_string_equal(r.fates, "OOO");
}

/* What waits for too long goes; dropped, it comes again. */
static void test_expire(void **state)
{
	static const struct vp_stream_options watched = {
		.kept = 64, .held = 64, .packets = 8, .monitor = true
	};
	struct recorder r = { 0 };

	(void)state;
	r.stream = vp_stream_new(&roomy, &user, &r);
	give(&r, 0, 2, "cd", false);
	give(&r, 1, 4, "", true);
	vp_stream_expire(r.stream);
	assert_string_equal(r.fates, "OO");
	give(&r, 2, 0, "ab", false);
	give(&r, 3, 2, "cd", true);
	assert_string_equal(r.fates, "OOPP");
	assert_int_equal(r.len, 4);
	vp_stream_free(r.stream);
	r.stream = vp_stream_new(&watched, &user, &r);
	vp_stream_expire(r.stream);
	assert_false(vp_stream_lost(r.stream));
	give(&r, 4, 2, "cd", false);
	vp_stream_expire(r.stream);
	assert_true(vp_stream_lost(r.stream));
	vp_stream_free(r.stream);
}

/* A skip of what waits already, asked for between segments. */
static void test_skip_outside(void **state)
{
	struct recorder r = { 0 };

	(void)state;
	r.stream = vp_stream_new(&roomy, &user, &r);
	give(&r, 0, 0, "ab", false);
	give(&r, 1, 4, "efgh", false);
	vp_stream_skip(r.stream, 4);
	assert_string_equal(r.fates, "PP");
	assert_memory_equal(r.read, "abgh", 4);
	assert_int_equal(vp_stream_next(r.stream), 8);
	give(&r, 2, 8, "", true);
	vp_stream_skip(r.stream, 4); /* behind the end there is nothing to skip */
	give(&r, 3, 8, "ij", false);
	assert_string_equal(r.fates, "PPPC");
	vp_stream_free(r.stream);
}

/* Of many skips the oldest are forgotten: what was lost there cannot pass any more. */
static void test_many_skips(void **state)
{
	struct recorder r = { 0 };

	(void)state;
	r.stream = vp_stream_new(&roomy, &user, &r);
	for (uint32_t i = 0; i < 12; i++)
		give(&r, i, 11 * i, "#", false);
	give(&r, 12, 11 * 11, "#", false);
	give(&r, 13, 10 * 11 + 1, "0123456789#", false);
	give(&r, 14, 10 * 11 + 1, "0123456789x", false);
	give(&r, 15, 4 * 11, "#", false);
	give(&r, 16, 2 * 11 + 1, "0123456789#", false);
	give(&r, 17, 3 * 11, "x1", false);
	assert_string_equal(r.fates, "PPPPPPPPPPPPPPCPEE");
	vp_stream_free(r.stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),	 cmocka_unit_test(test_monitor),
		cmocka_unit_test(test_monitor_gives_up), cmocka_unit_test(test_block),
		cmocka_unit_test(test_free_settles),	 cmocka_unit_test(test_expire),
		cmocka_unit_test(test_skip_outside),	 cmocka_unit_test(test_many_skips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
