/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text for people: paragraphs that wrap, key and value lines, tables that fit
 * the terminal. Without a terminal nothing is wrapped or cut.
 */
#ifndef VP_AGENTD_CTL_PAGE_H
#define VP_AGENTD_CTL_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/memory.h"
#include "lib/strbuf.h"

enum vp_tone {
	VP_TONE_PLAIN,
	VP_TONE_GOOD,
	VP_TONE_WARN,
	VP_TONE_BAD,
	VP_TONE_BOLD,
	VP_TONE_DIM
};

struct vp_page {
	struct vp_strbuf text;
	unsigned int width; /* 0: unlimited */
	bool colour;
};

void vp_page_free(struct vp_page *page);
#define _cleanup_page_ vp_cleanup(vp_page_free)

/* A line of its own, wrapped at the width, following lines indented by `indent`. */
void vp_page_line(struct vp_page *page, unsigned int indent, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* As vp_page_line(), in a tone. */
void vp_page_tone(struct vp_page *page, enum vp_tone tone, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Text as it is, never wrapped: lines that programs read, artefacts. Ends with its newline. */
void vp_page_raw(struct vp_page *page, const char *text);

void vp_page_blank(struct vp_page *page);

/* "Heading" */
void vp_page_heading(struct vp_page *page, const char *text);

/* "  key        value", the value wrapped in its column. NULL or "": nothing. */
void vp_page_pair(struct vp_page *page, const char *key, const char *value);
void vp_page_pairf(struct vp_page *page, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "  - text", wrapped. */
void vp_page_item(struct vp_page *page, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

struct vp_column {
	const char *title;
	bool right;  /* numbers */
	bool shrink; /* the one that is cut ("...") when the table is wider than the terminal
		      */
};

struct vp_cell {
	char *text;
	enum vp_tone tone;
};

struct vp_table {
	const struct vp_column *columns;
	size_t count;
	VP_ARRAY(struct vp_cell) cells; /* row after row */
};

/* Append a cell (a copy of `text`; NULL is ""). */
void vp_table_cell(struct vp_table *table, enum vp_tone tone, const char *text);
void vp_table_cellf(struct vp_table *table, enum vp_tone tone, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Put the table on the page and free its cells. An empty table gives nothing. */
void vp_table_print(struct vp_table *table, struct vp_page *page);

/* 1234567 -> "1,234,567". Returns `text`. */
const char *vp_number_text(unsigned long long number, char text[static 32]);

#endif
