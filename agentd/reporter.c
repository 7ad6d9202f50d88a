/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vpatchd-events says, and how much of it was lost: see reporter.h. */
#include "agentd/reporter.h"

#include <time.h>

#include "agentd/helper.h"
#include "agentd/nflog_socket.h"
#include "lib/memory.h"

#define STATUS_MAX                                                                            \
	64 /* status records read in a row: a hostile process could send no other             \
	    */

struct vp_reporter {
	struct vp_helper *helper;
	uint64_t starts; /* of the helper, when `confinement` was said */
	unsigned int confinement;
	struct vp_helper_counter lost, foreign;
	uint64_t delivered;
};

static int open_group(uint32_t group, struct vp_error *err)
{
	return vp_nflog_open((uint16_t)group, err);
}

static const struct vp_helper_kind events_kind = {
	.name = "vpatchd-events",
	.open = open_group,
	.size = sizeof(struct vp_report),
	.check = vp_report_check,
};

int vp_reporter_start(struct vp_reporter **reporter, const struct vp_reporter_options *options,
		      struct vp_error *err)
{
	struct vp_reporter *made = vp_new(struct vp_reporter);

	*reporter = made;
	return vp_helper_start(&made->helper, &events_kind, options->executable,
			       options->group, err);
}

void vp_reporter_stop(struct vp_reporter *reporter)
{
	if (!reporter)
		return;
	vp_helper_stop(reporter->helper);
	free(reporter);
}

int vp_reporter_fd(const struct vp_reporter *reporter)
{
	return vp_helper_fd(reporter->helper);
}

static void take_counters(struct vp_reporter *reporter, const struct vp_report *report)
{
	reporter->starts = vp_helper_state(reporter->helper).starts;
	reporter->confinement = report->confinement;
	vp_helper_count(reporter->helper, &reporter->lost, report->lost);
	vp_helper_count(reporter->helper, &reporter->foreign, report->foreign);
}

int vp_reporter_read(struct vp_reporter *reporter, struct vp_report *report)
{
	struct timespec now;

	for (int i = 0; i < STATUS_MAX; i++) {
		if (!vp_helper_read(reporter->helper, report))
			return 0;
		take_counters(reporter, report);
		if (report->kind == VP_REPORT_STATUS)
			continue;
		clock_gettime(CLOCK_REALTIME, &now);
		report->time = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
		reporter->delivered++;
		return 1;
	}
	return 0;
}

int vp_reporter_tick(struct vp_reporter *reporter, struct vp_error *err)
{
	return vp_helper_tick(reporter->helper, err);
}

struct vp_reporter_state vp_reporter_state(const struct vp_reporter *reporter)
{
	struct vp_helper_state process = vp_helper_state(reporter->helper);
	struct vp_reporter_state state = {
		.pid = process.pid,
		.failing = process.failing,
		.restarts = process.restarts,
		.lost = reporter->lost.total,
		.foreign = reporter->foreign.total,
		.refused = process.refused,
		.delivered = reporter->delivered,
	};

	memcpy(state.ended, process.ended, sizeof(state.ended));
	if (process.pid && process.starts == reporter->starts)
		state.confinement = reporter->confinement;
	return state;
}
