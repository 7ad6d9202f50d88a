/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notes of the exec hook, and those that wait: see note.h. */
#include "agentd/hook/note.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "agentd/hook/table.h"

static const char *const names[VP_HOOK_KINDS] = {
	[VP_HOOK_HELLO] = "hello",     [VP_HOOK_ACCEPTED] = "accepted",
	[VP_HOOK_REFUSED] = "refused", [VP_HOOK_FAILED] = "failed",
	[VP_HOOK_MARKED] = "marked",   [VP_HOOK_UNMARKED] = "unmarked",
	[VP_HOOK_START] = "start",     [VP_HOOK_FOUND] = "found",
	[VP_HOOK_GAP] = "gap",
};

const char *vp_hook_kind_name(enum vp_hook_kind kind)
{
	return (unsigned int)kind < VP_HOOK_KINDS ? names[kind] : NULL;
}

static bool has_entry(uint32_t kind)
{
	return kind == VP_HOOK_MARKED || kind == VP_HOOK_UNMARKED || kind == VP_HOOK_START ||
	       kind == VP_HOOK_FOUND;
}

static bool is_zero(const struct vp_record *record)
{
	static const struct vp_record zero;

	return !memcmp(record, &zero, sizeof(zero));
}

int vp_hook_note_parse(const void *bytes, size_t len, struct vp_hook_note *out,
		       struct vp_error *err)
{
	struct vp_hook_note note;
	bool start;

	if (len != sizeof(note))
		return vp_fail(err, -EPROTO, "a note of %zu bytes", len);
	memcpy(&note, bytes, len);
	if (note.magic != VP_HOOK_MAGIC || !vp_hook_kind_name(note.kind))
		return vp_fail(err, -EPROTO, "no note, or of another version");
	start = note.kind == VP_HOOK_START || note.kind == VP_HOOK_FOUND;
	if ((note.entry < VP_HOOK_ENTRIES) != has_entry(note.kind) ||
	    (!has_entry(note.kind) && note.entry != VP_HOOK_NO_ENTRY) || note.error > 0 ||
	    note.from > note.until || !memchr(note.text, 0, sizeof(note.text)))
		return vp_fail(err, -EPROTO, "a note of kind %u that is not well-formed",
			       note.kind);
	if (start && vp_record_parse(&note.record, sizeof(note.record), &note.record, err))
		return -EPROTO;
	if (!start && (note.filter || !is_zero(&note.record)))
		return vp_fail(err, -EPROTO, "a note of kind %u with a record", note.kind);
	*out = note;
	return 0;
}

struct vp_hook_note vp_hook_note(enum vp_hook_kind kind, uint32_t table)
{
	return (struct vp_hook_note){
		.magic = VP_HOOK_MAGIC,
		.kind = kind,
		.table = table,
		.entry = VP_HOOK_NO_ENTRY,
	};
}

void vp_hook_notes_add(struct vp_hook_notes *notes, const struct vp_hook_note *note)
{
	struct vp_hook_note *at;

	if (notes->len == VP_HOOK_NOTES) {
		notes->lost += 1 + note->lost;
		return;
	}
	at = &notes->ring[(notes->first + notes->len++) % VP_HOOK_NOTES];
	*at = *note;
	at->lost += notes->lost;
	notes->lost = 0;
}

int vp_hook_notes_send(struct vp_hook_notes *notes, int socket)
{
	while (notes->len) {
		const struct vp_hook_note *note = &notes->ring[notes->first];

		if (send(socket, note, sizeof(*note), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		notes->first = (notes->first + 1) % VP_HOOK_NOTES;
		notes->len--;
	}
	return 0;
}

uint32_t vp_hook_notes_send_all(struct vp_hook_notes *notes, int socket,
				unsigned int milliseconds)
{
	struct pollfd ready = { .fd = socket, .events = POLLOUT };

	while (vp_hook_notes_send(notes, socket) == -EAGAIN &&
	       poll(&ready, 1, (int)milliseconds) > 0)
		;
	return (uint32_t)notes->len;
}

int vp_hook_note_receive(int socket, struct vp_hook_note *note, struct vp_error *err)
{
	uint8_t bytes[sizeof(*note) + 1];
	ssize_t len;
	int r;

	do
		len = recv(socket, bytes, sizeof(bytes), MSG_DONTWAIT);
	while (len < 0 && errno == EINTR);
	if (len < 0 && errno == EAGAIN)
		return 0;
	if (len <= 0)
		return vp_fail(err, -EPIPE, "the connection to the exec hook is over");
	r = vp_hook_note_parse(bytes, (size_t)len, note, err);
	return r ? r : 1;
}

uint64_t vp_hook_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}
