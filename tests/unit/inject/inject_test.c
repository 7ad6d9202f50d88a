/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pure parts of injection. */
#include "tests/unit/inject/inject_tests.h"

int main(void)
{
	int failed = vp_test_arch() + vp_test_fixup() + vp_test_request();

#ifdef __x86_64__
	failed += vp_test_target();
#endif
	return failed;
}
