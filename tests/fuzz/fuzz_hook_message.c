/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables that the exec hook is given, and notes that it tells. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/hook/note.h"
#include "agentd/hook/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

/* What was taken is printed as it came. */
static void table(const uint8_t *data, size_t size)
{
	static uint8_t bytes[VP_HOOK_BYTES];
	struct vp_hook_table table;

	if (vp_hook_table_parse(data, size, &table, NULL))
		return;
	must(table.entries.len <= VP_HOOK_ENTRIES && table.filters.len <= VP_HOOK_FILTERS);
	vp_array_each (entry, &table.entries)
		must(*entry->path == '/' && entry->filter < table.filters.len);
	if (size <= sizeof(bytes)) {
		must(vp_hook_table_print(&table, bytes, NULL) == (ssize_t)size);
		must(!memcmp(bytes, data, size));
	}
	vp_hook_table_free(&table);
}

static void note(const uint8_t *data, size_t size)
{
	struct vp_hook_note note;

	if (vp_hook_note_parse(data, size, &note, NULL))
		return;
	must(vp_hook_kind_name(note.kind) != NULL && strlen(note.text) < VP_HOOK_TEXT);
	must(!note.record.outcome || vp_inject_outcome_name(note.record.outcome));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	table(data, size);
	note(data, size);
	return 0;
}
