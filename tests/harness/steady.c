/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program that knows itself: threads that wait in read(2), each with every register filled,
 * and look whether anything of it changed: registers, vectors, signal mask, what they
 * read and how the call ended. A thread wakes them with numbered bytes; one computes under a
 * storm of signals.
 *   steady own       on stacks of the C library's
 *   steady foreign   on stacks of its own making, as coroutines have; the first thread has
 * ended steady alone     one thread, in epoll_wait(2) For each line of standard input one
 * line: "ok", or what was found since the last.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define READERS 4
#define PAGE	4096
#define STACK	((size_t)256 << 10)
#define BYTE	'a'
#define BYTES	26

struct registers {
	uint64_t general[12]; /* rbx rbp r12 r13 r14 r15 rdi rsi rdx r10 r8 r9 */
	uint8_t vectors[16][32];
};

#ifdef __x86_64__
#define EACH_VECTOR(move, name, to)                                                           \
	move(name, 0, to) move(name, 1, to) move(name, 2, to) move(name, 3, to)               \
		move(name, 4, to) move(name, 5, to) move(name, 6, to) move(name, 7, to)       \
			move(name, 8, to) move(name, 9, to) move(name, 10, to)                \
				move(name, 11, to) move(name, 12, to) move(name, 13, to)      \
					move(name, 14, to) move(name, 15, to)
#define LOAD_YMM(name, n, to)  "vmovdqu 96+32*" #n "(%r11), %ymm" #n "\n"
#define STORE_YMM(name, n, to) "vmovdqu %ymm" #n ", 96+32*" #n "(%r11)\n"
#define LOAD_XMM(name, n, to)  "movdqu 96+32*" #n "(%r11), %xmm" #n "\n"
#define STORE_XMM(name, n, to) "movdqu %xmm" #n ", 96+32*" #n "(%r11)\n"

/* long NAME(long number, const struct registers *in, struct registers *out) */
#define CALL(name, load, store, end)                                                          \
	__asm__(".text\n.type " #name ", @function\n" #name ":\n"                             \
		"push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\n"          \
		"push %rdx\nmov %rdi, %rax\nmov %rsi, %r11\n" EACH_VECTOR(                    \
			load,                                                                 \
			, ) "mov (%r11), %rbx\nmov 8(%r11), %rbp\nmov 16(%r11), %r12\n"       \
			    "mov 24(%r11), %r13\nmov 32(%r11), %r14\nmov 40(%r11), %r15\n"    \
			    "mov 48(%r11), %rdi\nmov 56(%r11), %rsi\nmov 64(%r11), %rdx\n"    \
			    "mov 72(%r11), %r10\nmov 80(%r11), %r8\nmov 88(%r11), %r9\n"      \
			    "syscall\nmov (%rsp), %r11\n"                                     \
			    "mov %rbx, (%r11)\nmov %rbp, 8(%r11)\nmov %r12, 16(%r11)\n"       \
			    "mov %r13, 24(%r11)\nmov %r14, 32(%r11)\nmov %r15, 40(%r11)\n"    \
			    "mov %rdi, 48(%r11)\nmov %rsi, 56(%r11)\nmov %rdx, 64(%r11)\n"    \
			    "mov %r10, 72(%r11)\nmov %r8, 80(%r11)\n"                         \
			    "mov %r9, 88(%r11)\n" EACH_VECTOR(store, , ) end                  \
		"add $8, %rsp\npop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\n"  \
		"ret\n.size " #name ", .-" #name "\n")
CALL(call_wide, LOAD_YMM, STORE_YMM, "vzeroupper\n");
CALL(call_narrow, LOAD_XMM, STORE_XMM, "");
long call_wide(long number, const struct registers *in, struct registers *out);
long call_narrow(long number, const struct registers *in, struct registers *out);

static long call(long number, const struct registers *in, struct registers *out)
{
	return __builtin_cpu_supports("avx") ? call_wide(number, in, out)
					     : call_narrow(number, in, out);
}
static const size_t width = 32;
static size_t vector_bytes(void)
{
	return __builtin_cpu_supports("avx") ? width : width / 2;
}
#else
static long call(long number, const struct registers *in, struct registers *out)
{
	const uint64_t *a = in->general + 6;
	long r = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);

	*out = *in;
	return r < 0 ? -errno : r;
}
static size_t vector_bytes(void)
{
	return 0;
}
#endif

struct reader {
	int fds[2];
	atomic_ulong rounds;
	unsigned char next; /* byte */
	pthread_t thread;
};

static struct reader readers[READERS];
static atomic_ulong computed, sent, received;
static _Atomic(const char *) found; /* NULL: nothing */

static void find(const char *what)
{
	const char *nothing = NULL;

	atomic_compare_exchange_strong(&found, &nothing, what);
}

static void fill(struct registers *in, unsigned long seed)
{
	uint8_t *bytes = (uint8_t *)in;

	for (size_t i = 0; i < sizeof(*in); i++)
		bytes[i] = (uint8_t)(seed * 31 + i * 7 + (seed >> 8));
}

static bool same(const struct registers *in, const struct registers *out)
{
	if (memcmp(in->general, out->general, sizeof(in->general)) != 0)
		return false;
	for (size_t i = 0; i < 16; i++)
		if (memcmp(in->vectors[i], out->vectors[i], vector_bytes()) != 0)
			return false;
	return true;
}

/* Signals go to the thread that computes; no thread has an alternate stack. */
static void look_at_signals(bool blocked)
{
	uint64_t mask = 0;
	stack_t stack;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, sizeof(mask));
	if (!(mask >> (SIGALRM - 1) & 1) != !blocked || (mask >> (SIGUSR2 - 1) & 1))
		find("signal mask");
	if (sigaltstack(NULL, &stack) || stack.ss_flags != SS_DISABLE)
		find("alternate stack");
}

