/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A naive interpreter of patches over raw IP packets, for tests: what the
 * definition language says, condition by condition, and nothing about how the
 * product does it. Written from doc/language.md alone.
 */
#ifndef VP_TESTS_INTERPRETER_H
#define VP_TESTS_INTERPRETER_H

#include "policy/policy.h"

enum it_hook { IT_INPUT, IT_FORWARD, IT_OUTPUT };

/* A packet where a hook sees it, reassembled. */
struct it_packet {
	enum it_hook hook;
	const uint8_t *data; /* from the IP header on */
	size_t len;
	bool loopback;		/* this host sends it to itself */
	bool translated;	/* on its way to a translated destination */
	uint16_t original_port; /* the destination port it was sent to */
};

struct it_match {
	const struct vp_patch *patch;
	const struct vp_rule *rule;
};

/* Allowances of `limit` rules that are used up; tests take rates so low that none comes back.
 */
struct it_usage {
	const struct vp_rule *rule;
	uint8_t source[17]; /* family and address (IPv6: /64); all zero: the rule's common one
			     */
	uint64_t packets;
};

struct it_state {
	VP_ARRAY(struct it_usage) usage;
};

struct it_result {
	struct it_match decisive;	    /* patch NULL: the packet passes */
	VP_ARRAY(struct it_match) monitors; /* in order of evaluation */
};

/* Evaluate; *result is overwritten, its array is the caller's. */
void it_evaluate(const struct vp_policy *policy, const struct it_packet *packet,
		 struct it_state *state, struct it_result *result);

#endif
