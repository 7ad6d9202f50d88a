/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The largest window there can be: see window.h. */
#include "agentd/inspect/window.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/memory.h"
#include "modules/inspection/engine.h"

/* The last number of a file of one line. */
static uint64_t last_number(const char *path)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	char line[256], *at;

	if (!file || !fgets(line, sizeof(line), file))
		return UINT64_MAX;
	line[strcspn(line, "\n")] = '\0';
	at = line + strlen(line);
	while (at > line && at[-1] >= '0' && at[-1] <= '9')
		at--;
	return *at ? strtoull(at, NULL, 10) : UINT64_MAX;
}

/* What a buffer becomes for which everything is asked: the limit, with the kernel's share
 * (socket(7)). Its own file is not there in every network namespace. */
static uint64_t most_asked(int option)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int size = INT_MAX / 2;
	socklen_t len = sizeof(size);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, option, &size, sizeof(size)) ||
	    getsockopt(fd, SOL_SOCKET, option, &size, &len) || size <= 0)
		return UINT64_MAX;
	return (uint64_t)size;
}

struct vp_window_facts vp_window_facts(void)
{
#define TIMEOUT "/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_"
	static const char *const timeouts[] = { TIMEOUT "established",
						TIMEOUT "unacknowledged",
						TIMEOUT "max_retrans" };
	struct vp_window_facts facts = {
		.receive = last_number("/proc/sys/net/ipv4/tcp_rmem"),
		.send = last_number("/proc/sys/net/ipv4/tcp_wmem"),
		.receive_asked = most_asked(SO_RCVBUF),
		.send_asked = most_asked(SO_SNDBUF),
		.liberal = last_number("/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal"),
		.forgets = UINT64_MAX,
	};

	for (size_t i = 0; i < VP_COUNT(timeouts); i++) {
		uint64_t timeout = last_number(timeouts[i]);

		facts.forgets = timeout < facts.forgets ? timeout : facts.forgets;
	}
	return facts;
}

uint64_t vp_window_of(const struct vp_window_facts *facts)
{
	const uint64_t sizes[] = { facts->receive, facts->send, facts->receive_asked,
				   facts->send_asked };
	uint64_t most = 0;

	/* where these are not there yet they will have the kernel's own values */
	if ((facts->liberal && facts->liberal != UINT64_MAX) ||
	    facts->forgets <= VP_ENGINE_GAP)
		return 0;
	for (size_t i = 0; i < VP_COUNT(sizes); i++) {
		if (sizes[i] == UINT64_MAX)
			return 0;
		most = sizes[i] > most ? sizes[i] : most;
	}
	return most;
}
