/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The programs that services begin with, by the filter that is meant for them: as unit files
 * say, and as was seen of processes that run.
 */
#ifndef VP_SYSCALLS_PROGRAMS_H
#define VP_SYSCALLS_PROGRAMS_H

#include "agentd/syscalls/coverage.h"
#include "agentd/syscalls/executables.h"

/* Milliseconds after which unit files are read again. */
#define VP_PROGRAMS_PERIOD 30000

/* Of one filter that is wanted. */
struct vp_filter_programs {
	uint64_t digest;
	unsigned int injection;	 /* its flags */
	struct vp_paths written; /* in the files of its unit; of a program, that itself */
	struct vp_paths learned; /* of a unit: seen of processes that began it */
};

/* An all-zero one is empty and valid. */
struct vp_programs {
	VP_ARRAY(struct vp_filter_programs) filters; /* in the order of the coverage */
	uint64_t due; /* when files are read again: milliseconds after boot */
};

/*
 * Take over which filters are wanted and what processes of theirs were seen. Unit files are
 * read when other filters are wanted than before, and when that was VP_PROGRAMS_PERIOD ago.
 * `roots` as in vp_unit_executables(). True: the filters or their programs are others now.
 */
bool vp_programs_update(struct vp_programs *programs, const struct vp_coverage *coverage,
			const char *const *roots, uint64_t now);

/* Those of a filter, added to *paths, each once; none where it is not wanted. */
void vp_programs_of(const struct vp_programs *programs, uint64_t digest,
		    struct vp_paths *paths);

/* Empty again. */
void vp_programs_free(struct vp_programs *programs);

#endif
