/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allocation that cannot fail, and growable arrays.
 *
 * When memory runs out the process says so and aborts. That is safe by design:
 * shields live in the kernel and outlast any of our processes, and a half-built
 * rule is never sent. Callers therefore need no error path for memory.
 */
#ifndef VP_LIB_MEMORY_H
#define VP_LIB_MEMORY_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Zeroed memory of count * size bytes, owned by the caller (free()). */
void *vp_alloc(size_t count, size_t size);

/* Like reallocarray(3); the new part is not zeroed. */
void *vp_realloc(void *old, size_t count, size_t size);

/* Copies, owned by the caller. vp_strdup(NULL) is NULL. */
char *vp_strdup(const char *text);
char *vp_strndup(const char *text, size_t length);
void *vp_memdup(const void *data, size_t length);

/* Like asprintf(3), owned by the caller. */
char *vp_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define vp_new(type) ((type *)vp_alloc(1, sizeof(type)))

/*
 * A growable array: VP_ARRAY(struct vp_rule) rules;
 * An all-zero array is empty and valid.
 */
#define VP_ARRAY(type)                                                                        \
	struct {                                                                              \
		type *data;                                                                   \
		size_t len, cap;                                                              \
	}

/* A named array type, for members that functions pass on. */
#define VP_ARRAY_TYPE(name, type)                                                             \
	struct name {                                                                         \
		type *data;                                                                   \
		size_t len, cap;                                                              \
	}

void *vp_array_grow_(void *data, size_t len, size_t *cap, size_t size);

/* Append one zeroed element; the expression is a pointer to it (valid until the next append).
 */
#define vp_array_add(array)                                                                   \
	({                                                                                    \
		__typeof__(array) a_ = (array);                                               \
		a_->data = vp_array_grow_(a_->data, a_->len, &a_->cap, sizeof(*a_->data));    \
		memset(&a_->data[a_->len], 0, sizeof(*a_->data));                             \
		&a_->data[a_->len++];                                                         \
	})

/* Make room for `count` elements in all, exactly: for arrays whose length is known. */
#define vp_array_reserve(array, count)                                                        \
	do {                                                                                  \
		__typeof__(array) a_ = (array);                                               \
		size_t c_ = (count);                                                          \
		if (c_ > a_->cap) {                                                           \
			a_->data = vp_realloc(a_->data, c_, sizeof(*a_->data));               \
			a_->cap = c_;                                                         \
		}                                                                             \
	} while (0)

/* Append a value. */
#define vp_array_push(array, value) (*vp_array_add(array) = (value))

/* Visit every element; `item` is a pointer to the current one. */
#define vp_array_each(item, array)                                                            \
	for (__typeof__((array)->data + 0) item = (array)->data;                              \
	     item && item < (array)->data + (array)->len; item++)

/* Index of the first element whose `member` is not below `key`; sorted by it. */
#define vp_array_lower(array, member, key)                                                    \
	({                                                                                    \
		__typeof__(array) a_ = (array);                                               \
		size_t low_ = 0, high_ = a_->len;                                             \
		while (low_ < high_) {                                                        \
			size_t middle_ = low_ + (high_ - low_) / 2;                           \
			if (a_->data[middle_].member < (key))                                 \
				low_ = middle_ + 1;                                           \
			else                                                                  \
				high_ = middle_;                                              \
		}                                                                             \
		low_;                                                                         \
	})

/* Release the array itself; the elements' own resources are the caller's. */
#define vp_array_free(array)                                                                  \
	do {                                                                                  \
		free((array)->data);                                                          \
		(array)->data = NULL;                                                         \
		(array)->len = (array)->cap = 0;                                              \
	} while (0)

#define VP_COUNT(table) (sizeof(table) / sizeof((table)[0]))

#endif
