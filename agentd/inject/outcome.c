/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Outcomes and their reasons in words. */
#include "agentd/inject/outcome.h"

#include "lib/memory.h"

static const char *const outcome_names[VP_INJECT_OUTCOMES] = {
	[VP_INJECT_COVERED] = "covered",
	[VP_INJECT_PARTIAL] = "partial",
	[VP_INJECT_REFUSED] = "refused",
	[VP_INJECT_GONE] = "gone",
};

static const char *const reason_texts[] = {
	[VP_REASON_NONE] = "",
	[VP_REASON_RINGS] = "it uses io_uring, or what it has open cannot be seen: no filter "
			    "sees what rings do",
	[VP_REASON_THREADS] = "not all of its threads could be reached",
	[VP_REASON_TRACED] = "it is traced by another process",
	[VP_REASON_KERNEL] = "it is a thread of the kernel's",
	[VP_REASON_FOREIGN] = "it runs 32-bit or other foreign code",
	[VP_REASON_STRICT] = "it is in seccomp's strict mode",
	[VP_REASON_DENIED] =
		"a filter that it has does not allow one to be added: its unit has to allow"
		" seccomp or prctl (SystemCallFilter=)",
	[VP_REASON_UNREAD] = "the filters that it has cannot be judged: at its next start",
	[VP_REASON_PRIVILEGE] =
		"it has neither CAP_SYS_ADMIN nor no_new_privs: no-new-privileges = allow, in"
		" [override ID] or the definition, lets the latter be set",
	[VP_REASON_BUSY] = "no thread of it stopped in time",
	[VP_REASON_FORBIDDEN] = "tracing it is not permitted",
	[VP_REASON_CODE] = "no system call instruction was found in it",
	[VP_REASON_MEMORY] = "it has no memory for the filter",
	[VP_REASON_PROGRAM] = "the kernel does not take the filter",
	[VP_REASON_UNLIKE] = "the filter read back is not the one given",
	[VP_REASON_LOST] = "a call made in it failed",
	[VP_REASON_CROWD] = "too many threads are late to stop",
	[VP_REASON_LISTENER] =
		"it has a filter with a listener already, and there can be one of them: its"
		" container's or its own, or one of ours with other rules; at its next start",
	[VP_REASON_OLD] = "revocable denials need Linux 5.7",
	[VP_REASON_ANSWER] = "vpatchd-answer cannot be reached, which answers what is denied"
			     " revocably",
	[VP_REASON_UNANSWERED] = "nobody answers its revocable denials: they fail with ENOSYS"
				 " and cannot be taken back",
	[VP_REASON_KEPT] =
		"it has a listener open, perhaps that of its own revocable denials, which then"
		" wait for ever: restart it",
};
_Static_assert(VP_COUNT(reason_texts) == VP_REASONS, "a text for every reason");

const char *vp_inject_outcome_name(enum vp_inject_outcome outcome)
{
	return (unsigned int)outcome < VP_INJECT_OUTCOMES ? outcome_names[outcome] : NULL;
}

const char *vp_inject_reason_text(enum vp_inject_reason reason)
{
	return (unsigned int)reason < VP_REASONS ? reason_texts[reason] : NULL;
}
