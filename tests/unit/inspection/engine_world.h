/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: an engine with the rules of a definition, and a client that sends segments. */
#ifndef VP_TEST_ENGINE_WORLD_H
#define VP_TEST_ENGINE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "modules/inspection/engine.h"

#define MOST_PACKETS 4096

struct engine_world {
	struct vp_sources sources;
	struct vp_findings findings;
	struct vp_policy policy;
	struct vp_host host;
	struct vp_plan plan;
	struct vp_scopes *scopes;
	struct vp_engine *engine;
	uint64_t number, now;
	/* by packet */
	int decided[MOST_PACKETS]; /* enum vp_decision_kind + 1; 0: not yet */
	enum vp_reason reasons[MOST_PACKETS];
	size_t lengths[MOST_PACKETS]; /* of a replacement */
	unsigned int hits, monitor_hits;
	struct vp_hit last;
	unsigned int leaves;
	struct vp_leave left; /* the last of them */
	/* the connection */
	uint16_t port;
	uint8_t client;
	uint32_t isn, sent;
	bool forwarded;
	bool inward;
	uint16_t published; /* the port that connections were sent to, or 0 */
};

/*
 * `sections` are a definition's services, rules and samples. NULL: the default options.
 * The scopes are packed and loaded, as the worker gets them.
 */
void engine_open(struct engine_world *w, const char *sections, const char *mode,
		 const char *on_failure, const struct vp_engine_options *options);
/* Every packet was decided once, and no memory is left. */
void engine_close(struct engine_world *w);

/* A packet of the client's, or the server's. Its number. */
uint64_t engine_give(struct engine_world *w, bool answer, uint8_t protocol,
		     const uint8_t *transport, size_t len);

#define FIN 1
#define SYN 2
#define RST 4
#define URG 32

/* A segment of the client's, at an offset from the first byte. Its number. */
uint64_t engine_segment(struct engine_world *w, uint32_t offset, unsigned int flags,
			const char *data, size_t len);
/* Likewise of the server's. */
uint64_t engine_answer(struct engine_world *w, uint32_t offset, unsigned int flags,
		       const char *data, size_t len);
/* Another client's connection to a port. */
void engine_begin(struct engine_world *w, uint16_t port);
/* The next bytes of the connection. */
uint64_t engine_next(struct engine_world *w, const char *data);

#define PASS	VP_DECISION_PASS + 1
#define REPLACE VP_DECISION_REPLACE + 1
#define BLOCK	VP_DECISION_BLOCK + 1

#define assert_fate(w, number, fate) assert_int_equal((w)->decided[number], fate)

#endif
