/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vpatchd-answer is told, tells, counts and answers; and calls that wait for it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/audit.h>

#include <cmocka.h>

#include "agentd/answer/listeners.h"
#include "agentd/answer/sums.h"
#include "agentd/answer/table.h"
#include "lib/memory.h"

static struct vp_answer_order order_of(enum vp_answer_order_kind kind)
{
	return (struct vp_answer_order){ .magic = VP_ANSWER_MAGIC,
					 .kind = kind,
					 .key = kind == VP_ANSWER_LISTENER ? 5 : 0,
					 .process = kind == VP_ANSWER_LISTENER ? 42 : 0,
					 .number = kind == VP_ANSWER_TABLE ? 1 : 0 };
}

static void orders_are_checked(void **state)
{
	struct vp_answer_order order, got;

	(void)state;
	for (int kind = VP_ANSWER_PING; kind < VP_ANSWER_ORDERS; kind++) {
		order = order_of((enum vp_answer_order_kind)kind);
		assert_int_equal(vp_answer_order_parse(&order, sizeof(order), &got, NULL), 0);
		assert_memory_equal(&order, &got, sizeof(order));
		assert_int_equal(vp_answer_order_parse(&order, sizeof(order) - 1, &got, NULL),
				 -EPROTO);
		order.key ^= 5;
		assert_int_equal(vp_answer_order_parse(&order, sizeof(order), &got, NULL),
				 -EPROTO);
		order.key ^= 5;
		order.number ^= 1;
		assert_int_equal(vp_answer_order_parse(&order, sizeof(order), &got, NULL),
				 -EPROTO);
	}
	order = order_of(VP_ANSWER_ORDERS);
	assert_int_equal(vp_answer_order_parse(&order, sizeof(order), &got, NULL), -EPROTO);
	order = order_of(VP_ANSWER_LISTENER);
	order.process = 1;
	assert_int_equal(vp_answer_order_parse(&order, sizeof(order), &got, NULL), -EPROTO);
}

static int parse_note(struct vp_answer_note note)
{
	struct vp_answer_note got;

	note.magic = VP_ANSWER_MAGIC;
	return vp_answer_note_parse(&note, sizeof(note), &got, NULL);
}

static void notes_are_checked(void **state)
{
	struct vp_answer_note said = { .kind = VP_ANSWER_STATE, .instance = 1, .result = -22 };
	struct vp_answer_note denied = {
		.kind = VP_ANSWER_DENIED, .count = 2, .process = 42, .first = 1, .last = 1
	};

	(void)state;
	assert_int_equal(parse_note(said), 0);
	assert_int_equal(parse_note(denied), 0);
	said.count = 1;
	assert_int_equal(parse_note(said), -EPROTO);
	said.count = 0;
	said.result = 1;
	assert_int_equal(parse_note(said), -EPROTO);
	denied.first = 2;
	assert_int_equal(parse_note(denied), -EPROTO);
	denied.first = 1;
	denied.flags = VP_ANSWER_PROCESSES;
	assert_int_equal(parse_note(denied), -EPROTO);
	denied.process = 0;
	assert_int_equal(parse_note(denied), 0);
	denied.error = 4096;
	assert_int_equal(parse_note(denied), -EPROTO);
}

/* The first argument, 1 or 2, says which rule; everything else goes on. */
static const struct sock_filter program[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpriority, 0, 4),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 2, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF | 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF | 2),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};
static const struct vp_answer answers[] = { { ENOSYS, 0 }, { EXDEV, 7 }, { EDOM, 8 } };
static const struct vp_answer_target target = {
	.key = 5, .answers = answers, .answer_count = 3, .program = program, .len = 7
};

static void print(struct vp_strbuf *out, uint32_t count, struct vp_answer_target first)
{
	vp_answer_table_begin(out, count);
	for (uint32_t i = 0; i < count; i++, first.key++)
		vp_answer_table_add(out, &first);
}

