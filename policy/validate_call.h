/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading calls as definitions write them: terms of `deny`, and concrete calls. */
#ifndef VP_POLICY_VALIDATE_CALL_H
#define VP_POLICY_VALIDATE_CALL_H

#include "policy/lexer.h"
#include "policy/patch.h"

/*
 * One term of `deny`: its text and its rules are added to the section, the rules
 * without an errno where the section's is meant. False with a finding.
 */
bool vp_read_call_term(struct vp_lexer *lexer, struct vp_syscalls *syscalls);

/* NAME or NAME(ARGUMENT = VALUE, ...); the canonical text is added to `text`. False with a
 * finding. */
bool vp_read_call_vector(struct vp_lexer *lexer, struct vp_call_vector *vector,
			 struct vp_strbuf *text);

/* Make the error that a name is none of a call (nor of a set). Returns false. */
bool vp_unknown_call(struct vp_lexer *lexer, const char *word, size_t length, bool sets);

#endif
