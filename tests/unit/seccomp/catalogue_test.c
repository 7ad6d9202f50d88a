/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rule sets that known holes ask for, each with calls that it must deny and calls
 * that services make and must keep, as vectors: native, by int 0x80, by x32, with the
 * upper halves of 32-bit arguments set; with the 32-bit ABI closed and covered; for x86-64
 * and aarch64.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/seccomp/seccomp_tests.h"
#include "tests/unit/seccomp/world.h"

#define NORMAL_SOCKETS                                                                        \
	"socket(domain = AF_INET, type = 0x80801)", "socket(domain = AF_UNIX, type = 1)",     \
		"socket(domain = AF_INET6, type = 2, protocol = 17)"
#define NORMAL_CLONES                                                                         \
	"clone(flags = 0x003d0f00)", "clone(flags = 0x01200011)", "unshare(flags = 0x400)",   \
		"fork", "vfork"

static const struct shield {
	const char *of, *deny;
	int error;
	const char *denied[8], *allowed[8];
} shields[] = {
	{ "CVE-2022-0185",
	  "userns, fsopen, fsconfig",
	  EPERM,
	  { "unshare(flags = 0x10000000)", "clone(flags = 0x10000011)", "clone3(size = 88)",
	    "fsopen", "fsconfig(fd = 3, cmd = 1)" },
	  { NORMAL_CLONES, "mount" } },
	{ "CVE-2021-4154", "fsopen, fsconfig", EPERM, { "fsopen", "fsconfig" }, { "mount" } },
	{ "CVE-2026-31431",
	  "socket(domain = AF_ALG)",
	  EAFNOSUPPORT,
	  { "socket(domain = AF_ALG, type = 5)", "socket(domain = 38)" },
	  { NORMAL_SOCKETS, "socket(domain = 39)", "bind(fd = 38)" } },
	{ "CVE-2026-43284",
	  "socket(domain = AF_NETLINK, protocol = NETLINK_XFRM), socket(domain = AF_KEY), "
	  "userns",
	  EPERM,
	  { "socket(domain = AF_NETLINK, type = SOCK_RAW, protocol = NETLINK_XFRM)",
	    "socket(domain = 16, type = 0x80002, protocol = 6)",
	    "socket(domain = AF_KEY, type = 3)" },
	  { NORMAL_SOCKETS, "socket(domain = AF_NETLINK, type = 3, protocol = 0)",
	    "socket(domain = AF_INET, type = 1, protocol = 6)" } },
	{ "CVE-2026-43500",
	  "socket(domain = AF_RXRPC)",
	  EAFNOSUPPORT,
	  { "socket(domain = 33, type = 2)" },
	  { NORMAL_SOCKETS } },
	{ "nf_tables",
	  "socket(domain = AF_NETLINK, protocol = NETLINK_NETFILTER), userns",
	  EPERM,
	  { "socket(domain = AF_NETLINK, type = 3, protocol = 12)",
	    "unshare(flags = 0x50000000)" },
	  { NORMAL_SOCKETS, "socket(domain = AF_NETLINK, type = 3, protocol = 0)",
	    "socket(domain = AF_INET, protocol = 12)" } },
	{ "CVE-2021-22555",
	  "setsockopt(level in (0, 41), optname = 64), userns",
	  EPERM,
	  { "setsockopt(fd = 3, level = 0, optname = 64)",
	    "setsockopt(fd = 3, level = 41, optname = 64, optval = 4096, optlen = 16)" },
	  { "setsockopt(fd = 3, level = 1, optname = 64)",
	    "setsockopt(level = 0, optname = 1)", "setsockopt(level = 6, optname = 1)" } },
	{ "net/sched", "userns", EPERM, { "unshare(flags = 0x10000000)" }, { NORMAL_CLONES } },
	{ "CVE-2017-7184",
	  "socket(domain = AF_NETLINK, protocol = NETLINK_XFRM), userns",
	  EPERM,
	  { "socket(domain = 16, type = 3, protocol = 6)", "clone(flags = 0x7e020011)" },
	  { NORMAL_SOCKETS, NORMAL_CLONES } },
	{ "CVE-2013-1763",
	  "socket(domain = AF_NETLINK, protocol = 4)",
	  EPERM,
	  { "socket(domain = 16, type = 3, protocol = 4)" },
	  { NORMAL_SOCKETS, "socket(domain = 16, type = 3, protocol = 0)" } },
	{ "AF_PACKET",
	  "socket(domain = AF_PACKET), userns",
	  EPERM,
	  { "socket(domain = 17, type = 3, protocol = 768)" },
	  { NORMAL_SOCKETS } },
	{ "CVE-2017-6074",
	  "socket(type = 6)",
	  ESOCKTNOSUPPORT,
	  { "socket(domain = AF_INET, type = 6, protocol = 33)",
	    "socket(domain = 10, type = 0x80806)" },
	  { NORMAL_SOCKETS, "socket(domain = 2, type = 5)" } },
	{ "CVE-2021-23133",
	  "socket(protocol = 132), socket(domain in (2, 10), type = 5)",
	  EPERM,
	  { "socket(domain = 2, type = 1, protocol = 132)",
	    "socket(domain = 10, type = 0x80005)" },
	  { NORMAL_SOCKETS, "socket(domain = 1, type = 5)" } },
	{ "CVE-2021-26708",
	  "socket(domain = AF_VSOCK)",
	  EAFNOSUPPORT,
	  { "socket(domain = 40, type = 1)" },
	  { NORMAL_SOCKETS } },
	{ "CVE-2010-3904, CVE-2021-43267",
	  "socket(domain in (21, 30))",
	  EAFNOSUPPORT,
	  { "socket(domain = 21)", "socket(domain = 30)" },
	  { NORMAL_SOCKETS, "socket(domain = 22)" } },
	{ "CVE-2017-1000112",
	  "setsockopt(level = 1, optname = 11), userns",
	  EPERM,
	  { "setsockopt(fd = 3, level = 1, optname = 11)" },
	  { "setsockopt(fd = 3, level = 1, optname = 2)" } },
	{ "CVE-2023-0461, CVE-2026-46300",
	  "setsockopt(level = 6, optname = 31)",
	  ENOPROTOOPT,
	  { "setsockopt(fd = 3, level = 6, optname = 31)" },
	  { "setsockopt(fd = 3, level = 6, optname = 1)",
	    "setsockopt(fd = 3, level = 1, optname = 31)" } },
	{ "CVE-2025-38236",
	  "sendto(flags has 1), recvfrom(flags has 1), sendmsg(flags has 1), recvmsg(flags "
	  "has 1)",
	  EPERM,
	  { "sendto(fd = 3, flags = 1)", "recvfrom(fd = 3, flags = 0x41)",
	    "sendmsg(flags = 1)", "recvmsg(flags = 0x4001)" },
	  { "sendto(fd = 3, flags = 0x4000)", "recvfrom(fd = 1, flags = 2)",
	    "sendmsg(flags = 0)", "recvmsg(flags = 0x40)" } },
	{ "io_uring",
	  "io-uring",
	  ENOSYS,
	  { "io_uring_setup", "io_uring_enter", "io_uring_register" },
	  { "epoll_wait", "io_submit", "read" } },
	{ "eBPF verifier",
	  "bpf(cmd = 5)",
	  EPERM,
	  { "bpf(cmd = 5, uattr = 4096, size = 120)" },
	  { "bpf(cmd = 1)", "bpf(cmd = 0)" } },
	{ "perf", "perf_event_open", EACCES, { "perf_event_open" }, { "read" } },
	{ "CVE-2016-0728",
	  "keyctl(option = 1)",
	  EPERM,
	  { "keyctl(option = 1, arg2 = 5)" },
	  { "keyctl(option = 0)", "keyctl(option = 2, arg2 = 1)" } },
	{ "CVE-2022-0995",
	  "pipe2(flags has 0x80)",
	  EPERM,
	  { "pipe2(fildes = 4096, flags = 0x80)", "pipe2(flags = 0x80880)" },
	  { "pipe2(flags = 0x80800)", "pipe2(flags = 0)", "pipe2(flags = 0x4000)" } },
	{ "CVE-2017-5123",
	  "waitid(infop has 0x8000000000000000)",
	  EFAULT,
	  { "waitid(which = 1, infop = 0xffff888000000000, options = 4)" },
	  { "waitid(which = 1, infop = 0x7fffffffe000, options = 4)", "waitid" } },
	{ "CVE-2014-3153",
	  "futex(op in (11, 12))",
	  ENOSYS,
	  { "futex(uaddr = 4096, op = 11)", "futex(op = 0x8c)" },
	  { "futex(op = 0)", "futex(op = 0x81)", "futex(op = 9)", "futex(op = 0x189)" } },
	{ "CVE-2019-13272",
	  "ptrace(request = 0)",
	  EPERM,
	  { "ptrace" },
	  { "ptrace(request = 16)" } },
	{ "CVE-2023-6546",
	  "ioctl(cmd = 0x5423)",
	  EPERM,
	  { "ioctl(fd = 3, cmd = 0x5423)" },
	  { "ioctl(fd = 3, cmd = 0x5401)", "ioctl(fd = 0x5423)" } },
	{ "CVE-2021-33909",
	  "mount, fsopen, open_tree, move_mount, userns, unshare(flags has 0x02000000)",
	  EPERM,
	  { "mount", "move_mount", "open_tree", "unshare(flags = 0x02000000)" },
	  { NORMAL_CLONES } },
	{ "CVE-2022-0847", "splice", EPERM, { "splice(fd_in = 3)" }, { "sendfile", "tee" } },
	{ "CVE-2022-0543",
	  "exec",
	  EPERM,
	  { "execve", "execveat" },
	  { "clone(flags = 0x11)" } },
	{ "CVE-2017-7494",
	  "mmap(prot has 4), mprotect(prot has 4)",
	  EPERM,
	  { "mmap(len = 4096, prot = 5, flags = 2)", "mprotect(start = 4096, prot = 7)" },
	  { "mmap(len = 4096, prot = 3, flags = 0x22)", "mprotect(start = 4096, prot = 1)" } },
};

