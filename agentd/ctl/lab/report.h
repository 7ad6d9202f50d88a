/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the lab says: the summary of a document, and its text for people. Pure. */
#ifndef VP_LAB_REPORT_H
#define VP_LAB_REPORT_H

#include "agentd/ctl/output.h"

/* Add `summary` to a document with `patches`; the exit status that follows from it. */
enum vp_exit vp_report_summarise(json_t *document);

/* Why there can be no lab, when the status is VP_EXIT_UNREACHABLE. Points into the document.
 */
const char *vp_report_obstacle(const json_t *document);

/* The text of a vpatch.test/1 document. */
vp_render vp_render_test;

#endif
