/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words that a filter returns, see seccomp(2), by name. */
#ifndef VP_SECCOMP_ACTION_H
#define VP_SECCOMP_ACTION_H

#include <stdbool.h>
#include <stdint.h>

#define VP_ACTION_TEXT 40

/* "allowed", "denied with EPERM", "logged", "killed", ... Returns `text`. */
const char *vp_action_name(uint32_t action, char text[static VP_ACTION_TEXT]);

/* Does the call not take place as it was asked for? */
bool vp_action_denies(uint32_t action);

#endif
