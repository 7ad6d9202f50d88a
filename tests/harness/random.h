/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random policies and packets from small common pools, so that they meet often. Same seed,
 * same output. */
#ifndef VP_TESTS_RANDOM_H
#define VP_TESTS_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/strbuf.h"
#include "tests/harness/interpreter.h"

struct rnd {
	uint64_t state;
};

static inline uint64_t rnd_next(struct rnd *r)
{
	r->state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
	uint64_t z = r->state;
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0 to below - 1 */
static inline unsigned int rnd(struct rnd *r, unsigned int below)
{
	return (unsigned int)(rnd_next(r) % below);
}

static inline bool rnd_percent(struct rnd *r, unsigned int percent)
{
	return rnd(r, 100) < percent;
}

/* The addresses of the network that packets.c speaks of, host byte at the end. */
#define RND_LOCAL4  "10.9.0.1"
#define RND_LOCAL6  "fd09::1"
#define RND_DEVICE4 "10.9.1." /* 1 to 20, behind the gateway */
#define RND_DEVICE6 "fd09:1::"
#define RND_PEER4   "10.8.0." /* 1 to 20, out there */
#define RND_PEER6   "fd08::"

extern const unsigned int rnd_ports[];
extern const unsigned int rnd_port_count;

/*
 * Definition number `number` as text, grown line by line: a line that `valid`
 * refuses is left out. Empty when not even the services are accepted.
 */
void rnd_definition(struct rnd *r, unsigned int number,
		    bool (*valid)(void *data, const char *text), void *data,
		    struct vp_strbuf *out);

/* One that only drops constants, at the places of shape 0 to 3: many of them make shape maps.
 */
void rnd_simple_definition(struct rnd *r, unsigned int number, unsigned int shape,
			   struct vp_strbuf *out);

/* UDP to this port of this host is translated to port RND_INNER_PORT of a device. */
#define RND_OUTER_PORT 65535
#define RND_INNER_PORT 1000
#define RND_INNER4     "10.9.1.77"
#define RND_INNER6     "fd09:1::77"

struct rnd_packet {
	enum it_hook hook;
	bool from_device; /* enters where the devices are */
	uint8_t data[1500];
	size_t len;
	char text[160]; /* for people */
};

void rnd_packet(struct rnd *r, struct rnd_packet *packet);

#endif
