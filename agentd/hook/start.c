/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A thread on its way through execve(2): see start.h. */
#include "agentd/hook/start.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/fanotify.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "agentd/hook/giving.h"
#include "agentd/hook/limit.h"
#include "agentd/inject/ready.h"
#include "agentd/inject/visit.h"
#include "lib/cleanup.h"
#include "lib/process.h"
#include "modules/seccomp/interpreter.h"

#define OPTIONS	 (PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD)
#define SLICE	 20000000	      /* nanoseconds */
#define SOON	 UINT64_C(100000000)  /* most take less than one millisecond */
#define LIMIT	 UINT64_C(3000000000) /* nothing waits for it: a program on a slow disk */
#define EARLY	 1000		      /* microseconds, for who holds the lock not to hold it */
#define DEADLINE 5000 /* milliseconds: it waits for its turn on a busy machine */
#define PATIENCE 1000 /* milliseconds, for who does not read our notes */
#define LINGER	 1000 /* milliseconds, for threads that did not stop in time */

enum stage {
	RUNNING,  /* it has not stopped yet */
	EXECUTED, /* it stands before its first instruction */
	STARTED,  /* it has passed that, or did not execute; it stands */
	OVER,	  /* it is not ours any more */
};

struct work {
	const struct vp_hook_start *start;
	struct vp_injector injector;
	struct vp_answer_giver giver;
	struct vp_hook_notes notes;
	pid_t process;
	pid_t traced; /* as ptrace(2) knows it: the thread, then the process */
	bool interrupted;
	uint64_t since;
	bool bound;
	cpu_set_t before;
	struct vp_hook_limit limit; /* who is traced waits for us */
};

void vp_hook_answer(int group, int event)
{
	const struct fanotify_response response = { .fd = event, .response = FAN_ALLOW };

	if (write(group, &response, sizeof(response)) < 0)
		return; /* who was held up is gone */
}

static void add_note(struct vp_hook_notes *notes, const struct vp_hook_start *start,
		     enum vp_hook_kind kind, size_t entry, pid_t process,
		     const struct vp_injected *injected)
{
	struct vp_hook_note note = vp_hook_note(kind, start->table->number);
	struct vp_request_process who = { .id = process,
					  .start = vp_hook_process_start(process) };

	note.entry = (uint32_t)entry;
	note.filter = start->table->entries.data[entry].name;
	note.from = note.until = vp_hook_clock();
	vp_record_fill(&note.record, &who, injected);
	if (process > 1)
		vp_hook_notes_add(notes, &note);
}

static size_t next_match(const struct vp_hook_start *start, struct vp_hook_process *process,
			 size_t from)
{
	return vp_hook_match(start->table, start->places, process, from);
}

/* Which process a thread is of, and who traces it. */
static void read_status(pid_t thread, pid_t *process, pid_t *tracer)
{
	struct vp_proc_status status;

	*process = vp_process_status(thread, &status) ? status.process : thread;
	*tracer = status.tracer;
}

void vp_hook_start_untraced(const struct vp_hook_start *start, int error,
			    struct vp_hook_notes *notes)
{
	struct vp_hook_process process = { .id = start->thread,
					   .device = start->device,
					   .inode = start->inode };
	struct vp_injected injected = { .outcome = VP_INJECT_REFUSED,
					.reason = VP_REASON_FORBIDDEN,
					.detail = -error };
	pid_t tracer, id;

	read_status(start->thread, &id, &tracer);
	if (error == -EAGAIN)
		injected.reason = VP_REASON_CROWD;
	else if (error == -ESRCH) /* it has ended since: most likely it was too fast */
		injected.reason = VP_REASON_BUSY;
	else if (tracer)
		injected.reason = VP_REASON_TRACED;
	if (tracer)
		injected.detail = tracer;
	for (size_t i = next_match(start, &process, 0); i < start->table->entries.len;
	     i = next_match(start, &process, i + 1))
		add_note(notes, start, VP_HOOK_START, i, id, &injected);
	vp_hook_process_free(&process);
}

/* The processor */

/* The thread cannot run from here on until this process sleeps: both are bound to the
 * processor where it is, and it goes first. */
static void bind_thread(struct work *work)
{
	int here = sched_getcpu();
	cpu_set_t one;

	if (!vp_ready_first(false) || here < 0 ||
	    sched_getaffinity(work->start->thread, sizeof(work->before), &work->before))
		return;
	for (int i = 0; !CPU_ISSET((size_t)here, &work->before) && i < CPU_SETSIZE; i++)
		here = CPU_ISSET((size_t)i, &work->before) ? i : here;
	CPU_ZERO(&one);
	CPU_SET((size_t)here, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		return;
	work->bound = !sched_setaffinity(work->start->thread, sizeof(one), &one);
}

/* As before: one that may use all that its cpuset allows goes on following that. */
static void unbind_thread(struct work *work)
{
	cpu_set_t all, now;

	if (!work->bound)
		return;
	work->bound = false;
	memset(&all, 0xff, sizeof(all));
	if (sched_setaffinity(work->traced, sizeof(all), &all) ||
	    sched_getaffinity(work->traced, sizeof(now), &now) ||
	    !CPU_EQUAL(&now, &work->before))
		(void)sched_setaffinity(work->traced, sizeof(work->before), &work->before);
}

/* How often this process has slept. */
static long sleeps(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) ? 0 : usage.ru_nvcsw;
}

