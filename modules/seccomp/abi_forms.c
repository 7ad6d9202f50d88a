/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In which forms the 32-bit ABIs make the calls of the 64-bit ones. From the call
 * tables and entry points of the kernel: arch/x86/entry/syscalls/syscall_32.tbl,
 * arch/arm/tools/syscall.tbl, net/socket.c (socketcall), ipc/syscall.c (ipc).
 */
#include "lib/memory.h"
#include "modules/seccomp/abi.h"
#include "policy/call.h"

#define ALL VP_CALL_ARGUMENTS

/* Further names of a call, and where a form has its arguments elsewhere. */
static const struct other {
	const char *call, *name;
	uint8_t kept;
} others[] = {
	{ "chown", "chown32", ALL },
	{ "clock_adjtime", "clock_adjtime64", ALL },
	{ "clock_getres", "clock_getres_time64", ALL },
	{ "clock_gettime", "clock_gettime64", ALL },
	{ "clock_nanosleep", "clock_nanosleep_time64", ALL },
	{ "clock_settime", "clock_settime64", ALL },
	{ "clone", "clone", 3 }, /* the thread pointer comes before the child's id */
	{ "fadvise64", "arm_fadvise64_64", 1 },
	{ "fadvise64", "fadvise64", 1 },
	{ "fadvise64", "fadvise64_64", 1 },
	{ "fallocate", "fallocate", 2 }, /* 64-bit numbers take two registers */
	{ "fanotify_mark", "fanotify_mark", 2 },
	{ "fchown", "fchown32", ALL },
	{ "fcntl", "fcntl64", ALL },
	{ "fstat", "fstat64", ALL },
	{ "fstat", "oldfstat", ALL },
	{ "fstatfs", "fstatfs64", 1 },
	{ "ftruncate", "ftruncate64", 1 },
	{ "futex", "futex_time64", ALL },
	{ "getdents", "readdir", 1 },
	{ "getegid", "getegid32", ALL },
	{ "geteuid", "geteuid32", ALL },
	{ "getgid", "getgid32", ALL },
	{ "getgroups", "getgroups32", ALL },
	{ "getresgid", "getresgid32", ALL },
	{ "getresuid", "getresuid32", ALL },
	{ "getrlimit", "ugetrlimit", ALL },
	{ "getuid", "getuid32", ALL },
	{ "io_pgetevents", "io_pgetevents_time64", ALL },
	{ "lchown", "lchown32", ALL },
	{ "lookup_dcookie", "lookup_dcookie", 0 },
	{ "lseek", "_llseek", 1 },
	{ "lstat", "lstat64", ALL },
	{ "lstat", "oldlstat", ALL },
	{ "mmap", "mmap", 0 },	/* a structure in memory */
	{ "mmap", "mmap2", 5 }, /* the offset counts pages */
	{ "mq_timedreceive", "mq_timedreceive_time64", ALL },
	{ "mq_timedsend", "mq_timedsend_time64", ALL },
	{ "newfstatat", "fstatat64", ALL },
	{ "ppoll", "ppoll_time64", ALL },
	{ "pread64", "pread64", 3 },
	{ "pselect6", "pselect6_time64", ALL },
	{ "pwrite64", "pwrite64", 3 },
	{ "readahead", "readahead", 1 },
	{ "recvmmsg", "recvmmsg_time64", ALL },
	{ "recvfrom", "recv", 4 },
	{ "rt_sigaction", "sigaction", 1 },
	{ "rt_sigaction", "signal", 1 },
	{ "rt_sigpending", "sigpending", 1 },
	{ "rt_sigprocmask", "sigprocmask", 1 },
	{ "rt_sigreturn", "sigreturn", ALL },
	{ "rt_sigsuspend", "sigsuspend", 0 },
	{ "rt_sigtimedwait", "rt_sigtimedwait_time64", ALL },
	{ "sched_rr_get_interval", "sched_rr_get_interval_time64", ALL },
	{ "select", "_newselect", ALL },
	{ "select", "select", 0 },
	{ "semop", "semtimedop_time64", 3 },
	{ "sendto", "send", 4 },
	{ "semtimedop", "semtimedop_time64", ALL },
	{ "sendfile", "sendfile64", ALL },
	{ "setfsgid", "setfsgid32", ALL },
	{ "setfsuid", "setfsuid32", ALL },
	{ "setgid", "setgid32", ALL },
	{ "setgroups", "setgroups32", ALL },
	{ "setregid", "setregid32", ALL },
	{ "setresgid", "setresgid32", ALL },
	{ "setresuid", "setresuid32", ALL },
	{ "setreuid", "setreuid32", ALL },
	{ "settimeofday", "stime", 0 },
	{ "setuid", "setuid32", ALL },
	{ "stat", "oldstat", ALL },
	{ "stat", "stat64", ALL },
	{ "statfs", "statfs64", 1 },
	{ "sync_file_range", "arm_sync_file_range", 1 },
	{ "sync_file_range", "sync_file_range", 1 },
	{ "sync_file_range", "sync_file_range2", 1 },
	{ "timer_gettime", "timer_gettime64", ALL },
	{ "timer_settime", "timer_settime64", ALL },
	{ "timerfd_gettime", "timerfd_gettime64", ALL },
	{ "timerfd_settime", "timerfd_settime64", ALL },
	{ "truncate", "truncate64", 1 },
	{ "umount2", "umount", 1 },
	{ "uname", "oldolduname", ALL },
	{ "uname", "olduname", ALL },
	{ "utimensat", "utimensat_time64", ALL },
	{ "wait4", "waitpid", 3 },
};

