/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder of filters: see filter_files.h. */
#include "agentd/syscalls/filter_files.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "lib/seccomp_file.h"

#define ENDING ".filter"

static bool is_unit(const struct vp_target_filter *filter)
{
	return filter->target.kind == VP_CALL_TARGET_UNIT && !filter->revocable &&
	       vp_seccomp_file_names_unit(filter->target.name);
}

static void print(const struct vp_target_filter *filter, struct vp_strbuf *out)
{
	const struct vp_bpf program = vp_filter_program(filter->filter);
	struct vp_seccomp_file file = {
		.architecture = vp_abi_audit(vp_filter_abi(filter->filter)),
		.flags = VP_SECCOMP_FILE_SPEC_ALLOW | VP_SECCOMP_FILE_LOG |
			 (filter->no_new_privs ? VP_SECCOMP_FILE_NO_NEW_PRIVS : 0),
		.program = (struct sock_filter *)(uintptr_t)program.code,
		.count = program.len,
	};

	memcpy(file.unit, filter->target.name, strlen(filter->target.name));
	vp_seccomp_file_print(&file, out);
}

static int write_one(const char *folder, const struct vp_target_filter *filter,
		     struct vp_error *err)
{
	_cleanup_free_ char *path = vp_seccomp_file_path(folder, filter->target.name);
	_cleanup_free_ char *old = NULL;
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };
	size_t len;

	print(filter, &bytes);
	if (!vp_file_read(path, VP_SECCOMP_FILE_LIMIT, &old, &len, NULL) && len == bytes.len &&
	    !memcmp(old, bytes.data, len))
		return 0;
	return vp_file_write(path, bytes.data, bytes.len, 0644, err);
}

static bool is_wanted(const struct vp_target_filters *filters, const char *name)
{
	size_t len = strlen(name) - strlen(ENDING);

	vp_array_each (filter, filters)
		if (is_unit(filter) && strlen(filter->target.name) == len &&
		    !memcmp(filter->target.name, name, len))
			return true;
	return false;
}

static bool is_filter(const char *name)
{
	size_t len = strlen(name);

	return len > strlen(ENDING) && !strcmp(name + len - strlen(ENDING), ENDING);
}

/* Those of units that have none any more. */
static int remove_others(const char *folder, const struct vp_target_filters *filters,
			 struct vp_error *err)
{
	_cleanup_closedir_ DIR *dir = opendir(folder);
	const struct dirent *entry;
	int r = 0;

	while (dir && (entry = readdir(dir))) {
		if (!is_filter(entry->d_name) || is_wanted(filters, entry->d_name) ||
		    !unlinkat(dirfd(dir), entry->d_name, 0))
			continue;
		r = vp_fail(err, -errno, "%s/%s: cannot be removed: %s", folder, entry->d_name,
			    strerror(errno));
	}
	return r;
}

int vp_filter_files_write(const char *folder, const struct vp_target_filters *filters,
			  struct vp_error *err)
{
	struct vp_error failure = { 0 };
	int first = remove_others(folder, filters, err);

	vp_array_each (filter, filters) {
		int r;

		if (!is_unit(filter))
			continue;
		if (mkdir(folder, 0755) && errno != EEXIST)
			return vp_fail(err, -errno, "%s: cannot be made: %s", folder,
				       strerror(errno));
		r = write_one(folder, filter, &failure);
		if (r && !first) {
			first = r;
			*err = failure;
		}
	}
	return first;
}
