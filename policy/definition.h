/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A definition or an overrides file as its author wrote it: sections and
 * entries with their places, nothing checked but the form of the lines.
 */
#ifndef VP_POLICY_DEFINITION_H
#define VP_POLICY_DEFINITION_H

#include "policy/source.h"

/* key = value; the slices point into the text. */
struct vp_entry {
	const char *key, *value; /* value: as written, comments still in it */
	uint32_t key_len, value_len;
	uint32_t line, column; /* column of the value */
	bool bad;	       /* a finding was made: the value is not to be read */
};

/* [kind name]; the slices point into the text. */
struct vp_section {
	const char *kind, *name; /* name_len 0: none */
	uint32_t kind_len, name_len;
	uint32_t line, column; /* column of the name, or of the kind without one */
	uint32_t first, count; /* its entries */
	bool duplicate;	       /* the same kind and name were there before */
};

struct vp_definition {
	const char *file; /* the text's name */
	VP_ARRAY(struct vp_section) sections;
	VP_ARRAY(struct vp_entry) entries;
};

/*
 * Read a text; what was in `definition` is dropped, its memory used again. The
 * text must outlive it.
 */
void vp_definition_read(struct vp_definition *definition, const struct vp_text *text,
			struct vp_findings *findings);
void vp_definition_free(struct vp_definition *definition);

/* Is the section of that kind, e.g. "rule"? */
bool vp_section_is(const struct vp_section *section, const char *kind);

struct vp_location vp_entry_at(const struct vp_definition *definition,
			       const struct vp_entry *entry);
struct vp_location vp_section_at(const struct vp_definition *definition,
				 const struct vp_section *section);

/* The first entry of a section with that key, or NULL. */
const struct vp_entry *vp_section_entry(const struct vp_definition *definition,
					const struct vp_section *section, const char *key);

/* Letter or digit, then letters, digits, '.', '_', '-'; at most VP_NAME_MAX. */
bool vp_name_is_good(const char *name, size_t length);

#endif
