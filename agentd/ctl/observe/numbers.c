/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of calls to be recorded, as a set and as the kernel's filter: see numbers.h. */
#include "agentd/ctl/observe/numbers.h"

#include <inttypes.h>

struct range {
	uint16_t first, last;
};

/*
 * Of i386, by what the same number is on x86-64. A 32-bit program of whatever C library makes
 * the first, and ends by the second.
 */
static const struct range i386_telling[] = {
	{ 243, 243 }, /* set_thread_area; mq_timedreceive */
	{ 252, 252 }, /* exit_group; ioprio_get */
	{ 119, 119 }, /* sigreturn; setresgid */
	{ 142, 146 }, /* _newselect, flock, msync, readv, writev; sched_ parameters */
	{ 162, 162 }, /* nanosleep; sync */
	{ 168, 168 }, /* poll; swapoff */
	{ 173, 176 }, /* rt_sigreturn, rt_sigaction, rt_sigprocmask; ioperm, modules */
	{ 195, 197 }, /* stat64, lstat64, fstat64; listxattr, removexattr */
	{ 240, 240 }, /* futex; mq_open */
	{ 256, 256 }, /* epoll_wait; migrate_pages */
	{ 336, 423 }, /* sockets, times of 64 bits and much more; none */
};

/* Of AArch32, by what the same number is on aarch64. */
static const struct range arm_telling[] = {
	{ 45, 45 },   /* brk; truncate */
	{ 168, 168 }, /* poll; getcpu */
	{ 174, 175 }, /* rt_sigaction, rt_sigprocmask; getuid, geteuid */
	{ 192, 192 }, /* mmap2; semtimedop */
	{ 195, 197 }, /* stat64, lstat64, fstat64; shared memory */
	{ 240, 240 }, /* futex; rt_tgsigqueueinfo */
	{ 248, 248 }, /* exit_group; none */
	{ 252, 252 }, /* epoll_wait; none */
	{ 322, 322 }, /* openat; none */
	{ 403, 423 }, /* 64-bit times; none */
};

static void add(struct vp_call_numbers *numbers, unsigned int number)
{
	numbers->bits[number / 64] |= 1ull << number % 64;
}

static bool has(const struct vp_call_numbers *numbers, unsigned int number)
{
	return numbers->bits[number / 64] >> number % 64 & 1;
}

static void add_ranges(struct vp_call_numbers *numbers, const struct range *ranges,
		       size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (unsigned int n = ranges[i].first; n <= ranges[i].last; n++)
			add(numbers, n);
}

static void add_rules(struct vp_call_numbers *numbers, const struct vp_filter *filter,
		      enum vp_abi abi)
{
	struct vp_filter_tags tags = { 0 };

	for (int n = 0; n < VP_CALL_NUMBERS; n++) {
		tags.len = 0;
		vp_filter_owners(filter, vp_abi_audit(abi), n, NULL, &tags);
		if (tags.len)
			add(numbers, (unsigned int)n);
	}
	vp_array_free(&tags);
}

void vp_call_numbers_add(struct vp_call_numbers *numbers, const struct vp_filter *filter)
{
	enum vp_abi abi = vp_filter_abi(filter);

	add_rules(numbers, filter, abi);
	if (vp_filter_covers(filter))
		add_rules(numbers, filter, vp_abi_companion(abi));
	else if (abi == VP_ABI_X86_64)
		add_ranges(numbers, i386_telling, VP_COUNT(i386_telling));
	else
		add_ranges(numbers, arm_telling, VP_COUNT(arm_telling));
	numbers->x32 |= abi == VP_ABI_X86_64;
}

bool vp_call_numbers_has(const struct vp_call_numbers *numbers, int64_t number)
{
	if (number >= VP_X32_BIT && number <= INT32_MAX)
		return numbers->x32;
	return number >= 0 && number < VP_CALL_NUMBERS && has(numbers, (unsigned int)number);
}

/* The last number of a run that begins at `first`: gaps up to `gap` belong to it. */
static unsigned int run_end(const struct vp_call_numbers *numbers, unsigned int first,
			    unsigned int gap)
{
	unsigned int last = first;

	for (unsigned int n = first; n < VP_CALL_NUMBERS && n <= last + gap + 1; n++)
		if (has(numbers, n))
			last = n;
	return last;
}

static void print(const struct vp_call_numbers *numbers, unsigned int gap,
		  struct vp_strbuf *out)
{
	const char * or = "";

	for (unsigned int n = 0; n < VP_CALL_NUMBERS; n++) {
		unsigned int last;

		if (!has(numbers, n))
			continue;
		last = run_end(numbers, n, gap);
		if (last == n)
			vp_strbuf_addf(out, "%sid==%u", or, n);
		else
			vp_strbuf_addf(out, "%s(id>=%u&&id<=%u)", or, n, last);
		or = "||";
		n = last;
	}
	if (numbers->x32)
		vp_strbuf_addf(out, "%sid>=%u", or, VP_X32_BIT);
}

void vp_call_numbers_print(const struct vp_call_numbers *numbers, struct vp_strbuf *out)
{
	for (unsigned int gap = 0; gap < VP_CALL_NUMBERS; gap++) {
		_cleanup_strbuf_ struct vp_strbuf text = { 0 };

		print(numbers, gap, &text);
		if (text.len < VP_CALL_NUMBERS_TEXT) {
			vp_strbuf_adds(out, vp_strbuf_text(&text));
			return;
		}
	}
}
