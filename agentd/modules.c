/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The enforcement points of this build. A new one is a folder and a line here. */
#include "agentd/inspect/module.h"
#include "agentd/syscalls/module.h"
#include "modules/netfilter/netfilter.h"

/* Packets are sent to inspection by rules of netfilter's: its processes are ready before, and
 * judge by the new programs from then on. Filters on processes are last: what a commit of theirs
 * does is not undone. */
const struct vp_module *const vp_modules[] = {
	&vp_netfilter_module,
	&vp_inspection_module,
	&vp_seccomp_module,
	NULL,
};

unsigned int vp_modules_points(void)
{
	unsigned int points = 0;

	for (const struct vp_module *const *module = vp_modules; *module; module++)
		points |= VP_POINT_BIT((*module)->point);
	return points;
}
