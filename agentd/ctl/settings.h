/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpatchd.conf as an invocation names it: the daemon's own file, or --config. */
#ifndef VP_AGENTD_CTL_SETTINGS_H
#define VP_AGENTD_CTL_SETTINGS_H

#include "agentd/config.h"
#include "agentd/ctl/commands.h"
#include "lib/cleanup.h"
#include "lib/error.h"

/* 0, or -EINVAL with all findings. *config is to be freed either way. */
int vp_settings_read(const struct vp_ctl *ctl, struct vp_config *config, struct vp_error *err);

#define _cleanup_config_ vp_cleanup(vp_config_free)

/* Where the definitions shipped with vpatch are. */
#define VP_CATALOGUE VP_DATADIR "/patches"

#endif
