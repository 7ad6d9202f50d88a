/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prototypes, constants and sets of system calls; the rules that terms become; and
 * random terms of every prototype, which print as what they were read from.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/policy/kernel_constants.h"
#include "tests/unit/policy/policy_tests.h"

#define ROUNDS 4

/* Tables */

static void prototypes(void **state)
{
	size_t count;
	const struct vp_call_prototype *calls = vp_call_all(&count);

	(void)state;
	assert_true(count > 350);
	for (size_t i = 0; i < count; i++) {
		const struct vp_call_argument *arguments = calls[i].arguments;
		bool end = false;

		if (i)
			assert_true(strcmp(calls[i - 1].name, calls[i].name) < 0);
		assert_ptr_equal(vp_call_find(calls[i].name, strlen(calls[i].name)),
				 &calls[i]);
		for (int k = 0; k < VP_CALL_ARGUMENTS; k++) {
			end |= !arguments[k].name;
			assert_int_equal(!arguments[k].name, end);
			assert_int_equal(arguments[k].type == VP_CALL_NONE, end);
			if (end)
				continue;
			assert_int_equal(vp_call_argument_find(&calls[i], arguments[k].name,
							       strlen(arguments[k].name)),
					 k);
			if (arguments[k].type == VP_CALL_POINTER)
				assert_int_equal(arguments[k].families, 0);
			if (!vp_call_is_wide(&arguments[k]))
				assert_true(arguments[k].mask <= UINT32_MAX);
			assert_int_equal(arguments[k].families >> VP_CALL_FAMILY_COUNT, 0);
		}
	}
	assert_null(vp_call_find("", 0));
	assert_null(vp_call_find("socke", 5));
	assert_null(vp_call_find("sockets", 7));
	assert_null(vp_call_find("zzz", 3));
	assert_ptr_equal(vp_call_find("sockets", 6), vp_call_find("socket", 6));
}

static const struct vp_call_argument *argument(const char *call, const char *name)
{
	const struct vp_call_prototype *prototype = vp_call_find(call, strlen(call));
	int index;

	assert_non_null(prototype);
	index = vp_call_argument_find(prototype, name, strlen(name));
	assert_true(index >= 0);
	return &prototype->arguments[index];
}

/* Where the declared type is not what the kernel uses, or bits of it do not select. */
static void widths(void **state)
{
	(void)state;
	assert_int_equal(argument("socket", "domain")->type, VP_CALL_INT);
	assert_int_equal(argument("socket", "type")->mask, 0xf);
	assert_int_equal(argument("socketpair", "type")->mask, 0xf);
	assert_int_equal(argument("futex", "op")->mask, 0x7f);
	assert_int_equal(argument("chmod", "mode")->mask, 0xffff);
	/* numbers that carry a flag: registered rings, SCHED_RESET_ON_FORK, LOCK_NB */
	assert_int_equal(argument("io_uring_register", "opcode")->mask, 0x7fffffff);
	assert_int_equal(argument("sched_setscheduler", "policy")->mask, 0xbfffffff);
	assert_int_equal(argument("flock", "cmd")->mask, 0xfffffffb);
	assert_int_equal(argument("clone", "flags")->type, VP_CALL_FLAGS);
	assert_int_equal(argument("unshare", "flags")->type, VP_CALL_LONG_FLAGS);
	assert_int_equal(argument("mmap", "prot")->type, VP_CALL_LONG_FLAGS);
	assert_int_equal(argument("mmap", "fd")->type, VP_CALL_INT);
	assert_int_equal(argument("readv", "fd")->type, VP_CALL_INT);
	assert_int_equal(argument("ptrace", "request")->type, VP_CALL_LONG);
	assert_int_equal(argument("ptrace", "pid")->type, VP_CALL_INT);
	assert_int_equal(argument("waitid", "infop")->type, VP_CALL_POINTER);
	assert_int_equal(argument("ioctl", "cmd")->type, VP_CALL_INT);
	assert_int_equal(argument("ioctl", "arg")->type, VP_CALL_LONG);
	assert_int_equal(argument("pipe2", "flags")->type, VP_CALL_FLAGS);
}

