/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads on their way through execve(2): see starts.h. What is put on them, and why, is the
 * worker's. */
#include "agentd/hook/starts.h"

#include <errno.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "agentd/inject/proc.h"
#include "agentd/inject/visit.h"
#include "lib/cleanup.h"

#define OPTIONS (PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD)
#define SOON	UINT64_C(100000000)   /* nanoseconds; most take less than one millisecond */
#define LIMIT	UINT64_C(10000000000) /* nothing waits for it: a program on a slow disk */

static struct vp_hook_start *find(struct vp_hook_starts *starts, pid_t thread)
{
	vp_array_each (start, &starts->list)
		if (start->thread == thread)
			return start;
	return NULL;
}

static void forget(struct vp_hook_starts *starts, struct vp_hook_start *start)
{
	*start = starts->list.data[--starts->list.len];
}

int vp_hook_start_begin(struct vp_hook_starts *starts, pid_t thread)
{
	struct vp_hook_start *start = find(starts, thread);

	if (!start && starts->list.len >= VP_HOOK_STARTS)
		return -EAGAIN;
	if (!start && ptrace(PTRACE_SEIZE, thread, NULL, (void *)OPTIONS))
		return -errno;
	if (!start)
		start = vp_array_add(&starts->list);
	*start = (struct vp_hook_start){ .thread = thread, .since = vp_remote_clock() };
	return 0;
}

/* It did not execute: it goes on as if it had never been stopped. */
static void let_go(const struct vp_hook_starts *starts, pid_t thread)
{
	struct vp_remote remote = { .thread = thread, .began = vp_remote_clock() };
	struct vp_injected ignored = { 0 };

	if (vp_arch_read(thread, &remote.registers) || vp_arch_foreign(&remote.registers) ||
	    vp_visit_let_go(starts->injector, &remote, -1, true, &ignored))
		(void)ptrace(PTRACE_DETACH, thread, NULL, NULL);
}

/*
 * It has become the program: its number is the process's now, by which we know it from here
 * on. Of a thread that is not known it is no concern of ours.
 */
static bool has_executed(struct vp_hook_starts *starts, pid_t process)
{
	unsigned long former = 0;
	struct vp_hook_start *start;

	(void)ptrace(PTRACE_GETEVENTMSG, process, NULL, &former);
	start = find(starts, (pid_t)former);
	if (!start)
		start = find(starts, process);
	if (!start) {
		(void)ptrace(PTRACE_DETACH, process, NULL, NULL);
		return false;
	}
	start->thread = process;
	return true;
}

/* How a traced thread stopped, or ended. Is it before its first instruction? */
static bool take(struct vp_hook_starts *starts, pid_t id, int status)
{
	struct vp_hook_start *start;

	if (WIFSTOPPED(status) && status >> 16 == PTRACE_EVENT_EXEC)
		return has_executed(starts, id);
	start = find(starts, id);
	if (WIFSTOPPED(status) && status >> 16 == PTRACE_EVENT_STOP)
		let_go(starts, id);
	else if (WIFSTOPPED(status)) /* a signal, which it gets */
		(void)ptrace(PTRACE_DETACH, id, NULL,
			     (void *)(uintptr_t)(unsigned int)WSTOPSIG(status));
	if (start)
		forget(starts, start);
	return false;
}

pid_t vp_hook_starts_next(struct vp_hook_starts *starts)
{
	int status;
	pid_t id;

	while ((id = waitpid(-1, &status, __WALL | WNOHANG)) > 0)
		if (take(starts, id, status))
			return id;
	return 0;
}

void vp_hook_start_end(struct vp_hook_starts *starts, pid_t process)
{
	struct vp_hook_start *start = find(starts, process);

	(void)ptrace(PTRACE_DETACH, process, NULL, NULL);
	if (start)
		forget(starts, start);
}

void vp_hook_start_leave(struct vp_hook_starts *starts, pid_t process)
{
	struct vp_hook_start *start = find(starts, process);

	if (start)
		start->leaving = true;
}

/* Blocked in another call: execve(2) has failed. */
static bool is_elsewhere(pid_t thread)
{
	_cleanup_fclose_ FILE *file = NULL;
	struct vp_proc_call call;
	char text[256];

	snprintf(text, sizeof(text), "/proc/%d/syscall", (int)thread);
	file = fopen(text, "re");
	if (!file)
		return false;
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	return !vp_proc_call_parse(text, &call) && !call.running &&
	       call.number != SYS_execve && call.number != SYS_execveat;
}

void vp_hook_starts_tick(struct vp_hook_starts *starts)
{
	uint64_t now = vp_remote_clock();

	vp_array_each (start, &starts->list) {
		if (start->leaving || now - start->since < SOON ||
		    (now - start->since < LIMIT && !is_elsewhere(start->thread)))
			continue;
		start->leaving = true;
		(void)ptrace(PTRACE_INTERRUPT, start->thread, NULL, NULL);
	}
}
