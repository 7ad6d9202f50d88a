/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reason of a failure, in words for the person who must act on it.
 *
 * Functions that can fail return 0 or -errno and fill a struct vp_error; on
 * success it is left untouched. The text says what failed, on what, and the
 * cure. It is logged once, where the failure is decided upon.
 */
#ifndef VP_LIB_ERROR_H
#define VP_LIB_ERROR_H

struct vp_error {
	int code;	 /* negative errno, 0: no error */
	char text[1024]; /* without a trailing newline */
};

/* Set the error; returns code, so that `return vp_fail(err, -EINVAL, ...)` reads well. err may
 * be NULL. */
int vp_fail(struct vp_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Put "prefix: " before the present text and return its code. */
int vp_fail_context(struct vp_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