static uint64_t every_family(void)
{
	return (UINT64_C(1) << VP_CALL_FAMILY_COUNT) - 1;
}

static void constants(void **state)
{
	size_t count, all = 0;

	(void)state;
	for (unsigned int family = 0; family < VP_CALL_FAMILY_COUNT; family++) {
		const struct vp_call_constant *list =
			vp_call_constants((enum vp_call_family)family, &count);

		assert_true(count > 0);
		all += count;
		for (size_t i = 0; i < count; i++) {
			/* a name means one thing, whatever the argument */
			assert_ptr_equal(vp_call_constant_find(every_family(), list[i].name,
							       strlen(list[i].name)),
					 &list[i]);
			assert_null(vp_call_constant_find(every_family() &
								  ~(UINT64_C(1) << family),
							  list[i].name, strlen(list[i].name)));
		}
	}
	assert_true(all > 1000);
	assert_null(vp_call_constant_find(every_family(), "AF_", 3));
}

static void compare_constants(const struct kernel_constant *kernel, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct vp_call_constant *ours = vp_call_constant_find(
			every_family(), kernel[i].name, strlen(kernel[i].name));

		assert_non_null(ours);
		if ((uint32_t)ours->value != (uint32_t)kernel[i].value)
			fail_msg("%s is %#" PRIx64 " in the kernel's headers, %#" PRIx64
				 " in the table",
				 kernel[i].name, kernel[i].value, ours->value);
	}
}

static void kernel_headers(void **state)
{
	(void)state;
	assert_true(kernel_constants_count > 500);
	assert_true(kernel_socket_constants_count > 300);
	compare_constants(kernel_constants, kernel_constants_count);
	compare_constants(kernel_socket_constants, kernel_socket_constants_count);
}

static void errors(void **state)
{
	(void)state;
	assert_int_equal(vp_call_errno_find("EPERM", 5), EPERM);
	assert_int_equal(vp_call_errno_find("EAFNOSUPPORT", 12), EAFNOSUPPORT);
	assert_int_equal(vp_call_errno_find("ENOSYS", 6), ENOSYS);
	assert_int_equal(vp_call_errno_find("EHWPOISON", 9), EHWPOISON);
	assert_int_equal(vp_call_errno_find("EPER", 4), 0);
	assert_int_equal(vp_call_errno_find("EPERMS", 6), 0);
	for (int error = 1; error < 134; error++) {
		const char *name = vp_call_errno_name(error);

		if (error == 41 || error == 58) /* the kernel has none */
			assert_null(name);
		else
			assert_int_equal(vp_call_errno_find(name, strlen(name)), error);
	}
	assert_null(vp_call_errno_name(0));
	assert_null(vp_call_errno_name(134));
}

/* Rules */

static const char *const signs[] = {
	[VP_CALL_EQUAL] = "==",	 [VP_CALL_UNEQUAL] = "!=",  [VP_CALL_LESS] = "<",
	[VP_CALL_GREATER] = ">", [VP_CALL_AT_LEAST] = ">=", [VP_CALL_AT_MOST] = "<=",
};

static void print_rule(const struct vp_call_rule *rule, struct vp_strbuf *out)
{
	const char *separator = "(";

	vp_strbuf_adds(out, rule->prototype->name);
	vp_array_each (condition, &rule->conditions) {
		vp_strbuf_addf(out, "%s%u%s", separator, condition->argument,
			       condition->wide ? "L" : "");
		if (condition->mask != (condition->wide ? UINT64_MAX : UINT32_MAX))
			vp_strbuf_addf(out, "&%#" PRIx64, condition->mask);
		vp_strbuf_addf(out, "%s%#" PRIx64, signs[condition->compare],
			       condition->value);
		separator = " ";
	}
	vp_strbuf_adds(out, rule->conditions.len ? ")" : "");
	if (rule->error != EACCES)
		vp_strbuf_addf(out, ":%s", vp_call_errno_name(rule->error));
	vp_strbuf_adds(out, rule->forced ? "!" : "");
	vp_strbuf_addc(out, '\n');
}

