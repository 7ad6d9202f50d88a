// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The netfilter enforcement point as a module: compile.c and text.c are its pure
 * half, apply.c and its neighbours the half that touches the kernel.
 */
#include "modules/netfilter/netfilter.h"

#include <errno.h>

#include "modules/netfilter/compile.h"
#include "modules/netfilter/instance.h"
#include "modules/netfilter/text.h"

static int compile(const struct vp_plan *plan, const struct vp_host *host, uint64_t generation,
		   struct vp_artefact **artefact, struct vp_error *err)
{
	struct vp_ruleset *ruleset;
	int code = vp_ruleset_compile(plan, host, generation, &ruleset, err);

	if (code < 0)
		return code;
	*artefact = vp_new(struct vp_artefact);
	(*artefact)->ruleset = ruleset;
	return 0;
}

static void artefact_free(struct vp_artefact *artefact)
{
	if (!artefact)
		return;
	vp_ruleset_free(artefact->ruleset);
	free(artefact);
}

static int dump(const struct vp_artefact *artefact, const char *format, struct vp_strbuf *out)
{
	if (strcmp(format, "nft") && strcmp(format, "text"))
		return -ENOTSUP;
	vp_ruleset_print(artefact->ruleset, out);
	return 0;
}

const struct vp_module vp_netfilter_module = {
	.name = "netfilter",
	.point = VP_POINT_NETFILTER,
	.probe = vp_netfilter_probe,
	.compile = compile,
	.artefact_free = artefact_free,
	.dump = dump,
	.open = vp_instance_open,
	.close = vp_instance_close,
	.prepare = vp_netfilter_prepare,
	.commit = vp_netfilter_commit,
	.finish = vp_netfilter_finish,
	.abort = vp_netfilter_abort,
	.verify = vp_netfilter_verify,
	.running = vp_instance_running,
	.counts = vp_netfilter_counts,
	.remove = vp_instance_remove,
};
