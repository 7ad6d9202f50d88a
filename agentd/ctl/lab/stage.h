/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls made elsewhere, over a SOCK_SEQPACKET socket: by a process in a cell, which a lab
 * asks, or by a service that is under test. Both ends are of one build.
 */
#ifndef VP_LAB_STAGE_H
#define VP_LAB_STAGE_H

#include "agentd/ctl/lab/outcome.h"
#include "agentd/ctl/lab/raw_call.h"

/* Under what a call is made. */
enum vp_stage_filter {
	VP_STAGE_BARE,	 /* what the other end is under itself */
	VP_STAGE_FILTER, /* two programs that it was given */
	VP_STAGE_TWIN,
	VP_STAGE_HERE, /* as BARE, but by the thread that is asked, not by a child of it */
	VP_STAGE_FILTERS
};

/*
 * Answer until the other end is closed; 0, or 1 after an error. The calling thread blocks
 * SIGCHLD, and must be the only one that has children meanwhile.
 */
int vp_stage_serve(int socket);

struct vp_stage {
	pid_t keeper; /* of the cell; 0: the socket leads elsewhere */
	int socket;
};

/* A cell with one process that answers. 0 or -errno, as vp_cell_start. */
int vp_stage_open(struct vp_stage *stage, struct vp_error *err);
void vp_stage_close(struct vp_stage *stage);

/* Give it a program: VP_STAGE_FILTER or VP_STAGE_TWIN. 0 or -errno. */
int vp_stage_load(const struct vp_stage *stage, enum vp_stage_filter filter,
		  const struct vp_bpf *program, struct vp_error *err);

/* Have a call made; one that does not return in time is ended (not so HERE). 0 or -errno. */
int vp_stage_make(const struct vp_stage *stage, enum vp_stage_filter filter,
		  const struct vp_raw_call *entry, unsigned int milliseconds,
		  struct vp_outcome *outcome, struct vp_error *err);

/* The ABIs that calls can be made in there: bits 1 << enum vp_abi. 0 or -errno. */
int vp_stage_abis(const struct vp_stage *stage, unsigned int *abis, struct vp_error *err);

#endif
