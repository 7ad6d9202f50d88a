/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Coverage kept up: see keeper.h. What is known and what is due is in coverage.c. */
#include "agentd/syscalls/keeper.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "agentd/document.h"
#include "agentd/loop.h"
#include "agentd/state.h"
#include "agentd/syscalls/answering.h"
#include "agentd/syscalls/hooking.h"
#include "agentd/syscalls/injecting.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/process.h"

#define PERIOD	   2000 /* milliseconds between two looks at the processes */
#define AT_ONCE	   20	/* looks without that, while each finds new processes */
#define HEARING	   2000 /* milliseconds that the hook may take to tell what it has to */
#define UNASKED	   2000 /* milliseconds, after the helper could not be reached */
#define FILE_LIMIT (16 << 20)

struct vp_keeper {
	char *helper, *file;
	int poll;
	struct vp_coverage coverage;
	struct vp_injecting injecting;
	struct vp_hooking *hooking;
	struct vp_answering *answering;
	struct vp_keeper_result result; /* of what is under way */
	struct vp_keeper_listener listener;
	char *problem;
	uint64_t look;	    /* when, in milliseconds after boot; 0: there is nothing to see */
	uint64_t ask;	    /* not before */
	unsigned int quick; /* looks in a row without a pause */
};

/* The file */

/* In memory it is. Elsewhere it says which one it is of; but in a container not all processes
 * are told the same. */
static bool is_of_this_boot(const char *path, const json_t *document)
{
	const char *of = vp_json_get_text(document, "boot");
	struct statfs where;
	char boot[40];

	if (!statfs(path, &where) && where.f_type == TMPFS_MAGIC)
		return true;
	vp_boot_id(boot);
	return of && !strcmp(of, boot);
}

static void load(struct vp_keeper *keeper)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_json_ json_t *document = NULL;
	size_t len;

	if (!keeper->file || vp_file_read(keeper->file, FILE_LIMIT, &text, &len, NULL))
		return;
	document = json_loadb(text, len, 0, NULL);
	if (!is_of_this_boot(keeper->file, document))
		return; /* all of these processes are gone */
	if (vp_coverage_read(&keeper->coverage, document))
		vp_log_warning("%s: damaged; processes are looked at anew", keeper->file);
}

static void save(struct vp_keeper *keeper)
{
	_cleanup_json_ json_t *document = NULL;
	_cleanup_free_ char *text = NULL;
	struct vp_error err;
	char boot[40];

	if (!keeper->coverage.changed || !keeper->file)
		return;
	document = vp_coverage_document(&keeper->coverage);
	vp_boot_id(boot);
	vp_json_set_text(document, "boot", boot);
	text = json_dumps(document, JSON_INDENT(1));
	keeper->coverage.changed = false;
	if (vp_file_write(keeper->file, text, strlen(text), 0640, &err))
		vp_log_warning("%s", err.text);
}

/* Asking */

static void set_problem(struct vp_keeper *keeper, const char *problem)
{
	bool told = (!problem && !keeper->problem) ||
		    (problem && keeper->problem && !strcmp(problem, keeper->problem));
	char *copy = vp_strdup(problem);

	free(keeper->problem);
	keeper->problem = copy;
	if (!told && keeper->listener.helper)
		keeper->listener.helper(keeper->listener.context, problem);
}

/* Those not answered are asked for again. */
static void fail(struct vp_keeper *keeper, const struct vp_request *request, uint32_t first,
		 uint64_t digest, bool blamed, uint64_t now)
{
	for (uint32_t i = first; i < request->count; i++)
		vp_coverage_miss(&keeper->coverage, digest, &request->processes[i],
				 blamed && i == first, now);
	keeper->ask = now + UNASKED;
}

