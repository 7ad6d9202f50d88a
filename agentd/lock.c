/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lock of a run folder: see lock.h. */
#include "agentd/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/cleanup.h"
#include "lib/memory.h"

static const struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

int vp_lock_take(const char *folder, struct vp_error *err)
{
	_cleanup_free_ char *path = vp_format("%s/vpatchd.lock", folder);
	_cleanup_close_ int fd = -1;
	struct flock lock = whole;

	if (!mkdir(folder, 0755))
		chmod(folder, 0755); /* whatever the umask: everybody may reach the socket */
	else if (errno != EEXIST)
		return vp_fail(err, -errno, "%s: cannot make the folder: %s", folder,
			       strerror(errno));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return vp_fail(err, -errno, "%s: cannot open: %s", path, strerror(errno));
	if (!fcntl(fd, F_SETLK, &lock))
		return TAKE_FD(fd);
	if (errno != EAGAIN && errno != EACCES)
		return vp_fail(err, -errno, "%s: cannot lock: %s", path, strerror(errno));
	lock = whole;
	fcntl(fd, F_GETLK, &lock);
	return vp_fail(err, -EBUSY, "%s: another vpatchd (pid %d) runs in this folder", path,
		       lock.l_type == F_UNLCK ? 0 : (int)lock.l_pid);
}

pid_t vp_lock_holder(const char *folder, struct vp_error *err)
{
	_cleanup_free_ char *path = vp_format("%s/vpatchd.lock", folder);
	_cleanup_close_ int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct flock lock = whole;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fcntl(fd, F_GETLK, &lock))
		return vp_fail(err, -errno, "%s: cannot see who holds it: %s", path,
			       strerror(errno));
	if (lock.l_type == F_UNLCK)
		return 0;
	if (lock.l_pid <= 0)
		return vp_fail(
			err, -ESRCH,
			"%s: held by a vpatchd of another pid namespace; run the command"
			" there",
			path);
	return lock.l_pid;
}
