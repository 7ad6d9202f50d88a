/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accounts of every rule: what the kernel counted, and what events have
 * said so far. The difference is due, and every event is paid out of it, so the
 * sum over a rule's events cannot differ from its counter. See aggregate.h.
 */
#include "agentd/aggregate.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "agentd/seen_table.h"
#include "lib/cleanup.h"
#include "lib/memory.h"

#define SECOND UINT64_C(1000000)

/* Packets that the kernel counted, against those that events have told of. */
struct tally {
	uint64_t counted; /* the kernel's counter when last read */
	int64_t due;	  /* counted, but in no event yet; below 0: reported before
			   * the counter was read */
};

struct account {
	struct vp_aggregate_rule rule; /* texts owned; patch NULL: no rule now, but should it
					* come back, its counter goes on where it was */
	bool gone;		       /* not in this generation; named until all is said */
	size_t patch;		       /* index of its quota */
	struct tally own;	       /* what the rule matched */
	struct tally bans;	       /* packets of sources that it banned */
	uint64_t suppressed;
	uint64_t first, last;	 /* reports since the last event; 0: none */
	uint32_t seen;		 /* how many they are */
	uint32_t sources;	 /* different sources in this interval */
	struct vp_report sample; /* the last of them */
	char interface[16];
};

struct vp_aggregate {
	struct vp_aggregate_options options;
	vp_event_handler *handler;
	void *context;
	uint64_t generation;
	VP_ARRAY(struct account) accounts; /* by tag */
	VP_ARRAY(uint32_t) quotas; /* of each patch: events about single packets so far */
	uint32_t lines;		   /* events in this interval */
	uint32_t interval;	   /* number of the present one */
	size_t next;		   /* account that is served first in the next tick */
	struct vp_seen_table *sources;
	struct vp_aggregate_state state;
};

struct vp_aggregate *vp_aggregate_new(const struct vp_aggregate_options *options,
				      vp_event_handler *handler, void *context)
{
	struct vp_aggregate *aggregate = vp_new(struct vp_aggregate);
	struct vp_aggregate_options *own = &aggregate->options;

	*own = *options;
	own->interval = own->interval ? own->interval : 10;
	own->lines_per_patch = own->lines_per_patch ? own->lines_per_patch : 10;
	own->lines_per_interval = own->lines_per_interval ? own->lines_per_interval : 1000;
	own->quiet = own->quiet ? own->quiet : 600;
	aggregate->handler = handler;
	aggregate->context = context;
	aggregate->interval = 1;
	aggregate->sources = vp_seen_table_new();
	return aggregate;
}

static void clear_rule(struct vp_aggregate_rule *rule)
{
	free((char *)(uintptr_t)rule->patch);
	free((char *)(uintptr_t)rule->rule);
	rule->patch = rule->rule = NULL;
}

void vp_aggregate_free(struct vp_aggregate *aggregate)
{
	if (!aggregate)
		return;
	vp_array_each (account, &aggregate->accounts)
		clear_rule(&account->rule);
	vp_array_free(&aggregate->accounts);
	vp_array_free(&aggregate->quotas);
	vp_seen_table_free(aggregate->sources);
	free(aggregate);
}

static int compare_accounts(const void *a, const void *b)
{
	const struct account *left = a, *right = b;

	return (left->rule.tag > right->rule.tag) - (left->rule.tag < right->rule.tag);
}

static void sort_accounts(struct vp_aggregate *aggregate)
{
	if (aggregate->accounts.len)
		qsort(aggregate->accounts.data, aggregate->accounts.len,
		      sizeof(struct account), compare_accounts);
}

/* Among the first `len` accounts, which are sorted. */
static struct account *find_among(const struct vp_aggregate *aggregate, uint32_t tag,
				  size_t len)
{
	const struct account key = { .rule.tag = tag };

	return len ? bsearch(&key, aggregate->accounts.data, len, sizeof(key),
			     compare_accounts)
		   : NULL;
}

