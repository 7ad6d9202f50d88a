/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The service manager of this host, where it is systemd: what drop-ins have to know of it. */
#ifndef VP_SYSCALLS_MANAGER_H
#define VP_SYSCALLS_MANAGER_H

#include <stdbool.h>

#include "agentd/syscalls/dropin_files.h"

/* Is the first process systemd, with units that a drop-in can be for? */
bool vp_manager_is_systemd(void);

/* The version that runs, not that is installed; 0: not known. */
unsigned int vp_manager_version(void);

/* The least of what the processes of the unit have that the manager itself has started. */
enum vp_dropin_rights vp_manager_rights(const char *unit);

/*
 * Have the manager read its units anew: SIGHUP, see systemd(1). What runs goes on. It is done
 * soon, not at once. -EOPNOTSUPP: the first process is not systemd.
 */
int vp_manager_reload(struct vp_error *err);

/* A folder of units of this host: all of the above. `root` is not copied. */
struct vp_dropin_folder vp_manager_folder(const char *root, bool exact);

/*
 * Keep the drop-ins in the folder in step with these: vp_dropin_files_write(). Where the first
 * process is not systemd none are written, but those of an earlier boot go. No drop-ins at
 * all: all of ours go, as panic wants it.
 */
int vp_manager_keep_dropins(const struct vp_dropin_folder *folder,
			    const struct vp_dropins *dropins, uint64_t generation,
			    struct vp_error *err);

/* The version in the text of /proc/1/maps; 0: none. Pure. */
unsigned int vp_manager_parse_version(const char *maps);

#endif
