/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a call to the registers of each way to make it: see attempts.h. */
#include "modules/seccomp/attempts.h"

#include <inttypes.h>

#define ADDRESS 0xbffff000 /* of arguments in memory: any */

/* What is put above the 32 bits that the kernel reads. */
static const uint64_t uppers[] = { 0, 1ull << 32, 0xffffffffull << 32 };

/*
 * Where ipc() has the arguments of its calls (ipc/syscall.c): for each register behind the
 * selector the number of the argument, from 1; 0: none.
 */
static const struct {
	const char *call;
	uint8_t arguments[VP_CALL_ARGUMENTS - 1];
} layouts[] = {
	{ "semop", { 1, 3, 0, 2 } },  { "semget", { 1, 2, 3 } },
	{ "semctl", { 1, 2, 3, 4 } }, { "semtimedop", { 1, 3, 0, 2, 4 } },
	{ "msgsnd", { 1, 3, 4, 2 } }, { "msgrcv", { 1, 3, 5, 2, 4 } },
	{ "msgget", { 1, 2 } },	      { "msgctl", { 1, 2, 0, 3 } },
	{ "shmat", { 1, 3, 0, 2 } },  { "shmdt", { 0, 0, 0, 1 } },
	{ "shmget", { 1, 2, 3 } },    { "shmctl", { 1, 2, 0, 3 } },
};

const char *vp_call_way_name(enum vp_call_way way)
{
	static const char *const names[VP_CALL_WAYS] = {
		[VP_CALL_WAY_NATIVE] = "native", [VP_CALL_WAY_UPPER] = "upper",
		[VP_CALL_WAY_NARROW] = "32-bit", [VP_CALL_WAY_THROUGH] = "multiplexed",
		[VP_CALL_WAY_X32] = "x32",
	};

	return names[way];
}

/* The same call: halves of registers that the kernel does not read are set. */
static void set_arguments(struct vp_attempt *attempt)
{
	bool narrow = vp_abi_is_narrow(attempt->abi);

	for (size_t i = 0; i < VP_CALL_ARGUMENTS; i++) {
		uint64_t value = attempt->call->arguments[i];

		if (narrow || !vp_call_is_wide(&attempt->call->prototype->arguments[i]))
			value = (value & UINT32_MAX) | attempt->upper;
		attempt->data.args[i] = value;
	}
}

static const uint8_t *layout_of(const char *call)
{
	for (size_t i = 0; i < VP_COUNT(layouts); i++)
		if (!strcmp(layouts[i].call, call))
			return layouts[i].arguments;
	return NULL;
}

/* Behind a multiplexer the arguments are in other registers, or in memory. */
static void set_multiplexed(struct vp_attempt *attempt)
{
	const struct vp_call_vector *call = attempt->call;
	const uint8_t *layout = layout_of(call->prototype->name);
	__u64 *args = attempt->data.args;

	args[0] = attempt->form.selector | attempt->upper;
	for (size_t i = 1; i < VP_CALL_ARGUMENTS; i++) {
		uint8_t number = layout ? layout[i - 1] : 0;

		args[i] = number ? (call->arguments[number - 1] & UINT32_MAX) : 0;
		args[i] |= attempt->upper;
	}
	if (layout)
		return;
	args[1] = ADDRESS | attempt->upper;
	attempt->count = VP_CALL_ARGUMENTS;
	for (size_t i = 0; i < VP_CALL_ARGUMENTS; i++)
		attempt->words[i] = (uint32_t)call->arguments[i];
}

static enum vp_call_way way_of(enum vp_abi abi, const struct vp_abi_form *form, uint64_t upper)
{
	if (abi == VP_ABI_X32)
		return VP_CALL_WAY_X32;
	if (vp_abi_is_narrow(abi))
		return form->selector_mask ? VP_CALL_WAY_THROUGH : VP_CALL_WAY_NARROW;
	return upper ? VP_CALL_WAY_UPPER : VP_CALL_WAY_NATIVE;
}

static void add_form(struct vp_attempts *attempts, const struct vp_attempt *of,
		     enum vp_abi abi, const struct vp_abi_form *form)
{
	for (size_t i = 0; i < VP_COUNT(uppers); i++) {
		struct vp_attempt *attempt = vp_array_add(attempts);

		*attempt = *of;
		attempt->abi = abi;
		attempt->form = *form;
		attempt->upper = uppers[i];
		attempt->way = way_of(abi, form, uppers[i]);
		attempt->data.nr = form->number;
		attempt->data.arch = vp_abi_audit(abi);
		set_arguments(attempt);
		if (form->selector_mask)
			set_multiplexed(attempt);
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

static void add_companion(struct vp_attempts *attempts, const struct vp_attempt *of,
			  const struct vp_filter *filter)
{
	enum vp_abi abi = vp_abi_companion(vp_filter_abi(filter));
	struct vp_abi_form forms[VP_ABI_FORMS];
	size_t count = vp_abi_forms(abi, of->call->prototype->name, forms);

	if (is_too_wide(of->call))
		return;
	for (size_t i = 0; i < count; i++)
		if (of->denied ||
		    (vp_filter_covers(filter) && forms[i].kept == VP_CALL_ARGUMENTS))
			add_form(attempts, of, abi, &forms[i]);
}

/* By x32 calls have their own number, or that of x86-64 with a bit. */
static void add_x32(struct vp_attempts *attempts, const struct vp_attempt *of, int native)
{
	struct vp_abi_form forms[VP_ABI_FORMS];
	const char *name = of->call->prototype->name;
	struct vp_abi_form plain = { .name = name,
				     .number = (int)((uint32_t)native | VP_X32_BIT) };

	if (!of->denied)
		return;
	add_form(attempts, of, VP_ABI_X32, &plain);
	if (vp_abi_forms(VP_ABI_X32, name, forms) && forms[0].number != plain.number)
		add_form(attempts, of, VP_ABI_X32, &forms[0]);
}

void vp_attempts_add(struct vp_attempts *attempts, const struct vp_filter *filter,
		     const struct vp_call_vector *call, bool denied)
{
	const struct vp_attempt of = { .call = call, .denied = denied };
	struct vp_abi_form forms[VP_ABI_FORMS];
	enum vp_abi abi = vp_filter_abi(filter);

	if (!vp_abi_forms(abi, call->prototype->name, forms))
		return;
	add_form(attempts, &of, abi, &forms[0]);
	add_companion(attempts, &of, filter);
	if (abi == VP_ABI_X86_64)
		add_x32(attempts, &of, forms[0].number);
}

void vp_attempt_print_way(const struct vp_attempt *attempt, struct vp_strbuf *out)
{
	const struct vp_abi_form *form = &attempt->form;

	vp_strbuf_adds(out, vp_abi_name(attempt->abi));
	if (form->selector_mask)
		vp_strbuf_addf(out, " as %s(%" PRIu32 ")", form->name, form->selector);
	else if (strcmp(form->name, attempt->call->prototype->name))
		vp_strbuf_addf(out, " as %s", form->name);
	if (attempt->upper)
		vp_strbuf_addf(out, " with upper halves 0x%" PRIx64, attempt->upper >> 32);
}

void vp_attempt_print(const struct vp_attempt *attempt, struct vp_strbuf *out)
{
	vp_filter_print_call(attempt->call->prototype, attempt->call->arguments, out);
	vp_strbuf_adds(out, " by ");
	vp_attempt_print_way(attempt, out);
}