static void add_vectors(const char *const *calls, size_t count, bool denied,
			struct vp_call_vector *kept, struct vp_vector *vectors, size_t *used)
{
	for (size_t i = 0; i < count && calls[i]; i++) {
		kept[*used] = world_call(calls[i]);
		vectors[*used] = (struct vp_vector){ &kept[*used], 1, denied };
		++*used;
	}
}

static size_t run_shield(const struct shield *shield, const struct vp_filter *filter,
			 struct vp_strbuf *out)
{
	struct vp_bpf program = vp_filter_program(filter);
	struct vp_call_vector calls[16];
	struct vp_vector vectors[16];
	size_t used = 0;

	add_vectors(shield->denied, VP_COUNT(shield->denied), true, calls, vectors, &used);
	add_vectors(shield->allowed, VP_COUNT(shield->allowed), false, calls, vectors, &used);
	return vp_vectors_run(filter, &program, vectors, used, out);
}

static void run_all(enum vp_abi abi, bool cover)
{
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };

	for (size_t i = 0; i < VP_COUNT(shields); i++) {
		_cleanup_world_ struct world w = { 0 };
		_cleanup_filter_ struct vp_filter *filter = NULL;

		world_deny(&w, 1, false, shields[i].deny, shields[i].error);
		filter = world_compile(&w, abi, cover);
		if (run_shield(&shields[i], filter, &out))
			fail_msg("%s: %s", shields[i].of, vp_strbuf_text(&out));
	}
}

