/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchd-inspect: reads the packets of its queues, has the engine judge them, and
 * puts the verdicts into the ring, from which the writer sends them. It parses
 * what strangers send; so it is nobody, and can reach nothing but these.
 *
 * It ends with its writer or its parent. Started by the parent (pair.c).
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netfilter.h>

#include "agentd/inspect/accepts.h"
#include "agentd/inspect/away.h"
#include "agentd/inspect/confine.h"
#include "agentd/inspect/programs.h"
#include "agentd/inspect/queue.h"
#include "agentd/inspect/settle.h"
#include "agentd/inspect/start.h"
#include "agentd/inspect/stash.h"
#include "agentd/inspect/trim.h"
#include "lib/log.h"
#include "lib/memory.h"

#define AT_ONCE 32  /* packets in one system call */
#define TICK	100 /* milliseconds between the engine's, while it has connections */

struct worker {
	struct vp_start start;
	struct vp_queueing queueing; /* what packets' marks are made of */
	struct vp_engine *engine;
	struct vp_programs programs;
	struct vp_accepts accepts[VP_QUEUES_MAX];
	struct vp_stash stash;
	uint64_t now, ticked;
	uint64_t received;		/* messages */
	const struct vp_queued *queued; /* the packet at hand, or NULL */
	struct mmsghdr messages[AT_ONCE];
	struct iovec pieces[AT_ONCE];
	uint8_t *room; /* AT_ONCE times VP_PACKET_ROOM */
};

static void wake_writer(struct worker *worker)
{
	if (vp_ring_must_wake(worker->start.ring))
		(void)!write(VP_FD_WAKE, "", 1);
}

/* The writer makes room; without it there is nobody to work for. */
static void put(struct worker *worker, const struct vp_ring_verdict *verdict)
{
	struct pollfd life = { .fd = VP_FD_LIFE, .events = POLLIN };

	while (!vp_ring_put(worker->start.ring, verdict)) {
		wake_writer(worker);
		if (poll(&life, 1, 1) > 0)
			_exit(0);
	}
}

static void write_accepts(struct worker *worker, struct vp_accepts *accepts)
{
	struct vp_ring_verdict verdicts[VP_ACCEPTS_MAX];
	size_t count = vp_accepts_take(accepts, verdicts);

	for (size_t i = 0; i < count; i++)
		put(worker, &verdicts[i]);
}

static void write_all(struct worker *worker)
{
	for (uint32_t i = 0; i < worker->start.setup.queue_count; i++)
		if (worker->accepts[i].count)
			write_accepts(worker, &worker->accepts[i]);
	wake_writer(worker);
}

static void accept_packet(struct worker *worker, struct vp_accepts *accepts, uint32_t packet)
{
	if (vp_accepts_accept(accepts, packet))
		return;
	write_accepts(worker, accepts);
	(void)vp_accepts_accept(accepts, packet);
}

static void block_packet(struct worker *worker, struct vp_accepts *accepts, uint32_t packet,
			 uint32_t tag)
{
	const struct vp_ring_verdict verdict = { .queue = accepts->queue, .packet = packet };

	put(worker, &verdict);
	vp_accepts_other(accepts);
	vp_tally_add(worker->start.tally, VP_TALLY_BLOCKED, tag, 1);
}

static void replace_packet(struct worker *worker, struct vp_accepts *accepts, uint32_t packet,
			   struct vp_slice bytes)
{
	const struct vp_ring_verdict verdict = { .queue = accepts->queue,
						 .accept = true,
						 .packet = packet,
						 .bytes = bytes.data,
						 .len = bytes.len };

	put(worker, &verdict);
	vp_accepts_other(accepts);
	vp_tally_add(worker->start.tally, VP_TALLY_REPLACED, accepts->queue, 1);
}

