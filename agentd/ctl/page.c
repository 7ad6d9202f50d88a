/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines, pairs and tables for people: see page.h. All text that comes in is
 * foreign (titles, reasons, names of processes): control characters never reach
 * the terminal.
 */
#include "agentd/ctl/page.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PAIR_INDENT 2
#define PAIR_COLUMN 17 /* where values of vp_page_pair() begin */
#define CELL_LEAST  12 /* a shrunk column keeps that much */

void vp_page_free(struct vp_page *page)
{
	vp_strbuf_free(&page->text);
}

/* C0 and DEL, and the C1 controls in their UTF-8 form, each become '?'; newline stays. */
static void clean(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p; p++) {
		if ((*p < 0x20 && *p != '\n') || *p == 0x7f)
			*p = '?';
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			p[0] = p[1] = '?';
	}
}

/* Columns of UTF-8 text, one for each character. */
static size_t columns_of(const char *text, size_t len)
{
	size_t columns = 0;

	for (size_t i = 0; i < len; i++)
		columns += ((unsigned char)text[i] & 0xc0) != 0x80;
	return columns;
}

static void add_spaces(struct vp_page *page, size_t count)
{
	while (count--)
		vp_strbuf_addc(&page->text, ' ');
}

static const char *tone_code(enum vp_tone tone)
{
	static const char *const codes[] = {
		[VP_TONE_PLAIN] = "",	     [VP_TONE_GOOD] = "\033[32m",
		[VP_TONE_WARN] = "\033[33m", [VP_TONE_BAD] = "\033[31m",
		[VP_TONE_BOLD] = "\033[1m",  [VP_TONE_DIM] = "\033[2m",
	};

	return codes[tone];
}

static void tone_begin(struct vp_page *page, enum vp_tone tone)
{
	if (page->colour && tone != VP_TONE_PLAIN)
		vp_strbuf_adds(&page->text, tone_code(tone));
}

static void tone_end(struct vp_page *page, enum vp_tone tone)
{
	if (page->colour && tone != VP_TONE_PLAIN)
		vp_strbuf_adds(&page->text, "\033[0m");
}

/*
 * Words of `text` from column `at` on (already on the line); what does not fit
 * goes to lines that begin at column `indent`. Blanks inside a line are kept.
 */
static void add_wrapped(struct vp_page *page, const char *text, size_t at, size_t indent)
{
	bool first = true;

	while (*text) {
		size_t blanks = strspn(text, " ");
		size_t len = strcspn(text + blanks, " \n");
		size_t columns = columns_of(text + blanks, len);

		if (!first && page->width && at + blanks + columns > page->width &&
		    at > indent) {
			vp_strbuf_addc(&page->text, '\n');
			add_spaces(page, indent);
			at = indent;
		} else {
			add_spaces(page, blanks);
			at += blanks;
		}
		vp_strbuf_add(&page->text, text + blanks, len);
		at += columns;
		text += blanks + len;
		first = false;
		if (*text == '\n') {
			text++;
			if (!*text)
				break;
			vp_strbuf_addc(&page->text, '\n');
			add_spaces(page, indent);
			at = indent;
			first = true;
		}
	}
}

static char *format_clean(const char *format, va_list args)
	__attribute__((format(printf, 1, 0)));

static char *format_clean(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		abort();
	clean(text);
	return text;
}

void vp_page_line(struct vp_page *page, unsigned int indent, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	text = format_clean(format, args);
	va_end(args);
	add_wrapped(page, text, 0, indent);
	vp_strbuf_addc(&page->text, '\n');
}

void vp_page_tone(struct vp_page *page, enum vp_tone tone, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	text = format_clean(format, args);
	va_end(args);
	tone_begin(page, tone);
	add_wrapped(page, text, 0, 0);
	tone_end(page, tone);
	vp_strbuf_addc(&page->text, '\n');
}

void vp_page_raw(struct vp_page *page, const char *text)
{
	_cleanup_free_ char *copy = vp_strdup(text);

	for (char *p = copy; *p; p++)
		if (*p == '\t')
			*p = ' ';
	clean(copy);
	vp_strbuf_adds(&page->text, copy);
}

void vp_page_blank(struct vp_page *page)
{
	vp_strbuf_addc(&page->text, '\n');
}

void vp_page_heading(struct vp_page *page, const char *text)
{
	if (page->text.len)
		vp_page_blank(page);
	vp_page_tone(page, VP_TONE_BOLD, "%s", text);
}

