/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the site says about definitions it did not write. */
#ifndef VP_POLICY_OVERRIDE_H
#define VP_POLICY_OVERRIDE_H

#include "policy/definition.h"
#include "policy/set.h"

/* One [override ID] of one file. Entries are kept as written: they are read for each patch. */
struct vp_override {
	char *id;
	struct vp_location at;
	const struct vp_definition *definition;
	const struct vp_section *section;
	uint32_t order; /* higher is stronger */
	int enabled;	/* -1: not said */
	int mode;	/* enum vp_mode, or -1 */
	struct vp_location mode_at;
	time_t expires;			/* 0: not said */
	struct vp_call_targets targets; /* units and processes; empty: not said */
	struct vp_location targets_at;
	int no_new_privs; /* whether it may be set; -1: not said */
	struct vp_location no_new_privs_at;
	time_t until; /* first second after it; 0: no end */
	char *by, *reason;
	bool used;
};

/* One [set NAME] of one file. */
struct vp_site_set {
	struct vp_set set;
	bool used;
};

struct vp_overrides {
	VP_ARRAY(struct vp_override) list; /* by id, then weakest first */
	VP_ARRAY(struct vp_site_set) sets; /* strongest last */
	VP_ARRAY(struct vp_definition *) definitions;
};

struct vp_validation;

/*
 * Read the overrides, weakest file first. `names` are the files' names as
 * locations shall have them, and outlive the patches. What ended before `now`
 * is left out.
 */
void vp_overrides_read(struct vp_overrides *overrides, const struct vp_text_list *texts,
		       const char *const *names, const struct vp_set_files *files, time_t now,
		       struct vp_findings *findings);

/* Findings for overrides that no definition needed. */
void vp_overrides_unused(const struct vp_overrides *overrides, struct vp_findings *findings);

void vp_overrides_free(struct vp_overrides *overrides);

/* The site's set of that name, or NULL. */
struct vp_site_set *vp_overrides_set(struct vp_overrides *overrides, const char *name);

/* Lay them over the patch of `v`: ports before its rules are read, units and processes of
 * system calls before its samples are, the rest behind. */
void vp_overrides_ports(struct vp_validation *v);
void vp_overrides_targets(struct vp_validation *v);
void vp_overrides_apply(struct vp_validation *v);

#endif
