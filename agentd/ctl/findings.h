/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings in a document, as lines that editors understand. */
#ifndef VP_AGENTD_CTL_FINDINGS_H
#define VP_AGENTD_CTL_FINDINGS_H

#include <jansson.h>

#include "agentd/ctl/page.h"

/* "file:line:column: error: text", one a line, never wrapped. NULL: nothing. */
void vp_findings_render(const json_t *findings, struct vp_page *page);

/* "2 errors, 1 warning" */
void vp_findings_count(const json_t *findings, size_t *errors, size_t *warnings);

#endif
