/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchd-hook: has the kernel ask before programs that vpatchd names are executed, and puts
 * filters on them before their first instruction. It knows nothing of definitions. It must
 * not be under a filter itself, and needs CAP_SYS_ADMIN and CAP_SYS_PTRACE.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agentd/hook/keeper.h"
#include "lib/listen_option.h"
#include "lib/log.h"
#include "lib/unix_socket.h"

#define WAITING 4 /* connections, while another is served */

int main(int argc, char **argv)
{
	struct vp_error err = { 0 };
	const char *path;
	int listener, r = vp_listen_option(argc, argv, "vpatchd-hook", &path);

	if (r >= 0)
		return r;
	/* only we may connect */
	listener = path ? vp_unix_listen(path, SOCK_SEQPACKET, 0600, WAITING, &err)
			: vp_unix_passed(&err);
	r = listener < 0 ? listener : vp_hook_keep(listener, &err);
	if (path && listener >= 0)
		(void)unlink(path);
	if (r)
		vp_log_error("%s", err.text);
	return r ? EXIT_FAILURE : EXIT_SUCCESS;
}
