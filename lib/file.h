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
int vp_file_read(const char *path, size_t limit, char **data, size_t *len, struct vp_error *err);

/* Likewise from an open descriptor, which stays open; `path` is for the error's text. */
int vp_file_read_fd(int fd, const char *path, size_t limit, char **data, size_t *len,
		    struct vp_error *err);

/*
 * Replace `path` by `data`: temporary name in the same folder, fsync, rename,
 * fsync of the folder. After a crash at any instant the file is the old or the
 * new one, whole. Returns 0 or -errno.
 */
int vp_file_write(const char *path, const void *data, size_t len, mode_t mode,
		  struct vp_error *err);

#endif