/* Tracing */

static void interrupt(struct work *work)
{
	work->interrupted = true;
	if (!ptrace(PTRACE_INTERRUPT, work->traced, NULL, NULL) ||
	    work->traced == work->process)
		return;
	if (!ptrace(PTRACE_INTERRUPT, work->process, NULL, NULL)) /* executed by now */
		work->traced = work->process;
}

/* Blocked in another call: execve(2) has failed. */
static bool is_elsewhere(pid_t thread)
{
	struct vp_proc_call call;
	char path[32], text[256];

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)thread);
	return !vp_process_text(AT_FDCWD, path, text, sizeof(text)) &&
	       !vp_proc_call_parse(text, &call) && !call.running &&
	       call.number != SYS_execve && call.number != SYS_execveat;
}

static void wait_a_little(struct work *work)
{
	const struct timespec slice = { .tv_nsec = SLICE };
	uint64_t since = vp_remote_clock() - work->since;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	(void)sigtimedwait(&child, NULL, &slice);
	if (!work->interrupted &&
	    (since > LIMIT || (since > SOON && is_elsewhere(work->traced))))
		interrupt(work);
}

/* Did it stop on its way out of an execve(2) that has succeeded? */
static bool has_executed(pid_t thread)
{
	struct vp_arch_registers registers;
	struct vp_arch_wait wait;

	if (vp_arch_read(thread, &registers))
		return false;
	vp_arch_wait(&registers, &wait);
	return !wait.result &&
	       (wait.call.number == SYS_execve || wait.call.number == SYS_execveat);
}

/* What a stop means; signals are delivered, as they would be. */
static enum stage take(struct work *work, int status)
{
	if (!WIFSTOPPED(status))
		return OVER;
	if (status >> 16 == PTRACE_EVENT_EXEC)
		return EXECUTED;
	if (status >> 16 == PTRACE_EVENT_STOP)
		return has_executed(work->traced) ? EXECUTED : STARTED;
	(void)ptrace(PTRACE_DETACH, work->traced, NULL,
		     (void *)(uintptr_t)(unsigned int)WSTOPSIG(status));
	return OVER;
}

/* Whoever is stopped together with all that watch it does not say so any more. */
static void go_on(void *context)
{
	struct work *work = context;

	vp_hook_limit(&work->limit, VP_HOOK_LIMIT_START);
}

static enum stage wait_for_stop(struct work *work)
{
	int status;
	pid_t id;

	while (!(id = waitpid(-1, &status, __WALL | WNOHANG))) {
		go_on(work);
		wait_a_little(work);
	}
	if (id < 0)
		return OVER;
	work->traced = id;
	return take(work, status);
}

/* It goes on as if it had never been stopped. */
static void let_go(struct work *work)
{
	struct vp_remote remote = { .thread = work->traced, .began = vp_remote_clock() };
	struct vp_injected ignored = { 0 };

	if (vp_arch_read(work->traced, &remote.registers) ||
	    vp_arch_foreign(&remote.registers) ||
	    vp_visit_let_go(&work->injector, &remote, -1, true, &ignored))
		(void)ptrace(PTRACE_DETACH, work->traced, NULL, NULL);
}

/* Filters */

static void set_injection(struct work *work, size_t entry, unsigned int deadline)
{
	const struct vp_hook_entry *row = &work->start->table->entries.data[entry];
	const struct vp_hook_filter *filter = &work->start->table->filters.data[row->filter];

	work->injector.injection = vp_injection_of(filter->code, filter->len, row->flags,
						   deadline, vp_bpf_allows);
	vp_hook_give(filter, work->start->table, &work->giver, &work->injector.injection);
}

/* Those that mean what it is now, which need not be what it was held up for. */
static void cover(struct work *work)
{
	struct vp_hook_process process;
	struct vp_injected injected = { 0 };

	if (vp_hook_process_read(&process, work->traced))
		return;
	for (size_t i = next_match(work->start, &process, 0);
	     i < work->start->table->entries.len && injected.outcome != VP_INJECT_GONE &&
	     injected.reason != VP_REASON_BUSY;
	     i = next_match(work->start, &process, i + 1)) {
		go_on(work);
		set_injection(work, i, DEADLINE);
		vp_inject_held(&work->injector, work->traced, &injected);
		vp_answer_giver_close(&work->giver);
		if (injected.outcome != VP_INJECT_GONE)
			add_note(&work->notes, work->start, VP_HOOK_START, i, work->traced,
				 &injected);
	}
	vp_hook_process_free(&process);
}

