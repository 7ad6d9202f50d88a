// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The netfilter enforcement point as a module: compile.c and text.c are its pure
 * half, apply.c and its neighbours the half that touches the kernel.
 */
#include "modules/netfilter/netfilter.h"

#include <errno.h>
#include <netinet/in.h>

#include <linux/netfilter.h>

#include "lib/cleanup.h"
#include "lib/log.h"
#include "modules/netfilter/compile.h"
#include "modules/netfilter/instance.h"
#include "modules/netfilter/observe.h"
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

static int open_instance(struct vp_instance **instance, const struct vp_host *host,
			 struct vp_error *err)
{
	struct vp_instance *made = vp_new(struct vp_instance);
	int code = vp_netlink_open(&made->nl, err);

	(void)host; /* the compiler has used its facts already */
	if (code < 0) {
		free(made);
		return code;
	}
	*instance = made;
	return 0;
}

static void close_instance(struct vp_instance *instance)
{
	if (!instance)
		return;
	vp_instance_settle(instance);
	vp_image_free(instance->meant);
	vp_array_free(&instance->last);
	vp_netlink_close(&instance->nl);
	free(instance);
}

static int running(struct vp_instance *instance, uint64_t *generation, struct vp_error *err)
{
	_cleanup_image_ struct vp_image *image = vp_image_new();
	int code = vp_observe_table(&instance->nl, image, err);

	if (code == 0)
		*generation = image->exists ? image->generation : 0;
	return code;
}

static int remove_all(struct vp_instance *instance, struct vp_error *err)
{
	_cleanup_image_ struct vp_image *image = vp_image_new();
	_cleanup_batch_ struct vp_batch batch = { 0 };
	int code = vp_observe_table(&instance->nl, image, err);

	if (code == 0 && image->exists) {
		vp_batch_begin(&batch, &instance->nl);
		vp_batch_delete_table(&batch, VP_TABLE_NAME);
		code = vp_instance_send(instance, &batch, NULL, NULL, err);
	}
	if (code < 0)
		return code;
	vp_instance_settle(instance);
	vp_image_free(TAKE_PTR(instance->meant));
	vp_array_free(&instance->last);
	instance->certain = false;
	return 0;
}

const struct vp_module vp_netfilter_module = {
	.name = "netfilter",
	.point = VP_POINT_NETFILTER,
	.probe = vp_netfilter_probe,
	.compile = compile,
	.artefact_free = artefact_free,
	.dump = dump,
	.open = open_instance,
	.close = close_instance,
	.prepare = vp_netfilter_prepare,
	.commit = vp_netfilter_commit,
	.finish = vp_netfilter_finish,
	.abort = vp_netfilter_abort,
	.verify = vp_netfilter_verify,
	.running = running,
	.counts = vp_netfilter_counts,
	.remove = remove_all,
};
