/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is at the other end of a control connection, and what they may ask. */
#ifndef VP_AGENTD_PEER_H
#define VP_AGENTD_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "agentd/config.h"

enum vp_role { VP_ROLE_NONE, VP_ROLE_VIEW, VP_ROLE_ADMIN };

struct vp_peer {
	pid_t pid;
	uid_t uid;
	enum vp_role role;
	char who[64];	/* the person: "alice", "alice as root", "uid 1000" */
	char actor[80]; /* for events: "uid=0 pid=123 comm=vpatchctl" */
};

/* From a connected Unix socket. 0 or -errno. */
int vp_peer_read(struct vp_peer *peer, int fd, const struct vp_config *config);

#endif
