/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checking what vpatchd-denials says it read: see denial.h. */
#include "agentd/denial.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "agentd/sandbox.h"

/* NUL-terminated, and zeros behind. */
static bool is_text(const char *text, size_t room)
{
	size_t len = strnlen(text, room);

	if (len == room)
		return false;
	for (; len < room; len++)
		if (text[len])
			return false;
	return true;
}

static bool status_fits(const struct vp_denial *denial)
{
	return !denial->flags && !denial->count && !denial->first && !denial->last &&
	       !denial->ip && !denial->pid && !denial->uid && !denial->architecture &&
	       !denial->action && !denial->call && !denial->comm[0] && !denial->exe[0];
}

/* A sum over several calls or programs says nothing of any of them. */
static bool mixed_fits(const struct vp_denial *denial)
{
	return (denial->flags & VP_DENIAL_PROCESSES) && !(denial->flags & VP_DENIAL_COMPAT) &&
	       !denial->ip && !denial->uid && !denial->architecture && !denial->action &&
	       !denial->call && !denial->comm[0] && !denial->exe[0];
}

static bool calls_fit(const struct vp_denial *denial)
{
	if (!denial->count || denial->first > denial->last ||
	    (denial->flags & ~VP_DENIAL_FLAGS))
		return false;
	if ((denial->flags & VP_DENIAL_PROCESSES) && denial->pid)
		return false;
	return !(denial->flags & VP_DENIAL_MIXED) || mixed_fits(denial);
}

int vp_denial_check(const void *data, size_t len, struct vp_error *err)
{
	struct vp_denial denial;
	bool fits;

	if (len != sizeof(denial))
		return vp_fail(err, -EPROTO, "record of %zu bytes instead of %zu", len,
			       sizeof(denial));
	memcpy(&denial, data, sizeof(denial));
	if (denial.magic != VP_DENIAL_MAGIC)
		return vp_fail(err, -EPROTO,
			       "record of another version (0x%08x): vpatchd and "
			       "vpatchd-denials are not from the same build",
			       denial.magic);
	if (denial.kind < VP_DENIAL_STATUS || denial.kind >= VP_DENIAL_KINDS ||
	    denial.proof >= VP_PROOFS)
		return vp_fail(err, -EPROTO, "record of unknown kind %u, proof %u",
			       denial.kind, denial.proof);
	if ((denial.confinement & VP_CONFINED_ALWAYS) != VP_CONFINED_ALWAYS ||
	    (denial.confinement & ~VP_CONFINED_ALL))
		return vp_fail(err, -EPROTO, "record of a process that is not confined");
	if (!is_text(denial.comm, sizeof(denial.comm)) ||
	    !is_text(denial.exe, sizeof(denial.exe)))
		return vp_fail(err, -EPROTO, "record with a text that does not end");
	fits = denial.kind == VP_DENIAL_STATUS ? status_fits(&denial) : calls_fit(&denial);
	return fits ? 0 : vp_fail(err, -EPROTO, "record that contradicts itself");
}
