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
#include "modules/netfilter/queue.h"

#define SECOND UINT64_C(1000000)

/* Packets that the kernel counted, against those that events have told of. */
struct tally {
	uint64_t counted; /* the kernel's counter when last read */
	int64_t due;	  /* counted, but in no event yet; below 0: reported before
			   * the counter was read */
	bool ahead;	  /* `due` was below 0 already when it was read before */
};

struct account {
	uint64_t key;		       /* of cause and tag */
	struct vp_aggregate_rule rule; /* texts owned; patch NULL: no rule now, but should it
					* come back, its counter goes on where it was; or of
					* all rules together */
	bool gone;		       /* not in this generation; named until all is said */
	size_t patch;		       /* index of its quota */
	struct tally own;	       /* what the rule matched */
	struct tally bans;	       /* packets of sources that it banned */
	uint64_t suppressed;
	uint64_t first, last;	 /* reports since the last event; 0: none */
	uint32_t seen;		 /* how many they are */
	uint32_t sources;	 /* different sources in this interval */
	bool mixed;		 /* they are of several rules */
	struct vp_report sample; /* the last of them */
	char interface[16];
	char detail[VP_EVENT_DETAIL];
	struct vp_event_call call;
};

struct vp_aggregate {
	struct vp_aggregate_options options;
	vp_event_handler *handler;
	void *context;
	uint64_t generation;
	VP_ARRAY(struct account) accounts; /* by key */
	/* of each patch: events about single packets so far; the first: of all together */
	VP_ARRAY(uint32_t) quotas;
	uint32_t lines;	   /* events in this interval */
	uint32_t interval; /* number of the present one */
	size_t next;	   /* account that is served first in the next tick */
	struct vp_seen_table *sources;
	struct vp_aggregate_state state;
};

/* Keys: a rule's own account has its tag. */

static uint64_t key_of(uint32_t tag, struct vp_aggregate_cause cause)
{
	return cause.reason ? (uint64_t)cause.reason << 48 | (uint64_t)cause.kind << 32 | tag
			    : tag;
}

static struct vp_aggregate_cause cause_of(const struct account *account)
{
	return (struct vp_aggregate_cause){ .reason = account->key >> 48,
					    .kind = account->key >> 32 & 0xffff };
}

/* Counts of all rules together, by the tags that the kernel's counters of them have. */
static const struct vp_aggregate_cause shared[VP_QUEUE_COUNTS] = {
	[VP_QUEUE_UNREAD_PASS] = { VP_EVENT_REASON_UNREAD, VP_EVENT_COVERAGE },
	[VP_QUEUE_UNREAD_BLOCK] = { VP_EVENT_REASON_UNREAD, VP_EVENT_BLOCKED },
	[VP_QUEUE_UNREAD_WATCH] = { VP_EVENT_REASON_UNREAD, VP_EVENT_COVERAGE },
	[VP_QUEUE_INVALID] = { VP_EVENT_REASON_INVALID, VP_EVENT_BLOCKED },
};

static bool is_shared(const struct account *account)
{
	enum vp_event_reason reason = cause_of(account).reason;

	return reason == VP_EVENT_REASON_UNREAD || reason == VP_EVENT_REASON_INVALID;
}

static uint64_t shared_key(enum vp_queue_count which)
{
	return key_of(vp_queue_count_tag(which), shared[which]);
}

static uint64_t counted_key(uint32_t tag)
{
	for (unsigned int which = 0; which < VP_QUEUE_COUNTS; which++)
		if (tag == vp_queue_count_tag(which))
			return shared_key(which);
	return tag;
}

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

	return (left->key > right->key) - (left->key < right->key);
}

static void sort_accounts(struct vp_aggregate *aggregate)
{
	if (aggregate->accounts.len)
		qsort(aggregate->accounts.data, aggregate->accounts.len,
		      sizeof(struct account), compare_accounts);
}

/* Among the first `len` accounts, which are sorted. */
static struct account *find_among(const struct vp_aggregate *aggregate, uint64_t key,
				  size_t len)
{
	const struct account wanted = { .key = key };

	return len ? bsearch(&wanted, aggregate->accounts.data, len, sizeof(wanted),
			     compare_accounts)
		   : NULL;
}

