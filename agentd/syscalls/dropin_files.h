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
	bool removing;	      /* nothing is written, what is not meant goes all the same */
	/* A file that is there while the manager does not know of a change; NULL: none */
	const char *pending;
	enum vp_dropin_rights (*rights)(const char *unit); /* vp_manager_rights() */
	int (*reload)(struct vp_error *err);		   /* vp_manager_reload() */
};

/*
 * Make the folder hold exactly these drop-ins: what differs in more than the generation is
 * written, each file whole, and ours of other units are removed, with their folders where
 * nothing else is in them. The manager reads anew once, if anything was changed, or was by
 * somebody who did not get so far. 0, or the first -errno with the file; the others are done
 * all the same.
 */
int vp_dropin_files_write(const struct vp_dropin_folder *folder,
			  const struct vp_dropins *dropins, uint64_t generation,
			  struct vp_error *err);

/* What is at a drop-in's place. */
enum vp_dropin_place {
	VP_DROPIN_ABSENT,  /* nothing of ours */
	VP_DROPIN_WRITTEN, /* ours, as it is meant now */
	VP_DROPIN_CHANGED, /* ours, and not as it is meant now */
	VP_DROPIN_FOREIGN, /* somebody else's */
	VP_DROPIN_PLACES
};

struct vp_dropin_view {
	char *path;
	struct vp_dropin_site site;
	const char *reason; /* why nothing is meant to be there; NULL: something is */
	enum vp_dropin_place place;
};

/* How one of them stands; `path` is the caller's. Reading only. */
void vp_dropin_files_look(const struct vp_dropin_folder *folder,
			  const struct vp_dropin *dropin, struct vp_dropin_view *view);

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
