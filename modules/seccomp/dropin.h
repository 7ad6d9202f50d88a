/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The second belt: what systemd's own directives (systemd.exec(5)) can say of a unit's rules,
 * as a drop-in that holds without vpatch, from the unit's next start on. Pure.
 *
 * A rule has a directive only where that denies no call of the native ABI that no rule denies;
 * the exceptions are marked, written into the file, and left out on request. Where a directive
 * denies less, with another error, or by ending the process, the file says so. Rules without a
 * directive are listed in the file as comments. Rules in monitor mode are not in it.
 *
 * Never expressed, although SystemCallFilter= could: calls that systemd or the loader needs to
 * start the service at all (execve, seccomp, prctl, mmap, ...).
 */
#ifndef VP_SECCOMP_DROPIN_H
#define VP_SECCOMP_DROPIN_H

#include "lib/strbuf.h"
#include "policy/plan.h"

/* A rule, and its directive. */
struct vp_dropin_item {
	char *rule;	 /* "socket(domain = AF_ALG) [CVE-2026-31431]" */
	char *directive; /* "RestrictAddressFamilies=~AF_ALG"; NULL: there is none */
	char *remark;	 /* how it differs from the rule, or why there is none; or NULL */
	bool wider;	 /* it denies calls that no rule denies */
	bool call;	 /* a SystemCallFilter= */
	bool abi;	 /* not a rule: that other ABIs are closed */
};

struct vp_dropin {
	char *unit;    /* a service */
	char *patches; /* ids, ", " between them */
	/* no_new_privs may be set, which directives do to services that start without
	 * CAP_SYS_ADMIN (User=) */
	bool no_new_privs;
	VP_ARRAY(struct vp_dropin_item) items;
};

VP_ARRAY_TYPE(vp_dropins, struct vp_dropin);

/* Of each service that the plan names as a unit and denies something, in the plan's order; an
 * instance of a template that is named too with the rules of both, its own first: systemd
 * reads one of the two files. The array is empty before, and the caller's. */
void vp_dropins_build(const struct vp_plan *plan, struct vp_dropins *dropins);
void vp_dropins_free(struct vp_dropins *dropins);

/* Why directives set no_new_privs on a service that had it not. */
enum vp_dropin_basis {
	VP_DROPIN_BASIS_ALLOWED, /* they may, where the patches allow it */
	VP_DROPIN_BASIS_RIGHTS,	 /* they do not: it starts with CAP_SYS_ADMIN */
	VP_DROPIN_BASIS_SEALED,	 /* it starts under no_new_privs anyway */
	VP_DROPIN_BASES
};

/* The words of it in the file. */
const char *vp_dropin_basis_text(enum vp_dropin_basis basis);

/* Where it is to hold. */
struct vp_dropin_site {
	unsigned int manager; /* version of systemd; 0: not known */
	enum vp_dropin_basis basis;
	bool exact; /* no directives that are wider than their rules */
	uint64_t generation;
};

/* Why the item's directive is not used there, "" for no words; NULL: it is. */
const char *vp_dropin_item_reason(const struct vp_dropin_item *item,
				  const struct vp_dropin_site *site);
/* Why nothing at all is written there; NULL: something is. */
const char *vp_dropin_reason(const struct vp_dropin *dropin,
			     const struct vp_dropin_site *site);

/* The first words of every such file. */
#define VP_DROPIN_MARK "# Written by vpatch for "

/*
 * Append the file's text. The number of directives; 0: nothing can be said there, and nothing
 * was appended.
 */
size_t vp_dropin_print(const struct vp_dropin *dropin, const struct vp_dropin_site *site,
		       struct vp_strbuf *out);

#endif