/* In a queue that is only watched nothing is blocked or altered, whatever was decided. */
static void decide(void *context, const struct vp_decision *decision)
{
	struct worker *worker = context;
	const struct vp_setup *setup = &worker->start.setup;
	size_t i = vp_setup_queue(setup, (uint16_t)(decision->packet >> 32));
	uint32_t packet = (uint32_t)decision->packet;
	struct vp_slice trimmed = vp_stash_take(&worker->stash, decision->packet);
	bool watch = setup->queues[i].class == VP_QUEUE_WATCH;

	if (decision->kind == VP_DECISION_BLOCK && !watch)
		block_packet(worker, &worker->accepts[i], packet, decision->tag);
	else if (decision->kind == VP_DECISION_REPLACE && !watch)
		replace_packet(worker, &worker->accepts[i], packet, decision->bytes);
	else if (trimmed.len)
		replace_packet(worker, &worker->accepts[i], packet, trimmed);
	else
		accept_packet(worker, &worker->accepts[i], packet);
	free((void *)trimmed.data);
}

static void copy_text(char *to, size_t room, const char *from)
{
	size_t len = from ? strnlen(from, room - 1) : 0;

	for (size_t i = 0; i < len; i++)
		to[i] = from[i] >= 0x20 && from[i] <= 0x7e ? from[i] : '?';
	to[len] = 0;
}

static enum vp_tally_kind counted_as(const struct vp_hit *hit)
{
	if (hit->reason == VP_REASON_RULE)
		return VP_TALLY_HITS;
	return vp_tally_failure(hit->reason, hit->verdict == VP_VERDICT_PASS ? VP_TALLY_PASSED
					     : hit->monitor		     ? VP_TALLY_WATCHED
					     : hit->verdict == VP_VERDICT_RESET
						     ? VP_TALLY_RESET
						     : VP_TALLY_STOPPED);
}

static void add_packet(const struct worker *worker, const struct vp_hit *hit,
		       struct vp_note_hit *note)
{
	if (worker->queued) {
		note->hook = worker->queued->hook;
		note->in_interface = worker->queued->in;
		note->out_interface = worker->queued->out;
	}
	note->flags = hit->flags;
	note->sequence = hit->sequence;
	note->acknowledgement = hit->acknowledgement;
	note->payload = hit->payload;
}

/* Counted before its packet's verdict can be sent: what was done is never more than is told.
 */
static void tell_hit(void *context, const struct vp_hit *hit)
{
	struct worker *worker = context;
	struct vp_note note = vp_note_make(VP_NOTE_HIT, (uint32_t)hit->packet);

	vp_tally_add(worker->start.tally, counted_as(hit), hit->tag, 1);
	vp_tally_add(worker->start.tally, VP_TALLY_REASONS, hit->reason, 1);
	note.hit.milliseconds = hit->milliseconds;
	note.hit.tag = hit->tag;
	note.hit.queue = (uint16_t)(hit->packet >> 32);
	note.hit.reason = (uint8_t)hit->reason;
	note.hit.verdict = (uint8_t)hit->verdict;
	note.hit.monitor = hit->monitor;
	note.hit.protocol = hit->protocol;
	note.hit.source = hit->source;
	note.hit.destination = hit->destination;
	note.hit.source_port = hit->source_port;
	note.hit.destination_port = hit->destination_port;
	add_packet(worker, hit, &note.hit);
	copy_text(note.hit.detail, sizeof(note.hit.detail), hit->detail);
	if (vp_note_send(VP_FD_CONTROL, &note, -1))
		vp_tally_add(worker->start.tally, VP_TALLY_UNTOLD, 0, 1);
}

/*
 * Behind the verdicts of all packets that the engine has seen, and before those of the
 * others: how much may go by was counted from there.
 */
static void leave(void *context, const struct vp_leave *leave)
{
	struct worker *worker = context;
	const struct vp_setup *setup = &worker->start.setup;
	struct vp_ring_verdict order;
	struct vp_away away;

	if (!vp_away_of(leave, &away))
		return;
	write_accepts(
		worker,
		&worker->accepts[vp_setup_queue(setup, (uint16_t)(leave->packet >> 32))]);
	order = vp_away_entry(&away);
	put(worker, &order);
}

