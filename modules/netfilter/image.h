/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The image of our table: every object in the form the kernel keeps it in. One
 * image is made from a ruleset (lower.h), another by reading the kernel
 * (observe.h); what is meant and what runs therefore share a type, and changing
 * the kernel is the difference of two images (diff.h).
 *
 * An image owns all it points to, in an arena.
 */
#ifndef VP_NETFILTER_IMAGE_H
#define VP_NETFILTER_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/cleanup.h"
#include "lib/memory.h"
#include "modules/netfilter/ruleset.h"

/* The chain that nothing jumps to: its only rule's comment has the generation. */
#define VP_GENERATION_CHAIN "generation"

/* enum nft_table_flags of the kernel; older headers lack the second */
#define VP_TABLE_OWNER	 0x2u
#define VP_TABLE_PERSIST 0x4u

struct vp_arena {
	struct vp_arena_block *blocks;
};

/* Zeroed memory that lives as long as the arena. */
void *vp_arena_take(struct vp_arena *arena, size_t size);
void *vp_arena_copy(struct vp_arena *arena, const void *data, size_t size);
const char *vp_arena_text(struct vp_arena *arena, const char *text); /* NULL stays NULL */
void vp_arena_free(struct vp_arena *arena);
/* Begin anew, in the same memory where that is enough. */
void vp_arena_reset(struct vp_arena *arena);

/* From a key to positions in an array; keys are compared by the caller. */
struct vp_index {
	struct vp_index_slot *slots;
	size_t size, used;
};

#define VP_NOWHERE UINT32_MAX

/* The comment that says whose a counter, a limit or a set is: by it a later process knows. */
#define VP_TAG_COMMENT "tag %08x"

void vp_index_add(struct vp_index *index, uint64_t hash, uint32_t position);
/* Positions with that hash: start with *state = 0; VP_NOWHERE when there is none left. */
uint32_t vp_index_next(const struct vp_index *index, uint64_t hash, size_t *state);
void vp_index_free(struct vp_index *index);

struct vp_image_rule {
	const uint8_t *expressions; /* NFTA_LIST_ELEM attributes as libnftnl writes them */
	uint32_t length;
	const char *comment; /* or NULL */
};

/*
 * A chain whose name holds a digest of its content is the same in every image: its
 * rules and its comment are then in a block of their own, shared by the images of
 * successive generations, which are therefore cheap to make and to compare.
 */
struct vp_image_chain {
	const char *name, *comment;
	bool base;
	uint8_t hook;
	int32_t priority;
	VP_ARRAY(struct vp_image_rule) rules;
	struct vp_shared *shared; /* NULL: rules are the image's own */
};

struct vp_image_element {
	const uint8_t *key; /* key_length bytes; when `ranged` as many again for the end */
	bool ranged;
	int32_t verdict; /* NF_DROP, NFT_GOTO, ... */
	uint32_t mark;
	const char *chain, *comment; /* or NULL */
	uint64_t packets, bytes;     /* of its counter; zero: it may have none */
	uint64_t remaining;	     /* milliseconds until it ends; 0: never */
};

struct vp_image_set {
	const char *name;
	uint32_t flags; /* NFT_SET_... */
	uint32_t key_type, key_length, data_type, data_length;
	uint32_t size;
	uint64_t milliseconds;
	uint32_t tag;				     /* whose it is; 0: everybody's */
	uint8_t parts[VP_SELECTORS_MAX], part_count; /* of a concatenation with intervals */
	bool kept;				     /* contents belong to the kernel */
	bool recalled; /* of what is meant: but not those of another generation */
	bool leftover; /* kept, although nothing of what is meant refers to it */
	const uint8_t *userdata;
	uint32_t userdata_length;
	VP_ARRAY(struct vp_image_element)
	elements; /* of kept sets: only what an observation read */
};

struct vp_image_object {
	enum vp_nft_object_kind kind;
	const char *name;
	uint32_t tag; /* 0: not known */
	uint64_t rate, seconds;
	uint32_t burst;
	uint64_t packets, bytes;
	bool leftover; /* kept, although nothing of what is meant refers to it */
};

struct vp_image {
	struct vp_arena arena;
	bool exists; /* there is a table at all */
	uint32_t flags, owner;
	uint64_t generation;
	uint32_t genid; /* of an observation: the kernel's generation number that it is true
			   for */
	VP_ARRAY(struct vp_image_object) objects;
	VP_ARRAY(struct vp_image_set) sets;
	VP_ARRAY(struct vp_image_chain) chains;
	struct vp_index object_names, set_names, chain_names;
};

struct vp_image *vp_image_new(void);
void vp_image_free(struct vp_image *image);
static inline void vp_image_freep(struct vp_image **image)
{
	vp_image_free(*image);
}
#define _cleanup_image_ vp_cleanup(vp_image_freep)

/* Append, with the name copied and indexed. */
struct vp_image_object *vp_image_add_object(struct vp_image *image, const char *name);
struct vp_image_set *vp_image_add_set(struct vp_image *image, const char *name);
struct vp_image_chain *vp_image_add_chain(struct vp_image *image, const char *name);

/* By name, or NULL. */
struct vp_image_object *vp_image_object(const struct vp_image *image, const char *name,
					enum vp_nft_object_kind kind);
struct vp_image_set *vp_image_set(const struct vp_image *image, const char *name);
struct vp_image_chain *vp_image_chain(const struct vp_image *image, const char *name);
/*
 * Likewise, for many in a row: *next is where the last one was found, plus one
 * (begin with 0). Images of successive generations have nearly the same order.
 */
struct vp_image_object *vp_image_next_object(const struct vp_image *image, const char *name,
					     enum vp_nft_object_kind kind, size_t *next);
struct vp_image_chain *vp_image_next_chain(const struct vp_image *image, const char *name,
					   size_t *next);

/* An index of a set's elements by key, and a look-up in it (NULL: not in the set). */
void vp_image_index_elements(const struct vp_image_set *set, struct vp_index *index);
const struct vp_image_element *vp_image_element(const struct vp_image_set *set,
						const struct vp_index *index,
						const struct vp_image_element *like);

/* Add what `base` keeps and *image does not mean, as leftovers: it stays known that it is
 * there. */
void vp_image_keep(struct vp_image *image, const struct vp_image *base);

/* Move the chain's content into a block that may be shared. */
void vp_image_seal(struct vp_image_chain *chain);
/* Give an empty chain the content of a sealed one. */
void vp_image_share(struct vp_image_chain *chain, const struct vp_image_chain *like);

/* Forget the elements of kept sets: once sent, they are the kernel's. */
void vp_image_release_kept(struct vp_image *image);

bool vp_image_object_same(const struct vp_image_object *a, const struct vp_image_object *b);
/* Everything but the elements. */
bool vp_image_set_same(const struct vp_image_set *a, const struct vp_image_set *b);
bool vp_image_chain_same(const struct vp_image_chain *a, const struct vp_image_chain *b);
bool vp_image_rule_same(const struct vp_image_rule *a, const struct vp_image_rule *b);
bool vp_image_rules_same(const struct vp_image_chain *a, const struct vp_image_chain *b);
/* What an equal key leads to. */
bool vp_image_element_same(const struct vp_image_element *a, const struct vp_image_element *b);

/* Bytes of an element's key with its end. */
static inline size_t vp_image_key_size(const struct vp_image_set *set,
				       const struct vp_image_element *element)
{
	return (size_t)set->key_length * (element->ranged ? 2 : 1);
}

#endif
