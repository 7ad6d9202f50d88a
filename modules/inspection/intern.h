/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers for texts: equal texts get the same one, from 0 up. */
#ifndef VP_INSPECTION_INTERN_H
#define VP_INSPECTION_INTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/strbuf.h"

/* All-zero is empty and valid. */
struct vp_intern {
	struct vp_intern_entry *entries;
	uint32_t *buckets; /* entry + 1, or 0 */
	size_t len, cap, size;
};

/* The text's number (any bytes; copied); *is_new says whether it is its first time. */
uint32_t vp_intern(struct vp_intern *intern, const struct vp_strbuf *text, bool *is_new);
void vp_intern_free(struct vp_intern *intern);

#endif
