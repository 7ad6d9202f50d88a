/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpatchctl rollback: a stored generation comes back as it was. */
#include "agentd/ctl/remote.h"
#include "agentd/ctl/request.h"
#include "agentd/ctl/verbs.h"

enum vp_exit vp_ctl_rollback(const struct vp_ctl *ctl)
{
	struct vp_request_text text;
	struct vp_message request = { .type = VP_REQUEST_ROLLBACK };

	if (ctl->operand_count)
		request.arguments[VP_ARG_GENERATION] = ctl->operands[0];
	vp_request_add_options(&request, ctl, &text);
	return vp_remote_run(ctl, &request, vp_render_result);
}
