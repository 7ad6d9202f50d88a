/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The injector killed at every step: it is traced itself, and gets SIGKILL before and after
 * each call by which it does something to its target; then at any instant. After each kill
 * the target (steady.c) is asked what it noticed. A line for each step:
 *   17 SETREGS  harmed before 0 of 5, after 0 of 5
 * and the sums, apart for the steps between the first and the last change of registers.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <linux/ptrace.h>

#include "agentd/inject/inject.h"
#include "agentd/inject/request.h"
#include "lib/cleanup.h"

#define STEPS	 80
#define LABEL	 24
#define PATIENCE 3000 /* milliseconds, for an answer */
#define TRAPPED	 (SIGTRAP | 0x80)

struct target {
	const char *program, *how;
	pid_t pid;
	int to, from;
	unsigned long harmed;
};

struct step {
	char label[LABEL];
	unsigned long tries[2], harmed[2]; /* before it, after it */
};

/* What is done to the target, in order. */
struct steps {
	struct step list[STEPS];
	size_t len;
};

static const char *helper_program;
static uint32_t filters; /* made so far */

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

/* The target */

static bool read_answer(const struct target *target, char *answer, size_t room)
{
	struct pollfd fd = { target->from, POLLIN, 0 };
	size_t len = 0;

	while (len < room - 1 && poll(&fd, 1, PATIENCE) == 1 &&
	       read(target->from, answer + len, 1) == 1) {
		if (answer[len] == '\n')
			break;
		len++;
	}
	answer[len] = '\0';
	return len > 0;
}

static void start_target(struct target *target)
{
	int to[2], from[2];
	char answer[64];

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		fail("pipe");
	target->pid = fork();
	if (!target->pid) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		execl(target->program, "steady", target->how, NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	target->to = to[1];
	target->from = from[0];
	if (!read_answer(target, answer, sizeof(answer)) || strcmp(answer, "ready") != 0)
		fail("the target does not start");
}

/* How it ended; NULL: it lives. */
static const char *end_target(struct target *target, char *text, size_t room)
{
	int status;

	kill(target->pid, SIGKILL);
	close(target->to);
	close(target->from);
	if (waitpid(target->pid, &status, 0) != target->pid)
		fail("waitpid");
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		snprintf(text, room, "died by signal %d", WTERMSIG(status));
	else if (WIFEXITED(status))
		snprintf(text, room, "ended with status %d", WEXITSTATUS(status));
	else
		snprintf(text, room, "does not answer");
	return text;
}

/* What it noticed; "": nothing. A harmed one is replaced. */
static const char *ask_target(struct target *target, char *text, size_t room)
{
	const struct timespec end = { .tv_nsec = 20000000 };
	bool answered = write(target->to, "?\n", 2) == 2 && read_answer(target, text, room);

	if (answered && !strcmp(text, "ok"))
		return "";
	if (!answered) {
		nanosleep(&end, NULL); /* it may be about to end by itself */
		end_target(target, text, room);
	} else {
		char unused[64];

		end_target(target, unused, sizeof(unused));
	}
	start_target(target);
	target->harmed++;
	return text;
}

/* The injector */

/* Each filter is another. */
static int make_program(struct vp_error *err)
{
	const struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (1 + filters++ % 4000)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return vp_request_seal(program, VP_COUNT(program), err);
}

/* Traced from its first instruction on; it has its request. */
static pid_t start_helper(const struct target *target, int *socket)
{
	struct vp_request request = { .magic = VP_REQUEST_MAGIC,
				      .count = 1,
				      .processes = { { .id = target->pid } } };
	struct vp_error err = { 0 };
	_cleanup_close_ int program = make_program(&err);
	int sockets[2], status;
	pid_t pid;

	if (program < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		fail("socketpair");
	pid = fork();
	if (!pid) {
		dup2(sockets[1], STDIN_FILENO);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execl(helper_program, "vpatchd-inject", NULL);
		_exit(127);
	}
	close(sockets[1]);
	*socket = sockets[0];
	if (vp_request_send(*socket, &request, program, &err))
		fail(err.text);
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_TRACESYSGOOD))
		fail("the injector does not start");
	return pid;
}