static struct account *find_account(const struct vp_aggregate *aggregate, uint64_t key)
{
	return find_among(aggregate, key, aggregate->accounts.len);
}

static struct account *add_account(struct vp_aggregate *aggregate, uint64_t key)
{
	struct account *account = vp_array_add(&aggregate->accounts);

	account->key = key;
	account->rule.tag = (uint32_t)key;
	return account;
}

static void name_account(struct account *account, const struct vp_aggregate_rule *rule)
{
	clear_rule(&account->rule);
	account->rule = *rule;
	account->rule.patch = vp_strdup(rule->patch);
	account->rule.rule = vp_strdup(rule->rule);
}

/* The account of that key, which comes about when it is needed first. */
static struct account *open_account(struct vp_aggregate *aggregate, uint64_t key)
{
	struct account *account = find_account(aggregate, key);

	if (account)
		return account;
	add_account(aggregate, key);
	sort_accounts(aggregate);
	return find_account(aggregate, key);
}

static bool has_rule(const struct vp_aggregate *aggregate, uint32_t tag)
{
	const struct account *account = find_account(aggregate, tag);

	return account && account->rule.patch;
}

/* NULL: there is no such rule, whatever a worker says. */
static struct account *open_cause(struct vp_aggregate *aggregate, uint32_t tag,
				  struct vp_aggregate_cause cause)
{
	struct account *account = NULL;
	const struct account *owner;

	if (has_rule(aggregate, tag))
		account = open_account(aggregate, key_of(tag, cause));
	owner = find_account(aggregate, tag);
	if (!account || !owner)
		return NULL;
	if (!account->rule.patch)
		name_account(account, &owner->rule);
	account->patch = owner->patch;
	account->gone = owner->gone;
	return account;
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
	vp_array_push(&aggregate->quotas, 0);
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
			account = add_account(aggregate, rules[i].tag);
		name_account(account, &rules[i]);
		account->gone = false;
	}
	sort_accounts(aggregate);
	number_patches(aggregate);
	aggregate->next = 0;
}

void vp_aggregate_baseline(struct vp_aggregate *aggregate, const struct vp_counts *counts)
{
	size_t known = aggregate->accounts.len;

	vp_array_each (count, counts) {
		uint64_t key = counted_key(count->tag);
		struct account *account = find_among(aggregate, key, known);

		if (!account)
			account = add_account(aggregate, key);
		account->own = (struct tally){ .counted = count->packets };
		account->bans = (struct tally){ .counted = count->banned };
	}
	sort_accounts(aggregate);
}

void vp_aggregate_told(struct vp_aggregate *aggregate, uint32_t tag,
		       struct vp_aggregate_cause cause, uint64_t packets)
{
	struct account *account = open_account(aggregate, key_of(tag, cause));

	if (account)
		account->own = (struct tally){ .counted = packets };
}

static uint64_t reported(const struct tally *tally)
{
	return (uint64_t)((int64_t)tally->counted - tally->due);
}

