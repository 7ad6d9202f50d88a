/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The groups of policy_test, and how they get a policy from texts. */
#ifndef VP_TESTS_POLICY_TESTS_H
#define VP_TESTS_POLICY_TESTS_H

#include "policy/policy.h"

/* Each returns the number of failed tests. */
int run_value_tests(void);
int run_regex_tests(void);
int run_field_tests(void);
int run_source_tests(void);
int run_validate_tests(void);
int run_override_tests(void);
int run_sources_tests(void);
int run_print_tests(void);
int run_call_tests(void);

#define NOW 1767225600 /* 2026-01-01T00:00:00Z */

struct built {
	struct vp_policy policy;
	struct vp_findings findings;
	struct vp_strbuf text; /* of the findings */
};

/* Build a policy from one definition, overrides (weakest first, NULL: none) and a set file
 * "set.txt". */
void build(struct built *built, const char *definition, const char *const *overrides,
	   size_t overrides_count, const char *set_file);
void build_bytes(struct built *built, const char *definition, size_t len);
void built_free(struct built *built);

/* The only patch, without any errors; fails the test otherwise. */
const struct vp_patch *only_patch(struct built *built);

/* A definition whose only rule has this `when` line (and a service with these ports). */
char *with_condition(const char *ports, const char *condition);

#endif
