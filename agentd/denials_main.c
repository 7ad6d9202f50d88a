/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchd-denials: reads the kernel's records of denied system calls from an audit
 * socket that vpatchd opened, counts equal ones, and sends records of fixed size to
 * vpatchd. They hold names that hostile processes chose, so a process reads them
 * that can do nothing else: no user, no capability, no file, no network, nine
 * system calls. It is another one than vpatchd-events: it has another socket and
 * other bytes to parse, and what takes over one of them gets nothing of the
 * other's; a host without audit has the one and not the other.
 *
 * Started by vpatchd (agentd/denials.c) with the audit socket as descriptor 3 and
 * the record socket as descriptor 4. Before it gives up its rights it makes one
 * denied call (audit_probe.h), and says then whether its record came.
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <seccomp.h>

#include "agentd/audit.h"
#include "agentd/audit_probe.h"
#include "agentd/denial.h"
#include "agentd/denial_sums.h"
#include "agentd/sandbox.h"
#include "lib/log.h"
#include "lib/memory.h"

enum { AUDIT_FD = 3, RECORD_FD = 4, KEEP_BELOW = 5 };

#define INTERVAL 1000 /* milliseconds in which equal denials are counted together */
#define PATIENCE 1000 /* milliseconds for the record of our own call */

static const struct vp_sandbox_call allowed_calls[] = {
	{ SCMP_SYS(recvfrom), 0, AUDIT_FD },
	{ SCMP_SYS(getsockopt), 0, AUDIT_FD },
	{ SCMP_SYS(sendto), 0, RECORD_FD },
	{ SCMP_SYS(poll), -1, 0 },
	{ SCMP_SYS(ppoll), -1, 0 },
	{ SCMP_SYS(clock_gettime), -1, 0 }, /* where the vDSO cannot read the clock */
	{ SCMP_SYS(restart_syscall), -1, 0 },
	{ SCMP_SYS(rt_sigreturn), -1, 0 },
	{ SCMP_SYS(exit_group), -1, 0 },
};

struct process {
	uint8_t confinement, proof;
	struct vp_audit_probe probe;
	struct vp_audit_counts counts, said; /* known; known to vpatchd */
	int64_t flush, deadline;	     /* milliseconds */
	struct vp_denial_sums sums;
};

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* False when vpatchd is gone. */
static bool send_denial(void *data, struct vp_denial *denial)
{
	struct process *process = data;

	denial->magic = VP_DENIAL_MAGIC;
	denial->confinement = process->confinement;
	denial->proof = process->proof;
	denial->lost = process->counts.lost;
	denial->foreign = (uint32_t)process->counts.foreign;
	process->said = process->counts;
	while (send(RECORD_FD, denial, sizeof(*denial), MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return false;
	return true;
}

static bool send_status(struct process *process)
{
	struct vp_denial status = { .kind = VP_DENIAL_STATUS };

	return send_denial(process, &status);
}

static bool prove(struct process *process, enum vp_denial_proof proof)
{
	process->proof = (uint8_t)proof;
	return send_status(process);
}

/* When the record of our own call was lost in a flood, one of anybody's is proof enough. */
static bool take_denial(struct process *process, const struct vp_audit_record *record)
{
	const struct vp_denial_receiver receiver = { send_denial, process };

	if (process->proof == VP_PROOF_SILENT || process->proof == VP_PROOF_UNTRIED)
		process->proof = VP_PROOF_REPORTED;
	return vp_denial_sums_add(&process->sums, record, &receiver);
}

/* Our own call is told nobody as a denial. */
static bool take_record(void *data, const struct vp_audit_record *record)
{
	struct process *process = data;

	if (!vp_audit_probe_is(&process->probe, record))
		return take_denial(process, record);
	return prove(process, record->pid == (uint32_t)process->probe.pid
				      ? VP_PROOF_REPORTED
				      : VP_PROOF_OTHER_PIDS);
}

/* Counters changed since the last record. */
static bool unsaid(const struct process *process)
{
	return process->said.lost != process->counts.lost ||
	       process->said.foreign != process->counts.foreign;
}

static bool flush(struct process *process)
{
	const struct vp_denial_receiver receiver = { send_denial, process };

	process->flush = now() + INTERVAL;
	if (!vp_denial_sums_flush(&process->sums, &receiver))
		return false;
	return !unsaid(process) || send_status(process);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Milliseconds until something is to be done without a record. -1: nothing is. */
static int patience(const struct process *process)
{
	int64_t wait = INT64_MAX, at = now();

	if (process->proof == VP_PROOF_PENDING)
		wait = process->deadline;
	if (vp_denial_sums_pending(&process->sums) || unsaid(process))
		wait = earlier(wait, process->flush);
	if (wait == INT64_MAX)
		return -1;
	return wait > at ? (int)(wait - at) : 0;
}

/* What the clock asks for. */
static bool tick(struct process *process)
{
	int64_t at = now();

	if (process->proof == VP_PROOF_PENDING && at >= process->deadline &&
	    !prove(process, VP_PROOF_SILENT))
		return false;
	return at < process->flush || flush(process);
}

/* vpatchd may shut its end down and wait: what was counted is told before the end. */
static void serve(struct process *process)
{
	const struct vp_audit_reader reader = { take_record, process };
	struct pollfd fds[] = { { .fd = AUDIT_FD, .events = POLLIN },
				{ .fd = RECORD_FD, .events = POLLIN } };
	bool alive = send_status(process);

	while (alive) {
		int ready = poll(fds, VP_COUNT(fds), patience(process));

		if (ready > 0 && fds[0].revents)
			alive = vp_audit_receive(AUDIT_FD, &process->counts, &reader);
		if (ready > 0 && fds[1].revents)
			break;
		alive = alive && tick(process);
	}
	(void)flush(process);
}

static int start(struct process *process, struct vp_error *err)
{
	struct vp_sandbox sandbox = {
		.user = "vpatch",
		.keep_below = KEEP_BELOW,
		.calls = allowed_calls,
		.call_count = VP_COUNT(allowed_calls),
	};
	unsigned int achieved;
	int r;

	process->proof = VP_PROOF_PENDING;
	if (vp_audit_probe_run(&process->probe, err)) {
		vp_log_warning("vpatchd-denials: %s", err->text);
		process->proof = VP_PROOF_UNTRIED;
	}
	r = vp_sandbox_enter(&sandbox, &achieved, err);
	if (r)
		return r;
	process->confinement = (uint8_t)achieved;
	process->flush = now() + INTERVAL;
	process->deadline = now() + PATIENCE;
	return 0;
}

int main(void)
{
	static struct process process;
	struct vp_error err = { 0 };
	socklen_t len = sizeof(int);
	int type;

	if (getsockopt(RECORD_FD, SOL_SOCKET, SO_TYPE, &type, &len) ||
	    type != SOCK_SEQPACKET) {
		vp_log_error("vpatchd-denials is started by vpatchd, not by hand");
		return 2;
	}
	if (start(&process, &err)) {
		vp_log_error("vpatchd-denials: %s", err.text);
		return 1;
	}
	serve(&process);
	_exit(0);
}
