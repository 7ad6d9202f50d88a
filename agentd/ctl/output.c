/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing answers as text or JSON, failures, notes and progress. The only file
 * of vpatchctl that writes to a stream.
 */
#include "agentd/ctl/output.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agentd/ctl/page.h"
#include "lib/cleanup.h"

#define WIDTH_LEAST 40 /* narrower terminals wrap by themselves */

static void write_text(struct vp_output *out, const char *text, size_t len)
{
	if (out->broken)
		return;
	if (fwrite(text, 1, len, out->out) != len)
		out->broken = true;
}

static void wipe_progress(struct vp_output *out)
{
	if (!out->progress_shown)
		return;
	fputs("\r\033[K", out->err);
	fflush(out->err);
	out->progress_shown = false;
}

static void write_rendered(struct vp_output *out, const json_t *document, vp_render *render)
{
	_cleanup_page_ struct vp_page page = { .width = out->width, .colour = out->colour };

	render(document, &page);
	write_text(out, vp_strbuf_text(&page.text), page.text.len);
}

static void text_item(struct vp_output *out, const json_t *item, vp_render *render)
{
	write_rendered(out, item, render);
	if (fflush(out->out))
		out->broken = true;
}

static void text_failure(struct vp_output *out, enum vp_exit status, const char *text)
{
	_cleanup_page_ struct vp_page page = { 0 };

	(void)status;
	vp_page_line(&page, 0, "vpatchctl: %s",
		     text); /* cleans: the text may quote foreign bytes */
	fputs(vp_strbuf_text(&page.text), out->err);
}

static void text_refusal(struct vp_output *out, const json_t *document, vp_render *render)
{
	const char *error = json_string_value(json_object_get(document, "error"));

	write_rendered(out, document, render);
	if (fflush(out->out))
		out->broken = true;
	if (error)
		text_failure(out, VP_EXIT_FINDINGS, error);
}

const struct vp_output_ops vp_output_text = {
	.name = "text",
	.document = write_rendered,
	.item = text_item,
	.refusal = text_refusal,
	.failure = text_failure,
};

static void write_json(struct vp_output *out, const json_t *document, size_t flags)
{
	char *text = json_dumps(document, flags | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY);

	if (!text) {
		fputs("vpatchctl: the answer is no valid JSON document\n", out->err);
		out->broken = true;
		return;
	}
	write_text(out, text, strlen(text));
	write_text(out, "\n", 1);
	free(text);
}

static void json_document(struct vp_output *out, const json_t *document, vp_render *render)
{
	(void)render;
	write_json(out, document, JSON_INDENT(2));
}

static void json_item(struct vp_output *out, const json_t *item, vp_render *render)
{
	(void)render;
	write_json(out, item, JSON_COMPACT);
	if (fflush(out->out))
		out->broken = true;
}

/* A machine gets the failure as its one document; a person who watches sees it as well. */
static void json_failure(struct vp_output *out, enum vp_exit status, const char *text)
{
	json_t *document = json_pack("{s:s, s:i, s:s}", "schema", "vpatch.error/1", "exit",
				     (int)status, "error", text);

	if (document)
		write_json(out, document, JSON_INDENT(2));
	json_decref(document);
	text_failure(out, status, text);
}

const struct vp_output_ops vp_output_json = {
	.name = "json",
	.document = json_document,
	.item = json_item,
	.refusal = json_document,
	.failure = json_failure,
};

static unsigned int terminal_width(FILE *file)
{
	struct winsize size;

	if (ioctl(fileno(file), TIOCGWINSZ, &size) || !size.ws_col)
		return 80;
	return size.ws_col < WIDTH_LEAST ? WIDTH_LEAST : size.ws_col;
}

void vp_output_init(struct vp_output *out, FILE *to, FILE *err)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	bool terminal = isatty(fileno(to));

	*out = (struct vp_output){ .ops = &vp_output_text, .out = to, .err = err };
	out->width = terminal ? terminal_width(to) : 0;
	out->colour = terminal && !(no_colour && *no_colour) && term && strcmp(term, "dumb");
	out->progress = isatty(fileno(err)) && term && strcmp(term, "dumb");
}

void vp_output_document(struct vp_output *out, const json_t *document, vp_render *render)
{
	wipe_progress(out);
	out->ops->document(out, document, render);
}

void vp_output_refusal(struct vp_output *out, const json_t *document, vp_render *render)
{
	wipe_progress(out);
	out->ops->refusal(out, document, render);
}

void vp_output_item(struct vp_output *out, const json_t *item, vp_render *render)
{
	wipe_progress(out);
	out->ops->item(out, item, render);
}

void vp_output_raw(struct vp_output *out, const char *text)
{
	wipe_progress(out);
	write_text(out, text, strlen(text));
}

static char *format_text(const char *format, va_list args)
	__attribute__((format(printf, 1, 0)));

static char *format_text(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		abort();
	return text;
}

enum vp_exit vp_output_failure(struct vp_output *out, enum vp_exit status, const char *format,
			       ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	wipe_progress(out);
	out->ops->failure(out, status, text);
	return status;
}

void vp_output_note(struct vp_output *out, const char *format, ...)
{
	_cleanup_page_ struct vp_page page = { 0 };
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	wipe_progress(out);
	vp_page_line(&page, 0, "note: %s", text);
	fputs(vp_strbuf_text(&page.text), out->err);
}

void vp_output_progress(struct vp_output *out, const char *label, size_t done, size_t total)
{
	if (!out->progress)
		return;
	fprintf(out->err, "\r\033[K%s", label);
	if (total)
		fprintf(out->err, ": %zu of %zu", done, total);
	fflush(out->err);
	out->progress_shown = true;
}

enum vp_exit vp_output_finish(struct vp_output *out, enum vp_exit status)
{
	wipe_progress(out);
	if (fflush(out->out))
		out->broken = true;
	if (!out->broken || status != VP_EXIT_GOOD)
		return status;
	fputs("vpatchctl: cannot write the answer to standard output\n", out->err);
	return VP_EXIT_UNREACHABLE;
}
