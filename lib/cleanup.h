/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scope-bound release of resources, and the two ways out of it.
 *
 * A local that owns something is declared with one of the attributes below and
 * is released on every path; what leaves the function leaves through TAKE_PTR
 * or TAKE_FD. A reader can then prove the absence of a leak by reading one
 * function.
 */
#ifndef VP_LIB_CLEANUP_H
#define VP_LIB_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define vp_cleanup(function) __attribute__((cleanup(function)))

static inline void vp_cleanup_free_(void *p)
{
	free(*(void **)p);
}

static inline void vp_cleanup_close_(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void vp_cleanup_fclose_(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline void vp_cleanup_closedir_(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#define _cleanup_free_	   vp_cleanup(vp_cleanup_free_)
#define _cleanup_close_	   vp_cleanup(vp_cleanup_close_)
#define _cleanup_fclose_   vp_cleanup(vp_cleanup_fclose_)
#define _cleanup_closedir_ vp_cleanup(vp_cleanup_closedir_)

/* Hand over the pointer or descriptor and disarm its cleanup. */
#define TAKE_PTR(p)                                                                           \
	({                                                                                    \
		__typeof__(p) taken_ = (p);                                                   \
		(p) = NULL;                                                                   \
		taken_;                                                                       \
	})

#define TAKE_FD(fd)                                                                           \
	({                                                                                    \
		int taken_ = (fd);                                                            \
		(fd) = -1;                                                                    \
		taken_;                                                                       \
	})

#endif
