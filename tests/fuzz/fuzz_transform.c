/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chains of transforms: the first byte says how many, the next ones which, one
 * more where the value is cut; the rest is the value. Parts must give the same
 * as the whole.
 */
#include <stdint.h>
#include <string.h>

#include "lib/strbuf.h"
#include "modules/inspection/transform.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BOUND 512u

static void collect(void *context, struct vp_slice bytes, bool last)
{
	(void)last;
	vp_strbuf_add(context, (const char *)bytes.data, bytes.len);
}

static int run(struct vp_transformer *t, const uint8_t *data, size_t size, size_t piece,
	       struct vp_strbuf *out)
{
	size_t done = 0, n;
	int code;

	vp_transformer_reset(t);
	do {
		n = size - done < piece ? size - done : piece;
		code = vp_transformer_feed(t, (struct vp_slice){ data + done, n },
					   done + n == size, collect, out);
		done += n;
	} while (!code && done < size);
	return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_strbuf_ struct vp_strbuf whole = { 0 }, parts = { 0 };
	struct vp_transform chain[3];
	struct vp_transformer *t;
	size_t count, piece;
	int code;

	if (size < 6)
		return 0;
	count = 1 + data[0] % 3;
	for (size_t i = 0; i < count; i++) {
		chain[i] = (struct vp_transform){ .kind = data[1 + i] % VP_TRANSFORM_COUNT };
		if (!vp_transform_yields_bytes(chain[i].kind))
			chain[i].kind = VP_TRANSFORM_UTF_8;
	}
	piece = 1 + data[4] % 32;
	t = vp_transformer_new(chain, count, BOUND);
	code = run(t, data + 5, size - 5, size, &whole);
	if (code != run(t, data + 5, size - 5, piece, &parts))
		abort();
	if (!code && (whole.len != parts.len ||
		      (whole.len && memcmp(whole.data, parts.data, whole.len) != 0)))
		abort();
	vp_transformer_free(t);
	return 0;
}