static void each_on_x86_64(void **state)
{
	(void)state;
	run_all(VP_ABI_X86_64, false);
	run_all(VP_ABI_X86_64, true);
}

static void each_on_aarch64(void **state)
{
	(void)state;
	run_all(VP_ABI_AARCH64, false);
	run_all(VP_ABI_AARCH64, true);
}

/* The whole catalogue on one unit, with all its errnos: what is denied stays denied. */
static void all_in_one_filter(void **state)
{
	static const enum vp_abi abis[] = { VP_ABI_X86_64, VP_ABI_AARCH64 };

	(void)state;
	for (size_t i = 0; i < 2 * VP_COUNT(abis); i++) {
		_cleanup_world_ struct world w = { 0 };
		_cleanup_filter_ struct vp_filter *filter = NULL;
		_cleanup_strbuf_ struct vp_strbuf out = { 0 };

		for (size_t j = 0; j < VP_COUNT(shields); j++)
			world_deny(&w, 1, false, shields[j].deny, shields[j].error);
		filter = world_compile(&w, abis[i / 2], i % 2);
		print_message("%zu rules, %s: %zu instructions\n", w.rules.len,
			      i % 2 ? "covering" : "closing", vp_filter_program(filter).len);
		for (size_t j = 0; j < VP_COUNT(shields); j++) {
			struct shield denied = shields[j];

			memset(denied.allowed, 0, sizeof(denied.allowed));
			if (run_shield(&denied, filter, &out))
				fail_msg("%s: %s", denied.of, vp_strbuf_text(&out));
		}
		assert_int_equal(world_ask(filter, "socket(domain = AF_INET, type = 0x80801)"),
				 SECCOMP_RET_ALLOW);
		assert_int_equal(world_ask(filter, "futex(op = 0x81)"), SECCOMP_RET_ALLOW);
		assert_int_equal(world_ask(filter, "clone(flags = 0x003d0f00)"),
				 SECCOMP_RET_ALLOW);
	}
}

int catalogue_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_on_x86_64),
		cmocka_unit_test(each_on_aarch64),
		cmocka_unit_test(all_in_one_filter),
	};

	return cmocka_run_group_tests_name("catalogue", tests, NULL, NULL);
}