static void ask(struct vp_keeper *keeper, uint64_t now)
{
	struct epoll_event event = { .events = EPOLLIN };
	static struct vp_request request; /* large */
	const struct vp_cover_filter *filter;
	struct vp_bpf program;
	struct vp_error err;

	if (keeper->injecting.socket >= 0 || now < keeper->ask)
		return;
	filter = vp_coverage_next(&keeper->coverage, now, &request);
	if (!filter)
		return;
	request.flags = filter->injection;
	request.key = filter->key;
	program = vp_filter_program(filter->filter);
	keeper->result = (struct vp_keeper_result){ 0 };
	if (vp_injecting_start(&keeper->injecting, keeper->helper, &program, filter->digest,
			       &request, now, &err)) {
		fail(keeper, &request, 0, filter->digest, false, now);
		set_problem(keeper, err.text);
		return;
	}
	set_problem(keeper, NULL);
	(void)epoll_ctl(keeper->poll, EPOLL_CTL_ADD, keeper->injecting.socket, &event);
}

/* Looking */

static bool is_due(const struct vp_keeper *keeper, uint64_t now)
{
	uint64_t again = vp_coverage_again(&keeper->coverage);

	return again && again <= now;
}

static uint32_t filters_of(pid_t id)
{
	struct vp_proc_status status;

	return vp_process_status(id, &status) ? status.filters : 0;
}

static void read_filters(const struct vp_coverage *coverage,
			 struct vp_seen_processes *processes)
{
	vp_array_each (seen, processes) {
		if (!vp_coverage_is_news(coverage, seen))
			continue;
		seen->filters = filters_of(seen->id);
		seen->parent_filters = filters_of(seen->parent);
	}
}

static void look(struct vp_keeper *keeper, uint64_t now)
{
	struct vp_seen_processes processes = { 0 };
	bool units, executables;

	vp_coverage_asks(&keeper->coverage, &units, &executables);
	if (!units && !executables && !keeper->coverage.processes.len) {
		keeper->look = 0;
		return;
	}
	vp_seen_processes_read(&processes, units, executables);
	read_filters(&keeper->coverage, &processes);
	vp_coverage_see(&keeper->coverage, &processes, now);
	vp_seen_processes_free(&processes);
	keeper->look = now + PERIOD;
	if (!is_due(keeper, now))
		keeper->quick = 0;
}

/* Answers */

static void count(struct vp_keeper_result *result, const struct vp_record *record)
{
	result->covered += record->outcome == VP_INJECT_COVERED;
	result->partial += record->outcome == VP_INJECT_PARTIAL;
	result->refused += record->outcome == VP_INJECT_REFUSED;
	result->lacked |=
		record->outcome == VP_INJECT_GONE || (record->outcome != VP_INJECT_REFUSED &&
						      !(record->flags & VP_INJECTED_PRESENT));
	result->flags |= record->flags;
	if (record->pause > result->pause)
		result->pause = record->pause;
	if (!result->worst &&
	    (record->outcome == VP_INJECT_PARTIAL || record->outcome == VP_INJECT_REFUSED)) {
		result->worst = record->id;
		result->why = vp_inject_reason_text((enum vp_inject_reason)record->reason);
	}
}

/* Did it start without the filter, which it has now? */
static void count_late(const struct vp_coverage *coverage, uint64_t digest,
		       const struct vp_record *record, uint64_t now,
		       struct vp_keeper_result *result)
{
	uint64_t bare = 0;

	if (record->outcome == VP_INJECT_COVERED || record->outcome == VP_INJECT_PARTIAL)
		bare = vp_coverage_bare(coverage, digest, record, now);
	if (bare <= result->bare)
		return;
	result->bare = bare;
	result->late = record->id;
}

/* What was forked meanwhile is looked for at once, unless that never ends. */
static void look_again(struct vp_keeper *keeper, uint64_t now)
{
	keeper->look = keeper->quick++ < AT_ONCE ? now : now + PERIOD;
}

static void finish(struct vp_keeper *keeper, int r, const struct vp_error *err, uint64_t now)
{
	struct vp_injecting *injecting = &keeper->injecting;

	keeper->result.filter = vp_coverage_filter(&keeper->coverage, injecting->digest);
	if (keeper->result.filter && keeper->listener.result && injecting->answered)
		keeper->listener.result(keeper->listener.context, &keeper->result);
	if (injecting->answered)
		vp_coverage_answered(&keeper->coverage, injecting->digest,
				     keeper->result.lacked, keeper->result.flags);
	if (r != -ENODATA) {
		fail(keeper, &injecting->request, injecting->answered, injecting->digest, true,
		     now);
		set_problem(keeper, err->text);
	}
	vp_injecting_end(injecting);
	look_again(keeper, now);
}

