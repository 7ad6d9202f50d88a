/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filters of units as files, for vpatch-exec (lib/seccomp_file.h). */
#ifndef VP_SYSCALLS_FILTER_FILES_H
#define VP_SYSCALLS_FILTER_FILES_H

#include "modules/seccomp/targets.h"

/*
 * Make `folder` hold exactly the filters of those that are units: what differs is written,
 * each file whole, and what belongs to no unit any more is removed. Without units the folder
 * is not made. 0, or the first -errno with the file; the others are made all the same.
 */
int vp_filter_files_write(const char *folder, const struct vp_target_filters *filters,
			  struct vp_error *err);

#endif
