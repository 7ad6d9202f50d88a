/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchd.conf: one section [vpatchd], described in vpatchd.conf(5). Everything
 * has a default; relative paths start at the file's own folder, so that a whole
 * agent can live in any folder.
 */
#ifndef VP_AGENTD_CONFIG_H
#define VP_AGENTD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agentd/event.h"
#include "policy/diagnostic.h"
#include "policy/host.h"
#include "policy/patch.h"

#define VP_CONFIG_PATH VP_SYSCONFDIR "/vpatchd.conf"

struct vp_config {
	char *path;	 /* of the file that was read; NULL: defaults */
	char *policy;	 /* folder of *.vpatch */
	char *overrides; /* folder of *.conf */
	char *state;
	char *run; /* lock and socket */
	char *socket;
	char *view_group, *admin_group; /* names; "" for none */
	char *reporter;			/* executable of vpatchd-events */
	struct vp_port_ranges management;
	uint16_t log_group; /* NFLOG */
	bool table_ownership;
	enum vp_event_format syslog_form; /* `syslog-format` */
	char *syslog_socket;		  /* "none": no syslog */
	bool journal;			  /* native fields when the journal reads us */
	size_t keep_generations;
	struct vp_queueing queueing; /* 0: the default */
	bool dropins;		     /* are systemd's drop-ins kept? */
	char *dropins_folder;	     /* of units; NULL: no drop-in is written or removed */
	bool dropins_exact;	     /* vp_dropin_site.exact */
};

/*
 * Read `path`. NULL: VP_CONFIG_PATH, which may be missing. All findings are
 * reported; with errors the configuration must not be used. Always to be freed.
 */
void vp_config_read(struct vp_config *config, const char *path, struct vp_findings *findings);
void vp_config_free(struct vp_config *config);

#endif
