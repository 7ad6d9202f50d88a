/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole files, read with a bound and written atomically: see file.h. */
#include "lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/memory.h"

static int read_all(int fd, char *data, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = read(fd, data + have, len - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ESTALE;
		have += (size_t)n;
	}
	return 0;
}

int vp_file_read(const char *path, size_t limit, char **data, size_t *len,
		 struct vp_error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return vp_fail(err, -errno, "%s: %s", path, strerror(errno));
	return vp_file_read_fd(fd, path, limit, data, len, err);
}

int vp_file_read_fd(int fd, const char *path, size_t limit, char **data, size_t *len,
		    struct vp_error *err)
{
	_cleanup_free_ char *text = NULL;
	struct stat st;
	int r;

	if (fstat(fd, &st))
		return vp_fail(err, -errno, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return vp_fail(err, -EISDIR, "%s: expected a file, found a folder", path);
	if (!S_ISREG(st.st_mode))
		return vp_fail(err, -EINVAL, "%s: expected a regular file", path);
	if ((size_t)st.st_size > limit)
		return vp_fail(err, -EFBIG, "%s: expected at most %zu bytes, found %lld", path,
			       limit, (long long)st.st_size);
	text = vp_realloc(NULL, (size_t)st.st_size + 1, 1);
	r = read_all(fd, text, (size_t)st.st_size);
	if (r)
		return vp_fail(err, r, "%s: %s", path,
			       r == -ESTALE ? "changed while it was read" : strerror(-r));
	text[st.st_size] = '\0';
	*data = TAKE_PTR(text);
	*len = (size_t)st.st_size;
	return 0;
}

const char *vp_file_distrust(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return "its owner cannot be read";
	if (st.st_uid && st.st_uid != geteuid())
		return "expected an owner root, found another: somebody else "
		       "could change it (chown root)";
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return "expected a file or folder that only its owner may write, found "
		       "it writable by others (chmod go-w)";
	return NULL;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return fsync(fd) ? -errno : 0;
}

static int sync_folder_of(const char *path)
{
	_cleanup_free_ char *copy = vp_strdup(path);
	_cleanup_close_ int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) ? -errno : 0;
}

int vp_file_write(const char *path, const void *data, size_t len, mode_t mode,
		  struct vp_error *err)
{
	_cleanup_free_ char *temporary = vp_format("%s.XXXXXX", path);
	_cleanup_close_ int fd = mkostemp(temporary, O_CLOEXEC);
	int r;

	if (fd < 0)
		return vp_fail(err, -errno, "%s: cannot write: %s", path, strerror(errno));
	r = fchmod(fd, mode) ? -errno : write_all(fd, data, len);
	if (!r && rename(temporary, path))
		r = -errno;
	if (r) {
		unlink(temporary);
		return vp_fail(err, r, "%s: cannot write: %s", path, strerror(-r));
	}
	r = sync_folder_of(path);
	return r ? vp_fail(err, r, "%s: cannot sync its folder: %s", path, strerror(-r)) : 0;
}

/* 0, or -errno and the file has its old length. */
static int append(int fd, const char *line)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char last = '\n';
	_cleanup_free_ char *text = NULL;
	ssize_t written;

	if (size < 0 || (size && pread(fd, &last, 1, size - 1) < 0))
		return -errno;
	text = vp_format("%s%s\n", last == '\n' ? "" : "\n", line);
	written = write(fd, text, strlen(text));
	if (written == (ssize_t)strlen(text))
		return 0;
	if (written < 0)
		return -errno;
	return ftruncate(fd, size) ? -errno : -ENOSPC;
}

int vp_file_append_line(const char *path, const char *line, mode_t mode, struct vp_error *err)
{
	_cleanup_close_ int fd =
		open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);
	int r = fd < 0 ? -errno : append(fd, line);

	return r ? vp_fail(err, r, "%s: cannot write: %s", path, strerror(-r)) : 0;
}

int vp_file_read_tail(const char *path, size_t most, char **data, size_t *len,
		      struct vp_error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	_cleanup_free_ char *text = NULL;
	struct stat st;
	size_t size;
	int r;

	if (fd < 0 || fstat(fd, &st))
		return vp_fail(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return vp_fail(err, -EINVAL, "%s: expected a regular file", path);
	size = (size_t)st.st_size < most ? (size_t)st.st_size : most;
	if (lseek(fd, st.st_size - (off_t)size, SEEK_SET) < 0)
		return vp_fail(err, -errno, "%s: %s", path, strerror(errno));
	text = vp_realloc(NULL, size + 1, 1);
	r = read_all(fd, text, size);
	if (r)
		return vp_fail(err, r, "%s: cannot be read", path);
	text[size] = '\0';
	*data = TAKE_PTR(text);
	*len = size;
	return 0;
}
