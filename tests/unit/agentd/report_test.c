/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records that vpatchd must not believe. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/report.h"
#include "agentd/sandbox.h"
#include "lib/memory.h"
#include "tests/unit/agentd/events_tests.h"

static struct vp_report good(void)
{
	return (struct vp_report){
		.magic = VP_REPORT_MAGIC,
		.kind = VP_REPORT_RESET,
		.family = 4,
		.protocol = 6,
		.hook = 1,
		.tag = 7,
		.flags = VP_REPORT_PORTS | VP_REPORT_TCP,
		.source = { 192, 0, 2, 1 },
		.destination = { 192, 0, 2, 2 },
		.source_port = 1,
		.destination_port = 2,
		.sequence = 3,
		.tcp_flags = 16,
		.confinement = VP_CONFINED_ALWAYS,
	};
}

static void well_formed(void **state)
{
	struct vp_report report = good();

	(void)state;
	assert_int_equal(vp_report_check(&report, sizeof(report), NULL), 0);
	for (size_t len = 0; len < sizeof(report); len++)
		assert_int_equal(vp_report_check(&report, len, NULL), -EPROTO);
	assert_int_equal(vp_report_check(&report, sizeof(report) + 1, NULL), -EPROTO);
}

#define REFUSED(change)                                                                       \
	do {                                                                                  \
		struct vp_report report = good();                                             \
		report.change;                                                                \
		assert_int_equal(vp_report_check(&report, sizeof(report), NULL), -EPROTO);    \
	} while (0)

static void refused(void **state)
{
	(void)state;
	REFUSED(magic++);
	REFUSED(kind = 0);
	REFUSED(kind = VP_REPORT_KINDS);
	REFUSED(tag = 0);
	REFUSED(time = 1);
	REFUSED(hook = 6);
	REFUSED(family = 5);
	REFUSED(family = 0);
	REFUSED(source[4] = 1);
	REFUSED(destination[15] = 1);
	REFUSED(flags = VP_REPORT_TCP);
	REFUSED(flags = VP_REPORT_PORTS);
	REFUSED(flags |= 16);
	REFUSED(flags |= VP_REPORT_FRAGMENT);
	REFUSED(protocol = 17);
	REFUSED(reserved[5] = 1);
	REFUSED(confinement = 0);
	REFUSED(confinement = VP_CONFINED_ALL & ~VP_CONFINED_SECCOMP);
	REFUSED(confinement |= 64);
}

int run_report_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
