/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Services of every failure class, shielded in the test's own network namespace, with
 * a reader of their queues.
 */
#ifndef VP_TESTS_NETFILTER_QUEUE_FIXTURE_H
#define VP_TESTS_NETFILTER_QUEUE_FIXTURE_H

#include <netinet/in.h>

#include "modules/netfilter/queue.h"
#include "tests/unit/netfilter/kernel_drive.h"
#include "tests/unit/netfilter/kernel_listener.h"

#define PASS_PORT   8001
#define BLOCK_PORT  8002 /* TCP and UDP */
#define WATCH_PORT  8003
#define CLIENT_PORT 8004 /* what the server says is read too */
#define BAN_PORT    8005
#define OTHER_PORT  8009 /* nobody inspects that one */

struct state {
	struct vp_host host;
	struct vp_queueing queueing;
	struct vp_instance *instance;
	struct listener *listener;
	struct vp_artefact artefact;
};

/* Compile the definitions for that host; install: and put them into the kernel. */
void compile(struct state *s, uint64_t generation);
void install(struct state *s, uint64_t generation);

/* With that many queues of a class and kind; 0: as many as are usual. */
int set_up_queues(void **state, uint16_t queues);
int set_up(void **state);
int tear_down(void **state);

/* Loopback's address, of IPv4 as one of IPv6. */
struct sockaddr_in6 address(bool six, uint16_t port);
int listen_at(int type, uint16_t port);
bool readable(int fd, int milliseconds);

/* A segment of no connection, to 127.0.0.1 from there, with sequence number 1. */
void segment_from(uint16_t source, uint16_t port, uint8_t flags, const char *payload);

/* What was queued for a port, or came from it. */
struct tally {
	unsigned int all, syn, fin, payload, empty, urgent, reset, answers;
	uint64_t bytes;	      /* of payload */
	uint32_t largest;     /* payload */
	uint16_t first, last; /* queue numbers */
};

struct tally tally(struct state *s, uint16_t port);
/* Of the rule "BAN/r". */
uint32_t ban_tag(const struct state *s);
/* Of streams. */
uint16_t first_queue(const struct state *s, enum vp_queue_class class, uint64_t generation);
uint64_t count_of(struct state *s, enum vp_queue_count which);

#endif
