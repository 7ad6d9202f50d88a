/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts in shared memory, a table with open addresses, of which none is ever freed: see
 * tally.h. */
#include "agentd/inspect/tally.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/memory.h"

#define SMALLEST 16u
#define LARGEST	 (1u << 22)
#define LAYOUT	 UINT64_C(0x3174636f756e7476) /* of this build's tables */

struct slot {
	_Atomic uint64_t key; /* kind << 32 | of; 0: free */
	_Atomic uint64_t n;
};

struct shared {
	_Atomic uint64_t layout;
	_Atomic uint64_t lost;
	struct slot slots[];
};

struct vp_tally {
	struct shared *shared;
	size_t size;  /* of the mapping */
	size_t slots; /* as the size says */
};

static bool is_size(size_t slots)
{
	return slots >= SMALLEST && slots <= LARGEST && !(slots & (slots - 1));
}

static size_t size_of(size_t slots)
{
	return sizeof(struct shared) + slots * sizeof(struct slot);
}

int vp_tally_fill(int fd, size_t slots, struct vp_error *err)
{
	const struct shared shared = { .layout = LAYOUT };
	int r;

	if (!is_size(slots))
		return vp_fail(err, -EINVAL,
			       "a table of counts: expected a power of two from %u to %u, "
			       "found %zu",
			       SMALLEST, LARGEST, slots);
	r = posix_fallocate(fd, 0, (off_t)size_of(slots));
	if (!r && pwrite(fd, &shared, sizeof(shared), 0) != sizeof(shared))
		r = errno;
	return r ? vp_fail(err, -r, "a table of counts: %s", strerror(r)) : 0;
}

int vp_tally_create(size_t slots, int *fd, struct vp_error *err)
{
	_cleanup_close_ int memory =
		memfd_create("vpatch-counts", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r = memory < 0 ? vp_fail(err, -errno, "a table of counts: %s", strerror(errno))
			   : vp_tally_fill(memory, slots, err);

	if (r)
		return r;
	if (fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return vp_fail(err, -errno, "a table of counts: %s", strerror(errno));
	*fd = TAKE_FD(memory);
	return 0;
}

/* 0: of no such size. */
static size_t slots_of(int fd)
{
	struct stat st;
	size_t slots;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    (size_t)st.st_size < sizeof(struct shared))
		return 0;
	slots = ((size_t)st.st_size - sizeof(struct shared)) / sizeof(struct slot);
	return is_size(slots) && size_of(slots) == (size_t)st.st_size ? slots : 0;
}

struct vp_tally *vp_tally_map(int fd, bool write, struct vp_error *err)
{
	size_t slots = slots_of(fd), size = size_of(slots);
	struct shared *shared;
	struct vp_tally *tally;

	if (!slots) {
		vp_fail(err, -EINVAL, "a table of counts: the descriptor is none");
		return NULL;
	}
	shared = mmap(NULL, size, write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd,
		      0);
	if (shared == MAP_FAILED) {
		vp_fail(err, -errno, "a table of counts: %s", strerror(errno));
		return NULL;
	}
	if (atomic_load_explicit(&shared->layout, memory_order_relaxed) != LAYOUT) {
		munmap(shared, size);
		vp_fail(err, -EINVAL, "a table of counts: it is damaged, or of another build");
		return NULL;
	}
	tally = vp_new(struct vp_tally);
	*tally = (struct vp_tally){ shared, size, slots };
	return tally;
}

size_t vp_tally_slots(const struct vp_tally *tally)
{
	return tally->slots;
}

size_t vp_tally_used(const struct vp_tally *tally)
{
	size_t used = 0;

	for (size_t i = 0; i < tally->slots; i++)
		used += atomic_load_explicit(&tally->shared->slots[i].key,
					     memory_order_relaxed) != 0;
	return used;
}

void vp_tally_unmap(struct vp_tally *tally)
{
	if (!tally)
		return;
	munmap(tally->shared, tally->size);
	free(tally);
}

static uint64_t key_of(enum vp_tally_kind kind, uint32_t of)
{
	return (uint64_t)kind << 32 | of;
}

/* Its slot, or with `take` the first free one, which becomes its own; NULL: there is none. */
static struct slot *find(const struct vp_tally *tally, uint64_t key, bool take)
{
	size_t at = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32);

	for (size_t i = 0; i < tally->slots; i++) {
		struct slot *slot = &tally->shared->slots[(at + i) & (tally->slots - 1)];
		uint64_t found = atomic_load_explicit(&slot->key, memory_order_relaxed);

		if (!found && !take)
			return NULL;
		/* somebody else may be quicker, even with the same key */
		if (found == key ||
		    (!found && (atomic_compare_exchange_strong(&slot->key, &found, key) ||
				found == key)))
			return slot;
	}
	return NULL;
}

/* Who was here before may not have ended yet. */
void vp_tally_add(struct vp_tally *tally, enum vp_tally_kind kind, uint32_t of, uint64_t n)
{
	struct slot *slot = find(tally, key_of(kind, of), true);

	atomic_fetch_add_explicit(slot ? &slot->n : &tally->shared->lost, n,
				  memory_order_relaxed);
}

uint64_t vp_tally_get(const struct vp_tally *tally, enum vp_tally_kind kind, uint32_t of)
{
	const struct slot *slot = find(tally, key_of(kind, of), false);

	return slot ? atomic_load_explicit(&slot->n, memory_order_relaxed) : 0;
}

uint64_t vp_tally_lost(const struct vp_tally *tally)
{
	return atomic_load_explicit(&tally->shared->lost, memory_order_relaxed);
}

void vp_tally_each(const struct vp_tally *tally,
		   void (*visit)(void *context, enum vp_tally_kind kind, uint32_t of,
				 uint64_t n),
		   void *context)
{
	for (size_t i = 0; i < tally->slots; i++) {
		const struct slot *slot = &tally->shared->slots[i];
		uint64_t key = atomic_load_explicit(&slot->key, memory_order_acquire);

		if (key >> 32 && key >> 32 < VP_TALLY_END)
			visit(context, (enum vp_tally_kind)(key >> 32), (uint32_t)key,
			      atomic_load_explicit(&slot->n, memory_order_relaxed));
	}
}
