/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Confines itself as an inspection process does, by the same function, and then
 * tries what it must not: each try in a process of its own.
 *
 *   confined worker|writer
 *       exit 0 when every try was ended by the kernel and what is allowed works
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agentd/inspect/confine.h"
#include "lib/memory.h"

static void try_nothing(void)
{
}

static void try_open(void)
{
	(void)!open("/", O_RDONLY);
}

static void try_socket(void)
{
	(void)socket(AF_INET, SOCK_STREAM, 0);
}

static void try_netlink(void)
{
	(void)socket(AF_NETLINK, SOCK_RAW, 12);
}

static void try_execve(void)
{
	char *arguments[] = { (char *)"/bin/true", NULL };

	(void)execve(arguments[0], arguments, arguments + 1);
}

static void try_ptrace(void)
{
	(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void try_fork(void)
{
	(void)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static void try_executable_memory(void)
{
	(void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void try_make_executable(void)
{
	(void)mprotect((void *)((uintptr_t)try_make_executable & ~(uintptr_t)4095), 4096,
		       PROT_READ | PROT_WRITE | PROT_EXEC);
}

static void try_kill(void)
{
	(void)kill(1, 0);
}

static void try_other_descriptor(void)
{
	(void)!write(2, "", 0);
}

/* What another process maps must not be shortened, nor have its pages taken away. */
static void try_truncate(void)
{
	(void)!ftruncate(VP_FD_TALLY, 0);
}

static void try_allocate(void)
{
	(void)syscall(SYS_fallocate, VP_FD_TALLY, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      0L, 4096L);
}

static void try_remove_pages(void)
{
	(void)syscall(SYS_madvise, (uintptr_t)try_truncate & ~(uintptr_t)4095, 4096L,
		      MADV_REMOVE);
}

static const struct {
	const char *what;
	void (*try)(void);
	bool allowed;
} tries[] = {
	{ "nothing", try_nothing, true },
	{ "open", try_open, false },
	{ "socket", try_socket, false },
	{ "a netlink socket", try_netlink, false },
	{ "execve", try_execve, false },
	{ "ptrace", try_ptrace, false },
	{ "fork", try_fork, false },
	{ "executable memory", try_executable_memory, false },
	{ "memory made executable", try_make_executable, false },
	{ "kill", try_kill, false },
	{ "write to another descriptor", try_other_descriptor, false },
	{ "a file made shorter", try_truncate, false },
	{ "a hole in a file", try_allocate, false },
	{ "a hole in shared memory", try_remove_pages, false },
};

/* The numbers that the rules speak of must be descriptors; of what is no matter. */
static void fill_descriptors(void)
{
	while (eventfd(0, 0) < VP_FD_WRITER_END - 1)
		;
}

static int run_confined(bool writer, void (*try)(void))
{
	pid_t pid = fork();
	int status = 0;

	if (!pid) {
		struct vp_error err = { 0 };
		unsigned int achieved;

		fill_descriptors();
		if ((writer ? vp_confine_writer : vp_confine_worker)("vpatch", &achieved,
								     &err)) {
			fprintf(stderr, "%s\n", err.text);
			_exit(3);
		}
		try();
		syscall(SYS_exit_group, 0); /* _exit() does more where sanitizers are in */
	}
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

int main(int argc, char *argv[])
{
	bool writer = argc == 2 && !strcmp(argv[1], "writer");
	int wrong = 0;

	if (argc != 2)
		return 2;
	for (size_t i = 0; i < VP_COUNT(tries); i++) {
		int status = run_confined(writer, tries[i].try);
		bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
		bool fine = WIFEXITED(status) && WEXITSTATUS(status) == 0;

		printf("%-28s %s\n", tries[i].what,
		       killed ? "refused"
		       : fine ? "done"
			      : "something else");
		wrong += tries[i].allowed ? !fine : !killed;
	}
	return wrong ? 1 : 0;
}
