/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reassembly of IP datagrams: see defragment.h. What is accepted and what is
 * dropped follows Linux (net/ipv4/ip_fragment.c, inet_fragment.c and
 * nf_conntrack_reasm.c), because only what the receiver accepts is to be judged.
 */
#include "modules/inspection/defragment.h"

#include <netinet/in.h>

#include "lib/digest.h"
#include "lib/memory.h"
#include "modules/inspection/checksum.h"

#define IPV4_HEADER   20u
#define IPV6_HEADER   40u
#define FRAGMENT_LEN  8u
#define LONGEST	      65535u
#define DATAGRAM_COST 512u /* about what the kernel counts for a datagram and for a piece */
#define RUN_COST      256u

/* Consecutive bytes of a datagram. */
struct run {
	uint32_t first, end;
	uint8_t *data;
};

struct key {
	uint8_t source[16], destination[16];
	uint32_t id;
	uint16_t version, protocol; /* IPv6: 0 */
};

struct datagram {
	struct key key;
	uint64_t digest;
	uint64_t since;
	VP_ARRAY(struct run) runs; /* sorted, disjoint */
	uint32_t end;		   /* behind the last byte that is known of */
	uint32_t have;		   /* bytes */
	bool last_seen;		   /* `end` is the datagram's */
	uint8_t *head;		   /* headers of the first piece, made whole */
	uint32_t head_len;
	uint8_t ecn; /* marks of the pieces, a bit each (RFC 3168, 5.3) */
	size_t memory;
};

struct vp_defragment {
	size_t limit;
	VP_ARRAY(struct datagram *) waiting; /* oldest first */
	struct vp_defragment_counts counts;
	uint8_t room[LONGEST + IPV6_HEADER];
};

/* A fragment taken apart. */
struct piece {
	struct key key;
	struct vp_slice head; /* up to the fragment header, or to the payload */
	size_t next_header;   /* offset in `head` of what names the next header; IPv4: 0 */
	uint8_t protocol;     /* IPv6: behind the fragment header */
	uint8_t ecn;
	struct vp_slice bytes;
	uint32_t first, end;
	bool more;
};

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

struct vp_defragment *vp_defragment_new(size_t memory)
{
	struct vp_defragment *defragment = vp_new(struct vp_defragment);

	defragment->limit = memory;
	return defragment;
}

static void datagram_free(struct datagram *datagram)
{
	vp_array_each (run, &datagram->runs)
		free(run->data);
	vp_array_free(&datagram->runs);
	free(datagram->head);
	free(datagram);
}

void vp_defragment_free(struct vp_defragment *defragment)
{
	if (!defragment)
		return;
	vp_array_each (datagram, &defragment->waiting)
		datagram_free(*datagram);
	vp_array_free(&defragment->waiting);
	free(defragment);
}

/* Taking a packet apart */

/* False: no fragment. */
static bool cut_ipv4(struct vp_slice bytes, struct piece *piece)
{
	const uint8_t *header = bytes.data;
	size_t length, total;
	uint16_t word;

	if (bytes.len < IPV4_HEADER)
		return false;
	length = header[0] % 16 * 4u;
	total = get16(header + 2);
	word = get16(header + 6);
	if (length < IPV4_HEADER || total < length || total > bytes.len || !(word & 0x3fff))
		return false;
	piece->key.version = 4;
	piece->key.protocol = header[9];
	piece->key.id = get16(header + 4);
	memcpy(piece->key.source, header + 12, 4);
	memcpy(piece->key.destination, header + 16, 4);
	piece->head = (struct vp_slice){ header, length };
	piece->ecn = (uint8_t)(1u << header[1] % 4);
	piece->more = word & 0x2000;
	piece->first = (word & 0x1fffu) * 8;
	piece->bytes = (struct vp_slice){ header + length, total - length };
	if (piece->more)
		piece->bytes.len &= ~(size_t)7;
	piece->end = piece->first + (uint32_t)piece->bytes.len;
	return true;
}

static size_t extension_length(uint8_t kind, const uint8_t *header)
{
	return kind == IPPROTO_AH ? header[1] * 4u + 8 : header[1] * 8u + 8;
}

static bool is_before_fragment(uint8_t kind)
{
	return kind == IPPROTO_HOPOPTS || kind == IPPROTO_ROUTING || kind == IPPROTO_DSTOPTS ||
	       kind == IPPROTO_AH;
}

/*
 * Find the fragment header: its offset, and in *naming that of the byte that names
 * it. 0: there is none.
 */
static size_t find_fragment_header(struct vp_slice bytes, size_t *naming)
{
	size_t at = IPV6_HEADER;
	uint8_t kind = bytes.data[6];

	*naming = 6;
	while (kind != IPPROTO_FRAGMENT) {
		if (!is_before_fragment(kind) || bytes.len - at < 8)
			return 0;
		*naming = at;
		at += extension_length(kind, bytes.data + *naming);
		kind = bytes.data[*naming];
		if (at > bytes.len)
			return 0;
	}
	return bytes.len - at < FRAGMENT_LEN ? 0 : at;
}

