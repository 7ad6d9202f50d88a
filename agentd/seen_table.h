/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which sources were seen lately, for each rule: a table of fixed size, so that
 * forged sources cannot make it grow. When it is full, the entry of its group
 * that was not seen for longest makes room: such a source is then new again.
 */
#ifndef VP_AGENTD_SEEN_TABLE_H
#define VP_AGENTD_SEEN_TABLE_H

#include <stdbool.h>
#include <stdint.h>

struct vp_seen_table; /* opaque */

struct vp_seen_table *vp_seen_table_new(void);
void vp_seen_table_free(struct vp_seen_table *sources);

struct vp_source_seen {
	bool lately;	    /* within the last `quiet` microseconds */
	bool this_interval; /* already in this interval */
};

/* Look the source of a rule up and note that it was seen now. `address`: 16 bytes. */
struct vp_source_seen vp_seen_table_see(struct vp_seen_table *sources, uint32_t tag,
					const uint8_t *address, uint64_t now, uint64_t quiet,
					uint32_t interval);

#endif
