/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plan: every rule of a policy placed at an enforcement point of a given
 * host, with the reason, in evaluation order; and what the plan cannot see.
 * Pure: policy and host in, plan out.
 */
#ifndef VP_POLICY_PLAN_H
#define VP_POLICY_PLAN_H

#include "policy/host.h"
#include "policy/policy.h"

/*
 * How many bytes of a datagram netfilter can read, on every kernel: older ones
 * load payload only from the first 256 bytes behind the transport header's begin.
 */
#define VP_DATAGRAM_REACH 256u

struct vp_placement {
	const struct vp_patch *patch;
	const struct vp_rule *rule;
	const struct vp_service *service;
	struct vp_port_ranges ports; /* the service's, or resolved from its unit or process */
	VP_ARRAY(struct vp_address_range)
	addresses;  /* resolved, disjoint, sorted; empty with `local` */
	bool local; /* shields this host (no `address`) */
	enum vp_point point;
	enum vp_mode mode; /* effective: definition, overrides, expiry */
	uint32_t tag;	   /* identifies patch and rule in packet marks and events; never 0 */
	char *reason;	   /* why this point */
};

/* A [syscalls] section of a patch that is enabled. */
struct vp_call_placement {
	const struct vp_patch *patch;
	const struct vp_syscalls
		*syscalls; /* without targets only where examples are allowed */
	enum vp_mode mode; /* effective: definition, overrides, expiry */
	uint32_t tag;	   /* of patch and section, as of a rule; never 0 */
};

/* What a section with no-new-privileges = allow does to services, for people. */
#define VP_NO_NEW_PRIVS_EFFECT                                                                \
	"no_new_privs may be set: programs started there then gain nothing from set-user-ID " \
	"bits and file capabilities"

struct vp_blind_spot {
	const struct vp_patch *patch; /* NULL: of the whole host */
	const char
		*code; /* stable word: "management", "session", "flowtable", "author", ... */
	char *text;
};

struct vp_plan {
	const struct vp_policy *policy; /* outlives the plan; not owned */
	VP_ARRAY(struct vp_placement)
	placements; /* evaluation order: severity (highest first), id, order in the file */
	VP_ARRAY(struct vp_call_placement) calls; /* in the same order */
	VP_ARRAY(struct vp_blind_spot) blind_spots;
	struct vp_port_ranges management; /* the guard: without forced services */
	unsigned int lifelines; /* VP_LIFELINE_BITs (policy/lifeline.h) that the guard has to
				   keep alive: a rule would stop them by accident */
};

/*
 * Place every enabled rule. What cannot be enforced here is an error finding:
 * the caller must not apply a plan with findings->errors > 0. `points` has the
 * VP_POINT_BITs of this build.
 */
void vp_plan_build(struct vp_plan *plan, const struct vp_policy *policy,
		   const struct vp_host *host, unsigned int points,
		   struct vp_findings *findings);

void vp_plan_free(struct vp_plan *plan);

/* To walk a plan patch by patch: whose turn it is in order of evaluation when `placement` and
 * `call` are the next of both lists; NULL behind the ends. */
const struct vp_patch *vp_plan_next(const struct vp_plan *plan, size_t placement, size_t call);

/* For people: placements, reasons, blind spots. */
void vp_plan_print(const struct vp_plan *plan, struct vp_strbuf *out);

/* What changes from `active` (may be NULL) to `desired`: one line a patch, "+", "-" or "~".
 * Number of lines. */
size_t vp_plan_diff(const struct vp_plan *active, const struct vp_plan *desired,
		    struct vp_strbuf *out);

/*
 * The placement decision for one rule: the cheapest point of `points` that can
 * evaluate all of it truly. Returns the point, or -1 with the reason why none
 * can. *reason is owned by the caller either way.
 */
int vp_place(const struct vp_rule *rule, const struct vp_service *service, unsigned int points,
	     char **reason);

/* Why netfilter cannot evaluate the rule, owned by the caller; NULL: it can. */
char *vp_place_unfiltered(const struct vp_rule *rule);

/* Why inspection cannot evaluate the rule, owned by the caller; NULL: it can. */
char *vp_place_uninspected(const struct vp_rule *rule);

#endif
