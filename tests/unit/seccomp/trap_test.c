/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a straightforward use of libseccomp gets wrong. Each test shows first that the
 * naive filter lets the call through (or denies a harmless one), then that ours does not,
 * and that the naive program does not pass the proof.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <seccomp.h>

#include "tests/unit/seccomp/seccomp_tests.h"
#include "tests/unit/seccomp/world.h"

#define SOCKET	   41
#define SOCKETCALL 102
#define IPC	   117

struct naive {
	struct sock_filter code[512];
	struct vp_bpf program;
};

static void export(scmp_filter_ctx context, struct naive *naive)
{
	_cleanup_close_ int fd = memfd_create("naive", MFD_CLOEXEC);
	ssize_t size;

	assert_int_equal(seccomp_export_bpf(context, fd), 0);
	size = pread(fd, naive->code, sizeof(naive->code), 0);
	assert_true(size > 0);
	naive->program = (struct vp_bpf){ naive->code, (size_t)size / sizeof(naive->code[0]) };
	seccomp_release(context);
}

static scmp_filter_ctx new_naive(bool multi)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);

	assert_non_null(context);
	if (seccomp_arch_native() != SCMP_ARCH_X86_64) {
		assert_int_equal(seccomp_arch_add(context, SCMP_ARCH_X86_64), 0);
		assert_int_equal(seccomp_arch_remove(context, seccomp_arch_native()), 0);
	}
	if (multi)
		assert_int_equal(seccomp_arch_add(context, SCMP_ARCH_X86), 0);
	return context;
}

static uint32_t ask(const struct naive *naive, enum vp_abi abi, int nr, uint64_t a0,
		    uint64_t a1, uint64_t a2)
{
	struct seccomp_data data = { .nr = nr,
				     .arch = vp_abi_audit(abi),
				     .args = { a0, a1, a2 } };

	return vp_bpf_run(&naive->program, &data);
}

static uint32_t ask_ours(const struct vp_filter *filter, enum vp_abi abi, int nr, uint64_t a0,
			 uint64_t a1, uint64_t a2)
{
	const uint64_t arguments[VP_CALL_ARGUMENTS] = { a0, a1, a2 };

	return world_run(filter, abi, nr, arguments);
}

static struct vp_filter *compile(const char *terms, bool cover)
{
	_cleanup_world_ struct world w = { 0 };

	world_deny(&w, 1, false, terms, EPERM);
	return world_compile(&w, VP_ABI_X86_64, cover);
}

/* socket(AF_NETLINK | 1 << 32): the kernel reads 32 bits, SCMP_CMP_EQ compares 64. */
static void trap_64_bit_equality(void **state)
{
	_cleanup_filter_ struct vp_filter *filter = NULL;
	scmp_filter_ctx context = new_naive(false);
	struct naive naive;

	(void)state;
	assert_int_equal(seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1,
					  SCMP_A0(SCMP_CMP_EQ, 16, 0)),
			 0);
	export(context, &naive);
	assert_int_equal(ask(&naive, VP_ABI_X86_64, SOCKET, 16, 0, 0), DENIED(EPERM));
	assert_int_equal(ask(&naive, VP_ABI_X86_64, SOCKET, 16 | 1ull << 32, 0, 0),
			 SECCOMP_RET_ALLOW);
	filter = compile("socket(domain = AF_NETLINK)", false);
	assert_int_equal(ask_ours(filter, VP_ABI_X86_64, SOCKET, 16 | 1ull << 32, 0, 0),
			 DENIED(EPERM));
	assert_int_equal(ask_ours(filter, VP_ABI_X86_64, SOCKET, 16 | ~0ull << 32, 0, 0),
			 DENIED(EPERM));
	assert_int_equal(vp_filter_prove(filter, &naive.program, NULL), -EBADMSG);
}