void vp_aggregate_reported(const struct vp_aggregate *aggregate, struct vp_counts *counts)
{
	vp_array_each (account, &aggregate->accounts) {
		struct vp_count *count;

		if (cause_of(account).reason && !is_shared(account))
			continue; /* kept where they are counted: vp_aggregate_told() */
		count = vp_array_add(counts);
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

/* For people, where the kind alone does not say it. */
static const char *text_of(struct vp_aggregate_cause cause)
{
	if (cause.kind != VP_EVENT_COVERAGE)
		return "";
	if (cause.reason == VP_EVENT_REASON_UNREAD)
		return "passed unread: no inspection process read them in time";
	if (cause.reason == VP_EVENT_REASON_FOREIGN)
		return "connections that are not of the declared protocol are not read and "
		       "pass";
	if (cause.reason == VP_EVENT_REASON_UNREADABLE)
		return "what follows is encrypted or of another protocol, is not read and "
		       "passes";
	if (cause.reason == VP_EVENT_REASON_MIDSTREAM)
		return "connections whose beginning was not seen are read from the first "
		       "message that is found";
	return "could not be judged, and passed";
}

static void set_cause(struct vp_event *event, struct vp_aggregate_cause cause)
{
	event->kind = cause.kind;
	event->reason = cause.reason;
	event->verdict = cause.kind == VP_EVENT_COVERAGE ? VP_VERDICT_PASS
			 : cause.kind == VP_EVENT_RESET	 ? VP_VERDICT_RESET
							 : VP_VERDICT_DROP;
	vp_event_set(event->text, sizeof(event->text), text_of(cause));
}

/* Of an account of all rules together: the one that its last packets were reported for. */
static const struct vp_aggregate_rule *rule_of(const struct vp_aggregate *aggregate,
					       const struct account *account)
{
	const struct account *blamed = NULL;

	if (is_shared(account) && account->seen && !account->mixed)
		blamed = find_account(aggregate, account->sample.tag);
	return blamed ? &blamed->rule : &account->rule;
}

static enum vp_event_reason reason_of(const struct vp_aggregate_rule *rule, bool banned)
{
	if (banned)
		return VP_EVENT_REASON_BAN;
	if (rule->calls)
		return VP_EVENT_REASON_CALL;
	return rule->verdict == VP_VERDICT_LIMIT ? VP_EVENT_REASON_LIMIT
						 : VP_EVENT_REASON_RULE;
}

static struct vp_event start_event(const struct vp_aggregate *aggregate,
				   const struct account *account,
				   const struct vp_aggregate_rule *rule, bool banned,
				   uint64_t now)
{
	struct vp_event event = {
		.kind = banned ? VP_EVENT_BANNED : kind_of(rule),
		.time = now,
		.tag = account->rule.tag,
		.verdict = rule->verdict,
		.reason = reason_of(rule, banned),
		.generation = aggregate->generation,
	};

	vp_event_set(event.patch, sizeof(event.patch), rule->patch);
	vp_event_set(event.rule, sizeof(event.rule), rule->rule);
	if (cause_of(account).reason)
		set_cause(&event, cause_of(account));
	return event;
}

static void give(struct vp_aggregate *aggregate, const struct vp_event *event)
{
	aggregate->lines++;
	aggregate->state.events++;
	aggregate->handler(aggregate->context, event);
}

static void pay(struct vp_event *event, const struct account *account, struct tally *tally,
		uint64_t count)
{
	tally->due -= (int64_t)count;
	event->count = count;
	if (!cause_of(account).reason || is_shared(account))
		event->total = reported(tally);
}

/* One packet, at once. */
static void give_packet(struct vp_aggregate *aggregate, struct account *account,
			const struct vp_aggregate_hit *hit)
{
	const struct vp_report *report = hit->report;
	const struct account *blamed = find_account(aggregate, report->tag);
	bool banned = report->kind == VP_REPORT_BAN;
	struct vp_event event =
		start_event(aggregate, account, &blamed->rule, banned, report->time);

	if (hit->call)
		event.call = *hit->call;
	else
		set_flow(&event, report, hit->interface);
	vp_event_set(event.detail, sizeof(event.detail), hit->detail);
	pay(&event, account, banned ? &account->bans : &account->own, 1);
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

static void note_packet(struct account *account, const struct vp_aggregate_hit *hit)
{
	const struct vp_report *report = hit->report;

	account->mixed =
		account->seen && (account->mixed || account->sample.tag != report->tag);
	account->sample = *report;
	vp_event_set(account->interface, sizeof(account->interface), hit->interface);
	vp_event_set(account->detail, sizeof(account->detail), hit->detail);
	if (hit->call && account->seen)
		vp_event_join_call(&account->call, hit->call);
	else if (hit->call)
		account->call = *hit->call;
	account->first = account->first ? account->first : report->time;
	account->last = report->time;
	account->seen++;
}

static void take_packet(struct vp_aggregate *aggregate, struct account *account,
			const struct vp_aggregate_hit *hit)
{
	const struct vp_report *report = hit->report;
	uint32_t number = (uint32_t)(account->key >> 24) ^ (uint32_t)account->key;
	bool alone = cause_of(account).kind != VP_EVENT_COVERAGE;
	struct vp_source_seen seen;

	seen = vp_seen_table_see(aggregate->sources, number, report->source, report->time,
				 aggregate->options.quiet * SECOND, aggregate->interval);
	account->sources += !seen.this_interval;
	if (alone && !seen.lately && may_give_packet(aggregate, account)) {
		give_packet(aggregate, account, hit);
		return;
	}
	if (alone && !seen.lately) {
		account->suppressed++;
		aggregate->state.suppressed++;
	}
	note_packet(account, hit);
}

static struct account *account_of(struct vp_aggregate *aggregate,
				  const struct vp_report *report)
{
	enum vp_queue_count which;

	if (report->kind != VP_REPORT_UNREAD && report->kind != VP_REPORT_INVALID)
		return find_account(aggregate, report->tag);
	which = report->kind == VP_REPORT_UNREAD ? VP_QUEUE_UNREAD_BLOCK : VP_QUEUE_INVALID;
	return open_account(aggregate, shared_key(which));
}

void vp_aggregate_packet(struct vp_aggregate *aggregate, const struct vp_report *report,
			 const char *interface)
{
	const struct vp_aggregate_hit hit = { .report = report, .interface = interface };

	if (has_rule(aggregate, report->tag))
		take_packet(aggregate, account_of(aggregate, report), &hit);
	else
		aggregate->state.unknown++;
}

void vp_aggregate_hit(struct vp_aggregate *aggregate, const struct vp_aggregate_hit *hit)
{
	struct account *account = open_cause(aggregate, hit->report->tag, hit->cause);

	if (account)
		take_packet(aggregate, account, hit);
	else
		aggregate->state.unknown++;
}

/* Everything of one kind that no event has said yet. */
static void give_sum(struct vp_aggregate *aggregate, struct account *account, bool banned,
		     uint64_t now)
{
	struct vp_event event =
		start_event(aggregate, account, rule_of(aggregate, account), banned, now);
	struct tally *tally = banned ? &account->bans : &account->own;
	uint64_t count = (uint64_t)tally->due;

	pay(&event, account, tally, count);
	if (account->seen) {
		if (account->rule.calls)
			event.call = account->call;
		else
			set_flow(&event, &account->sample, account->interface);
		vp_event_set(event.detail, sizeof(event.detail), account->detail);
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

	if ((!account->rule.patch && !is_shared(account)) || (!due && !banned))
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

/*
 * A counter that went back was made anew: all it has is new. What was told of before
 * it was counted is counted with the next reading, or was lost with its counter.
 */
static void take_count(struct tally *tally, uint64_t packets)
{
	uint64_t more = packets >= tally->counted ? packets - tally->counted : packets;

	tally->due += (int64_t)more;
	tally->counted = packets;
	if (tally->due < 0 && tally->ahead)
		tally->due = 0;
	tally->ahead = tally->due < 0;
}

void vp_aggregate_counted(struct vp_aggregate *aggregate, uint32_t tag,
			  struct vp_aggregate_cause cause, uint64_t packets)
{
	struct account *account = open_cause(aggregate, tag, cause);

	if (account)
		take_count(&account->own, packets);
}

static void take_counts(struct vp_aggregate *aggregate, const struct vp_counts *counts)
{
	size_t known = aggregate->accounts.len;

	vp_array_each (count, counts) {
		uint64_t key = counted_key(count->tag);
		struct account *account = find_among(aggregate, key, known);

		if (account) {
			take_count(&account->own, count->packets);
			take_count(&account->bans, count->banned);
			continue;
		}
		account = add_account(aggregate, key);
		account->own.counted = is_shared(account) ? 0 : count->packets;
		account->bans.counted = count->banned;
		if (is_shared(account)) /* it comes about with its first packet */
			take_count(&account->own, count->packets);
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
		if (!account->rule.patch && !is_shared(account))
			continue;
		state.due += account->own.due > 0 ? (uint64_t)account->own.due : 0;
		state.due += account->bans.due > 0 ? (uint64_t)account->bans.due : 0;
	}
	return state;
}
