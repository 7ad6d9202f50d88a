/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentd/state.c: pointer, marker, confirmation, history and pruning, also with damaged files.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agentd/document.h"
#include "agentd/state.h"
#include "lib/file.h"
#include "lib/memory.h"
#include "tests/unit/agentd/daemon_tests.h"

struct fixture {
	char *folder;
	struct vp_state state;
};

static int setup(void **state)
{
	struct fixture *f = vp_new(struct fixture);

	f->folder = vp_test_folder_make();
	assert_int_equal(vp_state_open(&f->state, f->folder, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	vp_state_free(&f->state);
	vp_test_folder_remove(f->folder);
	free(f);
	return 0;
}

static void current(void **state)
{
	struct fixture *f = *state;
	struct vp_error err = { 0 };
	uint64_t number = 99;

	assert_int_equal(vp_state_current(&f->state, &number, &err), 0);
	assert_int_equal(number, 0);
	assert_int_equal(vp_state_set_current(&f->state, 12, &err), 0);
	assert_int_equal(vp_state_current(&f->state, &number, &err), 0);
	assert_int_equal(number, 12);
}

static void damaged_current(void **state)
{
	static const char *const texts[] = { "", "x\n", "12", "12 \n", "12\n13\n" };
	struct fixture *f = *state;

	for (size_t i = 0; i < VP_COUNT(texts); i++) {
		struct vp_error err = { 0 };
		uint64_t number;

		vp_test_file(f->folder, "current", texts[i]);
		assert_int_equal(vp_state_current(&f->state, &number, &err), -EINVAL);
		assert_non_null(strstr(err.text, "current"));
		assert_non_null(strstr(err.text, "vpatchctl apply"));
	}
}

static void store(struct fixture *f, uint64_t number)
{
	struct vp_generation generation = { .number = number, .who = vp_strdup("x") };

	assert_int_equal(vp_state_store(&f->state, &generation, NULL), 0);
	vp_generation_free(&generation);
}

static void prune_keeps_what_is_needed(void **state)
{
	struct fixture *f = *state;
	const uint64_t needed[] = { 2, 9 };
	const uint64_t left[] = { 2, 7, 8, 9 };
	struct vp_numbers numbers = { 0 };

	for (uint64_t number = 1; number <= 9; number++)
		store(f, number);
	vp_test_file(f->folder, "generations/5.bundle.Xy12aB", "cut by a crash");
	vp_state_prune(&f->state, 4, needed, VP_COUNT(needed));
	assert_int_equal(vp_state_list(&f->state, &numbers, NULL), 0);
	assert_int_equal(numbers.len, VP_COUNT(left));
	assert_memory_equal(numbers.data, left, sizeof(left));
	vp_array_free(&numbers);
}

static void a_bundle_must_be_what_its_name_says(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *five = vp_state_bundle_path(&f->state, 5);
	_cleanup_free_ char *six = vp_state_bundle_path(&f->state, 6);
	struct vp_generation generation = { 0 };
	struct vp_error err = { 0 };

	store(f, 5);
	assert_int_equal(rename(five, six), 0);
	assert_int_equal(vp_state_load(&f->state, 6, &generation, &err), -EINVAL);
	assert_non_null(strstr(err.text, "6.bundle"));
	assert_int_equal(vp_state_load(&f->state, 5, &generation, &err), -ENOENT);
	assert_non_null(strstr(err.text, "vpatchctl history"));
}

static void panic_marker(void **state)
{
	struct fixture *f = *state;
	struct vp_panic_marker marker = { .time = 1790000000, .who = "alice" }, read;

	assert_false(vp_state_panicked(&f->state, &read));
	assert_int_equal(vp_state_set_panic(&f->state, &marker, NULL), 0);
	assert_true(vp_state_panicked(&f->state, &read));
	assert_string_equal(read.who, "alice");
	assert_int_equal(read.time, marker.time);
	vp_test_file(f->folder, "panic", "{ damaged"); /* still a marker */
	assert_true(vp_state_panicked(&f->state, &read));
	assert_int_equal(vp_state_clear_panic(&f->state, NULL), 0);
	assert_false(vp_state_panicked(&f->state, &read));
}

static void confirmation(void **state)
{
	struct fixture *f = *state;
	struct vp_confirm confirm = { .generation = 4, .previous = 3, .boot_deadline = 77 },
			  read;

	assert_false(vp_state_confirm(&f->state, &read));
	assert_int_equal(vp_state_set_confirm(&f->state, &confirm, NULL), 0);
	assert_true(vp_state_confirm(&f->state, &read));
	assert_int_equal(read.previous, 3);
	assert_int_equal(read.boot_deadline, 77);
	assert_int_equal(vp_state_clear_confirm(&f->state, NULL), 0);
	assert_int_equal(vp_state_clear_confirm(&f->state, NULL), 0);
	assert_false(vp_state_confirm(&f->state, &read));
}

static void history_skips_cut_lines(void **state)
{
	struct fixture *f = *state;
	_cleanup_json_ json_t *entry = json_pack("{ss}", "request", "apply");
	json_t *history;

	vp_test_file(f->folder, "history.jsonl", "{\"request\":\"old\"}\n{\"requ\n");
	assert_int_equal(vp_state_add_history(&f->state, entry, NULL), 0);
	history = vp_state_history(&f->state, 10);
	assert_int_equal(json_array_size(history), 2);
	assert_string_equal(vp_json_get_text(json_array_get(history, 1), "request"), "apply");
	json_decref(history);
	history = vp_state_history(&f->state, 1);
	assert_int_equal(json_array_size(history), 1);
	json_decref(history);
	vp_test_file(f->folder, "history.jsonl", "{\"requ"); /* a crash before its end */
	assert_int_equal(vp_state_add_history(&f->state, entry, NULL), 0);
	history = vp_state_history(&f->state, 10);
	assert_int_equal(json_array_size(history), 1);
	json_decref(history);
}

/* However long it has become, the newest entries are shown. */
static void history_grows(void **state)
{
	struct fixture *f = *state;
	_cleanup_json_ json_t *entry = json_pack("{ss}", "request", "apply");
	_cleanup_free_ char *path = vp_state_path(&f->state, "history.jsonl");
	json_t *history;

	vp_test_file(f->folder, "history.jsonl", "{\"request\":\"old\"}");
	assert_int_equal(truncate(path, 100 << 20), 0);
	assert_int_equal(vp_state_add_history(&f->state, entry, NULL), 0);
	history = vp_state_history(&f->state, 10);
	assert_int_equal(json_array_size(history), 1);
	assert_string_equal(vp_json_get_text(json_array_get(history, 0), "request"), "apply");
	json_decref(history);
}

static void write_count(const struct fixture *f, uint64_t count)
{
	_cleanup_free_ char *path = vp_state_path(&f->state, "generations/2.tags");

	assert_int_equal(vp_file_write(path, &count, sizeof(count), 0600, NULL), 0);
}

static void tags_of_all_generations(void **state)
{
	struct fixture *f = *state;
	struct vp_tags one = { 0 }, two = { 0 }, all = { 0 };

	vp_array_push(&one, 1);
	vp_array_push(&two, 2);
	vp_array_push(&two, 3);
	store(f, 1);
	store(f, 2);
	vp_state_store_tags(&f->state, 1, &one);
	assert_false(vp_state_all_tags(&f->state, &all)); /* those of 2 are missing */
	vp_state_store_tags(&f->state, 2, &two);
	all.len = 0;
	assert_true(vp_state_all_tags(&f->state, &all));
	assert_int_equal(all.len, 3);
	vp_state_forget(&f->state, 1);
	all.len = 0;
	assert_true(vp_state_all_tags(&f->state, &all));
	assert_int_equal(all.len, 2);
	vp_test_file(f->folder, "generations/2.tags", "cut");
	assert_false(vp_state_all_tags(&f->state, &all));
	write_count(f, UINT64_C(1) << 62); /* times 4 that is 0 */
	assert_false(vp_state_all_tags(&f->state, &all));
	write_count(f, 0);
	assert_true(vp_state_all_tags(&f->state, &all));
	vp_array_free(&one);
	vp_array_free(&two);
	vp_array_free(&all);
}

int vp_test_state(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(current, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_current, setup, teardown),
		cmocka_unit_test_setup_teardown(prune_keeps_what_is_needed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_bundle_must_be_what_its_name_says, setup,
						teardown),
		cmocka_unit_test_setup_teardown(tags_of_all_generations, setup, teardown),
		cmocka_unit_test_setup_teardown(panic_marker, setup, teardown),
		cmocka_unit_test_setup_teardown(confirmation, setup, teardown),
		cmocka_unit_test_setup_teardown(history_skips_cut_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(history_grows, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