static const char *name_of(uint64_t request)
{
	static const struct {
		uint64_t request;
		const char *name;
	} names[] = {
		{ PTRACE_SEIZE, "SEIZE" },
		{ PTRACE_INTERRUPT, "INTERRUPT" },
#ifdef PT_GETREGS
		{ PTRACE_GETREGS, "GETREGS" },
		{ PTRACE_SETREGS, "SETREGS" },
#else
		{ PTRACE_GETREGSET, "GETREGS" },
		{ PTRACE_SETREGSET, "SETREGS" },
#endif
		{ PTRACE_GETREGSET, "GETREGSET" },
		{ PTRACE_SETREGSET, "SETREGSET" },
		{ PTRACE_GETSIGMASK, "GETSIGMASK" },
		{ PTRACE_SETSIGMASK, "SETSIGMASK" },
		{ PTRACE_SYSCALL, "SYSCALL" },
		{ PTRACE_CONT, "CONT" },
		{ PTRACE_DETACH, "DETACH" },
		{ PTRACE_SECCOMP_GET_FILTER, "GET_FILTER" },
		{ PTRACE_GET_RSEQ_CONFIGURATION, "GET_RSEQ" },
	};

	for (size_t i = 0; i < VP_COUNT(names); i++)
		if (names[i].request == request)
			return names[i].name;
	return "another";
}

/* NULL: the call does nothing to another process. */
static const char *label_of(const struct ptrace_syscall_info *info)
{
	switch (info->entry.nr) {
	case SYS_ptrace:
		return name_of(info->entry.args[0]);
	case SYS_process_vm_readv:
		return "read memory";
	case SYS_process_vm_writev:
		return "write memory";
	default:
		return NULL;
	}
}

struct watch {
	struct steps *steps; /* to be filled or checked */
	bool learn;
	long stop; /* at this step; below 0: at none */
	bool after;
	const char *last;
	long at; /* the step that it is in, or was in last; -1: none yet */
	bool inside;
	bool differs; /* other steps than were learned */
};

/* As many filters as are there are read, and as many words: those are one step. */
static bool is_repeated(const char *label, const char *last)
{
	return last && !strcmp(label, last) &&
	       (!strcmp(label, "GET_FILTER") || !strcmp(label, "read memory"));
}

/* The helper enters a call. True: it is to be killed here. */
static bool enter(struct watch *watch, const struct ptrace_syscall_info *info)
{
	const char *label = label_of(info);

	watch->inside = false;
	if (!label || (watch->at < 0 && strcmp(label, "SEIZE") != 0))
		return false;
	watch->inside = true;
	if (!is_repeated(label, watch->last) && ++watch->at >= STEPS)
		fail("too many steps");
	watch->last = label;
	if (watch->learn) {
		snprintf(watch->steps->list[watch->at].label, LABEL, "%s", label);
		watch->steps->len = (size_t)watch->at + 1;
	} else if (watch->steps && strcmp(watch->steps->list[watch->at].label, label) != 0) {
		watch->differs = true;
	}
	return !watch->differs && watch->at == watch->stop && !watch->after;
}

/* Run it until it is to be killed, or ends. True: it is stopped where it is to be killed. */
static bool run_helper(pid_t helper, struct watch *watch)
{
	int signal = 0, status;

	for (;;) {
		struct ptrace_syscall_info info;

		if (ptrace(PTRACE_SYSCALL, helper, NULL, (void *)(intptr_t)signal) ||
		    waitpid(helper, &status, 0) != helper)
			fail("the injector");
		if (!WIFSTOPPED(status))
			return false;
		signal = WSTOPSIG(status) == TRAPPED ? 0 : WSTOPSIG(status);
		if (signal ||
		    ptrace(PTRACE_GET_SYSCALL_INFO, helper, (void *)sizeof(info), &info) <= 0)
			continue;
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY && enter(watch, &info))
			return true;
		if (info.op == PTRACE_SYSCALL_INFO_EXIT && watch->inside && watch->after &&
		    !watch->differs && watch->at == watch->stop)
			return true;
	}
}

static void kill_helper(pid_t helper)
{
	int status;

	kill(helper, SIGKILL);
	if (waitpid(helper, &status, 0) != helper || WIFSTOPPED(status))
		fail("the injector does not die");
}

/* One injection to its end, to learn the steps. */
static void learn(struct target *target, struct steps *steps)
{
	struct watch watch = { .steps = steps, .learn = true, .stop = -1, .at = -1 };
	struct vp_error err = { 0 };
	struct vp_record record;
	uint8_t bytes[256];
	char text[128];
	int socket;
	ssize_t got;

	(void)run_helper(start_helper(target, &socket), &watch);
	got = recv(socket, bytes, sizeof(bytes), MSG_DONTWAIT);
	close(socket);
	if (got < 0 || vp_record_parse(bytes, (size_t)got, &record, &err) ||
	    record.outcome != VP_INJECT_COVERED || *ask_target(target, text, sizeof(text)))
		fail("an injection that nobody disturbs");
}

