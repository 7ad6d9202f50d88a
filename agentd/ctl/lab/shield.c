/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Installing and removing one patch in a lab. The lab asks nothing of the
 * modules that the daemon does not ask too.
 */
#include "agentd/ctl/lab/shield.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include "lib/cleanup.h"

#define LOG_GROUP 6 /* nobody listens in the lab; the rules log as they would */

/* A unit or process of the definition listens on the ports that its samples name. */
static void add_listeners(struct vp_host *host, const struct vp_patch *patch)
{
	for (size_t i = 0; i < patch->samples.len; i++) {
		const struct vp_sample *sample = &patch->samples.data[i];
		const struct vp_service *service = &patch->services.data[sample->service];
		struct vp_socket *socket;

		if ((!service->unit && !service->process) || !sample->port.protocol)
			continue;
		socket = vp_array_add(&host->sockets);
		socket->protocol = sample->port.protocol;
		socket->port = sample->port.first;
		socket->process = vp_strdup(service->process);
		socket->unit = vp_strdup(service->unit);
	}
}

int vp_shield_open(struct vp_shield *shield, struct vp_lab *lab, struct vp_patch *patch,
		   struct vp_error *err)
{
	const struct vp_port_range ssh = { .protocol = IPPROTO_TCP, .first = 22, .last = 22 };
	int r;

	*shield = (struct vp_shield){ .lab = lab };
	vp_array_push(&shield->policy.patches, patch);
	shield->host.now = time(NULL);
	shield->host.clock_synchronised = true;
	shield->host.examples_allowed = true;
	shield->host.log_group = LOG_GROUP;
	vp_array_push(&shield->host.management, ssh);
	add_listeners(&shield->host, patch);
	vp_enforcement_init(&shield->enforcement, vp_modules);
	r = vp_lab_enter(lab, VP_LAB_HOST, err);
	if (!r)
		r = vp_enforcement_probe(&shield->enforcement, &shield->host, err);
	if (!r)
		r = vp_enforcement_open(&shield->enforcement, &shield->host, err);
	return r;
}

void vp_shield_close(struct vp_shield *shield)
{
	vp_plan_free(&shield->plan);
	vp_enforcement_close(&shield->enforcement);
	vp_array_free(&shield->policy.patches);
	vp_host_free(&shield->host);
}

/* The plan, or the first error of the planner. */
static int make_plan(struct vp_shield *shield, const char *monitored, struct vp_error *err)
{
	struct vp_findings findings = { 0 };
	int r = 0;

	vp_plan_free(&shield->plan);
	shield->plan = (struct vp_plan){ 0 };
	vp_plan_build(&shield->plan, &shield->policy, &shield->host,
		      vp_enforcement_points(&shield->enforcement), &findings);
	if (findings.errors) {
		r = vp_fail(err, -EINVAL, "cannot be enforced");
		vp_array_each (finding, &findings.list)
			if (finding->level == VP_FINDING_ERROR) {
				r = vp_fail(err, -EINVAL, "line %u: %s", finding->line,
					    finding->text);
				break;
			}
	}
	vp_findings_free(&findings);
	if (monitored)
		vp_array_each (placement, &shield->plan.placements)
			if (!strcmp(placement->rule->name, monitored))
				placement->mode = VP_MODE_MONITOR;
	return r;
}

static int check(struct vp_shield *shield, const struct vp_artefacts *artefacts,
		 struct vp_error *err)
{
	_cleanup_strbuf_ struct vp_strbuf differences = { 0 };
	int r = vp_enforcement_verify(&shield->enforcement, artefacts, &differences, err);

	if (r > 0)
		return vp_fail(err, -EUCLEAN,
			       "the kernel does not hold what was installed: %s",
			       vp_strbuf_text(&differences));
	return r;
}

/* Compile and switch to it. */
static int put_in_place(struct vp_shield *shield, bool verify, struct vp_error *err)
{
	struct vp_enforcement *all = &shield->enforcement;
	struct vp_artefacts artefacts = { 0 };
	int r = vp_enforcement_compile(all, &shield->plan, &shield->host, ++shield->generation,
				       &artefacts, err);

	if (r < 0)
		return err->code = -EINVAL;
	r = vp_enforcement_prepare(all, &artefacts, err);
	if (!r)
		r = vp_enforcement_commit(all, NULL, err);
	if (!r) {
		shield->installed = true;
		vp_enforcement_finish(all);
	}
	if (!r && verify)
		r = check(shield, &artefacts, err);
	vp_artefacts_free(all, &artefacts);
	return r == -EINVAL ? (err->code = -EIO)
			    : r; /* a plan that the kernel does not take */
}

int vp_shield_install(struct vp_shield *shield, const char *monitored, bool verify,
		      struct vp_error *err)
{
	int r = vp_shield_remove(shield, err);

	if (!r)
		r = make_plan(shield, monitored, err);
	return r < 0 ? r : put_in_place(shield, verify, err);
}

int vp_shield_remove(struct vp_shield *shield, struct vp_error *err)
{
	int r = vp_lab_enter(shield->lab, VP_LAB_HOST, err);

	if (!r && shield->installed)
		r = vp_enforcement_remove(&shield->enforcement, err);
	if (r < 0)
		return r;
	shield->installed = false;
	return vp_lab_forget(shield->lab, err);
}

int vp_shield_counts(struct vp_shield *shield, struct vp_movements *counts,
		     struct vp_error *err)
{
	struct vp_counts read = { 0 };
	int r = vp_lab_enter(shield->lab, VP_LAB_HOST, err);

	counts->len = 0;
	if (!r)
		r = vp_enforcement_counts(&shield->enforcement, &read, err);
	vp_array_each (placement, &shield->plan.placements) {
		struct vp_movement *count = vp_array_add(counts);

		count->rule = placement->rule->name;
		count->enforcing = placement->mode == VP_MODE_ENFORCE;
		vp_array_each (one, &read)
			if (one->tag == placement->tag)
				count->packets += one->packets;
	}
	vp_array_free(&read);
	return r;
}
