/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of filters and processes: see coverage.h. As a document: coverage_document.c. */
#include "agentd/syscalls/coverage.h"

#include <string.h>

#define TICK	     10	  /* milliseconds of a clock tick (USER_HZ) */
#define FIRST_RETRY  5000 /* milliseconds; doubled by each try that fails */
#define DOUBLINGS    6
#define MISSED_RETRY 2000 /* milliseconds: nobody could be asked */
#define RESTLESS     3u	  /* requests in a row, until all processes are looked for */
#define CALM	     3	  /* looks in a row without one, until all is taken to be well */
#define CHASES	     5	  /* times that this is doubled, where it settles nothing */

static void process_free(struct vp_covered_process *process)
{
	free(process->unit);
	free(process->executable);
	vp_array_free(&process->covers);
}

static void filter_free(struct vp_cover_filter *filter)
{
	free(filter->target.name);
	free(filter->patches);
	vp_filter_free(filter->filter);
}

void vp_coverage_free(struct vp_coverage *coverage)
{
	vp_array_each (process, &coverage->processes)
		process_free(process);
	vp_array_each (filter, &coverage->filters)
		filter_free(filter);
	vp_array_free(&coverage->processes);
	vp_array_free(&coverage->filters);
}

bool vp_cover_is_on(const struct vp_cover *cover)
{
	return cover->outcome == VP_INJECT_COVERED || cover->outcome == VP_INJECT_PARTIAL;
}

/* On every thread of the process, so that whatever it forks has it. */
static bool is_whole(const struct vp_cover *cover)
{
	return cover->outcome == VP_INJECT_COVERED ||
	       (cover->outcome == VP_INJECT_PARTIAL && cover->reason == VP_REASON_RINGS);
}

static struct vp_cover_filter *find_filter(const struct vp_coverage *coverage, uint64_t digest)
{
	vp_array_each (filter, &coverage->filters)
		if (filter->digest == digest)
			return filter;
	return NULL;
}

const struct vp_cover_filter *vp_coverage_filter(const struct vp_coverage *coverage,
						 uint64_t digest)
{
	return find_filter(coverage, digest);
}

static bool is_wanted(const struct vp_coverage *coverage, uint64_t digest)
{
	const struct vp_cover_filter *filter = vp_coverage_filter(coverage, digest);

	return filter && filter->wanted;
}

static struct vp_covered_process *find(const struct vp_coverage *coverage, pid_t id)
{
	size_t at = vp_array_lower(&coverage->processes, id, id);

	return at < coverage->processes.len && coverage->processes.data[at].id == id
		       ? &coverage->processes.data[at]
		       : NULL;
}

const struct vp_covered_process *vp_coverage_process(const struct vp_coverage *coverage,
						     pid_t id)
{
	return find(coverage, id);
}

static struct vp_cover *cover_of(const struct vp_covered_process *process, uint64_t digest)
{
	vp_array_each (cover, &process->covers)
		if (cover->digest == digest)
			return cover;
	return NULL;
}

/* Filters */

/* They could have none without leave for no_new_privs, which has come. */
static void try_unprivileged(struct vp_coverage *coverage, uint64_t digest)
{
	vp_array_each (process, &coverage->processes) {
		struct vp_cover *cover = cover_of(process, digest);

		if (cover && cover->outcome == VP_INJECT_REFUSED &&
		    cover->reason == VP_REASON_PRIVILEGE) {
			cover->again = 1;
			cover->tries = 0;
		}
	}
}

