/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vectors and observed calls against a program: see vectors.h. Only the program is asked
 * here; how a call is made in other ways comes from attempts.c.
 */
#include "modules/seccomp/vectors.h"

#include <inttypes.h>

#include "modules/seccomp/action.h"
#include "modules/seccomp/attempts.h"

static bool is_as_expected(const struct vp_filter *filter, const struct vp_vector *vector,
			   uint32_t action)
{
	if (!vector->denied)
		return action == SECCOMP_RET_ALLOW;
	if (vp_action_denies(action))
		return true;
	return action == SECCOMP_RET_LOG && vp_filter_monitors(filter, vector->tag);
}

static void report(const struct vp_attempt *attempt, uint32_t action, struct vp_strbuf *out)
{
	char found[VP_ACTION_TEXT];

	vp_attempt_print(attempt, out);
	vp_strbuf_addf(out, ": expected %s, found %s\n",
		       attempt->denied ? "denied" : "allowed", vp_action_name(action, found));
}

/* Of the attempts in one form the first that fails tells. */
static size_t run_vector(const struct vp_filter *filter, const struct vp_bpf *program,
			 const struct vp_vector *vector, struct vp_strbuf *out)
{
	struct vp_attempts attempts = { 0 };
	bool failed = false;
	size_t failures = 0;

	vp_attempts_add(&attempts, filter, vector->call, vector->denied);
	vp_array_each (attempt, &attempts) {
		uint32_t action = vp_bpf_run(program, &attempt->data);

		failed &= attempt->upper != 0;
		if (failed || is_as_expected(filter, vector, action))
			continue;
		failed = true;
		failures++;
		report(attempt, action, out);
	}
	vp_array_free(&attempts);
	return failures;
}

size_t vp_vectors_run(const struct vp_filter *filter, const struct vp_bpf *program,
		      const struct vp_vector *vectors, size_t count, struct vp_strbuf *out)
{
	size_t failures = 0;

	for (size_t i = 0; i < count; i++)
		failures += run_vector(filter, program, &vectors[i], out);
	return failures;
}

/* Its name and those of its arguments that are to be said. */
static void print_arguments(const struct vp_call_prototype *prototype,
			    const struct vp_observed *observed, struct vp_strbuf *out)
{
	const char *between = "";
	size_t count = VP_CALL_ARGUMENTS;

	if (!observed->unsaid) {
		vp_filter_print_call(prototype, observed->arguments, out);
		return;
	}
	while (count &&
	       (observed->unsaid & 1u << (count - 1) || !observed->arguments[count - 1]))
		count--;
	vp_strbuf_addf(out, "%s(", prototype->name);
	for (size_t i = 0; i < count; i++) {
		uint64_t value = observed->arguments[i];

		if (observed->unsaid & 1u << i)
			continue;
		vp_strbuf_addf(out, value < 4096 ? "%s%s=%" PRIu64 : "%s%s=0x%" PRIx64,
			       between, prototype->arguments[i].name, value);
		between = ", ";
	}
	vp_strbuf_addc(out, ')');
}

void vp_observed_print(const struct vp_observed *observed, struct vp_strbuf *out)
{
	const struct vp_call_prototype *prototype = NULL;
	_cleanup_free_ char *name = NULL;
	enum vp_abi abi;
	bool known = vp_abi_of(observed->audit, observed->nr, &abi);

	if (known)
		name = vp_abi_call_name(abi, observed->nr);
	if (name)
		prototype = vp_call_find(name, strlen(name));
	if (prototype && observed->has_arguments)
		print_arguments(prototype, observed, out);
	else if (name)
		vp_strbuf_adds(out, name);
	else
		vp_strbuf_addf(out, "call %d", observed->nr);
	if (!known)
		vp_strbuf_addf(out, " of architecture 0x%" PRIx32, observed->audit);
	else if (abi != VP_ABI_X86_64 && abi != VP_ABI_AARCH64)
		vp_strbuf_addf(out, " by %s", vp_abi_name(abi));
}

static void print_count(const struct vp_observed *observed, struct vp_strbuf *out)
{
	if (observed->count > 1)
		vp_strbuf_addf(out, " seen %" PRIu64 " times", observed->count);
	else if (observed->by)
		vp_strbuf_adds(out, " seen once");
	if (observed->by)
		vp_strbuf_addf(out, " by %s", observed->by);
}

static void print_owners(const struct vp_filter *filter, const struct vp_observed *observed,
			 vp_filter_namer *name, void *context, struct vp_strbuf *out)
{
	struct vp_filter_tags tags = { 0 };
	const char *before = " [";

	vp_filter_owners(filter, observed->audit, observed->nr,
			 observed->has_arguments ? observed->arguments : NULL, &tags);
	vp_array_each (tag, &tags) {
		vp_strbuf_adds(out, before);
		if (name)
			vp_strbuf_adds(out, name(*tag, context));
		else
			vp_strbuf_addf(out, "%" PRIu32, *tag);
		before = ", ";
	}
	vp_strbuf_adds(out, tags.len ? "]\n" : "\n");
	vp_array_free(&tags);
}

/* Without arguments it is open what becomes of a call that rules have conditions for. */
static uint32_t observed_action(const struct vp_filter *filter, const struct vp_bpf *program,
				const struct vp_observed *observed, bool *open)
{
	struct seccomp_data data = { .nr = observed->nr, .arch = observed->audit };
	struct vp_filter_tags tags = { 0 };

	*open = false;
	if (observed->has_arguments) {
		memcpy(data.args, observed->arguments, sizeof(data.args));
	} else {
		vp_filter_owners(filter, observed->audit, observed->nr, NULL, &tags);
		*open = tags.len && !vp_filter_is_whole(filter, observed->audit, observed->nr);
		vp_array_free(&tags);
	}
	return vp_bpf_run(program, &data);
}

struct vp_observed_result vp_observed_run(const struct vp_filter *filter,
					  const struct vp_bpf *program,
					  const struct vp_observed *observed, size_t count,
					  vp_filter_namer *name, void *context,
					  struct vp_strbuf *out)
{
	struct vp_observed_result result = { 0 };

	for (size_t i = 0; i < count; i++) {
		char text[VP_ACTION_TEXT];
		bool open;
		uint32_t action = observed_action(filter, program, &observed[i], &open);

		if (action == SECCOMP_RET_ALLOW && !open)
			continue;
		*(open ? &result.possible : &result.denied) += 1;
		vp_observed_print(&observed[i], out);
		print_count(&observed[i], out);
		vp_strbuf_addf(out, ": %s",
			       open ? "denied with some arguments, which were not seen"
				    : vp_action_name(action, text));
		print_owners(filter, &observed[i], name, context, out);
	}
	return result;
}