static bool cut_ipv6(struct vp_slice bytes, struct piece *piece)
{
	const uint8_t *header = bytes.data;
	size_t at;

	if (bytes.len < IPV6_HEADER || get16(header + 4) > bytes.len - IPV6_HEADER)
		return false;
	bytes.len = IPV6_HEADER + get16(header + 4);
	at = find_fragment_header(bytes, &piece->next_header);
	if (!at || !(get16(header + at + 2) & 0xfff9)) /* an atomic one is whole (RFC 6946) */
		return false;
	piece->key.version = 6;
	memcpy(&piece->key.id, header + at + 4, 4);
	memcpy(piece->key.source, header + 8, 16);
	memcpy(piece->key.destination, header + 24, 16);
	piece->head = (struct vp_slice){ header, at };
	piece->protocol = header[at];
	piece->ecn = (uint8_t)(1u << (header[1] >> 4 & 3));
	piece->more = get16(header + at + 2) & 1;
	piece->first = get16(header + at + 2) & 0xfff8u;
	piece->bytes =
		(struct vp_slice){ header + at + FRAGMENT_LEN, bytes.len - at - FRAGMENT_LEN };
	piece->end = piece->first + (uint32_t)piece->bytes.len;
	return true;
}

static bool cut(struct vp_slice bytes, struct piece *piece)
{
	*piece = (struct piece){ 0 };
	if (!bytes.len)
		return false;
	if (bytes.data[0] >> 4 == 4)
		return cut_ipv4(bytes, piece);
	return bytes.data[0] >> 4 == 6 && cut_ipv6(bytes, piece);
}

/* Datagrams that wait */

static void forget(struct vp_defragment *defragment, size_t at)
{
	struct datagram **waiting = defragment->waiting.data;

	defragment->counts.memory_now -= waiting[at]->memory;
	datagram_free(waiting[at]);
	defragment->waiting.len--;
	memmove(waiting + at, waiting + at + 1,
		(defragment->waiting.len - at) * sizeof(struct datagram *));
}

static void expire(struct vp_defragment *defragment, uint64_t now)
{
	for (size_t i = defragment->waiting.len; i-- > 0;) {
		const struct datagram *datagram = defragment->waiting.data[i];
		uint64_t seconds = datagram->key.version == 4 ? 30 : 60;

		if (datagram->since + seconds * 1000 > now)
			continue;
		defragment->counts.incomplete++;
		forget(defragment, i);
	}
}

static void charge(struct vp_defragment *defragment, struct datagram *datagram, size_t bytes)
{
	datagram->memory += bytes;
	defragment->counts.memory_now += bytes;
}

/* Where the datagram of a key waits; it begins to when there is none. False: no room. */
static bool find(struct vp_defragment *defragment, const struct key *key, uint64_t now,
		 size_t *at)
{
	uint64_t digest = vp_digest(VP_DIGEST_SEED, key, sizeof(*key));
	struct datagram *datagram;

	for (*at = 0; *at < defragment->waiting.len; ++*at) {
		datagram = defragment->waiting.data[*at];
		if (datagram->digest == digest && !memcmp(&datagram->key, key, sizeof(*key)))
			return true;
	}
	if (defragment->counts.memory_now > defragment->limit)
		return false;
	datagram = vp_new(struct datagram);
	datagram->key = *key;
	datagram->digest = digest;
	datagram->since = now;
	vp_array_push(&defragment->waiting, datagram);
	charge(defragment, datagram, DATAGRAM_COST);
	return true;
}

enum fit {
	FITS,
	IGNORED, /* the piece alone is dropped */
	SPOILS,	 /* and its datagram with it */
};

/* Does the piece agree with what is known of the datagram's length? */
static enum fit fit_length(struct datagram *datagram, const struct piece *piece)
{
	enum fit wrong = piece->key.version == 4 ? SPOILS : IGNORED;

	if (piece->key.version == 6 && piece->end > LONGEST)
		return IGNORED;
	if (!piece->more) {
		if (piece->end < datagram->end ||
		    (datagram->last_seen && piece->end != datagram->end))
			return wrong;
		datagram->last_seen = true;
		datagram->end = piece->end;
	} else {
		if (piece->end % 8) /* IPv4: was cut to that */
			return SPOILS;
		if (piece->end > datagram->end && datagram->last_seen)
			return wrong;
		if (piece->end > datagram->end)
			datagram->end = piece->end;
	}
	return piece->end == piece->first ? wrong : FITS;
}

