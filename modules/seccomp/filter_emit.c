/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs: which call it is by libseccomp, what its arguments are by our own code.
 *
 * libseccomp makes the checks of the architecture and the tree over the numbers. It is not
 * asked about arguments: it compares 64 bits where the kernel reads 32, keeps no order among
 * rules of different errnos, has one action for a call and its multiplexed form, whose
 * registers it confuses, and errs with masks that overlap. Each number that has conditions
 * gets a mark in place of an action (a trace action, which no rule has); where the finished
 * program would return a mark, a jump is put, to the conditions behind its end.
 */
#include <errno.h>
#include <sys/mman.h>

#include <seccomp.h>

#include "modules/seccomp/filter_layout.h"

#define CLOSED	0xffffu /* the mark of what is handed over in a closed ABI */
#define FAR_MAX 255	/* how far a conditional jump goes */

static void release(scmp_filter_ctx *context)
{
	if (*context)
		seccomp_release(*context);
}

static int failed(struct vp_error *err, int code, const char *what)
{
	const struct scmp_version *version = seccomp_version();

	return vp_fail(err, code, "libseccomp %u.%u.%u: %s: %s", version->major,
		       version->minor, version->micro, what, strerror(-code));
}

/* Conditions */

/* A rule being written: which of its jumps go to the rule behind it. */
struct writing {
	struct vp_filter *filter;
	bool narrow;
	VP_ARRAY(size_t) on_true, on_false; /* indices of jumps */
};

static void add(struct writing *w, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	vp_array_push(&w->filter->code, ((struct sock_filter){ code, jt, jf, k }));
}