/* False: this injection went another way (a thread that ran), and to its end. */
static bool try_at(struct target *target, struct steps *steps, size_t step, bool after)
{
	struct watch watch = { .steps = steps, .stop = (long)step, .after = after, .at = -1 };
	struct step *at = &steps->list[step];
	const char *harm;
	char text[128];
	int socket;
	pid_t helper = start_helper(target, &socket);
	bool killed = run_helper(helper, &watch);

	if (killed)
		kill_helper(helper);
	close(socket);
	harm = ask_target(target, text, sizeof(text));
	at->tries[after] += killed;
	if (*harm) {
		at->harmed[after]++;
		fprintf(stderr, "%zu %s %s: %s\n", step, after ? "after" : "before", at->label,
			harm);
	}
	return killed;
}

static void kill_at(struct target *target, struct steps *steps, size_t step, bool after)
{
	bool tried = false;

	for (int i = 0; i < 10 && !tried; i++)
		tried = try_at(target, steps, step, after);
}

static void print(const struct steps *steps)
{
	for (size_t i = 0; i < steps->len; i++) {
		const struct step *step = &steps->list[i];

		printf("%2zu %-12s harmed before %lu of %lu, after %lu of %lu\n", i,
		       step->label, step->harmed[0], step->tries[0], step->harmed[1],
		       step->tries[1]);
	}
}

/* Where registers are changed first, and put back. */
static void find_window(const struct steps *steps, size_t *first, size_t *last)
{
	*first = steps->len;
	*last = 0;
	for (size_t i = 0; i < steps->len; i++)
		if (!strcmp(steps->list[i].label, "SETREGS")) {
			*first = i < *first ? i : *first;
			*last = i;
		}
}

static void print_sums(const struct steps *steps)
{
	unsigned long tries[2] = { 0 }, harmed[2] = { 0 };
	size_t first, last;

	find_window(steps, &first, &last);
	for (size_t i = 0; i < steps->len; i++)
		for (int after = 0; after < 2; after++) {
			bool inside = i >= first + !after && i < last + !after;

			tries[inside] += steps->list[i].tries[after];
			harmed[inside] += steps->list[i].harmed[after];
		}
	printf("steps %zu; harmed between the first and the last SETREGS (%zu, %zu): %lu of "
	       "%lu; else: %lu of %lu\n",
	       steps->len, first, last, harmed[1], tries[1], harmed[0], tries[0]);
}

/* Runs by itself from where it has told the thread to stop. */
static bool let_run(pid_t helper)
{
	struct watch watch = { .stop = 1, .after = true, .at = -1 }; /* SEIZE, INTERRUPT */

	return run_helper(helper, &watch) && !ptrace(PTRACE_DETACH, helper, NULL, NULL);
}

static void kill_any(struct target *target, unsigned long count, unsigned long within)
{
	unsigned long late = 0, harmed = 0;
	struct timespec now, end;
	char text[128];

	for (unsigned long i = 0; i < count; i++) {
		int socket, status;
		pid_t helper = start_helper(target, &socket);
		bool runs = let_run(helper);

		clock_gettime(CLOCK_MONOTONIC, &end);
		end.tv_nsec += (long)(within * 1000 * i / count);
		end.tv_sec += end.tv_nsec / 1000000000;
		end.tv_nsec %= 1000000000;
		do
			clock_gettime(CLOCK_MONOTONIC, &now);
		while (now.tv_sec < end.tv_sec ||
		       (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
		kill(helper, SIGKILL);
		waitpid(helper, &status, 0);
		late += !runs || WIFEXITED(status);
		close(socket);
		harmed += *ask_target(target, text, sizeof(text)) != '\0';
	}
	printf("any instant: harmed %lu of %lu, in %lu it had ended\n", harmed, count, late);
}

int main(int argc, char **argv)
{
	struct target target = { 0 };
	struct steps steps = { 0 };
	unsigned long tries, any;
	char text[128];

	if (argc != 6)
		return fputs("usage: killed INJECTOR TARGET HOW TRIES INSTANTS\n", stderr), 2;
	signal(SIGPIPE, SIG_IGN);
	helper_program = argv[1];
	target.program = argv[2];
	target.how = argv[3];
	tries = strtoul(argv[4], NULL, 10);
	any = strtoul(argv[5], NULL, 10);
	start_target(&target);
	learn(&target, &steps);
	for (unsigned long i = 0; i < tries; i++)
		for (size_t step = 0; step < steps.len; step++) {
			kill_at(&target, &steps, step, false);
			kill_at(&target, &steps, step, true);
		}
	print(&steps);
	print_sums(&steps);
	if (any)
		kill_any(&target, any, 1500);
	end_target(&target, text, sizeof(text));
	return 0;
}