/* Put the bytes in their place. */
static enum fit fit_bytes(struct vp_defragment *defragment, struct datagram *datagram,
			  const struct piece *piece)
{
	size_t at = vp_array_lower(&datagram->runs, end, piece->first + 1);
	struct run *run;

	if (at < datagram->runs.len && datagram->runs.data[at].first < piece->end) {
		run = &datagram->runs.data[at];
		return run->first <= piece->first && piece->end <= run->end ? IGNORED : SPOILS;
	}
	if (at && at == datagram->runs.len &&
	    datagram->runs.data[at - 1].end == piece->first) {
		run = &datagram->runs.data[at - 1];
	} else {
		vp_array_add(&datagram->runs);
		run = &datagram->runs.data[at];
		memmove(run + 1, run, (datagram->runs.len - 1 - at) * sizeof(*run));
		*run = (struct run){ .first = piece->first, .end = piece->first };
		charge(defragment, datagram, RUN_COST);
	}
	run->data = vp_realloc(run->data, piece->end - run->first, 1);
	memcpy(run->data + (run->end - run->first), piece->bytes.data, piece->bytes.len);
	run->end = piece->end;
	datagram->have += (uint32_t)piece->bytes.len;
	charge(defragment, datagram, piece->bytes.len);
	return FITS;
}

static void keep_head(struct vp_defragment *defragment, struct datagram *datagram,
		      const struct piece *piece)
{
	datagram->ecn |= piece->ecn;
	if (piece->first)
		return;
	datagram->head = vp_memdup(piece->head.data, piece->head.len);
	datagram->head_len = (uint32_t)piece->head.len;
	if (piece->key.version == 6)
		datagram->head[piece->next_header] = piece->protocol;
	charge(defragment, datagram, piece->head.len);
}

static bool is_whole(const struct datagram *datagram)
{
	return datagram->last_seen && datagram->have == datagram->end && datagram->head;
}

/* False: too long, or marks of congestion that contradict each other. */
static bool assemble(struct vp_defragment *defragment, const struct datagram *datagram,
		     struct vp_slice *whole)
{
	uint8_t *out = defragment->room;
	size_t fixed = datagram->key.version == 4 ? 0 : IPV6_HEADER;
	size_t length = datagram->head_len + datagram->end;

	if (length - fixed > LONGEST || (datagram->ecn & 1 && datagram->ecn != 1))
		return false;
	memcpy(out, datagram->head, datagram->head_len);
	vp_array_each (run, &datagram->runs)
		memcpy(out + datagram->head_len + run->first, run->data,
		       run->end - run->first);
	if (datagram->key.version == 6) {
		put16(out + 4, length - IPV6_HEADER);
	} else {
		put16(out + 2, length);
		put16(out + 6, 0);
		put16(out + 10, 0);
		put16(out + 10, vp_checksum((struct vp_slice){ out, datagram->head_len }));
	}
	*whole = (struct vp_slice){ out, length };
	return true;
}

/* Add a piece to the datagram that waits at `at`. */
static enum vp_fragment add(struct vp_defragment *defragment, size_t at,
			    const struct piece *piece, struct vp_slice *whole)
{
	struct datagram *datagram = defragment->waiting.data[at];
	enum fit fit = fit_length(datagram, piece);
	bool made;

	if (fit == FITS)
		fit = fit_bytes(defragment, datagram, piece);
	if (fit == SPOILS)
		forget(defragment, at);
	if (fit != FITS)
		return VP_FRAGMENT_REFUSED;
	keep_head(defragment, datagram, piece);
	if (!is_whole(datagram))
		return VP_FRAGMENT_KEPT;
	made = assemble(defragment, datagram, whole);
	forget(defragment, at);
	return made ? VP_FRAGMENT_WHOLE : VP_FRAGMENT_REFUSED;
}

enum vp_fragment vp_defragment_packet(struct vp_defragment *defragment, struct vp_slice bytes,
				      bool verify, uint64_t milliseconds,
				      struct vp_slice *whole)
{
	enum vp_fragment fate = VP_FRAGMENT_REFUSED;
	struct piece piece;
	size_t at;

	if (!cut(bytes, &piece))
		return VP_FRAGMENT_NONE;
	defragment->counts.fragments++;
	expire(defragment, milliseconds);
	if ((piece.key.version == 6 || !verify || !vp_checksum(piece.head)) &&
	    find(defragment, &piece.key, milliseconds, &at))
		fate = add(defragment, at, &piece, whole);
	defragment->counts.whole += fate == VP_FRAGMENT_WHOLE;
	defragment->counts.refused += fate == VP_FRAGMENT_REFUSED;
	return fate;
}

struct vp_defragment_counts vp_defragment_counts(const struct vp_defragment *defragment)
{
	struct vp_defragment_counts counts = defragment->counts;

	counts.now = defragment->waiting.len;
	return counts;
}
