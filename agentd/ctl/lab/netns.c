/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private namespaces of this process: making and entering them. What is inside
 * (links, addresses, rules) is the business of link.c and lab.c.
 */
#include "agentd/ctl/lab/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"

static int write_text(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -errno;
}

/* Become root of a user namespace that has only us. */
static int isolate_user(struct vp_error *err)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char map[64];
	int r;

	if (unshare(CLONE_NEWUSER) < 0)
		return vp_fail(
			err, -errno,
			"no user namespace for the lab (%s): run as root, or allow them "
			"(sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces, "
			"kernel.apparmor_restrict_unprivileged_userns)",
			strerror(errno));
	r = write_text("/proc/self/setgroups", "deny");
	if (r < 0 && r != -ENOENT)
		return vp_fail(err, r, "/proc/self/setgroups: %s", strerror(-r));
	snprintf(map, sizeof(map), "0 %u 1", (unsigned int)uid);
	r = write_text("/proc/self/uid_map", map);
	if (r < 0)
		return vp_fail(err, r, "/proc/self/uid_map: %s", strerror(-r));
	snprintf(map, sizeof(map), "0 %u 1", (unsigned int)gid);
	r = write_text("/proc/self/gid_map", map);
	if (r < 0)
		return vp_fail(err, r, "/proc/self/gid_map: %s", strerror(-r));
	return 0;
}

int vp_netns_isolate(bool *user, struct vp_error *err)
{
	int r;

	if (unshare(CLONE_NEWNET) == 0) {
		*user = false;
		return 0;
	}
	if (errno != EPERM)
		return vp_fail(err, -errno, "no network namespace for the lab: %s%s",
			       strerror(errno),
			       errno == ENOSPC ? " (see sysctl user.max_net_namespaces)" : "");
	r = isolate_user(err);
	if (r < 0)
		return r;
	*user = true;
	return 0;
}

int vp_netns_new(struct vp_error *err)
{
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		return vp_fail(err, -errno, "no network namespace for the lab: %s",
			       strerror(errno));
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return vp_fail(err, -errno, "/proc/self/ns/net: %s (is /proc mounted?)",
			       strerror(errno));
	return fd;
}

int vp_netns_enter(int netns, struct vp_error *err)
{
	if (setns(netns, CLONE_NEWNET) < 0)
		return vp_fail(err, -errno, "entering a network namespace of the lab: %s",
			       strerror(errno));
	return 0;
}
