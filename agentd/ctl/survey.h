/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vpatchctl finds out by itself: definitions from files, facts of this host
 * from the kernel as far as permitted, and the plan of the two. No daemon.
 */
#ifndef VP_AGENTD_CTL_SURVEY_H
#define VP_AGENTD_CTL_SURVEY_H

#include <jansson.h>

#include "agentd/ctl/commands.h"
#include "agentd/ctl/settings.h"
#include "policy/plan.h"

struct vp_survey {
	struct vp_sources sources;
	struct vp_policy policy;
	struct vp_host host;
	struct vp_plan plan;
	struct vp_findings findings; /* of everything, sorted */
	json_t *notes;		     /* array: what could not be asked and is assumed */
};

/* Read and validate. `overrides` may be NULL. An all-zero *survey is empty and valid. */
void vp_survey_read(struct vp_survey *survey, const char *const *paths, size_t count,
		    const char *overrides);

/* Facts of no host in particular: everything this build can use is there. */
void vp_survey_any_host(struct vp_survey *survey);

/*
 * Facts of this host; what may not be asked is assumed, with a note. `examples`:
 * example values of sets are good enough, because nobody is going to apply this.
 */
void vp_survey_this_host(struct vp_survey *survey, const struct vp_config *config,
			 bool examples);

/* Plan policy and host. */
void vp_survey_plan(struct vp_survey *survey);

/*
 * The compiled plan as text in a format of the modules ("nft"). 0, or -errno
 * with the reason. *text is owned by the caller.
 */
int vp_survey_artefact(const struct vp_survey *survey, const char *format, char **text,
		       struct vp_error *err);

/*
 * The folders the daemon would read: definitions, overrides, and the local
 * overrides as far as this user may see them.
 */
void vp_survey_read_configured(struct vp_survey *survey, const struct vp_config *config);

/* vpatch.plan/1 of the plan, with `title`, `severity` and `overridden` of each patch. */
json_t *vp_survey_plan_document(const struct vp_survey *survey);

/*
 * vpatch.explain/1 of a patch of the plan, with the kernel's counts where they can
 * be read, else a note. NULL when there is no such patch.
 */
json_t *vp_survey_explain(struct vp_survey *survey, const char *id);

void vp_survey_free(struct vp_survey *survey);
#define _cleanup_survey_ vp_cleanup(vp_survey_free)

#endif