static void want_one(struct vp_coverage *coverage, const struct vp_target_filter *made,
		     uint64_t generation)
{
	struct vp_cover_filter *filter = find_filter(coverage, made->digest);
	const unsigned int injection = (made->revocable ? 0 : VP_INJECT_LOG) |
				       (made->no_new_privs ? VP_INJECT_NO_NEW_PRIVS : 0);

	if (!filter) {
		filter = vp_array_add(&coverage->filters);
		*filter = (struct vp_cover_filter){
			.digest = made->digest,
			.generation = generation,
			.target = { made->target.kind, vp_strdup(made->target.name) },
			.patches = vp_strdup(made->patches),
			.key = made->revocable ? vp_call_target_key(&made->target) : 0,
		};
	}
	if (injection & ~filter->injection & VP_INJECT_NO_NEW_PRIVS)
		try_unprivileged(coverage, made->digest);
	filter->injection = injection;
	if (!filter->filter)
		filter->filter = vp_filter_share(made->filter);
	filter->wanted = true;
}

static enum vp_unit_match match(const struct vp_covered_process *process,
				const struct vp_cover_filter *filter)
{
	const struct vp_seen_process seen = { .unit = process->unit,
					      .executable = process->executable };

	return filter->wanted ? vp_seen_is_of(&seen, &filter->target) : VP_UNIT_OTHER;
}

/* Is it to have the filter? That of its unit's template not where its unit has one, which has
 * the other's rules. */
static bool is_meant(const struct vp_coverage *coverage,
		     const struct vp_covered_process *process,
		     const struct vp_cover_filter *filter)
{
	enum vp_unit_match closest = filter ? match(process, filter) : VP_UNIT_OTHER;

	if (closest == VP_UNIT_TEMPLATE)
		vp_array_each (other, &coverage->filters)
			if (other->target.kind == VP_CALL_TARGET_UNIT &&
			    match(process, other) == VP_UNIT_SAME)
				return false;
	return closest;
}

static bool waits_for_answers(const struct vp_cover *cover)
{
	return cover->reason == VP_REASON_UNANSWERED || cover->reason == VP_REASON_ANSWER;
}

/* What is meant for it no more and never came about is forgotten. */
static void drop_unwanted(struct vp_coverage *coverage)
{
	vp_array_each (process, &coverage->processes) {
		size_t kept = 0;

		vp_array_each (cover, &process->covers)
			if (vp_cover_is_on(cover) ||
			    is_meant(coverage, process,
				     vp_coverage_filter(coverage, cover->digest)))
				process->covers.data[kept++] = *cover;
		process->covers.len = kept;
	}
}

void vp_coverage_want(struct vp_coverage *coverage, const struct vp_target_filters *filters,
		      uint64_t generation, uint64_t now)
{
	vp_array_each (filter, &coverage->filters)
		filter->wanted = false;
	vp_array_each (made, filters)
		want_one(coverage, made, generation);
	vp_array_each (filter, &coverage->filters)
		if (!filter->wanted || !filter->since)
			filter->since = filter->wanted ? now : 0;
	drop_unwanted(coverage);
	vp_array_each (process, &coverage->processes)
		vp_array_each (cover, &process->covers)
			if (waits_for_answers(cover) && is_wanted(coverage, cover->digest))
				cover->again = 1; /* at once */
	coverage->changed = coverage->begun = true;
}

void vp_coverage_asks(const struct vp_coverage *coverage, bool *units, bool *executables)
{
	*units = *executables = false;
	vp_array_each (filter, &coverage->filters) {
		*units |= filter->wanted && filter->target.kind == VP_CALL_TARGET_UNIT;
		*executables |=
			filter->wanted && filter->target.kind == VP_CALL_TARGET_PROCESS;
	}
}

/* Those that no process has and nobody wants. */
static void drop_unused(struct vp_coverage *coverage)
{
	size_t kept = 0;

	vp_array_each (filter, &coverage->filters) {
		bool used = filter->wanted;

		vp_array_each (process, &coverage->processes)
			used = used || cover_of(process, filter->digest);
		if (used)
			coverage->filters.data[kept++] = *filter;
		else
			filter_free(filter);
	}
	coverage->filters.len = kept;
}

/* Processes */

