/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentd/inspect/programs.c: which generation judges, and when one goes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/inspect/programs.h"

static void ignore_decision(void *context, const struct vp_decision *decision)
{
	(void)context;
	(void)decision;
}

static void ignore_hit(void *context, const struct vp_hit *hit)
{
	(void)context;
	(void)hit;
}

static int make(void **state)
{
	static const struct vp_engine_user user = { .decide = ignore_decision,
						     .hit = ignore_hit };
	struct vp_programs *programs = calloc(1, sizeof(*programs));

	programs->engine = vp_engine_new(&vp_engine_options_default, &user, NULL);
	*state = programs;
	return 0;
}

static int destroy(void **state)
{
	struct vp_programs *programs = *state;

	while (programs->count)
		assert_true(vp_programs_forget(programs, programs->of[0].number));
	vp_engine_free(programs->engine);
	free(programs);
	return 0;
}

/* A program without rules. */
static int load(struct vp_programs *programs, uint64_t number, uint8_t slot, bool active)
{
	const struct vp_plan plan = { 0 };
	struct vp_error err = { 0 };
	struct vp_scopes *scopes = vp_scopes_compile(&plan, &err);
	struct vp_note note = vp_note_make(VP_NOTE_PROGRAM, number);
	int memory = memfd_create("program", 0), r;
	uint8_t *bytes;
	size_t len;

	assert_non_null(scopes);
	vp_scopes_pack(scopes, &bytes, &len);
	vp_scopes_free(scopes);
	assert_int_equal(write(memory, bytes, len), len);
	free(bytes);
	note.program.size = len;
	note.program.slot = slot;
	note.program.active = active;
	r = vp_programs_load(programs, &note, memory, &err);
	close(memory);
	return r;
}

static const struct vp_scopes *scopes_of(const struct vp_programs *programs, uint64_t number)
{
	for (size_t i = 0; i < programs->count; i++)
		if (programs->of[i].number == number)
			return programs->of[i].scopes;
	return NULL;
}

static void test_slot_decides(void **state)
{
	struct vp_programs *programs = *state;

	assert_int_equal(load(programs, 1, 1, true), 0);
	assert_ptr_equal(programs->active, scopes_of(programs, 1));
	assert_int_equal(load(programs, 2, 0, false), 0);
	vp_programs_packet(programs, 1);
	assert_ptr_equal(programs->active, scopes_of(programs, 1));
	vp_programs_packet(programs, 0);
	assert_ptr_equal(programs->active, scopes_of(programs, 2));
	vp_programs_packet(programs, 1); /* a late one of the old slot turns nothing back */
	assert_ptr_equal(programs->active, scopes_of(programs, 2));
	assert_true(vp_programs_forget(programs, 1));
	assert_false(vp_programs_forget(programs, 1));
	assert_ptr_equal(programs->active, scopes_of(programs, 2));
}

/* The kernel refused the rules of generation 2: it never judges. */
static void test_refused_commit(void **state)
{
	struct vp_programs *programs = *state;

	assert_int_equal(load(programs, 1, 1, true), 0);
	assert_int_equal(load(programs, 2, 0, false), 0);
	vp_programs_forget(programs, 2);
	vp_programs_packet(programs, 0);
	assert_ptr_equal(programs->active, scopes_of(programs, 1));
	assert_int_equal(load(programs, 3, 0, false), 0);
	vp_programs_activate(programs, 3);
	assert_ptr_equal(programs->active, scopes_of(programs, 3));
}

static void test_what_is_refused(void **state)
{
	struct vp_programs *programs = *state;
	struct vp_note note = vp_note_make(VP_NOTE_PROGRAM, 99);
	struct vp_error err = { 0 };
	int memory = memfd_create("program", 0);

	note.program.size = 4096;
	assert_int_equal(ftruncate(memory, 4096), 0);
	assert_int_equal(vp_programs_load(programs, &note, memory, &err), -EBADMSG);
	close(memory);
	for (uint64_t i = 1; i <= VP_PROGRAMS_MAX; i++)
		assert_int_equal(load(programs, i, 0, true), 0);
	assert_int_equal(load(programs, 100, 0, true), -EEXIST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_slot_decides, make, destroy),
		cmocka_unit_test_setup_teardown(test_refused_commit, make, destroy),
		cmocka_unit_test_setup_teardown(test_what_is_refused, make, destroy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
