/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the call rules of a plan to a filter for each target: see targets.h. */
#include "modules/seccomp/targets.h"

#include <errno.h>
#include <string.h>

#include "lib/digest.h"
#include "modules/seccomp/vectors.h"

VP_ARRAY_TYPE(rules, struct vp_filter_rule);
VP_ARRAY_TYPE(vectors, struct vp_vector);

bool vp_call_target_is(const struct vp_call_target *a, const struct vp_call_target *b)
{
	return a->kind == b->kind && !strcmp(a->name, b->name);
}

bool vp_call_is_revocable(const struct vp_call_placement *call)
{
	return call->syscalls->revocable && call->mode == VP_MODE_ENFORCE;
}

uint64_t vp_call_target_key(const struct vp_call_target *target)
{
	const uint32_t kind = target->kind;
	uint64_t key = vp_digest(VP_DIGEST_SEED, &kind, sizeof(kind));

	return vp_digest(key, target->name, strlen(target->name)) ?: 1;
}

const char *vp_plan_call_name(uint32_t tag, void *plan)
{
	const struct vp_plan *of = plan;

	vp_array_each (call, &of->calls)
		if (call->tag == tag)
			return call->patch->id;
	return NULL;
}

static void add_rules(const struct vp_call_placement *call, struct rules *rules)
{
	vp_array_each (rule, &call->syscalls->rules)
		vp_array_push(rules, ((struct vp_filter_rule){
					     .tag = call->tag,
					     .monitor = call->mode != VP_MODE_ENFORCE,
					     .rule = rule,
				     }));
}

static int compile(const struct rules *rules, bool cover, bool revocable,
		   struct vp_filter **filter, struct vp_error *err)
{
	const struct vp_filter_request request = {
		.abi = vp_abi_native(),
		.cover = cover,
		.revocable = revocable,
		.rules = rules->data,
		.count = rules->len,
	};

	return vp_filter_compile(&request, filter, err);
}

/* The calls of the section's samples. */
static void add_vectors(const struct vp_call_placement *call, bool denied_only,
			struct vectors *vectors)
{
	vp_array_each (sample, &call->patch->call_samples) {
		if (&call->patch->syscalls.data[sample->syscalls] != call->syscalls ||
		    (denied_only && !sample->denied))
			continue;
		vp_array_each (vector, &sample->calls)
			vp_array_push(vectors,
				      ((struct vp_vector){ .call = vector,
							   .tag = call->tag,
							   .denied = sample->denied }));
	}
}

static int run(const struct vp_filter *filter, const struct vectors *vectors,
	       const char *patch, struct vp_error *err)
{
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };
	const struct vp_bpf program = vp_filter_program(filter);
	const char *text;

	if (!vp_vectors_run(filter, &program, vectors->data, vectors->len, &out))
		return 0;
	text = vp_strbuf_text(&out);
	return vp_fail(err, -EBADMSG, "%s: a sample is not met: %.*s", patch,
		       (int)strcspn(text, "\n"), text);
}

/* A section by itself does what its samples say. */
static int prove_alone(const struct vp_call_placement *call, struct vp_error *err)
{
	_cleanup_filter_ struct vp_filter *filter = NULL;
	struct vectors vectors = { 0 };
	struct rules rules = { 0 };
	int r;

	add_rules(call, &rules);
	add_vectors(call, false, &vectors);
	r = compile(&rules, call->syscalls->foreign == VP_FOREIGN_COVER, false, &filter, err);
	if (r)
		vp_fail_context(err, "%s, [syscalls %s]", call->patch->id,
				call->syscalls->name);
	else
		r = run(filter, &vectors, call->patch->id, err);
	vp_array_free(&vectors);
	vp_array_free(&rules);
	return r;
}

/* What others deny too must still be denied; what they allow is their own. */
static int prove_merged(const struct vp_plan *plan, const struct vp_target_filter *made,
			struct vp_error *err)
{
	int r = 0;

	vp_array_each (call, &plan->calls) {
		struct vectors vectors = { 0 };

		if (r || call->mode != VP_MODE_ENFORCE ||
		    vp_call_is_revocable(call) != made->revocable ||
		    !vp_call_targets_mean(&call->syscalls->targets, &made->target))
			continue;
		add_vectors(call, true, &vectors);
		r = run(made->filter, &vectors, call->patch->id, err);
		vp_array_free(&vectors);
	}
	return r;
}

