/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change of what runs, all or nothing:
 *
 *   build (active.h) -> store the bundle -> prepare all -> commit all
 *   -> record as current -> finish -> verify
 *
 * Any failure before commit leaves everything as it was. After a kill at any
 * instant the kernel holds exactly the old or the new generation, and both have
 * their bundle; the number in the kernel tells which (startup.c).
 */
#ifndef VP_AGENTD_TRANSACTION_H
#define VP_AGENTD_TRANSACTION_H

#include <jansson.h>

#include "agentd/agent.h"
#include "agentd/message.h"

enum vp_result {
	VP_RESULT_APPLIED,
	VP_RESULT_UNCHANGED,
	VP_RESULT_CONFIRMED,
	VP_RESULT_REFUSED,
	VP_RESULT_INVALID,
	VP_RESULT_FAILED,
};

/* What is asked for. Nothing is owned but `sources`, which is taken over. */
struct vp_order {
	const char
		*request; /* "apply", "rollback", "enable", "reload", "start", "expiry", ... */
	const char *who, *actor; /* for the history; for events. May be NULL */
	const char *reason, *ticket;
	struct vp_sources *sources;
	uint64_t folder;   /* digest of the policy folder that this decision saw */
	uint64_t content;  /* digest of `sources` without local overrides; 0: not known yet */
	uint64_t unless;   /* vp_apply_folder does nothing when the folder has this digest */
	uint64_t restores; /* rollback: the generation whose sources these are */
	const struct vp_session_list *sessions; /* of whoever asks; NULL: none */
	unsigned int confirm;			/* seconds; 0: no confirmation needed */
	bool forced;
	bool after_panic; /* take the panic marker away */
	bool always;	  /* a new generation even when nothing changed */
};

struct vp_outcome {
	enum vp_result result;
	struct vp_error error;
	struct vp_findings findings;
	uint64_t generation, previous, patches, rules;
	struct vp_strbuf changes;
	char *uncovered; /* processes without a filter that is meant for them; NULL: none */
	char *dropins;	 /* why drop-ins are not as they are meant to be; NULL: they are */
	time_t confirm_until; /* 0: no confirmation asked for */
	struct {
		uint64_t read, policy, plan, compile, store, prepare, commit, verify, total;
	} milliseconds;
};

/* Run it. outcome->result says what came of it; it is to be freed in any case. */
void vp_transaction_run(struct vp_agent *agent, const struct vp_order *order,
			struct vp_outcome *outcome);
void vp_outcome_free(struct vp_outcome *outcome);

/* What runs by now, into the outcome; its findings in order. */
void vp_outcome_describe(struct vp_outcome *outcome, const struct vp_agent *agent);

/* Exit status and vpatch.result/1 of an outcome. */
enum vp_exit vp_outcome_exit(const struct vp_outcome *outcome);
json_t *vp_outcome_document(const struct vp_outcome *outcome, const char *request);
const char *vp_result_name(enum vp_result result);

/* Install agent->active again: after a foreign change, a reboot, or a restart that found
 * differences. */
int vp_transaction_repair(struct vp_agent *agent, struct vp_error *err);

/*
 * Compare what runs with what was meant. Number of differences or -errno;
 * agent->drift is set or cleared.
 */
int vp_transaction_verify(struct vp_agent *agent, struct vp_error *err);

/* A line of history.jsonl about an outcome. */
void vp_history_add(struct vp_agent *agent, const struct vp_order *order,
		    const struct vp_outcome *outcome);

#endif
