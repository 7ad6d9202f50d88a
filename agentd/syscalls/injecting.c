/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking vpatchd-inject: see injecting.h. */
#include "agentd/syscalls/injecting.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/unix_socket.h"

/* Milliseconds for one process: many threads, each with its deadline. */
#define PATIENCE 20000

int vp_injecting_start(struct vp_injecting *injecting, const char *path,
		       const struct vp_bpf *program, uint64_t digest,
		       const struct vp_request *request, uint64_t now, struct vp_error *err)
{
	_cleanup_close_ int socket = vp_unix_connect(path, SOCK_SEQPACKET | SOCK_NONBLOCK,
						     "vpatchd-inject.socket", err);
	_cleanup_close_ int sealed = -1;
	int r;

	if (socket < 0)
		return socket;
	sealed = vp_request_seal(program->code, program->len, err);
	if (sealed < 0)
		return sealed;
	injecting->request = *request;
	injecting->request.magic = VP_REQUEST_MAGIC;
	r = vp_request_send(socket, &injecting->request, sealed, err);
	if (r)
		return r;
	injecting->socket = TAKE_FD(socket);
	injecting->digest = digest;
	injecting->until = now + PATIENCE;
	injecting->answered = 0;
	return 0;
}

static int check_order(const struct vp_injecting *injecting, const struct vp_record *record,
		       struct vp_error *err)
{
	const struct vp_request_process *asked =
		&injecting->request.processes[injecting->answered];

	if (record->id == asked->id && record->start == asked->start)
		return 0;
	return vp_fail(err, -EPROTO, "vpatchd-inject answered for process %d, not %d",
		       (int)record->id, (int)asked->id);
}

int vp_injecting_read(struct vp_injecting *injecting, struct vp_record *record, uint64_t now,
		      struct vp_error *err)
{
	char bytes[sizeof(*record) + 1];
	ssize_t len;
	int r;

	if (injecting->answered == injecting->request.count)
		return -ENODATA;
	len = recv(injecting->socket, bytes, sizeof(bytes), 0);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return now < injecting->until
			       ? 0
			       : vp_fail(err, -ETIMEDOUT, "vpatchd-inject does not answer");
	if (len <= 0)
		return vp_fail(err, len ? -errno : -EPIPE,
			       "vpatchd-inject ended before it had answered");
	r = vp_record_parse(bytes, (size_t)len, record, err);
	r = r ? r : check_order(injecting, record, err);
	if (r)
		return r;
	injecting->answered++;
	injecting->until = now + PATIENCE;
	return 1;
}

void vp_injecting_end(struct vp_injecting *injecting)
{
	if (injecting->socket >= 0)
		close(injecting->socket);
	injecting->socket = -1;
}
