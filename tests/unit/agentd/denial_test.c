/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of denied calls that vpatchd must not believe. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/denial.h"
#include "agentd/sandbox.h"
#include "tests/unit/agentd/denials_tests.h"

static struct vp_denial good(void)
{
	return (struct vp_denial){
		.magic = VP_DENIAL_MAGIC,
		.kind = VP_DENIAL_CALLS,
		.confinement = VP_CONFINED_ALWAYS,
		.proof = VP_PROOF_REPORTED,
		.flags = VP_DENIAL_COMPAT | VP_DENIAL_CUT,
		.count = 3,
		.first = 5,
		.last = 5,
		.pid = 9,
		.architecture = 0xc000003e,
		.action = 0x50000,
		.call = 425,
		.comm = "nginx",
		.exe = "/usr/sbin/nginx",
	};
}

static struct vp_denial status(void)
{
	return (struct vp_denial){
		.magic = VP_DENIAL_MAGIC,
		.kind = VP_DENIAL_STATUS,
		.confinement = VP_CONFINED_ALL,
		.lost = 3,
		.foreign = 4,
	};
}

static struct vp_denial mixed(void)
{
	return (struct vp_denial){
		.magic = VP_DENIAL_MAGIC,
		.kind = VP_DENIAL_CALLS,
		.confinement = VP_CONFINED_ALWAYS,
		.flags = VP_DENIAL_PROCESSES | VP_DENIAL_MIXED,
		.count = 1,
	};
}

static void well_formed(void **state)
{
	struct vp_denial records[] = { good(), status(), mixed() };
	char longer[sizeof(struct vp_denial) + 1];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(vp_denial_check(&records[i], sizeof(records[i]), NULL), 0);
		for (size_t len = 0; len < sizeof(records[i]); len++)
			assert_int_equal(vp_denial_check(&records[i], len, NULL), -EPROTO);
	}
	memcpy(longer, &records[0], sizeof(records[0]));
	longer[sizeof(records[0])] = 0;
	assert_int_equal(vp_denial_check(longer, sizeof(longer), NULL), -EPROTO);
}

#define REFUSED(which, change)                                                                \
	do {                                                                                  \
		struct vp_denial record = which();                                            \
		record.change;                                                                \
		assert_int_equal(vp_denial_check(&record, sizeof(record), NULL), -EPROTO);    \
	} while (0)

static void refused(void **state)
{
	(void)state;
	REFUSED(good, magic++);
	REFUSED(good, kind = 0);
	REFUSED(good, kind = VP_DENIAL_KINDS);
	REFUSED(good, proof = VP_PROOFS);
	REFUSED(good, confinement = 0);
	REFUSED(good, confinement = VP_CONFINED_ALL & ~VP_CONFINED_SECCOMP);
	REFUSED(good, confinement |= 64);
	REFUSED(good, count = 0);
	REFUSED(good, first = 6);
	REFUSED(good, flags |= 16);
	REFUSED(good, flags |= VP_DENIAL_PROCESSES);
	REFUSED(good, flags |= VP_DENIAL_MIXED);
	REFUSED(good, comm[VP_AUDIT_COMM - 1] = 'x');
	REFUSED(good, exe[VP_AUDIT_EXE - 1] = 'x');
	REFUSED(status, count = 1);
	REFUSED(status, pid = 1);
	REFUSED(status, exe[0] = '/');
	REFUSED(status, flags = VP_DENIAL_CUT);
	REFUSED(mixed, pid = 1);
	REFUSED(mixed, call = 1);
	REFUSED(mixed, uid = 1);
	REFUSED(mixed, comm[0] = 'x');
}

static void texts_end(void **state)
{
	struct vp_denial record = good();

	(void)state;
	memset(record.exe, 'x', sizeof(record.exe));
	assert_int_equal(vp_denial_check(&record, sizeof(record), NULL), -EPROTO);
	record.exe[sizeof(record.exe) - 1] = '\0';
	assert_int_equal(vp_denial_check(&record, sizeof(record), NULL), 0);
}

int run_denial_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed),
		cmocka_unit_test(refused),
		cmocka_unit_test(texts_end),
	};

	return cmocka_run_group_tests_name("denial", tests, NULL, NULL);
}
