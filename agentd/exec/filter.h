/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A unit's filter from its file onto the calling process. */
#ifndef VP_EXEC_FILTER_H
#define VP_EXEC_FILTER_H

#include "lib/error.h"
#include "lib/seccomp_file.h"

/*
 * Read FOLDER/UNIT.filter; where there is none and the unit is an instance (a@1.service), the
 * one of its template (lib/unit.h). 0, and *filter is owned by the caller; -ENOENT when there
 * is none; or another -errno with the reason: it cannot be read, others may write
 * it, it is damaged, of another unit or for other machines.
 */
int vp_filter_read(const char *folder, const char *unit, struct vp_seccomp_file *filter,
		   struct vp_error *err);

/*
 * Put it on the calling, single-threaded process, for good. What would go wrong is
 * found out before, on a child that ends at once, so that after an error the caller
 * is as it was, but perhaps for no_new_privs. -EPERM: the filter does not let
 * execve(2) through, so that nothing could be started behind it.
 */
int vp_filter_install(const struct vp_seccomp_file *filter, struct vp_error *err);

#endif
