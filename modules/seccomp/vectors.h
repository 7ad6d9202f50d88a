/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that a filter must deny or allow, asked of its program before it is installed:
 * the vectors of definitions, in every way that there is into the kernel, and the calls
 * that the service was seen making.
 */
#ifndef VP_SECCOMP_VECTORS_H
#define VP_SECCOMP_VECTORS_H

#include "lib/strbuf.h"
#include "modules/seccomp/filter.h"

struct vp_vector {
	const struct vp_call_vector *call;
	uint32_t tag; /* of the patch that has it */
	bool denied;  /* what is expected */
};

/*
 * Run the vectors, each with the upper halves of its 32-bit arguments empty and set.
 * Denied ones must be denied (logged, where the patch has rules in monitor mode) in the
 * native ABI, in every form of the 32-bit one, and by x32; allowed ones must be allowed in
 * the native ABI, and in the 32-bit one where it is covered and the form can be checked.
 *
 * Returns the number of failures, each a line in `out`:
 * "socket(domain=16, type=3, protocol=6) by int 0x80 as socketcall(1): expected denied, found
 * allowed".
 */
size_t vp_vectors_run(const struct vp_filter *filter, const struct vp_bpf *program,
		      const struct vp_vector *vectors, size_t count, struct vp_strbuf *out);

/* A call that a service was seen making. */
struct vp_observed {
	uint32_t audit; /* AUDIT_ARCH_ */
	int nr;
	bool has_arguments; /* an audit record has none */
	uint64_t arguments[VP_CALL_ARGUMENTS];
	uint64_t count; /* how often; 0 is taken for 1 */
	uint8_t unsaid; /* bit i: argument i is left out of texts, because it varies, or so */
	const char *by; /* "nginx[123]"; NULL: whoever. Not owned */
};

/* "socket(domain=16, type=3)", " by i386 (int 0x80)" where it is not the machine's own ABI. */
void vp_observed_print(const struct vp_observed *observed, struct vp_strbuf *out);

struct vp_observed_result {
	size_t denied;	 /* lines of calls that would be denied or logged */
	size_t possible; /* without arguments: some of them are denied, others not */
};

/*
 * Which of the observed calls would be denied? One line each, with the patches:
 * "socket(domain=16) seen 3 times by nginx[123]: denied with EPERM [CVE-2024-1086]".
 */
struct vp_observed_result vp_observed_run(const struct vp_filter *filter,
					  const struct vp_bpf *program,
					  const struct vp_observed *observed, size_t count,
					  vp_filter_namer *name, void *context,
					  struct vp_strbuf *out);

#endif
