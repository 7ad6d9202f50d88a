/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How large can the window of a connection of this host be? Asked of the kernel. */
#ifndef VP_INSPECT_WINDOW_H
#define VP_INSPECT_WINDOW_H

#include <stdint.h>

/* What the kernel says, bytes and seconds; UINT64_MAX: it does not. */
struct vp_window_facts {
	uint64_t receive, send;		    /* what a buffer may grow to by itself */
	uint64_t receive_asked, send_asked; /* what a process may have it made */
	uint64_t liberal; /* not 0: connection tracking lets pass what is off a window */
	uint64_t forgets; /* the shortest time in which it forgets an idle connection */
};

struct vp_window_facts vp_window_facts(void);

/*
 * For vp_engine_options.window: no receiver on this host offers more, and no sender has
 * more under way (tcp(7); what the bookkeeping takes of a buffer is left aside). 0: not
 * known, or connection tracking does not keep to windows. A process with CAP_NET_ADMIN
 * can ask for more (SO_RCVBUFFORCE): such are trusted. Pure.
 */
uint64_t vp_window_of(const struct vp_window_facts *facts);

#endif
