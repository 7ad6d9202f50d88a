/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a valid definition becomes. The findings of invalid ones are in tests/golden/malformed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/policy/policy_tests.h"

static const char ntp[] =
	"[patch]\nid = CVE-2013-5211\ntitle = NTP\nseverity = high\nexpires = 2027-02-28\n"
	"[service ntp]\nports = udp/123, udp/1000-1010\n"
	"[rule mode-7]\nservice = ntp\n"
	"when = datagram[0:1] | mask(0x07) equals 7, 9-12\n"
	"when = not ip.src equals @good\n"
	"except = ip.src equals 10.0.0.1\n"
	"action = limit 10/minute burst 3 per source\n"
	"[set good]\nvalues = 10.0.0.0/8, 2001:db8::/32\n"
	"[sample a]\nrule = mode-7\nexpect = limited after 3\nsend = \"\\x17\"\nsend = "
	"\"\\0\"\n"
	"wait = 5ms\nsend = \"z\"\nrepeat = 9\nfrom = 192.0.2.1\nport = udp/1005\n"
	"[sample b]\nservice = ntp\nexpect = passed\nsend = \"\\x23\"\nreceive = \"\\x24\"\n";

static void metadata(void **state)
{
	struct built built;
	const struct vp_patch *patch;

	(void)state;
	build(&built, ntp, NULL, 0, NULL);
	patch = only_patch(&built);
	assert_string_equal(patch->id, "CVE-2013-5211");
	assert_string_equal(patch->file, "test.vpatch");
	assert_int_equal(patch->at.line, 2);
	assert_int_equal(patch->at.column, 6);
	assert_int_equal(patch->severity, VP_SEVERITY_HIGH);
	assert_int_equal(patch->mode, VP_MODE_ENFORCE);
	assert_int_equal(patch->on_expiry, VP_EXPIRY_WARN);
	assert_int_equal(patch->on_failure, VP_FAILURE_PASS);
	assert_int_equal(patch->expires, 1803859200); /* 2027-03-01T00:00:00Z */
	assert_int_equal(built.policy.changes_at, 1803859200);
	assert_null(patch->owner);
	assert_null(patch->overridden);
	assert_false(patch->disabled);
	assert_ptr_equal(vp_policy_find(&built.policy, "CVE-2013-5211"), patch);
	assert_null(vp_policy_find(&built.policy, "CVE-2013-5212"));
	built_free(&built);
}

static void service_and_rule(void **state)
{
	struct built built;
	const struct vp_patch *patch;
	const struct vp_rule *rule;
	const struct vp_condition *condition;

	(void)state;
	build(&built, ntp, NULL, 0, NULL);
	patch = only_patch(&built);
	assert_int_equal(patch->services.data[0].ports.len, 2);
	assert_int_equal(patch->services.data[0].ports.data[1].protocol, 17);
	assert_int_equal(patch->services.data[0].ports.data[1].first, 1000);
	assert_int_equal(patch->services.data[0].ports.data[1].last, 1010);
	rule = &patch->rules.data[0];
	assert_int_equal(rule->service, 0);
	assert_int_equal(rule->action.verdict, VP_VERDICT_LIMIT);
	assert_int_equal(rule->action.rate.count, 10);
	assert_int_equal(rule->action.rate.seconds, 60);
	assert_int_equal(rule->action.burst, 3);
	assert_true(rule->action.per_source);
	condition = &rule->when.data[0];
	assert_int_equal(condition->field->id, VP_FIELD_DATAGRAM);
	assert_int_equal(condition->length, 1);
	assert_int_equal(condition->transforms.len, 1);
	assert_int_equal(condition->transforms.data[0].number, 7);
	assert_int_equal(condition->values.data[1].number.last, 12);
	condition = &rule->when.data[1];
	assert_true(condition->negated);
	assert_ptr_equal(condition->values.data[0].reference.set, &patch->sets.data[0]);
	assert_int_equal(rule->except.len, 1);
	built_free(&built);
}