/* It was too fast for us, or runs the program for longer: as any process that runs. */
static void cover_late(struct work *work)
{
	struct vp_hook_process process;
	struct vp_injected injected;

	if (vp_hook_process_read(&process, work->process))
		return;
	for (size_t i = next_match(work->start, &process, 0);
	     i < work->start->table->entries.len;
	     i = next_match(work->start, &process, i + 1)) {
		set_injection(work, i, VP_INJECT_DEADLINE);
		vp_inject(&work->injector, work->process, 0, &injected);
		vp_answer_giver_close(&work->giver);
		if (injected.outcome != VP_INJECT_GONE &&
		    !(injected.flags & VP_INJECTED_PRESENT))
			add_note(&work->notes, work->start, VP_HOOK_FOUND, i, work->process,
				 &injected);
	}
	vp_hook_process_free(&process);
}

static void follow(struct work *work)
{
	enum stage stage = wait_for_stop(work);

	go_on(work);
	work->injector.beat = (struct vp_beat){ go_on, work };
	if (stage == EXECUTED)
		cover(work);
	work->injector.beat = (struct vp_beat){ 0 };
	unbind_thread(work);
	if (stage == EXECUTED)
		(void)ptrace(PTRACE_DETACH, work->traced, NULL, NULL);
	if (stage == STARTED)
		let_go(work);
	vp_hook_limit(&work->limit, 0);
	if (stage == STARTED)
		cover_late(work);
}

static sigjmp_buf given_up;

static void give_up(int signal)
{
	(void)signal;
	siglongjmp(given_up, 1);
}

static bool is_ours(const struct work *work)
{
	pid_t process, tracer;

	read_status(work->traced, &process, &tracer);
	return tracer == getpid();
}

/*
 * Before the kernel is answered, if execve(2) does not hold its lock by now: then the thread
 * cannot come before us. Who waits for the lock goes on waiting after a signal
 * (ERESTARTNOINTR): the way out is a jump.
 */
static bool seize_early(struct work *work)
{
	const struct sigaction action = { .sa_handler = give_up };
	const struct itimerval never = { 0 }, soon = { .it_value.tv_usec = EARLY };
	sigset_t alarm;
	bool seized;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	(void)sigaction(SIGALRM, &action, NULL);
	if (sigsetjmp(given_up, 1)) /* perhaps just when it was */
		return is_ours(work);
	(void)setitimer(ITIMER_REAL, &soon, NULL);
	(void)sigprocmask(SIG_UNBLOCK, &alarm, NULL);
	seized = !ptrace(PTRACE_SEIZE, work->traced, NULL, (void *)OPTIONS);
	(void)sigprocmask(SIG_BLOCK, &alarm, NULL);
	(void)setitimer(ITIMER_REAL, &never, NULL);
	return seized;
}

/* Nobody is to wait for this process any more, and it for nobody. */
static void answer(const struct vp_hook_start *start)
{
	vp_hook_answer(start->group, start->event);
	close(start->group);
	atomic_store(start->answered, true);
	(void)prctl(PR_SET_PDEATHSIG, 0);
}

/* Its execve(2) before this one failed, and who saw to that has not let it go yet: it will see
 * to this one too. */
static bool is_seen_to(const struct work *work)
{
	pid_t process, tracer;

	read_status(work->traced, &process, &tracer);
	return tracer && vp_process_parent(tracer) == getppid();
}

/* Its filters are put on it, or it goes without. */
static void see_to_late(struct work *work)
{
	long before = sleeps();

	if (ptrace(PTRACE_SEIZE, work->traced, NULL, (void *)OPTIONS)) {
		int error = -errno;

		if (!is_seen_to(work))
			vp_hook_start_untraced(work->start, error, &work->notes);
		unbind_thread(work);
		return;
	}
	if (sleeps() != before) /* it has run meanwhile, and may have executed */
		interrupt(work);
	else
		unbind_thread(work);
	follow(work);
}

void vp_hook_start_run(const struct vp_hook_start *start)
{
	static struct work work; /* large, and once in the process */
	pid_t tracer;
	bool early;

	work.start = start;
	work.traced = start->thread;
	work.injector.injection.fixups = (struct vp_fixup_table){ vp_fixups, vp_fixup_count };
	read_status(start->thread, &work.process, &tracer);
	vp_hook_limit(&work.limit, VP_HOOK_LIMIT_SEIZE);
	early = seize_early(&work);
	if (early)
		go_on(&work);
	else
		bind_thread(&work);
	answer(start);
	work.since = vp_remote_clock();
	if (early)
		follow(&work);
	else
		see_to_late(&work);
	atomic_fetch_add(start->lost,
			 vp_hook_notes_send_all(&work.notes, start->notes, PATIENCE));
	(void)vp_inject_settle(&work.injector, LINGER);
}
