/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Definitions' system calls inside a live service: calls HELPER [none | drop] FILE...
 * For each filter of each definition a fresh service (caller.c) makes the calls of the samples
 * in every way, has the filter put on by the helper while it runs, and makes them
 * again: denied ones in its own threads, in turn. A line for each, and the sum. Controls that
 * must fail: `none` puts no filter on, `drop` one with a rule less.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agentd/ctl/lab/call_case.h"
#include "agentd/ctl/lab/call_filter.h"
#include "lib/cleanup.h"
#include "lib/process.h"
#include "modules/seccomp/action.h"
#include "policy/policy.h"
#include "tests/harness/ask_helper.h"

#define THREADS	      4
#define FIRST_FD      3
#define PATIENCE      100  /* milliseconds for a call to return */
#define MORE_PATIENCE 3000 /* and for one that did not: the machine may be busy */

struct options {
	const char *helper;
	bool none, drop;
};

struct service {
	pid_t pid, first; /* of the program, and of the cell's process that serves */
	struct vp_stage threads[THREADS];
	size_t turn;
	unsigned int abis;
};

struct sums {
	unsigned int filters, tried, made, good, alike, unmade, bad;
	unsigned int ways[VP_CALL_WAYS];
	uint64_t pause; /* nanoseconds, the longest */
};

static pid_t child_of(pid_t parent)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	pid_t pid;

	do
		pid = vp_process_next(proc);
	while (pid && vp_process_parent(pid) != parent);
	return pid;
}

/* What is where this program is. */
static _Noreturn void exec_service(const char *self, const int *sockets)
{
	const char *slash = strrchr(self, '/');
	int folder = slash ? (int)(slash + 1 - self) : 0;
	char *path = vp_format("%.*scaller", folder, self), *count = vp_format("%d", THREADS);
	int high[THREADS];

	for (int i = 0; i < THREADS; i++)
		high[i] = fcntl(sockets[i], F_DUPFD_CLOEXEC, 100);
	for (int i = 0; i < THREADS; i++)
		dup2(high[i], FIRST_FD + i);
	execlp(path, "caller", count, NULL);
	_exit(127);
}

static int start(struct service *service, const char *self, struct vp_error *err)
{
	int sockets[THREADS], pair[2];
	int r = 0;

	*service = (struct service){ 0 };
	for (int i = 0; i < THREADS; i++) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
			return vp_fail(err, -errno, "socketpair: %s", strerror(errno));
		service->threads[i].socket = pair[0];
		sockets[i] = pair[1];
	}
	service->pid = fork();
	if (!service->pid)
		exec_service(self, sockets);
	for (int i = 0; i < THREADS; i++)
		close(sockets[i]);
	/* it answers once all is there */
	for (int i = 0; i < THREADS && !r; i++)
		r = vp_stage_abis(&service->threads[i], &service->abis, err);
	service->first = child_of(child_of(service->pid));
	return r;
}

static void stop(struct service *service)
{
	for (int i = 0; i < THREADS; i++)
		close(service->threads[i].socket);
	if (service->pid > 0) {
		kill(service->pid, SIGKILL);
		waitpid(service->pid, NULL, 0);
	}
}

static int ask(struct service *service, enum vp_stage_filter how,
	       const struct vp_attempt *attempt, struct vp_outcome *outcome,
	       struct vp_error *err)
{
	const struct vp_stage *thread = &service->threads[service->turn++ % THREADS];
	struct vp_raw_call call;
	int r;

	vp_raw_call_of(attempt, &call);
	r = vp_stage_make(thread, how, &call, PATIENCE, outcome, err);
	if (!r && outcome->kind == VP_OUTCOME_BLOCKED)
		r = vp_stage_make(thread, how, &call, MORE_PATIENCE, outcome, err);
	return r;
}

/* While it runs. */
static int put_on(const struct options *options, const struct service *service,
		  const struct vp_bpf *program, struct sums *sums)
{
	const struct asked asked = { options->helper,	     service->first, 0,
				     VP_INJECT_NO_NEW_PRIVS, program->code,  program->len };
	struct vp_record record;

	if (options->none)
		return 0;
	if (ask_helper(&asked, &record))
		return -EIO;
	if (record.pause > sums->pause)
		sums->pause = record.pause;
	if (record.outcome == VP_INJECT_COVERED && record.threads == THREADS + 1)
		return 0;
	printf("NOT COVERED: %s, %u threads: %s\n",
	       vp_inject_outcome_name((enum vp_inject_outcome)record.outcome), record.threads,
	       vp_inject_reason_text((enum vp_inject_reason)record.reason));
	return -EIO;
}

VP_ARRAY_TYPE(cases, struct vp_call_case);

