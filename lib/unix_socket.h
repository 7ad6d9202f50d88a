/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets that have a path: who listens there, and who connects. `type` is SOCK_STREAM or
 * SOCK_SEQPACKET, with SOCK_NONBLOCK where the descriptor is not to block; all are closed on
 * exec. Both return a descriptor that is the caller's, or -errno, and the error begins with
 * the path.
 */
#ifndef VP_LIB_UNIX_SOCKET_H
#define VP_LIB_UNIX_SOCKET_H

#include <sys/types.h>

#include "lib/error.h"

/* `server`: the unit that is to listen there, for the error's text. -EAGAIN: it does not
 * block, and the server has no room for one more now. */
int vp_unix_connect(const char *path, int type, const char *server, struct vp_error *err);

/* Is who has connected root, or our own user? 0, -EPERM, or another -errno. */
int vp_unix_check_peer(int socket, struct vp_error *err);

/*
 * A socket that is there is replaced; anything else stays, and is an error. `mode` says who
 * may connect, from the first moment on (those that may write); the umask is changed for that
 * and put back. `backlog`: how many may wait to be accepted.
 */
int vp_unix_listen(const char *path, int type, mode_t mode, int backlog, struct vp_error *err);

/* The listening SOCK_SEQPACKET socket that a service manager passes (sd_listen_fds(3), with
 * Accept=no): its descriptor, or -errno. */
int vp_unix_passed(struct vp_error *err);

/*
 * One message of a SOCK_SEQPACKET socket, with one descriptor at most (unix(7), SCM_RIGHTS).
 * `flags`: MSG_DONTWAIT or 0. The descriptor that is sent stays the caller's, the one that
 * comes is the caller's; -1: none.
 *
 * Receiving returns its length; 0: the other side has closed; -EMSGSIZE: more came than there
 * was room for; another -errno. Sending: 0 or -errno.
 */
ssize_t vp_unix_receive(int socket, void *bytes, size_t size, int flags, int *descriptor);
int vp_unix_send(int socket, const void *bytes, size_t len, int flags, int descriptor);

/* The path of `name` in the folder of the socket that `socket` listens at, or that its
 * connection was made to; the caller's. NULL: it has no path. */
char *vp_unix_beside(int socket, const char *name);

#endif