static void take_over(struct vp_covered_process *process, struct vp_seen_process *seen)
{
	free(process->unit);
	free(process->executable);
	process->id = seen->id;
	process->parent = seen->parent;
	process->start = seen->start;
	process->unit = seen->unit;
	process->executable = seen->executable;
	process->seen = true;
	process->like = seen->filters && seen->filters >= seen->parent_filters;
	seen->unit = seen->executable = NULL;
}

static int compare_starts(const void *a, const void *b)
{
	const struct vp_covered_process *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* Somebody without the filter may have made it, for the parent (CLONE_PARENT). */
static bool has_bare_sibling(const struct vp_coverage *coverage, pid_t parent, uint64_t digest)
{
	vp_array_each (process, &coverage->processes) {
		const struct vp_cover *cover = cover_of(process, digest);

		if (process->parent == parent && cover && !is_whole(cover))
			return true;
	}
	return false;
}

/* Born when its parent had a filter, it has that too, unless it was born by another. */
static void inherit(const struct vp_coverage *coverage, struct vp_covered_process *child)
{
	const struct vp_covered_process *parent = find(coverage, child->parent);

	if (!parent || !child->like)
		return;
	vp_array_each (cover, &parent->covers) {
		if (!is_whole(cover) || child->start * TICK <= cover->at + TICK ||
		    has_bare_sibling(coverage, parent->id, cover->digest))
			continue;
		vp_array_push(&child->covers,
			      ((struct vp_cover){
				      .digest = cover->digest,
				      .outcome = cover->outcome,
				      .reason = cover->reason,
				      .flags = cover->flags & VP_INJECTED_PRCTL,
				      .inherited = true,
				      .at = child->start * TICK,
			      }));
	}
}

/* A filter with a listener of the same target that hands over all that this one would: who
 * answers goes by what is wanted now. */
static const struct vp_cover *stand_in(const struct vp_coverage *coverage,
				       const struct vp_covered_process *process,
				       const struct vp_cover_filter *wanted)
{
	vp_array_each (cover, &process->covers) {
		const struct vp_cover_filter *filter =
			vp_coverage_filter(coverage, cover->digest);

		if (filter && filter->filter && filter->key && filter->key == wanted->key &&
		    is_whole(cover) && vp_filter_includes(filter->filter, wanted->filter))
			return cover;
	}
	return NULL;
}

/* What it is to have and does not is to be tried. */
static void add_wanted(const struct vp_coverage *coverage, struct vp_covered_process *process,
		       uint64_t now)
{
	vp_array_each (filter, &coverage->filters) {
		struct vp_cover made = { .digest = filter->digest, .again = now ? now : 1 };
		const struct vp_cover *other;

		if (!is_meant(coverage, process, filter) || cover_of(process, filter->digest))
			continue;
		other = filter->key ? stand_in(coverage, process, filter) : NULL;
		if (other)
			made = *other;
		made.digest = filter->digest;
		vp_array_push(&process->covers, made);
	}
}

/* In its place by number. */
static void insert(struct vp_coverage *coverage, const struct vp_covered_process *process)
{
	size_t at = vp_array_lower(&coverage->processes, id, process->id);
	struct vp_covered_process *data;

	(void)vp_array_add(&coverage->processes);
	data = coverage->processes.data;
	memmove(data + at + 1, data + at, (coverage->processes.len - 1 - at) * sizeof(*data));
	data[at] = *process;
}

/* The new ones in the order of their birth, so that parents come before children. */
static void add_fresh(struct vp_coverage *coverage, struct vp_covered_process *fresh,
		      size_t count, uint64_t now)
{
	if (count)
		qsort(fresh, count, sizeof(*fresh), compare_starts);
	for (size_t i = 0; i < count; i++) {
		inherit(coverage, &fresh[i]);
		add_wanted(coverage, &fresh[i], now);
		if (!fresh[i].covers.len) {
			process_free(&fresh[i]);
			continue;
		}
		insert(coverage, &fresh[i]);
		coverage->changed = true;
	}
}

static void drop_gone(struct vp_coverage *coverage)
{
	size_t kept = 0;

	vp_array_each (process, &coverage->processes) {
		if (process->seen)
			coverage->processes.data[kept++] = *process;
		else
			process_free(process);
	}
	coverage->changed |= kept != coverage->processes.len;
	coverage->processes.len = kept;
}

static bool is_due(const struct vp_cover *cover, uint64_t now)
{
	return cover && cover->again && cover->again <= now;
}

/* Was nobody found without it? Those that live short are not in every look. */
static void calm(const struct vp_coverage *coverage, struct vp_cover_filter *filter,
		 uint64_t now)
{
	bool found = false;

	vp_array_each (process, &coverage->processes)
		found = found || is_due(cover_of(process, filter->digest), now);
	filter->calm = found ? 0 : filter->calm + 1;
	if (filter->calm < CALM)
		return;
	filter->restless = filter->chases = 0;
	filter->unsure = false;
}

bool vp_coverage_is_news(const struct vp_coverage *coverage,
			 const struct vp_seen_process *seen)
{
	const struct vp_covered_process *known = find(coverage, seen->id);

	if (known && known->start == seen->start)
		return false;
	vp_array_each (filter, &coverage->filters)
		if (filter->wanted && vp_seen_is_of(seen, &filter->target))
			return true;
	return false;
}

void vp_coverage_see(struct vp_coverage *coverage, struct vp_seen_processes *processes,
		     uint64_t now)
{
	VP_ARRAY(struct vp_covered_process) fresh = { 0 };

	vp_array_each (process, &coverage->processes)
		process->seen = false;
	vp_array_each (seen, processes) {
		struct vp_covered_process *known = find(coverage, seen->id);

		if (!known || known->start != seen->start)
			known = vp_array_add(&fresh);
		take_over(known, seen);
	}
	drop_gone(coverage);
	vp_array_each (process, &coverage->processes)
		add_wanted(coverage, process, now);
	add_fresh(coverage, fresh.data, fresh.len, now);
	vp_array_free(&fresh);
	vp_array_each (filter, &coverage->filters)
		calm(coverage, filter, now);
	if (coverage->begun)
		drop_unused(coverage);
}

/* Trying */

/* Instances of a template may have a filter of their own, which who looks does not know. */
static bool has_instances(const struct vp_coverage *coverage,
			  const struct vp_cover_filter *filter)
{
	vp_array_each (other, &coverage->filters)
		if (other->wanted && other->target.kind == VP_CALL_TARGET_UNIT &&
		    filter->target.kind == VP_CALL_TARGET_UNIT &&
		    vp_unit_match(other->target.name, filter->target.name) == VP_UNIT_TEMPLATE)
			return true;
	return false;
}

/* Whom to look for besides. */
static void set_chase(const struct vp_coverage *coverage, const struct vp_cover_filter *filter,
		      struct vp_request *request)
{
	bool of_unit = filter->target.kind == VP_CALL_TARGET_UNIT;

	request->chase = VP_CHASE_NONE;
	memset(request->name, 0, sizeof(request->name));
	if (filter->restless < RESTLESS << filter->chases || has_instances(coverage, filter) ||
	    strlen(filter->target.name) >= VP_REQUEST_NAME)
		return;
	request->chase = of_unit ? VP_CHASE_UNIT : VP_CHASE_EXECUTABLE;
	memcpy(request->name, filter->target.name, strlen(filter->target.name));
}

static size_t collect(struct vp_coverage *coverage, const struct vp_cover_filter *filter,
		      uint64_t now, struct vp_request *request)
{
	request->count = 0;
	vp_array_each (process, &coverage->processes) {
		struct vp_cover *cover = cover_of(process, filter->digest);

		if (!is_due(cover, now) || request->count == VP_REQUEST_PROCESSES)
			continue;
		cover->again = 0;
		cover->tries++;
		request->processes[request->count++] = (struct vp_request_process){
			.id = process->id,
			.start = process->start,
		};
	}
	return request->count;
}

const struct vp_cover_filter *vp_coverage_next(struct vp_coverage *coverage, uint64_t now,
					       struct vp_request *request)
{
	vp_array_each (filter, &coverage->filters)
		if (filter->wanted && collect(coverage, filter, now, request)) {
			set_chase(coverage, filter, request);
			return filter;
		}
	return NULL;
}

uint64_t vp_coverage_again(const struct vp_coverage *coverage)
{
	uint64_t first = 0;

	vp_array_each (process, &coverage->processes)
		vp_array_each (cover, &process->covers)
			if (cover->again && (!first || cover->again < first))
				first = cover->again;
	return first;
}

#define BIT(reason) (1u << (reason))

/* May it go better another time, without the process being started anew? */
static bool may_change(const struct vp_coverage *coverage, const struct vp_cover *cover)
{
	const struct vp_cover_filter *filter = vp_coverage_filter(coverage, cover->digest);
	unsigned int passing =
		BIT(VP_REASON_THREADS) | BIT(VP_REASON_TRACED) | BIT(VP_REASON_BUSY) |
		BIT(VP_REASON_FORBIDDEN) | BIT(VP_REASON_MEMORY) | BIT(VP_REASON_LOST) |
		BIT(VP_REASON_CROWD) | BIT(VP_REASON_ANSWER) | BIT(VP_REASON_UNANSWERED);

	/* that was asked before leave for no_new_privs came */
	if (filter && filter->injection & VP_INJECT_NO_NEW_PRIVS)
		passing |= BIT(VP_REASON_PRIVILEGE);
	return cover->outcome != VP_INJECT_COVERED && BIT(cover->reason) & passing;
}

static void try_again(struct vp_cover *cover, uint64_t now)
{
	unsigned int doublings = cover->tries ? cover->tries - 1 : 0;

	cover->again = now + ((uint64_t)FIRST_RETRY
			      << (doublings < DOUBLINGS ? doublings : DOUBLINGS));
}

/* Nobody has its listener any more. */
static void lose(struct vp_cover *cover)
{
	if (!vp_cover_is_on(cover))
		return;
	cover->outcome = VP_INJECT_PARTIAL;
	cover->reason = VP_REASON_UNANSWERED;
	cover->detail = 0;
}

void vp_coverage_heard(struct vp_coverage *coverage, uint64_t instance, uint64_t now)
{
	bool lost = coverage->answerer && coverage->answerer != instance;

	vp_array_each (process, &coverage->processes)
		vp_array_each (cover, &process->covers) {
			const struct vp_cover_filter *filter =
				vp_coverage_filter(coverage, cover->digest);

			if (!filter || !filter->key)
				continue;
			if (lost)
				lose(cover);
			if (filter->wanted && waits_for_answers(cover))
				cover->again = now ? now : 1;
		}
	coverage->changed |= coverage->answerer != instance;
	coverage->answerer = instance;
}

static struct vp_cover *cover_at(struct vp_coverage *coverage, uint64_t digest, pid_t id,
				 uint64_t start)
{
	const struct vp_covered_process *process = find(coverage, id);

	return process && process->start == start ? cover_of(process, digest) : NULL;
}

bool vp_coverage_note(struct vp_coverage *coverage, uint64_t digest,
		      const struct vp_record *record, uint64_t now)
{
	struct vp_cover *cover = cover_at(coverage, digest, record->id, record->start);

	if (!cover)
		return false;
	cover->outcome = (enum vp_inject_outcome)record->outcome;
	cover->reason = (enum vp_inject_reason)record->reason;
	cover->detail = record->detail;
	cover->flags = record->flags & ~(VP_INJECTED_CHASED | VP_INJECTED_UNSURE);
	cover->at = now;
	cover->again = 0;
	if (may_change(coverage, cover))
		try_again(cover, now);
	coverage->changed = true;
	return true;
}

/* Its unit and all else the next look fills in. */
static struct vp_covered_process *add_process(struct vp_coverage *coverage,
					      const struct vp_record *record)
{
	struct vp_covered_process *known = find(coverage, record->id);
	const struct vp_covered_process made = { .id = record->id, .start = record->start };

	if (known && known->start == record->start)
		return known;
	if (known) {
		process_free(known);
		*known = made;
		return known;
	}
	insert(coverage, &made);
	return find(coverage, record->id);
}

bool vp_coverage_add(struct vp_coverage *coverage, uint64_t digest,
		     const struct vp_record *record, uint64_t now)
{
	struct vp_covered_process *process;

	if (!vp_coverage_filter(coverage, digest))
		return false;
	process = add_process(coverage, record);
	if (!cover_of(process, digest))
		vp_array_push(&process->covers, ((struct vp_cover){ .digest = digest }));
	return vp_coverage_note(coverage, digest, record, now);
}

uint64_t vp_coverage_bare(const struct vp_coverage *coverage, uint64_t digest,
			  const struct vp_record *record, uint64_t now)
{
	const struct vp_covered_process *process = find(coverage, record->id);
	const struct vp_covered_process *parent =
		process ? find(coverage, process->parent) : NULL;
	const struct vp_cover_filter *filter = vp_coverage_filter(coverage, digest);
	uint64_t began = record->start * TICK;

	if (!filter || record->flags & VP_INJECTED_PRESENT || began <= filter->since + TICK ||
	    (parent && cover_of(parent, digest)))
		return 0;
	return now > began ? now - began : 1;
}

void vp_coverage_answered(struct vp_coverage *coverage, uint64_t digest, bool lacked,
			  unsigned int flags)
{
	struct vp_cover_filter *filter = find_filter(coverage, digest);

	if (!filter)
		return;
	filter->restless = lacked ? filter->restless + 1 : 0;
	if (flags & VP_INJECTED_CHASED) {
		filter->restless = 0;
		filter->unsure = flags & VP_INJECTED_UNSURE;
		filter->chases =
			filter->unsure ? filter->chases + (filter->chases < CHASES) : 0;
	}
}

void vp_coverage_miss(struct vp_coverage *coverage, uint64_t digest,
		      const struct vp_request_process *process, bool blamed, uint64_t now)
{
	struct vp_cover *cover = cover_at(coverage, digest, process->id, process->start);

	if (!cover)
		return;
	if (blamed) {
		try_again(cover, now);
	} else {
		cover->tries--;
		cover->again = now + MISSED_RETRY;
	}
}

/* Sums */

bool vp_cover_is_withdrawn(const struct vp_cover_filter *filter, const struct vp_cover *cover)
{
	return !filter->wanted && filter->key && vp_cover_is_on(cover) &&
	       cover->reason != VP_REASON_UNANSWERED;
}

static void count(const struct vp_cover *cover, const struct vp_cover_filter *filter,
		  struct vp_coverage_sums *sums)
{
	if (!filter || !filter->wanted) {
		bool withdrawn = filter && vp_cover_is_withdrawn(filter, cover);

		sums->withdrawn += withdrawn;
		sums->left += vp_cover_is_on(cover) && !withdrawn;
	} else if (cover->outcome == VP_INJECT_COVERED) {
		sums->covered++;
	} else if (cover->outcome == VP_INJECT_PARTIAL) {
		sums->partial++;
	} else if (cover->outcome == VP_INJECT_REFUSED) {
		sums->refused++;
	} else if (cover->outcome !=
		   VP_INJECT_GONE) { /* that is only waited for by its parent */
		sums->pending++;
	}
}

struct vp_coverage_sums vp_coverage_sum(const struct vp_coverage *coverage, uint64_t digest)
{
	struct vp_coverage_sums sums = { 0 };

	vp_array_each (process, &coverage->processes)
		vp_array_each (cover, &process->covers)
			if (!digest || cover->digest == digest)
				count(cover, vp_coverage_filter(coverage, cover->digest),
				      &sums);
	return sums;
}
