/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens audit sockets in the network namespace of descriptor VPATCH_AUDIT_NAMESPACE: the
 * kernel tells its records in the first one only, and a test has its daemon in another. To be
 * loaded into a process.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

typedef int socket_function(int domain, int type, int protocol);

int socket(int domain, int type, int protocol)
{
	socket_function *real = (socket_function *)dlsym(RTLD_NEXT, "socket");
	const char *there = getenv("VPATCH_AUDIT_NAMESPACE");
	int here, fd, error;

	if (domain != AF_NETLINK || protocol != NETLINK_AUDIT || !there)
		return real(domain, type, protocol);
	here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (here < 0 || setns(atoi(there), CLONE_NEWNET))
		return -1;
	fd = real(domain, type, protocol);
	error = errno;
	if (setns(here, CLONE_NEWNET))
		abort();
	close(here);
	errno = error;
	return fd;
}
