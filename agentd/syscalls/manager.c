/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd, asked through /proc and told by a signal: see manager.h. */
#include "agentd/syscalls/manager.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/capability.h>

#include "lib/cleanup.h"
#include "lib/process.h"
#include "lib/unit.h"

#define LIBRARY "/libsystemd-shared-" /* followed by the version */

bool vp_manager_is_systemd(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/1/comm", "re");
	char name[32] = "";
	struct stat st;

	return file && fgets(name, sizeof(name), file) && !strcmp(name, "systemd\n") &&
	       !lstat("/run/systemd/system", &st) && S_ISDIR(st.st_mode);
}

unsigned int vp_manager_parse_version(const char *maps)
{
	const char *at = strstr(maps, LIBRARY);
	unsigned int version = 0;

	if (!at || sscanf(at + strlen(LIBRARY), "%4u", &version) != 1)
		return 0;
	return version;
}

unsigned int vp_manager_version(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/1/maps", "re");
	_cleanup_free_ char *line = NULL;
	unsigned int version = 0;
	size_t size = 0;

	while (file && !version && getline(&line, &size, file) > 0)
		version = vp_manager_parse_version(line);
	return version;
}

static enum vp_dropin_rights rights_of(pid_t process)
{
	struct vp_proc_status status;

	if (!vp_process_status(process, &status))
		return VP_DROPIN_RIGHTS_UNKNOWN;
	if (status.capabilities >> CAP_SYS_ADMIN & 1)
		return VP_DROPIN_RIGHTS_ALL;
	return status.no_new_privs ? VP_DROPIN_RIGHTS_SEALED : VP_DROPIN_RIGHTS_FEW;
}

enum vp_dropin_rights vp_manager_rights(const char *unit)
{
	_cleanup_closedir_ DIR *folder = opendir("/proc");
	enum vp_dropin_rights found = VP_DROPIN_RIGHTS_UNKNOWN;
	pid_t process;

	while ((process = vp_process_next(folder))) {
		_cleanup_free_ char *of = NULL;
		enum vp_dropin_rights rights;
		struct vp_proc_stat stat;

		if (!vp_process_stat(process, &stat) || stat.parent != 1)
			continue;
		of = vp_process_unit(process);
		if (!of || !vp_unit_match(of, unit) ||
		    vp_process_is_starting(process, &stat, of))
			continue;
		rights = rights_of(process);
		if (found == VP_DROPIN_RIGHTS_UNKNOWN ||
		    (rights != VP_DROPIN_RIGHTS_UNKNOWN && rights < found))
			found = rights;
	}
	return found;
}

int vp_manager_reload(struct vp_error *err)
{
	if (!vp_manager_is_systemd())
		return vp_fail(err, -EOPNOTSUPP,
			       "the first process is not systemd: nobody reads the drop-ins");
	if (kill(1, SIGHUP))
		return vp_fail(err, -errno,
			       "systemd cannot be told to read its units anew: %s; 'systemctl "
			       "daemon-reload'",
			       strerror(errno));
	return 0;
}

static int reload_if_there(struct vp_error *err)
{
	return vp_manager_is_systemd() ? vp_manager_reload(err) : 0;
}

struct vp_dropin_folder vp_manager_folder(const char *root, bool exact)
{
	return (struct vp_dropin_folder){ .root = root,
					  .manager = vp_manager_version(),
					  .exact = exact,
					  .rights = vp_manager_rights,
					  .reload = reload_if_there };
}

int vp_manager_keep_dropins(const struct vp_dropin_folder *folder,
			    const struct vp_dropins *dropins, uint64_t generation,
			    struct vp_error *err)
{
	const struct vp_dropins none = { 0 };

	return vp_dropin_files_write(folder, vp_manager_is_systemd() ? dropins : &none,
				     generation, err);
}
