/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes run without their filter: see scan.h. A process of its own does this, for
 * it waits: for threads that stop, and for whoever reads.
 */
#include "agentd/hook/scan.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/hook/giving.h"
#include "agentd/hook/places.h"
#include "agentd/inject/inject.h"
#include "lib/cleanup.h"
#include "lib/process.h"
#include "modules/seccomp/interpreter.h"

#define PASSES	 8    /* over processes that begin meanwhile */
#define LINGER	 1000 /* milliseconds, for threads that did not stop in time */
#define PATIENCE 1000 /* milliseconds, for who does not read our notes */

struct scan {
	const struct vp_hook_table *table;
	struct vp_hook_places places;
	int socket;
	pid_t worker;
	struct vp_injector injector;
	struct vp_hook_notes notes;
	unsigned int covered; /* in this pass */
};

static void tell(struct scan *scan, size_t entry, const struct vp_request_process *who,
		 const struct vp_injected *injected)
{
	struct vp_hook_note note = vp_hook_note(VP_HOOK_FOUND, scan->table->number);

	note.entry = (uint32_t)entry;
	note.filter = scan->table->entries.data[entry].name;
	note.from = note.until = vp_hook_clock();
	vp_record_fill(&note.record, who, injected);
	vp_hook_notes_add(&scan->notes, &note);
	(void)vp_hook_notes_send_all(&scan->notes, scan->socket, PATIENCE);
}

static bool is_news(const struct scan *scan, const struct vp_injected *injected)
{
	if (injected->outcome == VP_INJECT_GONE || injected->flags & VP_INJECTED_PRESENT)
		return false;
	return injected->reason != VP_REASON_TRACED ||
	       vp_process_parent((pid_t)injected->detail) != scan->worker;
}

static void inject(struct scan *scan, size_t entry, const struct vp_request_process *who,
		   bool first)
{
	const struct vp_hook_entry *row = &scan->table->entries.data[entry];
	const struct vp_hook_filter *filter = &scan->table->filters.data[row->filter];
	struct vp_answer_giver giver;
	struct vp_injected injected;

	scan->injector.injection = vp_injection_of(filter->code, filter->len, row->flags,
						   VP_INJECT_DEADLINE, vp_bpf_allows);
	vp_hook_give(filter, scan->table, &giver, &scan->injector.injection);
	vp_inject(&scan->injector, who->id, who->start, &injected);
	vp_answer_giver_close(&giver);
	if (!is_news(scan, &injected))
		return;
	if (injected.outcome == VP_INJECT_REFUSED && !first)
		return; /* it was told */
	scan->covered += injected.outcome != VP_INJECT_REFUSED;
	tell(scan, entry, who, &injected);
}

/* A program that was replaced runs on under the number of its old file: by its name then. */
static void find_replaced(const struct vp_hook_table *table,
			  const struct vp_hook_places *places, struct vp_hook_process *process)
{
	_cleanup_free_ char *path = NULL;
	struct stat file;
	char exe[32];

	snprintf(exe, sizeof(exe), "/proc/%d/exe", (int)process->id);
	if (stat(exe, &file) || file.st_nlink)
		return;
	path = vp_process_executable(process->id);
	for (size_t i = 0; path && i < table->entries.len; i++)
		if (!places->data[i].error && !strcmp(table->entries.data[i].path, path)) {
			process->device = places->data[i].device;
			process->inode = places->data[i].inode;
		}
}

static void look(struct scan *scan, pid_t id, bool first)
{
	struct vp_request_process who = { .id = id };
	struct vp_hook_process process;
	size_t i;

	if (vp_hook_process_read(&process, id))
		return;
	who.start = vp_hook_process_start(id);
	find_replaced(scan->table, &scan->places, &process);
	for (i = vp_hook_match(scan->table, &scan->places, &process, 0);
	     who.start && i < scan->table->entries.len;
	     i = vp_hook_match(scan->table, &scan->places, &process, i + 1))
		inject(scan, i, &who, first);
	vp_hook_process_free(&process);
}

static bool is_wanted(const struct scan *scan)
{
	char byte;

	return recv(scan->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
}

static void pass(struct scan *scan, bool first)
{
	_cleanup_closedir_ DIR *folder = opendir("/proc");
	pid_t id;

	while (is_wanted(scan) && (id = vp_process_next(folder)))
		if (id > 1 && id != getpid())
			look(scan, id, first);
}

void vp_hook_scan(const struct vp_hook_table *table, int socket, pid_t worker)
{
	static struct scan scan; /* large, and once in the process */

	scan.table = table;
	scan.socket = socket;
	scan.worker = worker;
	vp_array_each (entry, &table->entries)
		vp_array_push(&scan.places, vp_hook_place(entry->path));
	for (int i = 0; i < PASSES; i++) {
		scan.covered = 0;
		pass(&scan, !i);
		if (!scan.covered)
			break;
	}
	(void)vp_inject_settle(&scan.injector, LINGER);
	vp_array_free(&scan.places);
}
