/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that wait for an answer: see listeners.h. */
#include "agentd/answer/listeners.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROOM 512 /* for a notification of a later kernel */

int vp_answer_listeners_check(struct vp_error *err)
{
	struct seccomp_notif_sizes sizes;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes))
		return vp_fail(err, -errno,
			       "this kernel has no filters with a listener (Linux 5.0): %s",
			       strerror(errno));
	if (sizes.seccomp_notif > ROOM || sizes.seccomp_notif_resp > ROOM)
		return vp_fail(err, -EOVERFLOW, "this kernel's notifications are too large");
	return 0;
}

static bool is_listener(int fd)
{
	uint64_t none = 0;

	return ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &none) && errno == ENOENT;
}

int vp_answer_listeners_add(struct vp_answer_listeners *listeners, int fd, uint64_t key)
{
	int i = 0;

	if (!is_listener(fd))
		return -EINVAL;
	while (i < VP_ANSWER_LISTENERS && listeners->rows[i].fd)
		i++;
	if (i == VP_ANSWER_LISTENERS)
		return -ENFILE;
	/* who waits for an answer sleeps until then: its processor is free (Linux 6.6) */
	(void)ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	listeners->rows[i].fd = fd;
	listeners->rows[i].key = key;
	listeners->count++;
	return i;
}

void vp_answer_listeners_drop(struct vp_answer_listeners *listeners, uint32_t index)
{
	close(listeners->rows[index].fd);
	listeners->rows[index].fd = 0;
	listeners->count--;
}

union notification {
	struct seccomp_notif call;
	char room[ROOM];
};

union response {
	struct seccomp_notif_resp answer;
	char room[ROOM];
};

static void describe(const struct seccomp_notif *call, const struct vp_answer *answer,
		     struct vp_answer_note *denial)
{
	*denial = (struct vp_answer_note){ .tag = answer->tag,
					   .process = (int32_t)call->pid,
					   .architecture = call->data.arch,
					   .call = call->data.nr,
					   .error = answer->error };
}

bool vp_answer_listeners_serve(const struct vp_answer_listeners *listeners, uint32_t index,
			       const struct vp_answer_table *table,
			       struct vp_answer_note *denial)
{
	union notification notification = { .room = { 0 } };
	union response response = { .room = { 0 } };
	const struct seccomp_notif *call = &notification.call;
	const struct vp_answer *answer;
	int fd = listeners->rows[index].fd;

	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &notification))
		return false; /* who made it has ended, or was interrupted */
	answer = vp_answer_find(table, listeners->rows[index].key, &call->data);
	response.answer.id = call->id;
	if (answer)
		response.answer.error = -answer->error;
	else
		response.answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &response) || !answer)
		return false;
	describe(call, answer, denial);
	return true;
}
