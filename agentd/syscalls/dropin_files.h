/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drop-ins in a folder of the service manager: ROOT/UNIT.d/60-vpatch.conf. Only files that
 * begin with VP_DROPIN_MARK are ever changed or removed.
 */
#ifndef VP_SYSCALLS_DROPIN_FILES_H
#define VP_SYSCALLS_DROPIN_FILES_H

#include "lib/error.h"
#include "lib/memory.h"
#include "modules/seccomp/dropin.h"

#define VP_DROPIN_FILE "60-vpatch.conf"

/* With what a service starts, by what runs of it. */
enum vp_dropin_rights {
	VP_DROPIN_RIGHTS_UNKNOWN, /* it does not run: as it was the last time */
	VP_DROPIN_RIGHTS_FEW,
	VP_DROPIN_RIGHTS_SEALED, /* few, under no_new_privs: by its unit, or by our drop-in */
	VP_DROPIN_RIGHTS_ALL	 /* CAP_SYS_ADMIN */
};

/* The folder, and what is to be asked and told of it. */
struct vp_dropin_folder {
	const char *root;     /* "/etc/systemd/system", "/run/systemd/system"; must exist */
	unsigned int manager; /* vp_dropin_site.manager, vp_manager_version() */
	bool exact;	      /* vp_dropin_site.exact */
	enum vp_dropin_rights (*rights)(const char *unit); /* vp_manager_rights() */
	int (*reload)(struct vp_error *err);		   /* vp_manager_reload() */
};

/*
 * Make the folder hold exactly these drop-ins: what differs in more than the generation is
 * written, each file whole, and ours of other units are removed, with their folders where
 * nothing else is in them. The manager reads anew once, if anything was changed. 0, or the
 * first -errno with the file; the others are done all the same.
 */
int vp_dropin_files_write(const struct vp_dropin_folder *folder,
			  const struct vp_dropins *dropins, uint64_t generation,
			  struct vp_error *err);

struct vp_dropin_file {
	char *unit, *path;
	char *patches;	     /* as in its first line */
	uint64_t generation; /* that wrote it */
};

VP_ARRAY_TYPE(vp_dropin_list, struct vp_dropin_file);

/* Ours, in order of unit; a folder that is not there holds none. The list is empty before, and
 * the caller's. */
void vp_dropin_files_list(const char *root, struct vp_dropin_list *list);
void vp_dropin_list_free(struct vp_dropin_list *list);

#endif
