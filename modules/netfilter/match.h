/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A condition as a test that nftables can make: an ordered list of branches, the
 * first of which to go through decides. Negation, missing fields and `absent`
 * are settled here, so that the rest of the compiler knows only "holds" and
 * "does not hold".
 */
#ifndef VP_NETFILTER_MATCH_H
#define VP_NETFILTER_MATCH_H

#include "modules/netfilter/store.h"
#include "policy/patch.h"

/* All statements go through: the condition holds, or does not. */
struct vp_branch {
	struct vp_statements statements; /* empty: always */
	bool holds;
};

struct vp_test {
	VP_ARRAY(struct vp_branch) branches;
	bool otherwise; /* no branch goes through */
	bool readable;	/* what the branches read is there in every packet */
};

/* The traffic for which a test is made. */
struct vp_scope {
	uint8_t family;	     /* 4 or 6; 0: either, when no condition asks */
	bool protocols[256]; /* of the service */
};

/* Is there a row that says where the field is in a packet? For the coverage test. */
bool vp_match_knows(enum vp_field_id id);

/* Does the condition read something that differs between IPv4 and IPv6? */
bool vp_condition_of_family(const struct vp_condition *condition);

/*
 * Compile a condition that vp_place() gave to netfilter. Sets it needs go into
 * `store`. *test is owned by the caller.
 */
void vp_test_compile(const struct vp_condition *condition, const struct vp_scope *scope,
		     struct vp_store *store, struct vp_test *test);

void vp_test_free(struct vp_test *test);

/* Nothing to look at: the test always holds or never does. */
static inline bool vp_test_constant(const struct vp_test *test)
{
	return !test->branches.len;
}

/* One row of statements says it all: true exactly when they go through. */
static inline bool vp_test_plain(const struct vp_test *test)
{
	return test->branches.len == 1 && test->branches.data[0].holds && !test->otherwise;
}

/* Turn a plain test of one statement into its opposite; false when that is not possible. */
bool vp_test_invert(struct vp_test *test);

/* One constant per selector, as shape maps need it; see vp_condition_constants. */
struct vp_constants {
	struct vp_selector selector;
	VP_ARRAY(uint64_t) values; /* host order numbers of the selector's width */
};

/*
 * When the condition is nothing but `equals` with up to 8 constants of at most 8
 * bytes, at one place behind the transport header that every packet of `scope`
 * with enough bytes has: fill *constants (owned by the caller). Else false.
 */
bool vp_condition_constants(const struct vp_condition *condition, const struct vp_scope *scope,
			    struct vp_constants *constants);

#endif
