/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchd-events: reads logged packets from an NFLOG socket that vpatchd opened
 * and sends one fixed-size record for each to vpatchd. It is the only process of
 * ours that looks at packets outside the inspection worker; it can do nothing
 * else: no user, no capability, no file, no network, five system calls.
 *
 * Started by vpatchd (agentd/reporter.c) with the NFLOG socket as descriptor 3
 * and the record socket as descriptor 4.
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <seccomp.h>

#include "agentd/nflog.h"
#include "agentd/sandbox.h"
#include "lib/log.h"
#include "lib/memory.h"

enum { NFLOG_FD = 3, RECORD_FD = 4, KEEP_BELOW = 5 };

static const struct vp_sandbox_call allowed_calls[] = {
	{ SCMP_SYS(recvfrom), 0, NFLOG_FD },
	{ SCMP_SYS(sendto), 0, RECORD_FD },
	{ SCMP_SYS(poll), -1, 0 },
	{ SCMP_SYS(ppoll), -1, 0 },
	{ SCMP_SYS(restart_syscall), -1, 0 },
	{ SCMP_SYS(rt_sigreturn), -1, 0 },
	{ SCMP_SYS(exit_group), -1, 0 },
};

struct reader {
	uint8_t confinement;
	bool started;	   /* `expected` means something */
	bool overrun;	   /* the kernel said that it dropped something */
	bool unsaid;	   /* counters changed since the last record */
	uint32_t expected; /* sequence number of the next message */
	uint32_t lost, foreign;
};

/* False when vpatchd is gone. */
static bool send_report(struct reader *reader, struct vp_report *report)
{
	report->magic = VP_REPORT_MAGIC;
	report->confinement = reader->confinement;
	report->lost = reader->lost;
	report->foreign = reader->foreign;
	reader->unsaid = false;
	while (send(RECORD_FD, report, sizeof(*report), MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return false;
	return true;
}

static bool send_status(struct reader *reader)
{
	struct vp_report report = { .kind = VP_REPORT_STATUS };

	return send_report(reader, &report);
}

/* A gap in the sequence is that many packets lost. */
static void count_lost(struct reader *reader, const struct vp_nflog *message)
{
	if (message->has_sequence) {
		if (reader->started)
			reader->lost += message->sequence - reader->expected;
		reader->started = true;
		reader->expected = message->sequence + 1;
	} else if (reader->overrun) {
		reader->lost++;
	}
	reader->overrun = false;
}

static bool handle_datagram(struct reader *reader, const uint8_t *data, size_t len)
{
	struct vp_bytes datagram = vp_bytes_of(data, len);
	struct vp_nflog message;

	for (;;) {
		switch (vp_nflog_next(&datagram, &message)) {
		case VP_NFLOG_PACKET:
			count_lost(reader, &message);
			if (!send_report(reader, &message.report))
				return false;
			break;
		case VP_NFLOG_FOREIGN:
			count_lost(reader, &message);
			reader->foreign++;
			reader->unsaid = true;
			break;
		case VP_NFLOG_BROKEN:
			reader->foreign++;
			reader->unsaid = true;
			break;
		case VP_NFLOG_END:
			return true;
		}
	}
}

/* False when there is nobody left to work for, or nothing to read from. */
static bool receive(struct reader *reader)
{
	static uint8_t buffer[65536];
	ssize_t length = recv(NFLOG_FD, buffer, sizeof(buffer), MSG_DONTWAIT);

	if (length > 0)
		return handle_datagram(reader, buffer, (size_t)length);
	if (length == 0)
		return true;
	if (errno == ENOBUFS)
		reader->overrun = true;
	return errno == ENOBUFS || errno == EAGAIN || errno == EINTR;
}

static void serve(struct reader *reader)
{
	struct pollfd fds[] = { { .fd = NFLOG_FD, .events = POLLIN }, { .fd = RECORD_FD } };
	bool alive = send_status(reader);

	while (alive) {
		int ready = poll(fds, VP_COUNT(fds), reader->unsaid ? 1000 : -1);

		if (ready == 0)
			alive = send_status(reader);
		else if (ready > 0 && fds[1].revents)
			alive = false;
		else if (ready > 0)
			alive = receive(reader);
	}
}

int main(void)
{
	struct vp_sandbox sandbox = {
		.user = "vpatch",
		.keep_below = KEEP_BELOW,
		.calls = allowed_calls,
		.call_count = VP_COUNT(allowed_calls),
	};
	struct reader reader = { 0 };
	struct vp_error err = { 0 };
	unsigned int achieved;
	socklen_t len = sizeof(int);
	int type;

	if (getsockopt(RECORD_FD, SOL_SOCKET, SO_TYPE, &type, &len) ||
	    type != SOCK_SEQPACKET) {
		vp_log_error("vpatchd-events is started by vpatchd, not by hand");
		return 2;
	}
	if (vp_sandbox_enter(&sandbox, &achieved, &err)) {
		vp_log_error("vpatchd-events: %s", err.text);
		return 1;
	}
	reader.confinement = (uint8_t)achieved;
	serve(&reader);
	_exit(0);
}