static void read_answers(struct vp_keeper *keeper, uint64_t now)
{
	struct vp_record record;
	struct vp_error err;
	int r = 0;

	if (keeper->injecting.socket < 0)
		return;
	while ((r = vp_injecting_read(&keeper->injecting, &record, now, &err)) == 1) {
		count(&keeper->result, &record);
		count_late(&keeper->coverage, keeper->injecting.digest, &record, now,
			   &keeper->result);
		vp_coverage_note(&keeper->coverage, keeper->injecting.digest, &record, now);
	}
	if (r)
		finish(keeper, r, &err, now);
}

/* Starts */

/* What was let start without its filter is covered as anything that runs. */
static void take_start(struct vp_keeper *keeper, const struct vp_hook_note *note,
		       uint64_t digest)
{
	uint64_t at = note->from / 1000000; /* what it forks after that has the filter too */
	struct vp_keeper_result result = {
		.filter = vp_coverage_filter(&keeper->coverage, digest),
		.started = note->kind == VP_HOOK_START,
	};

	count(&result, &note->record);
	if (!result.started)
		count_late(&keeper->coverage, digest, &note->record, at, &result);
	if (result.covered || result.partial)
		vp_coverage_add(&keeper->coverage, digest, &note->record, at);
	if (result.filter && keeper->listener.result)
		keeper->listener.result(keeper->listener.context, &result);
}

static void read_hook(struct vp_keeper *keeper, uint64_t now)
{
	struct vp_hook_note note;
	bool looked = false;
	uint64_t digest;

	while (vp_hooking_read(keeper->hooking, &note, &digest) == 1) {
		if (note.kind == VP_HOOK_GAP && keeper->listener.gap)
			keeper->listener.gap(keeper->listener.context, note.text,
					     (note.until - note.from) / 1000000);
		if (!digest || (note.kind != VP_HOOK_START && note.kind != VP_HOOK_FOUND))
			continue;
		if (!looked)
			look(keeper, now);
		looked = true;
		take_start(keeper, &note, digest);
	}
}

static void read_denied(struct vp_keeper *keeper, uint64_t now)
{
	struct vp_answer_note note;

	while (vp_answering_read(keeper->answering, &keeper->coverage, &note, now) == 1)
		if (keeper->listener.denied)
			keeper->listener.denied(keeper->listener.context, &note);
}

void vp_keeper_read(struct vp_keeper *keeper)
{
	uint64_t now = vp_loop_now();

	read_hook(keeper, now);
	read_answers(keeper, now);
	read_denied(keeper, now);
}

void vp_keeper_hear(struct vp_keeper *keeper, unsigned int quiet)
{
	struct pollfd ready = { .fd = keeper->poll, .events = POLLIN };
	uint64_t now = vp_loop_now(), end = now + HEARING;

	if (!keeper->coverage.filters.len || vp_hooking_connect(keeper->hooking, NULL))
		return;
	while (now < end && poll(&ready, 1, (int)quiet) > 0) {
		read_hook(keeper, now);
		now = vp_loop_now();
	}
	look(keeper, now);
}

/* Time */

static void earlier(uint64_t *at, uint64_t other)
{
	if (other && (!*at || other < *at))
		*at = other;
}

unsigned int vp_keeper_tick(struct vp_keeper *keeper)
{
	uint64_t now = vp_loop_now(), next = 0, again;

	if (keeper->injecting.socket >= 0 && now >= keeper->injecting.until)
		vp_keeper_read(keeper);
	if (keeper->look && now >= keeper->look)
		look(keeper, now);
	earlier(&next, vp_answering_keep(keeper->answering, &keeper->coverage, now));
	ask(keeper, now);
	earlier(&next, vp_hooking_keep(keeper->hooking, &keeper->coverage, now));
	save(keeper);
	earlier(&next, keeper->look);
	if (keeper->injecting.socket >= 0) {
		earlier(&next, keeper->injecting.until);
	} else {
		again = vp_coverage_again(&keeper->coverage);
		earlier(&next, again && again < keeper->ask ? keeper->ask : again);
	}
	return next > now ? (unsigned int)(next - now) : next ? 1 : 0;
}

