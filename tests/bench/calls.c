/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What filters cost who makes calls under them: definitions are compiled as vpatchd does it,
 * and put on processes of our own, or by vpatchd-inject on others. For bench-syscalls.
 *
 *   calls names
 *       the calls that definitions can name here, a line each
 *   calls size PATH
 *       instructions of the filter that the definitions there make
 *   calls measure allowed|denied ROUNDS NAME=FLAGS:PATH+PATH...
 *       a process for each NAME, with a filter for each PATH; FLAGS are s (SPEC_ALLOW) and
 *       l (LOG). In each round all of them measure in turn, beginning with another each time.
 *       Lines: round, NAME, call, nanoseconds of one call, the least and the mean of batches
 *   calls inject HELPER PATH PID...
 *       exit 0 when all are covered
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agentd/answer/listeners.h"
#include "agentd/inject/request.h"
#include "modules/seccomp/targets.h"

#define BATCHES	 100
#define VARIANTS 16
#define FILTERS	 16 /* of a variant */

static int zero, sock; /* /dev/zero, a socket */

/* Calls: what is measured */

static long call_getppid(void)
{
	return syscall(SYS_getppid);
}

/* The definitions have a rule on its argument, which does not hold here. */
static long call_getpgid(void)
{
	return syscall(SYS_getpgid, 0);
}

static long call_read(void)
{
	char byte;

	return syscall(SYS_read, zero, &byte, 1);
}

