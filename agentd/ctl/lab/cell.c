/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making cells: see cell.h. The keeper is a child that leaves all namespaces; its own
 * child is the first process of the new ones, takes off what gives power, and looks
 * whether it is gone.
 *
 * Users are mapped from outside: one, nobody's, to nobody (without root: to the caller's). So
 * not even a process that came by all capabilities of the namespace could become anybody
 * that the host knows. Where user namespaces are forbidden, root does without: what is left is
 * a process of nobody's without capabilities in the other namespaces.
 */
#include "agentd/ctl/lab/cell.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/keyctl.h>

#include "lib/cleanup.h"
#include "lib/memory.h"

#define NAMESPACES (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
#define FIRST_FD   3
#define MOST_FDS   16

/* What keeper and first process tell whoever started them. */
struct report {
	enum { NEEDS_MAPS, IS_THERE, FAILED } state;
	int error;
	char what[80];
};

static int fail_there(int channel, const char *what)
{
	struct report report = { .state = FAILED, .error = errno };

	snprintf(report.what, sizeof(report.what), "%s", what);
	(void)!write(channel, &report, sizeof(report));
	return -1;
}

static int write_text(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -errno;
}

/* From outside: nobody of the cell, and nobody else. */
static int write_maps(pid_t keeper, struct vp_error *err)
{
	bool root = !geteuid();
	char path[64], map[64];
	int r;

	snprintf(path, sizeof(path), "/proc/%d/setgroups", keeper);
	r = write_text(path, "deny");
	if (r < 0 && r != -ENOENT)
		return vp_fail(err, r, "%s: %s", path, strerror(-r));
	snprintf(path, sizeof(path), "/proc/%d/gid_map", keeper);
	snprintf(map, sizeof(map), "%d %u 1", VP_CELL_UID,
		 root ? VP_CELL_UID : (unsigned int)getegid());
	r = write_text(path, map);
	if (r < 0)
		return vp_fail(err, r, "%s: %s", path, strerror(-r));
	snprintf(path, sizeof(path), "/proc/%d/uid_map", keeper);
	snprintf(map, sizeof(map), "%d %u 1", VP_CELL_UID,
		 root ? VP_CELL_UID : (unsigned int)geteuid());
	r = write_text(path, map);
	return r < 0 ? vp_fail(err, r, "%s: %s", path, strerror(-r)) : 0;
}

/* An empty file system that nothing can be written to, in place of all others. */
static int leave_files(int channel)
{
	static const char place[] = "/proc";

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return fail_there(channel, "making mounts private");
	if (mount("cell", place, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "size=4k,mode=0555"))
		return fail_there(channel, "mounting an empty file system");
	if (mount(NULL, place, NULL,
		  MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		return fail_there(channel, "making it read-only");
	if (chdir(place))
		return fail_there(channel, "entering it");
	/* not where the root is the kernel's first one, which cannot be left */
	if (syscall(SYS_pivot_root, ".", ".") ? chroot(".") : umount2(".", MNT_DETACH))
		return fail_there(channel, "leaving all other file systems");
	return chdir("/") ? fail_there(channel, "entering the empty file system") : 0;
}

/* Nobody, who may still do what is needed here. */
static int become_nobody(int channel)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct has[2];
	const gid_t gid = VP_CELL_UID;
	const uid_t uid = VP_CELL_UID;

	/* by the bare calls: the C library would tell threads, of which there are none */
	if (syscall(SYS_setresgid, gid, gid, gid))
		return fail_there(channel, "giving up the group");
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || syscall(SYS_setresuid, uid, uid, uid))
		return fail_there(channel, "giving up the user");
	if (syscall(SYS_capget, &header, has))
		return fail_there(channel, "asking for its own rights");
	for (size_t i = 0; i < VP_COUNT(has); i++)
		has[i].effective = has[i].permitted;
	return syscall(SYS_capset, &header, has) ? fail_there(channel, "keeping its rights")
						 : 0;
}

static int drop_capabilities(int channel)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };
	bool failed = prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);

	for (unsigned long i = 0; !failed && prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		failed = prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (failed || syscall(SYS_capset, &header, none))
		return fail_there(channel, "giving up capabilities");
	return 0;
}

/* Is all of it gone? Asked of the kernel, not of what was done. */
static int look_around(int channel)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct has[2];
	uid_t real, effective, saved;
	uint32_t any = 0;

	if (getresuid(&real, &effective, &saved) || syscall(SYS_capget, &header, has))
		return fail_there(channel, "asking for its own rights");
	for (size_t i = 0; i < VP_COUNT(has); i++)
		any |= has[i].effective | has[i].permitted | has[i].inheritable;
	errno = EPERM;
	if (any || real != VP_CELL_UID || effective != real || saved != real)
		return fail_there(channel, "it still has rights");
	if (getpid() != 1)
		return fail_there(channel, "it still sees other processes");
	return 0;
}