/* Load one half of an argument and mask it. Narrow registers have no upper half. */
static void add_half(struct writing *w, uint8_t argument, bool high, uint32_t mask)
{
	uint32_t offset = (uint32_t)offsetof(struct seccomp_data, args) + argument * 8u;

	if (high && w->narrow)
		add(w, BPF_LD | BPF_IMM, 0, 0, 0);
	else
		add(w, BPF_LD | BPF_W | BPF_ABS, offset + (high ? 4 : 0), 0, 0);
	if (mask != UINT32_MAX)
		add(w, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
}

/* The rule does not hold when the comparison comes out as `outcome`. */
static void add_test(struct writing *w, uint16_t jump, uint32_t value, bool outcome)
{
	if (outcome)
		vp_array_push(&w->on_true, w->filter->code.len);
	else
		vp_array_push(&w->on_false, w->filter->code.len);
	add(w, BPF_JMP | jump | BPF_K, value, 0, 0);
}

/* The test of the lower half, which decides when the upper ones are equal. */
static void add_low(struct writing *w, const struct vp_call_condition *c)
{
	uint32_t value = (uint32_t)c->value;

	add_half(w, c->argument, false, (uint32_t)c->mask);
	switch (c->compare) {
	case VP_CALL_EQUAL:
		add_test(w, BPF_JEQ, value, false);
		break;
	case VP_CALL_UNEQUAL:
		add_test(w, BPF_JEQ, value, true);
		break;
	case VP_CALL_GREATER:
		add_test(w, BPF_JGT, value, false);
		break;
	case VP_CALL_AT_LEAST:
		add_test(w, BPF_JGE, value, false);
		break;
	case VP_CALL_LESS:
		add_test(w, BPF_JGE, value, true);
		break;
	case VP_CALL_AT_MOST:
		add_test(w, BPF_JGT, value, true);
		break;
	}
}

/* The upper half: it decides alone when it differs; that skips `low` instructions. */
static void add_high(struct writing *w, const struct vp_call_condition *c, uint8_t low)
{
	uint32_t value = (uint32_t)(c->value >> 32);

	add_half(w, c->argument, true, (uint32_t)(c->mask >> 32));
	switch (c->compare) {
	case VP_CALL_EQUAL:
		add_test(w, BPF_JEQ, value, false);
		break;
	case VP_CALL_UNEQUAL:
		add(w, BPF_JMP | BPF_JEQ | BPF_K, value, 0, low);
		break;
	case VP_CALL_GREATER:
	case VP_CALL_AT_LEAST:
		add(w, BPF_JMP | BPF_JGT | BPF_K, value, (uint8_t)(low + 1), 0);
		add_test(w, BPF_JEQ, value, false);
		break;
	case VP_CALL_LESS:
	case VP_CALL_AT_MOST:
		add_test(w, BPF_JGT, value, true);
		add(w, BPF_JMP | BPF_JEQ | BPF_K, value, 0, low);
		break;
	}
}

static void add_condition(struct writing *w, const struct vp_call_condition *c)
{
	/* a mask of lower bits only leaves nothing to compare above */
	if (c->wide && c->mask >> 32)
		add_high(w, c, (uint32_t)c->mask == UINT32_MAX ? 2 : 3);
	add_low(w, c);
}

/* Jumps of the rule that ends here go to what comes next. */
static int resolve(struct writing *w, struct vp_error *err)
{
	struct sock_filter *code = w->filter->code.data;
	size_t end = w->filter->code.len, first = end;

	vp_array_each (i, &w->on_true) {
		code[*i].jt = (uint8_t)(end - *i - 1);
		first = *i < first ? *i : first;
	}
	vp_array_each (i, &w->on_false) {
		code[*i].jf = (uint8_t)(end - *i - 1);
		first = *i < first ? *i : first;
	}
	w->on_true.len = w->on_false.len = 0;
	if (end - first > FAR_MAX)
		return vp_fail(err, -E2BIG, "one rule has more conditions than fit");
	return 0;
}

/* An entry's rule. *whole: it has no conditions. */
static int add_entry(struct writing *w, const struct vp_filter_entry *entry, bool *whole,
		     struct vp_error *err)
{
	const struct vp_call_rule *rule = &w->filter->rules.data[entry->rule].rule;
	const struct vp_call_condition selector = { .mask = entry->form.selector_mask,
						    .value = entry->form.selector,
						    .compare = VP_CALL_EQUAL };

	*whole = !selector.mask;
	if (selector.mask)
		add_condition(w, &selector);
	vp_array_each (condition, &rule->conditions) {
		struct vp_call_condition in = vp_filter_condition_in(entry, condition);

		if (!vp_filter_keeps(entry, condition))
			continue;
		*whole = false;
		add_condition(w, &in);
	}
	add(w, BPF_RET | BPF_K, entry->action, 0, 0);
	return resolve(w, err);
}

/* All rules on one number, in their order. */
static int add_number(struct writing *w, const struct vp_filter_entry *entry,
		      struct vp_error *err)
{
	const struct vp_filter_entry *first;
	size_t count = vp_filter_entries_of(w->filter, entry->abi, entry->form.number, &first);
	bool whole = false;

	w->narrow = vp_abi_is_narrow(entry->abi);
	for (size_t i = 0; i < count && !whole; i++) {
		int r = add_entry(w, &first[i], &whole, err);

		if (r)
			return vp_fail_context(err, "%s", entry->form.name);
	}
	if (!whole)
		add(w, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	return 0;
}

/* Put the conditions of the entry that instruction `at` marks behind the program; jump there.
 */
static int replace_mark(struct writing *w, size_t at, size_t tree, struct vp_error *err)
{
	uint32_t mark = w->filter->code.data[at].k & SECCOMP_RET_DATA;
	size_t begin = w->filter->code.len;
	int r;

	if (mark == CLOSED) {
		w->filter->code.data[at].k = w->filter->closed;
		return 0;
	}
	if (mark >= w->filter->entries.len)
		return vp_fail(err, -EBADMSG, "libseccomp made a program that cannot be read");
	r = add_number(w, &w->filter->entries.data[mark], err);
	for (size_t i = 0; i < tree; i++) {
		struct sock_filter *insn = &w->filter->code.data[i];

		if (insn->code == (BPF_RET | BPF_K) && insn->k == (SECCOMP_RET_TRACE | mark))
			*insn = (struct sock_filter){ BPF_JMP | BPF_JA, 0, 0,
						      (uint32_t)(begin - i - 1) };
	}
	return r;
}

static int replace_marks(struct vp_filter *filter, struct vp_error *err)
{
	struct writing w = { .filter = filter };
	size_t tree = filter->code.len;
	int r = 0;

	for (size_t i = 0; i < tree && !r; i++) {
		const struct sock_filter insn = filter->code.data[i];

		if (insn.code == (BPF_RET | BPF_K) &&
		    (insn.k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRACE)
			r = replace_mark(&w, i, tree, err);
	}
	vp_array_free(&w.on_true);
	vp_array_free(&w.on_false);
	if (r)
		return r;
	if (filter->code.len > VP_BPF_MAX)
		return vp_fail(
			err, -E2BIG,
			"the filter has %zu instructions, a kernel takes at most %d: deny "
			"whole calls, or with fewer conditions",
			filter->code.len, VP_BPF_MAX);
	return 0;
}

/* The tree */

/* A context for one ABI, without rules. NULL: out of memory or not supported. */
static scmp_filter_ctx new_context(const struct vp_filter *filter, enum vp_abi abi)
{
	scmp_filter_ctx context;
	uint32_t token = vp_abi_token(abi), native = seccomp_arch_native();
	uint32_t closed = filter->revocable ? SECCOMP_RET_TRACE | CLOSED : filter->closed;

	if (seccomp_api_get() < 3)
		seccomp_api_set(3); /* it then knows the log action, whatever runs here */
	context = seccomp_init(SCMP_ACT_ALLOW);
	if (!context)
		return NULL;
	if ((token != native &&
	     (seccomp_arch_add(context, token) || seccomp_arch_remove(context, native))) ||
	    seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, closed) ||
	    seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2)) {
		seccomp_release(context);
		return NULL;
	}
	return context;
}

/* The action of a number whatever its arguments, or the mark of its first entry. */
static uint32_t action_of(const struct vp_filter *filter, size_t index)
{
	const struct vp_filter_entry *entry = &filter->entries.data[index];

	if (entry->form.selector_mask || filter->revocable)
		return SECCOMP_RET_TRACE | (uint32_t)index;
	vp_array_each (condition, &filter->rules.data[entry->rule].rule.conditions)
		if (vp_filter_keeps(entry, condition))
			return SECCOMP_RET_TRACE | (uint32_t)index;
	return entry->action;
}

/*
 * Each number once. Multiplexers come before the calls themselves, so that what libseccomp
 * adds of its own for those is already there and left out.
 */
static int add_abi(const struct vp_filter *filter, enum vp_abi abi, scmp_filter_ctx context,
		   struct vp_error *err)
{
	int last = -1;

	for (size_t i = 0; i < filter->entries.len; i++) {
		const struct vp_abi_form *form = &filter->entries.data[i].form;
		int r;

		if (filter->entries.data[i].abi != abi || form->number == last)
			continue;
		last = form->number;
		r = seccomp_rule_add_array(context, action_of(filter, i),
					   seccomp_syscall_resolve_name(form->name), 0, NULL);
		if (r)
			return failed(err, r, form->name);
	}
	return 0;
}

static int export(struct vp_filter *filter, scmp_filter_ctx context, struct vp_error *err)
{
	_cleanup_close_ int fd = memfd_create("vpatch-filter", MFD_CLOEXEC);
	off_t size;
	size_t count;
	int r;

	if (fd < 0)
		return failed(err, -errno, "memfd_create");
	r = seccomp_export_bpf(context, fd);
	if (r)
		return failed(err, r, "cannot make the program");
	size = lseek(fd, 0, SEEK_END);
	count = size < 0 ? 0 : (size_t)size / sizeof(struct sock_filter);
	vp_array_reserve(&filter->code, count);
	filter->code.len = count;
	if (!count || pread(fd, filter->code.data, (size_t)size, 0) != size)
		return failed(err, -EIO, "cannot read the program back");
	return replace_marks(filter, err);
}

int vp_filter_emit(struct vp_filter *filter, struct vp_error *err)
{
	vp_cleanup(release) scmp_filter_ctx context = NULL;
	vp_cleanup(release) scmp_filter_ctx other = NULL;
	enum vp_abi companion = vp_abi_companion(filter->abi);
	int r;

	if (filter->entries.len > CLOSED)
		return vp_fail(err, -E2BIG, "too many rules for one filter");
	context = new_context(filter, filter->abi);
	if (!context)
		return failed(err, -ENOTSUP, "cannot make a filter for this architecture");
	r = add_abi(filter, filter->abi, context, err);
	if (r || !filter->cover)
		return r ? r : export(filter, context, err);
	other = new_context(filter, companion);
	if (!other)
		return failed(err, -ENOTSUP, "cannot make a filter for the 32-bit ABI");
	r = add_abi(filter, companion, other, err);
	if (r)
		return r;
	r = seccomp_merge(context, other);
	if (r)
		return failed(err, r, "cannot put the ABIs together");
	other = NULL; /* merged: gone */
	return export(filter, context, err);
}
