/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vectors and observed calls against a program: see vectors.h. Only the program is asked
 * here; how a vector looks in another ABI comes from the list of forms.
 */
#include "modules/seccomp/vectors.h"

#include <inttypes.h>

#include "modules/seccomp/action.h"

/* What is put above the 32 bits that the kernel reads. */
static const uint64_t uppers[] = { 0, 1ull << 32, 0xffffffffull << 32 };

struct run {
	const struct vp_filter *filter;
	const struct vp_bpf *program;
	const struct vp_vector *vector;
	struct vp_strbuf *out;
	size_t failures;
};

static bool is_as_expected(const struct run *run, uint32_t action)
{
	if (!run->vector->denied)
		return action == SECCOMP_RET_ALLOW;
	if (vp_action_denies(action))
		return true;
	return action == SECCOMP_RET_LOG && vp_filter_monitors(run->filter, run->vector->tag);
}

static void report(struct run *run, enum vp_abi abi, const struct vp_abi_form *form,
		   uint64_t upper, uint32_t action)
{
	char found[VP_ACTION_TEXT];

	run->failures++;
	vp_filter_print_call(run->vector->call->prototype, run->vector->call->arguments,
			     run->out);
	vp_strbuf_addf(run->out, " by %s", vp_abi_name(abi));
	if (form->selector_mask)
		vp_strbuf_addf(run->out, " as %s(%" PRIu32 ")", form->name, form->selector);
	else if (strcmp(form->name, run->vector->call->prototype->name))
		vp_strbuf_addf(run->out, " as %s", form->name);
	if (upper)
		vp_strbuf_addf(run->out, " with upper halves 0x%" PRIx64, upper >> 32);
	vp_strbuf_addf(run->out, ": expected %s, found %s\n",
		       run->vector->denied ? "denied" : "allowed",
		       vp_action_name(action, found));
}

/* The same call: halves of registers that the kernel does not read are set. */
static void set_arguments(const struct vp_call_vector *call, bool narrow, uint64_t upper,
			  __u64 *arguments)
{
	for (size_t i = 0; i < VP_CALL_ARGUMENTS; i++) {
		const struct vp_call_argument *argument = &call->prototype->arguments[i];

		arguments[i] = call->arguments[i];
		if (narrow || !vp_call_is_wide(argument))
			arguments[i] = (arguments[i] & UINT32_MAX) | upper;
	}
}

static void run_form(struct run *run, enum vp_abi abi, const struct vp_abi_form *form)
{
	struct seccomp_data data = { .nr = form->number, .arch = vp_abi_audit(abi) };

	for (size_t i = 0; i < VP_COUNT(uppers); i++) {
		uint32_t action;

		set_arguments(run->vector->call, vp_abi_is_narrow(abi), uppers[i], data.args);
		/* behind a multiplexer the arguments are in memory: any address */
		if (form->selector_mask) {
			data.args[0] = form->selector | uppers[i];
			data.args[1] = 0xbffff000;
		}
		action = vp_bpf_run(run->program, &data);
		if (!is_as_expected(run, action)) {
			report(run, abi, form, uppers[i], action);
			return;
		}
	}
}

/* Has the call an argument that 32 bits cannot hold? Then it cannot be made there. */
static bool is_too_wide(const struct vp_call_vector *call)
{
	for (size_t i = 0; i < VP_CALL_ARGUMENTS; i++) {
		uint64_t value = call->arguments[i];

		if (vp_call_is_wide(&call->prototype->arguments[i]) && value > UINT32_MAX &&
		    value >> 31 != UINT64_MAX >> 31)
			return true;
	}
	return false;
}

static void run_companion(struct run *run)
{
	enum vp_abi abi = vp_abi_companion(vp_filter_abi(run->filter));
	struct vp_abi_form forms[VP_ABI_FORMS];
	size_t count = vp_abi_forms(abi, run->vector->call->prototype->name, forms);

	if (is_too_wide(run->vector->call))
		return;
	for (size_t i = 0; i < count; i++)
		if (run->vector->denied ||
		    (vp_filter_covers(run->filter) && forms[i].kept == VP_CALL_ARGUMENTS))
			run_form(run, abi, &forms[i]);
}

/* By x32 calls have their own number, or that of x86-64 with a bit. */
static void run_x32(struct run *run, int native)
{
	struct vp_abi_form forms[VP_ABI_FORMS];
	const char *name = run->vector->call->prototype->name;
	struct vp_abi_form plain = { .name = name,
				     .number = (int)((uint32_t)native | VP_X32_BIT) };

	if (!run->vector->denied)
		return;
	run_form(run, VP_ABI_X32, &plain);
	if (vp_abi_forms(VP_ABI_X32, name, forms) && forms[0].number != plain.number)
		run_form(run, VP_ABI_X32, &forms[0]);
}

static void run_vector(struct run *run)
{
	struct vp_abi_form forms[VP_ABI_FORMS];
	enum vp_abi abi = vp_filter_abi(run->filter);

	/* what the architecture does not have can neither be made nor denied */
	if (!vp_abi_forms(abi, run->vector->call->prototype->name, forms))
		return;
	run_form(run, abi, &forms[0]);
	run_companion(run);
	if (abi == VP_ABI_X86_64)
		run_x32(run, forms[0].number);
}

size_t vp_vectors_run(const struct vp_filter *filter, const struct vp_bpf *program,
		      const struct vp_vector *vectors, size_t count, struct vp_strbuf *out)
{
	struct run run = { .filter = filter, .program = program, .out = out };

	for (size_t i = 0; i < count; i++) {
		run.vector = &vectors[i];
		run_vector(&run);
	}
	return run.failures;
}

static void print_observed(const struct vp_observed *observed, struct vp_strbuf *out)
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
		vp_filter_print_call(prototype, observed->arguments, out);
	else if (name)
		vp_strbuf_adds(out, name);
	else
		vp_strbuf_addf(out, "call %d", observed->nr);
	if (!known)
		vp_strbuf_addf(out, " of architecture 0x%" PRIx32, observed->audit);
	else if (abi != VP_ABI_X86_64 && abi != VP_ABI_AARCH64)
		vp_strbuf_addf(out, " by %s", vp_abi_name(abi));
	if (observed->count > 1)
		vp_strbuf_addf(out, " seen %" PRIu64 " times", observed->count);
}

static void print_owners(const struct vp_filter *filter, const struct vp_observed *observed,
			 vp_filter_namer *name, void *context, struct vp_strbuf *out)
{
	struct vp_filter_tags tags = { 0 };
	const char *before = " [";

	vp_filter_owners(filter, observed->audit, observed->nr,
			 observed->has_arguments ? observed->arguments : NULL, &tags);
	vp_array_each(tag, &tags) {
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
		print_observed(&observed[i], out);
		vp_strbuf_addf(out, ": %s",
			       open ? "denied with some arguments, which were not seen"
				    : vp_action_name(action, text));
		print_owners(filter, &observed[i], name, context, out);
	}
	return result;
}