static struct account *find_account(const struct vp_aggregate *aggregate, uint32_t tag)
{
	return find_among(aggregate, tag, aggregate->accounts.len);
}

static int compare_patches(const void *a, const void *b)
{
	const struct account *const *left = a, *const *right = b;

	return strcmp((*left)->rule.patch, (*right)->rule.patch);
}

/* Rules of one patch share a quota. */
static void number_patches(struct vp_aggregate *aggregate)
{
	VP_ARRAY(struct account *) named = { 0 };

	vp_array_each (account, &aggregate->accounts)
		if (account->rule.patch)
			vp_array_push(&named, account);
	if (named.len)
		qsort(named.data, named.len, sizeof(*named.data), compare_patches);
	aggregate->quotas.len = 0;
	for (size_t i = 0; i < named.len; i++) {
		if (!i || compare_patches(&named.data[i - 1], &named.data[i]) != 0)
			vp_array_push(&aggregate->quotas, 0);
		named.data[i]->patch = aggregate->quotas.len - 1;
	}
	vp_array_free(&named);
}

void vp_aggregate_rules(struct vp_aggregate *aggregate, uint64_t generation,
			const struct vp_aggregate_rule *rules, size_t count)
{
	size_t known = aggregate->accounts.len;

	aggregate->generation = generation;
	vp_array_each (old, &aggregate->accounts)
		old->gone = true;
	for (size_t i = 0; i < count; i++) {
		struct account *account = find_among(aggregate, rules[i].tag, known);

		if (!account)
			account = vp_array_add(&aggregate->accounts);
		clear_rule(&account->rule);
		account->rule = rules[i];
		account->rule.patch = vp_strdup(rules[i].patch);
		account->rule.rule = vp_strdup(rules[i].rule);
		account->gone = false;
	}
	sort_accounts(aggregate);
	number_patches(aggregate);
	aggregate->next = 0;
}

static struct account *add_account(struct vp_aggregate *aggregate, uint32_t tag)
{
	struct account *account = vp_array_add(&aggregate->accounts);

	account->rule.tag = tag;
	return account;
}

void vp_aggregate_baseline(struct vp_aggregate *aggregate, const struct vp_counts *counts)
{
	size_t known = aggregate->accounts.len;

	vp_array_each (count, counts) {
		struct account *account = find_among(aggregate, count->tag, known);

		if (!account)
			account = add_account(aggregate, count->tag);
		account->own = (struct tally){ .counted = count->packets };
		account->bans = (struct tally){ .counted = count->banned };
	}
	sort_accounts(aggregate);
}

static uint64_t reported(const struct tally *tally)
{
	return (uint64_t)((int64_t)tally->counted - tally->due);
}

void vp_aggregate_reported(const struct vp_aggregate *aggregate, struct vp_counts *counts)
{
	vp_array_each (account, &aggregate->accounts) {
		struct vp_count *count = vp_array_add(counts);

		count->tag = account->rule.tag;
		count->packets = reported(&account->own);
		count->banned = reported(&account->bans);
	}
}

static void set_address(struct vp_address *address, uint8_t family, const uint8_t *bytes)
{
	address->family = family;
	memcpy(address->bytes, bytes, sizeof(address->bytes));
}

static void set_flow(struct vp_event *event, const struct vp_report *report,
		     const char *interface)
{
	static const char *const hooks[] = { "prerouting", "input",	  "forward",
					     "output",	   "postrouting", "ingress" };

	if (report->hook < VP_COUNT(hooks))
		vp_event_set(event->hook, sizeof(event->hook), hooks[report->hook]);
	vp_event_set(event->interface, sizeof(event->interface), interface);
	if (!report->family)
		return;
	set_address(&event->source, report->family, report->source);
	set_address(&event->destination, report->family, report->destination);
	event->protocol = report->protocol;
	event->has_ports = report->flags & VP_REPORT_PORTS;
	event->source_port = report->source_port;
	event->destination_port = report->destination_port;
}