static void tables_answer_by_key_and_rule(void **state)
{
	static struct vp_answer_table table;
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };
	struct seccomp_data call = { .nr = SYS_getpriority, .args = { 1 } };

	(void)state;
	print(&bytes, 2, target);
	assert_int_equal(vp_answer_table_parse(bytes.data, bytes.len, &table, NULL), 0);
	assert_int_equal(table.count, 2);
	assert_int_equal(vp_answer_find(&table, 5, &call)->error, EXDEV);
	call.args[0] = 2;
	assert_int_equal(vp_answer_find(&table, 6, &call)->tag, 8);
	assert_null(vp_answer_find(&table, 7, &call));
	call.nr = SYS_getpid;
	assert_null(vp_answer_find(&table, 5, &call));
	for (size_t cut = 0; cut < bytes.len; cut++)
		assert_int_equal(vp_answer_table_parse(bytes.data, cut, &table, NULL),
				 -EPROTO);
	assert_int_equal(table.count, 2);
}

static void refused(uint32_t count, struct vp_answer_target of)
{
	static struct vp_answer_table table;
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };

	print(&bytes, count, of);
	assert_int_equal(vp_answer_table_parse(bytes.data, bytes.len, &table, NULL), -EPROTO);
}

static void wrong_tables_are_refused(void **state)
{
	static const struct vp_answer wrong[] = { { 4096, 1 } };
	static const struct sock_filter endless[] = { BPF_STMT(BPF_LD | BPF_IMM, 0) };
	struct vp_answer_target of = target;

	(void)state;
	refused(VP_ANSWER_TARGETS + 1, of);
	of.key = 0;
	refused(1, of);
	of = target;
	of.answer_count = 0;
	refused(1, of);
	of = target;
	of.answers = wrong;
	of.answer_count = 1;
	refused(1, of);
	of = target;
	of.program = endless;
	of.len = 1;
	refused(1, of);
}

/* A program and its answers are of one build; where they are not nothing passes. */
static void a_rule_without_an_answer_is_denied(void **state)
{
	static struct vp_answer_table table;
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };
	const struct seccomp_data call = { .nr = SYS_getpriority, .args = { 2 } };
	struct vp_answer_target of = target;

	(void)state;
	of.answer_count = 2;
	print(&bytes, 1, of);
	assert_int_equal(vp_answer_table_parse(bytes.data, bytes.len, &table, NULL), 0);
	assert_int_equal(vp_answer_find(&table, 5, &call)->error, ENOSYS);
}

struct told {
	size_t rows, room;
	uint64_t count;
};

static bool take(void *context, const struct vp_answer_note *note)
{
	struct told *told = context;

	if (!told->room)
		return false;
	told->room--;
	assert_int_equal(parse_note(*note), 0);
	told->rows++;
	told->count += note->count;
	return true;
}

static void each_denial_is_counted(void **state)
{
	static struct vp_answer_sums sums;
	struct told told = { .room = SIZE_MAX };

	(void)state;
	for (int i = 0; i < 100000; i++)
		vp_answer_sums_add(&sums, &(struct vp_answer_note){ .tag = 1 + i % 3 / 2,
								    .process = 10 + i % 7,
								    .first = 5 });
	vp_answer_sums_flush(&sums, take, &told);
	assert_int_equal(told.rows, 14);
	assert_int_equal(told.count, 100000);
	assert_int_equal(sums.count + sums.lost, 0);
}