void vp_page_pair(struct vp_page *page, const char *key, const char *value)
{
	_cleanup_free_ char *text = NULL;
	size_t width = PAIR_INDENT + columns_of(key, strlen(key));

	if (!value || !*value)
		return;
	text = vp_strdup(value);
	clean(text);
	add_spaces(page, PAIR_INDENT);
	vp_strbuf_adds(&page->text, key);
	add_spaces(page, width < PAIR_COLUMN ? PAIR_COLUMN - width : 1);
	add_wrapped(page, text, width < PAIR_COLUMN ? PAIR_COLUMN : width + 1, PAIR_COLUMN);
	vp_strbuf_addc(&page->text, '\n');
}

void vp_page_pairf(struct vp_page *page, const char *key, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	text = format_clean(format, args);
	va_end(args);
	vp_page_pair(page, key, text);
}

void vp_page_item(struct vp_page *page, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	text = format_clean(format, args);
	va_end(args);
	vp_strbuf_adds(&page->text, "  - ");
	add_wrapped(page, text, 4, 4);
	vp_strbuf_addc(&page->text, '\n');
}

void vp_table_cell(struct vp_table *table, enum vp_tone tone, const char *text)
{
	struct vp_cell *cell = vp_array_add(&table->cells);

	cell->text = vp_strdup(text ? text : "");
	cell->tone = tone;
	clean(cell->text);
	for (char *p = cell->text; *p; p++)
		if (*p == '\n')
			*p = ' ';
}

void vp_table_cellf(struct vp_table *table, enum vp_tone tone, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	text = format_clean(format, args);
	va_end(args);
	vp_table_cell(table, tone, text);
}

static void measure(const struct vp_table *table, size_t *widths)
{
	for (size_t i = 0; i < table->count; i++)
		widths[i] = strlen(table->columns[i].title);
	for (size_t i = 0; i < table->cells.len; i++) {
		const char *text = table->cells.data[i].text;
		size_t columns = columns_of(text, strlen(text));

		if (columns > widths[i % table->count])
			widths[i % table->count] = columns;
	}
}

/* Take from the columns that may shrink until the table fits the page. */
static void shrink(const struct vp_table *table, size_t *widths, size_t room)
{
	size_t total = 0;

	for (size_t i = 0; i < table->count; i++)
		total += widths[i] + (i ? 2 : 0);
	for (size_t i = 0; i < table->count && total > room; i++) {
		size_t spare;

		if (!table->columns[i].shrink || widths[i] <= CELL_LEAST)
			continue;
		spare = widths[i] - CELL_LEAST;
		if (spare > total - room)
			spare = total - room;
		widths[i] -= spare;
		total -= spare;
	}
}

/* Bytes of the first `columns` characters. */
static size_t bytes_of(const char *text, size_t columns)
{
	size_t i = 0;

	while (text[i]) {
		size_t next = i + 1;

		while (((unsigned char)text[next] & 0xc0) == 0x80)
			next++;
		if (!columns--)
			break;
		i = next;
	}
	return i;
}

static void add_cell(struct vp_page *page, const char *text, enum vp_tone tone, size_t width,
		     bool right, bool last)
{
	size_t columns = columns_of(text, strlen(text));
	bool cut = columns > width;
	size_t pad = cut ? 0 : width - columns;

	if (right)
		add_spaces(page, pad);
	tone_begin(page, tone);
	vp_strbuf_add(&page->text, text, cut ? bytes_of(text, width - 3) : strlen(text));
	if (cut)
		vp_strbuf_adds(&page->text, "...");
	tone_end(page, tone);
	if (!right && !last)
		add_spaces(page, pad);
}

static void free_cells(struct vp_table *table)
{
	vp_array_each (cell, &table->cells)
		free(cell->text);
	vp_array_free(&table->cells);
}

void vp_table_print(struct vp_table *table, struct vp_page *page)
{
	_cleanup_free_ size_t *widths = vp_alloc(table->count, sizeof(*widths));
	size_t rows = table->cells.len / table->count;

	if (!rows)
		return;
	measure(table, widths);
	if (page->width)
		shrink(table, widths, page->width);
	for (size_t row = 0; row <= rows; row++) {
		for (size_t i = 0; i < table->count; i++) {
			const struct vp_column *column = &table->columns[i];
			const struct vp_cell *cell =
				row ? &table->cells.data[(row - 1) * table->count + i] : NULL;

			if (i)
				add_spaces(page, 2);
			add_cell(page, cell ? cell->text : column->title,
				 cell ? cell->tone : VP_TONE_BOLD, widths[i], column->right,
				 i + 1 == table->count);
		}
		while (page->text.len && page->text.data[page->text.len - 1] == ' ')
			page->text.data[--page->text.len] = '\0';
		vp_strbuf_addc(&page->text, '\n');
	}
	free_cells(table);
}

const char *vp_number_text(unsigned long long number, char text[static 32])
{
	char digits[32];
	int len = snprintf(digits, sizeof(digits), "%llu", number);
	char *to = text;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return text;
}