/* A patch that denies this. */
static void build_deny(struct built *built, const char *deny, const char *more)
{
	_cleanup_free_ char *text = vp_format(
		"[patch]\nid = T\ntitle = t\nseverity = low\nmode = monitor\n"
		"[syscalls s]\nunit = a.service\ndeny = %s\naction = errno EACCES\n%s",
		deny, more);

	build(built, text, NULL, 0, NULL);
}

static void expect_rules(const char *deny, const char *more, const char *expected)
{
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };
	struct built built;
	const struct vp_syscalls *syscalls;
	size_t next = 0;

	build_deny(&built, deny, more);
	syscalls = &only_patch(&built)->syscalls.data[0];
	vp_array_each (rule, &syscalls->rules)
		print_rule(rule, &out);
	assert_string_equal(vp_strbuf_text(&out), expected);
	/* the terms share the rules, in order */
	vp_array_each (term, &syscalls->deny) {
		assert_int_equal(term->first, next);
		next += term->count;
	}
	assert_int_equal(next, syscalls->rules.len);
	built_free(&built);
}

static void sets(void **state)
{
	size_t count;

	(void)state;
	expect_rules("userns", "",
		     "unshare(0L&0x10000000==0x10000000)\nclone(0&0x10000000==0x10000000)\n"
		     "clone3:ENOSYS\n");
	expect_rules("io-uring", "", "io_uring_setup\nio_uring_enter\nio_uring_register\n");
	expect_rules("exec", "", "execve\nexecveat\n");
	expect_rules("raw-sockets", "",
		     "socket(0==0x11)\nsocket(0==0x2 1&0xf==0x3)\nsocket(0==0x2 1&0xf==0xa)\n"
		     "socket(0==0xa 1&0xf==0x3)\n");
	expect_rules("kernel-modules", "", "init_module\nfinit_module\ndelete_module\n");
	expect_rules("bpf", "", "bpf\n");
	expect_rules("ptrace(request = PTRACE_TRACEME)", "", "ptrace(0L==0)\n");
	expect_rules("keyring", "", "add_key\nrequest_key\nkeyctl\n");
	expect_rules("ptrace", "",
		     "ptrace\nprocess_vm_readv\nprocess_vm_writev\npidfd_getfd\n");
	vp_call_set_all(&count);
	assert_int_equal(count, 8);
}

static void widths_by_command(void **state)
{
	(void)state;
	expect_rules("keyctl(option = KEYCTL_READ, arg2 = 5, arg4 = 5)", "",
		     "keyctl(0==0xb 1==0x5 3L==0x5)\n");
	expect_rules("keyctl(arg2 = 0xfffffffffffffffd, option = KEYCTL_LINK)", "",
		     "keyctl(1==0xfffffffd 0==0x8)\n");
	expect_rules("keyctl(option = KEYCTL_SETPERM, arg3 has 0x8000)", "",
		     "keyctl(0==0x5 2&0x8000==0x8000)\n");
	expect_rules(
		"keyctl(option in (KEYCTL_JOIN_SESSION_KEYRING, KEYCTL_UNLINK), arg2 = 5)", "",
		"keyctl(0==0x1 1L==0x5)\nkeyctl(0==0x9 1==0x5)\n");
	/* no command, or none that is known: the whole register */
	expect_rules("keyctl(arg2 = 5)", "", "keyctl(1L==0x5)\n");
	expect_rules("keyctl(option != KEYCTL_READ, arg2 = 5)", "",
		     "keyctl(0!=0xb 1L==0x5)\n");
	expect_rules("keyctl(option = 99, arg2 = 5)", "", "keyctl(0==0x63 1L==0x5)\n");
	/* what no 32 bits are stays as it is said */
	expect_rules("keyctl(option = KEYCTL_READ, arg2 = 0x100000005)", "",
		     "keyctl(0==0xb 1L==0x100000005)\n");
}

