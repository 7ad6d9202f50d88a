/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchd-verdict: sends to the kernel what a worker has decided, many verdicts
 * in one system call, and sees to it that nothing waits for a worker that is dead
 * or late. It looks at no packet: all it reads of one is its number.
 *
 * While the worker is well it renews the leases of the queues' classes. Else it
 * stops that, tells the parent, and gives the failure verdicts itself until the
 * parent ends it. Started by the parent (pair.c).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agentd/inspect/away.h"
#include "agentd/inspect/confine.h"
#include "agentd/inspect/health.h"
#include "agentd/inspect/queue.h"
#include "agentd/inspect/settle.h"
#include "agentd/inspect/start.h"
#include "lib/log.h"
#include "lib/memory.h"

#define AT_ONCE	   128 /* verdicts in one system call */
#define LIFE	   10  /* seconds without a tick, and some ticks */
#define LEASE_PORT 9   /* where a beat would go, if no rule took it out: discard */

struct writer {
	struct vp_start start;
	struct vp_health health;
	struct vp_settling settling;
	enum vp_lateness lateness; /* 0: the worker is well */
	bool leases[VP_QUEUE_CLASSES];
	uint64_t tick, next_tick;
	uint64_t leave;	  /* then; 0: not yet known */
	bool kept;	  /* the last tick was late */
	timer_t end;	  /* kills this process, unless it is set anew in time */
	uint8_t *bytes;	  /* of a verdict with bytes: the ring's longest */
	uint8_t *message; /* with it */
	uint8_t *packet;  /* VP_PACKET_ROOM */
	size_t count;	  /* verdicts in `messages` */
	size_t len;
	_Alignas(8) uint8_t messages[AT_ONCE * VP_VERDICT_ROOM];
};

/* Without a way to the kernel there is nothing to do but to leave it to the kernel. */
static void send_messages(struct writer *writer, const void *messages, size_t len)
{
	while (send(VP_FD_QUEUE, messages, len, 0) < 0)
		if (errno == EPERM || errno == EBADF)
			_exit(1);
		else if (errno != EINTR && errno != ENOBUFS && errno != EAGAIN)
			break;
	vp_tally_add(writer->start.tally, VP_TALLY_SENT, 0, 1);
}

static void flush(struct writer *writer)
{
	if (writer->len)
		send_messages(writer, writer->messages, writer->len);
	writer->len = writer->count = 0;
}

/* Bytes that go on in a packet's place make a message of their own. */
static void send_bytes(struct writer *writer, const struct vp_queue_verdict *verdict)
{
	flush(writer);
	send_messages(writer, writer->message, vp_queue_verdict_put(writer->message, verdict));
}

static struct vp_queueing queueing_of(const struct vp_setup *setup)
{
	return (struct vp_queueing){
		.lease_mark = setup->lease_mark ? setup->lease_mark : VP_LEASE_MARK,
	};
}