/* The samples of all sections that have this very filter. */
struct trial {
	const struct options *options;
	const char *self;
	const struct vp_patch *patch;
	struct vp_filter *filter;
	struct vp_bpf program;
	struct vp_attempts attempts;
	struct cases cases;
	struct service service;
	struct sums sums;
};

static bool is_possible(const struct trial *trial, const struct vp_attempt *attempt)
{
	return trial->service.abis & 1u << attempt->abi;
}

static int before(struct trial *trial, struct vp_error *err)
{
	int r = 0;

	vp_array_each (attempt, &trial->attempts) {
		struct vp_call_case *c = vp_array_add(&trial->cases);

		*c = (struct vp_call_case){ .attempt = attempt,
					    .action = vp_filter_judge(trial->filter,
								      &attempt->data),
					    .hazard = vp_call_hazard(attempt) };
		c->controlled = is_possible(trial, attempt) && !c->hazard;
		if (c->controlled && !r)
			r = ask(&trial->service, VP_STAGE_BARE, attempt, &c->control, err);
	}
	return r;
}

/* What is denied does nothing to the thread, if it is denied; what could do harm is not made
 * unless it will be. */
static int after(struct trial *trial, struct vp_error *err)
{
	int r = 0;

	vp_array_each (c, &trial->cases) {
		bool denies = vp_action_denies(vp_bpf_run(&trial->program, &c->attempt->data));

		if (r || !is_possible(trial, c->attempt))
			continue;
		if (!c->attempt->denied ? c->controlled : c->controlled || denies)
			r = ask(&trial->service,
				c->attempt->denied && denies ? VP_STAGE_HERE : VP_STAGE_BARE,
				c->attempt, &c->found, err);
	}
	return r;
}

/* Where it would look the same without the filter: another one with other errno values, which
 * is newer and so the one that counts. */
static int again(struct trial *trial, struct vp_error *err)
{
	_cleanup_free_ struct sock_filter *code = vp_call_filter_twin(&trial->program);
	const struct vp_bpf twin = { code, trial->program.len };
	bool on = false;
	int r = 0;

	vp_array_each (c, &trial->cases) {
		if (r || !c->attempt->denied || !is_possible(trial, c->attempt) ||
		    (c->controlled && !vp_outcome_same(&c->control, &c->found)))
			continue;
		if (!vp_action_denies(vp_bpf_run(&trial->program, &c->attempt->data)))
			continue;
		if (!on)
			r = put_on(trial->options, &trial->service, &twin, &trial->sums);
		on = true;
		c->twinned = !r;
		r = r ? r : ask(&trial->service, VP_STAGE_HERE, c->attempt, &c->twin, err);
	}
	return r;
}

static void judge(struct trial *trial)
{
	struct sums *sums = &trial->sums;

	vp_array_each (c, &trial->cases) {
		_cleanup_strbuf_ struct vp_strbuf expected = { 0 }, found = { 0 }, way = { 0 };
		enum vp_case_verdict verdict = VP_CASE_UNMADE;

		sums->tried++;
		if (is_possible(trial, c->attempt))
			verdict = vp_call_case_judge(c, &expected, &found);
		sums->made += verdict != VP_CASE_UNMADE;
		sums->good += verdict == VP_CASE_GOOD;
		sums->alike += verdict == VP_CASE_ALIKE;
		sums->unmade += verdict == VP_CASE_UNMADE;
		sums->ways[c->attempt->way] += verdict == VP_CASE_GOOD;
		if (verdict != VP_CASE_BAD)
			continue;
		sums->bad++;
		vp_attempt_print(c->attempt, &way);
		printf("NOT SO: %s: %s: expected %s, found %s\n", trial->patch->id,
		       vp_strbuf_text(&way), vp_strbuf_text(&expected),
		       vp_strbuf_text(&found));
	}
}

static void print_sums(const char *what, const struct sums *sums)
{
	printf("        %-16s %5u of %5u ways good", what, sums->good, sums->made);
	for (int way = 0; way < VP_CALL_WAYS; way++)
		if (sums->ways[way])
			printf(", %s %u", vp_call_way_name((enum vp_call_way)way),
			       sums->ways[way]);
	if (sums->alike)
		printf(", alike %u", sums->alike);
	if (sums->unmade)
		printf("; not here: %u", sums->unmade);
	printf("; pause %" PRIu64 " us\n", sums->pause / 1000);
}

static int run(struct trial *trial, struct vp_error *err)
{
	int r = start(&trial->service, trial->self, err);

	if (!r)
		r = before(trial, err);
	if (!r)
		r = put_on(trial->options, &trial->service, &trial->program, &trial->sums);
	if (!r)
		r = after(trial, err);
	if (!r)
		r = again(trial, err);
	if (!r)
		judge(trial);
	stop(&trial->service);
	return r;
}

