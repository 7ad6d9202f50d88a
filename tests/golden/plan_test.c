/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Golden plans of system calls: for each folder below tests/golden/plan, its
 * *.vpatch with overrides.conf laid over them must give plan.ok: findings, then the
 * plan as text. No kernel is asked.
 *
 *     plan_test [--update]        compare all cases, or write their plan.ok
 */
#include <string.h>

#include "tests/golden/golden.h"
#include "tests/harness/planned.h"

static int run(const char *name, bool update)
{
	const char *const paths[] = { "." }, *const overrides[] = { "overrides.conf" };
	struct planned p = { .host = { .now = 1767225600,
				       .clock_synchronised = true,
				       .examples_allowed = true } };
	int r;

	vp_sources_read(&p.sources, paths, 1, overrides, 1, 0, &p.findings);
	planned_build(&p, (1u << VP_POINT_COUNT) - 1);
	vp_plan_print(&p.plan, &p.text);
	r = golden_compare(name, "plan.ok", &p.text, update);
	planned_free(&p);
	return r;
}

int main(int argc, char **argv)
{
	return golden_run("plan", argc > 1 && !strcmp(argv[1], "--update"), run);
}
