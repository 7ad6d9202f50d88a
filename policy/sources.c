/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the texts of a policy: the only file of this folder that touches the
 * file system. It finds and loads; policy.c makes sense of what was loaded.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "policy/lexer.h"
#include "policy/set.h"

struct collector {
	struct vp_text_list *list;
	const char *suffix;
	size_t limit;
	unsigned int flags;
	struct vp_findings *findings;
};

static void find_at(const struct collector *collector, const char *path, const char *text)
{
	struct vp_location at = { .file = path };

	vp_find_error(collector->findings, &at, "%s", text);
}

static bool trusted(const struct collector *collector, int fd, const char *path)
{
	const char *why =
		collector->flags & VP_READ_TRUSTED_ONLY ? vp_file_distrust(fd) : NULL;

	if (why)
		find_at(collector, path, why);
	return !why;
}

/* Where the file really is, behind all symbolic links. */
static char *real_path(int fd, const char *path)
{
	_cleanup_free_ char *link = vp_format("/proc/self/fd/%d", fd);
	char *real = realpath(link, NULL);

	return real ? real : vp_strdup(path);
}

/* In a folder that others may write a file can be exchanged, unless the folder is sticky. */
static bool trusted_folder_of(const struct collector *collector, int fd, const char *path)
{
	_cleanup_free_ char *real = real_path(fd, path);
	const char *slash = strrchr(real, '/');
	_cleanup_free_ char *folder =
		slash ? vp_strndup(real, (size_t)(slash - real) + 1) : vp_strdup(".");
	struct stat st;

	if (!(collector->flags & VP_READ_TRUSTED_ONLY))
		return true;
	if (!stat(folder, &st) && (!st.st_uid || st.st_uid == geteuid()) &&
	    (!(st.st_mode & (S_IWGRP | S_IWOTH)) || st.st_mode & S_ISVTX))
		return true;
	find_at(collector, path,
		"expected its folder to belong to root and to be writable only by its owner, "
		"found that others may exchange the file (chown root, chmod go-w)");
	return false;
}

/* A link in a folder that was looked at may lead to one that was not. */
static bool is_elsewhere(int folder, const char *name)
{
	struct stat st;

	return folder == AT_FDCWD || fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) ||
	       S_ISLNK(st.st_mode);
}

/* Load one file; `folder` is AT_FDCWD or the folder's descriptor, `name` within it. */
static void read_file(const struct collector *collector, int folder, const char *name,
		      const char *path)
{
	_cleanup_close_ int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct vp_error err = { 0 };
	struct vp_text text = { 0 };

	if (fd < 0) {
		/* that a set file is missing is said where it is named */
		if (errno != ENOENT || collector->limit != VP_SET_FILE_MAX)
			find_at(collector, path, strerror(errno));
		return;
	}
	if (!trusted(collector, fd, path) ||
	    (is_elsewhere(folder, name) && !trusted_folder_of(collector, fd, path)))
		return;
	if (vp_file_read_fd(fd, path, collector->limit, &text.data, &text.len, &err)) {
		/* the finding names the file already */
		size_t skip = strlen(path) + strlen(": ");

		find_at(collector, path, strlen(err.text) > skip ? err.text + skip : err.text);
		return;
	}
	text.name = vp_strdup(path);
	vp_array_push(collector->list, text);
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length > end_length && !strcmp(text + length - end_length, end);
}

