/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answers that hold: for each target the program that says which rule a call falls under
 * now, and what is answered for each rule. What no program denies any more is let through.
 * As bytes (host byte order, every part a multiple of 8 bytes): a header, and for each target
 * a row, its answers, its program. Parsing is pure and allocates nothing.
 */
#ifndef VP_ANSWER_TABLE_H
#define VP_ANSWER_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "lib/error.h"
#include "lib/strbuf.h"

#define VP_ANSWER_TARGETS 128	    /* at most, and so on */
#define VP_ANSWER_RULES	  65535	    /* of a target */
#define VP_ANSWER_BYTES	  (8 << 20) /* of a table */

struct vp_answer {
	int32_t error; /* 0 to 4095, as filters return it */
	uint32_t tag;  /* 0: nobody's */
};

struct vp_answer_target {
	uint64_t key;
	const struct vp_answer *answers; /* by the data that the program returns */
	uint32_t answer_count;
	const struct sock_filter *program;
	uint32_t len;
};

struct vp_answer_table {
	uint32_t count;
	struct vp_answer_target targets[VP_ANSWER_TARGETS];
};

/*
 * Check what came; *out points into it. `bytes` must be aligned to 8. 0 or -EPROTO, *out
 * untouched.
 */
int vp_answer_table_parse(const void *bytes, size_t len, struct vp_answer_table *out,
			  struct vp_error *err);

/* The inverse, in parts: the header of so many targets, then each of them. */
void vp_answer_table_begin(struct vp_strbuf *out, uint32_t count);
void vp_answer_table_add(struct vp_strbuf *out, const struct vp_answer_target *target);

/* What the call is answered; NULL: it is let through. */
const struct vp_answer *vp_answer_find(const struct vp_answer_table *table, uint64_t key,
				       const struct seccomp_data *call);

#endif
