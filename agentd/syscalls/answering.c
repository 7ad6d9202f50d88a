/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vpatchd-answer is given, and what it tells: see answering.h. */
#include "agentd/syscalls/answering.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agentd/answer/client.h"
#include "agentd/answer/table.h"
#include "agentd/loop.h"
#include "lib/cleanup.h"
#include "lib/digest.h"
#include "lib/sealed.h"
#include "lib/unix_socket.h"

#define RETRY	 1000  /* milliseconds: it is not there */
#define UNSAID	 10000 /* milliseconds that a daemon takes to begin */
#define PERIOD	 1000  /* between two looks whether it lives */
#define PATIENCE 1000  /* for its answer */

struct vp_answering {
	char *path;
	int poll, socket; /* -1: not connected */
	uint64_t connect; /* when to try that */
	uint64_t until;	  /* as long it may be unsaid what is wanted */
	uint64_t given;	  /* digest of the answers that it was given last; 0: none */
	uint32_t number;  /* of these */
	uint32_t held;	  /* that it said to have */
	uint64_t asked;	  /* since when its answer is awaited; 0: it is not */
	uint64_t ping;	  /* when it is to be asked again */
	char *problem;
};

struct vp_answering *vp_answering_new(const char *socket, int poll)
{
	struct vp_answering *answering = vp_new(struct vp_answering);

	answering->path = vp_strdup(socket);
	answering->poll = poll;
	answering->socket = -1;
	/* not one that a daemon before us gave */
	answering->number = (uint32_t)vp_loop_now();
	answering->until = vp_loop_now() + UNSAID;
	return answering;
}

static void disconnect(struct vp_answering *answering)
{
	if (answering->socket >= 0)
		close(answering->socket);
	answering->socket = -1;
	answering->given = 0;
	answering->asked = 0;
}

void vp_answering_free(struct vp_answering *answering)
{
	if (!answering)
		return;
	disconnect(answering);
	free(answering->path);
	free(answering->problem);
	free(answering);
}

static void set_problem(struct vp_answering *answering, const char *problem)
{
	char *copy = vp_strdup(problem);

	free(answering->problem);
	answering->problem = copy;
}

/* Answers */

static void add_target(struct vp_strbuf *out, const struct vp_cover_filter *filter)
{
	const struct vp_bpf program = vp_filter_program(filter->filter);
	struct vp_filter_answers answers = { 0 };
	VP_ARRAY(struct vp_answer) rows = { 0 };

	vp_filter_answers(filter->filter, &answers);
	vp_array_each (answer, &answers)
		vp_array_push(&rows, ((struct vp_answer){ answer->error, answer->tag }));
	vp_answer_table_add(out, &(struct vp_answer_target){
					 .key = filter->key,
					 .answers = rows.data,
					 .answer_count = (uint32_t)rows.len,
					 .program = program.code,
					 .len = (uint32_t)program.len,
				 });
	vp_array_free(&rows);
	vp_array_free(&answers);
}

static bool has_answers(const struct vp_cover_filter *filter)
{
	return filter->wanted && filter->key && filter->filter;
}

static void print(const struct vp_coverage *coverage, struct vp_strbuf *out)
{
	uint32_t count = 0;

	vp_array_each (filter, &coverage->filters)
		count += has_answers(filter);
	vp_answer_table_begin(out, count);
	vp_array_each (filter, &coverage->filters)
		if (has_answers(filter))
			add_target(out, filter);
}

static int send_order(struct vp_answering *answering, enum vp_answer_order_kind kind,
		      int descriptor, uint64_t now, struct vp_error *err)
{
	const struct vp_answer_order order = {
		.magic = VP_ANSWER_MAGIC,
		.kind = kind,
		.number = kind == VP_ANSWER_TABLE ? answering->number : 0,
	};
	int r = vp_answer_send(answering->socket, &order, descriptor, err);

	answering->ping = now + PERIOD;
	if (!r && !answering->asked)
		answering->asked = now;
	return r == -EAGAIN ? 0 : r; /* it stands still: it is waited for already */
}

