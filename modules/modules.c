// SPDX-License-Identifier: GPL-2.0-or-later
/* The enforcement points of this build. A new one is a folder and a line here. */
#include "modules/module.h"
#include "modules/netfilter/netfilter.h"

const struct vp_module *const vp_modules[] = {
	&vp_netfilter_module,
	NULL,
};

unsigned int vp_modules_points(void)
{
	unsigned int points = 0;

	for (const struct vp_module *const *module = vp_modules; *module; module++)
		points |= VP_POINT_BIT((*module)->point);
	return points;
}