/* Dotfiles, and what editors and package managers leave behind, are no definitions. */
static bool wanted(const struct collector *collector, const char *name)
{
	return *name != '.' && ends_with(name, collector->suffix) && !strstr(name, ".dpkg-") &&
	       !strstr(name, ".rpm");
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void read_folder(const struct collector *collector, int fd, const char *path)
{
	_cleanup_closedir_ DIR *folder = fdopendir(fd);
	VP_ARRAY(char *) names = { 0 };
	size_t length = strlen(path);
	struct dirent *entry;

	if (!folder) {
		close(fd);
		find_at(collector, path, strerror(errno));
		return;
	}
	while (length && path[length - 1] == '/')
		length--;
	while ((entry = readdir(folder)))
		if (wanted(collector, entry->d_name))
			vp_array_push(&names, vp_strdup(entry->d_name));
	if (names.len > 1)
		qsort(names.data, names.len, sizeof(*names.data), compare_names);
	vp_array_each (name, &names) {
		_cleanup_free_ char *full = vp_format("%.*s/%s", (int)length, path, *name);

		read_file(collector, dirfd(folder), *name, full);
		free(*name);
	}
	vp_array_free(&names);
}

static void read_path(const struct collector *collector, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_DIRECTORY);

	if (fd < 0 && errno == ENOTDIR)
		read_file(collector, AT_FDCWD, path, path);
	else if (fd < 0)
		find_at(collector, path, strerror(errno));
	else if (trusted(collector, fd, path))
		read_folder(collector, TAKE_FD(fd), path);
}

/* Add the paths of the set files that a text names. What is wrong with its form is found
 * later. */
static void add_set_paths(struct vp_texts *paths, const struct vp_text *text)
{
	struct vp_definition definition = { 0 };
	struct vp_findings ignored = { 0 };

	if (!memmem(text->data, text->len, "\nfile", 5))
		return;
	vp_definition_read(&definition, text, &ignored);
	vp_array_each (section, &definition.sections) {
		const struct vp_entry *entry = vp_section_entry(&definition, section, "file");
		struct vp_lexer lexer;
		const char *name;
		size_t length;

		if (!entry || entry->bad || !vp_section_is(section, "set"))
			continue;
		lexer = vp_lexer_of(&definition, entry, &ignored);
		length = vp_lexer_text(&lexer, &name);
		if (length)
			vp_array_push(paths, vp_set_path(text->name, name, length));
	}
	vp_definition_free(&definition);
	vp_findings_free(&ignored);
}

/* Load every set file that is named, once. */
static void read_set_files(const struct collector *collector, const struct vp_sources *sources)
{
	struct vp_texts paths = { 0 };
	const char *last = NULL;

	vp_array_each (text, &sources->definitions)
		add_set_paths(&paths, text);
	vp_array_each (text, &sources->overrides)
		add_set_paths(&paths, text);
	if (paths.len > 1)
		qsort(paths.data, paths.len, sizeof(*paths.data), compare_names);
	vp_array_each (path, &paths) {
		if (!last || strcmp(last, *path) != 0)
			read_file(collector, AT_FDCWD, *path, *path);
		last = *path;
	}
	vp_array_each (path, &paths)
		free(*path);
	vp_array_free(&paths);
}

void vp_sources_read(struct vp_sources *sources, const char *const *paths, size_t count,
		     const char *const *overrides_paths, size_t overrides_count,
		     unsigned int flags, struct vp_findings *findings)
{
	struct collector collector = {
		.list = &sources->definitions,
		.suffix = ".vpatch",
		.limit = VP_DEFINITION_MAX,
		.flags = flags,
		.findings = findings,
	};

	for (size_t i = 0; i < count; i++)
		read_path(&collector, paths[i]);
	collector.list = &sources->overrides;
	collector.suffix = ".conf";
	for (size_t i = 0; i < overrides_count; i++)
		read_path(&collector, overrides_paths[i]);
	collector.list = &sources->set_files;
	collector.limit = VP_SET_FILE_MAX;
	read_set_files(&collector, sources);
}

static void text_list_free(struct vp_text_list *list)
{
	vp_array_each (text, list) {
		free(text->name);
		free(text->data);
	}
	vp_array_free(list);
}

void vp_sources_free(struct vp_sources *sources)
{
	text_list_free(&sources->definitions);
	text_list_free(&sources->overrides);
	text_list_free(&sources->set_files);
}
