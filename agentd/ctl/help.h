/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Usage text and completion scripts, generated from the command table. Pure. */
#ifndef VP_AGENTD_CTL_HELP_H
#define VP_AGENTD_CTL_HELP_H

#include "agentd/ctl/commands.h"
#include "lib/strbuf.h"

/* All verbs: what `vpatchctl --help` prints. */
void vp_help_program(struct vp_strbuf *out);

/* One verb: what `vpatchctl VERB --help` prints. */
void vp_help_command(const struct vp_command *command, struct vp_strbuf *out);

/* packaging/completion/vpatchctl.bash and _vpatchctl; a test keeps the files in step. */
void vp_completion_bash(struct vp_strbuf *out);
void vp_completion_zsh(struct vp_strbuf *out);

#endif
