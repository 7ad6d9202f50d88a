/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Allocation that cannot fail: see memory.h for why aborting is safe here. */
#include "lib/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

static void *must(void *p)
{
	if (!p) {
		fputs("vpatch: out of memory; installed shields stay as they are\n", stderr);
		abort();
	}
	return p;
}

void *vp_alloc(size_t count, size_t size)
{
	return must(calloc(count ? count : 1, size ? size : 1));
}

void *vp_realloc(void *old, size_t count, size_t size)
{
	return must(reallocarray(old, count ? count : 1, size ? size : 1));
}

char *vp_strdup(const char *text)
{
	return text ? must(strdup(text)) : NULL;
}

char *vp_strndup(const char *text, size_t length)
{
	return must(strndup(text, length));
}

void *vp_memdup(const void *data, size_t length)
{
	void *copy = vp_alloc(1, length);

	if (length)
		memcpy(copy, data, length);
	return copy;
}

char *vp_format(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return must(text);
}

void *vp_array_grow_(void *data, size_t len, size_t *cap, size_t size)
{
	if (len < *cap)
		return data;
	*cap = *cap ? *cap * 2 : 4;
	return vp_realloc(data, *cap, size);
}
