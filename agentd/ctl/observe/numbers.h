/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which calls are worth a record: their numbers, and the filter that keeps the kernel from
 * making records of others. Pure.
 */
#ifndef VP_OBSERVE_NUMBERS_H
#define VP_OBSERVE_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/strbuf.h"
#include "modules/seccomp/filter.h"

struct vp_call_numbers {
	uint64_t bits[VP_CALL_NUMBERS / 64];
	bool x32; /* all calls of x32 as well */
};

/*
 * Add the numbers that a filter has rules on, in every ABI that it covers.
 *
 * Where it closes the 32-bit ABI, all of that ABI's calls are denied, but the numbers of both
 * ABIs are the same ones, and those of calls that every service makes all the time cannot be
 * recorded. So those are added that 32-bit programs cannot do without and whose 64-bit
 * namesakes are rare: no 32-bit program starts or lives unseen. A 64-bit program that makes
 * single calls by int 0x80 with other numbers is not seen.
 */
void vp_call_numbers_add(struct vp_call_numbers *numbers, const struct vp_filter *filter);

bool vp_call_numbers_has(const struct vp_call_numbers *numbers, int64_t number);

#define VP_CALL_NUMBERS_TEXT 4096 /* a page: more the kernel does not read */

/* "(id>=41&&id<=43)||id==435", for PERF_EVENT_IOC_SET_FILTER; at most VP_CALL_NUMBERS_TEXT
 * bytes with its end. Nothing is left out; where it would be longer, it lets more through. */
void vp_call_numbers_print(const struct vp_call_numbers *numbers, struct vp_strbuf *out);

#endif
