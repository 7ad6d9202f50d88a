/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of findings: see diagnostic.h. It only collects, orders and prints
 * them; what is wrong is decided where the text is read.
 */
#include "policy/diagnostic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const level_names[] = {
	[VP_FINDING_ERROR] = "error",
	[VP_FINDING_WARNING] = "warning",
	[VP_FINDING_NOTE] = "note",
};

_Static_assert(VP_COUNT(level_names) == VP_FINDING_NOTE + 1, "every level has a name");

void vp_findv(struct vp_findings *findings, enum vp_finding_level level,
	      const struct vp_location *at, const char *format, va_list args)
{
	struct vp_finding *finding;

	findings->errors += level == VP_FINDING_ERROR;
	if (findings->list.len >= VP_FINDINGS_MAX) {
		findings->left_out++;
		return;
	}
	finding = vp_array_add(&findings->list);
	finding->level = level;
	finding->file = vp_strdup(at->file);
	finding->line = at->line;
	finding->column = at->column;
	finding->order = (uint32_t)findings->list.len;
	if (vasprintf(&finding->text, format, args) < 0)
		abort();
}

void vp_find(struct vp_findings *findings, enum vp_finding_level level,
	     const struct vp_location *at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vp_findv(findings, level, at, format, args);
	va_end(args);
}

int vp_excerpt(const char *text, size_t length)
{
	if (length > 40)
		for (length = 40; length && ((uint8_t)text[length] & 0xc0) == 0x80; length--)
			;
	return (int)length;
}

static int compare(const void *left, const void *right)
{
	const struct vp_finding *a = left, *b = right;
	int r = strcmp(a->file ? a->file : "", b->file ? b->file : "");

	if (r)
		return r;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

void vp_findings_sort(struct vp_findings *findings)
{
	if (findings->list.len > 1)
		qsort(findings->list.data, findings->list.len, sizeof(*findings->list.data),
		      compare);
}

void vp_findings_print(const struct vp_findings *findings, struct vp_strbuf *out)
{
	vp_array_each (finding, &findings->list) {
		if (finding->file)
			vp_strbuf_addf(out, "%s:", finding->file);
		if (finding->line)
			vp_strbuf_addf(out, "%u:", finding->line);
		if (finding->line && finding->column)
			vp_strbuf_addf(out, "%u:", finding->column);
		vp_strbuf_addf(out, "%s%s: %s\n", finding->file ? " " : "",
			       level_names[finding->level], finding->text);
	}
	if (findings->left_out)
		vp_strbuf_addf(out, "note: %zu more findings are left out\n",
			       findings->left_out);
}

void vp_findings_free(struct vp_findings *findings)
{
	vp_array_each (finding, &findings->list) {
		free(finding->file);
		free(finding->text);
	}
	vp_array_free(&findings->list);
	findings->errors = findings->left_out = 0;
}
