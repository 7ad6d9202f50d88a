/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about what people wrote: all of them, each with its place. */
#ifndef VP_POLICY_DIAGNOSTIC_H
#define VP_POLICY_DIAGNOSTIC_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/memory.h"
#include "lib/strbuf.h"

struct vp_location {
	const char *file; /* owned by the definition it points into */
	uint32_t line;	  /* from 1; 0: the whole file */
	uint32_t column;  /* from 1, in bytes; 0: the whole line */
};

enum vp_finding_level { VP_FINDING_ERROR, VP_FINDING_WARNING, VP_FINDING_NOTE };

struct vp_finding {
	enum vp_finding_level level;
	char *file; /* own copy, so that a finding outlives its definition */
	uint32_t line, column;
	uint32_t order; /* of its making: findings at one place keep it */
	char *text;	/* "expected ..., found ..." with an example where one helps */
};

#define VP_FINDINGS_MAX 10000

struct vp_findings {
	VP_ARRAY(struct vp_finding) list; /* the first VP_FINDINGS_MAX */
	size_t errors;			  /* all, also those left out of the list */
	size_t left_out;
};

/* Add a finding. Text: what was expected, what was found, an example. */
void vp_find(struct vp_findings *findings, enum vp_finding_level level,
	     const struct vp_location *at, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

void vp_findv(struct vp_findings *findings, enum vp_finding_level level,
	      const struct vp_location *at, const char *format, va_list args)
	__attribute__((format(printf, 4, 0)));

#define vp_find_error(findings, at, ...) vp_find(findings, VP_FINDING_ERROR, at, __VA_ARGS__)
#define vp_find_warning(findings, at, ...)                                                    \
	vp_find(findings, VP_FINDING_WARNING, at, __VA_ARGS__)

/*
 * How much of `text` to show in a finding (for "%.*s"): at most 40 bytes, never
 * part of a UTF-8 character.
 */
int vp_excerpt(const char *text, size_t length);

/* Sort by file, line, column (stable). */
void vp_findings_sort(struct vp_findings *findings);

/* One line each: "file:line:column: error: expected ..., found ...". */
void vp_findings_print(const struct vp_findings *findings, struct vp_strbuf *out);

void vp_findings_free(struct vp_findings *findings);

#endif