static void nobody_listens_for_long(void **state)
{
	static struct vp_answer_sums sums;
	struct told told = { .room = 3 };

	(void)state;
	for (int i = 0; i < 10000; i++)
		vp_answer_sums_add(&sums, &(struct vp_answer_note){ .tag = 1 + (uint32_t)i % 2,
								    .process = 10 + i,
								    .first = (uint64_t)i });
	assert_true(sums.count < VP_ANSWER_SUMS);
	assert_int_equal(sums.lost, 0);
	vp_answer_sums_flush(&sums, take, &told);
	assert_int_equal(told.rows, 3);
	told.room = SIZE_MAX;
	vp_answer_sums_flush(&sums, take, &told);
	assert_int_equal(told.count, 10000);
	for (uint32_t i = 0; i < 2 * VP_ANSWER_SUMS; i++)
		vp_answer_sums_add(&sums,
				   &(struct vp_answer_note){ .tag = i + 1, .process = 10 });
	assert_int_equal(sums.count, VP_ANSWER_SUMS);
	assert_int_equal(sums.lost, VP_ANSWER_SUMS);
}

/* A child under the program, whose listener comes to us as a copy of its descriptor. */
static pid_t start_child(int *listener)
{
	const struct sock_fprog code = { 7, (struct sock_filter *)(uintptr_t)program };
	int ready[2], go[2];
	int fd = -1;
	char byte;
	pid_t id;

	assert_int_equal(pipe(ready) | pipe(go), 0);
	id = fork();
	if (!id) {
		(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				  SECCOMP_FILTER_FLAG_NEW_LISTENER, &code);
		if (write(ready[1], &fd, sizeof(fd)) < 0 || read(go[0], &byte, 1) != 1)
			_exit(99);
		close(fd);
		if (syscall(SYS_getpriority, 1, 0) != -1 || errno != EXDEV)
			_exit(1);
		if (syscall(SYS_getpriority, 2, 0) != -1 || errno != EDOM)
			_exit(2);
		_exit(syscall(SYS_getpriority, 1, 0) > 0 ? 0 : 3);
	}
	assert_int_equal(read(ready[0], &fd, sizeof(fd)), sizeof(fd));
	if (fd >= 0) {
		int process = (int)syscall(SYS_pidfd_open, id, 0);

		*listener = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
		close(process);
	}
	assert_int_equal(write(go[1], "", 1), 1);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
	return id;
}

static void calls_are_answered_and_let_through(void **state)
{
	static struct vp_answer_listeners listeners;
	static struct vp_answer_table table;
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };
	struct vp_answer_note denial;
	int listener = -1, status;
	pid_t child;

	(void)state;
	assert_int_equal(vp_answer_listeners_add(&listeners, STDIN_FILENO, 5), -EINVAL);
	child = start_child(&listener);
	if (listener < 0) {
		waitpid(child, &status, 0);
		skip(); /* not permitted here */
	}
	assert_int_equal(vp_answer_listeners_check(NULL), 0);
	assert_int_equal(vp_answer_listeners_add(&listeners, listener, 5), 0);
	print(&bytes, 1, target);
	assert_int_equal(vp_answer_table_parse(bytes.data, bytes.len, &table, NULL), 0);
	assert_true(vp_answer_listeners_serve(&listeners, 0, &table, &denial));
	assert_int_equal(denial.tag, 7);
	assert_int_equal(denial.error, EXDEV);
	assert_int_equal(denial.process, child);
	assert_int_equal(denial.call, SYS_getpriority);
	assert_true(vp_answer_listeners_serve(&listeners, 0, &table, &denial));
	assert_int_equal(denial.tag, 8);
	table.count = 0; /* withdrawn */
	assert_false(vp_answer_listeners_serve(&listeners, 0, &table, &denial));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	vp_answer_listeners_drop(&listeners, 0);
	assert_int_equal(listeners.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_are_checked),
		cmocka_unit_test(notes_are_checked),
		cmocka_unit_test(tables_answer_by_key_and_rule),
		cmocka_unit_test(wrong_tables_are_refused),
		cmocka_unit_test(a_rule_without_an_answer_is_denied),
		cmocka_unit_test(each_denial_is_counted),
		cmocka_unit_test(nobody_listens_for_long),
		cmocka_unit_test(calls_are_answered_and_let_through),
	};

	return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
