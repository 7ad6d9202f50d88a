/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Token buckets in a table of fixed size: see rate.h. Each key has a few places
 * to be in; where all are taken, the one not used for longest is given up.
 */
#include "modules/inspection/rate.h"

#include "lib/digest.h"
#include "lib/memory.h"

#define SETS 8192
#define WAYS 4
#define KEY  42 /* tag, family, addresses and ports */

struct bucket {
	uint8_t key[KEY];
	bool used;
	uint64_t last;	 /* milliseconds */
	uint64_t tokens; /* one match costs as many as milliseconds make up a refill */
};

struct vp_rates {
	uint64_t seed;
	struct bucket sets[SETS][WAYS];
};

struct vp_rates *vp_rates_new(uint64_t seed)
{
	struct vp_rates *rates = vp_new(struct vp_rates);

	rates->seed = seed;
	return rates;
}

void vp_rates_free(struct vp_rates *rates)
{
	free(rates);
}

static void make_key(uint8_t key[static KEY], uint32_t tag, const struct vp_address *source)
{
	memset(key, 0, KEY);
	memcpy(key, &tag, sizeof(tag));
	if (!source)
		return;
	key[4] = source->family;
	memcpy(key + 5, source->bytes, source->family == 6 ? 8 : 4);
}

/* The key's bucket; a new one is full. */
static struct bucket *find(struct vp_rates *rates, const uint8_t key[static KEY],
			   uint64_t full, uint64_t now)
{
	uint64_t digest = vp_digest(rates->seed, key, KEY);
	struct bucket *set = rates->sets[(digest ^ digest >> 32) % SETS], *worst = set;

	for (struct bucket *bucket = set; bucket < set + WAYS; bucket++) {
		if (bucket->used && !memcmp(bucket->key, key, KEY))
			return bucket;
		if (worst->used && (!bucket->used || bucket->last < worst->last))
			worst = bucket;
	}
	*worst = (struct bucket){ .used = true, .last = now, .tokens = full };
	memcpy(worst->key, key, KEY);
	return worst;
}

/* Take one; false: there is none. */
static bool take(struct vp_rates *rates, const uint8_t key[static KEY],
		 const struct vp_rate *rate, uint32_t burst, uint64_t milliseconds)
{
	/* in units of which `count` come in a millisecond, so that nothing is rounded */
	uint64_t cost = (uint64_t)rate->seconds * 1000;
	uint64_t full = cost * (burst ? burst : 1), elapsed, missing;
	struct bucket *bucket;

	if (!rate->count)
		return false;
	bucket = find(rates, key, full, milliseconds);
	elapsed = milliseconds - bucket->last;
	missing = full - bucket->tokens;
	bucket->tokens += elapsed > missing / rate->count ? missing : elapsed * rate->count;
	bucket->last = milliseconds;
	if (bucket->tokens < cost)
		return false;
	bucket->tokens -= cost;
	return true;
}

bool vp_rates_over(struct vp_rates *rates, uint32_t tag, const struct vp_action *action,
		   const struct vp_address *source, uint64_t milliseconds)
{
	uint8_t key[KEY];

	make_key(key, tag, action->per_source ? source : NULL);
	return !take(rates, key, &action->rate, action->burst, milliseconds);
}

static void add_ends(uint8_t key[static KEY], const struct vp_rate_ends *ends)
{
	size_t len = ends->client.family == 6 ? 16 : 4;

	memcpy(key + 5, ends->client.bytes, len);
	memcpy(key + 21, ends->server.bytes, len);
	memcpy(key + 37, &ends->client_port, 2);
	memcpy(key + 39, &ends->server_port, 2);
	key[41] = 1; /* unlike any source */
}

bool vp_rates_above(struct vp_rates *rates, uint32_t tag, const struct vp_threshold *threshold,
		    const struct vp_rate_ends *ends, uint64_t milliseconds)
{
	uint8_t key[KEY];

	make_key(key, tag, threshold->per == VP_PER_RULE ? NULL : &ends->client);
	if (threshold->per == VP_PER_FLOW)
		add_ends(key, ends);
	return !take(rates, key, &threshold->rate, threshold->burst, milliseconds);
}
