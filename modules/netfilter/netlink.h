/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A netlink socket to nf_tables: single requests and dumps. Transactions are in batch.h. */
#ifndef VP_NETFILTER_NETLINK_H
#define VP_NETFILTER_NETLINK_H

#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include "lib/error.h"

struct vp_netlink {
	struct mnl_socket *socket; /* NULL: closed */
	uint32_t portid;
	uint32_t sequence; /* of the last message sent */
	uint8_t *buffer;   /* answers; owned */
	size_t room;	   /* largest message that the kernel takes from us in one go */
};

/* Room for one request without elements or rules. */
#define VP_NETLINK_REQUEST 1024

/* Room for any one answer: the kernel fills at most 32 KiB of a dump. */
#define VP_NETLINK_ANSWER (256u << 10)

/* 0, or -errno with the cure; all-zero *nl on failure. */
int vp_netlink_open(struct vp_netlink *nl, struct vp_error *err);
void vp_netlink_close(struct vp_netlink *nl);

/* Let the kernel take a message of `size` bytes: 0, or -EMSGSIZE when we may not raise the
 * limit. */
int vp_netlink_make_room(struct vp_netlink *nl, size_t size);

/* Begin a request NFT_MSG_`type` for family inet in `buffer` (VP_NETLINK_REQUEST bytes). */
struct nlmsghdr *vp_netlink_request(struct vp_netlink *nl, void *buffer, uint16_t type,
				    uint16_t flags);

/* Called for every message of the answer; 0 to go on, -errno to give up. */
typedef int (*vp_netlink_visit)(const struct nlmsghdr *message, void *data);

/*
 * Send a request and visit the answer. 0 or -errno of the kernel; -EINTR: the rules
 * changed during a dump, which must be repeated.
 */
int vp_netlink_ask(struct vp_netlink *nl, const struct nlmsghdr *request,
		   vp_netlink_visit visit, void *data);

/* The number of the kernel's rule set generation, which every transaction of anybody moves. */
int vp_netlink_genid(struct vp_netlink *nl, uint32_t *genid);

/* What an errno of nf_tables means for the person who must act on it. */
const char *vp_netlink_cure(int code);

#endif
