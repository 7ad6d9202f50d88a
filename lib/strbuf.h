/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A string builder. An all-zero struct vp_strbuf is empty and valid. */
#ifndef VP_LIB_STRBUF_H
#define VP_LIB_STRBUF_H

#include <stddef.h>

#include "lib/cleanup.h"

struct vp_strbuf {
	char *data; /* NUL-terminated once anything was added, else NULL */
	size_t len, cap;
};

void vp_strbuf_add(struct vp_strbuf *buf, const char *data, size_t length);
void vp_strbuf_adds(struct vp_strbuf *buf, const char *text);
void vp_strbuf_addc(struct vp_strbuf *buf, char c);
void vp_strbuf_addf(struct vp_strbuf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The text built so far, never NULL, valid until the next change. */
const char *vp_strbuf_text(const struct vp_strbuf *buf);

/* Hand the text over to the caller (free()); never NULL; the builder is empty again. */
char *vp_strbuf_take(struct vp_strbuf *buf);

void vp_strbuf_free(struct vp_strbuf *buf);
#define _cleanup_strbuf_ vp_cleanup(vp_strbuf_free)

#endif
