/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of /proc: see proc.h. A thread chooses its own name; nothing here is fooled by one. */
#include "lib/proc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text behind "KEY:" at the beginning of a line. The kernel escapes line ends in names. */
static const char *find(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, len) && line[len] == ':')
			return line + len + 1;
	}
	return NULL;
}

/* The number at `index` in the line of a key. */
static int number(const char *text, const char *key, int index, int base, uint64_t *out)
{
	const char *at = find(text, key);
	char *end = NULL;

	for (int i = 0; at && i <= index; i++) {
		at += strspn(at, " \t");
		errno = 0;
		*out = strtoull(at, &end, base);
		if (end == at || errno || *at == '-' || *at == '\n')
			return -EINVAL;
		at = end;
	}
	return at ? 0 : -ENOENT;
}

/* Likewise one that older kernels do not tell. */
static int optional(const char *text, const char *key, uint64_t *out)
{
	int r = number(text, key, 0, 10, out);

	if (r == -ENOENT)
		*out = 0;
	return r == -ENOENT ? 0 : r;
}

static uint64_t handlers(const char *text)
{
	uint64_t bits;

	return number(text, "SigCgt", 0, 16, &bits) ? UINT64_MAX : bits;
}

int vp_proc_status_parse(const char *text, struct vp_proc_status *out)
{
	uint64_t process, tracer, uid, capabilities, no_new_privs, seccomp, filters, waits;

	if (number(text, "Tgid", 0, 10, &process) ||
	    number(text, "TracerPid", 0, 10, &tracer) || number(text, "Uid", 1, 10, &uid) ||
	    number(text, "CapEff", 0, 16, &capabilities) ||
	    optional(text, "NoNewPrivs", &no_new_privs) ||
	    optional(text, "Seccomp", &seccomp) ||
	    optional(text, "Seccomp_filters", &filters) ||
	    optional(text, "voluntary_ctxt_switches", &waits))
		return -EINVAL;
	if (process > INT32_MAX || tracer > INT32_MAX || uid > UINT32_MAX || seccomp > 2 ||
	    filters > UINT32_MAX)
		return -EINVAL;
	*out = (struct vp_proc_status){
		.process = (pid_t)process,
		.tracer = (pid_t)tracer,
		.uid = (uid_t)uid,
		.capabilities = capabilities,
		.no_new_privs = no_new_privs != 0,
		.seccomp = (uint8_t)seccomp,
		.filters = (uint32_t)filters,
		.waits = waits,
		.handled = handlers(text),
	};
	return 0;
}

int vp_proc_stat_parse(const char *text, struct vp_proc_stat *out)
{
	const char *name_end = strrchr(text, ')'); /* a name may hold one too */
	struct vp_proc_stat stat = { 0 };

	if (!name_end ||
	    sscanf(name_end,
		   ") %c %d %*d %*d %*d %*d %" SCNu32 " %*u %*u %*u %*u %*u %*u %*d %*d"
		   " %*d %*d %*d %*d %" SCNu64 " %*u %*d %*u %*u %*u %*u %*u %*u %*u %*u %*u"
		   " %*u %*u %*u %*u %*d %d",
		   &stat.state, &stat.parent, &stat.flags, &stat.start, &stat.processor) != 5)
		return -EINVAL;
	*out = stat;
	return 0;
}

int vp_proc_mapping_parse(const char *line, struct vp_proc_mapping *out)
{
	struct vp_proc_mapping mapping = { 0 };
	char rights[5];
	int used = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*x %*x:%*x %*u%n", &mapping.first,
		   &mapping.end, rights, &used) != 3 ||
	    !used || strlen(rights) != 4 || mapping.first >= mapping.end)
		return -EINVAL;
	mapping.readable = rights[0] == 'r';
	mapping.writable = rights[1] == 'w';
	mapping.executable = rights[2] == 'x';
	mapping.name = line + used + strspn(line + used, " ");
	*out = mapping;
	return 0;
}

int vp_proc_call_parse(const char *text, struct vp_proc_call *out)
{
	struct vp_proc_call call = { .running = !strcmp(text, "running\n") };
	uint64_t *a = call.arguments;
	int found;

	if (call.running) {
		*out = call;
		return 0;
	}
	found = sscanf(text,
		       "%ld %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64
		       " %" SCNx64 " %" SCNx64 " %*x",
		       &call.number, &a[0], &a[1], &a[2], &a[3], &a[4], &a[5], &call.stack);
	if (found != 8 && !(found >= 2 && call.number == -1))
		return -EINVAL;
	if (call.number == -1) { /* what was read are sp and pc */
		call.stack = a[0];
		memset(a, 0, sizeof(call.arguments));
	}
	*out = call;
	return 0;
}

int64_t vp_proc_sched_parse(const char *text)
{
	static const char key[] = "\nse.exec_start";
	const char *at = strstr(text, key);
	uint64_t milliseconds, nanoseconds;

	if (!at || sscanf(at + sizeof(key) - 1, " : %" SCNu64 ".%6" SCNu64, &milliseconds,
			  &nanoseconds) != 2)
		return -EINVAL;
	if (milliseconds > INT64_MAX / 1000000 - 1)
		return -EINVAL;
	return (int64_t)(milliseconds * 1000000 + nanoseconds);
}
