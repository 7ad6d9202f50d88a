/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting and ending a process: see child.h. */
#include "agentd/inspect/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/memory.h"

#define FIRST 3	 /* descriptor of a child's */
#define ABOVE 32 /* all of them */

static int fill_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	r = posix_spawnattr_setflags(attributes,
				     POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (!r)
		r = posix_spawnattr_setsigmask(attributes, &none);
	if (!r)
		r = posix_spawnattr_setsigdefault(attributes, &all);
	return r;
}

pid_t vp_child_start(const char *executable, const int *fds, size_t count,
		     struct vp_error *err)
{
	const char *slash = strrchr(executable, '/');
	char *arguments[] = { (char *)(slash ? slash + 1 : executable), NULL };
	char *environment[] = { NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	pid_t pid = 0;
	int r;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	r = fill_attributes(&attributes);
	for (size_t i = 0; !r && i < count; i++)
		r = posix_spawn_file_actions_adddup2(&actions, fds[i], FIRST + (int)i);
	if (!r)
		r = posix_spawn(&pid, executable, &actions, &attributes, arguments,
				environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return r ? vp_fail(err, -r, "cannot start %s: %s", executable, strerror(r)) : pid;
}

int vp_child_raise(int *fd)
{
	int high = fcntl(*fd, F_DUPFD_CLOEXEC, ABOVE);

	if (high < 0)
		return -errno;
	close(*fd);
	*fd = high;
	return 0;
}

static void describe(int status, char *ended, size_t room)
{
	if (WIFSIGNALED(status))
		snprintf(ended, room, "by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(ended, room, "with exit status %d", WEXITSTATUS(status));
}

int vp_child_ended(pid_t pid, char *ended, size_t room)
{
	int status;

	if (waitpid(pid, &status, WNOHANG) != pid)
		return 0;
	describe(status, ended, room);
	return 1;
}

void vp_child_end(pid_t pid, char *ended, size_t room)
{
	pid_t waited;
	int status;

	kill(pid, SIGKILL);
	do
		waited = waitpid(pid, &status, 0);
	while (waited < 0 && errno == EINTR);
	if (waited == pid)
		describe(status, ended, room);
}

char *vp_child_executable(const char *name)
{
	_cleanup_free_ char *beside = NULL;
	char self[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[len < 0 ? 0 : len] = '\0';
	slash = strrchr(self, '/');
	if (slash) {
		*slash = '\0';
		beside = vp_format("%s/%s", self, name);
		if (!access(beside, X_OK))
			return TAKE_PTR(beside);
	}
	return vp_format(VP_LIBEXECDIR "/%s", name);
}
