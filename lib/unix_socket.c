/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listening at a path, and connecting to one: see unix_socket.h. Nothing is sent here. */
#include "lib/unix_socket.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/memory.h"

#define PASSED 3 /* the first descriptor of sd_listen_fds(3) */

static int address_of(const char *path, struct sockaddr_un *out, struct vp_error *err)
{
	size_t len = strlen(path);

	if (!len || len >= sizeof(out->sun_path))
		return vp_fail(
			err, len ? -ENAMETOOLONG : -EINVAL,
			"%s: expected the path of a socket, of 1 to %zu bytes, found %zu",
			path, sizeof(out->sun_path) - 1, len);
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(out->sun_path, path, len);
	return 0;
}

/* Of a path that has an address. */
static int make(const char *path, int type, struct sockaddr_un *address, struct vp_error *err)
{
	int r = address_of(path, address, err), fd;

	if (r)
		return r;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	return fd >= 0 ? fd
		       : vp_fail(err, -errno, "%s: no socket can be made: %s", path,
				 strerror(errno));
}

int vp_unix_connect(const char *path, int type, const char *server, struct vp_error *err)
{
	struct sockaddr_un address;
	_cleanup_close_ int fd = make(path, type, &address, err);

	if (fd < 0)
		return fd;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return vp_fail(err, -errno,
			       "%s: cannot reach %s: %s; is it running? (systemctl status %s)",
			       path, server, strerror(errno), server);
	return TAKE_FD(fd);
}

int vp_unix_check_peer(int socket, struct vp_error *err)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return vp_fail(err, -errno, "unknown peer: %s", strerror(errno));
	if (peer.uid && peer.uid != geteuid())
		return vp_fail(err, -EPERM, "user %u may not ask this program", peer.uid);
	return 0;
}

/* "": the error says it. */
static const char *cure_of(int error)
{
	switch (error) {
	case ENOENT:
		return "; its folder must be there";
	case EADDRINUSE:
		return "; what is there is no socket, and stays";
	default:
		return "";
	}
}

static bool bind_as(int fd, const struct sockaddr_un *address, mode_t mode)
{
	mode_t mask = umask(~mode & 0777);
	int r = bind(fd, (const struct sockaddr *)address, sizeof(*address));

	umask(mask);
	return !r;
}

int vp_unix_listen(const char *path, int type, mode_t mode, int backlog, struct vp_error *err)
{
	struct sockaddr_un address;
	_cleanup_close_ int fd = make(path, type, &address, err);
	struct stat old;

	if (fd < 0)
		return fd;
	if (!lstat(path, &old) && S_ISSOCK(old.st_mode))
		(void)unlink(path);
	if (!bind_as(fd, &address, mode) || listen(fd, backlog))
		return vp_fail(err, -errno, "%s: cannot listen: %s%s", path, strerror(errno),
			       cure_of(errno));
	return TAKE_FD(fd);
}

int vp_unix_passed(struct vp_error *err)
{
	const char *process = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	int listens = 0, type = 0;
	socklen_t len = sizeof(int);

	if (!process || !count || atoi(process) != getpid() || strcmp(count, "1") != 0)
		return vp_fail(err, -EINVAL, "started by its socket, or with --listen PATH");
	if (getsockopt(PASSED, SOL_SOCKET, SO_TYPE, &type, &len) ||
	    getsockopt(PASSED, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) ||
	    type != SOCK_SEQPACKET || !listens)
		return vp_fail(err, -EINVAL,
			       "the socket that was passed is of another kind: "
			       "ListenSequentialPacket=, Accept=no");
	return PASSED;
}

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static int find_descriptor(struct msghdr *message)
{
	int fd = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		    c->cmsg_len == CMSG_LEN(sizeof(int)))
			memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

ssize_t vp_unix_receive(int socket, void *bytes, size_t size, int flags, int *descriptor)
{
	struct iovec part = { bytes, size };
	union control control;
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	_cleanup_close_ int fd = -1;
	ssize_t len;

	*descriptor = -1;
	do
		len = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return -errno;
	fd = find_descriptor(&message);
	if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return -EMSGSIZE;
	*descriptor = TAKE_FD(fd);
	return len;
}

int vp_unix_send(int socket, const void *bytes, size_t len, int flags, int descriptor)
{
	struct iovec part = { (void *)(uintptr_t)bytes, len };
	union control control = { .bytes = { 0 } };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (descriptor >= 0) {
		control.header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
						   .cmsg_type = SCM_RIGHTS,
						   .cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(&control.header), &descriptor, sizeof(int));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	while (sendmsg(socket, &message, flags | MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

char *vp_unix_beside(int socket, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(address);
	char *end;

	if (getsockname(socket, (struct sockaddr *)&address, &len) ||
	    address.sun_family != AF_UNIX || len <= offsetof(struct sockaddr_un, sun_path))
		return NULL;
	address.sun_path[sizeof(address.sun_path) - 1] = '\0';
	end = strrchr(address.sun_path, '/');
	if (!end)
		return NULL;
	return vp_format("%.*s/%s", (int)(end - address.sun_path), address.sun_path, name);
}
