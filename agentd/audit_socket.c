/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening the group of the audit records, and why nothing may come over it. Nothing
 * is received here. See audit_socket.h.
 */
#include "agentd/audit_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/audit.h>

#include <libmnl/libmnl.h>

#include "lib/cleanup.h"

#define RECEIVE_BUFFER (8 << 20)

static void close_socket(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

static int open_error(int code, struct vp_error *err)
{
	if (code == -EPERM)
		return vp_fail(err, code,
			       "cannot read the kernel's audit records: CAP_AUDIT_READ in the "
			       "first user namespace is missing (a container has it not)");
	if (code == -EPROTONOSUPPORT)
		return vp_fail(err, code,
			       "cannot read the kernel's audit records: the kernel has no "
			       "audit, or was booted with audit=0 (remove that from its "
			       "command line)");
	return vp_fail(err, code, "cannot read the kernel's audit records: %s",
		       strerror(-code));
}

int vp_audit_open(struct vp_error *err)
{
	vp_cleanup(close_socket) struct mnl_socket *socket = NULL;
	int size = RECEIVE_BUFFER, fd;

	socket = mnl_socket_open2(NETLINK_AUDIT, SOCK_CLOEXEC);
	if (!socket)
		return open_error(-errno, err);
	fd = mnl_socket_get_fd(socket);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (mnl_socket_bind(socket, 1u << (AUDIT_NLGRP_READLOG - 1), MNL_SOCKET_AUTOPID) < 0)
		return open_error(-errno, err);
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? open_error(-errno, err) : fd;
}

/*
 * The namespace of process 1 can be compared only by who may look at that process.
 * What the whole host has one of is set in the first namespace alone.
 */
static bool in_first_network_namespace(void)
{
	struct stat ours, first;

	if (!stat("/proc/self/ns/net", &ours) && !stat("/proc/1/ns/net", &first) &&
	    (ours.st_ino != first.st_ino || ours.st_dev != first.st_dev))
		return false;
	return access("/proc/sys/net/core/somaxconn", F_OK) ||
	       !access("/proc/sys/net/core/netdev_max_backlog", F_OK);
}

/* Is `word` one of the words of the file? True when it cannot be read. */
static bool file_has_word(const char *path, const char *word)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	char found[64];

	if (!file)
		return true;
	while (fscanf(file, "%63s", found) == 1)
		if (!strcmp(found, word))
			return true;
	return false;
}

void vp_audit_obstacle(struct vp_error *err)
{
	const char *actions = "/proc/sys/kernel/seccomp/actions_logged";

	if (!in_first_network_namespace())
		vp_fail(err, -ENOTSUP,
			"the kernel tells denied system calls only in the host's own network "
			"namespace, and this is another one");
	else if (!file_has_word(actions, "errno"))
		vp_fail(err, -ENOTSUP,
			"the kernel is set not to tell of denied system calls: add \"errno\" "
			"to %s",
			actions);
	else
		vp_fail(err, -ENOTSUP,
			"the kernel told nothing of a denied system call: it was booted with "
			"audit=0, a rule excludes such records (auditctl -l, type SECCOMP), "
			"their rate is limited (auditctl -s), or this is a container");
}
