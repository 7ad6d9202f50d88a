/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the headers of this machine say of constants that policy/call_constant.c has. */
#ifndef VP_TESTS_KERNEL_CONSTANTS_H
#define VP_TESTS_KERNEL_CONSTANTS_H

#include <stddef.h>
#include <stdint.h>

struct kernel_constant {
	const char *name;
	uint64_t value;
};

extern const struct kernel_constant kernel_constants[], kernel_socket_constants[];
extern const size_t kernel_constants_count, kernel_socket_constants_count;

#endif
