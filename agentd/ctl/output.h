/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vpatchctl says. A verb makes one JSON document (its own or the daemon's)
 * and names the function that renders it as text; the output decides which of
 * the two a person or a machine gets. No verb prints by itself.
 *
 * Standard output has the answer and nothing else. Failures, notes and progress
 * go to standard error.
 */
#ifndef VP_AGENTD_CTL_OUTPUT_H
#define VP_AGENTD_CTL_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "agentd/message.h"
#include "lib/strbuf.h"

struct vp_page;

/* Document to text. Pure: everything it needs is in the document and the page's width. */
typedef void vp_render(const json_t *document, struct vp_page *page);

struct vp_output;

struct vp_output_ops {
	const char *name;
	/* The one document of a command. */
	void (*document)(struct vp_output *out, const json_t *document, vp_render *render);
	/* One item of a stream: a line at once, not buffered. */
	void (*item)(struct vp_output *out, const json_t *item, vp_render *render);
	/* A document that says why it was not done: its findings, then its `error`. */
	void (*refusal)(struct vp_output *out, const json_t *document, vp_render *render);
	/* A command that could not do its work: what is wrong, where, what to do. */
	void (*failure)(struct vp_output *out, enum vp_exit status, const char *text);
};

extern const struct vp_output_ops vp_output_text, vp_output_json;

struct vp_output {
	const struct vp_output_ops *ops;
	FILE *out, *err;    /* not owned */
	unsigned int width; /* columns of the terminal, else 0: as wide as needed */
	bool colour;	    /* of `out`: a terminal, and NO_COLOR unset */
	bool progress;	    /* `err` is a terminal */
	bool progress_shown;
	bool broken; /* writing to `out` failed */
};

/* Text on `out` and `err`; finds width, colour and progress out. */
void vp_output_init(struct vp_output *out, FILE *to, FILE *err);

void vp_output_document(struct vp_output *out, const json_t *document, vp_render *render);
void vp_output_refusal(struct vp_output *out, const json_t *document, vp_render *render);
void vp_output_item(struct vp_output *out, const json_t *item, vp_render *render);

/* Plain bytes: an artefact that is a format of its own (nft text), usage. */
void vp_output_raw(struct vp_output *out, const char *text);

/* Report and return `status`, so that a verb can `return vp_output_failure(...)`. */
enum vp_exit vp_output_failure(struct vp_output *out, enum vp_exit status, const char *format,
			       ...) __attribute__((format(printf, 3, 4)));

/* A remark beside the answer, on standard error: "note: ...". */
void vp_output_note(struct vp_output *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "label: 12 of 50", in place, only on a terminal. total 0: unknown. The next output wipes it.
 */
void vp_output_progress(struct vp_output *out, const char *label, size_t done, size_t total);

/* Flush; VP_EXIT_UNREACHABLE when standard output could not be written and `status` is good.
 */
enum vp_exit vp_output_finish(struct vp_output *out, enum vp_exit status);

#endif
