/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts in shared memory, a table with open addresses: see tally.h. */
#include "agentd/inspect/tally.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "lib/cleanup.h"
#include "lib/memory.h"

#define SMALLEST 16u
#define LARGEST	 (1u << 22)

struct slot {
	_Atomic uint64_t key; /* kind << 32 | of; 0: free */
	_Atomic uint64_t n;
};

struct shared {
	_Atomic uint64_t lost;
	struct slot slots[];
};

struct vp_tally {
	struct shared *shared;
	size_t size;  /* of the mapping */
	size_t slots; /* as the size says */
};

int vp_tally_create(size_t slots, int *fd, struct vp_error *err)
{
	_cleanup_close_ int memory =
		memfd_create("vpatch-counts", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (slots < SMALLEST || slots > LARGEST || slots & (slots - 1))
		return vp_fail(err, -EINVAL,
			       "a table of counts: expected a power of two from %u to %u, "
			       "found %zu",
			       SMALLEST, LARGEST, slots);
	if (memory < 0 ||
	    ftruncate(memory, (off_t)(sizeof(struct shared) + slots * sizeof(struct slot))) ||
	    fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return vp_fail(err, -errno, "a table of counts: %s", strerror(errno));
	*fd = TAKE_FD(memory);
	return 0;
}

struct vp_tally *vp_tally_map(int fd, bool write, struct vp_error *err)
{
	struct vp_tally *tally;
	struct stat st;
	size_t slots;
	void *shared;

	slots = fstat(fd, &st) || (size_t)st.st_size < sizeof(struct shared)
			? 0
			: ((size_t)st.st_size - sizeof(struct shared)) / sizeof(struct slot);
	if (slots < SMALLEST || slots > LARGEST || slots & (slots - 1)) {
		vp_fail(err, -EINVAL, "a table of counts: the descriptor is none");
		return NULL;
	}
	shared = mmap(NULL, (size_t)st.st_size, write ? PROT_READ | PROT_WRITE : PROT_READ,
		      MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED) {
		vp_fail(err, -errno, "a table of counts: %s", strerror(errno));
		return NULL;
	}
	tally = vp_new(struct vp_tally);
	*tally = (struct vp_tally){ shared, (size_t)st.st_size, slots };
	return tally;
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

/* Its slot, or a free one; NULL: there is neither. */
static struct slot *find(const struct vp_tally *tally, uint64_t key)
{
	size_t at = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32);

	for (size_t i = 0; i < tally->slots; i++) {
		struct slot *slot = &tally->shared->slots[(at + i) & (tally->slots - 1)];
		uint64_t found = atomic_load_explicit(&slot->key, memory_order_acquire);

		if (found == key || !found)
			return slot;
	}
	return NULL;
}

/* One process writes: a load and a store are enough, and are never seen half done. */
static void add(_Atomic uint64_t *count, uint64_t n)
{
	atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

void vp_tally_add(struct vp_tally *tally, enum vp_tally_kind kind, uint32_t of, uint64_t n)
{
	struct slot *slot = find(tally, key_of(kind, of));

	if (!slot) {
		add(&tally->shared->lost, n);
		return;
	}
	add(&slot->n, n);
	atomic_store_explicit(&slot->key, key_of(kind, of), memory_order_release);
}

uint64_t vp_tally_get(const struct vp_tally *tally, enum vp_tally_kind kind, uint32_t of)
{
	struct slot *slot = find(tally, key_of(kind, of));

	if (!slot ||
	    atomic_load_explicit(&slot->key, memory_order_acquire) != key_of(kind, of))
		return 0;
	return atomic_load_explicit(&slot->n, memory_order_relaxed);
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
