/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Both ends of a stage: see stage.h. */
#include "agentd/ctl/lab/stage.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agentd/ctl/lab/cell.h"
#include "agentd/ctl/lab/maker.h"
#include "lib/cleanup.h"

#define ANSWER_WAIT 15000 /* milliseconds more than a call may take, on a busy machine */
#define PROBE_WAIT  5000

struct request {
	uint32_t filter; /* enum vp_stage_filter */
	uint32_t milliseconds;
	uint32_t len; /* of a program; 0: make the call */
	struct vp_raw_call entry;
	struct sock_filter code[VP_BPF_MAX];
};

struct answer {
	int32_t error;
	uint32_t zero;
	struct vp_outcome outcome;
};

/* The other end */

struct server {
	struct vp_maker maker;
	struct vp_bpf programs[VP_STAGE_FILTERS];
};

static int take_program(struct server *server, const struct request *request, size_t got)
{
	struct vp_bpf *program = &server->programs[request->filter];

	if (request->len > VP_BPF_MAX ||
	    got != offsetof(struct request, code) + request->len * sizeof(*request->code))
		return -EPROTO;
	free((void *)(uintptr_t)program->code);
	program->code = vp_memdup(request->code, request->len * sizeof(*request->code));
	program->len = request->len;
	return 0;
}

static int make(struct server *server, const struct request *request,
		struct vp_outcome *outcome)
{
	const struct vp_bpf *program = &server->programs[request->filter];

	if (request->filter == VP_STAGE_HERE) {
		vp_maker_make_here(&server->maker, &request->entry, outcome);
		return 0;
	}
	return vp_maker_make(&server->maker, &request->entry, program->len ? program : NULL,
			     request->milliseconds, outcome);
}

static void answer_one(struct server *server, const struct request *request, size_t got,
		       struct answer *answer)
{
	*answer = (struct answer){ 0 };
	if (got < offsetof(struct request, code) || request->filter >= VP_STAGE_FILTERS)
		answer->error = -EPROTO;
	else if (request->len)
		answer->error = take_program(server, request, got);
	else
		answer->error = make(server, request, &answer->outcome);
}

int vp_stage_serve(int socket)
{
	_cleanup_free_ struct request *request = vp_new(struct request);
	struct server server = { 0 };
	struct answer answer;
	ssize_t got;

	if (vp_maker_open(&server.maker, NULL))
		return 1;
	while ((got = recv(socket, request, sizeof(*request), 0)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return 1;
		answer_one(&server, request, (size_t)got, &answer);
		if (send(socket, &answer, sizeof(answer), MSG_NOSIGNAL) != sizeof(answer))
			return 1;
	}
	for (size_t i = 0; i < VP_COUNT(server.programs); i++)
		free((void *)(uintptr_t)server.programs[i].code);
	return 0;
}

/* This end */

static int ask(const struct vp_stage *stage, const struct request *request, size_t len,
	       struct vp_outcome *outcome, struct vp_error *err)
{
	struct pollfd wait = { .fd = stage->socket, .events = POLLIN };
	struct answer answer;
	int ready;

	if (send(stage->socket, request, len, MSG_NOSIGNAL) != (ssize_t)len)
		return vp_fail(err, -errno, "lab: asking for a call: %s", strerror(errno));
	do
		ready = poll(&wait, 1, (int)request->milliseconds + ANSWER_WAIT);
	while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return vp_fail(err, -ETIMEDOUT, "lab: a call was not answered");
	if (recv(stage->socket, &answer, sizeof(answer), 0) != sizeof(answer))
		return vp_fail(err, -EPIPE, "lab: who makes the calls has ended");
	if (answer.error)
		return vp_fail(err, answer.error, "lab: a call could not be made: %s",
			       strerror(-answer.error));
	if (outcome)
		*outcome = answer.outcome;
	return 0;
}

int vp_stage_load(const struct vp_stage *stage, enum vp_stage_filter filter,
		  const struct vp_bpf *program, struct vp_error *err)
{
	_cleanup_free_ struct request *request = vp_new(struct request);
	size_t size = program->len * sizeof(*program->code);

	if (!program->len || program->len > VP_BPF_MAX)
		return vp_fail(err, -E2BIG, "lab: a program of %zu instructions",
			       program->len);
	request->filter = filter;
	request->len = (uint32_t)program->len;
	memcpy(request->code, program->code, size);
	return ask(stage, request, offsetof(struct request, code) + size, NULL, err);
}

int vp_stage_make(const struct vp_stage *stage, enum vp_stage_filter filter,
		  const struct vp_raw_call *entry, unsigned int milliseconds,
		  struct vp_outcome *outcome, struct vp_error *err)
{
	_cleanup_free_ struct request *request = vp_new(struct request);

	request->filter = filter;
	request->milliseconds = milliseconds;
	request->entry = *entry;
	return ask(stage, request, offsetof(struct request, code), outcome, err);
}

int vp_stage_abis(const struct vp_stage *stage, unsigned int *abis, struct vp_error *err)
{
	*abis = 0;
	for (int abi = 0; abi < VP_ABI_COUNT; abi++) {
		struct vp_raw_call entry = { .abi = (uint32_t)abi };
		struct vp_outcome outcome;
		int r;

		entry.number = vp_abi_number((enum vp_abi)abi, "getuid");
		if (!vp_raw_call_has((enum vp_abi)abi) || entry.number < 0)
			continue;
		r = vp_stage_make(stage, VP_STAGE_BARE, &entry, PROBE_WAIT, &outcome, err);
		if (!r && outcome.kind == VP_OUTCOME_BLOCKED)
			r = vp_fail(err, -ETIMEDOUT, "lab: no call returns in time");
		if (r)
			return r;
		if (outcome.kind == VP_OUTCOME_RETURNED && !vp_outcome_error(&outcome))
			*abis |= 1u << abi;
	}
	if (!(*abis & 1u << vp_abi_native()))
		return vp_fail(err, -ENOSYS, "lab: no calls can be made");
	return 0;
}

static int serve(void *context)
{
	(void)context;
	return vp_stage_serve(3);
}

int vp_stage_open(struct vp_stage *stage, struct vp_error *err)
{
	struct vp_cell_order order = { .run = serve, .count = 1 };
	int ends[2];

	*stage = (struct vp_stage){ .socket = -1 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return vp_fail(err, -errno, "socketpair: %s", strerror(errno));
	order.fds = &ends[1];
	stage->keeper = vp_cell_start(&order, err);
	close(ends[1]);
	if (stage->keeper < 0) {
		int r = stage->keeper;

		close(ends[0]);
		*stage = (struct vp_stage){ .socket = -1 };
		return r;
	}
	stage->socket = ends[0];
	return 0;
}

void vp_stage_close(struct vp_stage *stage)
{
	if (stage->socket >= 0)
		close(stage->socket);
	vp_cell_end(stage->keeper);
	*stage = (struct vp_stage){ .socket = -1 };
}
