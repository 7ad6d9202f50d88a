/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose rule denied a call, and what an event says of it; and processes that are remembered.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/denied.h"
#include "agentd/denying_cache.h"
#include "tests/unit/agentd/denials_tests.h"
#include "tests/unit/seccomp/world.h"

#define SOCKET	   41 /* of x86-64 */
#define CLONE3	   435
#define SOCKET_386 359

static struct vp_denial denial(enum vp_abi abi, int call, uint32_t action)
{
	return (struct vp_denial){ .kind = VP_DENIAL_CALLS,
				   .count = 1,
				   .architecture = vp_abi_audit(abi),
				   .call = call,
				   .action = action };
}

static enum vp_denied_cause find(const struct vp_filter *filter, struct vp_denial denial,
				 struct vp_denied *denied)
{
	vp_denied_find(&filter, 1, &denial, denied);
	return denied->cause;
}

static void owner_by_call_and_action(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	struct vp_denied denied;

	(void)state;
	world_deny(&w, 7, false, "socket(domain = AF_ALG)", 0);
	world_deny(&w, 8, true, "socket(type = SOCK_RAW)", 0);
	world_deny(&w, 9, false, "socket(protocol = 12)", 0);
	filter = world_compile(&w, VP_ABI_X86_64, false);
	assert_int_equal(find(filter, denial(VP_ABI_X86_64, SOCKET, SECCOMP_RET_LOG), &denied),
			 VP_DENIED_RULE);
	assert_int_equal(denied.tags.len, 1);
	assert_int_equal(denied.tags.data[0], 8);
	vp_array_free(&denied.tags);
	assert_int_equal(
		find(filter, denial(VP_ABI_X86_64, SOCKET, SECCOMP_RET_ERRNO), &denied),
		VP_DENIED_RULE);
	assert_int_equal(denied.tags.len, 2);
	assert_int_equal(denied.tags.data[0], 7);
	assert_int_equal(denied.tags.data[1], 9);
	vp_array_free(&denied.tags);
}

static void not_ours(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	struct vp_denied denied;
	struct vp_denial socket = denial(VP_ABI_X86_64, SOCKET, SECCOMP_RET_ERRNO);

	(void)state;
	world_deny(&w, 7, false, "socket(domain = AF_ALG)", 0);
	filter = world_compile(&w, VP_ABI_X86_64, false);
	assert_int_equal(
		find(filter, denial(VP_ABI_X86_64, SOCKET, SECCOMP_RET_KILL_PROCESS), &denied),
		VP_DENIED_FOREIGN);
	assert_int_equal(find(filter, denial(VP_ABI_X86_64, 999, SECCOMP_RET_ERRNO), &denied),
			 VP_DENIED_FOREIGN);
	assert_int_equal(find(filter, denial(VP_ABI_X86_64, SOCKET, SECCOMP_RET_LOG), &denied),
			 VP_DENIED_FOREIGN);
	vp_denied_find(NULL, 0, &socket, &denied);
	assert_int_equal(denied.cause, VP_DENIED_FOREIGN);
	assert_int_equal(denied.tags.len, 0);
}

static void closed_and_covered_abis(void **state)
{
	const struct vp_denial foreign = denial(VP_ABI_I386, SOCKET_386, SECCOMP_RET_ERRNO);
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *closed = NULL, *covered = NULL;
	struct vp_denied denied;

	(void)state;
	world_deny(&w, 7, false, "socket(domain = AF_ALG)", 0);
	closed = world_compile(&w, VP_ABI_X86_64, false);
	covered = world_compile(&w, VP_ABI_X86_64, true);
	assert_int_equal(find(closed, foreign, &denied), VP_DENIED_ABI);
	assert_int_equal(denied.tags.len, 0);
	assert_int_equal(find(covered, foreign, &denied), VP_DENIED_RULE);
	assert_int_equal(denied.tags.data[0], 7);
	vp_array_free(&denied.tags);
	assert_int_equal(find(covered,
			      denial(VP_ABI_X32, SOCKET | (int)VP_X32_BIT, SECCOMP_RET_ERRNO),
			      &denied),
			 VP_DENIED_ABI);
}

/* The same tag in the filter of before and in that of now is one owner; NULL: unknown. */
static void of_several_filters(void **state)
{
	_cleanup_world_ struct world before = { 0 }, now = { 0 };
	_cleanup_filter_ struct vp_filter *old = NULL, *new = NULL;
	struct vp_denial socket = denial(VP_ABI_X86_64, SOCKET, SECCOMP_RET_ERRNO);
	struct vp_denied denied;

	(void)state;
	world_deny(&before, 7, false, "socket(domain = AF_ALG)", 0);
	world_deny(&now, 7, false, "socket(domain = AF_ALG)", 0);
	world_deny(&now, 9, false, "socket(protocol = 12)", 0);
	old = world_compile(&before, VP_ABI_X86_64, false);
	new = world_compile(&now, VP_ABI_X86_64, false);
	vp_denied_find((const struct vp_filter *const[]){ old, NULL, new }, 3, &socket,
		       &denied);
	assert_int_equal(denied.cause, VP_DENIED_RULE);
	assert_int_equal(denied.tags.len, 2);
	assert_int_equal(denied.tags.data[1], 9);
	vp_array_free(&denied.tags);
}