/* Of any of the three whom it talks to. */
static bool awaits_answers(const struct vp_keeper *keeper)
{
	return keeper->injecting.socket >= 0 || !vp_answering_is_settled(keeper->answering) ||
	       !vp_hooking_is_settled(keeper->hooking);
}

/* Is there anything that need not be waited for? */
static bool is_busy(const struct vp_keeper *keeper, uint64_t now)
{
	return awaits_answers(keeper) || (keeper->look && keeper->look <= now) ||
	       (is_due(keeper, now) && now >= keeper->ask);
}

bool vp_keeper_wait(struct vp_keeper *keeper, unsigned int milliseconds)
{
	uint64_t now = vp_loop_now(), end = now + milliseconds;
	struct pollfd ready = { .fd = keeper->poll, .events = POLLIN };

	for (; is_busy(keeper, now) && now < end; now = vp_loop_now()) {
		unsigned int next = vp_keeper_tick(keeper);
		uint64_t left = end - now;

		if (awaits_answers(keeper) &&
		    poll(&ready, 1, (int)(next && next < left ? next : left)) > 0)
			vp_keeper_read(keeper);
	}
	save(keeper);
	return !is_busy(keeper, now);
}

/* Life */

struct vp_keeper *vp_keeper_new(const char *helper, const char *hook, const char *answer,
				const char *file, struct vp_error *err)
{
	struct vp_keeper *keeper;
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0) {
		vp_fail(err, -errno, "no epoll: %s", strerror(errno));
		return NULL;
	}
	keeper = vp_new(struct vp_keeper);
	keeper->poll = fd;
	keeper->injecting.socket = -1;
	keeper->helper = vp_strdup(helper);
	keeper->file = vp_strdup(file);
	load(keeper);
	keeper->hooking = vp_hooking_new(hook, answer, fd, keeper->coverage.filters.len);
	keeper->answering = vp_answering_new(answer, fd);
	if (keeper->coverage.filters.len)
		keeper->look = vp_loop_now();
	return keeper;
}

void vp_keeper_free(struct vp_keeper *keeper)
{
	if (!keeper)
		return;
	save(keeper);
	vp_injecting_end(&keeper->injecting);
	vp_hooking_free(keeper->hooking);
	vp_answering_free(keeper->answering);
	vp_coverage_free(&keeper->coverage);
	close(keeper->poll);
	free(keeper->helper);
	free(keeper->file);
	free(keeper->problem);
	free(keeper);
}

void vp_keeper_listen(struct vp_keeper *keeper, const struct vp_keeper_listener *listener)
{
	keeper->listener = *listener;
}

void vp_keeper_want(struct vp_keeper *keeper, const struct vp_target_filters *filters,
		    uint64_t generation)
{
	vp_coverage_want(&keeper->coverage, filters, generation, vp_loop_now());
	keeper->look = vp_loop_now();
	keeper->ask = 0;
	keeper->quick = 0;
	(void)vp_answering_keep(keeper->answering, &keeper->coverage, keeper->look);
}

int vp_keeper_fd(const struct vp_keeper *keeper)
{
	return keeper->poll;
}

const struct vp_coverage *vp_keeper_coverage(const struct vp_keeper *keeper)
{
	return &keeper->coverage;
}

const char *vp_keeper_problem(const struct vp_keeper *keeper)
{
	return keeper->problem;
}

const char *vp_keeper_answers_problem(const struct vp_keeper *keeper)
{
	return vp_answering_problem(keeper->answering);
}

const char *vp_keeper_starts_problem(const struct vp_keeper *keeper)
{
	return vp_hooking_problem(keeper->hooking);
}
