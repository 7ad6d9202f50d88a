/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which rules judge which traffic: the inspection rules of a plan, grouped by
 * endpoint, direction, application and frame. A scope is one such group with its
 * program; an endpoint has as many scopes as its rules need different readings
 * of the traffic. Pure.
 */
#ifndef VP_INSPECTION_SCOPE_H
#define VP_INSPECTION_SCOPE_H

#include "modules/inspection/program.h"
#include "modules/inspection/protocol.h"
#include "modules/inspection/unit_pool.h"

struct vp_scope {
	const struct vp_protocol *protocol;
	char *frame; /* canonical text, or NULL */
	struct vp_program *program;
	enum vp_direction direction; /* of its rules; what the server sends is read together
				      * with what it answers to */
	bool enforce; /* has an enforced rule; else the traffic is only watched */
	enum vp_on_failure
		on_failure; /* the strictest of its enforced patches; PASS without */
	uint64_t digest;    /* of the program's bytes, where it was loaded */
	unsigned int holders;
	struct vp_unit_pool *units; /* of the program, not in use */
	uint32_t tag; /* the rule that a failure is reported for: the first enforced one of the
		       * strictest patches, else the first */
};

/* All scopes of a plan and how to find them; opaque, immutable. */
struct vp_scopes;

/*
 * Compile all placements at the inspection point. Owned by the caller, does not
 * refer to the plan. NULL with *err (file and line) when a rule cannot be compiled.
 */
struct vp_scopes *vp_scopes_compile(const struct vp_plan *plan, struct vp_error *err);
void vp_scopes_free(struct vp_scopes *scopes);

/* Bytes that vp_scopes_load() takes on the same kind of machine; owned by the caller. */
void vp_scopes_pack(const struct vp_scopes *scopes, uint8_t **bytes, size_t *len);

/* Foreign bytes: 0, or -EBADMSG and nothing is kept. */
int vp_scopes_load(const uint8_t *bytes, size_t len, struct vp_scopes **scopes,
		   struct vp_error *err);

/*
 * Where a scope of `older` is the same, it takes the place of that of `scopes`: what
 * is read by it goes on when `scopes` are used instead.
 */
void vp_scopes_share(struct vp_scopes *scopes, const struct vp_scopes *older);

/* One that nobody else holds, with nothing in it but what every scope has. */
struct vp_scope *vp_scope_new(void);

/* A scope lives as long as somebody holds it; its scopes do until they are freed. */
const struct vp_scope *vp_scope_hold(const struct vp_scope *scope);
void vp_scope_release(const struct vp_scope *scope);

size_t vp_scopes_count(const struct vp_scopes *scopes);
const struct vp_scope *vp_scope(const struct vp_scopes *scopes, size_t scope);

/* Positions of scopes; valid as long as what they were found in. */
struct vp_scope_list {
	const uint32_t *scopes;
	size_t count;
};

/* The scopes of a server's endpoint. `local`: the address is one of this host's. */
struct vp_scope_list vp_scopes_find(const struct vp_scopes *scopes, uint8_t protocol,
				    const struct vp_address *address, uint16_t port,
				    bool local);

/* Is the address one that some service names? */
bool vp_scopes_has_address(const struct vp_scopes *scopes, const struct vp_address *address);

#endif
