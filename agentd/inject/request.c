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
#include "lib/unix_socket.h"

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

int vp_request_receive(int socket, struct vp_request *out, int *program, struct vp_error *err)
{
	static struct vp_request bytes;
	_cleanup_close_ int fd = -1;
	ssize_t len = vp_unix_receive(socket, &bytes, sizeof(bytes), 0, &fd);
	int r;

	if (!len)
		return vp_fail(err, -EPIPE, "the other side has closed the connection");
	if (len == -EMSGSIZE || (len > 0 && fd < 0))
		return vp_fail(err, -EPROTO, "a request is one message with one descriptor");
	if (len < 0)
		return vp_fail(err, (int)len, "cannot receive a request: %s",
			       strerror((int)-len));
	r = vp_request_parse(&bytes, (size_t)len, out, err);
	if (!r)
		*program = TAKE_FD(fd);
	return r;
}

int vp_request_send(int socket, const struct vp_request *request, int program,
		    struct vp_error *err)
{
	int r = vp_unix_send(socket, request, vp_request_len(request->count), 0, program);

	return r ? vp_fail(err, r, "cannot ask for an injection: %s", strerror(-r)) : 0;
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
