/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the file of a filter to standard output: filter UNIT FLAGS [RULE...]
 * FLAGS: letters of s (SPEC_ALLOW), l (LOG), n (no_new_privs), x (for another
 * architecture); - for none. RULE: CALL:ERRNO or CALL:ARGUMENT=VALUE:ERRNO, all
 * numbers decimal, arguments from 0, compared by their low 32 bits; kill for ERRNO.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/audit.h>

#include <seccomp.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "lib/memory.h"
#include "lib/seccomp_file.h"

static int add_rule(scmp_filter_ctx context, char *rule)
{
	char *rest = NULL, *name = strtok_r(rule, ":", &rest), *error;
	char *condition = strtok_r(NULL, ":", &rest), *last = strtok_r(NULL, ":", &rest);
	unsigned int argument, value;
	uint32_t action;

	error = last ? last : condition;
	if (!name || !error)
		return -EINVAL;
	action = strcmp(error, "kill") ? SCMP_ACT_ERRNO((uint32_t)atoi(error))
				       : SCMP_ACT_KILL_PROCESS;
	if (!last)
		return seccomp_rule_add(context, action, seccomp_syscall_resolve_name(name),
					0);
	if (sscanf(condition, "%u=%u", &argument, &value) != 2)
		return -EINVAL;
	return seccomp_rule_add(context, action, seccomp_syscall_resolve_name(name), 1,
				SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, UINT32_MAX, value));
}

static int compile(char **rules, struct vp_seccomp_file *file)
{
	char path[] = "/tmp/vpatch-filter-XXXXXX";
	_cleanup_close_ int fd = mkstemp(path);
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
	struct vp_error err = { 0 };
	size_t len = 0;
	int r = context && fd >= 0 ? 0 : -ENOMEM;

	unlink(path);
	if (!r)
		r = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	for (; !r && *rules; rules++)
		r = add_rule(context, *rules);
	if (!r)
		r = seccomp_export_bpf(context, fd);
	if (!r && lseek(fd, 0, SEEK_SET))
		r = -errno;
	if (!r)
		r = vp_file_read_fd(fd, path, VP_SECCOMP_FILE_LIMIT, (char **)&file->program,
				    &len, &err);
	file->count = len / sizeof(*file->program);
	seccomp_release(context);
	return r;
}

int main(int argc, char **argv)
{
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };
	struct vp_seccomp_file file = { 0 };
	int r;

	if (argc < 3 || strlen(argv[1]) >= sizeof(file.unit))
		return fputs("usage: filter UNIT FLAGS [RULE...]\n", stderr), 2;
	strcpy(file.unit, argv[1]);
	file.architecture = strchr(argv[2], 'x') ? AUDIT_ARCH_S390X : seccomp_arch_native();
	file.flags = (strchr(argv[2], 's') ? VP_SECCOMP_FILE_SPEC_ALLOW : 0) |
		     (strchr(argv[2], 'l') ? VP_SECCOMP_FILE_LOG : 0) |
		     (strchr(argv[2], 'n') ? VP_SECCOMP_FILE_NO_NEW_PRIVS : 0);
	r = compile(argv + 3, &file);
	if (r)
		return fprintf(stderr, "filter: %s\n", strerror(-r)), 1;
	vp_seccomp_file_print(&file, &bytes);
	fwrite(bytes.data, 1, bytes.len, stdout);
	vp_seccomp_file_free(&file);
	return 0;
}
