/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sealed memory: see sealed.h. */
#include "lib/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/cleanup.h"

#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

int vp_sealed_make(const char *name, const void *bytes, size_t len, struct vp_error *err)
{
	_cleanup_close_ int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || fcntl(fd, F_ADD_SEALS, SEALS))
		return vp_fail(err, -errno, "cannot seal %s: %s", name, strerror(errno));
	return TAKE_FD(fd);
}
