/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Installing and removing one patch in a lab. The lab asks nothing of the
 * modules that the daemon does not ask too.
 */
#include "agentd/ctl/lab/shield.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agentd/inspect/module.h"
#include "agentd/sandbox.h"
#include "lib/cleanup.h"
#include "modules/netfilter/queue.h"

#define LEASE_TIME  3000 /* how soon a process is late is not what a lab is about */
#define LOG_GROUP   6	 /* nobody listens in the lab; the rules log as they would */
#define LEASE_TRIES 5000 /* milliseconds */

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

static struct vp_pairs *pairs_of(const struct vp_shield *shield)
{
	for (size_t i = 0; i < shield->enforcement.count; i++)
		if (shield->enforcement.modules[i] == &vp_inspection_module)
			return vp_inspection_pairs(shield->enforcement.instances[i]);
	return NULL;
}

/* Processes of inspection want to be listened to, as the daemon's loop does. */
static void attend(void *context)
{
	struct vp_pairs *pairs = pairs_of(context);

	if (!pairs)
		return;
	vp_pairs_read(pairs);
	vp_pairs_tick(pairs);
}

/* What the processes have to tell of themselves is never good news here. */
static void take_trouble(void *context, enum vp_queue_class class, const char *text)
{
	struct vp_shield *shield = context;

	(void)class;
	if (!shield->trouble[0])
		snprintf(shield->trouble, sizeof(shield->trouble), "%s", text);
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
	shield->host.queueing.lease_milliseconds = LEASE_TIME;
	vp_array_push(&shield->host.management, ssh);
	add_listeners(&shield->host, patch);
	vp_enforcement_init(&shield->enforcement, vp_modules);
	r = vp_lab_enter(lab, VP_LAB_HOST, err);
	if (!r)
		r = vp_enforcement_probe(&shield->enforcement, &shield->host, err);
	if (!r)
		r = vp_enforcement_open(&shield->enforcement, &shield->host, err);
	if (r < 0)
		return r;
	vp_pairs_listen(pairs_of(shield), &(struct vp_pairs_listener){ .told = take_trouble,
								       .context = shield });
	lab->attend = attend;
	lab->attended = shield;
	return 0;
}

void vp_shield_close(struct vp_shield *shield)
{
	shield->lab->attend = NULL;
	vp_plan_free(&shield->plan);
	vp_enforcement_close(&shield->enforcement);
	vp_array_free(&shield->policy.patches);
	vp_host_free(&shield->host);
}

/* Of traffic only: system calls are no matter of this host, see call_proof.h. */
static void plan_traffic(struct vp_shield *shield, struct vp_findings *findings)
{
	struct vp_patch *patch = shield->policy.patches.data[0];
	size_t sections = patch->syscalls.len;

	patch->syscalls.len = 0;
	vp_plan_build(&shield->plan, &shield->policy, &shield->host,
		      vp_enforcement_points(&shield->enforcement), findings);
	patch->syscalls.len = sections;
}

