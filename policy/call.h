/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls as definitions name them: prototypes, constants, rules, vectors.
 * Numbers of calls are not known here; they belong to the machine that a filter
 * is compiled for.
 */
#ifndef VP_POLICY_CALL_H
#define VP_POLICY_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/diagnostic.h"
#include "policy/suggest.h"

#define VP_CALL_ARGUMENTS 6

/* Of an argument, from the kernel's prototype. */
enum vp_call_type {
	VP_CALL_NONE,  /* there is no such argument */
	VP_CALL_INT,   /* 32 bits: the upper half of the register does not count */
	VP_CALL_FLAGS, /* 32 bits of flags */
	VP_CALL_LONG,  /* 64 bits: sizes, offsets, opaque arguments */
	VP_CALL_LONG_FLAGS,
	VP_CALL_POINTER, /* memory: a filter cannot read its content; the address compares */
};

/* Families of constants; each argument has the names of its own only. */
enum vp_call_family {
	VP_CALL_FAMILY_AF,	/* address families */
	VP_CALL_FAMILY_SOCK,	/* socket types and their flags */
	VP_CALL_FAMILY_IPPROTO, /* protocols of IP */
	VP_CALL_FAMILY_NETLINK, /* protocols of AF_NETLINK */
	VP_CALL_FAMILY_CAN,	/* protocols of AF_CAN */
	VP_CALL_FAMILY_SOL,	/* levels of socket options */
	VP_CALL_FAMILY_SOCKOPT, /* socket options */
	VP_CALL_FAMILY_MSG,	/* flags of send and receive */
	VP_CALL_FAMILY_CLONE,
	VP_CALL_FAMILY_FUTEX,
	VP_CALL_FAMILY_PTRACE,
	VP_CALL_FAMILY_BPF,
	VP_CALL_FAMILY_KEYCTL,
	VP_CALL_FAMILY_PROT,
	VP_CALL_FAMILY_MAP,
	VP_CALL_FAMILY_MREMAP,
	VP_CALL_FAMILY_MADV,
	VP_CALL_FAMILY_OPEN, /* O_, also of pipe2, dup3, eventfd2 and others */
	VP_CALL_FAMILY_AT,   /* flags of the ...at() calls */
	VP_CALL_FAMILY_MODE, /* S_ of modes */
	VP_CALL_FAMILY_IOCTL,
	VP_CALL_FAMILY_FCNTL,
	VP_CALL_FAMILY_PR, /* options of prctl */
	VP_CALL_FAMILY_MS, /* flags of mount */
	VP_CALL_FAMILY_UMOUNT,
	VP_CALL_FAMILY_FS, /* flags of the mount calls since Linux 5.2 */
	VP_CALL_FAMILY_WAIT,
	VP_CALL_FAMILY_WAITID, /* P_ */
	VP_CALL_FAMILY_MFD,
	VP_CALL_FAMILY_GRND,
	VP_CALL_FAMILY_SECCOMP,
	VP_CALL_FAMILY_PERF,
	VP_CALL_FAMILY_IORING,
	VP_CALL_FAMILY_KCMP,
	VP_CALL_FAMILY_UFFD,
	VP_CALL_FAMILY_PERSONALITY,
	VP_CALL_FAMILY_MODULE,
	VP_CALL_FAMILY_RENAME,
	VP_CALL_FAMILY_RLIMIT,
	VP_CALL_FAMILY_IPC, /* System V */
	VP_CALL_FAMILY_SIG, /* signals */
	VP_CALL_FAMILY_CLOSE_RANGE,
	VP_CALL_FAMILY_REBOOT,
	VP_CALL_FAMILY_KEXEC,
	VP_CALL_FAMILY_CLOCK,
	VP_CALL_FAMILY_ITIMER,
	VP_CALL_FAMILY_EPOLL,
	VP_CALL_FAMILY_SPLICE,
	VP_CALL_FAMILY_SCHED,
	VP_CALL_FAMILY_COUNT
};

struct vp_call_argument {
	const char *name;
	enum vp_call_type type;
	uint64_t
		mask; /* bits that select, 0: all. Type of socket(): 0xf, the rest are flags */
	uint64_t families; /* 1 << enum vp_call_family; 0: numbers only */
};

struct vp_call_prototype {
	const char *name;
	struct vp_call_argument arguments[VP_CALL_ARGUMENTS];
};

