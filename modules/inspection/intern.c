/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hash table of texts that only grows. */
#include "modules/inspection/intern.h"

#include "lib/digest.h"
#include "lib/memory.h"

struct vp_intern_entry {
	uint64_t hash;
	size_t len;
	char *text;
};

static void rehash(struct vp_intern *intern)
{
	free(intern->buckets);
	intern->size = intern->size ? 2 * intern->size : 64;
	intern->buckets = vp_alloc(intern->size, sizeof(*intern->buckets));
	for (size_t i = 0; i < intern->len; i++) {
		size_t bucket = intern->entries[i].hash & (intern->size - 1);

		while (intern->buckets[bucket])
			bucket = (bucket + 1) & (intern->size - 1);
		intern->buckets[bucket] = (uint32_t)i + 1;
	}
}

uint32_t vp_intern(struct vp_intern *intern, const struct vp_strbuf *text, bool *is_new)
{
	uint64_t hash = vp_digest(VP_DIGEST_SEED, text->data, text->len);
	size_t bucket;

	if (2 * intern->len >= intern->size)
		rehash(intern);
	bucket = hash & (intern->size - 1);
	*is_new = false;
	for (; intern->buckets[bucket]; bucket = (bucket + 1) & (intern->size - 1)) {
		const struct vp_intern_entry *entry =
			&intern->entries[intern->buckets[bucket] - 1];

		if (entry->hash == hash && entry->len == text->len &&
		    !memcmp(entry->text, text->data, text->len))
			return intern->buckets[bucket] - 1;
	}
	*is_new = true;
	if (intern->len == intern->cap) {
		intern->cap = intern->cap ? 2 * intern->cap : 64;
		intern->entries =
			vp_realloc(intern->entries, intern->cap, sizeof(*intern->entries));
	}
	intern->entries[intern->len] =
		(struct vp_intern_entry){ hash, text->len, vp_memdup(text->data, text->len) };
	intern->buckets[bucket] = (uint32_t)++intern->len;
	return (uint32_t)intern->len - 1;
}

void vp_intern_free(struct vp_intern *intern)
{
	for (size_t i = 0; i < intern->len; i++)
		free(intern->entries[i].text);
	free(intern->entries);
	free(intern->buckets);
	*intern = (struct vp_intern){ 0 };
}
