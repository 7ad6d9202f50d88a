/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes of units and programs: see find.h. Only reads. */
#include "agentd/ctl/observe/find.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/process.h"
#include "lib/unit.h"

void vp_soughts_free(struct vp_soughts *soughts)
{
	vp_array_each (sought, soughts) {
		free(sought->resolved);
		free(sought->cgroup);
	}
	vp_array_free(soughts);
}

void vp_sought_add(struct vp_soughts *soughts, const struct vp_call_target *target)
{
	struct vp_sought *sought = vp_array_add(soughts);

	sought->target = target;
	if (target->kind == VP_CALL_TARGET_PROCESS)
		sought->resolved = realpath(target->name, NULL);
}

bool vp_sought_is_program(const struct vp_sought *sought, const char *path)
{
	if (sought->target->kind != VP_CALL_TARGET_PROCESS)
		return false;
	return !strcmp(path, sought->target->name) ||
	       (sought->resolved && !strcmp(path, sought->resolved));
}

bool vp_cgroup_has_unit(char *line, const char *unit, const char **path)
{
	char *controllers = strchr(line, ':'), *at;
	size_t len = strlen(unit);

	if (!controllers)
		return false;
	at = strchr(controllers + 1, ':');
	if (!at)
		return false;
	*path = ++at;
	while ((at = strchr(at, '/'))) {
		at++;
		if (!strncmp(at, unit, len) &&
		    (!at[len] || at[len] == '/' || at[len] == '\n')) {
			at[len] = '\0';
			return true;
		}
	}
	return false;
}

/* Where cgroup v2 is mounted, owned by the caller, or NULL. */
static char *unified_mount(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/mountinfo", "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0) {
		char place[PATH_MAX];
		const char *rest = strstr(line, " - cgroup2 ");

		if (rest && sscanf(line, "%*d %*d %*s %*s %4095s", place) == 1)
			return vp_strdup(place);
	}
	return NULL;
}

int vp_sought_open_cgroup(const struct vp_sought *sought)
{
	_cleanup_free_ char *mount = unified_mount(), *path = NULL;
	int fd;

	if (!sought->cgroup)
		return -ENOENT;
	if (!mount || !*sought->cgroup)
		return -EOPNOTSUPP;
	path = vp_format("%s%s", mount, sought->cgroup);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static FILE *open_of(pid_t process, const char *name)
{
	_cleanup_free_ char *path = vp_format("/proc/%d/%s", (int)process, name);

	return fopen(path, "re");
}

/* Where the unit is: a folder of cgroup v2, or "" where only another hierarchy knows it. */
static void note_cgroup(pid_t process, const char *unit, struct vp_sought *sought)
{
	_cleanup_fclose_ FILE *file = open_of(process, "cgroup");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0) {
		bool unified = !strncmp(line, "0::", 3);
		const char *path = "";

		/* instances of a template have a cgroup each: it is none of these */
		if (!vp_cgroup_has_unit(line, unit, &path) ||
		    strcmp(unit, sought->target->name) != 0)
			unified = false;
		if (sought->cgroup && (*sought->cgroup || !unified))
			continue;
		free(sought->cgroup);
		sought->cgroup = vp_strdup(unified ? path : "");
	}
}

static bool is_filtered(pid_t process)
{
	struct vp_proc_status status;

	return vp_process_status(process, &status) && status.seccomp == 2;
}

static bool is_narrow(pid_t process)
{
	_cleanup_fclose_ FILE *file = open_of(process, "exe");
	unsigned char ident[EI_NIDENT];

	return file && fread(ident, sizeof(ident), 1, file) == 1 &&
	       !memcmp(ident, ELFMAG, SELFMAG) && ident[EI_CLASS] == ELFCLASS32;
}

void vp_find_name(pid_t process, char name[static 16])
{
	_cleanup_fclose_ FILE *file = open_of(process, "comm");
	size_t len = file ? fread(name, 1, 15, file) : 0;

	name[len] = '\0';
	name[strcspn(name, "\n")] = '\0';
}

bool vp_find_alive(pid_t process)
{
	return !kill(process, 0) || errno == EPERM;
}

/* The units that it is in by that closeness. */
static uint64_t units_of(const char *unit, const struct vp_soughts *soughts,
			 enum vp_unit_match match)
{
	uint64_t targets = 0;

	for (size_t i = 0; i < soughts->len; i++) {
		const struct vp_call_target *target = soughts->data[i].target;

		if (target->kind == VP_CALL_TARGET_UNIT &&
		    vp_unit_match(unit, target->name) == match)
			targets |= 1ull << i;
	}
	return targets;
}

/* What is meant for the template is in what is meant for its instance. */
uint64_t vp_sought_units(const char *unit, const struct vp_soughts *soughts)
{
	uint64_t same = units_of(unit, soughts, VP_UNIT_SAME);

	return same ? same : units_of(unit, soughts, VP_UNIT_TEMPLATE);
}

static uint64_t targets_of(pid_t process, struct vp_soughts *soughts)
{
	_cleanup_free_ char *program = vp_process_executable(process);
	_cleanup_free_ char *unit = program ? vp_process_unit(process) : NULL;
	uint64_t targets;

	if (!program)
		return 0; /* gone, or the kernel's own */
	targets = unit ? vp_sought_units(unit, soughts) : 0;
	for (size_t i = 0; i < soughts->len; i++) {
		struct vp_sought *sought = &soughts->data[i];

		if (targets >> i & 1)
			note_cgroup(process, unit, sought);
		targets |= (uint64_t)vp_sought_is_program(sought, program) << i;
	}
	return targets;
}

void vp_find_processes(struct vp_soughts *soughts, struct vp_found_processes *found)
{
	_cleanup_closedir_ DIR *folder = opendir("/proc");
	pid_t process;

	vp_array_each (sought, soughts) {
		free(sought->cgroup);
		sought->cgroup = NULL;
	}
	while ((process = vp_process_next(folder))) {
		struct vp_found_process one = { .process = process };

		one.targets = targets_of(one.process, soughts);
		if (!one.targets)
			continue;
		vp_find_name(one.process, one.name);
		one.filtered = is_filtered(process);
		one.narrow = is_narrow(one.process);
		vp_array_push(found, one);
	}
}
