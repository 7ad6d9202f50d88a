/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of /proc, read: see process.h. What they say is parsed in proc.c. */
#include "lib/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/memory.h"

#define STAT_ROOM   4096
#define STATUS_ROOM 32768 /* 1,500 bytes, and more with many processors or groups */

int vp_process_text(int folder, const char *name, char *text, size_t room)
{
	_cleanup_close_ int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t got;

	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	while ((got = read(fd, text + len, room - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	return got < 0 ? -errno : 0;
}

int vp_process_stat_at(int folder, const char *name, struct vp_proc_stat *out)
{
	char text[STAT_ROOM];
	int r = vp_process_text(folder, name, text, sizeof(text));

	return r ? r : vp_proc_stat_parse(text, out);
}

int vp_process_status_at(int folder, const char *name, struct vp_proc_status *out)
{
	char text[STATUS_ROOM];
	int r = vp_process_text(folder, name, text, sizeof(text));

	return r ? r : vp_proc_status_parse(text, out);
}

bool vp_process_stat(pid_t pid, struct vp_proc_stat *out)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	*out = (struct vp_proc_stat){ 0 };
	return !vp_process_stat_at(AT_FDCWD, path, out);
}

bool vp_process_status(pid_t pid, struct vp_proc_status *out)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	*out = (struct vp_proc_status){ 0 };
	return !vp_process_status_at(AT_FDCWD, path, out);
}

/* Whole numbers only: the kernel's other names may begin with a digit. */
static pid_t number_of(const char *name)
{
	char *end;
	long number = strtol(name, &end, 10);

	return *end || number <= 0 || number > INT_MAX ? 0 : (pid_t)number;
}

pid_t vp_process_next(DIR *folder)
{
	const struct dirent *entry;
	pid_t found = 0;

	while (!found && folder && (entry = readdir(folder)))
		found = number_of(entry->d_name);
	return found;
}

pid_t vp_process_parent(pid_t pid)
{
	struct vp_proc_stat stat;

	(void)vp_process_stat(pid, &stat);
	return stat.parent;
}

static bool is_unit(const char *name, size_t len)
{
	static const char *const endings[] = { ".service", ".socket" };

	for (size_t i = 0; i < VP_COUNT(endings); i++) {
		size_t ending = strlen(endings[i]);

		if (len > ending && !memcmp(name + len - ending, endings[i], ending))
			return true;
	}
	return false;
}

/* The last part of a line that is a unit: services may have cgroups of their own below. */
static char *unit_of_line(const char *line, size_t len)
{
	while (len) {
		const char *slash = memrchr(line, '/', len);
		size_t before = slash ? (size_t)(slash - line) : 0;

		if (!slash)
			break;
		if (is_unit(slash + 1, len - before - 1))
			return vp_strndup(slash + 1, len - before - 1);
		len = before;
	}
	return NULL;
}

char *vp_process_parse_unit(const char *cgroup)
{
	while (*cgroup) {
		size_t len = strcspn(cgroup, "\n");
		char *unit = unit_of_line(cgroup, len);

		if (unit)
			return unit;
		cgroup += len + (cgroup[len] == '\n');
	}
	return NULL;
}

char *vp_process_unit(pid_t pid)
{
	_cleanup_free_ char *path = vp_format("/proc/%d/cgroup", (int)pid);
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	_cleanup_free_ char *line = NULL;
	char *unit = NULL;
	size_t room = 0;

	while (file && !unit && getline(&line, &room, file) > 0)
		unit = vp_process_parse_unit(line);
	return unit;
}

char *vp_process_executable(pid_t pid)
{
	static const char deleted[] = " (deleted)"; /* replaced by an upgrade, still running */
	const size_t tail = sizeof(deleted) - 1;
	_cleanup_free_ char *path = vp_format("/proc/%d/exe", (int)pid);
	char target[PATH_MAX];
	ssize_t got = readlink(path, target, sizeof(target));
	size_t len = got > 0 ? (size_t)got : 0;

	if (!len || len == sizeof(target))
		return NULL;
	if (len > tail && !memcmp(target + len - tail, deleted, tail))
		len -= tail;
	return vp_strndup(target, len);
}

pid_t vp_process_of_thread(pid_t thread)
{
	_cleanup_free_ char *path = vp_format("/proc/%d/status", (int)thread);
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	int process = 0;

	while (file && !process && getline(&line, &size, file) > 0)
		if (sscanf(line, "Tgid: %d", &process) != 1)
			process = 0;
	return process;
}

static bool run_the_same(pid_t one, pid_t other)
{
	_cleanup_free_ char *path = vp_format("/proc/%d/exe", (int)one);
	_cleanup_free_ char *other_path = vp_format("/proc/%d/exe", (int)other);
	struct stat a, b;

	return !stat(path, &a) && !stat(other_path, &b) && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* By which systemd executes a service's program, since version 254. */
static bool is_executor(pid_t pid)
{
	static const char name[] = "/systemd-executor";
	_cleanup_free_ char *path = vp_process_executable(pid);
	size_t len = path ? strlen(path) : 0;

	return len >= sizeof(name) - 1 && !strcmp(path + len - (sizeof(name) - 1), name);
}

bool vp_process_is_starting(pid_t pid, const struct vp_proc_stat *stat, const char *unit)
{
	_cleanup_free_ char *above = NULL;

	if (!stat->parent)
		return false;
	if (!(stat->flags & VP_PF_FORKNOEXEC && run_the_same(pid, stat->parent)) &&
	    !is_executor(pid))
		return false;
	above = vp_process_unit(stat->parent);
	return !above || strcmp(above, unit) != 0;
}
