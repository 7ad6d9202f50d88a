/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From targets to records, for a while: what is watched where, units that start meanwhile, the
 * loop and its end. What records mean is in observation.c.
 */
#include "agentd/ctl/observe/observe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "agentd/ctl/observe/origin.h"
#include "agentd/ctl/observe/tracer.h"
#include "lib/cleanup.h"

#define ROUND	50u    /* milliseconds: as long as records wait to be read, at most */
#define SEARCH	500u   /* milliseconds: as long as a unit may run unseen */
#define SWEEP	10000u /* milliseconds */
#define OUTSIDE -2     /* of a unit: it is not in cgroup v2, so it is told by its processes */

struct run {
	struct vp_observation *observation;
	struct vp_tracer *tracer;
	int *cgroups; /* of each target: watched; -1: none, OUTSIDE */
	bool host;    /* the whole host is watched */
	int signals;
};

static uint64_t milliseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static bool is_unit(const struct run *run, size_t target)
{
	return run->observation->filters->data[target].target.kind == VP_CALL_TARGET_UNIT;
}

static int watch_host(struct run *run, struct vp_error *err)
{
	const struct vp_tracer_place place = { .cgroup = -1,
					       .processes = true,
					       .programs = true };
	int r = run->host ? 0 : vp_tracer_add(run->tracer, &place, err);

	if (!r)
		run->host = true;
	return r;
}

/*
 * A unit is watched through its cgroup. Where there is no cgroup v2 that has it, or whose
 * events can be had, its processes are told by where they are from, and the host is watched.
 */
static int watch_unit(struct run *run, size_t target, struct vp_error *err)
{
	struct vp_observation *observation = run->observation;
	struct vp_tracer_place place = { .processes = !run->host, .mark = 1ull << target };
	_cleanup_close_ int fd = vp_sought_open_cgroup(&observation->soughts.data[target]);
	int r;

	if (fd == -ENOENT)
		return 0;
	place.cgroup = fd;
	r = fd < 0 ? fd : vp_tracer_add(run->tracer, &place, err);
	if (!r) {
		run->cgroups[target] = TAKE_FD(fd);
		observation->sums[target].by_cgroup = true;
		return 0;
	}
	if (r == -EACCES || r == -EMFILE || r == -ENFILE)
		return r;
	run->cgroups[target] = OUTSIDE;
	observation->by_lineage |= 1ull << target;
	return watch_host(run, err);
}

static void search(struct run *run)
{
	struct vp_found_processes found = { 0 };

	vp_find_processes(&run->observation->soughts, &found);
	vp_observation_meet(run->observation, &found);
	vp_array_free(&found);
}

/* A unit that was stopped has no cgroup any more; when it comes back it has another. */
static bool is_gone(int cgroup)
{
	return cgroup >= 0 && faccessat(cgroup, "cgroup.procs", F_OK, 0);
}

static bool must_search(struct run *run)
{
	bool missing = false;

	for (size_t i = 0; i < run->observation->filters->len; i++) {
		if (!is_unit(run, i))
			continue;
		if (is_gone(run->cgroups[i])) {
			close(run->cgroups[i]);
			run->cgroups[i] = -1;
		}
		missing |= run->cgroups[i] < 0;
	}
	return missing;
}

/* Units that were not there before. */
static int search_again(struct run *run, struct vp_error *err)
{
	if (!must_search(run))
		return 0;
	search(run);
	for (size_t i = 0; i < run->observation->filters->len; i++) {
		int r;

		if (!is_unit(run, i) || run->cgroups[i] != -1)
			continue;
		r = watch_unit(run, i, err);
		if (r)
			return r;
		run->observation->sums[i].started += run->cgroups[i] != -1;
	}
	return 0;
}

/*
 * First the events, then who is there: whoever is forked between the two is told of by a
 * record. Only units need to be found before they can be watched.
 */