/* 0, 1, 2 and those that were ordered, in their order. Nothing else stays open. */
static int arrange_fds(const struct vp_cell_order *order, int null)
{
	int kept[MOST_FDS];

	for (size_t i = 0; i < order->count; i++) {
		kept[i] = fcntl(order->fds[i], F_DUPFD_CLOEXEC, FIRST_FD + MOST_FDS);
		if (kept[i] < 0)
			return -1;
	}
	for (int fd = 0; fd < FIRST_FD; fd++)
		if (dup2(null, fd) < 0)
			return -1;
	for (size_t i = 0; i < order->count; i++)
		if (dup2(kept[i], FIRST_FD + (int)i) < 0)
			return -1;
	return 0;
}

/* The first process of the namespaces. */
static int settle(const struct vp_cell_order *order, int channel)
{
	static const struct report good = { .state = IS_THERE };
	const struct rlimit none = { 0, 0 };
	int null;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &none);
	(void)write_text("/proc/self/oom_score_adj", "1000");
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return fail_there(channel, "/dev/null");
	channel = fcntl(channel, F_DUPFD_CLOEXEC, FIRST_FD + 2 * MOST_FDS);
	if (channel < 0 || arrange_fds(order, null))
		return fail_there(channel, "arranging descriptors");
	if (become_nobody(channel) || leave_files(channel) || drop_capabilities(channel))
		return -1;
	/* the session's keyring is its user's: with an empty one, none can be reached */
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* no other process of the cell may touch it */
	if (look_around(channel))
		return -1;
	(void)!write(channel, &good, sizeof(good));
	(void)syscall(SYS_close_range, FIRST_FD + order->count, ~0u, 0);
	return order->run(order->context);
}

/* Leave all namespaces. Without root there must be a user namespace, with it there may. */
static int unshare_all(int channel)
{
	const struct report waiting = { .state = NEEDS_MAPS };
	char go;

	if (!unshare(CLONE_NEWUSER | NAMESPACES)) {
		if (write(channel, &waiting, sizeof(waiting)) != sizeof(waiting) ||
		    read(channel, &go, 1) != 1)
			return -1;
		return 0;
	}
	if (geteuid() || unshare(NAMESPACES))
		return fail_there(channel, "namespaces of its own");
	return 0;
}

static _Noreturn void keep(const struct vp_cell_order *order, int channel, pid_t parent)
{
	int status = 1 << 8;
	pid_t first;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || (!geteuid() && setgroups(0, NULL)) || unshare_all(channel))
		_exit(1);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* other rights may have undone it */
	first = fork();
	if (!first)
		_exit(settle(order, channel));
	close(channel);
	while (first > 0 && waitpid(first, &status, 0) < 0 && errno == EINTR)
		;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

/* Wait until the first process has settled. 0 or -errno. */
static int await(pid_t keeper, int channel, struct vp_error *err)
{
	struct report report;

	for (;;) {
		ssize_t got = recv(channel, &report, sizeof(report), 0);
		int r = 0;

		if (got < 0 && errno == EINTR)
			continue;
		if (got != sizeof(report))
			return vp_fail(err, -ECHILD, "lab: the cell for calls ended");
		if (report.state == IS_THERE)
			return 0;
		if (report.state == FAILED)
			return vp_fail(err, -report.error,
				       "no cell for system calls (%s: %s): run as root, or "
				       "allow user namespaces (sysctl "
				       "kernel.unprivileged_userns_clone, "
				       "user.max_user_namespaces, "
				       "kernel.apparmor_restrict_unprivileged_userns)",
				       report.what, strerror(report.error));
		r = write_maps(keeper, err);
		if (r)
			return r;
		if (write(channel, "g", 1) != 1)
			return vp_fail(err, -errno, "lab: the cell for calls: %s",
				       strerror(errno));
	}
}

pid_t vp_cell_start(const struct vp_cell_order *order, struct vp_error *err)
{
	_cleanup_close_ int channel = -1;
	pid_t parent = getpid(), keeper;
	int ends[2], r;

	if (order->count > MOST_FDS)
		return vp_fail(err, -EINVAL, "lab: too many descriptors for a cell");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return vp_fail(err, -errno, "socketpair: %s", strerror(errno));
	channel = ends[0];
	keeper = fork();
	if (!keeper) {
		close(ends[0]);
		keep(order, ends[1], parent);
	}
	close(ends[1]);
	if (keeper < 0)
		return vp_fail(err, -errno, "fork: %s", strerror(errno));
	r = await(keeper, channel, err);
	if (r) {
		vp_cell_end(keeper);
		return r;
	}
	return keeper;
}

void vp_cell_end(pid_t keeper)
{
	if (keeper <= 0)
		return;
	kill(keeper, SIGKILL);
	while (waitpid(keeper, NULL, 0) < 0 && errno == EINTR)
		;
}