/* NULL: unknown. */
const struct vp_call_prototype *vp_call_find(const char *name, size_t len);
/* All of them, in order of name; their count in *count. */
const struct vp_call_prototype *vp_call_all(size_t *count);
/* Index of the argument, or -1. */
int vp_call_argument_find(const struct vp_call_prototype *call, const char *name, size_t len);
/* Are the upper 32 bits of the register part of the value? */
bool vp_call_is_wide(const struct vp_call_argument *argument);

struct vp_call_constant {
	const char *name;
	uint64_t value; /* of a negative one the 64-bit two's complement */
};

/* The constant of one of the families; NULL: unknown. */
const struct vp_call_constant *vp_call_constant_find(uint64_t families, const char *name,
						     size_t len);
/* Consider all constants of these families for "did you mean". */
void vp_call_constant_suggest(uint64_t families, struct vp_suggestion *suggestion);
const char *vp_call_family_name(enum vp_call_family family);
/* The constants of one family; their count in *count. */
const struct vp_call_constant *vp_call_constants(enum vp_call_family family, size_t *count);

/* An errno value by name (EPERM), and its name; 0 and NULL: unknown. */
int vp_call_errno_find(const char *name, size_t len);
const char *vp_call_errno_name(int error);
void vp_call_errno_suggest(struct vp_suggestion *suggestion);

enum vp_call_compare {
	VP_CALL_EQUAL, /* (argument & mask) == value */
	VP_CALL_UNEQUAL,
	VP_CALL_LESS,
	VP_CALL_GREATER,
	VP_CALL_AT_LEAST,
	VP_CALL_AT_MOST
};

/* All unsigned. The mask of a 32-bit argument is at most 0xffffffff. */
struct vp_call_condition {
	uint8_t argument; /* index */
	bool wide;	  /* 64 bits of the register count */
	enum vp_call_compare compare;
	uint64_t mask, value; /* value is within mask */
};

/* Denied where all conditions hold. */
struct vp_call_rule {
	const struct vp_call_prototype *prototype;
	struct vp_location at;
	VP_ARRAY(struct vp_call_condition) conditions;
	int error;   /* errno value of Linux */
	bool forced; /* the author insisted on a dangerous denial */
};

VP_ARRAY_TYPE(vp_call_rules, struct vp_call_rule);

/* Compare 32 bits of arguments of which the command that the rule names makes the kernel read
 * no more (call_command.c): nothing gets past by the upper half. */
void vp_call_rule_narrow(struct vp_call_rule *rule);

/* Release the rules and what they own. */
void vp_call_rules_free(struct vp_call_rules *rules);

/* A concrete call; what was not written is 0. */
struct vp_call_vector {
	const struct vp_call_prototype *prototype;
	uint64_t arguments[VP_CALL_ARGUMENTS];
	struct vp_location at;
};

/* Does a value of its argument meet the condition? */
bool vp_call_condition_holds(const struct vp_call_condition *condition, uint64_t argument);
/* Would the call be denied by the rule? Says what a filter has to do. */
bool vp_call_rule_matches(const struct vp_call_rule *rule,
			  const uint64_t arguments[VP_CALL_ARGUMENTS]);

#define VP_CALL_SET_MEMBERS 8

/* A named group of terms, as the language writes them: "unshare(flags has CLONE_NEWUSER)". */
struct vp_call_set {
	const char *name, *what; /* what it denies, a phrase */
	const char *members[VP_CALL_SET_MEMBERS];
};

/* NULL: unknown. */
const struct vp_call_set *vp_call_set_find(const char *name, size_t len);
const struct vp_call_set *vp_call_set_all(size_t *count);

/* What is known of calls by name. */
enum vp_call_trait {
	VP_CALL_VITAL = 1 << 0, /* without it hardly a process lives, whatever the arguments */
	VP_CALL_VITAL_WHOLE = 1 << 1, /* likewise, unless arguments narrow it */
	VP_CALL_IN_RING = 1 << 2,     /* io_uring does the same without the call */
	VP_CALL_MANY = 1 << 3,	      /* one number for many operations */
};
unsigned int vp_call_traits(const struct vp_call_prototype *call);

/* Sets, calls and constants as a page of documentation (Markdown). */
void vp_call_reference(struct vp_strbuf *out);

#endif
