/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding a command, as execvp(3) would: see command.h. */
#include "agentd/exec/command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/memory.h"

/* 0 or -errno. */
static int may_execute(const char *file)
{
	struct stat st;

	if (stat(file, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return faccessat(AT_FDCWD, file, X_OK, AT_EACCESS) ? -errno : 0;
}

static char *in_folder(const char *folder, size_t len, const char *name)
{
	return len ? vp_format("%.*s/%s", (int)len, folder, name) : vp_format("./%s", name);
}

/* -ENOENT unless one of the name is there, and may not be executed. */
static int search(const char *name, const char *path, char **file)
{
	int r = -ENOENT;

	for (const char *at = path;; at++) {
		size_t len = strcspn(at, ":");
		_cleanup_free_ char *candidate = in_folder(at, len, name);
		int found = may_execute(candidate);

		if (!found) {
			*file = TAKE_PTR(candidate);
			return 0;
		}
		if (found == -EACCES)
			r = found;
		at += len;
		if (!*at)
			return r;
	}
}

int vp_command_file(const char *name, const char *path, char **file, struct vp_error *err)
{
	int r;

	if (!*name)
		r = -ENOENT;
	else if (!strchr(name, '/'))
		r = search(name, path ? path : "/bin:/usr/bin", file);
	else
		r = may_execute(name);
	if (!r && strchr(name, '/'))
		*file = vp_strdup(name);
	if (r == -ENOENT)
		return vp_fail(err, r, "%s: there is no such command", name);
	return r ? vp_fail(err, r, "%s: cannot be executed: %s", name, strerror(-r)) : 0;
}