static void comparisons(void **state)
{
	(void)state;
	expect_rules("socket(domain = AF_ALG)", "", "socket(0==0x26)\n");
	expect_rules("socket(domain != AF_UNIX, type = 5)", "", "socket(0!=0x1 1&0xf==0x5)\n");
	expect_rules("alarm(seconds < 5), alarm(seconds<=0x10)", "",
		     "alarm(0<0x5)\nalarm(0<=0x10)\n");
	expect_rules("kill(pid > 1), kill(sig>=SIGKILL)", "", "kill(0>0x1)\nkill(1>=0x9)\n");
	expect_rules("pipe2(flags has O_EXCL|O_CLOEXEC)", "", "pipe2(1&0x80080==0x80080)\n");
	expect_rules("pipe2(flags any O_EXCL|O_CLOEXEC)", "",
		     "pipe2(1&0x80==0x80)\npipe2(1&0x80000==0x80000)\n");
	expect_rules("futex(op in (11, FUTEX_CMP_REQUEUE_PI))", "",
		     "futex(1&0x7f==0xb)\nfutex(1&0x7f==0xc)\n");
	expect_rules("waitid(infop has 0x8000000000000000)", "",
		     "waitid(2L&0x8000000000000000==0x8000000000000000)\n");
	expect_rules("lseek(offset > 0x100000000)", "", "lseek(1L>0x100000000)\n");
	/* a negative constant is that of 32 bits */
	expect_rules("openat(dfd != AT_FDCWD)", "", "openat(0!=0xffffff9c)\n");
	expect_rules("socket(type has SOCK_NONBLOCK)", "", "socket(1&0x800==0x800)\n");
}

static void combinations(void **state)
{
	(void)state;
	expect_rules("socket(domain in (1, 2), type in (3, 5), protocol = 0)", "",
		     "socket(0==0x1 1&0xf==0x3 2==0)\nsocket(0==0x1 1&0xf==0x5 2==0)\n"
		     "socket(0==0x2 1&0xf==0x3 2==0)\nsocket(0==0x2 1&0xf==0x5 2==0)\n");
	/* alternatives that exclude each other are left out */
	expect_rules("socket(domain in (1, 2), domain in (2, 3))", "",
		     "socket(0==0x2 0==0x2)\n");
	expect_rules("socket(domain in (1, 2), domain != 2)", "",
		     "socket(0==0x1 0!=0x2)\nsocket(0==0x2 0!=0x2)\n");
}

static void answers(void **state)
{
	(void)state;
	/* once, whatever narrows clone, and not where nothing does */
	expect_rules("clone(flags has CLONE_NEWNET), userns", "",
		     "clone(0&0x40000000==0x40000000)\nclone3:ENOSYS\n"
		     "unshare(0L&0x10000000==0x10000000)\nclone(0&0x10000000==0x10000000)\n");
	expect_rules("clone", "force = yes\n", "clone!\n");
	expect_rules("clone3", "force = yes\n", "clone3!\n");
	expect_rules("exit_group, read", "force = yes\n", "exit_group!\nread!\n");
	expect_rules("execve\ndeny = fork", "", "execve\nfork\n");
}

static void keys(void **state)
{
	struct built built;
	const struct vp_syscalls *syscalls;

	(void)state;
	build_deny(&built, "execve", "");
	syscalls = &only_patch(&built)->syscalls.data[0];
	assert_int_equal(syscalls->targets.len, 1);
	assert_int_equal(syscalls->targets.data[0].kind, VP_CALL_TARGET_UNIT);
	assert_string_equal(syscalls->targets.data[0].name, "a.service");
	assert_int_equal(syscalls->error, EACCES);
	assert_int_equal(syscalls->foreign, VP_FOREIGN_CLOSE);
	assert_false(syscalls->no_new_privs);
	assert_false(syscalls->revocable);
	assert_false(syscalls->forced);
	assert_int_equal(syscalls->rules.data[0].at.line, 8);
	assert_int_equal(syscalls->rules.data[0].at.column, 8);
	built_free(&built);
	build_deny(&built, "execve",
		   "foreign-abi = cover\nno-new-privileges = allow\nrevocable = yes\n");
	syscalls = &only_patch(&built)->syscalls.data[0];
	assert_int_equal(syscalls->foreign, VP_FOREIGN_COVER);
	assert_true(syscalls->no_new_privs);
	assert_true(syscalls->revocable);
	built_free(&built);
}

