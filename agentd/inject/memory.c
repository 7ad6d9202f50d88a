/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of a foreign process: see memory.h. */
#include "agentd/inject/memory.h"

#include <sys/uio.h>

bool vp_memory_read(pid_t thread, uint64_t address, void *data, size_t len)
{
	const struct iovec here = { data, len };
	const struct iovec there = { (void *)(uintptr_t)address, len };

	return process_vm_readv(thread, &here, 1, &there, 1, 0) == (ssize_t)len;
}

bool vp_memory_write(pid_t thread, uint64_t address, const void *data, size_t len)
{
	const struct iovec here = { (void *)(uintptr_t)data, len };
	const struct iovec there = { (void *)(uintptr_t)address, len };

	return process_vm_writev(thread, &here, 1, &there, 1, 0) == (ssize_t)len;
}
