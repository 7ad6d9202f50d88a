/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manual pages against the tables they describe, both ways. */
#include <ctype.h>
#include <stdlib.h>

#include "agentd/ctl/commands.h"
#include "lib/cleanup.h"
#include "lib/memory.h"
#include "lib/strbuf.h"
#include "policy/field.h"
#include "tests/unit/agentd/ctl_test.h"

/* The lines of `text` from `begin` up to the next of `end`, as a copy. */
static char *part_of(const char *text, const char *begin, const char *end)
{
	const char *from = strstr(text, begin);
	const char *to = from ? strstr(from + strlen(begin), end) : NULL;

	if (!from)
		fail_msg("the page has no \"%s\"", begin);
	return vp_strndup(from, to ? (size_t)(to - from) : strlen(from));
}

/* The part of a verb ends where the next one begins. */
static char *verb_part(const char *page, const struct vp_command *command)
{
	_cleanup_free_ char *commands = part_of(page, ".Ss Commands\n", ".Sh ");
	_cleanup_free_ char *begin = vp_format("\n.It Cm %s", command->verb);
	const char *from = strstr(commands, begin);
	const char *to = NULL;

	if (!from)
		fail_msg("vpatchctl(8) does not describe %s", command->verb);
	for (const struct vp_command *other = vp_commands; other->verb; other++) {
		_cleanup_free_ char *next = vp_format("\n.It Cm %s", other->verb);
		const char *at = strstr(from + strlen(begin), next);

		if (at && (!to || at < to))
			to = at;
	}
	return vp_strndup(from, to ? (size_t)(to - from) : strlen(from));
}

static bool names_option(const char *text, const char *name)
{
	_cleanup_free_ char *macro = vp_format("Fl -%s", name);
	size_t len = strlen(macro);

	for (const char *at = text; (at = strstr(at, macro)); at += len)
		if (!isalnum((unsigned char)at[len]) && at[len] != '-')
			return true;
	return false;
}

static void every_verb_and_option_is_described(void **state)
{
	_cleanup_free_ char *page = source_file("doc/vpatchctl.8");

	(void)state;
	for (const struct vp_command *command = vp_commands; command->verb; command++) {
		_cleanup_free_ char *part = verb_part(page, command);

		for (unsigned int id = 0; id < VP_OPTION_COUNT; id++) {
			bool own = command->options & VP_OPTION_BIT(id);

			if (own && !names_option(part, vp_options[id].name))
				fail_msg("vpatchctl(8): %s does not name --%s", command->verb,
					 vp_options[id].name);
		}
	}
}

