/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the call rules of all patches of one unit to one program for seccomp(2).
 *
 * Default is ALLOW. A call is denied with the errno of the first rule that holds, in the
 * order given; rules in monitor mode are logged, and come after all others, so that they
 * never hide a denial. Pure: nothing is installed here.
 *
 * The program is proven: it is run by the interpreter over the corners of every rule, in
 * every ABI, and compared with a plain evaluation of the rules; one difference, and there is
 * no program.
 */
#ifndef VP_SECCOMP_FILTER_H
#define VP_SECCOMP_FILTER_H

#include "lib/cleanup.h"
#include "lib/error.h"
#include "lib/memory.h"
#include "lib/strbuf.h"
#include "modules/seccomp/abi.h"
#include "modules/seccomp/interpreter.h"
#include "policy/call.h"

/* A rule, and whose it is. */
struct vp_filter_rule {
	uint32_t tag; /* of its patch; any number of rules may share it */
	bool monitor; /* log, deny nothing */
	const struct vp_call_rule *rule;
};

struct vp_filter_request {
	enum vp_abi abi; /* VP_ABI_X86_64 or VP_ABI_AARCH64, whatever this machine is */
	/*
	 * What becomes of calls in the 32-bit ABI (int 0x80, AArch32). False: answered ENOSYS,
	 * or logged when all rules are in monitor mode. True: the rules hold there too; what
	 * goes through a multiplexer (socketcall, ipc), or has an argument in memory, is
	 * denied whatever its arguments. x32 is closed in both cases.
	 */
	bool cover;
	const struct vp_filter_rule *rules;
	size_t count;
	/*
	 * True: what is denied is handed to the filter's listener (SECCOMP_RET_USER_NOTIF),
	 * who gives the answer, so that it can be another one later. No rule may be in monitor
	 * mode.
	 */
	bool revocable;
};

struct vp_filter; /* opaque */

/*
 * Compile. *filter owns all it needs and is the caller's; untouched on failure.
 * A rule on clone() denies clone3() with ENOSYS too, whose flags are in memory, unless
 * there is a rule that denies it anyway, or the rule is in monitor mode.
 *
 * -EOPNOTSUPP: not this architecture, or a call that libseccomp does not know.
 * -E2BIG: more than 4096 instructions. -EINVAL: no rules, or one that is malformed.
 * -EBADMSG: the program does something else than the rules say (the text has the call).
 */
int vp_filter_compile(const struct vp_filter_request *request, struct vp_filter **filter,
		      struct vp_error *err);
/* Gives up one share; the last one frees it. NULL-safe. */
void vp_filter_free(struct vp_filter *filter);
/* Another share of the same filter, which never changes. */
struct vp_filter *vp_filter_share(struct vp_filter *filter);
static inline void vp_filter_cleanup(struct vp_filter **filter)
{
	vp_filter_free(*filter);
}
#define _cleanup_filter_ vp_cleanup(vp_filter_cleanup)

/* What a listener answers while the filter is meant: the errno, and whose rule it is. */
struct vp_filter_answer {
	int error;
	uint32_t tag; /* 0: nobody's, the ABI of the call is closed */
};

VP_ARRAY_TYPE(vp_filter_answers, struct vp_filter_answer);

bool vp_filter_is_revocable(const struct vp_filter *filter);
/* Of a revocable one: by the data of what its program returns. Added to *answers, the
 * caller's.
 */
void vp_filter_answers(const struct vp_filter *filter, struct vp_filter_answers *answers);
/* Does it hand over every call that the other one does, by having the same rules and more? */
bool vp_filter_includes(const struct vp_filter *filter, const struct vp_filter *other);

/* The program; valid as long as the filter. */
struct vp_bpf vp_filter_program(const struct vp_filter *filter);
/* Flags for seccomp(2): SPEC_ALLOW (else the filter costs more than it has to) and LOG; not of
 * a listener. */
unsigned long vp_filter_flags(const struct vp_filter *filter);
enum vp_abi vp_filter_abi(const struct vp_filter *filter);
bool vp_filter_covers(const struct vp_filter *filter);

/*
 * Does a program do what the filter's rules say? Run over the corners of all rules in every
 * ABI, each number of a call, and others. 0, or -EBADMSG with a call where it does not.
 * vp_filter_compile() has done this already for its own program.
 */
int vp_filter_prove(const struct vp_filter *filter, const struct vp_bpf *program,
		    struct vp_error *err);

/* What the rules say of a call, found without the program. */
uint32_t vp_filter_judge(const struct vp_filter *filter, const struct seccomp_data *data);

VP_ARRAY_TYPE(vp_filter_tags, uint32_t);

/*
 * Whose rules a denied or logged call falls under. With arguments: the tags of all rules
 * that hold, the deciding one first. Without (NULL): the tags of all rules on that call,
 * one of which it was. Each tag once. Nothing is added for calls in an ABI that is closed.
 * `audit` is an AUDIT_ARCH_ value, `nr` the number in that ABI.
 */
void vp_filter_owners(const struct vp_filter *filter, uint32_t audit, int nr,
		      const uint64_t *arguments, struct vp_filter_tags *tags);

/* Which arguments the rules on a call look at: bit i for argument i. 0 in an ABI that is
 * closed. */
uint8_t vp_filter_reads(const struct vp_filter *filter, uint32_t audit, int nr);

/* Has one of the rules on the call no condition, so that arguments do not matter? */
bool vp_filter_is_whole(const struct vp_filter *filter, uint32_t audit, int nr);

/* Has the patch a rule in monitor mode? */
bool vp_filter_monitors(const struct vp_filter *filter, uint32_t tag);

/* Names a tag in texts; the text is copied. */
typedef const char *vp_filter_namer(uint32_t tag, void *context);

/*
 * The filter as text: size, ABIs, each rule with its numbers, action and patch, and the
 * program. `name` may be NULL: tags are printed as numbers.
 */
void vp_filter_print(const struct vp_filter *filter, vp_filter_namer *name, void *context,
		     struct vp_strbuf *out);

/* "socket(domain=16, type=3, protocol=6)": arguments that are 0 at the end are left out. */
void vp_filter_print_call(const struct vp_call_prototype *call, const uint64_t *arguments,
			  struct vp_strbuf *out);

#endif
