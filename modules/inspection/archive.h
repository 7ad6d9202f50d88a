/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Structures as bytes: one function for each kind of element says both how it is
 * written and how it is read, all numbers little-endian. What is read is foreign:
 * a read past the end or a number out of its bounds sets in.failed, and whoever
 * began the reading drops what it has.
 */
#ifndef VP_INSPECTION_ARCHIVE_H
#define VP_INSPECTION_ARCHIVE_H

#include <endian.h>

#include "lib/bytes.h"
#include "lib/memory.h"

#define VP_ARCHIVE_MOST (1u << 26) /* elements of one array */

struct vp_archive {
	VP_ARRAY(uint8_t) out;
	struct vp_bytes in;
	bool loading;
};

static inline void vp_archive_u64(struct vp_archive *a, uint64_t *value)
{
	uint64_t little = htole64(*value);
	const uint8_t *bytes;

	if (a->loading) {
		bytes = vp_bytes_take(&a->in, sizeof(little));
		if (bytes)
			memcpy(&little, bytes, sizeof(little));
		*value = bytes ? le64toh(little) : 0;
		return;
	}
	for (size_t i = 0; i < sizeof(little); i++)
		vp_array_push(&a->out, ((const uint8_t *)&little)[i]);
}

static inline void vp_archive_u32(struct vp_archive *a, uint32_t *value)
{
	uint64_t wide = *value;

	vp_archive_u64(a, &wide);
	if (wide > UINT32_MAX)
		a->in.failed = true;
	*value = (uint32_t)wide;
}

/* An enum or a flag: below `limit`. */
#define vp_archive_choice(a, value, limit)                                                    \
	do {                                                                                  \
		uint32_t wide_ = (uint32_t) * (value);                                        \
                                                                                              \
		vp_archive_u32(a, &wide_);                                                    \
		if (wide_ >= (limit))                                                         \
			(a)->in.failed = true;                                                \
		else                                                                          \
			*(value) = (__typeof__(*(value)))wide_;                               \
	} while (0)

static inline void vp_archive_raw(struct vp_archive *a, void *data, size_t len)
{
	const uint8_t *bytes;

	if (!a->loading) {
		for (size_t i = 0; i < len; i++)
			vp_array_push(&a->out, ((const uint8_t *)data)[i]);
		return;
	}
	bytes = vp_bytes_take(&a->in, len);
	if (bytes && len)
		memcpy(data, bytes, len);
}

/* All elements of an array, each by its function; a copy is written, so that what is const
 * stays. */
#define vp_archive_elements(a, array, function)                                               \
	do {                                                                                  \
		uint32_t count_ = (uint32_t)(array)->len;                                     \
                                                                                              \
		vp_archive_u32(a, &count_);                                                   \
		if (count_ > VP_ARCHIVE_MOST)                                                 \
			(a)->in.failed = true;                                                \
		for (uint32_t i_ = 0; i_ < count_ && !(a)->in.failed; i_++) {                 \
			__typeof__(*(array)->data) copy_ = { 0 };                             \
                                                                                              \
			if (!(a)->loading)                                                    \
				copy_ = (array)->data[i_];                                    \
			function(a, &copy_);                                                  \
			if ((a)->loading)                                                     \
				vp_array_push(array, copy_);                                  \
		}                                                                             \
	} while (0)

/* An array of bytes. */
#define vp_archive_octets(a, array)                                                           \
	do {                                                                                  \
		uint32_t count_ = (uint32_t)(array)->len;                                     \
                                                                                              \
		vp_archive_u32(a, &count_);                                                   \
		if ((a)->loading && count_ > vp_bytes_left(&(a)->in))                         \
			(a)->in.failed = true;                                                \
		if ((a)->in.failed)                                                           \
			break;                                                                \
		if ((a)->loading) {                                                           \
			vp_array_reserve(array, count_);                                      \
			(array)->len = count_;                                                \
		}                                                                             \
		vp_archive_raw(a, (array)->data, count_);                                     \
	} while (0)

#endif
