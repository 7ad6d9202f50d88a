/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket that queues of packets are bound to. The parent opens it and hands it to
 * a worker and a writer. When nobody has it any more the queues are gone, and what
 * rules say of queues without a listener decides; packets that wait then are dropped.
 */
#ifndef VP_INSPECT_QUEUE_SOCKET_H
#define VP_INSPECT_QUEUE_SOCKET_H

#include <stddef.h>

#include "agentd/inspect/note.h"
#include "lib/error.h"

/*
 * A socket with all these queues bound, to be closed by the caller; or -errno.
 * -EBUSY: another process has one of them. Packets that arrive before it returns
 * get the verdict of their class.
 */
int vp_queue_open(const struct vp_queue *queues, size_t count, struct vp_error *err);

#endif
