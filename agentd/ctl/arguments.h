/* SPDX-License-Identifier: GPL-2.0-or-later */
/* argv to a checked invocation, by the command table; and what to say when it is not one. */
#ifndef VP_AGENTD_CTL_ARGUMENTS_H
#define VP_AGENTD_CTL_ARGUMENTS_H

#include "agentd/ctl/commands.h"
#include "lib/error.h"

/*
 * Parse argv[1..]. Options may stand before or after the verb and between
 * operands; "--" ends them. Names are never abbreviated, so that a script means
 * the same with a later version. On 0 *ctl points into argv and *operands (owned
 * by the caller, free()). ctl->command is NULL only with --help or --version.
 * Returns 0 or -EINVAL with what was expected, what was found and the nearest
 * thing that exists.
 */
int vp_arguments_parse(int argc, char *const argv[], struct vp_ctl *ctl,
		       const char ***operands, struct vp_error *err);

#endif
