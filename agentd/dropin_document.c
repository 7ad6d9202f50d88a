/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drop-ins in documents: what each says, and how it stands. See dropin_keeper.h,
 * doc/schemas.md. */
#include <string.h>

#include "agentd/document.h"
#include "agentd/dropin_keeper.h"
#include "agentd/syscalls/manager.h"

static json_t *directive_document(const struct vp_dropin_item *item)
{
	json_t *document = json_object();

	vp_json_set_text(document, "directive", item->directive);
	vp_json_set_text(document, "rule", item->rule);
	vp_json_set_text(document, "remark", item->remark);
	return document;
}

/* Rules with a directive there, and those without. */
static void set_rules(json_t *document, const struct vp_dropin *dropin,
		      const struct vp_dropin_site *site)
{
	json_t *directives = json_array(), *others = json_array();

	vp_array_each (item, &dropin->items) {
		const char *reason = vp_dropin_item_reason(item, site);
		_cleanup_free_ char *line = NULL;

		if (!reason) {
			json_array_append_new(directives, directive_document(item));
			continue;
		}
		line = vp_format("%s%s%s", item->rule, *reason ? ": " : "", reason);
		vp_json_append_text(others, line);
	}
	json_object_set_new(document, "directives", directives);
	json_object_set_new(document, "without", others);
}

/* Why this host has none at all; NULL: it may have some. */
static const char *obstacle_of(const struct vp_host *host)
{
	if (!host->dropins)
		return "none are kept, as vpatchd.conf has it";
	return vp_manager_is_systemd() ? NULL : "the first process is not systemd";
}

static json_t *dropin_document(const struct vp_dropin *dropin, const struct vp_host *host)
{
	static const char *const states[] = {
		[VP_DROPIN_ABSENT] = "missing",
		[VP_DROPIN_WRITTEN] = "written",
		[VP_DROPIN_CHANGED] = "changed",
		[VP_DROPIN_FOREIGN] = "foreign",
	};
	const struct vp_dropin_folder folder =
		vp_manager_folder(host->dropins, host->dropins_exact);
	const char *obstacle = obstacle_of(host);
	struct vp_dropin_view view = { .reason = obstacle,
				       .site = { .manager = folder.manager,
						 .exact = folder.exact } };
	json_t *document = json_object();

	_Static_assert(VP_COUNT(states) == VP_DROPIN_PLACES, "each place has its word");
	if (!obstacle)
		vp_dropin_files_look(&folder, dropin, &view);
	vp_json_set_text(document, "unit", dropin->unit);
	vp_json_set_text(document, "patches", dropin->patches);
	vp_json_set_text(document, "file", view.path);
	vp_json_set_text(document, "state",
			 view.reason && view.place == VP_DROPIN_ABSENT ? "none"
								       : states[view.place]);
	vp_json_set_text(document, "reason", view.reason);
	if (!view.reason)
		set_rules(document, dropin, &view.site);
	free(view.path);
	return document;
}

/* Does any section of the patch mean the unit? */
static bool is_of(const struct vp_dropin *dropin, const struct vp_plan *plan,
		  const struct vp_patch *patch)
{
	const struct vp_call_target unit = { VP_CALL_TARGET_UNIT, dropin->unit };

	vp_array_each (call, &plan->calls)
		if (call->patch == patch &&
		    vp_call_targets_mean(&call->syscalls->targets, &unit))
			return true;
	return false;
}

json_t *vp_dropin_document(const struct vp_plan *plan, const struct vp_host *host,
			   const struct vp_patch *only)
{
	struct vp_dropins dropins = { 0 };
	json_t *list = json_array();

	vp_dropins_build(plan, &dropins);
	vp_array_each (dropin, &dropins)
		if (!only || is_of(dropin, plan, only))
			json_array_append_new(list, dropin_document(dropin, host));
	vp_dropins_free(&dropins);
	return list;
}
