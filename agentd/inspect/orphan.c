/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding orphans in /proc: see orphan.h. */
#include "agentd/inspect/orphan.h"

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/memory.h"
#include "lib/process.h"

#define NAME "vpatchd-verdict" /* as long as a name in /proc may be */

static bool is_orphan(pid_t pid)
{
	_cleanup_free_ char *path = vp_format("/proc/%d/comm", (int)pid);
	_cleanup_fclose_ FILE *file = NULL;
	char name[32] = "";

	if (vp_process_parent(pid) != 1)
		return false;
	file = fopen(path, "re");
	return file && fgets(name, sizeof(name), file) && !strcmp(name, NAME "\n");
}

/* First opened, then confirmed: a pid may be used again in between. */
static void end_orphan(pid_t pid)
{
	_cleanup_close_ int pidfd = -1;

	if (!is_orphan(pid))
		return;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd >= 0 && is_orphan(pid))
		(void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
}

void vp_orphans_end(void)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	pid_t pid;

	while ((pid = vp_process_next(proc)))
		if (pid > 1)
			end_orphan(pid);
}
