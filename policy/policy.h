/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy: the patches of some files and folders with the overrides laid over
 * them. Reading is the only side effect of this folder; everything after it is
 * pure.
 */
#ifndef VP_POLICY_POLICY_H
#define VP_POLICY_POLICY_H

#include <stdio.h>

#include "policy/diagnostic.h"
#include "policy/patch.h"

struct vp_policy {
	VP_ARRAY(struct vp_patch *) patches; /* sorted by id */
	struct vp_texts files; /* names of override and set files that locations point to */
	time_t changes_at; /* first moment after `now` at which an override or a patch ends; 0:
			      never */
};

/* One text with a name: a definition, an overrides file or a set file, already read. */
struct vp_text {
	char *name; /* for locations; as the user gave it */
	char *data; /* NUL-terminated behind len bytes; may contain NUL */
	size_t len;
};

VP_ARRAY_TYPE(vp_text_list, struct vp_text);

/* Everything a policy is made of, as bytes: what a generation stores and what a boot needs. */
struct vp_sources {
	struct vp_text_list definitions; /* *.vpatch */
	struct vp_text_list
		overrides; /* overrides.d/NAME.conf in order of name, then the local ones */
	struct vp_text_list set_files; /* named by sets of the above; name = resolved path */
};

enum vp_read_flags {
	VP_READ_TRUSTED_ONLY = 1 << 0, /* refuse files and folders that others may write */
};

/*
 * Collect the texts at `paths`: files as they are, of folders (not recursive)
 * the *.vpatch files in order of name, without dotfiles, *~, *.dpkg-*, *.rpm*.
 * `overrides_paths` likewise with *.conf. Set files named in them are read too
 * (relative to the naming file). Findings for what cannot be read.
 */
void vp_sources_read(struct vp_sources *sources, const char *const *paths, size_t count,
		     const char *const *overrides_paths, size_t overrides_count,
		     unsigned int flags, struct vp_findings *findings);
void vp_sources_free(struct vp_sources *sources);

/*
 * Parse and validate everything. All findings of all files are reported; the
 * policy holds the patches without errors. Errors: findings->errors > 0, and the
 * caller must then not apply the policy. `now` decides about overrides that end.
 */
void vp_policy_build(struct vp_policy *policy, const struct vp_sources *sources, time_t now,
		     struct vp_findings *findings);

/* The patch with that id, or NULL. */
struct vp_patch *vp_policy_find(const struct vp_policy *policy, const char *id);

void vp_policy_free(struct vp_policy *policy);

/* Canonical text of a patch; parsing it and printing again gives the same text. */
void vp_patch_print(const struct vp_patch *patch, struct vp_strbuf *out);
void vp_condition_print(const struct vp_condition *condition, struct vp_strbuf *out);
void vp_action_print(const struct vp_action *action, struct vp_strbuf *out);

/* What a rule that holds does, for people: "drop", "ban 10m above 5/minute burst 5 per
 * source", "set login-seen". */
void vp_rule_effect_print(const struct vp_rule *rule, struct vp_strbuf *out);

#endif