/* Item lines name only what there is. */
static void nothing_else_is_described(void **state)
{
	_cleanup_free_ char *page = source_file("doc/vpatchctl.8");
	_cleanup_free_ char *commands = part_of(page, ".Ss Commands\n", ".Sh ");
	char *rest = NULL;
	size_t verbs = 0;

	(void)state;
	for (char *line = strtok_r(commands, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		char word[64];

		if (sscanf(line, ".It Cm %63s", word) == 1) {
			if (!vp_command_find(word))
				fail_msg("vpatchctl(8) describes %s, which does not exist",
					 word);
			verbs++;
		}
		for (const char *at = line; (at = strstr(at, "Fl -")); at += 4) {
			bool known = false;

			assert_int_equal(sscanf(at, "Fl -%63s", word), 1);
			for (size_t id = 0; id < VP_OPTION_COUNT; id++)
				known |= !strcmp(vp_options[id].name, word);
			if (!known)
				fail_msg("vpatchctl(8) names --%s, which does not exist",
					 word);
		}
	}
	for (const struct vp_command *command = vp_commands; command->verb; command++)
		verbs--;
	assert_int_equal(verbs, 0);
}

static void global_options_are_described(void **state)
{
	_cleanup_free_ char *page = source_file("doc/vpatchctl.8");
	_cleanup_free_ char *part = part_of(page, ".Ss Options of every command\n", ".Ss ");

	(void)state;
	for (unsigned int id = 0; id < VP_OPTION_COUNT; id++)
		assert_int_equal(names_option(part, vp_options[id].name),
				 !!(VP_OPTIONS_GLOBAL & VP_OPTION_BIT(id)));
}

/* Fields, operators and transforms of vpatch(5) are made from the condition table. */

static void add_traffic(const struct vp_field *field, struct vp_strbuf *out)
{
	static const char *const names[] = { "tcp", "udp", "icmp", "icmpv6" };
	const char *before = "";

	if (field->traffic == VP_TRAFFIC_ANY) {
		vp_strbuf_adds(out, "any traffic");
		return;
	}
	for (size_t i = 0; i < VP_COUNT(names); i++) {
		if (!(field->traffic & 1u << i))
			continue;
		vp_strbuf_addf(out, "%s%s", before, names[i]);
		before = ", ";
	}
}

static void add_points(unsigned int points, struct vp_strbuf *out)
{
	const char *before = "";

	for (unsigned int point = 0; point < VP_POINT_COUNT; point++) {
		if (!(points & VP_POINT_BIT(point)))
			continue;
		vp_strbuf_addf(out, "%s%s", before, vp_point_name((enum vp_point)point));
		before = ", ";
	}
}

static void add_field(const struct vp_field *field, struct vp_strbuf *out)
{
	static const char *const types[] = { [VP_TYPE_NUMBER] = "number",
					     [VP_TYPE_ADDRESS] = "address",
					     [VP_TYPE_SLICE] = "slice",
					     [VP_TYPE_BYTES] = "string" };
	static const char *const arguments[] = {
		[VP_ARGUMENT_NONE] = "",
		[VP_ARGUMENT_SLICE] = " Ns Bq Ar OFFSET : LENGTH",
		[VP_ARGUMENT_REQUIRED] = " Ns Pq Ar NAME",
		[VP_ARGUMENT_OPTIONAL] = " Ns Op Pq Ar NAME",
	};

	vp_strbuf_addf(out, ".It Cm %s%s\n%s", field->name, arguments[field->argument],
		       types[field->type]);
	if (field->bits)
		vp_strbuf_addf(out, " of %u bit%s", field->bits, field->bits == 1 ? "" : "s");
	vp_strbuf_adds(out, "; ");
	add_traffic(field, out);
	if (field->application)
		vp_strbuf_addf(out, ", application %s", field->application);
	vp_strbuf_adds(out, "; ");
	add_points(field->points, out);
	vp_strbuf_addf(out, ":\n%s\n", field->summary);
}

static void add_operators(struct vp_strbuf *out)
{
	for (unsigned int op = 0; op < VP_OP_COUNT; op++)
		vp_strbuf_addf(out, ".Cm %s %s\n", vp_operator_name((enum vp_operator)op),
			       op + 1 < VP_OP_COUNT ? "," : ".");
}

static void add_transforms(struct vp_strbuf *out)
{
	for (size_t i = 0; i < VP_TRANSFORM_COUNT; i++) {
		vp_strbuf_addf(out, ".It Cm %s%s\n", vp_transform_types[i].name,
			       vp_transform_types[i].takes_number ? " Ns Pq Ar NUMBER" : "");
		add_points(vp_transform_types[i].points, out);
		vp_strbuf_addc(out, '\n');
	}
}

/* Replace what is between the two marks of `name`. */
static char *with_part(const char *page, const char *name, const char *text)
{
	_cleanup_free_ char *begin = vp_format(".\\\" %s begin\n", name);
	_cleanup_free_ char *end = vp_format(".\\\" %s end\n", name);
	const char *from = strstr(page, begin), *to = strstr(page, end);

	if (!from || !to)
		fail_msg("vpatch(5) has lost its marks of the %s", name);
	return vp_format("%.*s%s%s%s", (int)(from - page), page, begin, text, to);
}

static void language_tables_are_in_step(void **state)
{
	_cleanup_free_ char *page = source_file("doc/vpatch.5");
	_cleanup_free_ char *one = NULL, *two = NULL, *three = NULL;
	_cleanup_strbuf_ struct vp_strbuf fields = { 0 }, operators = { 0 },
					  transforms = { 0 };

	(void)state;
	for (size_t i = 0; i < VP_FIELD_COUNT; i++)
		add_field(&vp_fields[i], &fields);
	add_operators(&operators);
	add_transforms(&transforms);
	one = with_part(page, "fields", fields.data);
	two = with_part(one, "operators", operators.data);
	three = with_part(two, "transforms", transforms.data);
	assert_golden("doc/vpatch.5", three);
}

/* The keys of agentd/config.c are a table of its own: { "policy", set_path, ... */
static void configuration_keys_are_described(void **state)
{
	_cleanup_free_ char *page = source_file("doc/vpatchd.conf.5");
	_cleanup_free_ char *source = source_file("agentd/config.c");
	_cleanup_free_ char *table = part_of(source, "struct key keys[] = {\n", "\n};");
	size_t described = 0, keys = 0;
	char key[40];

	(void)state;
	for (const char *at = table; (at = strstr(at, "{ \"")); at += 3) {
		_cleanup_free_ char *item = NULL;

		if (sscanf(at, "{ \"%39[a-z-]\", set_", key) != 1)
			continue;
		keys++;
		item = vp_format("\n.It Cm %s\n", key);
		if (!strstr(page, item))
			fail_msg("vpatchd.conf(5) does not describe %s", key);
	}
	for (const char *at = page; (at = strstr(at, "\n.It Cm ")); at++)
		described++;
	assert_true(keys > 10);
	assert_int_equal(described, keys);
}

static void pages_are_clean_mdoc(void **state)
{
	static const char *const pages[] = { "vpatch.5", "vpatch-exec.8", "vpatchd.conf.5",
					     "vpatchctl.8", "vpatchd.8" };
	const char *root = getenv("srcdir");

	(void)state;
	if (system("command -v mandoc >/dev/null"))
		skip();
	for (size_t i = 0; i < VP_COUNT(pages); i++) {
		_cleanup_free_ char *command =
			vp_format("mandoc -T lint -W warning '%s/doc/%s'",
				  root ? root : VP_TEST_SOURCES, pages[i]);

		assert_int_equal(system(command), 0);
	}
}

int test_manual(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_verb_and_option_is_described),
		cmocka_unit_test(nothing_else_is_described),
		cmocka_unit_test(global_options_are_described),
		cmocka_unit_test(language_tables_are_in_step),
		cmocka_unit_test(configuration_keys_are_described),
		cmocka_unit_test(pages_are_clean_mdoc),
	};

	return cmocka_run_group_tests_name("manual", tests, NULL, NULL);
}
