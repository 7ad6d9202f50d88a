/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon: from its start to its end. */
#ifndef VP_AGENTD_SUPERVISOR_H
#define VP_AGENTD_SUPERVISOR_H

#include "modules/module.h"

/*
 * Run until SIGTERM or SIGINT. `config_path` NULL: the default one. Returns the
 * exit status: 0, 2 (configuration), 3 (cannot work here). Shields stay.
 */
int vp_supervisor_run(const char *config_path, const struct vp_module *const *modules);

/*
 * One shot, before the network: install the last good generation when nothing
 * runs yet. Never reads the policy folder. Returns the exit status.
 */
int vp_boot_run(const char *config_path, const struct vp_module *const *modules);

#endif
