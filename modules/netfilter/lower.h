/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the ruleset to the kernel's form: statements to expressions, sets and chains to an
 * image. */
#ifndef VP_NETFILTER_LOWER_H
#define VP_NETFILTER_LOWER_H

#include "lib/error.h"
#include "modules/netfilter/image.h"

struct nlmsghdr;
struct nftnl_expr;

/* Room for the expressions of one rule: a netlink attribute cannot be longer. */
#define VP_EXPRESSIONS_ROOM 65536

/* Expressions of one rule being written. */
struct vp_expressions {
	struct vp_image *image;	  /* whose; has the sets already */
	struct vp_arena *arena;	  /* where the bytes are stored; the image's at first */
	struct vp_arena scratch;  /* for content that is copied from there */
	uint8_t *buffer;	  /* VP_EXPRESSIONS_ROOM and a margin; owned */
	struct nlmsghdr *message; /* in `buffer` */
};

void vp_expressions_init(struct vp_expressions *out, struct vp_image *image);
void vp_expressions_free(struct vp_expressions *out);
/* Begin the next rule. */
void vp_expressions_reset(struct vp_expressions *out);
/* Append one expression as a list element; takes ownership of it. */
void vp_expressions_put(struct vp_expressions *out, struct nftnl_expr *expr);
/* Copy one expression, which stays the caller's. */
void vp_expressions_copy(struct vp_expressions *out, struct nftnl_expr *expr);
/* Append what was written before. */
void vp_expressions_append(struct vp_expressions *out, const void *data, uint32_t size);
/* Is there no room for another one? What was put since is lost. */
bool vp_expressions_full(const struct vp_expressions *out);
/* The bytes so far, into the arena. */
void vp_expressions_store(const struct vp_expressions *out, struct vp_image_rule *rule);

/* Append a statement's expressions. 0, or -EINVAL: the statement makes no sense (a defect of
 * the compiler). */
int vp_lower_statement(struct vp_expressions *out, const struct vp_statement *statement,
		       struct vp_error *err);

/*
 * The expression of VP_ST_QUEUE, for the probe too; owned by the caller. `bypass`: packets go
 * on where nobody listens. `compat`: struct xt_NFQ_info_v3 (linux/netfilter/xt_NFQUEUE.h).
 */
struct nftnl_expr *vp_lower_queue(uint16_t first, uint16_t count, bool bypass, bool compat);

/* nf_tables' code for a verdict that needs no expression of its own; false for rejects. */
bool vp_lower_verdict(enum vp_nft_verdict verdict, int32_t *code);

/* Whole milliseconds that the kernel's clock can keep exactly, whatever its HZ: rounded up. */
uint64_t vp_lower_timeout(uint64_t milliseconds);

/*
 * The image that the ruleset means. *image is owned by the caller, untouched on
 * failure. Chains named by their content come from `like` where that image of an
 * earlier ruleset (or NULL) has them.
 */
int vp_lower(const struct vp_ruleset *ruleset, const struct vp_image *like,
	     struct vp_image **image, struct vp_error *err);

#endif
