/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpatchctl test: the lab behind the row of the command table. */
#ifndef VP_AGENTD_CTL_TEST_H
#define VP_AGENTD_CTL_TEST_H

#include "agentd/ctl/commands.h"

vp_command_run vp_ctl_test;

#endif
