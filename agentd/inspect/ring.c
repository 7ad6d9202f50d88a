/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ring of verdicts: see ring.h. Positions count bytes since the beginning and never wrap.
 */
#include "agentd/inspect/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/memory.h"

#define MAGIC	 0x67727076u
#define LINE	 64 /* bytes that processors pass to each other in one piece */
#define SMALLEST 4096u
#define LARGEST	 (64u << 20)

/* What both sides see. Each side writes lines of its own. */
struct shared {
	uint32_t magic;
	uint32_t capacity;
	_Alignas(LINE) _Atomic uint64_t head; /* producer: end of what is there */
	_Atomic uint64_t received, busy_since;
	_Alignas(LINE) _Atomic uint64_t tail; /* consumer: end of what was taken */
	_Atomic uint32_t asleep;
	_Alignas(LINE) uint8_t data[];
};

struct vp_ring {
	struct shared *shared;
	size_t size;	   /* of the mapping */
	uint32_t capacity; /* as it was when mapped: what the other side writes there is
			      nothing */
	uint64_t mine;	   /* this side's position, likewise */
};

/* An entry in the memory; `len` bytes follow, then up to the next multiple of 8. */
struct entry {
	uint32_t packet;
	uint32_t mark;
	uint32_t len;
	uint16_t queue;
	uint8_t flags;
	uint8_t zero;
};

enum {
	FLAG_BATCH = 1,
	FLAG_ACCEPT = 2,
	FLAG_MARKED = 4,
	FLAG_BYTES = 8,
	FLAG_LEAVE = 16,
};

static uint64_t room_of(size_t len)
{
	return (sizeof(struct entry) + len + 7) & ~(uint64_t)7;
}

int vp_ring_create(size_t capacity, int *fd, struct vp_error *err)
{
	_cleanup_close_ int memory =
		memfd_create("vpatch-verdicts", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct shared shared = { .magic = MAGIC, .capacity = (uint32_t)capacity };
	int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

	if (capacity < SMALLEST || capacity > LARGEST || capacity & (capacity - 1))
		return vp_fail(err, -EINVAL,
			       "a ring of verdicts: expected a power of two from %u to %u, "
			       "found %zu",
			       SMALLEST, LARGEST, capacity);
	if (memory < 0 || ftruncate(memory, (off_t)(sizeof(shared) + capacity)) ||
	    pwrite(memory, &shared, sizeof(shared), 0) != (ssize_t)sizeof(shared) ||
	    fcntl(memory, F_ADD_SEALS, seals))
		return vp_fail(err, -errno, "a ring of verdicts: %s", strerror(errno));
	*fd = TAKE_FD(memory);
	return 0;
}

struct vp_ring *vp_ring_map(int fd, struct vp_error *err)
{
	struct vp_ring *ring;
	struct shared *shared;
	struct stat st;

	if (fstat(fd, &st) || (size_t)st.st_size < sizeof(*shared) + SMALLEST) {
		vp_fail(err, -EINVAL, "a ring of verdicts: the descriptor is none");
		return NULL;
	}
	shared = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED) {
		vp_fail(err, -errno, "a ring of verdicts: %s", strerror(errno));
		return NULL;
	}
	ring = vp_new(struct vp_ring);
	*ring = (struct vp_ring){ .shared = shared,
				  .size = (size_t)st.st_size,
				  .capacity = shared->capacity };
	if (shared->magic == MAGIC && sizeof(*shared) + ring->capacity == ring->size)
		return ring;
	vp_ring_unmap(ring);
	vp_fail(err, -EINVAL, "a ring of verdicts: the descriptor is none");
	return NULL;
}

void vp_ring_unmap(struct vp_ring *ring)
{
	if (!ring)
		return;
	munmap(ring->shared, ring->size);
	free(ring);
}

size_t vp_ring_longest(const struct vp_ring *ring)
{
	return ring->capacity / 2 - sizeof(struct entry);
}

static void copy_in(struct vp_ring *ring, uint64_t at, const void *data, size_t len)
{
	size_t offset = at & (ring->capacity - 1), first = ring->capacity - offset;

	first = first < len ? first : len;
	memcpy(ring->shared->data + offset, data, first);
	memcpy(ring->shared->data, (const uint8_t *)data + first, len - first);
}

