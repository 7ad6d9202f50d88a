/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A generation: what was applied, with everything needed to build it again, in
 * one file (generations/N.bundle).
 *
 *   bytes  "vpatch bundle\n"   u32 version   u64 digest of the rest
 *   u32 length, meta as JSON
 *   u32 number of texts; each: u8 kind, u32 length, name, u32 length, bytes
 *
 * Integers in network order. Any changed byte is found by the digest.
 */
#ifndef VP_AGENTD_GENERATION_H
#define VP_AGENTD_GENERATION_H

#include <stdint.h>
#include <time.h>

#include "lib/error.h"
#include "lib/strbuf.h"
#include "policy/host.h"
#include "policy/policy.h"

VP_ARRAY_TYPE(vp_session_list, struct vp_session);

struct vp_generation {
	uint64_t number; /* from 1 */
	time_t time;
	char *request;	       /* "apply", "start", "rollback", ... */
	char *who;	       /* the person, as far as known */
	char *reason, *ticket; /* or NULL */
	uint64_t parent;       /* what ran before; 0: nothing */
	uint64_t restores;     /* the generation a rollback went to; 0: none */
	uint64_t digest;       /* of `sources` */
	uint64_t content;      /* likewise, without the local overrides; not stored */
	uint64_t folder;       /* digest of the policy folder when this was decided */
	uint64_t placed; /* digest of the plan: what the sources came to on this host then */
	uint64_t patches, rules;
	bool forced;			 /* management ports may be shielded */
	struct vp_session_list sessions; /* kept open by the guard */
	struct vp_sources sources;
};

/* Digest of all texts but the local overrides (local.h). */
uint64_t vp_sources_digest(const struct vp_sources *sources);
/* And with them: `content` is vp_sources_digest() of the same sources. */
uint64_t vp_sources_digest_local(const struct vp_sources *sources, uint64_t content);

/* Append the file's bytes. */
void vp_generation_write(const struct vp_generation *generation, struct vp_strbuf *out);

/*
 * Read them. `name` is for the error text. 0, or -EINVAL with what is wrong and
 * the cure; *generation owned by the caller, untouched on failure.
 */
int vp_generation_parse(const void *data, size_t len, const char *name,
			struct vp_generation *generation, struct vp_error *err);

/* Whole files, written atomically. */
int vp_generation_save(const struct vp_generation *generation, const char *path,
		       struct vp_error *err);
int vp_generation_load(const char *path, struct vp_generation *generation,
		       struct vp_error *err);

void vp_generation_free(struct vp_generation *generation);

#endif
