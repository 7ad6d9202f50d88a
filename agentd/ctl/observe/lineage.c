/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes by number, in a table that grows: see lineage.h. */
#include "agentd/ctl/observe/lineage.h"

#define SLOTS_LEAST 64 /* a power of two */

void vp_lineage_free(struct vp_lineage *lineage)
{
	free(lineage->kin);
	*lineage = (struct vp_lineage){ 0 };
}

/* Where the process is, or would be. */
static struct vp_kin *place(const struct vp_lineage *lineage, pid_t process)
{
	size_t i = (uint32_t)process * 0x9e3779b1u & (lineage->slots - 1);

	while (lineage->kin[i].process && lineage->kin[i].process != process)
		i = (i + 1) & (lineage->slots - 1);
	return &lineage->kin[i];
}

const struct vp_kin *vp_lineage_find(const struct vp_lineage *lineage, pid_t process)
{
	const struct vp_kin *kin;

	if (!lineage->slots || process <= 0)
		return NULL;
	kin = place(lineage, process);
	return kin->process && kin->targets ? kin : NULL;
}

static bool is_useful(const struct vp_kin *kin)
{
	return kin->process && (kin->targets || kin->starting);
}

/* A new table that is a quarter full at most, with those who are of use. */
static void rebuild(struct vp_lineage *lineage)
{
	struct vp_lineage old = *lineage;

	lineage->count = 0;
	for (size_t i = 0; i < old.slots; i++)
		lineage->count += is_useful(&old.kin[i]);
	lineage->slots = SLOTS_LEAST;
	while (lineage->slots < 4 * (lineage->count + 1))
		lineage->slots *= 2;
	lineage->kin = vp_alloc(lineage->slots, sizeof(*lineage->kin));
	for (size_t i = 0; i < old.slots; i++)
		if (is_useful(&old.kin[i]))
			*place(lineage, old.kin[i].process) = old.kin[i];
	free(old.kin);
}

static struct vp_kin *take_place(struct vp_lineage *lineage, pid_t process)
{
	struct vp_kin *kin;

	if (lineage->slots < 2 * (lineage->count + 1))
		rebuild(lineage);
	kin = place(lineage, process);
	if (!kin->process) {
		kin->process = process;
		lineage->count++;
	}
	return kin;
}

static void belong(struct vp_lineage *lineage, struct vp_kin *kin, uint64_t targets)
{
	uint64_t added = targets & ~kin->targets;

	kin->targets |= added;
	for (size_t i = 0; added; i++, added >>= 1)
		lineage->met[i] += added & 1;
}

static void set_name(struct vp_kin *kin, const char *name)
{
	memset(kin->name, 0, sizeof(kin->name));
	memcpy(kin->name, name, strnlen(name, sizeof(kin->name) - 1));
}

void vp_lineage_add(struct vp_lineage *lineage, pid_t process, uint64_t targets,
		    const char *name)
{
	struct vp_kin *kin;

	if (process <= 0 || !targets)
		return;
	kin = take_place(lineage, process);
	belong(lineage, kin, targets);
	if (name)
		set_name(kin, name);
}

/* Whoever had the number before is forgotten. */
static void fork_process(struct vp_lineage *lineage, pid_t parent, pid_t child)
{
	const struct vp_kin *from = vp_lineage_find(lineage, parent);
	struct vp_kin copy = { 0 }, *kin;

	if (from)
		copy = *from;
	if (!from && (!lineage->slots || !place(lineage, child)->process))
		return;
	kin = take_place(lineage, child);
	*kin = (struct vp_kin){ .process = child };
	if (!from)
		return;
	belong(lineage, kin, copy.targets);
	set_name(kin, copy.name);
}

static void rename_process(struct vp_lineage *lineage, const struct vp_trace *record)
{
	bool member = vp_lineage_find(lineage, record->process);
	struct vp_kin *kin;

	/* who starts a program may become one of ours; others' names are of no use */
	if (!member && !record->executed)
		return;
	kin = take_place(lineage, record->process);
	if (record->thread == record->process || record->executed)
		set_name(kin, record->name);
	if (record->executed) {
		kin->starting = true;
		kin->ended = false;
	}
}

/* The first file that a starting program maps is the program itself. */
static void map_program(struct vp_lineage *lineage, pid_t process, uint64_t program)
{
	struct vp_kin *kin;

	if (!lineage->slots)
		return;
	kin = place(lineage, process);
	if (!kin->process || !kin->starting)
		return;
	kin->starting = false;
	belong(lineage, kin, program);
}

void vp_lineage_take(struct vp_lineage *lineage, const struct vp_trace *record,
		     uint64_t program)
{
	if (record->process <= 0)
		return;
	if (record->kind == VP_TRACE_FORK && record->process != record->parent)
		fork_process(lineage, record->parent, record->process);
	else if (record->kind == VP_TRACE_NAME_IS)
		rename_process(lineage, record);
	else if (record->kind == VP_TRACE_MAPPING)
		map_program(lineage, record->process, program);
	else if (record->kind == VP_TRACE_EXIT && record->thread == record->process &&
		 vp_lineage_find(lineage, record->process))
		place(lineage, record->process)->ended = true;
}

void vp_lineage_sweep(struct vp_lineage *lineage, bool (*alive)(pid_t process))
{
	for (size_t i = 0; i < lineage->slots; i++) {
		struct vp_kin *kin = &lineage->kin[i];

		if (kin->process && (kin->ended || kin->starting) && !alive(kin->process)) {
			kin->targets = 0;
			kin->starting = false;
		}
	}
	if (lineage->slots)
		rebuild(lineage);
}
