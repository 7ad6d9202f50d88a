/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection of the person who applies: its shields must never cut it.
 * From the control peer's process up through all its ancestors (vpatchctl,
 * sudo, a shell, sshd; or Ansible's module under sshd), whatever TCP connection
 * one of them holds.
 */
#ifndef VP_AGENTD_SESSION_H
#define VP_AGENTD_SESSION_H

#include <sys/types.h>

#include "agentd/generation.h"

/* Append the established connections of `pid` and its ancestors. What cannot be read is left
 * out. */
void vp_session_find(pid_t pid, struct vp_session_list *sessions);

/* Drop those that are closed by now, and duplicates. */
void vp_session_prune(struct vp_session_list *sessions);

/*
 * One line of /proc/net/tcp or tcp6. True, with the connection in host order and its socket's
 * inode, when it is established. Pure.
 */
bool vp_session_parse(const char *line, struct vp_session *session, unsigned long *inode);

#endif
