/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One invocation of vpatchctl, from argv to exit status. */
#ifndef VP_AGENTD_CTL_RUN_H
#define VP_AGENTD_CTL_RUN_H

#include <stdio.h>

#include "agentd/message.h"

/* Parse, run the verb, flush. Never exits by itself. */
enum vp_exit vp_ctl_run(int argc, char *const argv[], FILE *to, FILE *err);

#endif
