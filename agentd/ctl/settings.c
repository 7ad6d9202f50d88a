/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the configuration for the verbs that need to know where things are. */
#include "agentd/ctl/settings.h"

#include <errno.h>
#include <string.h>

int vp_settings_read(const struct vp_ctl *ctl, struct vp_config *config, struct vp_error *err)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	struct vp_findings findings = { 0 };
	int r = 0;

	vp_config_read(config, ctl->option[VP_OPTION_CONFIG], &findings);
	if (findings.errors) {
		vp_findings_sort(&findings);
		vp_findings_print(&findings, &text);
		text.data[--text.len] =
			'\0'; /* every line ends with a newline; ours has none */
		r = vp_fail(err, -EINVAL, "the configuration cannot be used:\n%s", text.data);
	}
	vp_findings_free(&findings);
	return r;
}
