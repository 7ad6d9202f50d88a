/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shield of one patch in a lab: the real planner, compiler and modules, as
 * the daemon uses them, on the lab's host.
 */
#ifndef VP_LAB_SHIELD_H
#define VP_LAB_SHIELD_H

#include "agentd/ctl/lab/judge.h"
#include "agentd/enforcement.h"

struct vp_shield {
	struct vp_lab *lab;
	struct vp_enforcement enforcement;
	struct vp_host host;
	uint64_t generation;
	bool installed;
	bool confined;	     /* what the processes of inspection could not give up was noted */
	struct vp_plan plan; /* of what is installed */
	struct vp_policy policy; /* one patch, not owned */
	char trouble[200]; /* how a process of inspection ended by itself; "": none did */
};

/* Facts of the lab's host, handles on its kernel. 0, or -errno when it cannot enforce. */
int vp_shield_open(struct vp_shield *shield, struct vp_lab *lab, struct vp_patch *patch,
		   struct vp_error *err);
void vp_shield_close(struct vp_shield *shield);

/*
 * Install the patch as it now is in memory, in place of what was there, with the
 * rule `monitored` (or NULL) in monitor. With `verify` it is read back and compared.
 * 0; -EINVAL when the planner or the compiler refuses it; another -errno when the kernel does.
 */
int vp_shield_install(struct vp_shield *shield, const char *monitored, bool verify,
		      struct vp_error *err);

/* Nothing shields, and nothing is remembered: bans, limits, tracked connections. */
int vp_shield_remove(struct vp_shield *shield, struct vp_error *err);

/* Packets so far that were to be inspected and were not, because nobody was in time. */
int vp_shield_unread(struct vp_shield *shield, uint64_t *packets, struct vp_error *err);

/* Packets counted by each installed rule so far. *counts is the caller's (vp_array_free()). */
int vp_shield_counts(struct vp_shield *shield, struct vp_movements *counts,
		     struct vp_error *err);

#endif
