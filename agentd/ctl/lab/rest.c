/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the kernel's table of packet queues: see rest.h. */
#include "agentd/ctl/lab/rest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TABLE "/proc/thread-self/net/netfilter/nfnetlink_queue"

int vp_rest_open(struct vp_error *err)
{
	int fd = open(TABLE, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return vp_fail(err, -errno, "lab: cannot see the packet queues (%s): %s",
			       TABLE, strerror(errno));
	return fd;
}

/* Queue, port id, waiting, copy mode, copy range, dropped, dropped by user, last number. */
static void add_line(const char *line, struct vp_queued_now *now)
{
	uint64_t waiting, last;

	if (sscanf(line, "%*u %*u %" SCNu64 " %*u %*u %*u %*u %" SCNu64, &waiting, &last) != 2)
		return;
	now->waiting += waiting;
	now->ever += last;
}

int vp_rest_read(int fd, struct vp_queued_now *now, struct vp_error *err)
{
	char text[4096 + 1], *line, *end;
	off_t at = 0;
	ssize_t got;

	*now = (struct vp_queued_now){ 0 };
	while ((got = pread(fd, text, sizeof(text) - 1, at)) > 0) {
		text[got] = '\0';
		for (line = text; (end = strchr(line, '\n')); line = end + 1)
			add_line(line, now);
		if (line == text)
			break;
		at += line - text; /* a line that was cut is read again */
	}
	return got < 0 ? vp_fail(err, -errno, "lab: reading the packet queues: %s",
				 strerror(errno))
		       : 0;
}
