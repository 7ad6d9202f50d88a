/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchd's part of denied system calls, alone: starts the given vpatchd-denials,
 * prints what it says, a line each, until standard input ends.
 */
#include "agentd/denials.h"

#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lib/memory.h"

#define PATIENCE 5 /* seconds for the rest, at the end */

/* Readable, and one word. */
static void print_name(const char *label, const char *name)
{
	printf(" %s=", label);
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;

		if (c > 0x20 && c < 0x7f && c != '%')
			putchar(c);
		else
			printf("%%%02x", c);
	}
}

static void print_all(struct vp_denials *denials)
{
	struct vp_denial denial;

	while (vp_denials_read(denials, &denial)) {
		printf("denied count=%llu pid=%u uid=%u arch=%08x call=%d action=%08x "
		       "flags=%u "
		       "span=%llu",
		       (unsigned long long)denial.count, denial.pid, denial.uid,
		       denial.architecture, denial.call, denial.action, denial.flags,
		       (unsigned long long)(denial.last - denial.first));
		print_name("comm", denial.comm);
		print_name("exe", denial.exe);
		putchar('\n');
	}
	fflush(stdout);
}

/* Once for each process of theirs. */
static void print_reported(struct vp_denials *denials, pid_t *said)
{
	struct vp_denials_state state = vp_denials_state(denials);
	struct vp_error err = { 0 };
	int r = vp_denials_reported(denials, &err);

	if (!r || *said == state.process.pid)
		return;
	*said = state.process.pid;
	if (r > 0)
		printf("reported pid=%d confinement=%u\n", state.process.pid,
		       state.confinement);
	else
		printf("not reported: %s\n", err.text);
	fflush(stdout);
}

static void serve(struct vp_denials *denials)
{
	struct vp_error err = { 0 };
	pid_t said = 0;

	for (;;) {
		struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
					{ .fd = vp_denials_fd(denials), .events = POLLIN } };
		char ignored[64];

		if (poll(fds, VP_COUNT(fds), 200) < 0)
			return;
		print_all(denials);
		print_reported(denials, &said);
		if (vp_denials_tick(denials, &err) < 0)
			printf("not running: %s\n", err.text);
		if (fds[0].revents && read(STDIN_FILENO, ignored, sizeof(ignored)) <= 0)
			return;
	}
}

static void read_rest(struct vp_denials *denials)
{
	time_t end = time(NULL) + PATIENCE;

	vp_denials_finish(denials);
	while (vp_denials_fd(denials) >= 0 && time(NULL) < end) {
		struct pollfd fd = { .fd = vp_denials_fd(denials), .events = POLLIN };

		poll(&fd, 1, 100);
		print_all(denials);
	}
}

int main(int argc, char **argv)
{
	struct vp_denials *denials;
	struct vp_denials_state state;
	struct vp_error err = { 0 };

	if (argc != 2)
		return fputs("usage: denials EXECUTABLE\n", stderr), 2;
	if (vp_denials_start(&denials, argv[1], &err)) {
		if (vp_denials_reported(denials, &err) < 0)
			printf("not started: %s\n", err.text);
		vp_denials_stop(denials);
		return 1;
	}
	serve(denials);
	read_rest(denials);
	state = vp_denials_state(denials);
	printf("end records=%llu denials=%llu lost=%llu foreign=%llu restarts=%llu ended=%s\n",
	       (unsigned long long)state.records, (unsigned long long)state.denials,
	       (unsigned long long)state.lost, (unsigned long long)state.foreign,
	       (unsigned long long)state.process.restarts, state.process.ended);
	vp_denials_stop(denials);
	return 0;
}