static void samples(void **state)
{
	struct built built;
	const struct vp_sample *sample;

	(void)state;
	build(&built, ntp, NULL, 0, NULL);
	sample = &only_patch(&built)->samples.data[0];
	assert_string_equal(sample->rule, "mode-7");
	assert_int_equal(sample->expect, VP_EXPECT_LIMITED);
	assert_int_equal(sample->limited_after, 3);
	assert_int_equal(sample->repeat, 9);
	assert_int_equal(sample->families, VP_FAMILY_IPV4); /* of `from` */
	assert_int_equal(sample->port.first, 1005);
	assert_int_equal(sample->steps.len, 3);
	assert_int_equal(sample->steps.data[0].len, 2); /* two sends are one step */
	assert_memory_equal(sample->steps.data[0].data, "\x17\0", 2);
	assert_int_equal(sample->steps.data[1].milliseconds, 5);
	assert_int_equal(sample->steps.data[2].len, 1);
	sample++;
	assert_null(sample->rule);
	assert_int_equal(sample->families, VP_FAMILY_IPV4 | VP_FAMILY_IPV6);
	assert_int_equal(sample->repeat, 1);
	built_free(&built);
}

/* The families that a sample can have follow from what it must pass. */
static void families_follow_the_rule(void **state)
{
	static const struct {
		const char *ports, *address, *when;
		unsigned int families;
	} table[] = {
		{ "udp/5", "", "ip.ttl equals 1", VP_FAMILY_IPV4 | VP_FAMILY_IPV6 },
		{ "udp/5", "", "ip.version equals 6", VP_FAMILY_IPV6 },
		{ "udp/5", "", "ip.src equals 192.0.2.1", VP_FAMILY_IPV4 },
		{ "udp/5", "", "not ip.src equals 192.0.2.1",
		  VP_FAMILY_IPV4 | VP_FAMILY_IPV6 },
		{ "udp/5", "", "ip.src equals 192.0.2.1, ::1",
		  VP_FAMILY_IPV4 | VP_FAMILY_IPV6 },
		{ "udp/5", "", "ip.opt.type equals 131", VP_FAMILY_IPV4 },
		{ "udp/5", "", "not ip.hdr_len equals 20", VP_FAMILY_IPV4 },
		{ "udp/5", "", "ipv6.routing.type equals 0", VP_FAMILY_IPV6 },
		{ "udp/5", "", "ipv6.routing.type absent", VP_FAMILY_IPV4 | VP_FAMILY_IPV6 },
		{ "icmp", "", "icmp.type equals 8", VP_FAMILY_IPV4 },
		{ "icmpv6", "", "ip.ttl equals 255", VP_FAMILY_IPV6 },
		{ "icmp, icmpv6", "", "datagram.len equals 8",
		  VP_FAMILY_IPV4 | VP_FAMILY_IPV6 },
		{ "igmp", "", "ip.ttl equals 1", VP_FAMILY_IPV4 },
		{ "udp/5", "address = 2001:db8::1", "ip.ttl equals 1", VP_FAMILY_IPV6 },
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(table); i++) {
		_cleanup_free_ char *text = vp_format(
			"[patch]\nid = T\ntitle = T\nseverity = low\nmode = monitor\n"
			"[service s]\nports = %s\n%s\n[rule r]\nservice = s\nwhen = %s\n"
			"action = drop\n[sample a]\nrule = r\nexpect = blocked\nsend = "
			"\"x\"\n",
			table[i].ports, table[i].address, table[i].when);
		struct built built;

		build(&built, text, NULL, 0, NULL);
		assert_int_equal(only_patch(&built)->samples.data[0].families,
				 table[i].families);
		built_free(&built);
	}
}

/* Conditions that are right, to balance the corpus of those that are wrong. */
static void good_conditions(void **state)
{
	static const char *const table[][2] = {
		{ "udp/5", "datagram[0:4] equals \"abcd\", 5, 0xffffffff" },
		{ "udp/5", "datagram[0:8] equals 18446744073709551615" },
		{ "udp/5", "datagram[65526:1] present" },
		{ "udp/5", "datagram[4:] starts-with \"abcdefghi\"" },
		{ "udp/5", "datagram[0:2] | little-endian | mask(0xfff0) at-least 16" },
		{ "udp/5", "datagram[0:100] | lowercase contains \"public\"" },
		{ "icmpv6", "datagram.len less-than 65535" },
		{ "tcp/any", "tcp.options.mss_val at-most 500" },
		{ "tcp/any", "tcp.flags.syn equals 1" },
		{ "ip", "ip.proto equals 0-5, 7-255" },
		{ "ip", "not ip.src equals 192.0.2.0-192.0.2.77, ::/0" },
		{ "ip", "udp.srcport equals 19" },
		{ "protocol/99", "ip.ttl greater-than 5" },
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(table); i++) {
		_cleanup_free_ char *text = with_condition(table[i][0], table[i][1]);
		struct built built;

		build(&built, text, NULL, 0, NULL);
		only_patch(&built);
		built_free(&built);
	}
}

