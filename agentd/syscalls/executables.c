/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit files, read for the programs in them: see executables.h. */
#include "agentd/syscalls/executables.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "lib/unit.h"

#define FILE_LIMIT (1 << 20)

static const char *const systemd_roots[] = {
	"/etc/systemd/system",	   "/run/systemd/system", "/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system", "/lib/systemd/system", NULL
};

void vp_paths_add(struct vp_paths *paths, const char *path)
{
	vp_array_each (known, paths)
		if (!strcmp(*known, path))
			return;
	vp_array_push(paths, vp_strdup(path));
}

void vp_paths_free(struct vp_paths *paths)
{
	vp_array_each (path, paths)
		free(*path);
	vp_array_free(paths);
}

/* The first word of a command line, perhaps quoted, without the prefixes of systemd. */
static void add_program(const char *line, struct vp_paths *paths)
{
	_cleanup_free_ char *program = NULL;
	size_t len;

	line += strspn(line, " \t");
	line += strspn(line, "@-:+!|");
	if (*line == '"' || *line == '\'') {
		const char quote[2] = { *line, '\0' };

		line++;
		len = strcspn(line, quote);
	} else {
		len = strcspn(line, " \t");
	}
	program = vp_strndup(line, len);
	if (*program == '/' && !strchr(program, '%') && !strchr(program, '\\'))
		vp_paths_add(paths, program);
}

/* "Exec...=": what is behind the sign; NULL: another line. */
static const char *command_of(const char *line)
{
	size_t key = strcspn(line, "= \t");

	if (strncmp(line, "Exec", 4) != 0 || line[4] < 'A' || line[4] > 'Z')
		return NULL;
	line += key;
	line += strspn(line, " \t");
	return *line == '=' ? line + 1 : NULL;
}

void vp_unit_file_parse(const char *text, struct vp_paths *paths)
{
	_cleanup_free_ char *copy = vp_strdup(text);
	char *rest = copy, *line;
	bool continued = false;

	while ((line = strsep(&rest, "\n"))) {
		const char *command = continued ? NULL : command_of(line);
		size_t len = strlen(line);

		continued = len && line[len - 1] == '\\' && *line != '#' && *line != ';';
		if (continued)
			line[len - 1] = '\0';
		if (command)
			add_program(command, paths);
	}
}

static bool read_file(const char *path, struct vp_paths *paths)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (vp_file_read(path, FILE_LIMIT, &text, &len, NULL))
		return false;
	vp_unit_file_parse(text, paths);
	return true;
}

static void read_folder(const char *path, struct vp_paths *paths)
{
	_cleanup_closedir_ DIR *folder = opendir(path);
	const struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		_cleanup_free_ char *file = vp_format("%s/%s", path, entry->d_name);
		size_t len = strlen(entry->d_name);

		if (len > 5 && !strcmp(entry->d_name + len - 5, ".conf"))
			(void)read_file(file, paths);
	}
}

/* The strongest file of that name, and all drop-ins. */
static bool read_unit(const char *name, const char *const *roots, struct vp_paths *paths)
{
	bool found = false;

	for (const char *const *root = roots; *root; root++) {
		_cleanup_free_ char *file = vp_format("%s/%s", *root, name);
		_cleanup_free_ char *folder = vp_format("%s.d", file);

		found = found || read_file(file, paths);
		read_folder(folder, paths);
	}
	return found;
}

/* What the kernel executes for a script; false: it is none. */
static bool interpreter_of(const char *path, char interpreter[static PATH_MAX])
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char line[PATH_MAX];
	ssize_t len = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	const char *at = line + 2;
	size_t end;

	if (len < 2 || line[0] != '#' || line[1] != '!')
		return false;
	line[len] = '\0';
	at += strspn(at, " \t");
	end = strcspn(at, " \t\n");
	memcpy(interpreter, at, end);
	interpreter[end] = '\0';
	return true;
}

static void add_resolved(const char *path, struct vp_paths *paths)
{
	char resolved[PATH_MAX], interpreter[PATH_MAX];

	if (interpreter_of(path, interpreter))
		path = interpreter;
	if (realpath(path, resolved))
		vp_paths_add(paths, resolved);
}

void vp_unit_executables(const char *unit, const char *const *roots, struct vp_paths *paths)
{
	_cleanup_free_ char *template = vp_unit_template(unit);
	struct vp_paths written = { 0 };

	roots = roots ? roots : systemd_roots;
	if (!read_unit(unit, roots, &written) && template)
		(void)read_unit(template, roots, &written);
	vp_array_each (path, &written)
		add_resolved(*path, paths);
	vp_paths_free(&written);
}