static void copy_out(const struct vp_ring *ring, uint64_t at, void *data, size_t len)
{
	size_t offset = at & (ring->capacity - 1), first = ring->capacity - offset;

	first = first < len ? first : len;
	memcpy(data, ring->shared->data + offset, first);
	memcpy((uint8_t *)data + first, ring->shared->data, len - first);
}

bool vp_ring_put(struct vp_ring *ring, const struct vp_ring_verdict *verdict)
{
	size_t len = verdict->bytes ? verdict->len : 0;
	uint64_t tail = atomic_load_explicit(&ring->shared->tail, memory_order_acquire);
	struct entry entry = {
		.packet = verdict->packet,
		.mark = verdict->mark,
		.len = (uint32_t)len,
		.queue = verdict->queue,
		.flags = (uint8_t)((verdict->batch ? FLAG_BATCH : 0) |
				   (verdict->accept ? FLAG_ACCEPT : 0) |
				   (verdict->marked ? FLAG_MARKED : 0) |
				   (verdict->leave ? FLAG_LEAVE : 0) |
				   (verdict->bytes ? FLAG_BYTES : 0)),
	};

	if (len > vp_ring_longest(ring) || ring->mine - tail + room_of(len) > ring->capacity)
		return false;
	copy_in(ring, ring->mine, &entry, sizeof(entry));
	if (len)
		copy_in(ring, ring->mine + sizeof(entry), verdict->bytes, len);
	ring->mine += room_of(len);
	atomic_store_explicit(&ring->shared->head, ring->mine, memory_order_release);
	return true;
}

bool vp_ring_must_wake(struct vp_ring *ring)
{
	atomic_thread_fence(memory_order_seq_cst); /* the puts come before the question */
	return atomic_exchange_explicit(&ring->shared->asleep, 0, memory_order_relaxed);
}

int vp_ring_take(struct vp_ring *ring, struct vp_ring_verdict *verdict, uint8_t *buffer)
{
	uint64_t head = atomic_load_explicit(&ring->shared->head, memory_order_acquire);
	uint64_t there = head - ring->mine;
	struct entry entry;

	if (!there)
		return 0;
	if (there > ring->capacity || there < sizeof(entry))
		return -EBADMSG;
	copy_out(ring, ring->mine, &entry, sizeof(entry));
	if (entry.len > vp_ring_longest(ring) || room_of(entry.len) > there)
		return -EBADMSG;
	copy_out(ring, ring->mine + sizeof(entry), buffer, entry.len);
	*verdict = (struct vp_ring_verdict){
		.queue = entry.queue,
		.batch = entry.flags & FLAG_BATCH,
		.accept = entry.flags & FLAG_ACCEPT,
		.marked = entry.flags & FLAG_MARKED,
		.leave = entry.flags & FLAG_LEAVE,
		.packet = entry.packet,
		.mark = entry.mark,
		.bytes = entry.flags & FLAG_BYTES ? buffer : NULL,
		.len = entry.len,
	};
	ring->mine += room_of(entry.len);
	atomic_store_explicit(&ring->shared->tail, ring->mine, memory_order_release);
	return 1;
}

bool vp_ring_sleep(struct vp_ring *ring)
{
	atomic_store_explicit(&ring->shared->asleep, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst); /* the word comes before the look */
	if (atomic_load_explicit(&ring->shared->head, memory_order_acquire) == ring->mine)
		return true;
	vp_ring_awake(ring);
	return false;
}

void vp_ring_awake(struct vp_ring *ring)
{
	atomic_store_explicit(&ring->shared->asleep, 0, memory_order_relaxed);
}

void vp_ring_beat(struct vp_ring *ring, struct vp_pulse pulse)
{
	atomic_store_explicit(&ring->shared->received, pulse.received, memory_order_relaxed);
	atomic_store_explicit(&ring->shared->busy_since, pulse.busy_since,
			      memory_order_relaxed);
}

struct vp_pulse vp_ring_pulse(const struct vp_ring *ring)
{
	return (struct vp_pulse){
		.received =
			atomic_load_explicit(&ring->shared->received, memory_order_relaxed),
		.busy_since =
			atomic_load_explicit(&ring->shared->busy_since, memory_order_relaxed),
	};
}
