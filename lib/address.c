/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP addresses, prefixes and ranges: see address.h. */
#include "lib/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t vp_address_size(uint8_t family)
{
	return family == 6 ? 16 : 4;
}

int vp_address_parse(const char *text, struct vp_address *out)
{
	struct vp_address address = { 0 };

	if (inet_pton(AF_INET, text, address.bytes) == 1)
		address.family = 4;
	else if (inet_pton(AF_INET6, text, address.bytes) == 1)
		address.family = 6;
	else
		return -EINVAL;
	*out = address;
	return 0;
}

/* Set or clear all bits behind the first `prefix` bits. */
static void fill_host_bits(struct vp_address *address, unsigned int prefix, bool set)
{
	for (unsigned int bit = prefix; bit < 8 * vp_address_size(address->family); bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		if (set)
			address->bytes[bit / 8] |= mask;
		else
			address->bytes[bit / 8] &= (uint8_t)~mask;
	}
}

static int parse_prefix(const char *text, const char *slash, struct vp_address_range *out)
{
	struct vp_address_range range;
	char head[64], *end;
	unsigned long prefix;

	if ((size_t)(slash - text) >= sizeof(head) || slash[1] < '0' || slash[1] > '9')
		return -EINVAL;
	memcpy(head, text, (size_t)(slash - text));
	head[slash - text] = '\0';
	if (vp_address_parse(head, &range.first))
		return -EINVAL;
	prefix = strtoul(slash + 1, &end, 10);
	if (*end || prefix > 8 * vp_address_size(range.first.family))
		return -EINVAL;
	range.last = range.first;
	fill_host_bits(&range.last, (unsigned int)prefix, false);
	if (vp_address_compare(&range.first, &range.last))
		return -ERANGE;
	fill_host_bits(&range.last, (unsigned int)prefix, true);
	*out = range;
	return 0;
}

int vp_address_range_parse(const char *text, struct vp_address_range *out)
{
	const char *slash = strchr(text, '/'), *dash = strchr(text, '-');
	struct vp_address_range range;
	char head[64];

	if (slash)
		return parse_prefix(text, slash, out);
	if (!dash) {
		if (vp_address_parse(text, &range.first))
			return -EINVAL;
		range.last = range.first;
		*out = range;
		return 0;
	}
	if ((size_t)(dash - text) >= sizeof(head))
		return -EINVAL;
	memcpy(head, text, (size_t)(dash - text));
	head[dash - text] = '\0';
	if (vp_address_parse(head, &range.first) || vp_address_parse(dash + 1, &range.last) ||
	    range.first.family != range.last.family)
		return -EINVAL;
	if (vp_address_compare(&range.first, &range.last) > 0)
		return -ERANGE;
	*out = range;
	return 0;
}

const char *vp_address_print(const struct vp_address *address,
			     char text[static VP_ADDRESS_TEXT])
{
	if (!inet_ntop(address->family == 6 ? AF_INET6 : AF_INET, address->bytes, text,
		       VP_ADDRESS_TEXT))
		snprintf(text, VP_ADDRESS_TEXT, "?");
	return text;
}

int vp_address_range_prefix(const struct vp_address_range *range)
{
	int bits = (int)(8 * vp_address_size(range->first.family));

	for (int prefix = bits; prefix >= 0; prefix--) {
		struct vp_address low = range->first, high = range->first;

		fill_host_bits(&low, (unsigned int)prefix, false);
		fill_host_bits(&high, (unsigned int)prefix, true);
		if (vp_address_compare(&low, &range->first))
			return -1;
		if (!vp_address_compare(&high, &range->last))
			return prefix;
	}
	return -1;
}

const char *vp_address_range_print(const struct vp_address_range *range,
				   char text[static VP_ADDRESS_TEXT])
{
	char first[VP_ADDRESS_TEXT], last[VP_ADDRESS_TEXT];
	int prefix = vp_address_range_prefix(range);

	vp_address_print(&range->first, first);
	vp_address_print(&range->last, last);
	if (!vp_address_compare(&range->first, &range->last))
		snprintf(text, VP_ADDRESS_TEXT, "%.46s", first);
	else if (prefix >= 0)
		snprintf(text, VP_ADDRESS_TEXT, "%.46s/%d", first, prefix);
	else
		snprintf(text, VP_ADDRESS_TEXT, "%.46s-%.46s", first, last);
	return text;
}

int vp_address_compare(const struct vp_address *a, const struct vp_address *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, vp_address_size(a->family));
}

bool vp_address_within(const struct vp_address *address, const struct vp_address_range *range)
{
	return vp_address_compare(&range->first, address) <= 0 &&
	       vp_address_compare(address, &range->last) <= 0;
}

bool vp_address_step(struct vp_address *address, int direction)
{
	size_t i = vp_address_size(address->family);

	while (i-- > 0) {
		uint8_t edge = direction > 0 ? 0xff : 0x00;
		bool carry = address->bytes[i] == edge;

		address->bytes[i] = (uint8_t)(address->bytes[i] + direction);
		if (!carry)
			return true;
	}
	return false;
}
