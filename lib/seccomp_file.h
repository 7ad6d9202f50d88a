/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A compiled system-call filter of one unit as a file: <state>/seccomp/UNIT.filter.
 * vpatchd writes it, vpatch-exec reads it and puts the filter on. Pure: bytes in,
 * bytes out; fuzzed. All numbers are little-endian:
 *
 *	 0  8  "VPSCFLTR"
 *	 8  4  version, 1
 *	12  4  architecture: AUDIT_ARCH_... of the program
 *	16  4  flags: VP_SECCOMP_FILE_...
 *	20  4  instructions, 1 to 4096
 *	24  8  digest of all the other bytes, in order (vp_digest)
 *	32 256 name of the unit, zeros behind
 *	288    the instructions, 8 bytes each: code (2), jt (1), jf (1), k (4)
 *
 * The digest finds damage, not malice: who may write the file decides what it says.
 */
#ifndef VP_LIB_SECCOMP_FILE_H
#define VP_LIB_SECCOMP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>

#include "lib/error.h"
#include "lib/strbuf.h"

#define VP_SECCOMP_FILE_VERSION 1
#define VP_SECCOMP_FILE_UNIT	256  /* bytes, with at least one NUL */
#define VP_SECCOMP_FILE_MOST	4096 /* instructions, the kernel's limit */
#define VP_SECCOMP_FILE_HEAD	288
#define VP_SECCOMP_FILE_LIMIT	(VP_SECCOMP_FILE_HEAD + 8 * VP_SECCOMP_FILE_MOST)

#define VP_SECCOMP_FILE_SPEC_ALLOW                                                            \
	1u /* no costly mitigations: SECCOMP_FILTER_FLAG_SPEC_ALLOW */
#define VP_SECCOMP_FILE_LOG	     2u /* denials are told: SECCOMP_FILTER_FLAG_LOG */
#define VP_SECCOMP_FILE_NO_NEW_PRIVS 4u /* no_new_privs may be set where it is needed */
#define VP_SECCOMP_FILE_FLAGS	     7u

struct vp_seccomp_file {
	char unit[VP_SECCOMP_FILE_UNIT];
	uint32_t architecture, flags;
	struct sock_filter *program; /* owned */
	size_t count;
};

/*
 * Is it a unit's name that is safe in a path? Letters, digits and :-_.\@, no dot
 * first, at most 248 bytes.
 */
bool vp_seccomp_file_names_unit(const char *name);

/* FOLDER/UNIT.filter, owned by the caller. */
char *vp_seccomp_file_path(const char *folder, const char *unit);

/*
 * 0, and *file is filled and owned by the caller (vp_seccomp_file_free); or -EINVAL
 * with what is wrong and *file untouched. Whether the kernel takes the program is
 * for it to say.
 */
int vp_seccomp_file_parse(const void *data, size_t len, struct vp_seccomp_file *file,
			  struct vp_error *err);

/* The bytes of it. What is in it must be such that vp_seccomp_file_parse takes it. */
void vp_seccomp_file_print(const struct vp_seccomp_file *file, struct vp_strbuf *out);

void vp_seccomp_file_free(struct vp_seccomp_file *file);

#endif
