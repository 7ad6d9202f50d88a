/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes as they were seen: see denying_cache.h. */
#include "agentd/denying_cache.h"

#include <string.h>

#include "lib/process.h"

static void forget(struct vp_denying_process *process)
{
	free(process->unit);
	free(process->program);
	process->unit = process->program = NULL;
}

static void make_room(struct vp_denying_cache *cache)
{
	size_t len = cache->processes.len, oldest = 0;
	struct vp_denying_process *list = cache->processes.data;

	if (len < VP_DENYING_CACHE)
		return;
	for (size_t i = 1; i < len; i++)
		if (list[i].asked < list[oldest].asked)
			oldest = i;
	forget(&list[oldest]);
	memmove(list + oldest, list + oldest + 1, (len - oldest - 1) * sizeof(*list));
	cache->processes.len--;
}

static struct vp_denying_process *add(struct vp_denying_cache *cache, pid_t id)
{
	struct vp_denying_process *list;
	size_t at, len;

	make_room(cache);
	(void)vp_array_add(&cache->processes);
	len = cache->processes.len - 1;
	cache->processes.len = len;
	at = vp_array_lower(&cache->processes, id, id);
	list = cache->processes.data;
	memmove(list + at + 1, list + at, (len - at) * sizeof(*list));
	cache->processes.len = len + 1;
	list[at] = (struct vp_denying_process){ .id = id };
	return &list[at];
}

/* A process may be in another unit, or run another program, than when it was seen: it is
 * looked up once only. */
const struct vp_denying_process *vp_denying_cache_find(struct vp_denying_cache *cache,
						       pid_t id)
{
	size_t at = vp_array_lower(&cache->processes, id, id);
	struct vp_denying_process *process = NULL;
	struct vp_proc_stat stat;
	bool lives = vp_process_stat(id, &stat);

	if (at < cache->processes.len && cache->processes.data[at].id == id)
		process = &cache->processes.data[at];
	if (!process && !lives)
		return NULL;
	if (!process)
		process = add(cache, id);
	process->asked = ++cache->asked;
	if (!lives || process->start == stat.start)
		return process;
	forget(process);
	process->start = stat.start;
	process->unit = vp_process_unit(id);
	process->program = vp_process_executable(id);
	return process;
}

const struct vp_denying_process *vp_denying_cache_program(const struct vp_denying_cache *cache,
							  const char *program)
{
	vp_array_each (process, &cache->processes)
		if (process->program && !strcmp(process->program, program))
			return process;
	return NULL;
}

void vp_denying_cache_free(struct vp_denying_cache *cache)
{
	vp_array_each (process, &cache->processes)
		forget(process);
	vp_array_free(&cache->processes);
}
