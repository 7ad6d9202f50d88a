/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Named sets: their sections, and the files they name. */
#ifndef VP_POLICY_SET_H
#define VP_POLICY_SET_H

#include "policy/definition.h"

/* A set file that was read; `name` outlives the patches. */
struct vp_set_file {
	const char *name; /* resolved path */
	const struct vp_text *text;
};

/* All of them, sorted by name. */
VP_ARRAY_TYPE(vp_set_files, struct vp_set_file);

/* Where the `file` of a set is, which the file `naming` names. Owned by the caller. */
char *vp_set_path(const char *naming, const char *file, size_t length);

/*
 * Fill `set` from its section: the values in it, then those of its file. Its
 * name was checked before. Findings for what is wrong.
 */
void vp_set_read(struct vp_set *set, const struct vp_definition *definition,
		 const struct vp_section *section, const struct vp_set_files *files,
		 struct vp_findings *findings);

/* Replace the values of `set` by copies of the site's. */
void vp_set_replace(struct vp_set *set, const struct vp_set *site);

#endif
