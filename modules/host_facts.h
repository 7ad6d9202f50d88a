/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts of this host that every enforcement point may need: addresses, gateways, resolvers,
 * sockets. */
#ifndef VP_MODULES_HOST_FACTS_H
#define VP_MODULES_HOST_FACTS_H

#include "policy/host.h"

/*
 * Append to addresses, never_ban and sockets. What cannot be read is left out: the
 * plan then says what it lacks.
 */
void vp_host_facts_read(struct vp_host *host);

#endif
