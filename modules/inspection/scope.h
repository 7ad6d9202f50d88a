/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which rules judge which traffic: the inspection rules of a plan, grouped by
 * endpoint, application and frame. A scope is one such group with its program;
 * an endpoint has as many scopes as its rules name different parsers.
 *
 * Made by vpatchd from the plan, packed into bytes, loaded by the worker; the
 * replay and the lab use it as it is made. Pure.
 */
#ifndef VP_INSPECTION_SCOPE_H
#define VP_INSPECTION_SCOPE_H

#include "modules/inspection/program.h"
#include "modules/inspection/protocol.h"

struct vp_scope {
	const struct vp_protocol *protocol;
	char *frame; /* canonical text, or NULL */
	struct vp_program *program;
	bool enforce; /* has an enforced rule; else the traffic is only watched */
	enum vp_on_failure
		on_failure;	   /* the strictest of its enforced patches; PASS without */
	bool to_server, to_client; /* directions that its rules read */
};

/* All scopes of a plan and how to find them; opaque, immutable. */
struct vp_scopes;

/*
 * Compile all placements at the inspection point. Owned by the caller, does not
 * refer to the plan. NULL with *err (file and line) when a rule cannot be compiled.
 */
struct vp_scopes *vp_scopes_compile(const struct vp_plan *plan, struct vp_error *err);
void vp_scopes_free(struct vp_scopes *scopes);

void vp_scopes_pack(const struct vp_scopes *scopes, uint8_t **bytes, size_t *len);
/* Foreign bytes: 0 or -EBADMSG, nothing kept. */
int vp_scopes_load(const uint8_t *bytes, size_t len, struct vp_scopes **scopes,
		   struct vp_error *err);

size_t vp_scopes_count(const struct vp_scopes *scopes);
const struct vp_scope *vp_scope(const struct vp_scopes *scopes, size_t scope);

/*
 * The scopes of a server endpoint: positions in *found (valid as long as
 * `scopes`), their number returned. A local service has any address.
 */
size_t vp_scopes_find(const struct vp_scopes *scopes, uint8_t protocol,
		      const struct vp_address *address, uint16_t port, const uint16_t **found);

#endif
