/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came of an injection, in one word and why; the same for who asked for it. */
#ifndef VP_INJECT_OUTCOME_H
#define VP_INJECT_OUTCOME_H

enum vp_inject_outcome {
	VP_INJECT_COVERED = 1, /* every thread, read back */
	VP_INJECT_PARTIAL,     /* it is on, and something is out of its reach */
	VP_INJECT_REFUSED,     /* it is not on */
	VP_INJECT_GONE,	       /* the process has ended */
	VP_INJECT_OUTCOMES,
};

enum vp_inject_reason {
	VP_REASON_NONE,
	VP_REASON_RINGS,   /* partial: rings of io_uring, whose work no filter sees, or not
			      known to have none */
	VP_REASON_THREADS, /* partial: `detail` threads could not be reached */
	VP_REASON_TRACED,  /* by process `detail` */
	VP_REASON_KERNEL,  /* a thread of the kernel's */
	VP_REASON_FOREIGN, /* a 32-bit program, or code of another ABI */
	VP_REASON_STRICT,  /* in seccomp's strict mode */
	VP_REASON_DENIED,  /* a filter that it has does not allow call number `detail` */
	VP_REASON_UNREAD,  /* the filters that it has cannot be read or judged; `detail`: errno
			    */
	VP_REASON_PRIVILEGE,  /* it would need no_new_privs, which was not allowed */
	VP_REASON_BUSY,	      /* no thread stopped in time */
	VP_REASON_FORBIDDEN,  /* we may not trace it; `detail`: errno */
	VP_REASON_CODE,	      /* no instruction of a system call was found in it */
	VP_REASON_MEMORY,     /* it has no memory for the filter; `detail`: errno */
	VP_REASON_PROGRAM,    /* the kernel does not take the filter; `detail`: errno */
	VP_REASON_UNLIKE,     /* partial: what was read back is not what was given */
	VP_REASON_LOST,	      /* a call in it failed in an unforeseen way; `detail`: errno */
	VP_REASON_CROWD,      /* too many late threads already; try again later */
	VP_REASON_LISTENER,   /* it has a filter with a listener, which there is one of at most
			       */
	VP_REASON_OLD,	      /* this kernel does not let a listener be handed over */
	VP_REASON_ANSWER,     /* nobody would take the listener */
	VP_REASON_UNANSWERED, /* partial: nobody has the listener */
	VP_REASON_KEPT,	      /* partial: it may have it itself, who put it on was killed */
	VP_REASONS,
};

/* "covered", ...; and why, in words. NULL: no such one. */
const char *vp_inject_outcome_name(enum vp_inject_outcome outcome);
const char *vp_inject_reason_text(enum vp_inject_reason reason);

/* What may be done, and how. */
#define VP_INJECT_NO_NEW_PRIVS 0x1u /* set it on processes that need it for a filter */
#define VP_INJECT_LOG	       0x2u /* what the filter denies is logged by the kernel */
#define VP_INJECT_FLAGS	       0x3u /* all of them */

/* What was done to a process besides. */
#define VP_INJECTED_PRESENT 0x1u   /* nothing: it had the filter already */
#define VP_INJECTED_PRIVS   0x2u   /* no_new_privs was set */
#define VP_INJECTED_EACH    0x4u   /* thread by thread */
#define VP_INJECTED_PRCTL   0x8u   /* by prctl(2): denials are not logged */
#define VP_INJECTED_LATE    0x10u  /* a wait with a timeout may end late: it began anew */
#define VP_INJECTED_COUNTED 0x20u  /* this kernel gives no filters: their number was read */
#define VP_INJECTED_EINTR   0x40u  /* a wait may have ended by EINTR: which is not known */
#define VP_INJECTED_CHASED  0x80u  /* others like it were looked for, all are covered */
#define VP_INJECTED_UNSURE  0x100u /* likewise, and some may not be */
#define VP_INJECTED_FLAGS   0x1ffu

#endif
