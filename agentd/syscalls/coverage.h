/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which filters are on which processes: what was meant, and what came of it. Pure; nothing
 * here looks at a process or changes one.
 *
 * A filter never leaves a process. One that no generation wants any more stays listed on
 * whatever has it until that process ends.
 */
#ifndef VP_SYSCALLS_COVERAGE_H
#define VP_SYSCALLS_COVERAGE_H

#include <jansson.h>

#include "agentd/inject/request.h"
#include "agentd/syscalls/processes.h"
#include "modules/seccomp/targets.h"

/* A filter that some process has, or is to have. */
struct vp_cover_filter {
	uint64_t digest;     /* vp_target_filter.digest */
	uint64_t generation; /* that first wanted it */
	struct vp_call_target target;
	char *patches;		  /* their ids, ", " between them */
	struct vp_filter *filter; /* shared; NULL: another daemon's, not wanted any more */
	unsigned int injection;	  /* VP_INJECT_ */
	bool wanted;		  /* by what runs */
	uint64_t since;		  /* when that began: milliseconds after boot */
	unsigned int restless;	  /* requests in a row that found processes without it */
	unsigned int calm;	  /* looks in a row that found none */
	unsigned int chases;	  /* in a row after which some may have been without it */
	bool unsure;  /* its processes come and go too fast to tell whether all have it */
	uint64_t key; /* of its listener: vp_call_target_key(); 0: it has none */
};

/* One filter on one process. */
struct vp_cover {
	uint64_t digest;
	enum vp_inject_outcome outcome; /* 0: not tried yet */
	enum vp_inject_reason reason;
	int64_t detail;
	unsigned int flags; /* VP_INJECTED_ */
	bool inherited;	    /* had by its birth */
	uint64_t at;	    /* of the outcome: milliseconds after boot */
	uint64_t again;	    /* when it is to be tried again; 0: never */
	unsigned int tries;
};

VP_ARRAY_TYPE(vp_covers, struct vp_cover);

struct vp_covered_process {
	pid_t id, parent;
	uint64_t start; /* clock ticks after boot */
	char *unit, *executable;
	struct vp_covers covers;
	bool seen; /* while processes are looked at */
	bool like; /* likewise: it has as many filters as its parent */
};

struct vp_coverage {
	VP_ARRAY(struct vp_cover_filter) filters;
	VP_ARRAY(struct vp_covered_process) processes; /* by number */
	bool changed;				       /* since the last load or save */
	bool begun; /* it was said what is wanted; what another daemon had is kept until then
		     */
	uint64_t answerer; /* instance of vpatchd-answer that has the listeners; 0: none yet */
};

void vp_coverage_free(struct vp_coverage *coverage);

/* From `now` on these are wanted, and no others. */
void vp_coverage_want(struct vp_coverage *coverage, const struct vp_target_filters *filters,
		      uint64_t generation, uint64_t now);
/* Does anybody ask for units, for executables? */
void vp_coverage_asks(const struct vp_coverage *coverage, bool *units, bool *executables);

/* Is it new, and somebody wants a filter on it? Then it is to be told of how many it and its
 * parent have. */
bool vp_coverage_is_news(const struct vp_coverage *coverage,
			 const struct vp_seen_process *seen);

/*
 * These are all processes that there are; units and executables are taken over. What a
 * process had when it forked, its children have. A parent may only have adopted a child
 * though, whose own one had ended: one that has fewer filters has inherited nothing.
 */
void vp_coverage_see(struct vp_coverage *coverage, struct vp_seen_processes *processes,
		     uint64_t now);

/*
 * The next filter that is to be tried at `now` on processes, and on which; they count as
 * tried. NULL: none. request->processes, count, chase and name are filled in.
 */
const struct vp_cover_filter *vp_coverage_next(struct vp_coverage *coverage, uint64_t now,
					       struct vp_request *request);
/* When there will be one; 0: not by the passing of time. */
uint64_t vp_coverage_again(const struct vp_coverage *coverage);

/* What came of one of them. False: nobody knows of such a process or filter any more. */
bool vp_coverage_note(struct vp_coverage *coverage, uint64_t digest,
		      const struct vp_record *record, uint64_t now);
/*
 * Likewise of a filter that was put on a process that may not be known yet: it is then. False:
 * nobody knows of such a filter any more.
 */
bool vp_coverage_add(struct vp_coverage *coverage, uint64_t digest,
		     const struct vp_record *record, uint64_t now);
/*
 * How long had the process run without the filter, which was put on it at `now` as the record
 * says? Milliseconds; 0: it had it from its beginning, or began before that was wanted, or was
 * forked by another that was to have it.
 */
uint64_t vp_coverage_bare(const struct vp_coverage *coverage, uint64_t digest,
			  const struct vp_record *record, uint64_t now);
/*
 * A request for this filter was answered as a whole: `lacked`, some had it not, or had ended
 * before they could be asked; `flags`: VP_INJECTED_ of its answers. After some that lacked it
 * in a row all the target's processes are looked for by who injects.
 */
void vp_coverage_answered(struct vp_coverage *coverage, uint64_t digest, bool lacked,
			  unsigned int flags);
/* Nobody answered for it; `blamed`: perhaps because of this very process. */
void vp_coverage_miss(struct vp_coverage *coverage, uint64_t digest,
		      const struct vp_request_process *process, bool blamed, uint64_t now);

/*
 * This vpatchd-answer answers now (never 0). Where it is not the one that had the listeners
 * these are lost: filters with one are tried anew. What waited for one is tried at once.
 */
void vp_coverage_heard(struct vp_coverage *coverage, uint64_t instance, uint64_t now);

/* NULL: none. */
const struct vp_covered_process *vp_coverage_process(const struct vp_coverage *coverage,
						     pid_t id);
const struct vp_cover_filter *vp_coverage_filter(const struct vp_coverage *coverage,
						 uint64_t digest);
/* Is the filter on, on all that it can reach? */
bool vp_cover_is_on(const struct vp_cover *cover);

/* Was it withdrawn, with nothing left of it but that its calls ask and are let through? */
bool vp_cover_is_withdrawn(const struct vp_cover_filter *filter, const struct vp_cover *cover);

/* How many processes are covered, only in part, not (yet); filters that are no longer meant:
 * left, or withdrawn.
 */
struct vp_coverage_sums {
	size_t covered, partial, refused, pending, left, withdrawn;
};
/* Of one wanted filter; digest 0: of all. */
struct vp_coverage_sums vp_coverage_sum(const struct vp_coverage *coverage, uint64_t digest);

/* As a document, to be kept while this daemon is not there; owned by the caller. */
json_t *vp_coverage_document(const struct vp_coverage *coverage);
/*
 * The inverse, into an empty one. -EINVAL, and nothing taken, when it
 * is none of ours.
 */
int vp_coverage_read(struct vp_coverage *coverage, const json_t *document);

#endif
