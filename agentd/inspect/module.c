/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations of the inspection enforcement point: see module.h. */
#include "agentd/inspect/module.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "agentd/inspect/child.h"
#include "agentd/inspect/window.h"
#include "lib/cleanup.h"
#include "modules/inspection/scope.h"

struct vp_artefact {
	uint64_t generation;
	unsigned int classes;
	size_t scopes, rules;
	uint8_t *bytes; /* NULL: there are no rules for it */
	size_t len;
};

struct vp_instance {
	struct vp_pairs *pairs;
};

static int probe(struct vp_host *host, struct vp_error *err)
{
	(void)host;
	(void)err;
	return 0; /* whether packets can be had at all, netfilter says */
}

static enum vp_queue_class class_of(const struct vp_placement *placement)
{
	if (placement->mode != VP_MODE_ENFORCE)
		return VP_QUEUE_WATCH;
	return placement->patch->on_failure == VP_FAILURE_BLOCK ? VP_QUEUE_BLOCK
								: VP_QUEUE_PASS;
}

/* A service's class is the strictest of its rules': each of these may be one's. */
static void count_rules(const struct vp_plan *plan, struct vp_artefact *artefact)
{
	vp_array_each (placement, &plan->placements) {
		if (placement->point != VP_POINT_INSPECTION)
			continue;
		artefact->rules++;
		artefact->classes |= 1u << class_of(placement);
	}
}

static void artefact_free(struct vp_artefact *artefact)
{
	if (!artefact)
		return;
	free(artefact->bytes);
	free(artefact);
}

static int compile(const struct vp_plan *plan, const struct vp_host *host, uint64_t generation,
		   struct vp_artefact **artefact, struct vp_error *err)
{
	struct vp_artefact *made = vp_new(struct vp_artefact);
	struct vp_scopes *scopes;

	(void)host;
	made->generation = generation;
	count_rules(plan, made);
	if (made->rules) {
		scopes = vp_scopes_compile(plan, err);
		if (!scopes) {
			artefact_free(made);
			return err->code ? err->code : -EINVAL;
		}
		made->scopes = vp_scopes_count(scopes);
		vp_scopes_pack(scopes, &made->bytes, &made->len);
		vp_scopes_free(scopes);
	}
	*artefact = made;
	return 0;
}

static int dump(const struct vp_artefact *artefact, const char *format, struct vp_strbuf *out)
{
	if (strcmp(format, "text") != 0)
		return -ENOTSUP;
	if (artefact->rules)
		vp_strbuf_addf(out, "inspection: %zu rules in %zu programs, %zu bytes\n",
			       artefact->rules, artefact->scopes, artefact->len);
	return 0;
}

static int open_instance(struct vp_instance **instance, const struct vp_host *host,
			 struct vp_error *err)
{
	_cleanup_free_ char *worker = vp_child_executable("vpatchd-inspect");
	_cleanup_free_ char *writer = vp_child_executable("vpatchd-verdict");
	_cleanup_free_ char *counts = host->run ? vp_format("%s/inspection", host->run) : NULL;
	const struct vp_window_facts facts = vp_window_facts();
	const struct vp_pairs_options options = {
		.worker = worker,
		.writer = writer,
		.queueing = vp_queueing(host),
		.window = vp_window_of(&facts),
		.counts = counts,
	};
	struct vp_pairs *pairs = vp_pairs_new(&options, err);

	if (!pairs)
		return err->code;
	*instance = vp_new(struct vp_instance);
	(*instance)->pairs = pairs;
	return 0;
}

static void close_instance(struct vp_instance *instance)
{
	vp_pairs_free(instance->pairs);
	free(instance);
}

static int prepare(struct vp_instance *instance, const struct vp_artefact *artefact,
		   struct vp_error *err)
{
	const struct vp_pairs_program program = {
		.generation = artefact->generation,
		.classes = artefact->classes,
		.bytes = artefact->bytes,
		.len = artefact->len,
	};

	return vp_pairs_prepare(instance->pairs, &program, err);
}

static int commit(struct vp_instance *instance, struct vp_error *err)
{
	(void)err;
	vp_pairs_commit(instance->pairs);
	return 0;
}

static void finish(struct vp_instance *instance)
{
	vp_pairs_finish(instance->pairs);
}

static void abort_prepared(struct vp_instance *instance)
{
	vp_pairs_abort(instance->pairs);
}

/* A process that is being replaced is no difference: status tells of it. */
static int verify(struct vp_instance *instance, const struct vp_artefact *artefact,
		  struct vp_strbuf *differences, struct vp_error *err)
{
	uint64_t generation = vp_pairs_generation(instance->pairs);

	(void)err;
	if (!artefact->rules || generation == artefact->generation)
		return 0;
	if (generation)
		vp_strbuf_addf(differences,
			       "inspection judges by generation %" PRIu64 ", not %" PRIu64
			       "\n",
			       generation, artefact->generation);
	else
		vp_strbuf_adds(differences, "no inspection runs\n");
	return 1;
}

static int counts(struct vp_instance *instance, struct vp_counts *counts, struct vp_error *err)
{
	struct vp_sums sums = { 0 };

	(void)err;
	vp_pairs_sums(instance->pairs, &sums);
	vp_array_each (sum, &sums)
		if (sum->kind == VP_TALLY_HITS)
			vp_array_push(counts, ((struct vp_count){ .tag = sum->of,
								  .packets = sum->n }));
	vp_array_free(&sums);
	return 0;
}

static int remove_all(struct vp_instance *instance, struct vp_error *err)
{
	(void)err;
	vp_pairs_stop(instance->pairs);
	return 0;
}

struct vp_pairs *vp_inspection_pairs(struct vp_instance *instance)
{
	return instance ? instance->pairs : NULL;
}

const struct vp_module vp_inspection_module = {
	.name = "inspection",
	.point = VP_POINT_INSPECTION,
	.probe = probe,
	.compile = compile,
	.artefact_free = artefact_free,
	.dump = dump,
	.open = open_instance,
	.close = close_instance,
	.prepare = prepare,
	.commit = commit,
	.finish = finish,
	.abort = abort_prepared,
	.verify = verify,
	.running = NULL, /* it ends with this process */
	.counts = counts,
	.remove = remove_all,
};