/* Likewise a rule on two of its arguments. */
static long call_setsockopt(void)
{
	const int one = 1;

	return syscall(SYS_setsockopt, sock, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
}

/* Denied whatever its arguments, and an error without a filter too. */
static long call_keyctl(void)
{
	return syscall(SYS_keyctl, -1);
}

static const struct {
	const char *name;
	long (*make)(void);
	unsigned int count; /* in a batch */
	bool denied;
} calls[] = {
	{ "getppid", call_getppid, 2000, false },
	{ "getpgid", call_getpgid, 2000, false },
	{ "read", call_read, 2000, false },
	{ "setsockopt", call_setsockopt, 2000, false },
	{ "keyctl", call_keyctl, 100, true },
};

struct taken {
	double least, mean; /* of batches; nanoseconds of one call */
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static struct taken take(size_t call)
{
	struct taken taken = { .least = HUGE_VAL };

	for (unsigned int i = 0; i < BATCHES; i++) {
		double begin = now(), time;

		for (unsigned int n = calls[call].count; n; n--)
			calls[call].make();
		time = (now() - begin) / calls[call].count;
		taken.mean += time / BATCHES;
		if (time < taken.least)
			taken.least = time;
	}
	return taken;
}

/* Filters: from definitions, as vpatchd makes them */

static int compile(const char *path, struct vp_filter **filter)
{
	struct vp_host host = { .kernel = { .nftables = true } };
	struct vp_target_filters filters = { 0 };
	struct vp_findings findings = { 0 };
	struct vp_sources sources = { 0 };
	struct vp_policy policy = { 0 };
	struct vp_error err = { 0 };
	struct vp_plan plan = { 0 };
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };
	int r = -1;

	vp_sources_read(&sources, &path, 1, NULL, 0, 0, &findings);
	vp_policy_build(&policy, &sources, time(NULL), &findings);
	vp_plan_build(&plan, &policy, &host, (1u << VP_POINT_COUNT) - 1, &findings);
	vp_findings_print(&findings, &out);
	if (findings.errors)
		fputs(vp_strbuf_text(&out), stderr);
	else if (vp_target_filters_build(&plan, &filters, &err))
		fprintf(stderr, "%s: %s\n", path, err.text);
	else if (filters.len != 1)
		fprintf(stderr, "%s: one unit expected\n", path);
	else
		r = 0;
	if (!r)
		*filter = vp_filter_share(filters.data[0].filter);
	vp_target_filters_free(&filters);
	vp_plan_free(&plan);
	vp_policy_free(&policy);
	vp_sources_free(&sources);
	vp_findings_free(&findings);
	return r;
}

/* Of a revocable filter: calls are answered as vpatchd-answer does, by a process beside us. */
static int answer(const struct vp_filter *filter, int listener)
{
	static struct vp_answer_listeners listeners;
	static struct vp_answer_table table = { .count = 1 };
	struct pollfd ready = { .fd = listener, .events = POLLIN };
	const struct vp_bpf code = vp_filter_program(filter);
	struct vp_filter_answers rows = { 0 };
	struct vp_answer answers[64] = { 0 };
	struct vp_answer_note denial;

	vp_filter_answers(filter, &rows);
	for (size_t i = 0; i < rows.len && i < VP_COUNT(answers); i++)
		answers[i] = (struct vp_answer){ rows.data[i].error, rows.data[i].tag };
	table.targets[0] = (struct vp_answer_target){ 1, answers, (uint32_t)rows.len,
						      code.code, (uint32_t)code.len };
	if (rows.len > VP_COUNT(answers) ||
	    vp_answer_listeners_add(&listeners, listener, 1) < 0)
		return -1;
	if (fork()) {
		close(listener);
		return 0;
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* it has the filter too: no hang-up comes */
	while (poll(&ready, 1, -1) >= 0 && ready.revents & POLLIN)
		(void)vp_answer_listeners_serve(&listeners, 0, &table, &denial);
	_exit(0);
}

static int put_on(const struct vp_filter *filter, const char *flags)
{
	const struct vp_bpf code = vp_filter_program(filter);
	struct sock_fprog program = { (unsigned short)code.len,
				      (struct sock_filter *)(uintptr_t)code.code };

	unsigned long taken =
		(strchr(flags, 's') ? SECCOMP_FILTER_FLAG_SPEC_ALLOW : 0) |
		(strchr(flags, 'l') ? SECCOMP_FILTER_FLAG_LOG : 0) |
		(vp_filter_is_revocable(filter) ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0);
	int r = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, taken, &program);

	return r > 0 ? answer(filter, r) : r;
}

/* All of them are made before the first is on, which may deny what that takes. */
static int put_all_on(char *paths, const char *flags)
{
	struct vp_filter *filters[FILTERS] = { 0 };
	char *rest = NULL, *path;
	size_t count = 0;
	int r = 0;

	for (path = strtok_r(paths, "+", &rest); path && !r; path = strtok_r(NULL, "+", &rest))
		r = count < FILTERS ? compile(path, &filters[count++]) : -1;
	for (size_t i = 0; i < count && !r; i++)
		r = put_on(filters[i], flags);
	for (size_t i = 0; i < count; i++)
		vp_filter_free(filters[i]);
	return r;
}

/* Variants: a process each */

struct variant {
	char *name, *flags, *paths;
	bool shielded;
	int socket; /* a byte in: measure; one struct taken for each call out */
};

/* Is it under filters exactly where it should be? */
static bool is_shielded(bool denied)
{
	if (syscall(SYS_getpgid, 1) != -1 || errno != EPERM || syscall(SYS_getpgid, 0) < 0)
		return false;
	return !denied || (call_keyctl() == -1 && errno == EPERM);
}

static void serve(const struct variant *variant, int socket, bool denied)
{
	struct taken all[VP_COUNT(calls)];
	char byte;

	if (put_all_on(variant->paths, variant->flags) ||
	    is_shielded(denied) != variant->shielded)
		_exit(1);
	while (read(socket, &byte, 1) == 1) {
		for (size_t i = 0; i < VP_COUNT(calls); i++)
			if (calls[i].denied == denied)
				all[i] = take(i);
		if (write(socket, all, sizeof(all)) != sizeof(all))
			break;
	}
	_exit(0);
}

/* NAME=FLAGS:PATHS */
static int begin(struct variant *variant, char *text, bool denied)
{
	int sockets[2];
	pid_t pid;

	variant->name = strtok_r(text, "=", &variant->flags);
	variant->paths = strchr(variant->flags, ':');
	if (!variant->paths || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return -1;
	*variant->paths++ = '\0';
	variant->shielded = *variant->paths;
	pid = fork();
	if (!pid) {
		close(sockets[0]);
		serve(variant, sockets[1], denied);
	}
	close(sockets[1]);
	variant->socket = sockets[0];
	return pid < 0 ? -1 : 0;
}

static int ask(const struct variant *variant, unsigned int round, bool denied)
{
	struct taken all[VP_COUNT(calls)];

	if (write(variant->socket, "", 1) != 1 ||
	    read(variant->socket, all, sizeof(all)) != sizeof(all))
		return fprintf(stderr, "%s: not under the filters it should be under\n",
			       variant->name),
		       -1;
	for (size_t i = 0; i < VP_COUNT(calls); i++)
		if (calls[i].denied == denied)
			printf("%u %s %s %.2f %.2f\n", round, variant->name, calls[i].name,
			       all[i].least, all[i].mean);
	return 0;
}

static int measure(bool denied, unsigned int rounds, char **texts, size_t count)
{
	struct variant variants[VARIANTS];
	int r = count > VARIANTS || !count;

	for (size_t i = 0; i < count && !r; i++)
		r = begin(&variants[i], texts[i], denied);
	for (unsigned int round = 0; round < rounds; round++)
		for (size_t i = 0; i < count && !r; i++)
			r = ask(&variants[(i + round) % count], round, denied);
	return r ? 1 : 0;
}

/* Injection, as vpatchd asks for it */

static int inject_one(const char *helper, int program, pid_t target)
{
	static struct vp_request request;
	struct vp_record record = { 0 };
	struct vp_error err = { 0 };
	uint8_t bytes[256];
	int sockets[2], r;
	ssize_t got;
	pid_t pid;

	request = (struct vp_request){ .magic = VP_REQUEST_MAGIC,
				       .flags = VP_INJECT_LOG | VP_INJECT_NO_NEW_PRIVS,
				       .count = 1,
				       .processes = { { .id = target } } };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(sockets[1], STDIN_FILENO);
		execl(helper, "vpatchd-inject", NULL);
		_exit(127);
	}
	close(sockets[1]);
	r = vp_request_send(sockets[0], &request, program, &err);
	got = r ? -1 : recv(sockets[0], bytes, sizeof(bytes), 0);
	if (got < 0 || vp_record_parse(bytes, (size_t)got, &record, &err))
		fprintf(stderr, "%s\n", err.text);
	else if (record.outcome != VP_INJECT_COVERED)
		fprintf(stderr, "%d: %s: %s\n", target, vp_inject_outcome_name(record.outcome),
			vp_inject_reason_text(record.reason));
	close(sockets[0]);
	waitpid(pid, NULL, 0);
	return record.outcome == VP_INJECT_COVERED ? 0 : -1;
}

static int inject(const char *helper, const char *path, char **targets)
{
	_cleanup_filter_ struct vp_filter *filter = NULL;
	_cleanup_close_ int program = -1;
	struct vp_error err = { 0 };
	struct vp_bpf code;
	int r = 0;

	if (compile(path, &filter))
		return 1;
	code = vp_filter_program(filter);
	program = vp_request_seal(code.code, code.len, &err);
	if (program < 0)
		return fprintf(stderr, "%s\n", err.text), 1;
	for (; *targets; targets++)
		r |= inject_one(helper, program, atoi(*targets));
	return r ? 1 : 0;
}

static int print_size(const char *path)
{
	_cleanup_filter_ struct vp_filter *filter = NULL;

	if (compile(path, &filter))
		return 1;
	printf("%zu\n", vp_filter_program(filter).len);
	return 0;
}

static int print_names(void)
{
	size_t count;
	const struct vp_call_prototype *all = vp_call_all(&count);

	for (size_t i = 0; i < count; i++)
		if (vp_abi_knows(all[i].name) &&
		    vp_abi_number(vp_abi_native(), all[i].name) >= 0)
			printf("%s\n", all[i].name);
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(verb, "names"))
		return print_names();
	if (!strcmp(verb, "size") && argc == 3)
		return print_size(argv[2]);
	if (!strcmp(verb, "measure") && argc > 4)
		return measure(!strcmp(argv[2], "denied"), (unsigned int)atoi(argv[3]),
			       argv + 4, (size_t)argc - 4);
	if (!strcmp(verb, "inject") && argc > 4)
		return inject(argv[2], argv[3], argv + 4);
	return fputs("usage: calls names | size PATH | measure allowed|denied ROUNDS "
		     "VARIANT... | "
		     "inject HELPER PATH PID...\n",
		     stderr),
	       2;
}