/* "Below 3" on 64 bits: anything above passes; "above 40": anything above is denied. */
static void trap_64_bit_order(void **state)
{
	_cleanup_filter_ struct vp_filter *below = NULL, *above = NULL;
	scmp_filter_ctx context = new_naive(false);
	struct naive naive;

	(void)state;
	assert_int_equal(seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1,
					  SCMP_A0(SCMP_CMP_LT, 3, 0)),
			 0);
	export(context, &naive);
	assert_int_equal(ask(&naive, VP_ABI_X86_64, SOCKET, 2, 0, 0), DENIED(EPERM));
	assert_int_equal(ask(&naive, VP_ABI_X86_64, SOCKET, 2 | 1ull << 32, 0, 0),
			 SECCOMP_RET_ALLOW);
	below = compile("socket(domain < 3)", false);
	for (uint64_t high = 0; high < 4; high++)
		for (uint64_t domain = 0; domain < 50; domain++)
			assert_int_equal(ask_ours(below, VP_ABI_X86_64, SOCKET,
						  domain | high << 32, 0, 0),
					 domain < 3 ? DENIED(EPERM) : SECCOMP_RET_ALLOW);
	assert_int_equal(vp_filter_prove(below, &naive.program, NULL), -EBADMSG);

	context = new_naive(false);
	assert_int_equal(seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1,
					  SCMP_A0(SCMP_CMP_GT, 40, 0)),
			 0);
	export(context, &naive);
	assert_int_equal(ask(&naive, VP_ABI_X86_64, SOCKET, 2 | 1ull << 32, 0, 0),
			 DENIED(EPERM));
	above = compile("socket(domain > 40)", false);
	assert_int_equal(ask_ours(above, VP_ABI_X86_64, SOCKET, 2 | 1ull << 32, 0, 0),
			 SECCOMP_RET_ALLOW);
	assert_int_equal(ask_ours(above, VP_ABI_X86_64, SOCKET, 41, 0, 0), DENIED(EPERM));
	assert_int_equal(vp_filter_prove(above, &naive.program, NULL), -EBADMSG);
}

/* The arguments of socketcall are in memory; libseccomp compares what is in the registers. */
static void trap_socketcall(void **state)
{
	_cleanup_filter_ struct vp_filter *covering = NULL, *closing = NULL;
	scmp_filter_ctx context = new_naive(true);
	struct naive naive;

	(void)state;
	assert_int_equal(seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 2,
					  SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, 16),
					  SCMP_A2(SCMP_CMP_MASKED_EQ, UINT32_MAX, 6)),
			 0);
	export(context, &naive);
	assert_int_equal(ask(&naive, VP_ABI_I386, 359, 16, 3, 6), DENIED(EPERM));
	assert_int_equal(ask(&naive, VP_ABI_I386, SOCKETCALL, 1, 0xbffff000, 0),
			 SECCOMP_RET_ALLOW);
	covering = compile("socket(domain = AF_NETLINK, protocol = NETLINK_XFRM)", true);
	assert_int_equal(ask_ours(covering, VP_ABI_I386, SOCKETCALL, 1, 0xbffff000, 0),
			 DENIED(EPERM));
	assert_int_equal(ask_ours(covering, VP_ABI_I386, 359, 16, 3, 6), DENIED(EPERM));
	assert_int_equal(ask_ours(covering, VP_ABI_I386, 359, 2, 1, 6), SECCOMP_RET_ALLOW);
	assert_int_equal(ask_ours(covering, VP_ABI_I386, SOCKETCALL, 3, 0xbffff000, 0),
			 SECCOMP_RET_ALLOW);
	assert_int_equal(vp_filter_prove(covering, &naive.program, NULL), -EBADMSG);
	closing = compile("socket(domain = AF_NETLINK, protocol = NETLINK_XFRM)", false);
	assert_int_equal(ask_ours(closing, VP_ABI_I386, SOCKETCALL, 1, 0xbffff000, 0),
			 DENIED(ENOSYS));
}

/* The kernel takes a version from the upper half of ipc's selector; libseccomp does not. */
static void trap_ipc_version(void **state)
{
	_cleanup_filter_ struct vp_filter *filter = NULL;
	scmp_filter_ctx context = new_naive(true);
	struct naive naive;

	(void)state;
	assert_int_equal(seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(semget), 0),
			 0);
	export(context, &naive);
	assert_int_equal(ask(&naive, VP_ABI_I386, IPC, 2, 0, 0), DENIED(EPERM));
	assert_int_equal(ask(&naive, VP_ABI_I386, IPC, 2 | 1 << 16, 0, 0), SECCOMP_RET_ALLOW);
	filter = compile("semget", true);
	assert_int_equal(ask_ours(filter, VP_ABI_I386, IPC, 2 | 1 << 16, 0, 0), DENIED(EPERM));
	assert_int_equal(vp_filter_prove(filter, &naive.program, NULL), -EBADMSG);
}

