/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fields of one SMB message, read from as many of its first bytes as they
 * take. The caller gathers what is asked for; parser: smb.c.
 */
#ifndef VP_INSPECTION_SMB_FIELDS_H
#define VP_INSPECTION_SMB_FIELDS_H

#include "modules/inspection/sink.h"

/* A message that is being read; begin with the sink alone set. */
struct vp_smb {
	struct vp_sink *sink;
	bool begun;	      /* its unit is open */
	uint8_t command;      /* SMB 1: of the block that is read */
	uint16_t flags2;      /* SMB 1 */
	size_t block;	      /* SMB 1: offset of that block */
	unsigned int chained; /* SMB 1: blocks so far */
};

struct vp_smb_step {
	size_t want; /* so many bytes of the message are needed; 0: its unit is complete */
	size_t next; /* SMB 2: offset of the next message of a compound, 0: there is none */
	const char *wrong; /* it cannot be understood: why; an open unit was ended */
};

/* The value of `wrong` for bytes that are not SMB at all. */
extern const char vp_smb_not_smb[];

/* `bytes`: the message from its beginning; `all`: more do not come. Call it again with what it
 * wants. */
struct vp_smb_step vp_smb_read(struct vp_smb *smb, struct vp_slice bytes, bool all);

#endif