static bool is_same_program(const struct vp_filter *a, const struct vp_filter *b)
{
	struct vp_bpf x = vp_filter_program(a), y = vp_filter_program(b);

	return x.len == y.len && !memcmp(x.code, y.code, x.len * sizeof(*x.code));
}

static void add_attempts(struct trial *trial, size_t section)
{
	vp_array_each (sample, &trial->patch->call_samples)
		vp_array_each (call, &sample->calls)
			if (sample->syscalls == section)
				vp_attempts_add(&trial->attempts, trial->filter, call,
						sample->denied);
}

/* Of the section, and of those behind it that have the same filter: these are done then. */
static int run_filter(struct trial *trial, struct vp_filter **filters, size_t section,
		      struct vp_error *err)
{
	_cleanup_filter_ struct vp_filter *less = NULL;
	struct vp_call_mutant mutant;
	int r = 0;

	trial->filter = filters[section];
	trial->program = vp_filter_program(trial->filter);
	for (size_t i = section; i < trial->patch->syscalls.len; i++) {
		if (!filters[i] || !is_same_program(filters[i], trial->filter))
			continue;
		add_attempts(trial, i);
		if (i == section)
			continue;
		vp_filter_free(filters[i]);
		filters[i] = NULL;
	}
	if (trial->options->drop) {
		vp_call_mutant_get(trial->patch, 0, &mutant);
		r = vp_call_filter_compile(trial->patch, section, &mutant, &less, err);
		vp_call_mutant_free(&mutant);
		if (!r)
			trial->program = vp_filter_program(less);
	}
	return r ? r : run(trial, err);
}

static void add_sums(struct sums *to, const struct sums *from)
{
	to->filters++;
	to->tried += from->tried;
	to->made += from->made;
	to->good += from->good;
	to->alike += from->alike;
	to->unmade += from->unmade;
	to->bad += from->bad;
	for (int way = 0; way < VP_CALL_WAYS; way++)
		to->ways[way] += from->ways[way];
	if (from->pause > to->pause)
		to->pause = from->pause;
}

static int run_patch(const struct options *options, const char *self,
		     const struct vp_patch *patch, struct sums *sums, struct vp_error *err)
{
	struct vp_filter **filters = vp_alloc(patch->syscalls.len + 1, sizeof(*filters));
	struct sums own = { 0 };
	int r = 0;

	for (size_t i = 0; i < patch->syscalls.len && !r; i++)
		r = vp_call_filter_compile(patch, i, NULL, &filters[i], err);
	for (size_t i = 0; i < patch->syscalls.len && !r; i++) {
		struct trial trial = { .options = options, .self = self, .patch = patch };

		if (!filters[i])
			continue;
		r = run_filter(&trial, filters, i, err);
		add_sums(&own, &trial.sums);
		add_sums(sums, &trial.sums);
		vp_array_free(&trial.attempts);
		vp_array_free(&trial.cases);
	}
	for (size_t i = 0; i < patch->syscalls.len; i++)
		vp_filter_free(filters[i]);
	free(filters);
	if (!r && own.filters)
		print_sums(patch->id, &own);
	return r;
}

static int run_all(const struct options *options, const char *self, const char *const *paths,
		   size_t count)
{
	struct vp_sources sources = { 0 };
	struct vp_findings findings = { 0 };
	struct vp_policy policy = { 0 };
	struct vp_error err = { 0 };
	struct sums sums = { 0 };
	unsigned int patches = 0;
	int r = 0;

	vp_sources_read(&sources, paths, count, NULL, 0, 0, &findings);
	vp_policy_build(&policy, &sources, time(NULL), &findings);
	for (size_t i = 0; i < policy.patches.len && !r && !findings.errors; i++) {
		r = run_patch(options, self, policy.patches.data[i], &sums, &err);
		patches += policy.patches.data[i]->syscalls.len > 0;
		if (r)
			printf("%s: %s\n", policy.patches.data[i]->id, err.text);
	}
	print_sums("all", &sums);
	printf("%u definitions, %u filters, %u ways, %u bad\n", patches, sums.filters,
	       sums.made, sums.bad);
	if (findings.errors)
		printf("%zu errors in definitions\n", findings.errors);
	r = r || findings.errors || sums.bad || !sums.good;
	vp_policy_free(&policy);
	vp_findings_free(&findings);
	vp_sources_free(&sources);
	return r;
}

int main(int argc, char **argv)
{
	struct options options = { .helper = argc > 1 ? argv[1] : NULL };
	int first = 2;

	for (; first < argc; first++)
		if (!strcmp(argv[first], "none"))
			options.none = true;
		else if (!strcmp(argv[first], "drop"))
			options.drop = true;
		else
			break;
	if (first >= argc)
		return fputs("usage: calls HELPER [none | drop] FILE...\n", stderr), 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	return run_all(&options, argv[0], (const char *const *)argv + first,
		       (size_t)(argc - first));
}
