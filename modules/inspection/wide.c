/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-16 and UTF-32 to UTF-8: see wide.h. Nothing is refused; what is no character is U+FFFD.
 */
#include "modules/inspection/wide.h"

#include <string.h>

#define REPLACEMENT 0xfffdu

size_t vp_utf8_put(uint32_t c, uint8_t *out)
{
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		c = REPLACEMENT;
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

static void decide(struct vp_wide *wide)
{
	const uint8_t *f = wide->first;
	bool be_mark = f[0] == 0xfe && f[1] == 0xff, le_mark = f[0] == 0xff && f[1] == 0xfe;

	wide->known = true;
	if (wide->first_len < 2)
		return;
	if (wide->first_len == 4 && !f[0] && !f[1] && (f[2] || f[3])) {
		wide->width = 4;
	} else if (wide->first_len == 4 && !f[2] && !f[3] && (le_mark || (f[0] && !f[1]))) {
		wide->width = 4;
		wide->little = true;
	} else if (be_mark || (!f[0] && f[1])) {
		wide->width = 2;
	} else if (le_mark || (f[0] && !f[1])) {
		wide->width = 2;
		wide->little = true;
	}
}

/* A unit is complete; its character, if one is, as UTF-8. */
static size_t end_unit(struct vp_wide *wide, uint8_t *out)
{
	uint32_t unit = wide->unit;
	size_t len = 0;

	wide->unit = 0;
	wide->got = 0;
	if (wide->width == 4)
		return vp_utf8_put(unit, out);
	if (wide->high && unit >= 0xdc00 && unit <= 0xdfff) {
		unit = 0x10000 + ((uint32_t)(wide->high - 0xd800) << 10) + (unit - 0xdc00);
		wide->high = 0;
		return vp_utf8_put(unit, out);
	}
	if (wide->high)
		len = vp_utf8_put(REPLACEMENT, out);
	wide->high = 0;
	if (unit >= 0xd800 && unit <= 0xdbff)
		wide->high = (uint16_t)unit;
	else
		len += vp_utf8_put(unit, out + len);
	return len;
}

static int convert(struct vp_wide *wide, struct vp_slice bytes, vp_wide_taken *function,
		   void *context)
{
	uint8_t out[256];
	size_t len = 0;
	int r = 0;

	if (!wide->width)
		return bytes.len ? function(context, bytes) : 0;
	for (size_t i = 0; i < bytes.len && !r; i++) {
		uint32_t byte = bytes.data[i];

		if (wide->little)
			wide->unit |= byte << 8 * wide->got;
		else
			wide->unit = wide->unit << 8 | byte;
		if (++wide->got == wide->width)
			len += end_unit(wide, out + len);
		if (len + 8 > sizeof(out)) {
			r = function(context, (struct vp_slice){ out, len });
			len = 0;
		}
	}
	return !r && len ? function(context, (struct vp_slice){ out, len }) : r;
}

static int begin(struct vp_wide *wide, vp_wide_taken *function, void *context)
{
	decide(wide);
	return convert(wide, (struct vp_slice){ wide->first, wide->first_len }, function,
		       context);
}

int vp_wide_feed(struct vp_wide *wide, struct vp_slice bytes, vp_wide_taken *function,
		 void *context)
{
	int r = 0;

	while (!wide->known && bytes.len) {
		wide->first[wide->first_len++] = *bytes.data++;
		bytes.len--;
		if (wide->first_len == sizeof(wide->first))
			r = begin(wide, function, context);
	}
	return r || !bytes.len ? r : convert(wide, bytes, function, context);
}

int vp_wide_finish(struct vp_wide *wide, vp_wide_taken *function, void *context)
{
	return wide->known ? 0 : begin(wide, function, context);
}
