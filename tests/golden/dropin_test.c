/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Golden drop-ins: for each folder below tests/golden/dropin, its *.vpatch must give
 * dropin.ok: what would be written for each unit, on different hosts. No service manager is
 * asked.
 *
 *     dropin_test [--update]        compare all cases, or write their dropin.ok
 */
#include <string.h>

#include "modules/seccomp/dropin.h"
#include "tests/golden/golden.h"
#include "tests/harness/planned.h"

static void print_for(const struct vp_dropin *dropin, const char *where,
		      const struct vp_dropin_site *site, struct vp_strbuf *out)
{
	vp_strbuf_addf(out, "== %s, %s\n", dropin->unit, where);
	if (!vp_dropin_print(dropin, site, out))
		vp_strbuf_adds(out, "nothing\n");
	vp_strbuf_addc(out, '\n');
}

static void print(const struct vp_dropin *dropin, struct vp_strbuf *out)
{
	struct vp_dropin_site site = { .manager = 252,
				       .basis = VP_DROPIN_BASIS_RIGHTS,
				       .generation = 12 };

	print_for(dropin, "started with all rights", &site, out);
	site.exact = true;
	print_for(dropin, "nothing wider than its rule", &site, out);
	site.exact = false;
	site.manager = 245;
	print_for(dropin, "systemd 245", &site, out);
	site.manager = 0;
	site.basis = VP_DROPIN_BASIS_ALLOWED;
	print_for(dropin, "started with few rights", &site, out);
}

static int run(const char *name, bool update)
{
	const char *const paths[] = { "." };
	struct planned p = { .host = { .now = 1767225600, .clock_synchronised = true } };
	struct vp_dropins dropins = { 0 };
	int r;

	vp_sources_read(&p.sources, paths, 1, NULL, 0, 0, &p.findings);
	planned_build(&p, (1u << VP_POINT_COUNT) - 1);
	vp_dropins_build(&p.plan, &dropins);
	vp_array_each (dropin, &dropins)
		print(dropin, &p.text);
	r = golden_compare(name, "dropin.ok", &p.text, update);
	vp_dropins_free(&dropins);
	planned_free(&p);
	return r;
}

int main(int argc, char **argv)
{
	return golden_run("dropin", argc > 1 && !strcmp(argv[1], "--update"), run);
}
