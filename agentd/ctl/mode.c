/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpatchctl mode: let a patch enforce or only monitor, as a local override. */
#include "agentd/ctl/remote.h"
#include "agentd/ctl/request.h"
#include "agentd/ctl/verbs.h"

enum vp_exit vp_ctl_mode(const struct vp_ctl *ctl)
{
	struct vp_request_text text;
	struct vp_message request = { .type = VP_REQUEST_MODE };

	request.arguments[VP_ARG_ID] = ctl->operands[0];
	request.arguments[VP_ARG_MODE] = ctl->operands[1];
	vp_request_add_options(&request, ctl, &text);
	return vp_remote_run(ctl, &request, vp_render_result);
}
