/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The steps of confinement, each a short function, in the order in which they
 * are still possible: what needs privileges first, the system-call filter last.
 * See sandbox.h.
 */
#include "agentd/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <linux/capability.h>
#include <linux/close_range.h>

#include <seccomp.h>

#include "lib/cleanup.h"
#include "lib/memory.h"

#define NOBODY 65534

struct identity {
	uid_t uid;
	gid_t gid;
	bool mapped; /* in a user namespace other than the first: there may be one uid only */
};

/* The first user namespace maps the whole range onto itself. */
static bool in_user_namespace(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/uid_map", "re");
	unsigned long inside, outside, count;

	return !file || fscanf(file, "%lu %lu %lu", &inside, &outside, &count) != 3 ||
	       inside || outside || count != UINT32_MAX;
}

static struct identity find_identity(const char *user)
{
	const struct passwd *entry = user ? getpwnam(user) : NULL;
	struct identity identity = { NOBODY, NOBODY, in_user_namespace() };

	if (entry && entry->pw_uid != 0 && entry->pw_gid != 0) {
		identity.uid = entry->pw_uid;
		identity.gid = entry->pw_gid;
	}
	return identity;
}

/* An empty tmpfs becomes the root, the old one goes away. Needs CAP_SYS_ADMIN. */
static bool mount_empty_root(void)
{
	static const char *const places[] = { "/run", "/tmp", "/proc" };
	const char *place = NULL;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return false;
	for (size_t i = 0; i < VP_COUNT(places) && !place; i++)
		if (!mount("vpatch-empty", places[i], "tmpfs",
			   MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0555,nr_inodes=1"))
			place = places[i];
	if (!place || chdir(place))
		return false;
	if (!syscall(SYS_pivot_root, ".", "."))
		(void)umount2(".", MNT_DETACH);
	else if (chroot("."))
		return false;
	return !chdir("/") &&
	       !mount(NULL, "/", NULL,
		      MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		      NULL);
}

/* A folder that was removed is empty for ever. Needs only CAP_SYS_CHROOT. */
static bool enter_removed_folder(void)
{
	static const char *const places[] = { "/run", "/tmp", "/dev/shm" };

	for (size_t i = 0; i < VP_COUNT(places); i++) {
		_cleanup_free_ char *folder = vp_format("%s/vpatch-empty-XXXXXX", places[i]);
		bool inside;

		if (!mkdtemp(folder))
			continue;
		inside = !chdir(folder);
		if (!rmdir(folder) && inside)
			return !chroot(".") && !chdir("/");
	}
	return false;
}

static int drop_identity(const struct identity *identity, unsigned int *achieved,
			 struct vp_error *err)
{
	if (getuid() != 0 && geteuid() != 0) {
		*achieved |= VP_CONFINED_IDENTITY;
		return 0;
	}
	if (!setgroups(0, NULL) && !setresgid(identity->gid, identity->gid, identity->gid) &&
	    !setresuid(identity->uid, identity->uid, identity->uid)) {
		*achieved |= VP_CONFINED_IDENTITY;
		return 0;
	}
	if (identity->mapped)
		return 0;
	return vp_fail(err, -errno,
		       "cannot become uid %u: CAP_SETUID and CAP_SETGID are missing",
		       (unsigned int)identity->uid);
}

static int drop_capabilities(uint32_t kept, struct vp_error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct wanted[2] = { { .effective = kept, .permitted = kept } };
	struct __user_cap_data_struct now[2];

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return vp_fail(err, -errno, "cannot set no_new_privs: %s", strerror(errno));
	if (syscall(SYS_capset, &header, wanted) || syscall(SYS_capget, &header, now))
		return vp_fail(err, -errno, "cannot drop capabilities%s: %s",
			       kept ? " or keep those that are needed" : "", strerror(errno));
	if (memcmp(wanted, now, sizeof(wanted)) != 0)
		return vp_fail(err, -EPERM, "capabilities are left after dropping them");
	return 0;
}

/* No more than there may be now. */
static rlim_t files_of(const struct vp_sandbox *sandbox)
{
	rlim_t files = (rlim_t)(sandbox->files ?: sandbox->keep_below);
	struct rlimit now;

	return !getrlimit(RLIMIT_NOFILE, &now) && now.rlim_max < files ? now.rlim_max : files;
}

static int set_limits(const struct vp_sandbox *sandbox, struct vp_error *err)
{
	const struct {
		__rlimit_resource_t resource;
		rlim_t value;
	} limits[] = {
		{ RLIMIT_NOFILE, files_of(sandbox) },
		{ RLIMIT_NPROC, 0 },
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_FSIZE, 0 },
	};

	for (size_t i = 0; i < VP_COUNT(limits); i++) {
		struct rlimit limit = { limits[i].value, limits[i].value };

		if (setrlimit(limits[i].resource, &limit))
			return vp_fail(err, -errno, "cannot lower a resource limit: %s",
				       strerror(errno));
	}
	return 0;
}

static void release_filter(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
}

/* Arguments are compared by their low 32 bits, as the kernel uses them. */
static int load_filter(const struct vp_sandbox *sandbox, struct vp_error *err)
{
	vp_cleanup(release_filter) scmp_filter_ctx filter =
		seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r = filter ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < sandbox->call_count; i++) {
		const struct vp_sandbox_call *call = &sandbox->calls[i];

		if (call->argument < 0)
			r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call->number, 0);
		else
			r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call->number, 1,
					     SCMP_CMP((unsigned int)call->argument,
						      SCMP_CMP_MASKED_EQ, UINT32_MAX,
						      call->value));
	}
	if (!r)
		r = seccomp_load(filter);
	return r ? vp_fail(err, r,
			   "cannot load the system-call filter (kernel without seccomp?): %s",
			   strerror(-r))
		 : 0;
}

int vp_sandbox_enter(const struct vp_sandbox *sandbox, unsigned int *achieved,
		     struct vp_error *err)
{
	struct identity identity = find_identity(sandbox->user);
	unsigned int done = 0;
	int r;

	if (close_range((unsigned int)sandbox->keep_below, ~0u, 0))
		return vp_fail(err, -errno, "cannot close inherited descriptors: %s",
			       strerror(errno));
	if (!unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS))
		done |= VP_CONFINED_NAMESPACES;
	if (mount_empty_root() || enter_removed_folder())
		done |= VP_CONFINED_FILES;
	for (unsigned long cap = 0; !prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); cap++)
		;
	if (sandbox->capabilities)
		(void)prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0); /* across the change of uid */
	r = drop_identity(&identity, &done, err);
	if (!r)
		r = drop_capabilities(sandbox->capabilities, err);
	if (!r)
		r = set_limits(sandbox, err);
	if (r)
		return r;
	if (!sandbox->orphan)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	r = load_filter(sandbox, err);
	if (!r)
		*achieved = done | VP_CONFINED_ALWAYS;
	return r;
}
