/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same message said otherwise: what its protocol lets a client write in several
 * ways, and behind or together with other messages. Pure.
 *
 * Of HTTP: what servers decode before they act (percent-encoding, dot segments,
 * the case of header names, transfer and content codings, ...), always; what applications
 * decode (JSON, forms, multipart, XML) where the attacked rule reads it so; and what
 * a rule's own transforms undo, where all its conditions on that part have them. A
 * rule that itself looks for percent signs is spared those.
 *
 * Sources: RFC 3986 (percent-encoding, dot segments), RFC 9110 and 9112 (HTTP/1.1),
 * RFC 8259 (JSON), RFC 7578 (multipart forms), RFC 1950 to 1952, RFC 7932 (brotli).
 */
#ifndef VP_LAB_RECODE_H
#define VP_LAB_RECODE_H

#include "agentd/ctl/lab/script.h"
#include "policy/patch.h"

struct vp_recode_order {
	const struct vp_patch *patch;
	size_t service;		    /* index into its services */
	const struct vp_rule *rule; /* that the message attacks; NULL: it is benign */
	const uint8_t *message;
	size_t len;
	const uint8_t *companion; /* a benign message of the service; empty: none is known */
	size_t companion_len;
};

/* Append scripts; none where the protocol is not known. */
void vp_recodings_make(struct vp_scripts *scripts, const struct vp_recode_order *order);

#endif
