/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpatchctl: everything is in run.c and behind the command table, where tests reach it. */
#include "agentd/ctl/run.h"

int main(int argc, char *argv[])
{
	return vp_ctl_run(argc, argv, stdout, stderr);
}
