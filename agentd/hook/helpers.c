/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forked processes for starts: see helpers.h. */
#include "agentd/hook/helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "agentd/inject/remote.h"
#include "lib/cleanup.h"

#define ANSWER_LIMIT UINT64_C(300000000)   /* nanoseconds */
#define LIFE_LIMIT   UINT64_C(15000000000) /* nanoseconds */
#define FIRST_FD     3

int vp_hook_helpers_open(struct vp_hook_helpers *helpers)
{
	void *shared = mmap(NULL, VP_HOOK_HELPERS * sizeof(*helpers->answered),
			    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return -errno;
	helpers->answered = shared;
	return 0;
}

static void close_between(int first, int last)
{
	if (first > last || !syscall(SYS_close_range, first, last, 0) || errno != ENOSYS)
		return;
	for (int fd = first; fd <= last && fd < 65536; fd++)
		close(fd);
}

/* Above all the kernel's groups: as long as one is open, its starts wait for an answer. */
static void close_all_but(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;

	close_between(FIRST_FD, low - 1);
	close_between(low + 1, high - 1);
	close_between(high + 1, INT32_MAX);
}

/* Until it has answered it ends with the worker, for the same reason. */
static void run(const struct vp_hook_start *start, pid_t worker)
{
	(void)prctl(PR_SET_NAME, "hook-start");
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != worker)
		return;
	close_all_but(start->group, start->notes);
	vp_hook_start_run(start);
}

static struct vp_hook_helper *find_free(struct vp_hook_helpers *helpers)
{
	for (size_t i = 0; i < VP_HOOK_HELPERS; i++)
		if (!helpers->places[i].id)
			return &helpers->places[i];
	return NULL;
}

int vp_hook_helpers_start(struct vp_hook_helpers *helpers, struct vp_hook_start *start)
{
	struct vp_hook_helper *helper = find_free(helpers);
	_cleanup_close_ int group = -1;
	pid_t worker = getpid();

	if (!helper)
		return -EAGAIN;
	start->answered = &helpers->answered[helper - helpers->places];
	atomic_store(start->answered, false);
	group = fcntl(start->group, F_DUPFD_CLOEXEC, FIRST_FD);
	helper->id = group >= 0 ? fork() : -1;
	if (helper->id < 0) {
		helper->id = 0;
		return -errno;
	}
	if (!helper->id) {
		run(start, worker);
		_exit(0);
	}
	helper->group = TAKE_FD(group);
	helper->event = start->event;
	helper->since = vp_remote_clock();
	return 0;
}

size_t vp_hook_helpers_room(const struct vp_hook_helpers *helpers)
{
	size_t room = VP_HOOK_HELPERS, unanswered = 0;

	for (size_t i = 0; i < VP_HOOK_HELPERS; i++) {
		const struct vp_hook_helper *helper = &helpers->places[i];

		room -= helper->id != 0;
		unanswered += helper->id && !atomic_load(&helpers->answered[i]);
	}
	if (unanswered >= VP_HOOK_UNANSWERED)
		return 0;
	return room < VP_HOOK_UNANSWERED - unanswered ? room : VP_HOOK_UNANSWERED - unanswered;
}

/* The number of the event is the kernel's name for it: kept until it was answered. */
static void forget_event(struct vp_hook_helper *helper)
{
	if (helper->event < 0)
		return;
	close(helper->event);
	close(helper->group);
	helper->event = helper->group = -1;
}

static bool check_answer(struct vp_hook_helper *helper, bool answered, bool ended)
{
	if (helper->event < 0)
		return false;
	if (!answered && !ended && vp_remote_clock() - helper->since < ANSWER_LIMIT)
		return false;
	if (!answered && !ended)
		(void)kill(helper->id, SIGKILL);
	if (!answered)
		vp_hook_answer(helper->group, helper->event);
	forget_event(helper);
	return !answered;
}

/* One that somebody stops is killed: whom it traces goes on when it is gone. */
static bool has_ended(const struct vp_hook_helper *helper, bool *missed)
{
	int status = 0;

	if (!waitpid(helper->id, &status, WNOHANG | WUNTRACED))
		return false;
	if (!WIFSTOPPED(status))
		return true;
	(void)kill(helper->id, SIGKILL);
	*missed = true;
	return false;
}

/* It does not end: likewise. */
static bool outlives(const struct vp_hook_helper *helper, bool ended)
{
	if (ended || vp_remote_clock() - helper->since < LIFE_LIMIT)
		return false;
	(void)kill(helper->id, SIGKILL);
	return true;
}

bool vp_hook_helpers_check(struct vp_hook_helpers *helpers)
{
	bool missed = false;

	for (size_t i = 0; i < VP_HOOK_HELPERS; i++) {
		struct vp_hook_helper *helper = &helpers->places[i];
		bool ended;

		if (!helper->id)
			continue;
		ended = has_ended(helper, &missed);
		missed |= check_answer(helper, atomic_load(&helpers->answered[i]), ended);
		missed |= outlives(helper, ended);
		if (ended)
			helper->id = 0;
	}
	return missed;
}