static void ban_follows_the_traffic(void **state)
{
	static const struct {
		const char *ports, *when;
		bool good;
	} table[] = {
		{ "tcp/5", "ip.ttl equals 1", true },
		{ "udp/5", "ip.ttl equals 1", false },
		{ "tcp/5, udp/5", "ip.ttl equals 1", false },
		{ "tcp/5, udp/5", "tcp.dstport equals 5", true },
		{ "tcp/5, udp/5", "tcp.options.mss_val absent", false },
		{ "ip", "ip.ttl equals 1", false },
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(table); i++) {
		_cleanup_free_ char *text = vp_format(
			"[patch]\nid = T\ntitle = T\nseverity = low\nmode = monitor\n[service "
			"s]\n"
			"ports = %s\n[rule r]\nservice = s\nwhen = %s\naction = ban 10m\n",
			table[i].ports, table[i].when);
		struct built built;

		build(&built, text, NULL, 0, NULL);
		assert_int_equal(built.findings.errors, table[i].good ? 0 : 1);
		built_free(&built);
	}
}

static void set_files(void **state)
{
	static const char text[] =
		"[patch]\nid = T\ntitle = T\nseverity = low\nmode = monitor\n"
		"[set s]\nvalues = 192.0.2.1\nfile = set.txt ; comment\n"
		"[service s]\nports = ip\n"
		"[rule r]\nservice = s\nwhen = ip.src equals @s\naction = drop\n";
	struct built built;
	const struct vp_set *set;

	(void)state;
	build(&built, text, NULL, 0, "# comment\n\n192.0.2.2\n  2001:db8::/32 # another\r\n");
	set = &only_patch(&built)->sets.data[0];
	assert_string_equal(set->file, "set.txt");
	assert_int_equal(set->values.len, 3);
	assert_int_equal(set->values.data[2].address.first.family, 6);
	assert_string_equal(set->values.data[2].at.file, "set.txt"); /* outlives the sources */
	assert_int_equal(set->values.data[2].at.line, 4);
	assert_int_equal(set->values.data[2].at.column, 3);
	built_free(&built);
}

static void digest_tells_content_not_form(void **state)
{
	_cleanup_free_ char *other = vp_format("# comment\n\n%s", ntp);
	_cleanup_free_ char *changed = vp_strdup(ntp);
	struct built a, b, c;

	(void)state;
	*strstr(changed, "high") = 'H';
	memcpy(strstr(changed, "High"), "low ", 4);
	build(&a, ntp, NULL, 0, NULL);
	build(&b, other, NULL, 0, NULL);
	build(&c, changed, NULL, 0, NULL);
	assert_int_equal(only_patch(&a)->digest, only_patch(&b)->digest);
	assert_int_not_equal(only_patch(&a)->digest, only_patch(&c)->digest);
	built_free(&a);
	built_free(&b);
	built_free(&c);
}

static void duplicate_ids_name_both_places(void **state)
{
	struct vp_sources sources = { 0 };
	struct built built = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++)
		vp_array_push(&sources.definitions,
			      ((struct vp_text){ .name = vp_format("%d.vpatch", 2 - i),
						 .data = vp_strdup(ntp),
						 .len = strlen(ntp) }));
	vp_policy_build(&built.policy, &sources, NOW, &built.findings);
	vp_sources_free(&sources);
	vp_findings_print(&built.findings, &built.text);
	assert_int_equal(built.findings.errors, 2);
	assert_int_equal(built.policy.patches.len, 1);
	assert_string_equal(built.policy.patches.data[0]->file, "0.vpatch");
	assert_string_equal(
		vp_strbuf_text(&built.text),
		"1.vpatch:2:6: error: expected an id that no other definition has, found "
		"`CVE-2013-5211`, which is also at 0.vpatch:2:6\n"
		"2.vpatch:2:6: error: expected an id that no other definition has, found "
		"`CVE-2013-5211`, which is also at 0.vpatch:2:6\n");
	built_free(&built);
}

