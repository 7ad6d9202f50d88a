/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Variables of a connection: how often rules with `set = NAME` held in it. A
 * variable belongs to a patch, whatever generation of rules judges; those of all
 * rules of a connection are together, so that what one scope sets another reads.
 */
#ifndef VP_INSPECTION_VARIABLE_H
#define VP_INSPECTION_VARIABLE_H

#include "lib/memory.h"
#include "modules/inspection/sink.h"

struct vp_variable {
	uint64_t key;
	uint32_t count; /* stays at its largest */
	bool partial;	/* what it counts was not looked for from the beginning on */
};

/* All-zero is valid: none is set. As many as rules set different ones. */
struct vp_variables {
	VP_ARRAY(struct vp_variable) list;
	bool partial; /* the connection's beginning was not seen: so are they all */
};

/* The key of a name that includes its patch; never 0. */
uint64_t vp_variable_key(struct vp_slice name);

/* One more time. */
void vp_variable_count(struct vp_variables *variables, uint64_t key);
/* How often; 0: not set. */
uint32_t vp_variable_get(const struct vp_variables *variables, uint64_t key);

/* From now on it is counted, in the middle of a connection. */
void vp_variable_begin(struct vp_variables *variables, uint64_t key);
/* Was it never set? Not of one that was not counted from the beginning on. */
bool vp_variable_absent(const struct vp_variables *variables, uint64_t key);

void vp_variables_clear(struct vp_variables *variables);
size_t vp_variables_memory(const struct vp_variables *variables);

#endif