static void targets(void **state)
{
	static const char *const names[] = { "a.service", "getty@tty1.service",
					     "php-fpm@.service", "/usr/bin/x",
					     "/opt/my app/y" };
	struct built built;
	const struct vp_call_targets *found;

	(void)state;
	build_deny(&built, "bpf",
		   "unit = getty@tty1.service,php-fpm@.service\n"
		   "process = /usr/bin/x ,/opt/my app/y  ; two of them\n"
		   "[syscalls site]\ndeny = bpf\naction = errno EPERM\n");
	found = &only_patch(&built)->syscalls.data[0].targets;
	assert_int_equal(found->len, VP_COUNT(names));
	for (size_t i = 0; i < VP_COUNT(names); i++) {
		assert_string_equal(found->data[i].name, names[i]);
		assert_int_equal(found->data[i].kind,
				 i < 3 ? VP_CALL_TARGET_UNIT : VP_CALL_TARGET_PROCESS);
		assert_true(vp_call_targets_have(found, &found->data[i]));
	}
	assert_int_equal(only_patch(&built)->syscalls.data[1].targets.len, 0);
	assert_false(vp_call_targets_have(&only_patch(&built)->syscalls.data[1].targets,
					  &found->data[0]));
	built_free(&built);
}

static void vectors(void **state)
{
	struct built built;
	const struct vp_patch *patch;
	const struct vp_call_sample *sample;

	(void)state;
	build_deny(&built, "userns, io-uring, socket(domain = AF_ALG)",
		   "[sample a]\nsyscalls = s\nexpect = denied\n"
		   "call = socket(type = SOCK_RAW|SOCK_CLOEXEC, domain = 0xffffffff00000026)\n"
		   "call = clone3\n"
		   "[sample b]\nsyscalls = s\nexpect = allowed\n"
		   "call = openat(dfd = AT_FDCWD)\n");
	patch = only_patch(&built);
	assert_int_equal(patch->samples.len, 0);
	assert_int_equal(patch->call_samples.len, 2);
	sample = &patch->call_samples.data[0];
	assert_true(sample->denied);
	assert_int_equal(sample->syscalls, 0);
	assert_int_equal(sample->calls.len, 2);
	assert_string_equal(sample->calls.data[0].prototype->name, "socket");
	assert_true(sample->calls.data[0].arguments[0] == UINT64_C(0xffffffff00000026));
	assert_true(sample->calls.data[0].arguments[1] == 0x80003);
	assert_true(sample->calls.data[0].arguments[2] == 0);
	assert_int_equal(sample->calls.data[0].at.line, 13);
	sample = &patch->call_samples.data[1];
	assert_false(sample->denied);
	assert_true(sample->calls.data[0].arguments[0] == (uint64_t)-100);
	built_free(&built);
}

/* What the conditions mean, bit for bit. */
static void meaning(void **state)
{
	struct vp_call_condition condition = { .argument = 1, .mask = 0xf, .value = 5 };
	struct vp_call_rule rule = { .conditions = { &condition, 1, 1 } };
	uint64_t arguments[VP_CALL_ARGUMENTS] = { 0 };
	static const struct {
		enum vp_call_compare compare;
		bool four, five, six;
	} rows[] = {
		{ VP_CALL_EQUAL, false, true, false },
		{ VP_CALL_UNEQUAL, true, false, true },
		{ VP_CALL_LESS, true, false, false },
		{ VP_CALL_GREATER, false, false, true },
		{ VP_CALL_AT_LEAST, false, true, true },
		{ VP_CALL_AT_MOST, true, true, false },
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(rows); i++) {
		condition.compare = rows[i].compare;
		arguments[1] = UINT64_C(0xabcdef0000000004);
		assert_int_equal(vp_call_rule_matches(&rule, arguments), rows[i].four);
		arguments[1] = UINT64_C(0xabcdef0000000005);
		assert_int_equal(vp_call_rule_matches(&rule, arguments), rows[i].five);
		arguments[1] = UINT64_C(0xabcdef0000000006);
		assert_int_equal(vp_call_rule_matches(&rule, arguments), rows[i].six);
	}
}

