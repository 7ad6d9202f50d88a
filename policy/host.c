/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host snapshot's memory. Filling it is the modules' and the daemon's work. */
#include "policy/host.h"

void vp_host_free(struct vp_host *host)
{
	if (!host)
		return;
	vp_array_each (socket, &host->sockets) {
		free(socket->process);
		free(socket->unit);
	}
	vp_array_each (bypass, &host->bypasses)
		free(bypass->where);
	vp_array_free(&host->sockets);
	vp_array_free(&host->addresses);
	vp_array_free(&host->never_ban);
	vp_array_free(&host->sessions);
	vp_array_free(&host->bypasses);
	vp_array_free(&host->management);
}