/* What clone is denied by its flags, clone3 does with flags in memory. */
static void trap_clone3(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	scmp_filter_ctx context = new_naive(false);
	struct naive naive;

	(void)state;
	assert_int_equal(seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
					  SCMP_A0(SCMP_CMP_MASKED_EQ, 0x10000000, 0x10000000)),
			 0);
	export(context, &naive);
	assert_int_equal(ask(&naive, VP_ABI_X86_64, 435, 0x7fff0000, 88, 0),
			 SECCOMP_RET_ALLOW);
	filter = compile("clone(flags has CLONE_NEWUSER)", false);
	assert_int_equal(ask_ours(filter, VP_ABI_X86_64, 435, 0x7fff0000, 88, 0),
			 DENIED(ENOSYS));
	assert_int_equal(vp_filter_prove(filter, &naive.program, NULL), -EBADMSG);
	/* also where a rule was made without the language's help */
	world_deny(&w, 1, false, "clone", EPERM);
	for (size_t i = 0; i < w.rules.len; i++)
		if (!strcmp(w.rules.data[i].rule->prototype->name, "clone3"))
			w.rules.len = i;
	vp_filter_free(filter);
	filter = world_compile(&w, VP_ABI_X86_64, false);
	assert_int_equal(ask_ours(filter, VP_ABI_X86_64, 435, 0, 0, 0), DENIED(ENOSYS));
}

/* Left to itself, libseccomp kills whoever comes by another ABI. */
static void trap_killed_by_int_0x80(void **state)
{
	_cleanup_filter_ struct vp_filter *filter = NULL;
	scmp_filter_ctx context = new_naive(false);
	struct naive naive;

	(void)state;
	assert_int_equal(seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(splice), 0),
			 0);
	export(context, &naive);
	assert_int_equal(ask(&naive, VP_ABI_I386, 20, 0, 0, 0), SECCOMP_RET_KILL_THREAD);
	filter = compile("splice", false);
	assert_int_equal(ask_ours(filter, VP_ABI_I386, 20, 0, 0, 0), DENIED(ENOSYS));
}

/* Rules of two errnos on one call: libseccomp's order is its own. */
static void trap_order_of_errnos(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	scmp_filter_ctx context = new_naive(false);
	struct naive naive;

	(void)state;
	assert_int_equal(seccomp_rule_add(context, SCMP_ACT_ERRNO(EAFNOSUPPORT),
					  SCMP_SYS(socket), 1,
					  SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, 16)),
			 0);
	assert_int_equal(seccomp_rule_add(context, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
					  SCMP_A2(SCMP_CMP_MASKED_EQ, UINT32_MAX, 6)),
			 0);
	export(context, &naive);
	assert_int_equal(ask(&naive, VP_ABI_X86_64, SOCKET, 16, 3, 6), DENIED(EACCES));
	world_deny(&w, 1, false, "socket(domain = AF_NETLINK)", EAFNOSUPPORT);
	world_deny(&w, 1, false, "socket(protocol = 6)", EACCES);
	filter = world_compile(&w, VP_ABI_X86_64, false);
	assert_int_equal(ask_ours(filter, VP_ABI_X86_64, SOCKET, 16, 3, 6),
			 DENIED(EAFNOSUPPORT));
	assert_int_equal(vp_filter_prove(filter, &naive.program, NULL), -EBADMSG);
}

int trap_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trap_64_bit_equality),
		cmocka_unit_test(trap_64_bit_order),
		cmocka_unit_test(trap_socketcall),
		cmocka_unit_test(trap_ipc_version),
		cmocka_unit_test(trap_clone3),
		cmocka_unit_test(trap_killed_by_int_0x80),
		cmocka_unit_test(trap_order_of_errnos),
	};

	return cmocka_run_group_tests_name("trap", tests, NULL, NULL);
}
