/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A string builder: see strbuf.h. */
#include "lib/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/memory.h"

static void reserve(struct vp_strbuf *buf, size_t more)
{
	size_t need = buf->len + more + 1;

	if (need <= buf->cap)
		return;
	buf->cap = need < 2 * buf->cap ? 2 * buf->cap : need + 64;
	buf->data = vp_realloc(buf->data, buf->cap, 1);
}

void vp_strbuf_add(struct vp_strbuf *buf, const char *data, size_t length)
{
	reserve(buf, length);
	if (length)
		memcpy(buf->data + buf->len, data, length);
	buf->len += length;
	buf->data[buf->len] = '\0';
}

void vp_strbuf_adds(struct vp_strbuf *buf, const char *text)
{
	vp_strbuf_add(buf, text, strlen(text));
}

void vp_strbuf_addc(struct vp_strbuf *buf, char c)
{
	vp_strbuf_add(buf, &c, 1);
}

void vp_strbuf_addf(struct vp_strbuf *buf, const char *format, ...)
{
	va_list args, again;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length > 0) {
		reserve(buf, (size_t)length);
		vsnprintf(buf->data + buf->len, (size_t)length + 1, format, again);
		buf->len += (size_t)length;
	}
	va_end(again);
}

const char *vp_strbuf_text(const struct vp_strbuf *buf)
{
	return buf->data ? buf->data : "";
}

char *vp_strbuf_take(struct vp_strbuf *buf)
{
	char *text = buf->data ? buf->data : vp_strdup("");

	memset(buf, 0, sizeof(*buf));
	return text;
}

void vp_strbuf_free(struct vp_strbuf *buf)
{
	free(buf->data);
	memset(buf, 0, sizeof(*buf));
}
