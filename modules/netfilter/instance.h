/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The netfilter module's handle on the running system; seen by this folder only. */
#ifndef VP_NETFILTER_INSTANCE_H
#define VP_NETFILTER_INSTANCE_H

#include "modules/module.h"
#include "modules/netfilter/batch.h"
#include "modules/netfilter/diff.h"
#include "modules/netfilter/image.h"
#include "modules/netfilter/netlink.h"

struct vp_watch;

struct vp_artefact {
	struct vp_ruleset *ruleset; /* owned */
};

struct vp_instance {
	struct vp_netlink nl;	/* owns the table while it is open, where tables have owners */
	uint32_t genid;		/* the kernel's, after our last transaction or observation */
	bool certain;		/* `meant` is what runs, as far as genid tells */
	struct vp_image *meant; /* what was committed last, with what is kept; NULL: nothing in
				   this life */
	struct vp_image *wanted; /* between prepare and commit */
	struct vp_image *base;	 /* what `diff` starts from: meant, or an observation */
	bool base_owned;	 /* base is not meant */
	struct vp_diff diff;	 /* base -> wanted; points into both until finish */
	bool prepared;		 /* objects of the diff are in the kernel, not in use */
	bool committed;		 /* the diff is in effect, leftovers of base are still there */
	struct vp_counts last;	 /* counts at the last reading, for repair */
	uint32_t last_genid;	 /* the kernel's at that reading */
	size_t last_elements;	 /* of the sets that count, likewise */
	struct vp_image *bans;	 /* who was banned at the last reading, or NULL; likewise */
	uint64_t bans_read;	 /* when: boot time, ms */
	struct vp_watch *watch;	 /* not owned; quiet during our own transactions */
};

/* Send a transaction of ours: keeps genid and the watcher in step. As vp_batch_send(). */
int vp_instance_send(struct vp_instance *instance, struct vp_batch *batch,
		     struct vp_error *err);

/* Everything in the image, table included, into one batch. */
void vp_batch_add_image(struct vp_batch *batch, const struct vp_image *image);

/* The step of prepare behind lowering: instance->wanted is given, and left there on failure.
 */
int vp_instance_prepare(struct vp_instance *instance, struct vp_error *err);

/* Forget a prepared or committed diff and what only it needs. */
void vp_instance_settle(struct vp_instance *instance);

/* The operations of struct vp_module. */
int vp_instance_open(struct vp_instance **instance, const struct vp_host *host,
		     struct vp_error *err);
void vp_instance_close(struct vp_instance *instance);
int vp_instance_running(struct vp_instance *instance, uint64_t *generation,
			struct vp_error *err);
int vp_instance_remove(struct vp_instance *instance, struct vp_error *err);
int vp_netfilter_prepare(struct vp_instance *instance, const struct vp_artefact *artefact,
			 struct vp_error *err);
int vp_netfilter_commit(struct vp_instance *instance, struct vp_error *err);
void vp_netfilter_finish(struct vp_instance *instance);
void vp_netfilter_abort(struct vp_instance *instance);
int vp_netfilter_verify(struct vp_instance *instance, const struct vp_artefact *artefact,
			struct vp_strbuf *differences, struct vp_error *err);
int vp_netfilter_counts(struct vp_instance *instance, struct vp_counts *counts,
			struct vp_error *err);
int vp_netfilter_probe(struct vp_host *host, struct vp_error *err);

/* Read who is banned in the sets of `there`, unless that was done a moment ago or it cannot be
 * read. */
void vp_bans_read(struct vp_instance *instance, const struct vp_image *there, bool at_once);
/* Give the image's ban sets the elements last known whose time has not come; not those that
 * are `there` (NULL: none is). */
void vp_bans_restore(const struct vp_instance *instance, struct vp_image *image,
		     const struct vp_image *there);

/* Keep the counts (joined) for a repair. */
void vp_instance_remember(struct vp_instance *instance, const struct vp_counts *counts);
/* Give the image's counters the values they begin with, and its counting sets their elements.
 */
void vp_counts_restore(const struct vp_counts *counts, struct vp_image *image);
/* Does the set count by tag, and what? */
bool vp_counts_set(const struct vp_image_set *set, bool *bans);
/* Whose an element of a set that counts is. */
uint32_t vp_counts_tag(const struct vp_image_element *element);

#endif
