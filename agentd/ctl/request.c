/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which option travels under which key; the daemon checks every value again. */
#include "agentd/ctl/request.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/memory.h"
#include "policy/value.h"

static const struct {
	enum vp_option_id option;
	enum vp_argument_key key;
} keys[] = {
	{ VP_OPTION_ALL, VP_ARG_ALL },	       { VP_OPTION_REASON, VP_ARG_REASON },
	{ VP_OPTION_TICKET, VP_ARG_TICKET },   { VP_OPTION_FOR, VP_ARG_DURATION },
	{ VP_OPTION_CONFIRM, VP_ARG_CONFIRM }, { VP_OPTION_AFTER_PANIC, VP_ARG_AFTER_PANIC },
	{ VP_OPTION_FORCE, VP_ARG_FORCE },     { VP_OPTION_FOLLOW, VP_ARG_FOLLOW },
	{ VP_OPTION_SRC, VP_ARG_SOURCE },      { VP_OPTION_DPORT, VP_ARG_PORT },
	{ VP_OPTION_SINCE, VP_ARG_SINCE },
};

void vp_request_add_options(struct vp_message *request, const struct vp_ctl *ctl,
			    struct vp_request_text *text)
{
	uint64_t milliseconds;

	for (size_t i = 0; i < VP_COUNT(keys); i++)
		if (ctl->option[keys[i].option])
			request->arguments[keys[i].key] = ctl->option[keys[i].option];
	if (ctl->option[VP_OPTION_FOR] &&
	    !vp_duration_parse(ctl->option[VP_OPTION_FOR], &milliseconds)) {
		snprintf(text->milliseconds, sizeof(text->milliseconds), "%" PRIu64,
			 milliseconds);
		request->arguments[VP_ARG_DURATION] = text->milliseconds;
	}
}
