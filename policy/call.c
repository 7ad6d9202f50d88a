/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking prototypes up, and what a rule means for a concrete call: the reference
 * that compiled filters are measured by. No numbers of calls are known here.
 */
#include "policy/call.h"

#include <string.h>

const struct vp_call_prototype *vp_call_find(const char *name, size_t len)
{
	size_t count, low = 0, high;
	const struct vp_call_prototype *calls = vp_call_all(&count);

	for (high = count; low < high;) {
		size_t middle = low + (high - low) / 2;
		int order = strncmp(calls[middle].name, name, len);

		if (!order && !calls[middle].name[len])
			return &calls[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

int vp_call_argument_find(const struct vp_call_prototype *call, const char *name, size_t len)
{
	for (int i = 0; i < VP_CALL_ARGUMENTS && call->arguments[i].name; i++)
		if (!strncmp(call->arguments[i].name, name, len) &&
		    !call->arguments[i].name[len])
			return i;
	return -1;
}

bool vp_call_is_wide(const struct vp_call_argument *argument)
{
	return argument->type == VP_CALL_LONG || argument->type == VP_CALL_LONG_FLAGS ||
	       argument->type == VP_CALL_POINTER;
}

bool vp_call_condition_holds(const struct vp_call_condition *condition, uint64_t argument)
{
	uint64_t value = condition->value;

	argument &= condition->mask;
	switch (condition->compare) {
	case VP_CALL_EQUAL:
		return argument == value;
	case VP_CALL_UNEQUAL:
		return argument != value;
	case VP_CALL_LESS:
		return argument < value;
	case VP_CALL_GREATER:
		return argument > value;
	case VP_CALL_AT_LEAST:
		return argument >= value;
	case VP_CALL_AT_MOST:
		return argument <= value;
	}
	return false;
}

bool vp_call_rule_matches(const struct vp_call_rule *rule,
			  const uint64_t arguments[VP_CALL_ARGUMENTS])
{
	vp_array_each (condition, &rule->conditions)
		if (!vp_call_condition_holds(condition, arguments[condition->argument]))
			return false;
	return true;
}

void vp_call_rules_free(struct vp_call_rules *rules)
{
	vp_array_each (rule, rules)
		vp_array_free(&rule->conditions);
	vp_array_free(rules);
}

static const struct {
	const char *name;
	unsigned int traits;
} traits[] = {
	{ "restart_syscall", VP_CALL_VITAL },
	{ "rt_sigreturn", VP_CALL_VITAL },
	{ "exit", VP_CALL_VITAL },
	{ "exit_group", VP_CALL_VITAL },
	{ "brk", VP_CALL_VITAL_WHOLE },
	{ "clone", VP_CALL_VITAL_WHOLE },
	{ "fstat", VP_CALL_VITAL_WHOLE },
	{ "futex", VP_CALL_VITAL_WHOLE },
	{ "mmap", VP_CALL_VITAL_WHOLE },
	{ "mprotect", VP_CALL_VITAL_WHOLE },
	{ "munmap", VP_CALL_VITAL_WHOLE },
	{ "prctl", VP_CALL_VITAL_WHOLE },
	{ "rt_sigaction", VP_CALL_VITAL_WHOLE },
	{ "rt_sigprocmask", VP_CALL_VITAL_WHOLE },
	{ "seccomp", VP_CALL_VITAL_WHOLE },
	{ "close", VP_CALL_VITAL_WHOLE | VP_CALL_IN_RING },
	{ "openat", VP_CALL_VITAL_WHOLE | VP_CALL_IN_RING },
	{ "read", VP_CALL_VITAL_WHOLE | VP_CALL_IN_RING },
	{ "write", VP_CALL_VITAL_WHOLE | VP_CALL_IN_RING },
	{ "fcntl", VP_CALL_MANY },
	{ "ioctl", VP_CALL_MANY },
	{ "getsockopt", VP_CALL_MANY | VP_CALL_IN_RING },
	{ "setsockopt", VP_CALL_MANY | VP_CALL_IN_RING },
};

/* What the operations of a ring do, from the kernel's linux/io_uring.h. */
static const char *const in_ring[] = {
	"accept",     "accept4",   "bind",	 "connect",	"creat",	   "epoll_ctl",
	"epoll_wait", "fadvise64", "fallocate",	 "fdatasync",	"fgetxattr",	   "fsetxattr",
	"fsync",      "ftruncate", "futex_wait", "futex_waitv", "futex_wake",	   "getxattr",
	"link",	      "linkat",	   "listen",	 "madvise",	"mkdir",	   "mkdirat",
	"open",	      "openat2",   "pipe",	 "pipe2",	"pread64",	   "preadv",
	"preadv2",    "pwrite64",  "pwritev",	 "pwritev2",	"readv",	   "recvfrom",
	"recvmmsg",   "recvmsg",   "rename",	 "renameat",	"renameat2",	   "rmdir",
	"sendmmsg",   "sendmsg",   "sendto",	 "setxattr",	"shutdown",	   "socket",
	"splice",     "statx",	   "symlink",	 "symlinkat",	"sync_file_range", "tee",
	"unlink",     "unlinkat",  "writev",
};

unsigned int vp_call_traits(const struct vp_call_prototype *call)
{
	for (size_t i = 0; i < VP_COUNT(traits); i++)
		if (!strcmp(traits[i].name, call->name))
			return traits[i].traits;
	for (size_t i = 0; i < VP_COUNT(in_ring); i++)
		if (!strcmp(in_ring[i], call->name))
			return VP_CALL_IN_RING;
	return 0;
}
