/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions behind the rows of the command table: one file each, but test (test.h). */
#ifndef VP_AGENTD_CTL_VERBS_H
#define VP_AGENTD_CTL_VERBS_H

#include "agentd/ctl/commands.h"

vp_command_run vp_ctl_check, vp_ctl_plan, vp_ctl_explain, vp_ctl_apply, vp_ctl_confirm,
	vp_ctl_status, vp_ctl_events, vp_ctl_history, vp_ctl_enable, vp_ctl_disable,
	vp_ctl_mode, vp_ctl_replay, vp_ctl_rollback, vp_ctl_panic;

#endif
