/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One denied call of our own: see audit_probe.h. */
#include "agentd/audit_probe.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "lib/memory.h"

#define DENIED_CALL SYS_getsid	    /* harmless, and made by nothing else in the child */
#define DENIED	    EXDEV	    /* no answer that this call ever has */
#define NOT_DENIED  (DENIED + 0x80) /* exit status beside the errno values of seccomp(2) */

/* Becomes the probe: exits with 0, an errno of the installation, or NOT_DENIED. */
static _Noreturn void be_probe(const char *comm)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DENIED_CALL, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | DENIED),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { VP_COUNT(code), code };

	(void)prctl(PR_SET_NAME, comm, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, &program))
		_exit(errno & 0x7f);
	_exit(syscall(DENIED_CALL, 0) == -1 && errno == DENIED ? 0 : NOT_DENIED);
}

static int wait_for(pid_t pid, struct vp_error *err)
{
	pid_t waited;
	int status;

	do
		waited = waitpid(pid, &status, 0);
	while (waited < 0 && errno == EINTR);
	if (waited != pid)
		return vp_fail(err, -ECHILD,
			       "cannot wait for the process that tries a filter");
	if (!WIFEXITED(status))
		return vp_fail(err, -EPERM,
			       "the process that tries a filter was killed by signal %d: "
			       "another filter forbids it",
			       WTERMSIG(status));
	if (WEXITSTATUS(status) == NOT_DENIED)
		return vp_fail(err, -EPERM, "a filter is installed and denies nothing");
	if (WEXITSTATUS(status))
		return vp_fail(err, -WEXITSTATUS(status), "cannot install a filter: %s",
			       strerror(WEXITSTATUS(status)));
	return 0;
}

int vp_audit_probe_run(struct vp_audit_probe *probe, struct vp_error *err)
{
	uint32_t number;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number))
		number = (uint32_t)getpid();
	memset(probe->comm, 0, sizeof(probe->comm));
	snprintf(probe->comm, sizeof(probe->comm), "vpatch-%08x", number);
	probe->pid = fork();
	if (probe->pid < 0)
		return vp_fail(err, -errno, "cannot fork: %s", strerror(errno));
	if (!probe->pid)
		be_probe(probe->comm);
	return wait_for(probe->pid, err);
}

bool vp_audit_probe_is(const struct vp_audit_probe *probe,
		       const struct vp_audit_record *record)
{
	return probe->comm[0] && record->call == DENIED_CALL &&
	       !strcmp(record->comm, probe->comm);
}
