/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record that vpatchd-denials sends to vpatchd: system calls that filters did
 * not let through, equal ones counted together (denial_sums.h). One fixed-size
 * message over a SOCK_SEQPACKET socketpair; both ends are of one build. The sender
 * has parsed what hostile processes chose: vpatchd believes nothing that
 * vp_denial_check did not check.
 */
#ifndef VP_AGENTD_DENIAL_H
#define VP_AGENTD_DENIAL_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "agentd/audit_record.h"
#include "lib/error.h"

#define VP_DENIAL_MAGIC 0x56504431u /* "VPD1" */

enum vp_denial_kind {
	VP_DENIAL_STATUS = 1, /* only confinement, proof, lost and foreign mean something */
	VP_DENIAL_CALLS,
	VP_DENIAL_KINDS,
};

/* Does this host report denials at all? Tried once, with a call of our own (audit_probe.h). */
enum vp_denial_proof {
	VP_PROOF_PENDING,    /* not yet known */
	VP_PROOF_REPORTED,   /* it does: the record of our call came */
	VP_PROOF_SILENT,     /* no record came within a second */
	VP_PROOF_OTHER_PIDS, /* one came, but its process ids are not those we know */
	VP_PROOF_UNTRIED,    /* no filter could be installed */
	VP_PROOFS,
};

#define VP_DENIAL_COMPAT    1u
#define VP_DENIAL_CUT	    2u /* comm or exe had more bytes */
#define VP_DENIAL_PROCESSES 4u /* of several processes: pid is 0; comm, ip of the first */
#define VP_DENIAL_MIXED	    8u /* of several calls and programs: count, first, last only */
#define VP_DENIAL_FLAGS	    15u

/* Fixed widths, host byte order, no padding. */
struct vp_denial {
	uint32_t magic;
	uint8_t kind;
	uint8_t confinement; /* VP_CONFINED_ bits of the sender (agentd/sandbox.h) */
	uint8_t proof;	     /* enum vp_denial_proof, in every record */
	uint8_t flags;
	uint64_t count;	      /* of denials, each in exactly one record; at least 1 */
	uint64_t first, last; /* microseconds since the epoch, of the kernel's */
	uint64_t ip;
	uint32_t pid, uid, architecture, action; /* as in struct vp_audit_record */
	int32_t call;
	uint32_t foreign; /* records not in the form of the kernel's, so far */
	uint64_t lost;	  /* audit records, of any type, that our socket had no room for */
	char comm[VP_AUDIT_COMM]; /* NUL-terminated; any bytes: escape before printing */
	char exe[VP_AUDIT_EXE];
};

static_assert(sizeof(struct vp_denial) == 344, "no padding in the record");

/* Is the message one well-formed record? 0, or -EPROTO with what is wrong. */
int vp_denial_check(const void *data, size_t len, struct vp_error *err);

#endif