/* Sections as a plan has them, each with the rules of a world. */
static void add_section(struct vp_plan *plan, struct vp_patch *patch,
			struct vp_syscalls *syscalls, const struct world *world, uint32_t tag)
{
	vp_array_each (rule, &world->rules)
		if (rule->tag == tag)
			vp_array_push(&syscalls->rules, *rule->rule);
	vp_array_push(&plan->calls,
		      ((struct vp_call_placement){
			      .patch = patch, .syscalls = syscalls, .tag = tag }));
}

static void described(void **state)
{
	struct vp_patch patches[] = { { .id = (char[]){ "A-1" } },
				      { .id = (char[]){ "B-2" } } };
	struct vp_syscalls sections[] = { { .name = (char[]){ "worker" } },
					  { .name = (char[]){ "all" } } };
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	struct vp_plan plan = { 0 };
	struct vp_event_call call = { 0 };
	struct vp_denied denied;
	struct vp_denial socket = denial(VP_ABI_X86_64, SOCKET, SECCOMP_RET_ERRNO);
	struct vp_denial clone3 = denial(VP_ABI_X86_64, CLONE3, SECCOMP_RET_ERRNO);

	(void)state;
	world_deny(&w, 7, false, "socket(domain = AF_ALG), userns", EAFNOSUPPORT);
	world_deny(&w, 9, false, "socket(protocol = 12)", EPERM);
	add_section(&plan, &patches[0], &sections[0], &w, 7);
	add_section(&plan, &patches[1], &sections[1], &w, 9);
	filter = world_compile(&w, VP_ABI_X86_64, false);
	find(filter, socket, &denied);
	vp_denied_describe(&plan, &denied, &socket, &call);
	assert_string_equal(call.name, "socket");
	assert_string_equal(call.error, ""); /* of one of two */
	assert_string_equal(call.candidates, "B-2/all");
	vp_array_free(&denied.tags);
	call = (struct vp_event_call){ 0 };
	find(filter, clone3, &denied);
	assert_int_equal(denied.tags.len, 1);
	vp_denied_describe(&plan, &denied, &clone3, &call);
	assert_string_equal(call.name, "clone3");
	assert_string_equal(call.error, "ENOSYS");
	assert_string_equal(call.candidates, "");
	vp_array_free(&denied.tags);
	assert_ptr_equal(vp_denied_placement(&plan, 9)->patch, &patches[1]);
	assert_null(vp_denied_placement(&plan, 10));
	vp_array_free(&sections[0].rules);
	vp_array_free(&sections[1].rules);
	vp_array_free(&plan.calls);
}

static pid_t start_child(int pipes[static 2])
{
	pid_t child;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (!child) {
		char byte;

		close(pipes[1]);
		_exit((int)read(pipes[0], &byte, 1));
	}
	close(pipes[0]);
	return child;
}

static void end_child(pid_t child, const int pipes[static 2])
{
	close(pipes[1]);
	waitpid(child, NULL, 0);
}

static void processes_are_remembered(void **state)
{
	struct vp_denying_cache cache = { 0 };
	const struct vp_denying_process *process;
	int pipes[2];
	pid_t child = start_child(pipes);

	(void)state;
	process = vp_denying_cache_find(&cache, child);
	assert_non_null(process);
	assert_true(process->start > 0);
	assert_non_null(process->program);
	assert_non_null(vp_denying_cache_program(&cache, process->program));
	end_child(child, pipes);
	process = vp_denying_cache_find(&cache, child);
	assert_non_null(process); /* it was seen while it lived */
	assert_non_null(process->program);
	child = start_child(pipes);
	end_child(child, pipes);
	assert_null(vp_denying_cache_find(&cache, child));
	assert_null(vp_denying_cache_program(&cache, "/nowhere"));
	vp_denying_cache_free(&cache);
}

static void memory_is_bounded(void **state)
{
	struct vp_denying_cache cache = { 0 };
	pid_t self = getpid();

	(void)state;
	(void)vp_denying_cache_find(&cache, self);
	for (pid_t id = 1; id <= 2 * VP_DENYING_CACHE; id++) /* as if they had been seen */
		vp_array_push(&cache.processes,
			      ((struct vp_denying_process){ .id = self + id, .asked = 0 }));
	while (cache.processes.len > VP_DENYING_CACHE)
		cache.processes.len--;
	assert_non_null(vp_denying_cache_find(&cache, getppid()));
	assert_int_equal(cache.processes.len, VP_DENYING_CACHE);
	assert_int_equal(vp_denying_cache_find(&cache, self)->id, self);
	for (size_t i = 1; i < cache.processes.len; i++)
		assert_true(cache.processes.data[i - 1].id < cache.processes.data[i].id);
	vp_denying_cache_free(&cache);
}

int run_denied_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(owner_by_call_and_action),
		cmocka_unit_test(not_ours),
		cmocka_unit_test(closed_and_covered_abis),
		cmocka_unit_test(of_several_filters),
		cmocka_unit_test(described),
		cmocka_unit_test(processes_are_remembered),
		cmocka_unit_test(memory_is_bounded),
	};

	return cmocka_run_group_tests_name("denied", tests, NULL, NULL);
}
