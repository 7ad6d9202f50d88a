/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The form of regexes, so far as it can be judged without a matcher. */
#ifndef VP_POLICY_REGEX_H
#define VP_POLICY_REGEX_H

#include <stddef.h>

struct vp_regex_fault {
	size_t at;	  /* byte of the pattern */
	const char *text; /* "expected ..., found ...", static */
};

/*
 * Check a pattern. Returns 0 and in *literal the length of the longest byte
 * string that every match contains (what a scanner looks for first; 0: none), or
 * -EINVAL with *fault.
 */
int vp_regex_check(const char *pattern, size_t *literal, struct vp_regex_fault *fault);

#endif
