/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State changes told to the service manager: the sd_notify(3) protocol. */
#ifndef VP_AGENTD_NOTIFY_H
#define VP_AGENTD_NOTIFY_H

#include <stdint.h>

/* Send "READY=1", "STATUS=...", ... Nothing happens outside a service manager. */
void vp_notify(const char *state);
/* As vp_notify("RELOADING=1"), with the time stamp it asks for. */
void vp_notify_reloading(void);

/* Milliseconds within which WATCHDOG=1 must come; 0: no watchdog asked for. */
uint64_t vp_notify_watchdog(void);

#endif
