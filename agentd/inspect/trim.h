/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that the kernel could not copy whole: it hands over 65,531 bytes, and on
 * the loopback interface a packet may have 65,535. What is missing of a TCP segment
 * its sender sends again. Pure.
 */
#ifndef VP_INSPECT_TRIM_H
#define VP_INSPECT_TRIM_H

#include "modules/inspection/packet.h"

/*
 * Make the first bytes of a packet, `cut`, a packet of their own, in `out` (room for
 * cut.len): lengths and checksums are right, FIN and PSH, which belong to the end,
 * are gone. False: it is no TCP segment, or has nothing left.
 */
bool vp_trim(struct vp_slice cut, uint8_t *out);

#endif
