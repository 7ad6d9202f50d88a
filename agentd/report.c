/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checking what an unprivileged process says it saw: see report.h. */
#include "agentd/report.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "agentd/sandbox.h"

static bool all_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

static bool addresses_fit(const struct vp_report *report)
{
	size_t size = report->family == 4 ? 4 : report->family == 6 ? 16 : 0;

	if (report->family && !size)
		return false;
	return all_zero(report->source + size, sizeof(report->source) - size) &&
	       all_zero(report->destination + size, sizeof(report->destination) - size);
}

static bool flags_fit(const struct vp_report *report)
{
	bool ports = report->flags & VP_REPORT_PORTS, tcp = report->flags & VP_REPORT_TCP;

	if (report->flags & ~VP_REPORT_FLAGS)
		return false;
	if (ports && (!report->family || (report->flags & VP_REPORT_FRAGMENT)))
		return false;
	if (!ports && (report->source_port || report->destination_port))
		return false;
	if (tcp && (!ports || report->protocol != 6))
		return false;
	return tcp || (!report->sequence && !report->acknowledgement && !report->payload &&
		       !report->tcp_flags);
}

int vp_report_check(const void *data, size_t len, struct vp_error *err)
{
	struct vp_report report;

	if (len != sizeof(report))
		return vp_fail(err, -EPROTO, "record of %zu bytes instead of %zu", len,
			       sizeof(report));
	memcpy(&report, data, sizeof(report));
	if (report.magic != VP_REPORT_MAGIC)
		return vp_fail(
			err, -EPROTO,
			"record of another version (0x%08x): vpatchd and vpatchd-events "
			"are not from the same build",
			report.magic);
	if (report.kind < VP_REPORT_STATUS || report.kind >= VP_REPORT_KINDS)
		return vp_fail(err, -EPROTO, "record of unknown kind %u", report.kind);
	if (report.kind != VP_REPORT_STATUS && !report.tag)
		return vp_fail(err, -EPROTO, "record without a tag");
	if (report.hook > 5 || report.time ||
	    !all_zero(report.reserved, sizeof(report.reserved)))
		return vp_fail(err, -EPROTO, "record with values out of range");
	if ((report.confinement & VP_CONFINED_ALWAYS) != VP_CONFINED_ALWAYS ||
	    (report.confinement & ~VP_CONFINED_ALL))
		return vp_fail(err, -EPROTO, "record of a process that is not confined");
	if (!addresses_fit(&report) || !flags_fit(&report))
		return vp_fail(err, -EPROTO, "record that contradicts itself");
	return 0;
}
