/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of a filter, for the files that make, judge, prove and print it. */
#ifndef VP_SECCOMP_FILTER_LAYOUT_H
#define VP_SECCOMP_FILTER_LAYOUT_H

#include "modules/seccomp/filter.h"

/* A rule in one form of its call. */
struct vp_filter_entry {
	enum vp_abi abi;
	struct vp_abi_form form;
	uint32_t rule;	 /* index, which is also its precedence */
	uint32_t action; /* the word that seccomp returns */
};

struct vp_filter_owned {
	uint32_t tag;
	bool monitor;
	bool implied; /* not written by anybody: clone3 */
	struct vp_call_rule rule;
};

struct vp_filter {
	unsigned int shares; /* but the first */
	enum vp_abi abi;
	bool cover;
	bool revocable;
	uint32_t closed;			  /* what calls in other ABIs get */
	VP_ARRAY(struct vp_filter_owned) rules;	  /* those in monitor mode last */
	VP_ARRAY(struct vp_filter_entry) entries; /* by ABI, number, rule */
	VP_ARRAY(struct sock_filter) code;
};

/* The entries of one number, the first in *first. */
size_t vp_filter_entries_of(const struct vp_filter *filter, enum vp_abi abi, int number,
			    const struct vp_filter_entry **first);

/* Do the rules reach this ABI? */
bool vp_filter_has_abi(const struct vp_filter *filter, enum vp_abi abi);

/* May the condition be checked in this form? */
static inline bool vp_filter_keeps(const struct vp_filter_entry *entry,
				   const struct vp_call_condition *condition)
{
	return condition->argument < entry->form.kept;
}

/*
 * The condition as it stands in a form. A 32-bit register may be extended by its sign or by
 * zeros, as the call will have it: a negative 64-bit value is looked for in 32 bits there.
 */
struct vp_call_condition vp_filter_condition_in(const struct vp_filter_entry *entry,
						const struct vp_call_condition *condition);

/* The word that seccomp returns where the rule decides: of a revocable filter with its index
 * and one more, so that 0 is left for calls in a closed ABI. */
uint32_t vp_filter_action_of(const struct vp_filter *filter, uint32_t rule);

/* Make the program from the entries; libseccomp's only user. */
int vp_filter_emit(struct vp_filter *filter, struct vp_error *err);

#endif