static void expect_warning(const char *deny, const char *more, const char *warning)
{
	struct built built;

	build_deny(&built, deny, more);
	only_patch(&built);
	if (warning)
		assert_non_null(strstr(vp_strbuf_text(&built.text), warning));
	else
		assert_string_equal(vp_strbuf_text(&built.text), "");
	built_free(&built);
}

static void warnings(void **state)
{
	(void)state;
	expect_warning("socket(domain = AF_ALG)", "",
		       "test.vpatch:8:8: warning: io_uring does what `socket` does");
	expect_warning("execve, sendmsg(flags has MSG_OOB)", "",
		       "test.vpatch:8:16: warning: io_uring does what `sendmsg` does");
	expect_warning("raw-sockets", "", "io_uring does what `socket` does");
	expect_warning("io-uring, socket(domain = AF_ALG)", "", NULL);
	expect_warning("execve, unshare(flags has CLONE_NEWUSER)", "", NULL);
	expect_warning("io_uring_setup, socket(domain = AF_ALG)", "", "io_uring does");
	/* another section of the same unit does, one of another unit does not */
	expect_warning("socket(domain = AF_ALG)",
		       "[syscalls t]\nunit = a.service\n"
		       "deny = io-uring\naction = errno ENOSYS\n",
		       NULL);
	expect_warning("socket(domain = AF_ALG)",
		       "[syscalls t]\nunit = b.service\n"
		       "deny = io-uring\naction = errno ENOSYS\n",
		       "io_uring does");
	/* every one of them has to be closed, by whichever section */
	expect_warning("socket(domain = AF_ALG)",
		       "process = /usr/bin/b\n[syscalls t]\nunit = a.service\n"
		       "deny = io-uring\naction = errno ENOSYS\n",
		       "io_uring does");
	expect_warning("socket(domain = AF_ALG)",
		       "process = /usr/bin/b\n[syscalls t]\nunit = c.service, a.service\n"
		       "deny = io-uring\naction = errno ENOSYS\n[syscalls u]\n"
		       "process = /usr/bin/b\ndeny = io-uring\naction = errno ENOSYS\n",
		       NULL);
	expect_warning("unshare(flags = CLONE_NEWUSER)", "", "a call with one more flag gets");
	expect_warning("unshare(flags = 0)", "", NULL);
	expect_warning("unshare(flags != CLONE_FILES)", "", NULL);
	expect_warning("ioctl", "", "stands for many operations");
	expect_warning("ioctl(cmd = TIOCSTI)", "", NULL);
	expect_warning(
		"execve", "force = yes\n",
		"test.vpatch:6:11: warning: nothing in [syscalls s] needs `force = yes`");
	expect_warning("exit", "force = yes\n", NULL);
	expect_warning("execve", "force = no\n", NULL);
}

/* Random terms */

static unsigned int draw(uint64_t *seed, unsigned int below)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned int)(*seed >> 33) % below;
}

static void draw_value(uint64_t *seed, const struct vp_call_argument *of, bool bits,
		       struct vp_strbuf *out)
{
	const struct vp_call_constant *list;
	unsigned int family = 0;
	size_t count;

	while (of->families && !(of->families >> family & 1))
		family++;
	if (!of->families || draw(seed, 3) == 0) {
		vp_strbuf_addf(out, draw(seed, 2) ? "%u" : "0x%x",
			       bits && of->mask ? 0x80u << draw(seed, 8) : 1 + draw(seed, 15));
		return;
	}
	list = vp_call_constants((enum vp_call_family)family, &count);
	do
		count = draw(seed, (unsigned int)count);
	while (bits && !list[count].value && count);
	vp_strbuf_adds(out, list[count].name);
}

