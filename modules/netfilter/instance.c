// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's handle on the running system: its socket, what it remembers, and
 * the one place through which its transactions go. What the steps of a change do
 * is in apply.c.
 */
#include "modules/netfilter/instance.h"

#include <errno.h>
#include <netinet/in.h>

#include <linux/netfilter.h>

#include "lib/log.h"
#include "modules/netfilter/observe.h"
#include "modules/netfilter/watch.h"

int vp_instance_send(struct vp_instance *instance, struct vp_batch *batch,
		     struct vp_error *err)
{
	uint32_t before = 0, after = 0;
	int code;

	if (vp_batch_empty(batch))
		return 0;
	if (instance->watch)
		vp_watch_pause(instance->watch);
	if (vp_netlink_genid(&instance->nl, &before) < 0 || before != instance->genid)
		instance->certain = false;
	code = vp_batch_send(batch, &instance->nl, err);
	if (vp_netlink_genid(&instance->nl, &after) < 0 ||
	    (code == 0 && after - before != 1) || (code < 0 && after != before))
		instance->certain = false;
	instance->genid = after;
	if (instance->watch)
		vp_watch_resume(instance->watch, before, code == 0 ? 1 : 0);
	return code;
}

void vp_instance_settle(struct vp_instance *instance)
{
	vp_diff_free(&instance->diff);
	if (instance->base_owned)
		vp_image_free(instance->base);
	instance->base = NULL;
	instance->base_owned = false;
	vp_image_free(instance->wanted);
	instance->wanted = NULL;
	instance->prepared = instance->committed = false;
}

int vp_instance_open(struct vp_instance **instance, const struct vp_host *host,
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

void vp_instance_close(struct vp_instance *instance)
{
	if (!instance)
		return;
	vp_instance_settle(instance);
	vp_image_free(instance->meant);
	vp_image_free(instance->bans);
	vp_array_free(&instance->last);
	vp_netlink_close(&instance->nl);
	free(instance);
}

int vp_instance_running(struct vp_instance *instance, uint64_t *generation,
			struct vp_error *err)
{
	_cleanup_image_ struct vp_image *image = vp_image_new();
	int code = vp_observe_table(&instance->nl, image, err);

	if (code == 0)
		*generation = image->exists ? image->generation : 0;
	return code;
}

int vp_instance_remove(struct vp_instance *instance, struct vp_error *err)
{
	_cleanup_image_ struct vp_image *image = vp_image_new();
	_cleanup_batch_ struct vp_batch batch = { 0 };
	int code = vp_observe_table(&instance->nl, image, err);

	if (code == 0 && image->exists) {
		vp_batch_begin(&batch, &instance->nl);
		vp_batch_delete_table(&batch, VP_TABLE_NAME);
		code = vp_instance_send(instance, &batch, err);
	}
	if (code < 0)
		return code;
	vp_instance_settle(instance);
	vp_image_free(TAKE_PTR(instance->meant));
	vp_image_free(TAKE_PTR(instance->bans));
	vp_array_free(&instance->last);
	instance->certain = false;
	return 0;
}
