/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which file a command is: found before a filter is on that may hide why it cannot be. */
#ifndef VP_EXEC_COMMAND_H
#define VP_EXEC_COMMAND_H

#include "lib/error.h"

/*
 * The file that `name` stands for: itself with a slash in it, else the first of its
 * name in the folders of `path` (as in the variable; NULL: the system's) that may be
 * executed. 0 and *file, owned by the caller; -ENOENT when there is none; another
 * -errno when it cannot be executed.
 */
int vp_command_file(const char *name, const char *path, char **file, struct vp_error *err);

#endif
