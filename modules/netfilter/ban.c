// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Banning from outside the packet path, for rules that only inspection can judge:
 * see netfilter.h. What keeps bans over a removal of the table is in bans.c.
 */
#include <errno.h>
#include <netinet/in.h>

#include "modules/netfilter/instance.h"
#include "modules/netfilter/lower.h"
#include "modules/netfilter/netfilter.h"

/* As the rules see it: IPv6 by /64. */
static struct vp_address banned_address(const struct vp_address *source)
{
	struct vp_address address = *source;

	if (address.family == 6)
		memset(address.bytes + 8, 0, 8);
	return address;
}

static bool is_single(const struct vp_address *source)
{
	static const uint8_t zero[16];
	size_t size = vp_address_size(source->family);

	if ((source->family != 4 && source->family != 6) || !memcmp(source->bytes, zero, size))
		return false;
	return source->family == 4 ? source->bytes[0] != 0 && source->bytes[0] < 224
				   : source->bytes[0] != 0xff;
}

static bool set_has(const struct vp_image_set *set, const uint8_t *key)
{
	vp_array_each (element, &set->elements)
		if (element->ranged && memcmp(element->key, key, set->key_length) <= 0 &&
		    memcmp(key, element->key + set->key_length, set->key_length) <= 0)
			return true;
	return false;
}

static bool is_never_banned(const struct vp_image *image, const struct vp_address *address)
{
	vp_array_each (set, &image->sets)
		if (!strncmp(set->name, VP_NEVER_BAN_PREFIX, strlen(VP_NEVER_BAN_PREFIX)) &&
		    set->key_length == vp_address_size(address->family) &&
		    set_has(set, address->bytes))
			return true;
	return false;
}

static int add(struct vp_instance *instance, const struct vp_image_set *set,
	       const struct vp_image_element *element, struct vp_error *err)
{
	_cleanup_batch_ struct vp_batch batch = { 0 };
	int code;

	vp_batch_begin(&batch, &instance->nl);
	vp_batch_add_elements(&batch, set, &element, 1);
	code = vp_instance_send(instance, &batch, err);
	/* of another rule: it stays that rule's */
	return code == -EBUSY || code == -EEXIST ? 0 : code;
}

int vp_netfilter_ban(struct vp_instance *netfilter, uint32_t tag,
		     const struct vp_address *source, uint64_t milliseconds,
		     struct vp_error *err)
{
	struct vp_address address = banned_address(source);
	struct vp_image_element element = { .key = address.bytes,
					    .mark = tag,
					    .remaining = vp_lower_timeout(milliseconds) };
	const struct vp_image_set *set = NULL;
	char text[VP_ADDRESS_TEXT];

	if (!is_single(source) || !milliseconds)
		return vp_fail(err, -EINVAL, "a ban is of a host's address and for some time");
	vp_address_print(source, text);
	if (netfilter->meant)
		set = vp_image_set(netfilter->meant,
				   address.family == 4 ? VP_BAN_SET_4 : VP_BAN_SET_6);
	if (!set || set->leftover)
		return vp_fail(err, -ENODATA,
			       "%s is not banned: no rule that runs here can ban", text);
	if (is_never_banned(netfilter->meant, &address))
		return vp_fail(err, -EPERM,
			       "%s is not banned: it is this host's own address, a gateway, "
			       "a resolver or configured as one never to ban",
			       text);
	return add(netfilter, set, &element, err);
}
