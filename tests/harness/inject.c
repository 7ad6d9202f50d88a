/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filters put on a running process, one after the other, each denying getpgid(2) with
 * another errno: a line for each, and the pauses at the end. By the library, or by the
 * helper as vpatchd uses it. Options make controls: what goes wrong without a part of it.
 */
#include "agentd/inject/inject.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "agentd/inject/ready.h"
#include "modules/seccomp/interpreter.h"
#include "tests/harness/ask_helper.h"

struct options {
	pid_t process, through;
	unsigned long count, between; /* milliseconds */
	long call;		      /* to be denied */
	bool around;		      /* through each thread in turn */
	bool no_fixups, wrong, same, quiet;
	unsigned int flags;
	const char *helper; /* its executable; NULL: by the library */
	uint64_t start;
};

/* No two are the same: each has an errno of its own. Short: the kernel bears so many only. */
static size_t make(const struct options *options, uint32_t number, struct sock_filter *code)
{
	const uint32_t wrong = options->wrong ? 1000000 : 0;
	const struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)options->call + wrong, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (1 + number % 4000)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	memcpy(code, program, sizeof(program));
	return VP_COUNT(program);
}

static pid_t nth_thread(pid_t process, unsigned long n)
{
	struct vp_target target;
	pid_t id = 0;

	if (!vp_target_open(&target, process, 0) && target.threads.len)
		id = target.threads.data[n % target.threads.len].id;
	vp_target_close(&target);
	return id;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void print(unsigned long i, pid_t through, const struct vp_injected *injected)
{
	printf("%lu: %s reason=%d detail=%lld flags=0x%x threads=%u stops=%u pause=%lluus"
	       " through=%d %s\n",
	       i, vp_inject_outcome_name(injected->outcome), (int)injected->reason,
	       (long long)injected->detail, injected->flags, injected->threads,
	       injected->stops, (unsigned long long)injected->pause / 1000, through,
	       vp_inject_reason_text(injected->reason));
}

/* As whoever starts the helper asks it. */
static int ask(const struct options *options, const struct sock_filter *code, size_t len,
	       struct vp_injected *injected)
{
	const struct asked asked = {
		options->helper, options->process, options->start, options->flags, code, len
	};
	struct vp_record record;

	if (ask_helper(&asked, &record))
		return -1;
	*injected = (struct vp_injected){ .outcome = record.outcome,
					  .reason = record.reason,
					  .detail = record.detail,
					  .flags = record.flags,
					  .threads = record.threads,
					  .stops = record.stops,
					  .pause = record.pause };
	return 0;
}

static int run(const struct options *options)
{
	static struct vp_injector injector;
	_cleanup_free_ uint64_t *pauses = vp_alloc(options->count, sizeof(*pauses));
	const struct timespec between = { (time_t)options->between / 1000,
					  (long)(options->between % 1000) * 1000000 };
	struct sock_filter code[16];
	unsigned long covered = 0, measured = 0;

	for (unsigned long i = 0; i < options->count; i++) {
		struct vp_injected injected;

		injector.injection = (struct vp_injection){
			.program = code,
			.len = make(options, options->same ? 0 : (uint32_t)i, code),
			.flags = options->flags,
			.deadline = VP_INJECT_DEADLINE,
			.allows = vp_bpf_allows,
			.fixups = { vp_fixups, options->no_fixups ? 0 : vp_fixup_count },
			.through = options->around ? nth_thread(options->process, i)
						   : options->through,
		};
		if (!options->helper)
			vp_inject(&injector, options->process, options->start, &injected);
		else if (ask(options, code, injector.injection.len, &injected))
			return 2;
		if (!options->quiet || injected.outcome != VP_INJECT_COVERED)
			print(i, injector.injection.through, &injected);
		covered += injected.outcome == VP_INJECT_COVERED;
		if (injected.stops)
			pauses[measured++] = injected.pause;
		fflush(stdout);
		if (options->between)
			nanosleep(&between, NULL);
	}
	(void)vp_inject_settle(&injector, 1000);
	qsort(pauses, measured, sizeof(*pauses), compare);
	if (measured)
		printf("covered %lu of %lu, pause median %llu us, max %llu us\n", covered,
		       options->count, (unsigned long long)pauses[measured / 2] / 1000,
		       (unsigned long long)pauses[measured - 1] / 1000);
	return covered == options->count ? 0 : 1;
}

static int usage(void)
{
	fputs("inject PID [helper=PATH] [start=TICKS] [count=N] [between=MS] [through=TID] "
	      "[call=NUMBER] [around] [same]\n"
	      "           [privs] [no-fixups] [wrong] [quiet]\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct options options = { .count = 1, .call = SYS_getpgid };

	if (argc < 2)
		return usage();
	options.process = atoi(argv[1]);
	for (int i = 2; i < argc; i++) {
		const char *value = strchr(argv[i], '=');
		unsigned long number = value ? strtoul(value + 1, NULL, 10) : 0;

		if (!strncmp(argv[i], "count=", 6))
			options.count = number;
		else if (!strncmp(argv[i], "between=", 8))
			options.between = number;
		else if (!strncmp(argv[i], "through=", 8))
			options.through = (pid_t)number;
		else if (!strncmp(argv[i], "call=", 5))
			options.call = (long)number;
		else if (!strncmp(argv[i], "start=", 6))
			options.start = number;
		else if (!strncmp(argv[i], "helper=", 7))
			options.helper = argv[i] + 7;
		else if (!strcmp(argv[i], "around"))
			options.around = true;
		else if (!strcmp(argv[i], "same"))
			options.same = true;
		else if (!strcmp(argv[i], "privs"))
			options.flags |= VP_INJECT_NO_NEW_PRIVS;
		else if (!strcmp(argv[i], "no-fixups"))
			options.no_fixups = true;
		else if (!strcmp(argv[i], "wrong"))
			options.wrong = true;
		else if (!strcmp(argv[i], "quiet"))
			options.quiet = true;
		else
			return usage();
	}
	(void)vp_ready();
	return options.process > 0 ? run(&options) : usage();
}
