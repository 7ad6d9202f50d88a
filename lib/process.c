/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parent of a process: see process.h. */
#include "lib/process.h"

#include <stdio.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/memory.h"

/* A process chooses its own name, which may hold anything, also ")" and line ends: the last
 * ")". */
pid_t vp_process_parse_parent(const char *stat)
{
	const char *name_end = strrchr(stat, ')');
	int parent = 0;

	if (!name_end || sscanf(name_end, ") %*c %d", &parent) != 1)
		return 0;
	return parent;
}

pid_t vp_process_parent(pid_t pid)
{
	_cleanup_free_ char *path = vp_format("/proc/%d/stat", (int)pid);
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	char text[1024];

	if (!file)
		return 0;
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	return vp_process_parse_parent(text);
}
