/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parsers: units and values of given bytes, the same in any cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/cleanup.h"
#include "tests/unit/inspection/parsers_tests.h"

const struct vp_protocol *stream_of(const char *application)
{
	const struct vp_protocol *protocol = vp_protocol_for(application, VP_TRAFFIC_TCP);

	assert_non_null(protocol);
	return protocol;
}

const struct vp_protocol *datagrams_of(const char *application)
{
	const struct vp_protocol *protocol = vp_protocol_for(application, VP_TRAFFIC_UDP);

	assert_non_null(protocol);
	return protocol;
}

void expect_run(struct vp_run *run, const char *text)
{
	_cleanup_free_ char *found = vp_run_all_cuts(run);

	assert_non_null(found);
	assert_string_equal(found, text);
}

void expect_bytes(const struct vp_protocol *protocol, const void *data, size_t len,
		  const char *text)
{
	const struct vp_run_input input = { VP_TO_SERVER, data, len };
	struct vp_run run = { .protocol = protocol, .inputs = &input, .count = 1 };

	expect_run(&run, text);
}

int main(void)
{
	int failed = run_raw_tests();

	failed += run_command_tests();
	failed += run_smb_tests();
	failed += run_ssh_tests();
	failed += run_dns_tests();
	failed += run_tls_tests();
	failed += run_redis_tests();
	failed += run_telnet_tests();
	return failed ? 1 : 0;
}
