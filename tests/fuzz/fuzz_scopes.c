/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scopes as a worker gets them, from foreign bytes: what loads can be asked and packs again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "modules/inspection/scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vp_address address = { .family = 4 };
	struct vp_scopes *scopes, *again;
	struct vp_error err = { 0 };
	uint8_t *packed;
	size_t len;

	if (vp_scopes_load(data, size, &scopes, &err))
		return 0;
	for (unsigned int port = 0; port < 65536; port += 97) {
		struct vp_scope_list found =
			vp_scopes_find(scopes, 6, &address, (uint16_t)port, port % 2);

		for (size_t i = 0; i < found.count; i++)
			vp_scope(scopes, found.scopes[i]);
	}
	vp_scopes_pack(scopes, &packed, &len);
	if (vp_scopes_load(packed, len, &again, &err))
		abort();
	free(packed);
	vp_scopes_free(again);
	vp_scopes_free(scopes);
	return 0;
}