static int give(struct vp_answering *answering, const struct vp_coverage *coverage,
		uint64_t now, struct vp_error *err)
{
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };
	_cleanup_close_ int sealed = -1;
	uint64_t digest;
	int r;

	print(coverage, &bytes);
	digest = vp_digest(VP_DIGEST_SEED, bytes.data, bytes.len);
	if (digest == answering->given)
		return 0;
	if (bytes.len > VP_ANSWER_BYTES)
		return vp_fail(err, -E2BIG,
			       "%zu bytes of rules are too many for vpatchd-answer",
			       bytes.len);
	sealed = vp_sealed_make("answers", bytes.data, bytes.len, err);
	if (sealed < 0)
		return sealed;
	answering->number = answering->number + 1 ?: 1;
	r = send_order(answering, VP_ANSWER_TABLE, sealed, now, err);
	if (!r)
		answering->given = digest;
	return r;
}

/* Life */

static int connect_to(struct vp_answering *answering, struct vp_error *err)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = vp_unix_connect(answering->path, SOCK_SEQPACKET | SOCK_NONBLOCK,
				 VP_ANSWER_UNIT, err);

	if (fd < 0)
		return fd;
	answering->socket = fd;
	(void)epoll_ctl(answering->poll, EPOLL_CTL_ADD, fd, &event);
	return 0;
}

static bool is_needed(const struct vp_coverage *coverage)
{
	vp_array_each (filter, &coverage->filters)
		if (filter->key)
			return true;
	return false;
}

/* What is not answered: those who wait are the services themselves. */
static uint64_t watch(struct vp_answering *answering, uint64_t now)
{
	if (answering->asked && now >= answering->asked + PATIENCE)
		set_problem(
			answering,
			"vpatchd-answer stands still: calls that are denied revocably wait "
			"for it, also where the denial was withdrawn");
	return answering->asked && now < answering->asked + PATIENCE
		       ? answering->asked + PATIENCE
		       : answering->ping;
}

uint64_t vp_answering_keep(struct vp_answering *answering, struct vp_coverage *coverage,
			   uint64_t now)
{
	struct vp_error err;
	int r = 0;

	if (!is_needed(coverage)) {
		disconnect(answering);
		set_problem(answering, NULL);
		return 0;
	}
	if (!coverage->begun && now < answering->until) /* it has answers from before */
		return answering->until;
	if (answering->socket < 0 && now < answering->connect)
		return answering->connect;
	if (answering->socket < 0)
		r = connect_to(answering, &err);
	r = r ? r : give(answering, coverage, now, &err);
	if (!r && !answering->asked && now >= answering->ping)
		r = send_order(answering, VP_ANSWER_PING, -1, now, &err);
	if (!r)
		return watch(answering, now);
	disconnect(answering);
	set_problem(answering, err.text);
	answering->connect = now + RETRY;
	return answering->connect;
}

static void take_state(struct vp_answering *answering, struct vp_coverage *coverage,
		       const struct vp_answer_note *note, uint64_t now)
{
	answering->asked = 0;
	answering->held = note->number;
	if (note->result)
		set_problem(answering,
			    "vpatchd-answer does not take the answers that hold: it "
			    "is not from the same build");
	else if (note->number == answering->number)
		set_problem(answering, NULL);
	vp_coverage_heard(coverage, note->instance, now);
}

int vp_answering_read(struct vp_answering *answering, struct vp_coverage *coverage,
		      struct vp_answer_note *note, uint64_t now)
{
	struct vp_error err;
	int r = 0;

	while (answering->socket >= 0 &&
	       (r = vp_answer_receive(answering->socket, note, &err)) > 0) {
		if (note->kind == VP_ANSWER_DENIED)
			return 1;
		take_state(answering, coverage, note, now);
	}
	if (r < 0) {
		disconnect(answering);
		set_problem(answering, err.text);
		answering->connect = now; /* whoever starts it may have done so */
	}
	return 0;
}

bool vp_answering_is_settled(const struct vp_answering *answering)
{
	return answering->socket < 0 || answering->held == answering->number;
}

const char *vp_answering_problem(const struct vp_answering *answering)
{
	return answering->problem;
}
