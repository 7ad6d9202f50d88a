/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests of the control socket: whatever is accepted is written and read back the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/message.h"
#include "lib/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

static void check_same(const struct vp_message *a, const struct vp_message *b)
{
	must(a->type == b->type);
	for (size_t key = 0; key < VP_ARG_COUNT; key++) {
		must(!a->arguments[key] == !b->arguments[key]);
		if (a->arguments[key])
			must(!strcmp(a->arguments[key], b->arguments[key]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vp_message message, again;
	struct vp_strbuf out = { 0 };
	struct vp_error err = { 0 };
	size_t need = 0;
	int r = vp_message_parse(data, size, &message, &need, &err);

	if (r) {
		must(need > size || err.code);
		return 0;
	}
	must(need <= size);
	vp_message_write(&message, &out);
	must(!vp_message_parse((const uint8_t *)out.data, out.len, &again, &need, NULL));
	check_same(&message, &again);
	vp_message_free(&message);
	vp_message_free(&again);
	vp_strbuf_free(&out);
	return 0;
}
