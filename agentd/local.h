/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Local overrides: what `vpatchctl enable`, `disable` and `mode` decided on this
 * host, with who, why and an optional end. They are texts in the syntax of
 * overrides.d and live in the generation's bundle, so that they change with it.
 * On and off is one text and the mode another: each has its own end.
 */
#ifndef VP_AGENTD_LOCAL_H
#define VP_AGENTD_LOCAL_H

#include <stdbool.h>
#include <time.h>

#include "policy/policy.h"

enum vp_local_kind { VP_LOCAL_ENABLED, VP_LOCAL_MODE, VP_LOCAL_KINDS };

struct vp_local {
	enum vp_local_kind kind;
	char *id;
	bool enabled;	   /* VP_LOCAL_ENABLED */
	enum vp_mode mode; /* VP_LOCAL_MODE */
	time_t until;	   /* 0: no end */
	char *by, *reason; /* or NULL */
};

VP_ARRAY_TYPE(vp_locals, struct vp_local);

/* Is this text one of ours? */
bool vp_local_text(const struct vp_text *text);

/* From the sources' texts, and into them (after all others). */
void vp_locals_read(struct vp_locals *locals, const struct vp_sources *sources);
void vp_locals_write(const struct vp_locals *locals, struct vp_sources *sources);

/* Add or replace the one of that kind and id. Texts are copied. */
void vp_locals_set(struct vp_locals *locals, const struct vp_local *local);
/* Without looking for one of that id. */
void vp_locals_add(struct vp_locals *locals, const struct vp_local *local);
/* Remove all of a kind. */
void vp_locals_clear(struct vp_locals *locals, enum vp_local_kind kind);
/* False when there was none. */
bool vp_locals_remove(struct vp_locals *locals, enum vp_local_kind kind, const char *id);
/* Remove those that have ended. */
void vp_locals_expire(struct vp_locals *locals, time_t now);
/* The earliest end after `now`; 0: none. */
time_t vp_locals_next_end(const struct vp_locals *locals, time_t now);

/* All of them, for people. */
void vp_locals_print(const struct vp_locals *locals, struct vp_strbuf *out);
void vp_locals_free(struct vp_locals *locals);

#endif
