/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Child processes that prove patches. A child writes its document to a pipe and
 * ends; what it did not write, it did not prove.
 */
#include "agentd/ctl/lab/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agentd/ctl/lab/call_mutant.h"
#include "agentd/ctl/lab/mutant.h"
#include "agentd/document.h"
#include "lib/cleanup.h"
#include "lib/strbuf.h"

#define CREW_MAX    16
#define BASE_TIME   30000  /* milliseconds for a patch, without its own pauses */
#define MUTANT_TIME 500	   /* and for each mutant */
#define EVADE_TIME  300000 /* and for the evasions of streams, on a busy machine */

struct member {
	pid_t pid; /* 0: idle */
	int fd;
	size_t index; /* of the patch */
	uint64_t deadline, allowed;
	struct vp_strbuf text;
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Pauses that the samples ask for, once through all of them. */
static uint64_t pauses(const struct vp_patch *patch)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < patch->samples.len; i++) {
		const struct vp_sample *sample = &patch->samples.data[i];

		for (size_t k = 0; k < sample->steps.len; k++)
			if (sample->steps.data[k].kind == VP_STEP_WAIT)
				sum += sample->steps.data[k].milliseconds * sample->repeat;
	}
	return sum * 2; /* families */
}

static uint64_t time_for(struct vp_patch *patch, const struct vp_proof_order *order)
{
	uint64_t runs =
		order->mutations ? vp_mutant_count(patch) + vp_call_mutant_count(patch) : 0;

	return BASE_TIME + (order->evasions ? EVADE_TIME : 0) + runs * MUTANT_TIME +
	       (runs + 2) * pauses(patch);
}

static void write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t count = write(fd, text, len);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return;
		text += count;
		len -= (size_t)count;
	}
}

/* In the child. Never returns. */
__attribute__((noreturn)) static void
prove(struct vp_patch *patch, const struct vp_proof_order *order, int fd, pid_t parent)
{
	json_t *document;
	char *text;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	signal(SIGPIPE, SIG_IGN);
	document = vp_proof_run(patch, order);
	text = json_dumps(document, JSON_COMPACT);
	json_decref(document);
	if (text)
		write_all(fd, text, strlen(text));
	free(text);
	_exit(text ? 0 : 1);
}

static json_t *failure(const struct vp_patch *patch, const char *text)
{
	json_t *result = json_object();

	vp_json_set_text(result, "id", patch->id);
	vp_json_set_text(result, "file", patch->file);
	vp_json_set_text(result, "result", "error");
	vp_json_set_text(result, "error", text);
	json_object_set_new(result, "samples", json_array());
	return result;
}

/* Start a child; 0 or -errno. */
static int start(struct member *member, struct vp_patch *patch, size_t index,
		 const struct vp_proof_order *order)
{
	pid_t parent = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	member->allowed = time_for(patch, order);
	member->deadline = now() + member->allowed;
	member->pid = fork();
	if (member->pid == 0) {
		close(ends[0]);
		prove(patch, order, ends[1], parent);
	}
	close(ends[1]);
	if (member->pid < 0) {
		member->pid = 0;
		close(ends[0]);
		return -errno;
	}
	member->fd = ends[0];
	member->index = index;
	return 0;
}

/* The child has ended or must: what came of it. */
static json_t *end(struct member *member, const struct vp_patch *patch, bool late)
{
	json_t *result = NULL;
	char *reason;
	int status = 0;

	if (late)
		kill(member->pid, SIGKILL);
	while (waitpid(member->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (member->text.len)
		result = json_loadb(member->text.data, member->text.len, 0, NULL);
	if (!result) {
		if (late)
			reason = vp_format("no end after %llu seconds",
					   (unsigned long long)member->allowed / 1000);
		else if (WIFSIGNALED(status))
			reason = vp_format("the lab was ended by signal %d", WTERMSIG(status));
		else
			reason = vp_format("the lab ended with status %d and without a result",
					   WEXITSTATUS(status));
		result = failure(patch, reason);
		free(reason);
	}
	close(member->fd);
	vp_strbuf_free(&member->text);
	*member = (struct member){ .fd = -1 };
	return result;
}

/* Read what there is. True at the end of it. */
static bool drain(struct member *member)
{
	char buffer[8192];
	ssize_t count = read(member->fd, buffer, sizeof(buffer));

	if (count > 0)
		vp_strbuf_add(&member->text, buffer, (size_t)count);
	return count == 0 || (count < 0 && errno != EINTR);
}

static size_t crew_size(void)
{
	cpu_set_t allowed;
	size_t count = 1;

	if (!sched_getaffinity(0, sizeof(allowed), &allowed))
		count = (size_t)CPU_COUNT(&allowed);
	return count < CREW_MAX ? count : CREW_MAX;
}

/* Wait until some child says something or is late; note the results. Returns how many ended.
 */
static size_t attend(struct member *crew, size_t size, const struct vp_patch_list *patches,
		     json_t *results)
{
	struct pollfd waits[CREW_MAX];
	uint64_t time = now(), nearest = time + 60000;
	size_t ended = 0;

	for (size_t i = 0; i < size; i++) {
		waits[i] = (struct pollfd){ .fd = crew[i].pid ? crew[i].fd : -1,
					    .events = POLLIN };
		if (crew[i].pid && crew[i].deadline < nearest)
			nearest = crew[i].deadline;
	}
	if (poll(waits, size, nearest > time ? (int)(nearest - time) : 0) < 0)
		return 0;
	time = now();
	for (size_t i = 0; i < size; i++) {
		size_t index = crew[i].index;
		bool late = crew[i].pid && time >= crew[i].deadline;

		if (!crew[i].pid || !(late || (waits[i].revents && drain(&crew[i]))))
			continue;
		json_array_set_new(results, index, end(&crew[i], patches->data[index], late));
		ended++;
	}
	return ended;
}

json_t *vp_crew_prove(const struct vp_patch_list *patches, const struct vp_proof_order *order,
		      vp_crew_progress *progress, void *context)
{
	struct member crew[CREW_MAX] = { 0 };
	size_t size = crew_size(), started = 0, done = 0;
	json_t *results = json_array();

	for (size_t i = 0; i < patches->len; i++)
		json_array_append_new(results, json_null());
	while (done < patches->len) {
		for (size_t i = 0; i < size && started < patches->len; i++) {
			struct vp_proof_order mine = *order;
			struct vp_patch *patch = patches->data[started];
			int r;

			if (crew[i].pid)
				continue;
			mine.processor = (unsigned int)i;
			r = start(&crew[i], patch, started, &mine);
			if (r < 0) {
				json_array_set_new(results, started,
						   failure(patch, strerror(-r)));
				done++;
			}
			started++;
		}
		done += attend(crew, size, patches, results);
		progress(context, done, patches->len);
	}
	return results;
}
