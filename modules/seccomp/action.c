/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of what filters return: see action.h. */
#include "modules/seccomp/action.h"

#include <stdio.h>

#include <linux/seccomp.h>

#include "policy/call.h"

const char *vp_action_name(uint32_t action, char text[static VP_ACTION_TEXT])
{
	unsigned int data = action & SECCOMP_RET_DATA;
	const char *name, *error;

	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		name = "allowed";
		break;
	case SECCOMP_RET_LOG:
		name = "logged";
		break;
	case SECCOMP_RET_TRACE:
		name = "handed to a tracer";
		break;
	case SECCOMP_RET_USER_NOTIF:
		name = "handed to a listener";
		break;
	case SECCOMP_RET_TRAP:
		name = "answered with SIGSYS";
		break;
	case SECCOMP_RET_ERRNO:
		error = data ? vp_call_errno_name((int)data) : "success";
		if (error)
			snprintf(text, VP_ACTION_TEXT, "denied with %s", error);
		else
			snprintf(text, VP_ACTION_TEXT, "denied with errno %u", data);
		return text;
	case SECCOMP_RET_KILL_THREAD:
		name = "killed (thread)";
		break;
	default: /* the kernel takes what it does not know for this */
		name = "killed (process)";
	}
	snprintf(text, VP_ACTION_TEXT, "%s", name);
	return text;
}

bool vp_action_denies(uint32_t action)
{
	uint32_t full = action & SECCOMP_RET_ACTION_FULL;

	return full != SECCOMP_RET_ALLOW && full != SECCOMP_RET_LOG;
}
