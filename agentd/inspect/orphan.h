/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writers whose daemon was killed. They settle what waits and end by themselves within
 * the deadline, unless they are stopped: then they would keep the queues.
 */
#ifndef VP_INSPECT_ORPHAN_H
#define VP_INSPECT_ORPHAN_H

/* End every writer that is nobody's child any more. */
void vp_orphans_end(void);

#endif
