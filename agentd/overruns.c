/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of our queues: see overruns.h. */
#include "agentd/overruns.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "modules/netfilter/queue.h"

#define QUEUES	   "/proc/net/netfilter/nfnetlink_queue"
#define TEXT_LIMIT (4u << 20)

/* number, listener, waiting, copy mode, copy range, dropped by the kernel, not received, ...
 */
static void take_line(const char *line, const struct vp_queueing *queueing,
		      struct vp_overruns *overruns)
{
	uint64_t waiting, dropped, unheard;
	enum vp_queue_class class;
	enum vp_queue_kind kind;
	unsigned int number, parity;

	if (sscanf(line, "%u %*u %" SCNu64 " %*u %*u %" SCNu64 " %" SCNu64, &number, &waiting,
		   &dropped, &unheard) != 4 ||
	    number > UINT16_MAX ||
	    !vp_queue_find(queueing, (uint16_t)number, &class, &kind, &parity))
		return;
	overruns->waiting += waiting;
	overruns->dropped += dropped + unheard;
}

void vp_overruns_parse(const char *text, const struct vp_host *host,
		       struct vp_overruns *overruns)
{
	const struct vp_queueing queueing = vp_queueing(host);

	*overruns = (struct vp_overruns){ 0 };
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		take_line(line, &queueing, overruns);
	}
}

int vp_overruns_read(const struct vp_host *host, struct vp_overruns *overruns)
{
	_cleanup_free_ char *text = NULL;
	struct vp_error err;
	size_t len;
	int r = vp_file_read(QUEUES, TEXT_LIMIT, &text, &len, &err);

	if (!r)
		vp_overruns_parse(text, host, overruns);
	return r;
}
