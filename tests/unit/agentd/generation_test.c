/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentd/generation.c: bundles come back whole, and never damaged. */
#include <errno.h>
#include <string.h>

#include "agentd/generation.h"
#include "lib/memory.h"
#include "tests/unit/agentd/daemon_tests.h"

static void add(struct vp_text_list *list, const char *name, const char *data, size_t len)
{
	struct vp_text *text = vp_array_add(list);

	text->name = vp_strdup(name);
	text->data = vp_alloc(1, len + 1);
	memcpy(text->data, data, len);
	text->len = len;
}

static struct vp_generation sample(void)
{
	struct vp_generation generation = {
		.number = 7,
		.time = 1790000000,
		.request = vp_strdup("apply"),
		.who = vp_strdup("alice as root"),
		.reason = vp_strdup("ticket \"4711\"\n"),
		.parent = 6,
		.restores = 3,
		.digest = UINT64_C(0xfedcba9876543210),
		.folder = UINT64_MAX,
		.placed = 1,
		.patches = 2,
		.rules = 5,
		.forced = true,
	};
	struct vp_session *session = vp_array_add(&generation.sessions);

	vp_address_parse("2001:db8::1", &session->peer);
	vp_address_parse("2001:db8::2", &session->local);
	session->peer_port = 65535;
	session->local_port = 22;
	add(&generation.sources.definitions, "a.vpatch", "[patch]\n\0x", 10);
	add(&generation.sources.definitions, "empty.vpatch", "", 0);
	add(&generation.sources.overrides, "site.conf", "x", 1);
	add(&generation.sources.overrides, "local overrides (enabled)", "[override a]\n", 13);
	add(&generation.sources.set_files, "/s", "1\n", 2);
	return generation;
}

static uint64_t digest_of(const struct vp_generation *generation)
{
	return vp_sources_digest_local(&generation->sources,
				       vp_sources_digest(&generation->sources));
}

static void round_trip(void **state)
{
	struct vp_generation a = sample(), b;
	struct vp_strbuf out = { 0 };

	(void)state;
	vp_generation_write(&a, &out);
	assert_int_equal(vp_generation_parse(out.data, out.len, "x", &b, NULL), 0);
	assert_int_equal(b.number, 7);
	assert_int_equal(b.time, a.time);
	assert_string_equal(b.who, a.who);
	assert_string_equal(b.reason, a.reason);
	assert_null(b.ticket);
	assert_int_equal(b.parent, 6);
	assert_int_equal(b.restores, 3);
	assert_true(b.digest == a.digest && b.folder == a.folder && b.placed == a.placed);
	assert_true(b.forced);
	assert_int_equal(b.sessions.len, 1);
	assert_memory_equal(b.sessions.data, a.sessions.data, sizeof(*a.sessions.data));
	assert_int_equal(b.sources.definitions.len, 2);
	assert_int_equal(b.sources.definitions.data[0].len, 10);
	assert_memory_equal(b.sources.definitions.data[0].data, "[patch]\n\0x", 10);
	assert_true(digest_of(&a) == digest_of(&b));
	vp_generation_free(&a);
	vp_generation_free(&b);
	vp_strbuf_free(&out);
}

static void every_byte_damaged_is_found(void **state)
{
	struct vp_generation a = sample(), b = { 0 };
	struct vp_strbuf out = { 0 };

	(void)state;
	vp_generation_write(&a, &out);
	for (size_t at = 0; at < out.len; at++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			struct vp_error err = { 0 };

			out.data[at] = (char)(out.data[at] ^ 1 << bit);
			assert_int_equal(
				vp_generation_parse(out.data, out.len, "7.bundle", &b, &err),
				-EINVAL);
			assert_non_null(strstr(err.text, "7.bundle"));
			out.data[at] = (char)(out.data[at] ^ 1 << bit);
		}
	assert_int_equal(b.number, 0); /* untouched */
	vp_generation_free(&a);
	vp_strbuf_free(&out);
}

static void every_cut_is_found(void **state)
{
	struct vp_generation a = sample(), b = { 0 };
	struct vp_strbuf out = { 0 };

	(void)state;
	vp_generation_write(&a, &out);
	for (size_t len = 0; len < out.len; len++) {
		char *part = vp_memdup(out.data, len);

		assert_int_equal(vp_generation_parse(part, len, "x", &b, NULL), -EINVAL);
		free(part);
	}
	vp_generation_free(&a);
	vp_strbuf_free(&out);
}

static void digest_sees_content_and_names(void **state)
{
	struct vp_generation a = sample(), b = sample();

	(void)state;
	assert_true(digest_of(&a) == digest_of(&b));
	b.sources.definitions.data[0].name[0] = 'b';
	assert_true(digest_of(&a) != digest_of(&b));
	b.sources.definitions.data[0].name[0] = 'a';
	b.sources.overrides.data[1].data[0] = '#'; /* a local one */
	assert_true(digest_of(&a) != digest_of(&b));
	assert_true(vp_sources_digest(&a.sources) == vp_sources_digest(&b.sources));
	vp_generation_free(&a);
	vp_generation_free(&b);
}

int vp_test_generation(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(every_byte_damaged_is_found),
		cmocka_unit_test(every_cut_is_found),
		cmocka_unit_test(digest_sees_content_and_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