static void draw_condition(uint64_t *seed, const struct vp_call_argument *of,
			   struct vp_strbuf *out)
{
	static const char *const number[] = { "=", "!=", "<", "<=", ">", ">=" };
	bool flags = of->type == VP_CALL_FLAGS || of->type == VP_CALL_LONG_FLAGS;

	vp_strbuf_adds(out, of->name);
	if (flags) {
		vp_strbuf_addf(out, " %s ", draw(seed, 2) ? "has" : "any");
		draw_value(seed, of, true, out);
		vp_strbuf_adds(out, "|0x8 |64");
	} else if (draw(seed, 3)) {
		vp_strbuf_adds(out, number[draw(seed, of->families ? 2 : 6)]);
		draw_value(seed, of, false, out);
	} else {
		vp_strbuf_adds(out, " in ( ");
		draw_value(seed, of, false, out);
		vp_strbuf_adds(out, " ,7)");
	}
}

static void draw_term(uint64_t *seed, const struct vp_call_prototype *call,
		      struct vp_strbuf *out)
{
	const char *separator = "( ";

	vp_strbuf_adds(out, call->name);
	for (size_t i = 0; i < VP_CALL_ARGUMENTS && call->arguments[i].name; i++) {
		const struct vp_call_argument *of = &call->arguments[i];

		if (draw(seed, 2) ||
		    (of->mask && of->type == VP_CALL_INT)) /* values of few bits only */
			continue;
		vp_strbuf_adds(out, separator);
		draw_condition(seed, of, out);
		separator = " , ";
	}
	if (*separator == ' ')
		vp_strbuf_addc(out, ')');
}

static void check_fixed_point(const char *deny)
{
	_cleanup_strbuf_ struct vp_strbuf once = { 0 }, twice = { 0 };
	struct built built, again;
	const struct vp_syscalls *a, *b;

	build_deny(&built, deny, "force = yes\n");
	vp_patch_print(only_patch(&built), &once);
	build(&again, vp_strbuf_text(&once), NULL, 0, NULL);
	vp_patch_print(only_patch(&again), &twice);
	assert_string_equal(vp_strbuf_text(&once), vp_strbuf_text(&twice));
	a = &built.policy.patches.data[0]->syscalls.data[0];
	b = &again.policy.patches.data[0]->syscalls.data[0];
	assert_int_equal(a->rules.len, b->rules.len);
	for (size_t i = 0; i < a->rules.len; i++) {
		_cleanup_strbuf_ struct vp_strbuf first = { 0 }, second = { 0 };

		print_rule(&a->rules.data[i], &first);
		print_rule(&b->rules.data[i], &second);
		assert_string_equal(vp_strbuf_text(&first), vp_strbuf_text(&second));
	}
	built_free(&built);
	built_free(&again);
}

static void random_terms(void **state)
{
	uint64_t seed = 4711;
	size_t count;
	const struct vp_call_prototype *calls = vp_call_all(&count);

	(void)state;
	for (size_t i = 0; i < count * ROUNDS; i++) {
		_cleanup_strbuf_ struct vp_strbuf deny = { 0 };

		if (!strcmp(calls[i % count].name, "clone3"))
			continue;
		draw_term(&seed, &calls[i % count], &deny);
		check_fixed_point(vp_strbuf_text(&deny));
	}
}

int run_call_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prototypes),
		cmocka_unit_test(widths),
		cmocka_unit_test(constants),
		cmocka_unit_test(kernel_headers),
		cmocka_unit_test(errors),
		cmocka_unit_test(sets),
		cmocka_unit_test(comparisons),
		cmocka_unit_test(combinations),
		cmocka_unit_test(answers),
		cmocka_unit_test(keys),
		cmocka_unit_test(targets),
		cmocka_unit_test(vectors),
		cmocka_unit_test(widths_by_command),
		cmocka_unit_test(meaning),
		cmocka_unit_test(warnings),
		cmocka_unit_test(random_terms),
	};

	return cmocka_run_group_tests_name("calls", tests, NULL, NULL);
}
