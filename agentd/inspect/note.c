/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages between the parent and the processes of inspection: see note.h. */
#include "agentd/inspect/note.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netfilter.h>

#include "lib/memory.h"
#include "lib/unix_socket.h"
#include "modules/inspection/engine.h"

const char *vp_lateness_name(enum vp_lateness lateness)
{
	static const char *const names[VP_LATENESS_COUNT] = {
		[VP_LATE_DEAD] = "dead",     [VP_LATE_BUSY] = "busy",
		[VP_LATE_DEAF] = "deaf",     [VP_LATE_BROKEN] = "broken",
		[VP_LATE_TOLD] = "given up",
	};

	return (size_t)lateness < VP_COUNT(names) && names[lateness] ? names[lateness] : "?";
}

struct vp_note vp_note_make(enum vp_note_kind kind, uint64_t number)
{
	struct vp_note note;

	memset(&note, 0, sizeof(note)); /* padding too: it goes to another process */
	note.magic = VP_NOTE_MAGIC;
	note.kind = (uint16_t)kind;
	note.number = number;
	return note;
}

static const uint8_t senders[VP_NOTE_KINDS] = {
	[VP_NOTE_SETUP] = 1u << VP_NOTE_PARENT,
	[VP_NOTE_PROGRAM] = 1u << VP_NOTE_PARENT,
	[VP_NOTE_ACTIVATE] = 1u << VP_NOTE_PARENT,
	[VP_NOTE_FORGET] = 1u << VP_NOTE_PARENT,
	[VP_NOTE_SETTLE] = 1u << VP_NOTE_PARENT,
	[VP_NOTE_BEAT] = 1u << VP_NOTE_PARENT,
	[VP_NOTE_READY] = 1u << VP_NOTE_WORKER | 1u << VP_NOTE_WRITER,
	[VP_NOTE_LOADED] = 1u << VP_NOTE_WORKER,
	[VP_NOTE_REFUSED] = 1u << VP_NOTE_WORKER,
	[VP_NOTE_GONE] = 1u << VP_NOTE_WORKER,
	[VP_NOTE_HIT] = 1u << VP_NOTE_WORKER,
	[VP_NOTE_LATE] = 1u << VP_NOTE_WRITER,
};

/* Words are printed: no control characters, an end. */
static bool is_text(const char *text, size_t room)
{
	size_t len = strnlen(text, room);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e)
			return false;
	return len < room;
}

static bool is_address(const struct vp_address *address)
{
	return address->family == 0 || address->family == 4 || address->family == 6;
}

static bool is_setup(const struct vp_setup *setup)
{
	if (!is_text(setup->user, sizeof(setup->user)) || setup->queue_count > VP_QUEUES_MAX ||
	    !setup->queue_count || !setup->deadline)
		return false;
	for (uint32_t i = 0; i < setup->queue_count; i++)
		if (setup->queues[i].class >= VP_QUEUE_CLASSES || setup->queues[i].slot > 1)
			return false;
	return true;
}

static bool is_hit(const struct vp_note_hit *hit)
{
	return hit->reason < VP_REASON_COUNT && hit->verdict <= VP_VERDICT_ANSWER &&
	       hit->monitor <= 1 && hit->hook <= NF_INET_POST_ROUTING &&
	       is_address(&hit->source) && is_address(&hit->destination) &&
	       hit->source.family == hit->destination.family &&
	       is_text(hit->detail, sizeof(hit->detail));
}

static bool is_content(const struct vp_note *note)
{
	switch (note->kind) {
	case VP_NOTE_SETUP:
		return is_setup(&note->setup);
	case VP_NOTE_PROGRAM:
		return note->program.slot <= 1 && note->program.size > 0;
	case VP_NOTE_REFUSED:
		return is_text(note->text, sizeof(note->text));
	case VP_NOTE_HIT:
		return is_hit(&note->hit);
	case VP_NOTE_LATE:
		return note->number > 0 && note->number < VP_LATENESS_COUNT;
	default:
		return true;
	}
}

int vp_note_check(const void *data, size_t len, enum vp_note_sender sender,
		  struct vp_error *err)
{
	struct vp_note note;

	if (len != sizeof(note))
		return vp_fail(err, -EPROTO, "message of %zu bytes, not %zu", len,
			       sizeof(note));
	memcpy(&note, data, sizeof(note));
	if (note.magic != VP_NOTE_MAGIC)
		return vp_fail(err, -EPROTO, "message of another version");
	if (note.kind >= VP_NOTE_KINDS || !(senders[note.kind] & 1u << sender))
		return vp_fail(err, -EPROTO, "message of kind %u, which it must not send",
			       note.kind);
	if (!is_content(&note))
		return vp_fail(err, -EPROTO, "message of kind %u without sense", note.kind);
	return 0;
}

/* The descriptor of a control message, -1 without one; more than one does not fit. */
static int descriptor_of(struct msghdr *message)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS &&
	    control->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(control), sizeof(fd));
	return fd;
}

int vp_note_receive(int socket, enum vp_note_sender sender, bool wait, struct vp_note *note,
		    int *fd, struct vp_error *err)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char data[sizeof(*note) + 1];
	struct iovec piece = { data, sizeof(data) };
	struct msghdr message = {
		.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = fd ? &control : NULL,
		.msg_controllen = fd ? sizeof(control) : 0,
	};
	ssize_t length;
	int came, r;

	do
		length = recvmsg(socket, &message,
				 MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
	while (length < 0 && errno == EINTR);
	if (length < 0 && errno == EAGAIN)
		return 0;
	if (length <= 0)
		return vp_fail(err, -EPIPE, "the other side is gone");
	came = fd ? descriptor_of(&message) : -1;
	r = vp_note_check(data, (size_t)length, sender, err);
	if (r) {
		if (came >= 0)
			close(came);
		return r;
	}
	memcpy(note, data, sizeof(*note));
	if (fd)
		*fd = came;
	return 1;
}

int vp_note_send(int socket, const struct vp_note *note, int fd)
{
	return vp_unix_send(socket, note, sizeof(*note), MSG_DONTWAIT, fd);
}
