/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mutants: that each promised one is made, and that the patch is whole again after each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/ctl/lab/mutant.h"
#include "lab_tests.h"
#include "policy/policy.h"

static const char text[] =
	"[patch]\nid = MUTANTS\ntitle = For mutants\nseverity = low\n"
	"[set stations]\nvalues = 192.0.2.16/28, 198.51.100.7\n"
	"[service a]\nports = udp/123, udp/124\naddress = 203.0.113.1, 203.0.113.2\n"
	"[service b]\nports = udp/7\n"
	"[rule first]\nservice = a\nwhen = datagram[0:1] | mask(0x07) equals 7\n"
	"when = datagram.len equals 8-16\nexcept = ip.src equals @stations\naction = drop\n"
	"[rule second]\nservice = a\nwhen = datagram[0:4] equals \"PING\"\naction = drop\n"
	"[rule third]\nservice = b\naction = limit 100/second burst 10\n"
	"[rule fourth]\nservice = b\nwhen = datagram[4:1] equals 1\naction = drop\n"
	"[sample one]\nrule = first\nexpect = blocked\nsend = \"\\x17\"\n"
	"[sample two]\nrule = second\nexpect = blocked\nsend = \"PING\"\n"
	"[sample three]\nrule = third\nexpect = limited after 10\nsend = \"x\"\nrepeat = 20\n"
	"[sample four]\nservice = a\nexpect = passed\nsend = \"x\"\n"
	"[sample five]\nservice = b\nexpect = passed\nsend = \"x\"\n"
	"[sample six]\nrule = fourth\nexpect = blocked\nsend = \"xxxx\\x01\"\n";

struct fixture {
	struct vp_policy policy;
	struct vp_sources sources;
};

static void read_patch(struct fixture *f, struct vp_findings *findings)
{
	struct vp_text *file = vp_array_add(&f->sources.definitions);

	file->name = vp_strdup("mutants.vpatch");
	file->data = vp_strdup(text);
	file->len = strlen(text);
	vp_policy_build(&f->policy, &f->sources, 0, findings);
}

static int set_up(void **state)
{
	struct fixture *f = vp_new(struct fixture);
	struct vp_findings findings = { 0 };
	struct vp_strbuf out = { 0 };

	read_patch(f, &findings);
	vp_findings_print(&findings, &out);
	if (f->policy.patches.len != 1)
		fprintf(stderr, "%s", vp_strbuf_text(&out));
	vp_strbuf_free(&out);
	vp_findings_free(&findings);
	*state = f;
	return f->policy.patches.len == 1 ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	vp_policy_free(&f->policy);
	vp_sources_free(&f->sources);
	free(f);
	return 0;
}

/* Does any mutant say so? */
static bool made(struct vp_patch *patch, const char *what)
{
	struct vp_mutant mutant;
	bool found = false;

	for (size_t i = 0; vp_mutant_apply(patch, i, &mutant); i++) {
		found |= strstr(mutant.what, what) != NULL;
		vp_mutant_undo(&mutant);
	}
	return found;
}

static void makes_what_it_promises(void **state)
{
	static const char *const promised[] = {
		"rule first: deleted",
		"rule second: only monitored",
		"rule first: deleted: when = datagram[0:1] | mask(0x7) equals 7",
		"rule first: negated: when = not datagram[0:1]",
		"rule first: deleted: except = ip.src equals @stations",
		"rule first: 7 became 6",
		"rule first: 7 became 8",
		"rule first: 8-16 became 7-16",
		"rule first: 8-16 became 9-16",
		"rule first: 8-16 became 8-15",
		"rule first: 8-16 became 8-17",
		"mask(0x7) became mask(0x6)",
		"mask(0x7) became mask(0xf)",
		"mask(0x7) became mask(0x87)",
		"rule second: \"PING\" became \"QING\"",
		"rule second: \"PING\" became \"PINF\"",
		"set stations: 192.0.2.16/28 became 192.0.2.15-192.0.2.31",
		"set stations: 192.0.2.16/28 became 192.0.2.17-192.0.2.31",
		"set stations: 192.0.2.16/28 became 192.0.2.16-192.0.2.30",
		"set stations: 192.0.2.16/28 became 192.0.2.16-192.0.2.32",
		"set stations: 198.51.100.7 became 198.51.100.8",
		"set stations: 198.51.100.7 became 198.51.100.6/31",
		"rule third: burst 10 became 20",
		"rule third: burst 10 became 5",
		"rule third: rate 100 per 1 s became 200 per 1 s",
		"rule third: rate 100 per 1 s became 50 per 1 s",
		"rule third: a limit per source",
		"rule second: datagram[0:4] equals \"PING\" became datagram[1:4]",
		"rule fourth: datagram[4:1] equals 1 became datagram[3:1]",
		"rule fourth: datagram[4:1] equals 1 became datagram[5:1]",
		"service a: deleted: address = 203.0.113.2",
		"service a: deleted: ports = udp/123",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < VP_COUNT(promised); i++)
		if (!made(f->policy.patches.data[0], promised[i]))
			fail_msg("no mutant \"%s\"", promised[i]);
	/* the only port of a service stays */
	assert_false(made(f->policy.patches.data[0], "service b: deleted"));
}

/* Every mutant differs from the patch, and undone it is the patch again. */
static void puts_everything_back(void **state)
{
	struct fixture *f = *state;
	struct vp_patch *patch = f->policy.patches.data[0];
	struct vp_strbuf before = { 0 };
	struct vp_mutant mutant;
	size_t count = 0;

	vp_patch_print(patch, &before);
	for (; vp_mutant_apply(patch, count, &mutant); count++) {
		struct vp_strbuf now = { 0 };

		vp_patch_print(patch, &now);
		if (!mutant.monitored &&
		    !strcmp(vp_strbuf_text(&now), vp_strbuf_text(&before)))
			fail_msg("mutant \"%s\" changed nothing", mutant.what);
		assert_true(mutant.at.line > 0);
		vp_strbuf_free(&now);
		vp_mutant_undo(&mutant);
		vp_patch_print(patch, &now);
		assert_string_equal(vp_strbuf_text(&now), vp_strbuf_text(&before));
		vp_strbuf_free(&now);
	}
	assert_int_equal(count, vp_mutant_count(patch));
	assert_true(count > 40);
	vp_strbuf_free(&before);
}

int lab_mutant_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_what_it_promises),
		cmocka_unit_test(puts_everything_back),
	};

	return cmocka_run_group_tests_name("lab mutants", tests, set_up, tear_down);
}
