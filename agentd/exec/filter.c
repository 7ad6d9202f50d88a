/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading and installing a filter. The kernel itself is asked what it makes of the
 * filter, on a child that leaves no trace: no signal, no core file, no record of a
 * denied call. See filter.h.
 */
#include "agentd/exec/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/seccomp.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "lib/seccomp_load.h"
#include "lib/unit.h"

#if defined(__x86_64__) && !defined(__ILP32__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#else
#define ARCHITECTURE 0 /* no filter is for it */
#endif

#define DENIED 0x80 /* exit status: execve does not pass; below it errno values */

static int check_for(const char *unit, const struct vp_seccomp_file *filter,
		     struct vp_error *err)
{
	if (strcmp(filter->unit, unit) != 0)
		return vp_fail(err, -EINVAL, "is the filter of %s", filter->unit);
	if (filter->architecture != ARCHITECTURE)
		return vp_fail(err, -EINVAL,
			       "is for another kind of machine (0x%08x, this is 0x%08x): have "
			       "vpatchd write it here",
			       filter->architecture, ARCHITECTURE);
	return 0;
}

static int read_of(const char *folder, const char *unit, struct vp_seccomp_file *filter,
		   struct vp_error *err)
{
	_cleanup_free_ char *path = vp_seccomp_file_path(folder, unit), *data = NULL;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct vp_seccomp_file read = { 0 };
	const char *distrust;
	size_t len;
	int r;

	if (fd < 0)
		return vp_fail(err, -errno, "%s: %s", path, strerror(errno));
	distrust = vp_file_distrust(fd);
	if (distrust)
		return vp_fail(err, -EACCES, "%s: %s", path, distrust);
	r = vp_file_read_fd(fd, path, VP_SECCOMP_FILE_LIMIT, &data, &len, err);
	if (r)
		return r;
	r = vp_seccomp_file_parse(data, len, &read, err);
	if (!r)
		r = check_for(unit, &read, err);
	if (r) {
		vp_seccomp_file_free(&read);
		return vp_fail_context(err, "%s", path);
	}
	*filter = read;
	return 0;
}

int vp_filter_read(const char *folder, const char *unit, struct vp_seccomp_file *filter,
		   struct vp_error *err)
{
	_cleanup_free_ char *template = vp_unit_template(unit);
	struct vp_error other = { 0 };
	int r = read_of(folder, unit, filter, err);

	if (r != -ENOENT || !template)
		return r;
	r = read_of(folder, template, filter, &other);
	if (r && r != -ENOENT)
		*err = other;
	return r;
}

/* 0 or a positive errno. */
static int load(const struct vp_seccomp_file *filter, uint32_t wanted)
{
	uint32_t given = filter->flags & wanted;
	unsigned long flags = 0;

	if (given & VP_SECCOMP_FILE_SPEC_ALLOW)
		flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	if (given & VP_SECCOMP_FILE_LOG)
		flags |= SECCOMP_FILTER_FLAG_LOG;
	return -vp_seccomp_load(filter->program, filter->count, flags);
}

/* In the child. A path that is none is refused by the kernel with EFAULT, if it hears of it.
 */
static _Noreturn void try_it(const struct vp_seccomp_file *filter)
{
	int r;

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	r = load(filter, ~VP_SECCOMP_FILE_LOG);
	if (r)
		_exit(r < DENIED ? r : EINVAL);
	_exit(syscall(SYS_execve, NULL, NULL, NULL) == -1 && errno == EFAULT ? 0 : DENIED);
}

/*
 * Would it work? 0, a positive errno of seccomp(2), DENIED, or -1 when the child was
 * killed. The child has no exit signal: the command to be must not find one pending.
 */
static int try_on_child(const struct vp_seccomp_file *filter)
{
	pid_t pid = (pid_t)syscall(SYS_clone, 0UL, NULL, NULL, NULL, 0UL), waited;
	int status;

	if (pid < 0)
		return errno;
	if (!pid)
		try_it(filter);
	do
		waited = waitpid(pid, &status, __WALL);
	while (waited < 0 && errno == EINTR);
	if (waited != pid)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int explain(const struct vp_seccomp_file *filter, int result, struct vp_error *err)
{
	switch (result) {
	case 0:
		return 0;
	case -1:
		return vp_fail(err, -EPERM,
			       "trying the filter of %s ended by a signal: it kills who calls "
			       "execve, or a filter that is on this process already forbids "
			       "to add another (allow seccomp there)",
			       filter->unit);
	case DENIED:
		return vp_fail(err, -EPERM,
			       "the filter of %s does not let execve through, so nothing can "
			       "be started behind it: start the service without vpatch-exec, "
			       "vpatchd puts the filter on while it runs",
			       filter->unit);
	case EACCES:
		return vp_fail(err, -EACCES,
			       "the filter of %s needs CAP_SYS_ADMIN or no_new_privs: start "
			       "vpatch-exec as root and let the command drop its rights, or "
			       "allow no_new_privs (no-new-privileges = allow in [override "
			       "ID] or the definition)",
			       filter->unit);
	case EINVAL:
		return vp_fail(err, -EINVAL,
			       "the kernel does not take the filter of %s: it is older than "
			       "4.17, or the program is wrong",
			       filter->unit);
	case ENOSYS:
		return vp_fail(err, -ENOSYS,
			       "cannot put the filter of %s on: the kernel has no seccomp, or "
			       "a filter that is on this process already hides it",
			       filter->unit);
	default:
		return vp_fail(err, -result, "cannot put the filter of %s on: %s",
			       filter->unit, strerror(result));
	}
}

int vp_filter_install(const struct vp_seccomp_file *filter, struct vp_error *err)
{
	int result = try_on_child(filter);

	if (result == EACCES && (filter->flags & VP_SECCOMP_FILE_NO_NEW_PRIVS)) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
			return explain(filter, errno, err);
		result = try_on_child(filter);
	}
	if (!result)
		result = load(filter, ~0u);
	return explain(filter, result, err);
}
