/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpatchctl enable, disable: a local override, made and kept by the daemon. */
#include "agentd/ctl/remote.h"
#include "agentd/ctl/request.h"
#include "agentd/ctl/verbs.h"

static enum vp_exit run_switch(const struct vp_ctl *ctl, enum vp_request type)
{
	struct vp_request_text text;
	struct vp_message request = { .type = type };

	if (ctl->operand_count)
		request.arguments[VP_ARG_ID] = ctl->operands[0];
	vp_request_add_options(&request, ctl, &text);
	return vp_remote_run(ctl, &request, vp_render_result);
}

enum vp_exit vp_ctl_enable(const struct vp_ctl *ctl)
{
	return run_switch(ctl, VP_REQUEST_ENABLE);
}

enum vp_exit vp_ctl_disable(const struct vp_ctl *ctl)
{
	return run_switch(ctl, VP_REQUEST_DISABLE);
}
