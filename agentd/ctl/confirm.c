/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpatchctl confirm: keep what `apply --confirm` installed. */
#include "agentd/ctl/remote.h"
#include "agentd/ctl/verbs.h"

enum vp_exit vp_ctl_confirm(const struct vp_ctl *ctl)
{
	const struct vp_message request = { .type = VP_REQUEST_CONFIRM };

	return vp_remote_run(ctl, &request, vp_render_result);
}
