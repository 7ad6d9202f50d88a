/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listening at a path, and connecting to one: see unix_socket.h. Nothing is sent here. */
#include "lib/unix_socket.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/cleanup.h"

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
