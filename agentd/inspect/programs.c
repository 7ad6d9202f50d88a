/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generations of rules in a worker: see programs.h. */
#include "agentd/inspect/programs.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static struct vp_generation *find(struct vp_programs *programs, uint64_t number)
{
	for (size_t i = 0; i < programs->count; i++)
		if (programs->of[i].number == number)
			return &programs->of[i];
	return NULL;
}

int vp_programs_load(struct vp_programs *programs, const struct vp_note *note, int fd,
		     struct vp_error *err)
{
	struct vp_generation generation = { .number = note->number,
					    .slot = note->program.slot,
					    .pending = !note->program.active };
	size_t size = note->program.size;
	void *bytes;
	int r;

	if (programs->count == VP_PROGRAMS_MAX || find(programs, note->number))
		return vp_fail(err, -EEXIST, "too many generations, or the same one twice");
	bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return vp_fail(err, -errno, "cannot map a program: %s", strerror(errno));
	r = vp_scopes_load(bytes, size, &generation.scopes, err);
	munmap(bytes, size);
	if (r)
		return r;
	if (programs->active)
		vp_scopes_share(generation.scopes, programs->active);
	programs->of[programs->count++] = generation;
	programs->pending |= generation.pending;
	if (note->program.active)
		vp_programs_activate(programs, note->number);
	return 0;
}

static void use(struct vp_programs *programs, struct vp_generation *generation)
{
	generation->pending = false;
	programs->active = generation->scopes;
	vp_engine_scopes(programs->engine, generation->scopes);
}

void vp_programs_activate(struct vp_programs *programs, uint64_t number)
{
	struct vp_generation *generation = find(programs, number);

	if (generation)
		use(programs, generation);
}

bool vp_programs_forget(struct vp_programs *programs, uint64_t number)
{
	struct vp_generation *generation = find(programs, number);

	if (!generation)
		return false;
	if (programs->active == generation->scopes) {
		programs->active = NULL;
		vp_engine_scopes(programs->engine, NULL);
	}
	vp_scopes_free(generation->scopes);
	*generation = programs->of[--programs->count];
	return true;
}

void vp_programs_packet(struct vp_programs *programs, uint8_t slot)
{
	if (!programs->pending)
		return;
	programs->pending = false;
	for (size_t i = 0; i < programs->count; i++) {
		struct vp_generation *generation = &programs->of[i];

		if (generation->pending && generation->slot == slot)
			use(programs, generation);
		programs->pending |= generation->pending;
	}
}
