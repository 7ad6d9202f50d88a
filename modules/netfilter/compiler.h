/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The compiler's own state, shared by compile*.c only. */
#ifndef VP_NETFILTER_COMPILER_H
#define VP_NETFILTER_COMPILER_H

#include "modules/netfilter/compile.h"
#include "modules/netfilter/match.h"
#include "modules/netfilter/queue.h"
#include "modules/netfilter/region.h"
#include "modules/netfilter/statement.h"

/* One placement as nftables rules, made when first needed and copied into each chain that
 * lists it. */
struct vp_compiled {
	bool done;
	const char *name; /* "PATCH/RULE", owned by the ruleset's tags */
	VP_ARRAY(struct vp_nft_rule) rules;
};

/* The common chains in which packets end. */
enum vp_end {
	VP_END_DROP,
	VP_END_COUNTED, /* drop, and count for the mark: for rules without a counter of their
			   own */
	VP_END_REJECT,
	VP_END_RESET,
	VP_END_BAN,
	VP_END_UNREAD,	/* drop: inspection does not answer */
	VP_END_INVALID, /* drop: not for inspection to read */
	VP_END_COUNT
};

/* Protocols whose dispatch key has a port; the last class is all others, keyed by protocol. */
#define VP_PORTFUL 5u
#define VP_CLASSES (VP_PORTFUL + 1)
extern const uint8_t vp_portful[VP_PORTFUL];

struct vp_shapes; /* compile_shape.c */

struct vp_compiler {
	const struct vp_plan *plan;
	const struct vp_host *host;
	struct vp_ruleset *ruleset;
	struct vp_store store;
	struct vp_lists lists;	   /* of placement numbers */
	struct vp_compiled *rules; /* by placement number */
	VP_ARRAY(const char *)
	chains; /* by list number: its region chain, NULL: not made yet */
	const char *ends[VP_END_COUNT];
	bool log_limit, bans;
	const char *queues[VP_QUEUE_CLASSES][VP_QUEUE_KINDS]; /* their chains, or NULL */
	bool queue_counts[VP_QUEUE_COUNTS];		      /* the counter is there */
	bool leases[VP_QUEUE_CLASSES];			      /* the set is there */
	bool away;					      /* those sets are there */
	bool local;	/* a service of this host is inspected */
	bool published; /* queued packets are marked with their original port */
};

/* compile_rule.c: the region chain of a list of placements, made when first asked for. */
const char *vp_compile_list(struct vp_compiler *c, uint32_t list);
/* The protocols of a placement, for tests. */
void vp_compile_scope(const struct vp_placement *placement, struct vp_scope *scope);

/* compile_end.c: how packets end, and what bans and limits keep. */
const char *vp_compile_end(struct vp_compiler *c, enum vp_end end);
/* The rule's last statements; `family` 0 where none of them asks. */
void vp_compile_tail(struct vp_compiler *c, const struct vp_placement *placement,
		     const char *name, uint8_t family, struct vp_statements *out);
bool vp_compile_tail_of_family(const struct vp_placement *placement);
/* Make sure that there is somewhere to ban to. */
void vp_compile_ban_sets(struct vp_compiler *c);
/* The base chain that drops what is banned, when anything can ban. */
void vp_compile_bans(struct vp_compiler *c);

/* compile_guard.c: first rules of a base chain at `hook`: what always passes. */
void vp_compile_guard(struct vp_compiler *c, struct vp_nft_chain *chain);

/* Placements of one pass and direction, split into regions, as maps. */
struct vp_maps {
	const char *exact[2]; /* with port; without: protocol alone */
	const char *interval[2];
};

/* compile_map.c */
struct vp_map_builder {
	uint8_t family; /* of the address in the key; 0: none */
	struct vp_nft_set exact[2], interval[2];
};
/* One region's elements: protocol class, numbers [first, last] in it, addresses (NULL
 * without). */
void vp_map_add(struct vp_compiler *c, struct vp_map_builder *builder,
		const struct vp_address_range *range, unsigned int class,
		const struct vp_region *region);
/* Put the sets that have elements into the ruleset; "NAME-port-SIZE" and so on. */
void vp_map_finish(struct vp_compiler *c, struct vp_map_builder *builder, const char *name,
		   struct vp_maps *maps);
void vp_map_begin(struct vp_map_builder *builder, uint8_t family, bool source);
/* Add the set under NAME-SIZE, sized with room to grow. Returns its name. */
const char *vp_map_store(struct vp_compiler *c, const char *name, struct vp_nft_set *set);

/* compile_shape.c */
struct vp_shapes *vp_shapes_new(struct vp_compiler *c);
/* Count what regions with a common shape there are, and choose those worth a map. */
void vp_shapes_count(struct vp_shapes *shapes, const struct vp_regions local[VP_CLASSES]);
/* Take the region's rules as elements: true when done, false when it needs a chain. */
bool vp_shapes_take(struct vp_shapes *shapes, unsigned int class,
		    const struct vp_region *region);
void vp_shapes_finish(struct vp_shapes *shapes);
/* Dispatch rules, one a map: for the actual destination, or the original one of a translated
 * flow. */
void vp_shapes_dispatch(struct vp_shapes *shapes, struct vp_nft_chain *chain, int protocol);
void vp_shapes_free(struct vp_shapes *shapes);

/* compile_queue.c: the chain of a list of placements at the inspection point. */
const char *vp_compile_queue(struct vp_compiler *c, uint32_t list);
/* The base chain behind the queues of a hook that takes those marks away again. */
void vp_compile_unmark(struct vp_compiler *c, const char *name, uint8_t hook,
		       int32_t priority);
/* Can the host send packets to inspection? 0 or -errno; `placement` wants it. */
int vp_compile_queues_check(const struct vp_compiler *c, const struct vp_placement *placement,
			    struct vp_error *err);

/* compile_away.c: what comes over loopback for the rules themselves, and what it does. */
char *vp_lease_name(enum vp_queue_class class); /* owned by the caller */
/* Every packet has a mark; what is left of it under this mask is the same key for all. */
struct vp_selector vp_lease_key(void);
/* Before `inspect`: segments of flows that have left go on. Its chain, or `inspect` where
 * flows cannot leave. */
const char *vp_compile_away(struct vp_compiler *c, const char *inspect, const char *name);
/* Before `inspect`: the flow is back. Likewise. */
const char *vp_compile_back(struct vp_compiler *c, const char *inspect, const char *name);
/* The base chain that takes beats, and datagrams with which flows leave, where these can come.
 */
void vp_compile_leases(struct vp_compiler *c);

/* compile_segment.c: the chain for SYN and SYN-ACK over loopback; NULL: nobody needs it. */
const char *vp_compile_segments(struct vp_compiler *c);
/* The rule of an output chain that jumps there. */
void vp_compile_segment_rule(struct vp_nft_chain *chain, const char *clamp);

/* compile_dispatch.c: maps, dispatch chains and base chains. */
void vp_compile_dispatch(struct vp_compiler *c);

#endif