/* As with a beat, the rule that notes it takes it out. The mark is that of its size. */
static void send_away(struct writer *writer, const struct vp_ring_verdict *order)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(uint32_t))];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(uint32_t)),
				  .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SO_MARK } };
	struct iovec piece = { (void *)order->bytes, order->len };
	const struct msghdr message = {
		.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	const struct vp_queueing queueing = queueing_of(&writer->start.setup);
	uint32_t mark = vp_away_mark(&queueing, order->len == VP_AWAY_KEY6, order->mark);

	if (!vp_away_check(order))
		return;
	flush(writer); /* what was decided before is under way then */
	memcpy(CMSG_DATA(&control.header), &mark, sizeof(mark));
	(void)sendmsg(VP_FD_AWAY, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	vp_tally_add(writer->start.tally, VP_TALLY_LEFT, order->mark, 1);
}

static void add_verdict(struct writer *writer, const struct vp_ring_verdict *taken)
{
	struct vp_start *start = &writer->start;
	const struct vp_queue_verdict verdict = {
		.queue = taken->queue,
		.packet = taken->packet,
		.accept = taken->accept,
		.batch = taken->batch,
		.mark = taken->marked ? &taken->mark : NULL,
		.bytes = taken->bytes,
		.len = taken->len,
	};

	if (vp_setup_queue(&start->setup, taken->queue) == start->setup.queue_count)
		return;
	vp_settling_known(&writer->settling, taken->queue, taken->packet);
	vp_tally_add(start->tally, VP_TALLY_VERDICTS, taken->queue, 1);
	if (taken->bytes) {
		send_bytes(writer, &verdict);
		return;
	}
	writer->len += vp_queue_verdict_put(writer->messages + writer->len, &verdict);
	if (++writer->count == AT_ONCE)
		flush(writer);
}

/* Take and send what the ring has, some hundred at most. How many, or -EBADMSG. */
static int drain(struct writer *writer)
{
	struct vp_ring_verdict verdict;
	int taken = 0, r = 1;

	while (taken < 4 * AT_ONCE && r > 0) {
		r = vp_ring_take(writer->start.ring, &verdict, writer->bytes);
		taken += r > 0;
		if (r > 0 && verdict.leave)
			send_away(writer, &verdict);
		else if (r > 0)
			add_verdict(writer, &verdict);
	}
	flush(writer);
	return r < 0 ? r : taken;
}

static void count_settled(struct writer *writer)
{
	for (size_t i = 0; i < writer->settling.count; i++) {
		vp_tally_add(writer->start.tally, VP_TALLY_SETTLED,
			     writer->settling.queues[i].number,
			     writer->settling.of[i].packets);
		writer->settling.of[i].packets = 0;
	}
}

static void settle(struct writer *writer, bool all)
{
	int r = all ? vp_settling_judge(&writer->settling, true)
		    : vp_settling_read(&writer->settling, writer->packet);

	if (r == -EPERM)
		_exit(1);
	count_settled(writer);
}

/* The worker gets no second chance: what it decides late may contradict what was settled. */
static void give_up(struct writer *writer, enum vp_lateness lateness)
{
	const struct vp_note note = vp_note_make(VP_NOTE_LATE, lateness);
	struct epoll_event event = { .events = EPOLLIN, .data.fd = VP_FD_QUEUE };

	if (writer->lateness)
		return;
	writer->lateness = lateness;
	/* what it had decided before holds */
	while (lateness != VP_LATE_BROKEN && drain(writer) > 0)
		;
	settle(writer, true);
	(void)vp_note_send(VP_FD_CONTROL, &note, -1);
	(void)epoll_ctl(VP_FD_EPOLL, EPOLL_CTL_ADD, VP_FD_QUEUE, &event);
	(void)epoll_ctl(VP_FD_EPOLL, EPOLL_CTL_DEL, VP_FD_LIFE, NULL);
}

/* The rule that notes a beat takes the datagram out, which its sender is told as EPERM. */
static void renew_leases(struct writer *writer)
{
	for (int class = 0; class < VP_QUEUE_CLASSES; class ++) {
		if (!writer->leases[class])
			continue;
		/* a beat that no rule took comes back: the next call tells of it and sends
		 * nothing */
		if (send(VP_FD_LEASE + class, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
		    errno == ECONNREFUSED)
			(void)send(VP_FD_LEASE + class, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL);
		vp_tally_add(writer->start.tally, VP_TALLY_BEATS, (uint32_t) class, 1);
	}
}

static void look(struct writer *writer, uint64_t now)
{
	struct pollfd queue = { .fd = VP_FD_QUEUE, .events = POLLIN };
	bool readable = poll(&queue, 1, 0) > 0 && (queue.revents & POLLIN);
	enum vp_lateness late = vp_health_check(
		&writer->health, vp_ring_pulse(writer->start.ring), readable, now);

	if (late)
		give_up(writer, late);
	else
		renew_leases(writer);
}

/*
 * A parent that dies takes no notice of us. One that is stopped here would keep the
 * queues from the next parent's processes for ever: then the timer ends us.
 */
static void live_on(const struct writer *writer)
{
	uint64_t more = 4 * writer->tick; /* milliseconds */
	const struct itimerspec time = { .it_value = { .tv_sec = (time_t)(LIFE + more / 1000),
						       .tv_nsec = (long)(more % 1000) *
								  1000000 } };

	(void)timer_settime(writer->end, 0, &time, NULL);
}

/* What woke us; there is room for far more than can come between two ticks. */
static void empty_wake(void)
{
	uint8_t bytes[4096];

	while (read(VP_FD_WAKE, bytes, sizeof(bytes)) == sizeof(bytes))
		;
}

static void tick(struct writer *writer, uint64_t now)
{
	/* who was kept from running cannot tell whether the worker was: once, it may be so */
	bool kept = now > writer->next_tick + 2 * writer->tick && !writer->kept;

	writer->next_tick = now + writer->tick;
	live_on(writer);
	empty_wake();
	vp_tally_add(writer->start.tally, VP_TALLY_TICKS, 0, 1);
	if (writer->lateness)
		settle(writer, true);
	else if (kept)
		renew_leases(writer);
	else
		look(writer, now);
	writer->kept = kept;
	if (writer->leave && now >= writer->leave)
		_exit(0);
}

/* Others go on with the queues, or there are no rules for them any more. */
__attribute__((noreturn)) static void leave(struct writer *writer)
{
	while (!writer->lateness && drain(writer) > 0)
		;
	settle(writer, true);
	_exit(0);
}

/*
 * The parent is dead, and with us the queues go: what comes until no rule sends
 * anything any more, which is when the lease has ended, gets its failure verdict.
 */
static void handle_end(struct writer *writer)
{
	give_up(writer, VP_LATE_TOLD);
	(void)epoll_ctl(VP_FD_EPOLL, EPOLL_CTL_DEL, VP_FD_CONTROL, NULL);
	writer->leave = vp_milliseconds() + writer->start.setup.deadline + writer->tick;
}

static void handle_control(struct writer *writer)
{
	struct vp_error err = { 0 };
	struct vp_note note;
	int r = vp_note_receive(VP_FD_CONTROL, VP_NOTE_PARENT, false, &note, NULL, &err);

	if (r == 1 && note.kind == VP_NOTE_SETTLE)
		leave(writer);
	if (r == 1 && note.kind == VP_NOTE_BEAT && !writer->lateness)
		renew_leases(writer);
	if (r < 0)
		handle_end(writer);
}

static void handle_event(struct writer *writer, int fd)
{
	if (fd == VP_FD_WAKE)
		return;
	if (fd == VP_FD_LIFE)
		give_up(writer, VP_LATE_DEAD);
	else if (fd == VP_FD_QUEUE)
		settle(writer, false);
	else
		handle_control(writer);
}

static void sleep_until(struct writer *writer, uint64_t now)
{
	struct epoll_event events[4];
	int timeout = now < writer->next_tick ? (int)(writer->next_tick - now) : 0;
	int count = epoll_wait(VP_FD_EPOLL, events, VP_COUNT(events), timeout);

	if (!writer->lateness)
		vp_ring_awake(writer->start.ring);
	for (int i = 0; i < count; i++)
		handle_event(writer, events[i].data.fd);
}

static void serve(struct writer *writer)
{
	for (;;) {
		uint64_t now = vp_milliseconds();
		int taken = 0;

		if (now >= writer->next_tick)
			tick(writer, now);
		if (!writer->lateness)
			taken = drain(writer);
		if (taken < 0)
			give_up(writer, VP_LATE_BROKEN);
		if (taken <= 0 && (writer->lateness || vp_ring_sleep(writer->start.ring)))
			sleep_until(writer, now);
	}
}

/* A socket for datagrams that a rule takes out, at its number: it is allowed by it. */
static int open_socket(int number, uint32_t mark, struct vp_error *err)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons(LEASE_PORT),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) ||
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)))
		return vp_fail(err, -errno, "cannot open the socket of a lease: %s",
			       strerror(errno));
	if (fd != number && dup2(fd, number) < 0)
		return vp_fail(err, -errno, "cannot keep the socket of a lease: %s",
			       strerror(errno));
	if (fd != number)
		close(fd);
	return 0;
}

