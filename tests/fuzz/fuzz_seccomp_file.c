/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of filters: no crash, and what is read is printed as the same bytes. The
 * first byte says whether the digest is made right first, so that what is behind
 * its check is reached.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/digest.h"
#include "lib/memory.h"
#include "lib/seccomp_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_right(uint8_t *bytes, size_t len)
{
	uint64_t digest;

	if (len < VP_SECCOMP_FILE_HEAD)
		return;
	digest = vp_digest(vp_digest(VP_DIGEST_SEED, bytes, 24), bytes + 32, len - 32);
	for (size_t i = 0; i < 8; i++)
		bytes[24 + i] = (uint8_t)(digest >> 8 * i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	_cleanup_strbuf_ struct vp_strbuf printed = { 0 };
	struct vp_seccomp_file file = { 0 };

	if (!size)
		return 0;
	bytes = vp_memdup(data + 1, size - 1);
	if (data[0] & 1)
		make_right(bytes, size - 1);
	if (vp_seccomp_file_parse(bytes, size - 1, &file, NULL))
		return 0;
	vp_seccomp_file_print(&file, &printed);
	if (printed.len != size - 1 || memcmp(printed.data, bytes, printed.len) != 0)
		abort();
	vp_seccomp_file_free(&file);
	return 0;
}
