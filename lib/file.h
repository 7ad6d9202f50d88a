/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole files: read with a bound, write atomically. */
#ifndef VP_LIB_FILE_H
#define VP_LIB_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/error.h"

/*
 * Read a regular file of at most `limit` bytes. *data is NUL-terminated behind
 * *len bytes and owned by the caller. Returns 0 or -errno (-EISDIR for a folder,
 * -EFBIG above the limit); outputs are untouched on failure.
 */
int vp_file_read(const char *path, size_t limit, char **data, size_t *len,
		 struct vp_error *err);

/* Likewise from an open descriptor, which stays open; `path` is for the error's text. */
int vp_file_read_fd(int fd, const char *path, size_t limit, char **data, size_t *len,
		    struct vp_error *err);

/*
 * Why what `fd` is must not steer a process with rights: it, a file or a folder, does not
 * belong to root or us, or others may write it. NULL: it may. A constant text.
 */
const char *vp_file_distrust(int fd);

/*
 * Replace `path` by `data`: temporary name in the same folder, fsync, rename,
 * fsync of the folder. After a crash at any instant the file is the old or the
 * new one, whole. Returns 0 or -errno.
 */
int vp_file_write(const char *path, const void *data, size_t len, mode_t mode,
		  struct vp_error *err);

/*
 * Append a line, whole or not at all; `line` comes without its end. A line that a
 * crash cut short is ended first. Returns 0 or -errno.
 */
int vp_file_append_line(const char *path, const char *line, mode_t mode, struct vp_error *err);

/* Like vp_file_read, but no more than the last `most` bytes, from wherever that is in a line.
 */
int vp_file_read_tail(const char *path, size_t most, char **data, size_t *len,
		      struct vp_error *err);

#endif
