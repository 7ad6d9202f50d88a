/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Typed values of the definition language. */
#ifndef VP_POLICY_VALUE_H
#define VP_POLICY_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/address.h"
#include "lib/memory.h"
#include "lib/strbuf.h"
#include "policy/diagnostic.h"

enum vp_value_kind {
	VP_VALUE_NUMBER,  /* 5, 0x1f, 5-9 */
	VP_VALUE_ADDRESS, /* address, prefix or range */
	VP_VALUE_BYTES,	  /* "string" with \xHH \r \n \t \0 \" \\ */
	VP_VALUE_REGEX,	  /* /pattern/flags, flags of i s m */
	VP_VALUE_SET,	  /* @name; resolved into `set` by validation */
};

struct vp_set;

struct vp_value {
	enum vp_value_kind kind;
	struct vp_location at;
	union {
		struct {
			uint64_t first,
				last; /* inclusive; a single number has first == last */
		} number;
		struct vp_address_range address;
		struct {
			uint8_t *data;
			size_t len;
		} bytes;
		struct {
			char *pattern; /* between the slashes, as written ("\/" kept) */
			char *flags;   /* sorted, "" when none */
		} regex;
		struct {
			char *name;
			const struct vp_set *set; /* not owned; NULL until resolved */
		} reference;
	};
};

VP_ARRAY_TYPE(vp_values, struct vp_value);

/* A named set: all elements of one kind (number, address, bytes). */
struct vp_set {
	char *name;
	struct vp_location at;
	enum vp_value_kind kind; /* of its elements */
	struct vp_values values; /* inline and from files, in order */
	unsigned int families;	 /* VP_FAMILY_ bits of its addresses; both for other values */
	char *file;		 /* NULL, or the file the author named */
	bool site_required;	 /* `site = required`: values are examples until an override
				    replaces the set */
	bool from_site;		 /* an override replaced the values */
};

/* A rate: `count` per `seconds`. 10/second, 100/minute, 5/hour, 1/day. */
struct vp_rate {
	uint64_t count;
	uint32_t seconds;
};

/* Canonical text of a value, as the language reads it. */
void vp_value_print(const struct vp_value *value, struct vp_strbuf *out);

/* "string" with the escapes of the language; the text between the quotes is printable ASCII.
 */
void vp_bytes_print(const uint8_t *data, size_t len, struct vp_strbuf *out);

/*
 * Durations: "90s", "10m", "24h", "7d", "200ms". Milliseconds in *out.
 * Returns 0 or -EINVAL (not of that form, or too large).
 */
int vp_duration_parse(const char *text, uint64_t *milliseconds);
void vp_duration_print(uint64_t milliseconds, struct vp_strbuf *out);

/* "10/second" and so on. Returns 0 or -EINVAL. */
int vp_rate_parse(const char *text, struct vp_rate *out);
void vp_rate_print(const struct vp_rate *rate, struct vp_strbuf *out);

/* A copy that owns what it points to, except the file of its location. */
void vp_value_copy(struct vp_value *to, const struct vp_value *from);

void vp_value_free(struct vp_value *value);
void vp_values_free(struct vp_values *values);

#endif
