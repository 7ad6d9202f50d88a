/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of the exec hook, notes that wait, who watches whom, and which entries mean whom.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/hook/beat.h"
#include "agentd/hook/note.h"
#include "agentd/hook/places.h"
#include "agentd/hook/table.h"
#include "lib/cleanup.h"

static const struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, 0x7fff0000) };
static const struct sock_filter deny[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
	BPF_STMT(BPF_RET | BPF_K, 0x00050001),
};

static struct vp_hook_table make_table(void)
{
	struct vp_hook_table table = { .number = 7, .flags = VP_HOOK_SCAN };
	uint32_t one = vp_hook_table_filter(&table, allow, VP_COUNT(allow), 0);
	uint32_t two = vp_hook_table_filter(&table, deny, VP_COUNT(deny), UINT64_MAX - 1);

	vp_hook_table_entry(&table, "/usr/sbin/nginx", "nginx.service", two, 0);
	vp_hook_table_entry(&table, "/a", NULL, one, VP_INJECT_FLAGS);
	table.entries.data[1].name = UINT64_C(0xfedcba9876543210);
	table.answers = vp_strdup("/run/answer.sock");
	return table;
}

static void assert_same(const struct vp_hook_table *a, const struct vp_hook_table *b)
{
	assert_int_equal(a->number, b->number);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->entries.len, b->entries.len);
	assert_int_equal(a->filters.len, b->filters.len);
	for (size_t i = 0; i < a->filters.len; i++)
		assert_int_equal(a->filters.data[i].key, b->filters.data[i].key);
	assert_int_equal(!a->answers, !b->answers);
	if (a->answers)
		assert_string_equal(a->answers, b->answers);
	for (size_t i = 0; i < a->entries.len; i++) {
		const struct vp_hook_entry *x = &a->entries.data[i], *y = &b->entries.data[i];

		assert_string_equal(x->path, y->path);
		assert_int_equal(!x->unit, !y->unit);
		if (x->unit)
			assert_string_equal(x->unit, y->unit);
		assert_int_equal(x->filter, y->filter);
		assert_int_equal(x->flags, y->flags);
		assert_true(x->name == y->name);
	}
}

static void table_is_printed_and_parsed(void **state)
{
	struct vp_hook_table table = make_table(), got, empty = { 0 };
	static uint8_t bytes[VP_HOOK_BYTES];
	ssize_t len = vp_hook_table_print(&table, bytes, NULL);

	(void)state;
	assert_true(len > 0);
	assert_int_equal(vp_hook_table_parse(bytes, (size_t)len, &got, NULL), 0);
	assert_same(&table, &got);
	assert_null(got.filters.data[0].code);
	vp_hook_table_free(&got);
	vp_hook_table_free(&table);
	len = vp_hook_table_print(&empty, bytes, NULL);
	assert_int_equal(vp_hook_table_parse(bytes, (size_t)len, &got, NULL), 0);
	assert_same(&empty, &got);
	vp_hook_table_free(&got);
}

static void table_with_a_wrong_byte_is_refused(void **state)
{
	/* place of the byte, what it becomes */
	static const struct {
		size_t at;
		uint8_t value;
	} wrong[] = {
		{ 0, 0 },	       /* magic */
		{ 8, 2 },	       /* flags that there are none of */
		{ 13, 0xff },	       /* entries: too many */
		{ 12, 3 },	       /* more than there are */
		{ 12, 1 },	       /* fewer: bytes are left */
		{ 17, 1 },	       /* filters: too many */
		{ 16, 1 },	       /* fewer than an entry names */
		{ 20, 0 },	       /* a listener that goes nowhere */
		{ 20, 108 },	       /* a socket's path that is too long */
		{ 40, 'x' },	       /* one that is not absolute */
		{ 44, 0 },	       /* one that ends early */
		{ 56, 0 },	       /* no path */
		{ 57, 0x10 },	       /* a path that is too long */
		{ 59, 1 },	       /* a unit that is too long */
		{ 60, 2 },	       /* a filter that there is none of */
		{ 64, 4 },	       /* flags that there are none of */
		{ 76, 'x' },	       /* a path that is not absolute */
		{ 84, 0 },	       /* a path that ends early */
		{ 56 + 20 + 16, '/' }, /* a unit with a path */
	};
	struct vp_hook_table table = make_table(), got = { .number = 99 };
	static uint8_t bytes[VP_HOOK_BYTES];
	ssize_t len = vp_hook_table_print(&table, bytes, NULL);

	(void)state;
	for (size_t i = 0; i < VP_COUNT(wrong); i++) {
		struct vp_error err = { 0 };
		uint8_t right = bytes[wrong[i].at];

		bytes[wrong[i].at] = wrong[i].value;
		assert_int_equal(vp_hook_table_parse(bytes, (size_t)len, &got, &err), -EPROTO);
		assert_true(err.text[0]);
		assert_int_equal(got.number, 99);
		bytes[wrong[i].at] = right;
	}
	for (ssize_t cut = 0; cut < len; cut++)
		assert_int_equal(vp_hook_table_parse(bytes, (size_t)cut, &got, NULL), -EPROTO);
	vp_hook_table_free(&table);
}

