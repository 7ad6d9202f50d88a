/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ways to wait in the kernel, each in a thread of its own: what it should return, and when. */
#ifndef VP_TESTS_WAITS_H
#define VP_TESTS_WAITS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct way;

/* One wait: 0: as it should be; 1: EINTR; -1: something else. */
typedef int wait_once(struct way *way);
/* Have it end, from another thread. */
typedef void wake_once(struct way *way);

struct way {
	const char *name;
	wait_once *wait;
	wake_once *wake;      /* NULL: it ends by its timeout */
	unsigned int timeout; /* milliseconds; 0: none */
	bool from_anew;	      /* its timeout may begin again */

	/* of one thread */
	pid_t thread;
	int fds[2];
	int object; /* a System V id, or a descriptor */
	atomic_uint word;
	atomic_ullong rounds, interrupted, wrong, early, late;
	unsigned long long latest, earliest; /* microseconds from what was meant */
	int last_error;			     /* of a wrong one */
	atomic_int denied; /* errno of the denied call in its last round; 0: it worked */
};

extern struct way ways[];
extern const unsigned int way_count;

/* Make what they need. */
int ways_open(void);

#endif
