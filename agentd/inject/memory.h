/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of a foreign process, by one of its threads. False where not all of it is there. */
#ifndef VP_INJECT_MEMORY_H
#define VP_INJECT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

bool vp_memory_read(pid_t thread, uint64_t address, void *data, size_t len);
bool vp_memory_write(pid_t thread, uint64_t address, const void *data, size_t len);

#endif
