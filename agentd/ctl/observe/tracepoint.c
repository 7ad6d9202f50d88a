/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads two files of tracefs, mounted or not: see tracepoint.h. */
#include "agentd/ctl/observe/tracepoint.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/mount.h>

#include "lib/cleanup.h"
#include "lib/memory.h"

#define FOLDER	  "events/raw_syscalls/sys_enter"
#define TEXT_MOST 8192

/* A tracefs that is mounted nowhere; -errno. */
static int open_detached(void)
{
	_cleanup_close_ int context = (int)syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC);
	int fd;

	if (context < 0)
		return -errno;
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -errno;
	fd = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
	return fd < 0 ? -errno : fd;
}

static int open_folder(struct vp_error *err)
{
	static const char *const mounted[] = { "/sys/kernel/tracing/" FOLDER,
					       "/sys/kernel/debug/tracing/" FOLDER };
	_cleanup_close_ int detached = -1;
	int fd;

	for (size_t i = 0; i < VP_COUNT(mounted); i++) {
		fd = open(mounted[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
		if (errno == EACCES || errno == EPERM)
			return vp_fail(err, -EACCES,
				       "calls cannot be traced: %s: %s; observing needs root",
				       mounted[i], strerror(errno));
	}
	detached = open_detached();
	if (detached == -ENODEV)
		return vp_fail(err, -EOPNOTSUPP,
			       "calls cannot be traced: this kernel has no tracefs "
			       "(CONFIG_FTRACE_SYSCALLS)");
	if (detached < 0)
		return vp_fail(err, detached == -EPERM ? -EPERM : -EOPNOTSUPP,
			       "calls cannot be traced: tracefs is not mounted, and cannot be "
			       "read otherwise: %s; 'mount -t tracefs tracefs "
			       "/sys/kernel/tracing' (root outside of containers)",
			       strerror(-detached));
	fd = openat(detached, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 ? fd
		       : vp_fail(err, -EOPNOTSUPP,
				 "calls cannot be traced: this kernel has no tracepoint "
				 "raw_syscalls:sys_enter (CONFIG_FTRACE_SYSCALLS)");
}

/* A file of tracefs has no size before it is read. */
static int read_text(int folder, const char *name, char text[static TEXT_MOST],
		     struct vp_error *err)
{
	_cleanup_close_ int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 1;

	while (fd >= 0 && n > 0 && len < TEXT_MOST - 1) {
		n = read(fd, text + len, TEXT_MOST - 1 - len);
		if (n > 0)
			len += (size_t)n;
	}
	if (fd < 0 || n < 0)
		return vp_fail(err, errno == EACCES || errno == EPERM ? -EACCES : -EOPNOTSUPP,
			       "calls cannot be traced: %s/%s: %s; observing needs root",
			       FOLDER, name, strerror(errno));
	text[len] = '\0';
	return 0;
}

int vp_tracepoint_find(struct vp_tracepoint *tracepoint, struct vp_error *err)
{
	_cleanup_close_ int folder = open_folder(err);
	char text[TEXT_MOST];
	uint64_t id;
	int r;

	if (folder < 0)
		return folder;
	r = read_text(folder, "id", text, err);
	if (r)
		return r;
	id = strtoull(text, NULL, 10);
	r = read_text(folder, "format", text, err);
	if (r)
		return r;
	if (!id || vp_trace_form_parse(text, &tracepoint->form))
		return vp_fail(err, -EOPNOTSUPP,
			       "calls cannot be traced: this kernel describes "
			       "raw_syscalls:sys_enter otherwise than expected");
	tracepoint->id = id;
	return 0;
}