#define SOCKETCALL                                                                            \
	{                                                                                     \
		"socketcall", UINT32_MAX                                                      \
	}
#define IPC                                                                                   \
	{                                                                                     \
		"ipc", 0xffff                                                                 \
	} /* the upper half is a version */

/* The only argument behind the selector is a pointer, or they are all shifted by one. */
static const struct multiplexed {
	const char *call;
	struct {
		const char *name;
		uint32_t mask;
	} through;
	uint32_t selectors[2]; /* 0: none */
} multiplexed[] = {
	{ "socket", SOCKETCALL, { 1 } },
	{ "bind", SOCKETCALL, { 2 } },
	{ "connect", SOCKETCALL, { 3 } },
	{ "listen", SOCKETCALL, { 4 } },
	{ "accept", SOCKETCALL, { 5 } },
	{ "getsockname", SOCKETCALL, { 6 } },
	{ "getpeername", SOCKETCALL, { 7 } },
	{ "socketpair", SOCKETCALL, { 8 } },
	{ "sendto", SOCKETCALL, { 9, 11 } },	/* send is sendto without an address */
	{ "recvfrom", SOCKETCALL, { 10, 12 } }, /* recv likewise */
	{ "shutdown", SOCKETCALL, { 13 } },
	{ "setsockopt", SOCKETCALL, { 14 } },
	{ "getsockopt", SOCKETCALL, { 15 } },
	{ "sendmsg", SOCKETCALL, { 16 } },
	{ "recvmsg", SOCKETCALL, { 17 } },
	{ "accept4", SOCKETCALL, { 18 } },
	{ "recvmmsg", SOCKETCALL, { 19 } },
	{ "sendmmsg", SOCKETCALL, { 20 } },
	{ "semop", IPC, { 1 } },
	{ "semget", IPC, { 2 } },
	{ "semctl", IPC, { 3 } },
	{ "semtimedop", IPC, { 4 } },
	{ "msgsnd", IPC, { 11 } },
	{ "msgrcv", IPC, { 12 } },
	{ "msgget", IPC, { 13 } },
	{ "msgctl", IPC, { 14 } },
	{ "shmat", IPC, { 21 } },
	{ "shmdt", IPC, { 22 } },
	{ "shmget", IPC, { 23 } },
	{ "shmctl", IPC, { 24 } },
};

static size_t add_form(enum vp_abi abi, const char *name, uint8_t kept,
		       struct vp_abi_form *forms, size_t count)
{
	int number = vp_abi_number(abi, name);

	if (number < 0 || count == VP_ABI_FORMS)
		return count;
	forms[count] = (struct vp_abi_form){ .name = name, .number = number, .kept = kept };
	return count + 1;
}

/* How much of the call under its own name is as in the prototype. */
static uint8_t kept_of(const char *call)
{
	for (size_t i = 0; i < VP_COUNT(others); i++)
		if (!strcmp(others[i].call, call) && !strcmp(others[i].name, call))
			return others[i].kept;
	return ALL;
}

static size_t add_multiplexed(enum vp_abi abi, const char *call, struct vp_abi_form *forms,
			      size_t count)
{
	for (size_t i = 0; i < VP_COUNT(multiplexed); i++) {
		const struct multiplexed *m = &multiplexed[i];

		if (strcmp(m->call, call))
			continue;
		for (size_t j = 0; j < VP_COUNT(m->selectors) && m->selectors[j]; j++) {
			size_t before = count;

			count = add_form(abi, m->through.name, 0, forms, count);
			if (count == before)
				continue;
			forms[before].selector_mask = m->through.mask;
			forms[before].selector = m->selectors[j];
		}
	}
	return count;
}

size_t vp_abi_forms(enum vp_abi abi, const char *call,
		    struct vp_abi_form forms[static VP_ABI_FORMS])
{
	size_t count;

	if (!vp_abi_is_narrow(abi))
		return add_form(abi, call, ALL, forms, 0);
	count = add_form(abi, call, kept_of(call), forms, 0);
	for (size_t i = 0; i < VP_COUNT(others); i++)
		if (!strcmp(others[i].call, call) && strcmp(others[i].name, call))
			count = add_form(abi, others[i].name, others[i].kept, forms, count);
	return add_multiplexed(abi, call, forms, count);
}
