/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Content-named objects: see store.h. */
#include "modules/netfilter/store.h"

#include "lib/digest.h"

static void insert(struct vp_store_slot *slots, size_t mask, uint64_t digest, const char *name)
{
	size_t slot = digest & mask;

	while (slots[slot].digest)
		slot = (slot + 1) & mask;
	slots[slot] = (struct vp_store_slot){ digest, name };
}

static void remember(struct vp_store *store, uint64_t digest, const char *name)
{
	if (!store->slots || 2 * store->used > store->mask) {
		size_t mask = store->slots ? 2 * store->mask + 1 : 255;
		struct vp_store_slot *slots = vp_alloc(mask + 1, sizeof(*slots));

		for (size_t i = 0; store->slots && i <= store->mask; i++)
			if (store->slots[i].digest)
				insert(slots, mask, store->slots[i].digest,
				       store->slots[i].name);
		free(store->slots);
		store->slots = slots;
		store->mask = mask;
	}
	insert(store->slots, store->mask, digest, name);
	store->used++;
}

static const char *find(const struct vp_store *store, uint64_t digest)
{
	if (!store->slots)
		return NULL;
	for (size_t slot = digest & store->mask; store->slots[slot].digest;
	     slot = (slot + 1) & store->mask)
		if (store->slots[slot].digest == digest)
			return store->slots[slot].name;
	return NULL;
}

/* Sets and chains are different things even where their digests meet; 0 marks a free slot. */
static uint64_t key_of(uint64_t digest, const char *prefix)
{
	digest = vp_digest_text(digest, prefix);
	return digest ? digest : 1;
}

const char *vp_store_set(struct vp_store *store, const char *prefix, struct vp_nft_set *set)
{
	uint64_t key;
	const char *name;

	set->immutable = true;
	key = key_of(vp_nft_set_digest(set), prefix);
	name = find(store, key);
	if (name) {
		vp_nft_set_free(set);
		return name;
	}
	set->name = vp_format("%s-%016llx", prefix, (unsigned long long)key);
	name = set->name;
	vp_array_push(&store->ruleset->sets, *set);
	remember(store, key, name);
	return name;
}

const char *vp_store_chain(struct vp_store *store, const char *prefix,
			   struct vp_nft_chain *chain)
{
	uint64_t key = key_of(vp_nft_chain_digest(chain), prefix);
	const char *name = find(store, key);

	if (name) {
		vp_nft_chain_free(chain);
		return name;
	}
	chain->name = vp_format("%s-%016llx", prefix, (unsigned long long)key);
	name = chain->name;
	vp_array_push(&store->ruleset->chains, *chain);
	remember(store, key, name);
	return name;
}

void vp_store_free(struct vp_store *store)
{
	free(store->slots);
	store->slots = NULL;
}
