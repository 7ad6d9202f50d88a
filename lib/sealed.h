/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes in memory that nobody can change any more, to be given to another process. */
#ifndef VP_LIB_SEALED_H
#define VP_LIB_SEALED_H

#include <stddef.h>

#include "lib/error.h"

/* A memfd of these bytes, sealed; the caller's. `name` is for people, also in texts. -errno.
 */
int vp_sealed_make(const char *name, const void *bytes, size_t len, struct vp_error *err);

#endif