/* A packet that was not copied whole and cannot be trimmed is one that nobody can judge. */
static void fail_packet(struct worker *worker, size_t queue, uint32_t packet)
{
	if (worker->start.setup.queues[queue].class == VP_QUEUE_BLOCK)
		block_packet(worker, &worker->accepts[queue], packet, 0);
	else
		accept_packet(worker, &worker->accepts[queue], packet);
	vp_tally_add(worker->start.tally, VP_TALLY_UNREAD,
		     worker->start.setup.queues[queue].number, 1);
}

static bool trim(struct worker *worker, uint64_t number, struct vp_slice *bytes)
{
	uint8_t *trimmed = vp_alloc(1, bytes->len);

	if (!vp_trim(*bytes, trimmed) ||
	    !vp_stash_put(&worker->stash, number, trimmed, bytes->len)) {
		free(trimmed);
		return false;
	}
	bytes->data = trimmed;
	return true;
}

static void judge(struct worker *worker, const struct vp_queued *queued)
{
	size_t queue = vp_setup_queue(&worker->start.setup, queued->queue);
	bool cut = queued->length > queued->len;
	struct vp_engine_packet packet = {
		.number = (uint64_t)queued->queue << 32 | queued->packet,
		.milliseconds = worker->now,
		.bytes = { queued->bytes, queued->len },
		.verify = !queued->checksum_pending && !cut,
		.local = queued->hook != NF_INET_FORWARD,
		.inward = queued->hook == NF_INET_LOCAL_IN, /* its own are judged at output */
	};

	(void)vp_published_port(&worker->queueing, queued->mark, &packet.published,
				&packet.answer);
	if (queue == worker->start.setup.queue_count) {
		vp_tally_add(worker->start.tally, VP_TALLY_STRAY, 0, 1);
		return;
	}
	vp_tally_add(worker->start.tally, VP_TALLY_PACKETS, queued->queue, 1);
	vp_accepts_received(&worker->accepts[queue]);
	vp_programs_packet(&worker->programs, worker->start.setup.queues[queue].slot);
	worker->queued = queued;
	if (cut && !trim(worker, packet.number, &packet.bytes))
		fail_packet(worker, queue, queued->packet);
	else
		vp_engine_packet(worker->engine, &packet);
	worker->queued = NULL;
}

/* What cannot be read may be a packet that a later verdict would let pass: better to end. */
static void read_messages(struct worker *worker, const uint8_t *next, size_t len)
{
	struct vp_queued queued;
	size_t used;

	for (; len; next += used, len -= used) {
		int r = vp_queued_parse(next, len, &queued, &used);

		if (r < 0)
			_exit(1);
		if (r)
			judge(worker, &queued);
		else
			vp_tally_add(worker->start.tally, VP_TALLY_STRAY, 0, 1);
	}
}

static void beat(struct worker *worker, bool busy)
{
	vp_ring_beat(worker->start.ring,
		     (struct vp_pulse){ worker->received, busy ? worker->now : 0 });
}

