/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpatchctl apply: the daemon reads, plans and installs; this asks, waits and reports. */
#include <errno.h>
#include <time.h>

#include "agentd/ctl/remote.h"
#include "agentd/ctl/request.h"
#include "agentd/ctl/verbs.h"
#include "agentd/document.h"

#define WAIT_SECONDS	  60
#define WAIT_MILLISECONDS 200 /* between tries */

static void pause_briefly(void)
{
	const struct timespec pause = { .tv_nsec = WAIT_MILLISECONDS * 1000000L };

	nanosleep(&pause, NULL);
}

/* Is the daemon not there yet, in a way that waiting may cure? */
static bool not_yet(int r)
{
	return r == -ENOENT || r == -ECONNREFUSED || r == -ECONNRESET;
}

enum vp_exit vp_ctl_apply(const struct vp_ctl *ctl)
{
	struct vp_request_text text;
	struct vp_message request = { .type = VP_REQUEST_APPLY };
	size_t tries = vp_ctl_given(ctl, VP_OPTION_WAIT)
			       ? WAIT_SECONDS * 1000 / WAIT_MILLISECONDS
			       : 0;
	_cleanup_json_ json_t *answer = NULL;
	struct vp_error err = { 0 };
	enum vp_exit status;
	int r;

	vp_request_add_options(&request, ctl, &text);
	vp_output_progress(ctl->out, "applying", 0, 0);
	while ((r = vp_remote_ask(ctl, &request, &status, &answer, &err)) && not_yet(r) &&
	       tries--) {
		vp_output_progress(ctl->out, "waiting for vpatchd", 0, 0);
		pause_briefly();
	}
	if (r)
		return vp_output_failure(ctl->out, status, "%s", err.text);
	return vp_remote_print(ctl, status, answer, vp_render_result);
}
