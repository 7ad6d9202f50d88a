/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting equal denials: see denial_sums.h. Pure, no clock. */
#include "agentd/denial_sums.h"

#include <string.h>

static struct vp_denial denial_of(const struct vp_audit_record *record)
{
	struct vp_denial denial = {
		.kind = VP_DENIAL_CALLS,
		.flags = (uint8_t)((record->compat ? VP_DENIAL_COMPAT : 0) |
				   (record->cut ? VP_DENIAL_CUT : 0)),
		.count = 1,
		.first = record->time,
		.last = record->time,
		.ip = record->ip,
		.pid = record->pid,
		.uid = record->uid,
		.architecture = record->architecture,
		.action = record->action,
		.call = record->call,
	};

	memcpy(denial.comm, record->comm, sizeof(denial.comm));
	memcpy(denial.exe, record->exe, sizeof(denial.exe));
	return denial;
}

static bool same_call(const struct vp_denial *a, const struct vp_denial *b)
{
	return a->call == b->call && a->architecture == b->architecture &&
	       a->action == b->action && a->uid == b->uid &&
	       !((a->flags ^ b->flags) & VP_DENIAL_COMPAT);
}

/* What a process calls itself it may change with each call: it is no part of the key. */
static struct vp_denial *find_key(struct vp_denial_sums *sums, const struct vp_denial *denial)
{
	for (size_t i = 0; i < sums->len; i++)
		if (sums->keys[i].pid == denial->pid && same_call(&sums->keys[i], denial))
			return &sums->keys[i];
	return NULL;
}

static struct vp_denial *find_program(struct vp_denial_sums *sums,
				      const struct vp_denial *denial)
{
	for (size_t i = 0; i < sums->programs_len; i++)
		if (same_call(&sums->programs[i], denial) &&
		    !strcmp(sums->programs[i].exe, denial->exe))
			return &sums->programs[i];
	return NULL;
}

/* The clock of the host may be set back. */
static void add_one(struct vp_denial *sum, const struct vp_denial *denial)
{
	if (!sum->count || denial->first < sum->first)
		sum->first = denial->first;
	if (!sum->count || denial->last > sum->last)
		sum->last = denial->last;
	sum->count++;
}

static void add_rest(struct vp_denial *rest, const struct vp_denial *denial)
{
	rest->kind = VP_DENIAL_CALLS;
	rest->flags = VP_DENIAL_PROCESSES | VP_DENIAL_MIXED;
	add_one(rest, denial);
}

/* Too many processes in this interval. */
static void add_program(struct vp_denial_sums *sums, const struct vp_denial *denial)
{
	struct vp_denial *sum = find_program(sums, denial);

	if (sum) {
		add_one(sum, denial);
	} else if (sums->programs_len < VP_DENIAL_PROGRAMS) {
		sum = &sums->programs[sums->programs_len++];
		*sum = *denial;
		sum->pid = 0;
		sum->flags |= VP_DENIAL_PROCESSES;
	} else {
		add_rest(&sums->rest, denial);
	}
}

bool vp_denial_sums_add(struct vp_denial_sums *sums, const struct vp_audit_record *record,
			const struct vp_denial_receiver *receiver)
{
	struct vp_denial denial = denial_of(record);
	struct vp_denial *sum = find_key(sums, &denial);

	if (sum) {
		add_one(sum, &denial);
		return true;
	}
	if (sums->len == VP_DENIAL_KEYS) {
		add_program(sums, &denial);
		return true;
	}
	sum = &sums->keys[sums->len++];
	*sum = denial;
	sum->count = 0;
	return receiver->take(receiver->data, &denial);
}

bool vp_denial_sums_pending(const struct vp_denial_sums *sums)
{
	return sums->len || sums->programs_len || sums->rest.count;
}

static bool hand_on(struct vp_denial *sum, const struct vp_denial_receiver *receiver)
{
	struct vp_denial denial = *sum;

	sum->count = 0;
	return !denial.count || receiver->take(receiver->data, &denial);
}

/* A key that nothing was counted for makes room. */
static bool flush_keys(struct vp_denial_sums *sums, const struct vp_denial_receiver *receiver)
{
	size_t kept = 0;
	bool more = true;

	for (size_t i = 0; i < sums->len; i++) {
		if (!sums->keys[i].count)
			continue;
		if (more)
			more = hand_on(&sums->keys[i], receiver);
		sums->keys[kept++] = sums->keys[i];
	}
	sums->len = kept;
	return more;
}

bool vp_denial_sums_flush(struct vp_denial_sums *sums,
			  const struct vp_denial_receiver *receiver)
{
	bool more = flush_keys(sums, receiver);

	for (size_t i = 0; i < sums->programs_len && more; i++)
		more = hand_on(&sums->programs[i], receiver);
	sums->programs_len = 0;
	if (more)
		more = hand_on(&sums->rest, receiver);
	memset(&sums->rest, 0, sizeof(sums->rest));
	return more;
}
