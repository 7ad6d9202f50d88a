/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A set-associative table with replacement of the oldest: see seen_table.h. */
#include "agentd/seen_table.h"

#include <string.h>
#include <sys/random.h>

#include "lib/digest.h"
#include "lib/memory.h"

#define GROUPS 2048 /* a power of two */
#define WAYS   4

struct entry {
	uint32_t tag; /* 0: free */
	uint32_t interval;
	uint8_t address[16];
	uint64_t seen;
};

struct vp_seen_table {
	uint64_t seed; /* random, so that nobody can aim at one group */
	struct entry entries[GROUPS][WAYS];
};

struct vp_seen_table *vp_seen_table_new(void)
{
	struct vp_seen_table *sources = vp_new(struct vp_seen_table);

	if (getrandom(&sources->seed, sizeof(sources->seed), GRND_NONBLOCK) < 0)
		sources->seed = VP_DIGEST_SEED;
	return sources;
}

void vp_seen_table_free(struct vp_seen_table *sources)
{
	free(sources);
}

static struct entry *find_group(struct vp_seen_table *sources, uint32_t tag,
				const uint8_t *address)
{
	uint64_t digest = vp_digest(sources->seed, &tag, sizeof(tag));

	digest = vp_digest(digest, address, 16);
	return sources->entries[(digest ^ digest >> 32) & (GROUPS - 1)];
}

struct vp_source_seen vp_seen_table_see(struct vp_seen_table *sources, uint32_t tag,
					const uint8_t *address, uint64_t now, uint64_t quiet,
					uint32_t interval)
{
	struct entry *group = find_group(sources, tag, address), *oldest = group;
	struct vp_source_seen seen = { 0 };

	for (struct entry *entry = group; entry < group + WAYS; entry++) {
		if (entry->tag == tag && !memcmp(entry->address, address, 16)) {
			seen.lately = now < entry->seen + quiet;
			seen.this_interval = entry->interval == interval;
			oldest = entry;
			break;
		}
		if (entry->seen < oldest->seen)
			oldest = entry;
	}
	*oldest = (struct entry){ .tag = tag, .interval = interval, .seen = now };
	memcpy(oldest->address, address, 16);
	return seen;
}
