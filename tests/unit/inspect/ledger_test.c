/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentd/inspect/ledger.c: counts go on in their files, whatever happens to who counts. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/inspect/ledger.h"
#include "lib/cleanup.h"

#define SLOTS 64u

struct fixture {
	char base[64], folder[96];
};

static int make_folder(void **state)
{
	struct fixture *f = vp_new(struct fixture);

	strcpy(f->base, "/tmp/vpatch-ledger.XXXXXX");
	if (!mkdtemp(f->base))
		return -1;
	snprintf(f->folder, sizeof(f->folder), "%s/inspection", f->base);
	*state = f;
	return 0;
}

static int remove_folder(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *command = vp_format("rm -rf '%s'", f->base);
	int r = system(command);

	free(f);
	return r;
}

static char *path_of(const struct fixture *f, const char *name)
{
	return vp_format("%s/%s.counts", f->folder, name);
}

/* What a process does with the descriptor. */
static void count_at(struct vp_ledger *ledger, const char *name, uint32_t of, uint64_t n)
{
	struct vp_error err = { 0 };
	int fd = vp_ledger_table(ledger, name, SLOTS, &err);
	struct vp_tally *tally;

	assert_true(fd >= 0);
	tally = vp_tally_map(fd, true, &err);
	assert_non_null(tally);
	vp_tally_add(tally, VP_TALLY_HITS, of, n);
	vp_tally_unmap(tally);
}

static uint64_t hits(const struct vp_ledger *ledger, uint32_t of)
{
	struct vp_sums sums = { 0 };
	uint64_t n;

	vp_ledger_sums(ledger, &sums);
	n = vp_sums_get(&sums, VP_TALLY_HITS, of);
	vp_array_free(&sums);
	return n;
}

static void goes_on(void **state)
{
	const struct fixture *f = *state;
	_cleanup_free_ char *path = path_of(f, "block-0.worker");
	struct vp_ledger *ledger = vp_ledger_open(f->folder);
	struct stat status;

	assert_int_equal(access(f->folder, F_OK), -1); /* nothing was counted yet */
	assert_int_equal(hits(ledger, 7), 0);
	count_at(ledger, "block-0.worker", 7, 3);
	count_at(ledger, "pass-1.worker", 7, 10);
	count_at(ledger, "block-0.worker", 7, 2); /* the next process */
	assert_int_equal(hits(ledger, 7), 15);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_true((size_t)status.st_blocks * 512 >= (size_t)status.st_size); /* no hole */
	assert_int_equal(stat(f->folder, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	/* the parent is killed, which closes nothing in order; the next has fewer places */
	struct vp_ledger *next = vp_ledger_open(f->folder);

	assert_int_equal(hits(next, 7), 15);
	count_at(next, "block-0.worker", 7, 1);
	assert_int_equal(hits(next, 7), 16);
	count_at(ledger, "block-0.worker", 7, 4); /* and an orphan has not ended yet */
	assert_int_equal(hits(next, 7), 20);
	vp_ledger_close(next);
	vp_ledger_close(ledger);
}

static void full_tables_grow(void **state)
{
	const struct fixture *f = *state;
	struct vp_ledger *ledger = vp_ledger_open(f->folder);
	struct vp_error err = { 0 };
	struct vp_tally *tally;

	for (uint32_t of = 1; of <= SLOTS / 2 + 1; of++)
		count_at(ledger, "block-0.worker", of, of);
	count_at(ledger, "block-0.worker", 1, 100); /* a larger one */
	tally = vp_tally_map(vp_ledger_table(ledger, "block-0.worker", SLOTS, &err), false,
			     &err);
	assert_non_null(tally);
	assert_int_equal(vp_tally_slots(tally), 2 * SLOTS);
	assert_int_equal(vp_tally_used(tally), SLOTS / 2 + 1);
	vp_tally_unmap(tally);
	assert_int_equal(hits(ledger, 1), 101);
	vp_ledger_close(ledger);
	ledger = vp_ledger_open(f->folder);
	for (uint32_t of = 2; of <= SLOTS / 2 + 1; of++)
		assert_int_equal(hits(ledger, of), of);
	assert_int_equal(hits(ledger, 1), 101);
	vp_ledger_close(ledger);
}

/* A process that is not ours any more fills its table: others do not pay for it for ever. */
static void rubbish_is_begun_anew(void **state)
{
	const struct fixture *f = *state;
	struct vp_ledger *ledger = vp_ledger_open(f->folder);
	struct vp_error err = { 0 };
	size_t slots = SLOTS;
	struct vp_tally *tally;

	for (int life = 0; life < 20; life++) {
		tally = vp_tally_map(vp_ledger_table(ledger, "block-0.worker", SLOTS, &err),
				     true, &err);
		assert_non_null(tally);
		slots = vp_tally_slots(tally);
		assert_true(slots <= 1u << 18);
		for (uint32_t of = 0; of < slots; of++)
			vp_tally_add(tally, VP_TALLY_HITS, of, 1);
		vp_tally_unmap(tally);
	}
	assert_int_equal(slots, 1u << 18);
	tally = vp_tally_map(vp_ledger_table(ledger, "block-0.worker", SLOTS, &err), true,
			     &err);
	assert_non_null(tally);
	assert_int_equal(vp_tally_used(tally), 0);
	vp_tally_unmap(tally);
	vp_ledger_close(ledger);
}

static void write_at(const char *path, off_t at, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, at), len);
	close(fd);
}