/* A broken definition does not take the others with it. */
static void good_patches_stay(void **state)
{
	struct vp_sources sources = { 0 };
	struct built built = { 0 };

	(void)state;
	vp_array_push(&sources.definitions, ((struct vp_text){ .name = vp_strdup("bad.vpatch"),
							       .data = vp_strdup("x\n"),
							       .len = 2 }));
	vp_array_push(&sources.definitions,
		      ((struct vp_text){ .name = vp_strdup("good.vpatch"),
					 .data = vp_strdup(ntp),
					 .len = strlen(ntp) }));
	vp_policy_build(&built.policy, &sources, NOW, &built.findings);
	vp_sources_free(&sources);
	assert_true(built.findings.errors > 0);
	assert_int_equal(built.policy.patches.len, 1);
	built_free(&built);
}

/* Processor time of reading one whose conditions look into a set of 100,000 values. */
static clock_t build_conditions(int count, struct built *built)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	clock_t began;

	vp_strbuf_adds(&text, "[patch]\nid = T-1\ntitle = t\nseverity = low\nmode = monitor\n"
			      "[set s]\nvalues = 0");
	for (int i = 1; i < 100000; i++)
		vp_strbuf_addf(&text, ",%d", i % 256);
	vp_strbuf_adds(&text, "\n[service s]\nports = udp/5\n"
			      "[rule r]\nservice = s\naction = drop\n");
	for (int i = 0; i < count; i++)
		vp_strbuf_adds(&text, "when = ip.ttl equals @s\n");
	began = clock();
	build_bytes(built, text.data, text.len);
	return clock() - began;
}

/* However often the conditions use a large set, reading the definition takes no long time. */
static void work_is_bounded(void **state)
{
	struct built built;
	clock_t allowed;

	(void)state;
	allowed = build_conditions(160, &built);
	assert_int_equal(built.findings.errors, 0);
	built_free(&built);
	assert_in_range(build_conditions(20000, &built), 0, 4 * allowed);
	assert_int_equal(built.findings.errors, 1);
	assert_non_null(strstr(built.text.data, "for every condition that uses them"));
	built_free(&built);
}

/* 1,000 ports at each of 1,000 addresses would be a million endpoints. */
static void endpoints_are_bounded(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	struct built built;

	(void)state;
	vp_strbuf_adds(&text, "[patch]\nid = T-1\ntitle = t\nseverity = low\nmode = monitor\n"
			      "[rule r]\nservice = s\naction = drop\nwhen = ip.ttl equals 1\n"
			      "[set a]\nvalues = 10.0.0.0");
	for (int i = 1; i < 1000; i++)
		vp_strbuf_addf(&text, ",10.0.%d.%d", i / 256, i % 256);
	vp_strbuf_adds(&text, "\n[service s]\naddress = @a\nports = udp/1");
	for (int i = 2; i < 1000; i++)
		vp_strbuf_addf(&text, ",udp/%d", i);
	vp_strbuf_adds(&text, "\n");
	build_bytes(&built, text.data, text.len);
	assert_int_equal(built.findings.errors, 1);
	assert_non_null(strstr(built.text.data, "at most 262144 endpoints"));
	built_free(&built);
}

static void findings_are_bounded(void **state)
{
	struct vp_location at = { .file = "a", .line = 1 };
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	struct vp_findings findings = { 0 };

	(void)state;
	for (int i = 0; i < VP_FINDINGS_MAX + 3; i++)
		vp_find_error(&findings, &at, "%d", i);
	assert_int_equal(findings.list.len, VP_FINDINGS_MAX);
	assert_int_equal(findings.errors, VP_FINDINGS_MAX + 3);
	vp_findings_print(&findings, &text);
	assert_non_null(strstr(text.data, "note: 3 more findings are left out\n"));
	vp_findings_free(&findings);
}

int run_validate_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metadata),
		cmocka_unit_test(service_and_rule),
		cmocka_unit_test(samples),
		cmocka_unit_test(families_follow_the_rule),
		cmocka_unit_test(good_conditions),
		cmocka_unit_test(ban_follows_the_traffic),
		cmocka_unit_test(set_files),
		cmocka_unit_test(digest_tells_content_not_form),
		cmocka_unit_test(duplicate_ids_name_both_places),
		cmocka_unit_test(good_patches_stay),
		cmocka_unit_test(work_is_bounded),
		cmocka_unit_test(endpoints_are_bounded),
		cmocka_unit_test(findings_are_bounded),
	};

	return cmocka_run_group_tests_name("validate", tests, NULL, NULL);
}