static void table_that_is_too_large_is_refused(void **state)
{
	static uint8_t bytes[VP_HOOK_BYTES];
	struct vp_hook_table table = { 0 };
	struct vp_error err = { 0 };
	char path[VP_HOOK_PATH + 1];

	(void)state;
	memset(path, 'x', VP_HOOK_PATH);
	path[0] = '/';
	path[VP_HOOK_PATH] = '\0';
	(void)vp_hook_table_filter(&table, allow, 1, 0);
	for (int i = 0; i < 31; i++)
		vp_hook_table_entry(&table, path, NULL, 0, 0);
	assert_true(vp_hook_table_print(&table, bytes, &err) > 0);
	vp_hook_table_entry(&table, path, NULL, 0, 0);
	assert_int_equal(vp_hook_table_print(&table, bytes, &err), -E2BIG);
	assert_non_null(strstr(err.text, "32 programs"));
	vp_hook_table_free(&table);
	for (int i = 0; i <= VP_HOOK_FILTERS; i++)
		(void)vp_hook_table_filter(&table, allow, 1, 0);
	assert_int_equal(vp_hook_table_print(&table, bytes, &err), -E2BIG);
	vp_hook_table_free(&table);
}

static void connect_both(int ends[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
}

static void table_goes_with_its_filters(void **state)
{
	struct vp_hook_table table = make_table(), got;
	struct vp_error err = { 0 };
	int ends[2], none;

	(void)state;
	connect_both(ends);
	assert_int_equal(vp_hook_table_receive(ends[1], &got, NULL), -EAGAIN);
	none = dup(ends[0]);
	close(none);
	assert_int_equal(vp_hook_table_send(ends[0], &table, &err), 0);
	assert_int_equal(dup(ends[0]), none); /* no descriptor was left open */
	close(none);
	assert_int_equal(vp_hook_table_receive(ends[1], &got, &err), 0);
	assert_same(&table, &got);
	assert_int_equal(got.filters.data[1].len, VP_COUNT(deny));
	assert_memory_equal(got.filters.data[1].code, deny, sizeof(deny));
	vp_hook_table_free(&got);
	vp_hook_table_free(&table);
	assert_int_equal(dup(ends[0]), none);
	close(none);
	close(ends[0]);
	assert_int_equal(vp_hook_table_receive(ends[1], &got, NULL), -EPIPE);
	close(ends[1]);
}

static void table_with_too_few_descriptors_is_refused(void **state)
{
	struct vp_hook_table table = make_table(), got = { .number = 99 };
	static uint8_t bytes[VP_HOOK_BYTES];
	ssize_t len = vp_hook_table_print(&table, bytes, NULL);
	struct vp_error err = { 0 };
	int ends[2];

	(void)state;
	connect_both(ends);
	assert_int_equal(send(ends[0], bytes, (size_t)len, 0), len);
	assert_int_equal(vp_hook_table_receive(ends[1], &got, &err), -EPROTO);
	assert_int_equal(got.number, 99);
	close(ends[0]);
	close(ends[1]);
	vp_hook_table_free(&table);
}

static struct vp_hook_note make_start(void)
{
	struct vp_hook_note note = vp_hook_note(VP_HOOK_START, 7);

	note.entry = 0;
	note.record = (struct vp_record){ .magic = VP_REQUEST_MAGIC,
					  .id = 2,
					  .outcome = VP_INJECT_COVERED };
	return note;
}

static void notes_are_checked(void **state)
{
	struct vp_hook_note good = make_start(), bad, got = { 0 };

	(void)state;
	assert_int_equal(vp_hook_note_parse(&good, sizeof(good), &got, NULL), 0);
	assert_memory_equal(&got, &good, sizeof(good));
	good = vp_hook_note(VP_HOOK_HELLO, 0);
	assert_int_equal(vp_hook_note_parse(&good, sizeof(good), &got, NULL), 0);
	assert_int_equal(vp_hook_note_parse(&good, sizeof(good) - 1, &got, NULL), -EPROTO);
	for (int i = 0; i < 8; i++) {
		bad = i < 5 ? make_start() : good;
		switch (i) {
		case 0:
			bad.magic = 0;
			break;
		case 1:
			bad.entry = VP_HOOK_NO_ENTRY;
			break;
		case 2:
			bad.record.outcome = 0;
			break;
		case 3:
			memset(bad.text, 'x', sizeof(bad.text));
			break;
		case 4:
			bad.from = 2;
			break;
		case 5:
			bad.entry = 0;
			break;
		case 6:
			bad.record.pause = 1;
			break;
		case 7:
			bad.kind = VP_HOOK_KINDS;
			break;
		}
		assert_int_equal(vp_hook_note_parse(&bad, sizeof(bad), &got, NULL), -EPROTO);
	}
	for (uint32_t kind = 1; kind < VP_HOOK_KINDS; kind++)
		assert_non_null(vp_hook_kind_name(kind));
	assert_null(vp_hook_kind_name(0));
}

static void notes_that_do_not_fit_are_counted(void **state)
{
	struct vp_hook_notes *notes = vp_new(struct vp_hook_notes);
	struct vp_hook_note note = make_start(), got;
	size_t count = 0, lost = 0;
	int ends[2];

	(void)state;
	connect_both(ends);
	for (uint32_t i = 0; i < VP_HOOK_NOTES + 10; i++) {
		note.table = i;
		vp_hook_notes_add(notes, &note);
	}
	assert_int_equal(notes->lost, 10);
	while (vp_hook_notes_send(notes, ends[0]) == -EAGAIN || count < VP_HOOK_NOTES) {
		assert_int_equal(vp_hook_note_receive(ends[1], &got, NULL), 1);
		assert_int_equal(got.table, count++);
		lost += got.lost;
	}
	assert_int_equal(vp_hook_note_receive(ends[1], &got, NULL), 0);
	assert_int_equal(lost, 0); /* they came after those */
	vp_hook_notes_add(notes, &note);
	assert_int_equal(vp_hook_notes_send(notes, ends[0]), 0);
	assert_int_equal(vp_hook_note_receive(ends[1], &got, NULL), 1);
	assert_int_equal(got.lost, 10);
	close(ends[0]);
	assert_int_equal(vp_hook_note_receive(ends[1], &got, NULL), -EPIPE);
	close(ends[1]);
	free(notes);
}

static void who_does_not_beat_stands(void **state)
{
	struct vp_hook_watch watch = { 0 };

	(void)state;
	assert_false(vp_hook_stands(&watch, 1, 2));
	assert_false(vp_hook_stands(&watch, 1, 2));
	assert_false(vp_hook_stands(&watch, 1, 2));
	assert_true(vp_hook_stands(&watch, 1, 2));
	assert_false(vp_hook_stands(&watch, 2, 2));
	assert_int_equal(watch.ticks, 0);
}

static void entries_mean_files_and_units(void **state)
{
	struct vp_hook_table table = { 0 };
	struct vp_hook_places places = { 0 };
	struct vp_hook_process self, other = { .id = getpid() };

	(void)state;
	(void)vp_hook_table_filter(&table, allow, 1, 0);
	vp_hook_table_entry(&table, "/proc/self/exe", "none-such.service", 0, 0);
	vp_hook_table_entry(&table, "/proc/self/exe", NULL, 0, 0);
	vp_hook_table_entry(&table, "/none-such", NULL, 0, 0);
	vp_hook_table_entry(&table, "/", NULL, 0, 0);
	vp_hook_table_entry(&table, "/proc/self/exe", NULL, 0, 0);
	vp_array_each (entry, &table.entries)
		vp_array_push(&places, vp_hook_place(entry->path));
	assert_int_equal(places.data[2].error, -ENOENT);
	assert_int_equal(places.data[3].error, -EACCES);
	assert_true(vp_hook_place_same(&places.data[0], &places.data[1]));
	assert_false(vp_hook_place_same(&places.data[0], &places.data[2]));
	assert_int_equal(vp_hook_process_read(&self, getpid()), 0);
	assert_int_equal(vp_hook_match(&table, &places, &self, 0), 1);
	assert_int_equal(vp_hook_match(&table, &places, &self, 2), 4);
	assert_int_equal(vp_hook_match(&table, &places, &self, 5), 5);
	assert_int_equal(vp_hook_match(&table, &places, &other, 0), 5);
	assert_true(vp_hook_process_start(getpid()) > 0);
	vp_hook_process_free(&self);
	vp_array_free(&places);
	vp_hook_table_free(&table);
}

/* Which entries mean a process of the unit that runs our own program. */
static unsigned int entries_of(const struct vp_hook_table *table,
			       const struct vp_hook_places *places, const char *unit)
{
	struct vp_hook_process process;
	unsigned int entries = 0;

	assert_int_equal(vp_hook_process_read(&process, getpid()), 0);
	process.unit = vp_strdup(unit);
	process.asked = true;
	for (size_t i = vp_hook_match(table, places, &process, 0); i < table->entries.len;
	     i = vp_hook_match(table, places, &process, i + 1))
		entries |= 1u << i;
	vp_hook_process_free(&process);
	return entries;
}

static void entry_of_an_instance_is_closer_than_its_templates(void **state)
{
	struct vp_hook_table table = { 0 };
	struct vp_hook_places places = { 0 };

	(void)state;
	(void)vp_hook_table_filter(&table, allow, 1, 0);
	vp_hook_table_entry(&table, "/proc/self/exe", "a@.service", 0, 0);
	vp_hook_table_entry(&table, "/proc/self/exe", "a@1.service", 0, 0);
	vp_hook_table_entry(&table, "/bin/sh", "a@2.service", 0, 0);
	vp_hook_table_entry(&table, "/proc/self/exe", NULL, 0, 0);
	vp_array_each (entry, &table.entries)
		vp_array_push(&places, vp_hook_place(entry->path));
	assert_int_equal(entries_of(&table, &places, "a@1.service"), 1u << 1 | 1u << 3);
	/* its own is for another program: what is known of this one is the template's */
	assert_int_equal(entries_of(&table, &places, "a@2.service"), 1u << 0 | 1u << 3);
	assert_int_equal(entries_of(&table, &places, "a@3.service"), 1u << 0 | 1u << 3);
	assert_int_equal(entries_of(&table, &places, "b@1.service"), 1u << 3);
	vp_array_free(&places);
	vp_hook_table_free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_printed_and_parsed),
		cmocka_unit_test(table_with_a_wrong_byte_is_refused),
		cmocka_unit_test(table_that_is_too_large_is_refused),
		cmocka_unit_test(table_goes_with_its_filters),
		cmocka_unit_test(table_with_too_few_descriptors_is_refused),
		cmocka_unit_test(notes_are_checked),
		cmocka_unit_test(notes_that_do_not_fit_are_counted),
		cmocka_unit_test(who_does_not_beat_stands),
		cmocka_unit_test(entries_mean_files_and_units),
		cmocka_unit_test(entry_of_an_instance_is_closer_than_its_templates),
	};

	return cmocka_run_group_tests_name("hook", tests, NULL, NULL);
}