static void damaged_files_are_replaced(void **state)
{
	const struct fixture *f = *state;
	static const uint8_t noise[] = { 1, 2, 3, 4, 5, 6, 7 };
	const char *const names[] = { "a", "b", "c", "d", "e" };
	struct vp_ledger *ledger = vp_ledger_open(f->folder);

	for (size_t i = 0; i < VP_COUNT(names); i++)
		count_at(ledger, names[i], 1, 1);
	vp_ledger_close(ledger);
	for (size_t i = 0; i < VP_COUNT(names) - 1; i++) {
		_cleanup_free_ char *path = path_of(f, names[i]);

		switch (i) {
		case 0: /* another build's */
			write_at(path, 0, noise, sizeof(noise));
			break;
		case 1:
			assert_int_equal(truncate(path, 100), 0);
			break;
		case 2: /* not a file of ours */
			assert_int_equal(unlink(path), 0);
			assert_int_equal(symlink("/etc/passwd", path), 0);
			break;
		case 3:
			assert_int_equal(chmod(path, 0666), 0);
			break;
		}
	}
	ledger = vp_ledger_open(f->folder);
	assert_int_equal(hits(ledger, 1), 1);
	for (size_t i = 0; i < VP_COUNT(names); i++)
		count_at(ledger, names[i], 1, 1);
	assert_int_equal(hits(ledger, 1), 6);
	vp_ledger_close(ledger);
	ledger = vp_ledger_open(f->folder);
	assert_int_equal(hits(ledger, 1), 6);
	vp_ledger_close(ledger);
}

/* Whatever stands in a table, only counts come out. */
static void hostile_content(void **state)
{
	const struct fixture *f = *state;
	_cleanup_free_ char *path = path_of(f, "a");
	struct vp_ledger *ledger = vp_ledger_open(f->folder);
	struct vp_sums sums = { 0 };
	uint8_t noise[SLOTS * 16];

	count_at(ledger, "a", 1, 1);
	srand(5);
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(rand() >> 7);
	write_at(path, 16, noise, sizeof(noise));
	vp_ledger_sums(ledger, &sums);
	vp_array_each (sum, &sums)
		assert_true(sum->kind > 0 && sum->kind < VP_TALLY_END);
	vp_array_free(&sums);
	count_at(ledger, "a", 1, 1); /* it is full: a new one */
	vp_ledger_close(ledger);
}

/* Without a folder, and where none can be made, they end with the ledger. */
static void without_files(void **state)
{
	const struct fixture *f = *state;
	_cleanup_free_ char *inside = vp_format("%s/missing/inspection", f->base);
	const char *const folders[] = { NULL, inside };

	for (size_t i = 0; i < VP_COUNT(folders); i++) {
		struct vp_ledger *ledger = vp_ledger_open(folders[i]);

		count_at(ledger, "a", 1, 1);
		count_at(ledger, "a", 1, 2);
		for (uint32_t of = 0; of < SLOTS; of++)
			count_at(ledger, "b", of, 1);
		assert_int_equal(hits(ledger, 1), 4);
		vp_ledger_close(ledger);
		ledger = vp_ledger_open(folders[i]);
		assert_int_equal(hits(ledger, 1), 0);
		vp_ledger_close(ledger);
	}
}

/* A folder that others could write is not ours. */
static void untrusted_folder(void **state)
{
	const struct fixture *f = *state;
	struct vp_ledger *ledger;

	assert_int_equal(mkdir(f->folder, 0700), 0);
	assert_int_equal(chmod(f->folder, 0777), 0);
	ledger = vp_ledger_open(f->folder);
	count_at(ledger, "a", 1, 1);
	assert_int_equal(hits(ledger, 1), 1);
	vp_ledger_close(ledger);
	assert_int_equal(rmdir(f->folder), 0); /* it is empty */
}

static void told_apart(void **state)
{
	const struct fixture *f = *state;
	struct vp_ledger *ledger = vp_ledger_open(f->folder);
	struct vp_sums told = { 0 };

	count_at(ledger, "a", 1, 5);
	vp_ledger_told(ledger, &told);
	assert_int_equal(told.len, 0);
	vp_ledger_tell(ledger, VP_TALLY_HITS, 1, 3);
	vp_ledger_tell(ledger, VP_TALLY_HITS, 1, 1);
	assert_int_equal(hits(ledger, 1), 5);
	vp_ledger_close(ledger);
	ledger = vp_ledger_open(f->folder);
	vp_ledger_tell(ledger, VP_TALLY_HITS, 1, UINT64_MAX); /* one less */
	vp_ledger_told(ledger, &told);
	assert_int_equal(vp_sums_get(&told, VP_TALLY_HITS, 1), 3);
	assert_int_equal(hits(ledger, 1), 5);
	vp_array_free(&told);
	vp_ledger_close(ledger);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(goes_on),
		TEST(full_tables_grow),
		TEST(rubbish_is_begun_anew),
		TEST(damaged_files_are_replaced),
		TEST(hostile_content),
		TEST(without_files),
		TEST(untrusted_folder),
		TEST(told_apart),
	};

	umask(027);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