/* What an event of the rule is called when it is not about banned sources. */
static enum vp_event_kind kind_of(const struct vp_aggregate_rule *rule)
{
	if (rule->monitor)
		return VP_EVENT_WOULD_BLOCK;
	if (rule->verdict == VP_VERDICT_LIMIT)
		return VP_EVENT_LIMITED;
	if (rule->verdict == VP_VERDICT_RESET)
		return VP_EVENT_RESET;
	return VP_EVENT_BLOCKED;
}

static struct vp_event start_event(const struct vp_aggregate *aggregate,
				   const struct account *account, bool banned, uint64_t now)
{
	const struct vp_aggregate_rule *rule = &account->rule;
	struct vp_event event = {
		.kind = banned ? VP_EVENT_BANNED : kind_of(rule),
		.time = now,
		.tag = rule->tag,
		.verdict = rule->verdict,
		.reason = banned			      ? VP_EVENT_REASON_BAN
			  : rule->verdict == VP_VERDICT_LIMIT ? VP_EVENT_REASON_LIMIT
							      : VP_EVENT_REASON_RULE,
		.generation = aggregate->generation,
	};

	vp_event_set(event.patch, sizeof(event.patch), rule->patch);
	vp_event_set(event.rule, sizeof(event.rule), rule->rule);
	return event;
}

static void give(struct vp_aggregate *aggregate, const struct vp_event *event)
{
	aggregate->lines++;
	aggregate->state.events++;
	aggregate->handler(aggregate->context, event);
}

static void pay(struct vp_event *event, struct tally *tally, uint64_t count)
{
	tally->due -= (int64_t)count;
	event->count = count;
	event->total = reported(tally);
}

/* One packet, at once. */
static void give_packet(struct vp_aggregate *aggregate, struct account *account,
			const struct vp_report *report, const char *interface)
{
	bool banned = report->kind == VP_REPORT_BAN;
	struct vp_event event = start_event(aggregate, account, banned, report->time);

	set_flow(&event, report, interface);
	pay(&event, banned ? &account->bans : &account->own, 1);
	give(aggregate, &event);
}

/* Single packets may use half of an interval's events: the sums need the rest. */
static bool may_give_packet(struct vp_aggregate *aggregate, const struct account *account)
{
	uint32_t *used = &aggregate->quotas.data[account->patch];

	if (*used >= aggregate->options.lines_per_patch ||
	    aggregate->lines >= aggregate->options.lines_per_interval / 2)
		return false;
	++*used;
	return true;
}

static void note_packet(struct account *account, const struct vp_report *report,
			const char *interface)
{
	account->sample = *report;
	vp_event_set(account->interface, sizeof(account->interface), interface);
	account->first = account->first ? account->first : report->time;
	account->last = report->time;
	account->seen++;
}

void vp_aggregate_packet(struct vp_aggregate *aggregate, const struct vp_report *report,
			 const char *interface)
{
	struct account *account = find_account(aggregate, report->tag);
	struct vp_source_seen seen;

	if (!account || !account->rule.patch) {
		aggregate->state.unknown++;
		return;
	}
	seen = vp_seen_table_see(aggregate->sources, report->tag, report->source, report->time,
				 aggregate->options.quiet * SECOND, aggregate->interval);
	account->sources += !seen.this_interval;
	if (!seen.lately && may_give_packet(aggregate, account)) {
		give_packet(aggregate, account, report, interface);
		return;
	}
	if (!seen.lately) {
		account->suppressed++;
		aggregate->state.suppressed++;
	}
	note_packet(account, report, interface);
}

