/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files are read, in which order, and which are refused. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/cleanup.h"
#include "tests/unit/policy/policy_tests.h"

struct folder {
	char path[64];
};

static int make_folder(void **state)
{
	struct folder *folder = vp_new(struct folder);

	strcpy(folder->path, "/tmp/sources_test.XXXXXX");
	*state = folder;
	return mkdtemp(folder->path) ? 0 : -1;
}

static void remove_all(const char *path)
{
	DIR *listing = opendir(path);
	struct dirent *entry;

	while (listing && (entry = readdir(listing))) {
		_cleanup_free_ char *name = vp_format("%s/%s", path, entry->d_name);

		if (*entry->d_name == '.' && (!entry->d_name[1] || entry->d_name[1] == '.'))
			continue;
		if (entry->d_type == DT_DIR)
			remove_all(name);
		else
			unlink(name);
	}
	if (listing)
		closedir(listing);
	rmdir(path);
}

static int remove_folder(void **state)
{
	struct folder *folder = *state;

	remove_all(folder->path);
	free(folder);
	return 0;
}

static void put(const struct folder *folder, const char *name, const char *text, mode_t mode)
{
	_cleanup_free_ char *path = vp_format("%s/%s", folder->path, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static size_t read_folder(const struct folder *folder, unsigned int flags,
			  struct vp_sources *sources)
{
	struct vp_findings findings = { 0 };
	const char *paths[] = { folder->path };
	size_t errors;

	vp_sources_read(sources, paths, 1, NULL, 0, flags, &findings);
	errors = findings.errors;
	vp_findings_free(&findings);
	return errors;
}

static const char *base_name(const struct vp_text *text)
{
	return strrchr(text->name, '/') + 1;
}

static void folders_are_read_in_order(void **state)
{
	static const char *const ignored[] = { ".hidden.vpatch",    "a.vpatch~",
					       "a.vpatch.dpkg-old", "a.dpkg-new.vpatch",
					       "a.vpatch.rpmsave",  "a.rpmnew.vpatch",
					       "notes.txt",	    ".vpatch" };
	const struct folder *folder = *state;
	_cleanup_free_ char *deeper = vp_format("%s/deeper.vpatch.d", folder->path);
	struct vp_sources sources = { 0 };

	for (size_t i = 0; i < VP_COUNT(ignored); i++)
		put(folder, ignored[i], "x", 0644);
	put(folder, "b.vpatch", "B", 0644);
	put(folder, "a.vpatch", "A\0", 0644);
	put(folder, "B.vpatch", "", 0644);
	assert_int_equal(mkdir(deeper, 0755), 0);
	assert_int_equal(read_folder(folder, VP_READ_TRUSTED_ONLY, &sources), 0);
	assert_int_equal(sources.definitions.len, 3);
	assert_string_equal(base_name(&sources.definitions.data[0]), "B.vpatch");
	assert_string_equal(base_name(&sources.definitions.data[1]), "a.vpatch");
	assert_string_equal(base_name(&sources.definitions.data[2]), "b.vpatch");
	assert_int_equal(sources.definitions.data[0].len, 0);
	assert_string_equal(sources.definitions.data[2].data, "B");
	vp_sources_free(&sources);
}

static void what_others_may_write_is_refused(void **state)
{
	const struct folder *folder = *state;
	struct vp_sources sources = { 0 };

	put(folder, "a.vpatch", "x", 0644);
	put(folder, "b.vpatch", "x", 0666);
	put(folder, "c.vpatch", "x", 0664);
	assert_int_equal(read_folder(folder, 0, &sources), 0);
	assert_int_equal(sources.definitions.len, 3);
	vp_sources_free(&sources);
	memset(&sources, 0, sizeof(sources));
	assert_int_equal(read_folder(folder, VP_READ_TRUSTED_ONLY, &sources), 2);
	assert_int_equal(sources.definitions.len, 1);
	vp_sources_free(&sources);
	memset(&sources, 0, sizeof(sources));
	assert_int_equal(chmod(folder->path, 0777), 0);
	assert_int_equal(read_folder(folder, VP_READ_TRUSTED_ONLY, &sources), 1);
	assert_int_equal(sources.definitions.len, 0);
	vp_sources_free(&sources);
}

/* Whoever may write the folder of a link's target may put another file there. */
static void links_are_followed_with_care(void **state)
{
	const struct folder *folder = *state;
	_cleanup_free_ char *open = vp_format("%s/open", folder->path);
	_cleanup_free_ char *link = vp_format("%s/link.vpatch", folder->path);
	struct vp_sources sources = { 0 };

	assert_int_equal(mkdir(open, 0755), 0);
	put(folder, "open/x.vpatch", "x", 0644);
	assert_int_equal(symlink("open/x.vpatch", link), 0);
	assert_int_equal(read_folder(folder, VP_READ_TRUSTED_ONLY, &sources), 0);
	assert_int_equal(sources.definitions.len, 1);
	vp_sources_free(&sources);
	memset(&sources, 0, sizeof(sources));
	assert_int_equal(chmod(open, 0777), 0);
	assert_int_equal(read_folder(folder, VP_READ_TRUSTED_ONLY, &sources), 1);
	assert_int_equal(sources.definitions.len, 0);
	vp_sources_free(&sources);
}

static void set_files_are_relative_to_their_file(void **state)
{
	const struct folder *folder = *state;
	_cleanup_free_ char *text =
		vp_format("[set a]\nfile = one.txt ; first\n[set b]\n"
			  "file=%s/two.txt\n[set c]\nfile = missing.txt\n"
			  "[set d]\nfile = one.txt\n[rule r]\nfile = no.txt\n",
			  folder->path);
	struct vp_sources sources = { 0 };

	put(folder, "a.vpatch", text, 0644);
	put(folder, "one.txt", "1\n", 0644);
	put(folder, "two.txt", "2\n", 0644);
	put(folder, "no.txt", "3\n", 0644);
	assert_int_equal(read_folder(folder, 0, &sources), 0);
	assert_int_equal(sources.set_files.len, 2);
	assert_string_equal(base_name(&sources.set_files.data[0]), "one.txt");
	assert_string_equal(base_name(&sources.set_files.data[1]), "two.txt");
	vp_sources_free(&sources);
}

static void what_cannot_be_read_is_found(void **state)
{
	const struct folder *folder = *state;
	_cleanup_free_ char *fifo = vp_format("%s/fifo.vpatch", folder->path);
	_cleanup_free_ char *missing = vp_format("%s/missing", folder->path);
	_cleanup_free_ char *loop = vp_format("%s/loop.vpatch", folder->path);
	const char *paths[] = { missing, fifo, loop };
	struct vp_sources sources = { 0 };
	struct vp_findings findings = { 0 };

	assert_int_equal(mkfifo(fifo, 0600), 0); /* must not block either */
	assert_int_equal(symlink("loop.vpatch", loop), 0);
	vp_sources_read(&sources, paths, 3, NULL, 0, 0, &findings);
	assert_int_equal(findings.errors, 3);
	assert_string_equal(findings.list.data[0].text, "No such file or directory");
	assert_string_equal(findings.list.data[0].file, missing);
	assert_int_equal(sources.definitions.len, 0);
	vp_sources_free(&sources);
	vp_findings_free(&findings);
}

int run_sources_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(folders_are_read_in_order, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(what_others_may_write_is_refused, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(links_are_followed_with_care, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(set_files_are_relative_to_their_file,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_cannot_be_read_is_found, make_folder,
						remove_folder),
	};

	return cmocka_run_group_tests_name("sources", tests, NULL, NULL);
}
