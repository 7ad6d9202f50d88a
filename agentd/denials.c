/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vpatchd-denials says, how much was lost, and whether anything can come: see denials.h.
 */
#include "agentd/denials.h"

#include <errno.h>

#include "agentd/audit_socket.h"
#include "lib/memory.h"

#define STATUS_MAX 64 /* status records in a row: a hostile process could send no other */

struct vp_denials {
	struct vp_helper *helper;
	uint64_t starts; /* of the helper, when the next two were said */
	unsigned int confinement;
	enum vp_denial_proof proof;
	struct vp_helper_counter foreign;
	uint64_t lost; /* the socket's, which outlives the processes */
	uint64_t records, denials;
	struct vp_error failed; /* why no process could be started; code 0: one could */
};

static int open_audit(uint32_t unused, struct vp_error *err)
{
	(void)unused;
	return vp_audit_open(err);
}

static const struct vp_helper_kind denials_kind = {
	.name = "vpatchd-denials",
	.open = open_audit,
	.size = sizeof(struct vp_denial),
	.check = vp_denial_check,
};

/* Keep the reason of a failure for vp_denials_reported, and tell it. */
static int tell(struct vp_denials *denials, int r, struct vp_error *err)
{
	if (r < 0)
		return vp_fail(err, r, "%s", denials->failed.text);
	if (vp_helper_fd(denials->helper) >= 0)
		denials->failed.code = 0;
	return r;
}

int vp_denials_start(struct vp_denials **denials, const char *executable, struct vp_error *err)
{
	struct vp_denials *made = vp_new(struct vp_denials);

	int r;

	*denials = made;
	r = vp_helper_start(&made->helper, &denials_kind, executable, 0, &made->failed);
	return tell(made, r, err);
}

void vp_denials_stop(struct vp_denials *denials)
{
	if (!denials)
		return;
	vp_helper_stop(denials->helper);
	free(denials);
}

void vp_denials_finish(struct vp_denials *denials)
{
	vp_helper_finish(denials->helper);
}

int vp_denials_fd(const struct vp_denials *denials)
{
	return vp_helper_fd(denials->helper);
}

static void take_counters(struct vp_denials *denials, const struct vp_denial *denial)
{
	denials->starts = vp_helper_state(denials->helper).starts;
	denials->confinement = denial->confinement;
	denials->proof = (enum vp_denial_proof)denial->proof;
	if (denial->lost > denials->lost)
		denials->lost = denial->lost;
	vp_helper_count(denials->helper, &denials->foreign, denial->foreign);
}

int vp_denials_read(struct vp_denials *denials, struct vp_denial *denial)
{
	for (int i = 0; i < STATUS_MAX; i++) {
		if (!vp_helper_read(denials->helper, denial))
			return 0;
		take_counters(denials, denial);
		if (denial->kind == VP_DENIAL_STATUS)
			continue;
		denials->records++;
		denials->denials += denial->count;
		return 1;
	}
	return 0;
}

int vp_denials_tick(struct vp_denials *denials, struct vp_error *err)
{
	return tell(denials, vp_helper_tick(denials->helper, &denials->failed), err);
}

static bool is_said(const struct vp_denials *denials)
{
	struct vp_helper_state process = vp_helper_state(denials->helper);

	return process.pid && process.starts == denials->starts;
}

int vp_denials_reported(const struct vp_denials *denials, struct vp_error *err)
{
	if (!is_said(denials))
		return denials->failed.code
			       ? vp_fail(err, denials->failed.code, "%s", denials->failed.text)
			       : 0;
	switch (denials->proof) {
	case VP_PROOF_REPORTED:
		return 1;
	case VP_PROOF_SILENT:
		if (denials->foreign.total)
			return vp_fail(err, -ENOTSUP,
				       "the kernel's records of denied system calls are in a "
				       "form that this version does not know");
		vp_audit_obstacle(err);
		return -ENOTSUP;
	case VP_PROOF_OTHER_PIDS:
		return vp_fail(
			err, -ENOTSUP,
			"the kernel tells of denied system calls with the host's process "
			"ids, and those of this pid namespace are others: run vpatchd "
			"in the host's");
	case VP_PROOF_UNTRIED:
		return vp_fail(
			err, -ENOTSUP,
			"cannot try whether the kernel tells of denied system calls: no "
			"filter could be installed (seccomp is not in the kernel, or "
			"not allowed for vpatchd)");
	case VP_PROOF_PENDING:
	case VP_PROOFS:
		break;
	}
	return 0;
}

struct vp_denials_state vp_denials_state(const struct vp_denials *denials)
{
	return (struct vp_denials_state){
		.process = vp_helper_state(denials->helper),
		.confinement = is_said(denials) ? denials->confinement : 0,
		.lost = denials->lost,
		.foreign = denials->foreign.total,
		.records = denials->records,
		.denials = denials->denials,
	};
}
