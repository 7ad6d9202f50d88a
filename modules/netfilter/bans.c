// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is known of bans: who is banned until when, for a table that has to be
 * made anew. Bans live in the kernel; this is only the last reading, taken with
 * the counts, but not more often than a full set of them is cheap to read.
 */
#include <errno.h>
#include <netinet/in.h>
#include <time.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "modules/netfilter/instance.h"
#include "modules/netfilter/observe.h"

#define READ_EVERY 5000 /* ms */

static uint64_t now(void)
{
	struct timespec time;

	/* goes on while the machine sleeps, as timeouts in the kernel do not: bans end early
	 */
	clock_gettime(CLOCK_BOOTTIME, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* The only kept sets with a target. */
static bool holds_bans(const struct vp_image_set *set)
{
	return set->kept && (set->flags & NFT_SET_MAP);
}

static int read_set(struct vp_instance *instance, struct vp_image *image,
		    const struct vp_image_set *from)
{
	struct vp_image_set *set = vp_image_add_set(image, from->name);
	int code = -EINTR;

	set->flags = from->flags;
	set->key_length = from->key_length;
	set->data_type = from->data_type;
	for (int i = 0; code == -EINTR && i < 5; i++)
		code = vp_observe_elements(&instance->nl, image, set, NULL);
	return code;
}

/* We never remove these sets: where one is missing, somebody else did, and what is known of it
 * is all there is. */
static bool can_read(const struct vp_instance *instance, const struct vp_image *there)
{
	if (instance->bans)
		vp_array_each (known, &instance->bans->sets)
			if (!vp_image_set(there, known->name))
				return false;
	return true;
}

void vp_bans_read(struct vp_instance *instance, const struct vp_image *there, bool at_once)
{
	_cleanup_image_ struct vp_image *image = NULL;
	uint64_t time = now();

	if (!can_read(instance, there) ||
	    (instance->bans && !at_once && time - instance->bans_read < READ_EVERY))
		return;
	image = vp_image_new();
	vp_array_each (set, &there->sets)
		if (holds_bans(set) && read_set(instance, image, set) < 0)
			return; /* somebody is changing it: what was read last still holds */
	vp_image_free(instance->bans);
	instance->bans = TAKE_PTR(image);
	instance->bans_read = time;
}

void vp_bans_restore(const struct vp_instance *instance, struct vp_image *image,
		     const struct vp_image *there)
{
	uint64_t passed = now() - instance->bans_read;

	if (!instance->bans)
		return;
	vp_array_each (known, &instance->bans->sets) {
		struct vp_image_set *set = vp_image_set(image, known->name);

		if (!set || !holds_bans(set) || set->key_length != known->key_length ||
		    (there && vp_image_set(there, known->name)))
			continue;
		set->elements.len = 0;
		vp_array_each (element, &known->elements) {
			struct vp_image_element copy = *element;

			if (copy.remaining <= passed)
				continue;
			copy.remaining -= passed;
			copy.key = vp_arena_copy(&image->arena, copy.key,
						 vp_image_key_size(set, element));
			copy.comment = NULL;
			vp_array_push(&set->elements, copy);
		}
	}
}
