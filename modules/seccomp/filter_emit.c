/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs by libseccomp: masked equalities go in, instructions come out.
 *
 * libseccomp takes one comparison per argument and rule, compares 64 bits whatever the
 * kernel reads, has no order among rules of different actions, and translates argument
 * rules of calls that i386 also multiplexes into comparisons of unrelated registers. So
 * each ABI has a context of its own, which is given cubes only: those of different actions
 * disjoint, and multiplexers by their selector before the calls themselves (libseccomp then
 * drops what it would add of its own).
 */
#include <errno.h>
#include <sys/mman.h>

#include <seccomp.h>

#include "modules/seccomp/cube.h"
#include "modules/seccomp/filter_layout.h"

static void release(scmp_filter_ctx *context)
{
	if (*context)
		seccomp_release(*context);
}

static int failed(struct vp_error *err, int code, const char *what)
{
	const struct scmp_version *version = seccomp_version();

	return vp_fail(err, code == -EEXIST ? -EBADMSG : code, "libseccomp %u.%u.%u: %s: %s",
		       version->major, version->minor, version->micro, what, strerror(-code));
}

/* A context for one ABI, without rules. NULL: out of memory or not supported. */
static scmp_filter_ctx new_context(const struct vp_filter *filter, enum vp_abi abi)
{
	scmp_filter_ctx context;
	uint32_t token = vp_abi_token(abi), native = seccomp_arch_native();

	if (seccomp_api_get() < 3)
		seccomp_api_set(3); /* it then knows the log action, whatever runs here */
	context = seccomp_init(SCMP_ACT_ALLOW);
	if (!context)
		return NULL;
	if ((token != native &&
	     (seccomp_arch_add(context, token) || seccomp_arch_remove(context, native))) ||
	    seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, filter->closed) ||
	    seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2)) {
		seccomp_release(context);
		return NULL;
	}
	return context;
}

static int add_cube(scmp_filter_ctx context, const struct vp_filter_entry *entry,
		    const struct vp_cube *cube, struct vp_error *err)
{
	struct scmp_arg_cmp comparisons[VP_CALL_ARGUMENTS];
	bool narrow = vp_abi_is_narrow(entry->abi);
	unsigned int count = 0;
	int r;

	for (unsigned int i = 0; i < VP_CALL_ARGUMENTS; i++) {
		uint64_t mask = cube->mask[i], value = cube->value[i];

		if (!mask)
			continue;
		/* written as libseccomp itself writes a selector, so that it knows it again */
		if (narrow && mask == UINT32_MAX)
			comparisons[count++] =
				(struct scmp_arg_cmp){ i, SCMP_CMP_EQ, value, 0 };
		else
			comparisons[count++] =
				(struct scmp_arg_cmp){ i, SCMP_CMP_MASKED_EQ, mask, value };
	}
	r = seccomp_rule_add_array(context, cube->action,
				   seccomp_syscall_resolve_name(entry->form.name), count,
				   comparisons);
	return r ? failed(err, r, entry->form.name) : 0;
}

/* The cubes of an entry, behind those of the entries of the same number before it. */
static int add_entry(const struct vp_filter *filter, const struct vp_filter_entry *entry,
		     struct vp_cubes *cubes, struct vp_error *err)
{
	const struct vp_call_rule *written = &filter->rules.data[entry->rule].rule;
	struct vp_call_rule rule = { .prototype = written->prototype };
	size_t first = cubes->len;
	int r;

	vp_array_each(condition, &written->conditions)
		if (vp_filter_keeps(entry, condition))
			vp_array_push(&rule.conditions, *condition);
	r = vp_cubes_of_rule(&rule, entry->action, cubes, err);
	vp_array_free(&rule.conditions);
	if (r)
		return r;
	if (vp_abi_is_narrow(entry->abi))
		vp_cubes_truncate(cubes, first);
	vp_cubes_narrow(cubes, first, 0, entry->form.selector_mask, entry->form.selector);
	for (size_t i = 0; i < first && !r; i++)
		if (cubes->data[i].action != entry->action) {
			struct vp_cube earlier = cubes->data[i];

			r = vp_cubes_subtract(cubes, first, &earlier, err);
		}
	return r;
}

/* All rules on one number. */
static int add_number(const struct vp_filter *filter, scmp_filter_ctx context,
		      const struct vp_filter_entry *entries, size_t count,
		      struct vp_error *err)
{
	struct vp_cubes cubes = { 0 };
	int r = 0;

	for (size_t i = 0; i < count && !r; i++)
		r = add_entry(filter, &entries[i], &cubes, err);
	for (size_t i = 0; i < cubes.len && !r; i++)
		r = add_cube(context, entries, &cubes.data[i], err);
	if (r)
		r = vp_fail_context(err, "%s", entries->form.name);
	vp_array_free(&cubes);
	return r;
}

static int add_abi(const struct vp_filter *filter, enum vp_abi abi, scmp_filter_ctx context,
		   struct vp_error *err)
{
	size_t i = 0;

	while (i < filter->entries.len) {
		const struct vp_filter_entry *entry = &filter->entries.data[i], *first;
		size_t count =
			vp_filter_entries_of(filter, entry->abi, entry->form.number, &first);

		if (entry->abi == abi) {
			int r = add_number(filter, context, entry, count, err);

			if (r)
				return r;
		}
		i += count;
	}
	return 0;
}

static int read_code(struct vp_filter *filter, int fd, struct vp_error *err)
{
	off_t size = lseek(fd, 0, SEEK_END);
	size_t count = size < 0 ? 0 : (size_t)size / sizeof(struct sock_filter);

	if (count > VP_BPF_MAX)
		return vp_fail(
			err, -E2BIG,
			"the filter has %zu instructions, a kernel takes at most %d: deny "
			"whole calls, or write equalities in place of ranges",
			count, VP_BPF_MAX);
	vp_array_reserve(&filter->code, count);
	filter->code.len = count;
	if (!count || pread(fd, filter->code.data, (size_t)size, 0) != size)
		return failed(err, -EIO, "cannot read the program back");
	return 0;
}

static int export(struct vp_filter *filter, scmp_filter_ctx context, struct vp_error *err)
{
	_cleanup_close_ int fd = memfd_create("vpatch-filter", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return failed(err, -errno, "memfd_create");
	r = seccomp_export_bpf(context, fd);
	if (r)
		return failed(err, r, "cannot make the program");
	return read_code(filter, fd, err);
}

int vp_filter_emit(struct vp_filter *filter, struct vp_error *err)
{
	vp_cleanup(release) scmp_filter_ctx context = NULL;
	vp_cleanup(release) scmp_filter_ctx other = NULL;
	enum vp_abi companion = vp_abi_companion(filter->abi);
	int r;

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
