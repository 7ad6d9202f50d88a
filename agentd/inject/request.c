/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The helper's messages: see request.h. Nothing that came is believed before it was checked.
 */
#include "agentd/inject/request.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/inject/inject.h"
#include "lib/cleanup.h"
#include "lib/sealed.h"

#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static int check_processes(const struct vp_request *request, struct vp_error *err)
{
	for (uint32_t i = 0; i < request->count; i++) {
		const struct vp_request_process *process = &request->processes[i];

		if (process->id <= 1 || process->zero)
			return vp_fail(err, -EPROTO, "process %u of the request is none", i);
	}
	return 0;
}

int vp_request_parse(const void *bytes, size_t len, struct vp_request *out,
		     struct vp_error *err)
{
	struct vp_request request = { 0 };
	int r;

	if (len < vp_request_len(0) || len > sizeof(request))
		return vp_fail(err, -EPROTO, "a request of %zu bytes", len);
	memcpy(&request, bytes, len);
	if (request.magic != VP_REQUEST_MAGIC)
		return vp_fail(err, -EPROTO, "no request, or of another version");
	if (request.zero || request.chase > VP_CHASE_EXECUTABLE ||
	    !memchr(request.name, '\0', sizeof(request.name)) ||
	    (request.chase == VP_CHASE_NONE) != !request.name[0])
		return vp_fail(err, -EPROTO, "a request to look for what it does not name");
	if (request.flags & ~VP_INJECT_FLAGS || request.deadline > VP_REQUEST_DEADLINE)
		return vp_fail(err, -EPROTO, "a request with flags 0x%x and %u ms",
			       request.flags, request.deadline);
	if (!request.count || request.count > VP_REQUEST_PROCESSES ||
	    len != vp_request_len(request.count))
		return vp_fail(err, -EPROTO, "a request of %zu bytes for %u processes", len,
			       request.count);
	r = check_processes(&request, err);
	if (!r)
		*out = request;
	return r;
}

int vp_record_parse(const void *bytes, size_t len, struct vp_record *out, struct vp_error *err)
{
	struct vp_record record;

	if (len != sizeof(record))
		return vp_fail(err, -EPROTO, "an answer of %zu bytes", len);
	memcpy(&record, bytes, len);
	if (record.magic != VP_REQUEST_MAGIC || record.id <= 1 || record.zero)
		return vp_fail(err, -EPROTO, "no answer, or of another version");
	if (!record.outcome || record.outcome >= VP_INJECT_OUTCOMES ||
	    record.reason >= VP_REASONS || record.flags & ~VP_INJECTED_FLAGS)
		return vp_fail(err, -EPROTO, "an answer of outcome %u, reason %u, flags 0x%x",
			       record.outcome, record.reason, record.flags);
	*out = record;
	return 0;
}

int vp_request_program(int fd, struct sock_filter program[static BPF_MAXINSNS], size_t *len,
		       struct vp_error *err)
{
	const size_t one = sizeof(program[0]);
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat status;
	size_t size;

	if (seals < 0 || (seals & SEALS) != SEALS)
		return vp_fail(err, -EPERM, "the filter is not in sealed memory");
	if (fstat(fd, &status))
		return vp_fail(err, -errno, "the filter: %s", strerror(errno));
	size = (size_t)status.st_size;
	if (!size || size % one || size / one > BPF_MAXINSNS)
		return vp_fail(err, -EPROTO, "a filter of %zu bytes", size);
	if (pread(fd, program, size, 0) != (ssize_t)size)
		return vp_fail(err, -EIO, "the filter cannot be read");
	*len = size / one;
	return 0;
}

/* The descriptor among what came besides; -1: there is none. */
static int find_descriptor(struct msghdr *message)
{
	int fd = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		    c->cmsg_len == CMSG_LEN(sizeof(int)))
			memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int vp_request_receive(int socket, struct vp_request *out, int *program, struct vp_error *err)
{
	static struct vp_request bytes;
	struct iovec part = { &bytes, sizeof(bytes) };
	union control control;
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	_cleanup_close_ int fd = -1;
	ssize_t len;
	int r;

	do
		len = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return vp_fail(err, -errno, "cannot receive a request: %s", strerror(errno));
	fd = find_descriptor(&message);
	if (!len)
		return vp_fail(err, -EPIPE, "the other side has closed the connection");
	if (fd < 0 || message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return vp_fail(err, -EPROTO, "a request is one message with one descriptor");
	r = vp_request_parse(&bytes, (size_t)len, out, err);
	if (!r)
		*program = TAKE_FD(fd);
	return r;
}

int vp_request_send(int socket, const struct vp_request *request, int program,
		    struct vp_error *err)
{
	struct iovec part = { (void *)request, vp_request_len(request->count) };
	union control control = { 0 };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &program, sizeof(int));
	if (sendmsg(socket, &message, MSG_NOSIGNAL) != (ssize_t)part.iov_len)
		return vp_fail(err, -errno, "cannot ask for an injection: %s",
			       strerror(errno));
	return 0;
}

int vp_request_seal(const struct sock_filter *program, size_t len, struct vp_error *err)
{
	return vp_sealed_make("vpatch-filter", program, len * sizeof(*program), err);
}

void vp_record_fill(struct vp_record *record, const struct vp_request_process *process,
		    const struct vp_injected *injected)
{
	*record = (struct vp_record){
		.magic = VP_REQUEST_MAGIC,
		.id = process->id,
		.start = process->start,
		.outcome = injected->outcome,
		.reason = injected->reason,
		.detail = injected->detail,
		.flags = injected->flags,
		.threads = injected->threads,
		.stops = injected->stops,
		.pause = injected->pause,
	};
}