/* The plan, or the first error of the planner. */
static int make_plan(struct vp_shield *shield, const char *monitored, struct vp_error *err)
{
	struct vp_findings findings = { 0 };
	int r = 0;

	vp_plan_free(&shield->plan);
	shield->plan = (struct vp_plan){ 0 };
	plan_traffic(shield, &findings);
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

/* Renewals of leases so far, and of which classes there should be some. */
struct leases {
	uint64_t beats[VP_QUEUE_CLASSES];
	bool kept[VP_QUEUE_CLASSES];
};

static void note_class(void *context, const struct vp_pairs_state *state)
{
	struct leases *leases = context;

	leases->kept[state->class] = true;
}

static void read_leases(struct vp_pairs *pairs, struct leases *leases)
{
	struct vp_sums sums = { 0 };

	*leases = (struct leases){ 0 };
	vp_pairs_each(pairs, note_class, leases);
	vp_pairs_sums(pairs, &sums);
	for (unsigned int class = 0; class < VP_QUEUE_CLASSES; class ++)
		leases->beats[class] = vp_sums_get(&sums, VP_TALLY_BEATS, class);
	vp_array_free(&sums);
}

/*
 * Packets are not read before the leases of rules that are new have been renewed. A
 * beat may have been under way when they were committed: the second one is theirs.
 */
static int await_leases(struct vp_shield *shield, struct vp_error *err)
{
	struct vp_pairs *pairs = pairs_of(shield);
	struct leases before, now;
	bool fresh = false;

	read_leases(pairs, &before);
	for (unsigned int tries = 0; !fresh && tries < LEASE_TRIES; tries++) {
		const struct timespec moment = { .tv_nsec = 1000000 };

		vp_pairs_beat(pairs);
		nanosleep(&moment, NULL);
		attend(shield);
		read_leases(pairs, &now);
		fresh = true;
		for (unsigned int class = 0; class < VP_QUEUE_CLASSES; class ++)
			if (now.kept[class] && now.beats[class] < before.beats[class] + 2)
				fresh = false;
	}
	return fresh ? 0
		     : vp_fail(err, -ETIMEDOUT,
			       "lab: the processes of inspection do not renew their lease");
}

/* What a user namespace does not let a process give up. */
static void note_confinement(void *context, const struct vp_pairs_state *state)
{
	static const struct {
		unsigned int bit;
		const char *what;
	} walls[] = {
		{ VP_CONFINED_IDENTITY, "a user of its own" },
		{ VP_CONFINED_FILES, "an empty file system" },
	};
	struct vp_shield *shield = context;
	unsigned int achieved = state->pair ? state->pair->confinement[VP_PAIR_WORKER] : 0;

	for (size_t i = 0; i < VP_COUNT(walls); i++)
		if (state->pair && !(achieved & walls[i].bit))
			vp_array_push(&shield->lab->missing,
				      vp_format("the process that reads packets has not %s "
						"here",
						walls[i].what));
}

static bool inspects(const struct vp_plan *plan)
{
	vp_array_each (placement, &plan->placements)
		if (placement->point == VP_POINT_INSPECTION)
			return true;
	return false;
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
	if (!r && inspects(&shield->plan)) {
		r = vp_lab_watch_queues(shield->lab, err);
		if (!r)
			r = await_leases(shield, err);
		if (!r && !shield->confined)
			vp_pairs_each(pairs_of(shield), note_confinement, shield);
		shield->confined = true;
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

/* Of whatever holder. */
static int read_counts(struct vp_shield *shield, struct vp_counts *counts,
		       struct vp_error *err)
{
	int r = 0;

	for (int holder = 0; !r && holder < VP_HOLDERS; holder++)
		r = vp_enforcement_counts(&shield->enforcement, (enum vp_holder)holder, counts,
					  err);
	return r;
}

int vp_shield_unread(struct vp_shield *shield, uint64_t *packets, struct vp_error *err)
{
	static const enum vp_queue_count unread[] = { VP_QUEUE_UNREAD_PASS,
						      VP_QUEUE_UNREAD_BLOCK,
						      VP_QUEUE_UNREAD_WATCH };
	struct vp_counts read = { 0 };
	int r = vp_lab_enter(shield->lab, VP_LAB_HOST, err);

	*packets = 0;
	if (!r)
		r = read_counts(shield, &read, err);
	vp_array_each (one, &read)
		for (size_t i = 0; i < VP_COUNT(unread); i++)
			if (one->tag == vp_queue_count_tag(unread[i]))
				*packets += one->packets;
	vp_array_free(&read);
	return r;
}

int vp_shield_counts(struct vp_shield *shield, struct vp_movements *counts,
		     struct vp_error *err)
{
	struct vp_counts read = { 0 };
	int r = vp_lab_enter(shield->lab, VP_LAB_HOST, err);

	counts->len = 0;
	if (!r)
		r = read_counts(shield, &read, err);
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