static uint64_t digest_of(const struct vp_target_filter *made)
{
	const struct vp_bpf program = vp_filter_program(made->filter);
	uint64_t digest =
		vp_digest(VP_DIGEST_SEED, made->target.name, strlen(made->target.name) + 1);

	return vp_digest(digest, program.code, program.len * sizeof(*program.code));
}

VP_ARRAY_TYPE(placements, const struct vp_call_placement *);

/* The sections on a target: those that name it, and behind them, so that the errno of the
 * former counts, those that name the template of which it is an instance. */
static void find_placements(const struct vp_plan *plan, const struct vp_call_target *target,
			    struct placements *placements)
{
	for (int by_template = 0; by_template < 2; by_template++)
		vp_array_each (call, &plan->calls) {
			const struct vp_call_targets *named = &call->syscalls->targets;

			if (vp_call_targets_mean(named, target) &&
			    vp_call_targets_have(named, target) == !by_template)
				vp_array_push(placements, call);
		}
}

static bool is_first_of_patch(const struct placements *placements,
			      const struct vp_call_placement *const *at)
{
	for (size_t i = 0; &placements->data[i] < at; i++)
		if (placements->data[i]->patch == (*at)->patch &&
		    vp_call_is_revocable(placements->data[i]) == vp_call_is_revocable(*at))
			return false;
	return true;
}

/* The rules of one of the two filters of a target, which both see foreign ABIs alike. */
static void collect(const struct placements *placements, struct vp_target_filter *made,
		    struct rules *rules, bool *cover)
{
	struct vp_strbuf patches = { 0 };

	vp_array_each (at, placements) {
		const struct vp_call_placement *call = *at;

		*cover |= call->syscalls->foreign == VP_FOREIGN_COVER;
		if (vp_call_is_revocable(call) != made->revocable)
			continue;
		add_rules(call, rules);
		if (is_first_of_patch(placements, at))
			vp_strbuf_addf(&patches, "%s%s", patches.len ? ", " : "",
				       call->patch->id);
		made->no_new_privs |= call->syscalls->no_new_privs;
	}
	made->patches = patches.data;
}

static int build_one(const struct vp_plan *plan, const struct vp_call_target *target,
		     bool revocable, struct vp_target_filters *filters, struct vp_error *err)
{
	struct vp_target_filter *made = vp_array_add(filters);
	struct placements placements = { 0 };
	struct rules rules = { 0 };
	bool cover = false;
	int r;

	made->target = (struct vp_call_target){ target->kind, vp_strdup(target->name) };
	made->revocable = revocable;
	find_placements(plan, target, &placements);
	collect(&placements, made, &rules, &cover);
	r = compile(&rules, cover, revocable, &made->filter, err);
	vp_array_free(&placements);
	vp_array_free(&rules);
	if (r)
		return vp_fail_context(err, "%s", target->name), r;
	made->digest = digest_of(made);
	return prove_merged(plan, made, err);
}

/* An instance that is named has its template's rules of both kinds, whichever it is named for.
 */
static bool has_rules(const struct vp_plan *plan, const struct vp_call_target *target,
		      bool revocable)
{
	vp_array_each (call, &plan->calls)
		if (vp_call_is_revocable(call) == revocable &&
		    vp_call_targets_mean(&call->syscalls->targets, target))
			return true;
	return false;
}

static bool is_built(const struct vp_target_filters *filters,
		     const struct vp_call_target *target, bool revocable)
{
	vp_array_each (made, filters)
		if (made->revocable == revocable && vp_call_target_is(&made->target, target))
			return true;
	return false;
}

int vp_target_filters_build(const struct vp_plan *plan, struct vp_target_filters *filters,
			    struct vp_error *err)
{
	int r = 0;

	vp_array_each (call, &plan->calls) {
		r = r ? r : prove_alone(call, err);
		vp_array_each (target, &call->syscalls->targets)
			for (int revocable = 0; !r && revocable < 2; revocable++)
				if (has_rules(plan, target, revocable) &&
				    !is_built(filters, target, revocable))
					r = build_one(plan, target, revocable, filters, err);
	}
	if (r)
		vp_target_filters_free(filters);
	return r;
}

void vp_target_filters_free(struct vp_target_filters *filters)
{
	vp_array_each (made, filters) {
		free(made->target.name);
		free(made->patches);
		vp_filter_free(made->filter);
	}
	vp_array_free(filters);
}