static int begin(struct run *run, struct vp_error *err)
{
	struct vp_observation *observation = run->observation;
	int r = 0;

	for (size_t i = 0; i < observation->filters->len && !r; i++) {
		run->cgroups[i] = -1;
		if (is_unit(run, i))
			continue;
		observation->by_lineage |= 1ull << i;
		r = watch_host(run, err);
	}
	search(run);
	for (size_t i = 0; i < observation->filters->len && !r; i++)
		if (is_unit(run, i))
			r = watch_unit(run, i, err);
	return r;
}

/* Until something is to be read, or the time is up. True: somebody wants it to end. */
static bool wait_for_records(struct run *run, uint64_t most)
{
	struct signalfd_siginfo signal;
	const int *fds;
	size_t count = vp_tracer_descriptors(run->tracer, &fds);
	_cleanup_free_ struct pollfd *polled = vp_alloc(count + 1, sizeof(*polled));

	polled[0] = (struct pollfd){ .fd = run->signals, .events = POLLIN };
	for (size_t i = 0; i < count; i++)
		polled[i + 1] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	poll(polled, count + 1, (int)(most < ROUND ? most : ROUND));
	/* taken, so that it does not end us once it is let through again */
	return polled[0].revents & POLLIN &&
	       read(run->signals, &signal, sizeof(signal)) == sizeof(signal);
}

static int loop(struct run *run, uint64_t seconds, vp_observe_progress *progress,
		void *context, struct vp_error *err)
{
	struct vp_observation *observation = run->observation;
	uint64_t begun = milliseconds(), now = begun, searched = begun, swept = begun;
	int r = 0;

	while (!r && now - begun < seconds * 1000 && !observation->interrupted) {
		observation->interrupted =
			wait_for_records(run, seconds * 1000 - (now - begun));
		vp_tracer_read(run->tracer, false, vp_observation_take, observation);
		now = milliseconds();
		if (now - searched >= SEARCH) {
			searched = now;
			progress(context, (now - begun) / 1000, seconds);
			r = search_again(run, err);
		}
		if (now - swept >= SWEEP) {
			swept = now;
			vp_lineage_sweep(&observation->lineage, vp_find_alive);
		}
	}
	vp_tracer_stop(run->tracer);
	observation->milliseconds = milliseconds() - begun;
	vp_tracer_read(run->tracer, true, vp_observation_take, observation);
	observation->lost = vp_tracer_lost(run->tracer);
	return r;
}

static int observe(struct run *run, uint64_t seconds, vp_observe_progress *progress,
		   void *context, struct vp_error *err)
{
	_cleanup_strbuf_ struct vp_strbuf filter = { 0 };
	struct vp_tracepoint tracepoint = { 0 };
	struct vp_tracer_order order = { .tracepoint = &tracepoint };
	int r = vp_tracepoint_find(&tracepoint, err);

	if (r)
		return r;
	order.registers =
		vp_origin_registers(run->observation->native, &tracepoint.form.registers);
	vp_call_numbers_print(&run->observation->numbers, &filter);
	order.filter = vp_strbuf_text(&filter);
	run->tracer = vp_tracer_new(&order);
	r = begin(run, err);
	if (!r)
		r = loop(run, seconds, progress, context, err);
	vp_tracer_free(run->tracer);
	return r;
}

int vp_observation_run(struct vp_observation *observation, uint64_t seconds,
		       vp_observe_progress *progress, void *context, struct vp_error *err)
{
	size_t count = observation->filters->len;
	_cleanup_free_ int *cgroups = vp_alloc(count, sizeof(*cgroups));
	struct run run = { .observation = observation, .cgroups = cgroups };
	sigset_t ends, before;
	int r;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, &before);
	run.signals = signalfd(-1, &ends, SFD_CLOEXEC);
	r = observe(&run, seconds, progress, context, err);
	for (size_t i = 0; i < count; i++)
		if (cgroups[i] > 0)
			close(cgroups[i]);
	if (run.signals >= 0)
		close(run.signals);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