static void receive(struct worker *worker)
{
	int count = recvmmsg(VP_FD_QUEUE, worker->messages, AT_ONCE, MSG_DONTWAIT, NULL);

	if (count < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
		_exit(1);
	if (count <= 0)
		return;
	worker->received += (uint64_t)count;
	beat(worker, true);
	for (int i = 0; i < count; i++) {
		if (worker->messages[i].msg_hdr.msg_flags & MSG_TRUNC)
			_exit(1);
		read_messages(worker, worker->pieces[i].iov_base, worker->messages[i].msg_len);
	}
	write_all(worker);
	beat(worker, false);
}

static void answer(enum vp_note_kind kind, uint64_t number, const char *text)
{
	struct vp_note note = vp_note_make(kind, number);

	if (text)
		copy_text(note.text, sizeof(note.text), text);
	if (vp_note_send(VP_FD_CONTROL, &note, -1) == -EPIPE)
		_exit(0);
}

static void load(struct worker *worker, const struct vp_note *note, int fd)
{
	struct vp_error err = { 0 };

	if (fd != VP_FD_PROGRAM)
		_exit(1);
	if (vp_programs_load(&worker->programs, note, fd, &err))
		answer(VP_NOTE_REFUSED, note->number, err.text);
	else
		answer(VP_NOTE_LOADED, note->number, NULL);
	close(fd);
}

static void handle_control(struct worker *worker)
{
	struct vp_error err = { 0 };
	struct vp_note note;
	int fd, r;

	r = vp_note_receive(VP_FD_CONTROL, VP_NOTE_PARENT, false, &note, &fd, &err);
	if (r < 0)
		_exit(0);
	if (!r)
		return;
	if (note.kind == VP_NOTE_PROGRAM)
		load(worker, &note, fd);
	else if (note.kind == VP_NOTE_ACTIVATE)
		vp_programs_activate(&worker->programs, note.number);
	else if (note.kind == VP_NOTE_FORGET &&
		 vp_programs_forget(&worker->programs, note.number))
		answer(VP_NOTE_GONE, note.number, NULL);
	write_all(worker);
}

static void tick(struct worker *worker)
{
	worker->ticked = worker->now;
	beat(worker, true);
	vp_engine_tick(worker->engine, worker->now);
	write_all(worker);
	beat(worker, false);
}

static void handle_event(struct worker *worker, int fd)
{
	if (fd == VP_FD_QUEUE)
		receive(worker);
	else if (fd == VP_FD_CONTROL)
		handle_control(worker);
	else
		_exit(0); /* the writer is gone: the queues must go too */
}

static void serve(struct worker *worker)
{
	struct epoll_event events[3];

	for (;;) {
		bool idle = !vp_engine_counts(worker->engine).flows_now;
		int count =
			epoll_wait(VP_FD_EPOLL, events, VP_COUNT(events), idle ? -1 : TICK);

		worker->now = vp_milliseconds();
		for (int i = 0; i < count; i++)
			handle_event(worker, events[i].data.fd);
		if (worker->now - worker->ticked >= TICK)
			tick(worker);
	}
}

static int prepare(struct worker *worker, struct vp_error *err)
{
	static const struct vp_engine_user user = { .decide = decide,
						    .hit = tell_hit,
						    .leave = leave };
	struct vp_engine_options options = vp_engine_options_default;
	const struct vp_setup *setup = &worker->start.setup;
	int r = vp_start(&worker->start, VP_FD_QUEUE, err);

	if (r)
		return r;
	worker->queueing.lease_mark = setup->lease_mark ? setup->lease_mark : VP_LEASE_MARK;
	options.memory = setup->memory ? setup->memory : options.memory;
	options.flows = setup->flows ? setup->flows : options.flows;
	options.midstream_block = setup->midstream_block;
	options.window = setup->window;
	worker->engine = vp_engine_new(&options, &user, worker);
	worker->programs.engine = worker->engine;
	worker->room = vp_alloc(AT_ONCE, VP_PACKET_ROOM);
	for (size_t i = 0; i < AT_ONCE; i++) {
		worker->pieces[i].iov_base = worker->room + i * VP_PACKET_ROOM;
		worker->pieces[i].iov_len = VP_PACKET_ROOM;
		worker->messages[i].msg_hdr.msg_iov = &worker->pieces[i];
		worker->messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (uint32_t i = 0; i < setup->queue_count; i++)
		worker->accepts[i].queue = setup->queues[i].number;
	return 0;
}

int main(void)
{
	static struct worker worker;
	struct vp_error err = { 0 };
	unsigned int achieved;

	if (prepare(&worker, &err) ||
	    vp_confine_worker(worker.start.setup.user, &achieved, &err)) {
		vp_log_error("vpatchd-inspect: %s", err.text);
		return 1;
	}
	answer(VP_NOTE_READY, achieved, NULL);
	serve(&worker);
}
