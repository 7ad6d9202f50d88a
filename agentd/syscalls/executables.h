/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which programs a systemd unit starts, as its files say. Reading only. */
#ifndef VP_SYSCALLS_EXECUTABLES_H
#define VP_SYSCALLS_EXECUTABLES_H

#include "lib/memory.h"

VP_ARRAY_TYPE(vp_paths, char *);

/*
 * The programs of a unit file's text: of ExecStart=, ExecStartPre= and the others, as written,
 * without prefixes; only absolute ones without specifiers (systemd.service(5)). Added to
 * *paths, each once. Pure.
 */
void vp_unit_file_parse(const char *text, struct vp_paths *paths);

/*
 * The executables that the programs of a unit run as, its drop-ins included: links followed,
 * of a script its interpreter. `roots`: the folders of units, NULL-terminated, the strongest
 * first; NULL: systemd's own. What cannot be read is left out.
 */
void vp_unit_executables(const char *unit, const char *const *roots, struct vp_paths *paths);

/* Add a copy, unless it is there. */
void vp_paths_add(struct vp_paths *paths, const char *path);
void vp_paths_free(struct vp_paths *paths);

#endif