static void read_one(struct reader *reader)
{
	struct registers in, out;
	unsigned char byte = 0;
	long r;

	fill(&in, reader->rounds);
	in.general[6] = (uint64_t)reader->fds[0];
	in.general[7] = (uint64_t)(uintptr_t)&byte;
	in.general[8] = 1;
	r = call(SYS_read, &in, &out);
	if (r != 1)
		find(r == -EINTR ? "EINTR" : "a wrong result");
	else if (byte != BYTE + reader->next)
		find("a wrong byte");
	if (!same(&in, &out))
		find("registers");
	reader->next = (unsigned char)((reader->next + 1) % BYTES);
	look_at_signals(true);
	reader->rounds++;
}

static void *run_reader(void *reader)
{
	for (;;)
		read_one(reader);
	return NULL;
}

static void *run_waker(void *unused)
{
	const struct timespec pause = { .tv_nsec = 3000000 };

	(void)unused;
	for (unsigned int i = 0;; i = (i + 1) % BYTES) {
		char byte = (char)(BYTE + i);

		for (size_t k = 0; k < READERS; k++)
			(void)!write(readers[k].fds[1], &byte, 1);
		if (!sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 }))
			sent++;
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
	return NULL;
}

static void receive(int signal)
{
	(void)signal;
	received++;
}

static double sum(void)
{
	double s = 0;

	for (int i = 1; i < 3000; i++)
		s += 1.0 / ((double)i * i);
	return s;
}

static void *run_storm(void *unused)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	const double right = sum();
	sigset_t none;

	(void)unused;
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	for (;; computed++) {
		if (sum() != right)
			find("a wrong sum");
		look_at_signals(false);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* Memory with nothing unreadable below it. */
static void *foreign_stack(void)
{
	char *memory = mmap(NULL, STACK + 2 * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	munmap(memory, PAGE);
	return memory + PAGE;
}

static int start(void *(*run)(void *), void *argument, bool foreign)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int r;

	pthread_attr_init(&attributes);
	if (foreign)
		pthread_attr_setstack(&attributes, foreign_stack(), STACK);
	r = pthread_create(&thread, &attributes, run, argument);
	pthread_attr_destroy(&attributes);
	return r;
}

static bool has_passed(const atomic_ulong *rounds, unsigned long before, int *patience)
{
	const struct timespec pause = { .tv_nsec = 2000000 };

	while (*rounds < before + 2 && *patience > 0) {
		nanosleep(&pause, NULL);
		--*patience;
	}
	return *rounds >= before + 2;
}

/* Every thread has gone on since now; within two seconds. */
static void wait_for_rounds(void)
{
	unsigned long rounds[READERS], before = computed;
	int patience = 1000;

	for (size_t i = 0; i < READERS; i++)
		rounds[i] = readers[i].rounds;
	for (size_t i = 0; i < READERS; i++)
		if (!has_passed(&readers[i].rounds, rounds[i], &patience))
			find("a thread that hangs");
	if (!has_passed(&computed, before, &patience))
		find("a thread that hangs");
}

static void answer(void)
{
	const char *what = atomic_exchange(&found, NULL);

	puts(what ? what : "ok");
	fflush(stdout);
}

static void *run_commands(void *unused)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	char line[64];

	while (fgets(line, sizeof(line), stdin)) {
		unsigned long before;

		wait_for_rounds();
		before = sent;
		for (int i = 0; received < before && i < 500; i++)
			nanosleep(&pause, NULL);
		if (received < before)
			find("lost signals");
		answer();
	}
	_exit(0);
	return unused;
}

static int run_threads(bool foreign)
{
	const struct sigaction action = { .sa_handler = receive, .sa_flags = SA_RESTART };
	sigset_t blocked;
	int r = 0;

	sigaction(SIGRTMIN, &action, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGALRM);
	sigaddset(&blocked, SIGRTMIN);
	pthread_sigmask(SIG_SETMASK, &blocked, NULL);
	for (size_t i = 0; i < READERS; i++)
		r |= pipe(readers[i].fds) || start(run_reader, &readers[i], foreign);
	r |= start(run_storm, NULL, foreign) || start(run_waker, NULL, foreign) ||
	     start(run_commands, NULL, foreign);
	puts("ready");
	fflush(stdout);
	if (r)
		return 1;
	pthread_exit(NULL);
}

static int run_alone(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int poll = epoll_create1(0);
	struct registers in, out;
	char line[64];

	epoll_ctl(poll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
	puts("ready");
	fflush(stdout);
	for (unsigned long i = 0;; i++) {
		long r;

		fill(&in, i);
		in.general[6] = (uint64_t)poll;
		in.general[7] = (uint64_t)(uintptr_t)&event;
		in.general[8] = 1;
		in.general[9] = UINT64_MAX; /* no timeout */
		in.general[10] = 0;	    /* no mask */
		r = call(SYS_epoll_pwait, &in, &out);
		if (!same(&in, &out))
			find("registers");
		if (r == -EINTR)
			find("EINTR");
		else if (r != 1)
			find("a wrong result");
		if (r != 1)
			continue;
		look_at_signals(false);
		if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
			return 0;
		answer();
	}
}

int main(int argc, char **argv)
{
	const char *how = argc == 2 ? argv[1] : "";

	if (!strcmp(how, "alone"))
		return run_alone();
	if (strcmp(how, "own") != 0 && strcmp(how, "foreign") != 0)
		return fputs("usage: steady own|foreign|alone\n", stderr), 2;
	return run_threads(!strcmp(how, "foreign"));
}