/* Everything of one kind that no event has said yet. */
static void give_sum(struct vp_aggregate *aggregate, struct account *account, bool banned,
		     uint64_t now)
{
	struct vp_event event = start_event(aggregate, account, banned, now);
	struct tally *tally = banned ? &account->bans : &account->own;
	uint64_t count = (uint64_t)tally->due;

	pay(&event, tally, count);
	if (account->seen) {
		set_flow(&event, &account->sample, account->interface);
		event.first = account->first;
		event.last = account->seen == count ? account->last : now;
		event.sources = account->sources;
	}
	event.suppressed = account->suppressed;
	account->suppressed = 0;
	give(aggregate, &event);
}

static void serve_account(struct vp_aggregate *aggregate, struct account *account, bool all,
			  uint64_t now)
{
	uint32_t limit = aggregate->options.lines_per_interval;
	bool due = account->own.due > 0, banned = account->bans.due > 0;

	if (!account->rule.patch || (!due && !banned))
		return;
	if (!all && aggregate->lines + due + banned > limit) {
		account->suppressed++;
		aggregate->state.suppressed++;
		return;
	}
	if (due)
		give_sum(aggregate, account, false, now);
	if (banned)
		give_sum(aggregate, account, true, now);
	account->first = account->last = 0;
	account->seen = 0;
}

/* A counter that went back was made anew: all it has is new. */
static void take_count(struct tally *tally, uint64_t packets)
{
	uint64_t more = packets >= tally->counted ? packets - tally->counted : packets;

	tally->due += (int64_t)more;
	tally->counted = packets;
	if (tally->due < 0)
		tally->due = 0;
}

static void take_counts(struct vp_aggregate *aggregate, const struct vp_counts *counts)
{
	size_t known = aggregate->accounts.len;

	vp_array_each (count, counts) {
		struct account *account = find_among(aggregate, count->tag, known);

		if (account) {
			take_count(&account->own, count->packets);
			take_count(&account->bans, count->banned);
			continue;
		}
		account = add_account(aggregate, count->tag);
		account->own.counted = count->packets;
		account->bans.counted = count->banned;
	}
	if (aggregate->accounts.len != known)
		sort_accounts(aggregate);
}

/* A rule that is gone keeps its name until its last packets had their event. */
static void let_go(struct account *account)
{
	account->sources = 0;
	if (account->gone && account->own.due <= 0 && account->bans.due <= 0)
		clear_rule(&account->rule);
}

static void tick(struct vp_aggregate *aggregate, const struct vp_counts *counts, bool all,
		 uint64_t now)
{
	size_t len;

	if (counts)
		take_counts(aggregate, counts);
	len = aggregate->accounts.len;
	aggregate->lines = 0;
	if (aggregate->quotas.len)
		memset(aggregate->quotas.data, 0,
		       aggregate->quotas.len * sizeof(*aggregate->quotas.data));
	for (size_t i = 0, start = len ? aggregate->next % len : 0; i < len; i++) {
		size_t at = (start + i) % len;

		if (aggregate->lines < aggregate->options.lines_per_interval)
			aggregate->next = at + 1;
		serve_account(aggregate, &aggregate->accounts.data[at], all, now);
		let_go(&aggregate->accounts.data[at]);
	}
	aggregate->interval++;
}

void vp_aggregate_tick(struct vp_aggregate *aggregate, const struct vp_counts *counts,
		       uint64_t now)
{
	tick(aggregate, counts, false, now);
}

void vp_aggregate_finish(struct vp_aggregate *aggregate, const struct vp_counts *counts,
			 uint64_t now)
{
	tick(aggregate, counts, true, now);
}

struct vp_aggregate_state vp_aggregate_state(const struct vp_aggregate *aggregate)
{
	struct vp_aggregate_state state = aggregate->state;

	state.due = 0;
	vp_array_each (account, &aggregate->accounts) {
		if (!account->rule.patch)
			continue;
		state.due += account->own.due > 0 ? (uint64_t)account->own.due : 0;
		state.due += account->bans.due > 0 ? (uint64_t)account->bans.due : 0;
	}
	return state;
}