/* One a class, and one for orders to leave, each of which has a mark of its own. */
static int open_sockets(struct writer *writer, struct vp_error *err)
{
	const struct vp_queueing queueing = queueing_of(&writer->start.setup);
	int r = 0;

	for (uint32_t i = 0; i < writer->start.setup.queue_count; i++)
		writer->leases[writer->start.setup.queues[i].class] = true;
	for (int class = 0; class < VP_QUEUE_CLASSES && !r; class ++)
		r = open_socket(VP_FD_LEASE + class, vp_lease_mark(&queueing, class), err);
	if (!r)
		r = open_socket(VP_FD_AWAY, 0, err);
	for (int class = 0; class < VP_QUEUE_CLASSES && !r; class ++)
		if (!writer->leases[class])
			close(VP_FD_LEASE + class);
	return r;
}

static int prepare(struct writer *writer, struct vp_error *err)
{
	struct sigevent killing = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
	struct vp_setup *setup = &writer->start.setup;
	int r = vp_start(&writer->start, VP_FD_WAKE, err);

	if (!r)
		r = open_sockets(writer, err);
	if (r)
		return r;
	if (timer_create(CLOCK_MONOTONIC, &killing, &writer->end))
		return vp_fail(err, -errno, "cannot make a timer: %s", strerror(errno));
	writer->tick = VP_HEALTH_TICK(setup->deadline);
	live_on(writer);
	writer->health.limit = VP_HEALTH_LIMIT(setup->deadline);
	writer->bytes = vp_alloc(1, vp_ring_longest(writer->start.ring));
	writer->message = vp_alloc(1, VP_VERDICT_ROOM + vp_ring_longest(writer->start.ring));
	writer->packet = vp_alloc(1, VP_PACKET_ROOM);
	vp_settling_begin(&writer->settling, VP_FD_QUEUE, setup->queues, setup->queue_count);
	return 0;
}

int main(void)
{
	static struct writer writer;
	struct vp_error err = { 0 };
	struct vp_note ready;
	unsigned int achieved;

	if (prepare(&writer, &err) ||
	    vp_confine_writer(writer.start.setup.user, &achieved, &err)) {
		vp_log_error("vpatchd-verdict: %s", err.text);
		return 1;
	}
	ready = vp_note_make(VP_NOTE_READY, achieved);
	if (vp_note_send(VP_FD_CONTROL, &ready, -1))
		_exit(1);
	serve(&writer);
}
