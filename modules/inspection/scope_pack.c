/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scopes as bytes: a magic with the version, the scopes with their programs (each
 * with a digest of its own), then how they are found. What is read is foreign:
 * every number is checked before anything uses it.
 */
#include <errno.h>

#include "lib/cleanup.h"
#include "lib/digest.h"
#include "modules/inspection/archive.h"
#include "modules/inspection/scope_layout.h"

/* its last byte is the version */
static const char magic[16] = "vpatch scopes\0\0\1";

#define NAME_MOST  64u
#define FRAME_MOST 4096u

/* A text of at most `most` bytes, owned; "" and NULL are the same. */
static void text(struct vp_archive *a, char **value, uint32_t most)
{
	uint32_t len = a->loading || !*value ? 0 : (uint32_t)strlen(*value);

	vp_archive_u32(a, &len);
	if (len > most || (a->loading && len > vp_bytes_left(&a->in)))
		a->in.failed = true;
	if (a->in.failed || !len)
		return;
	if (a->loading)
		*value = vp_alloc(len + 1, 1);
	vp_archive_raw(a, *value, len);
}

static void load_program(struct vp_archive *a, struct vp_scope *scope)
{
	uint32_t len = 0;
	const uint8_t *bytes;

	vp_archive_u32(a, &len);
	bytes = vp_bytes_take(&a->in, len);
	if (bytes && vp_program_load(bytes, len, &scope->program, NULL))
		a->in.failed = true;
	else if (bytes)
		scope->digest = vp_digest_long(VP_DIGEST_SEED, bytes, len);
}

static void save_program(struct vp_archive *a, const struct vp_program *program)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	uint32_t len32;
	size_t len;

	vp_program_pack(program, &bytes, &len);
	len32 = (uint32_t)len;
	vp_archive_u32(a, &len32);
	vp_archive_raw(a, bytes, len);
}

/* By the application's name and the kind of traffic. */
static void protocol(struct vp_archive *a, struct vp_scope *scope)
{
	_cleanup_free_ char *name =
		a->loading ? NULL : vp_strdup(scope->protocol->application);
	uint32_t traffic = a->loading ? 0 : scope->protocol->traffic;

	text(a, &name, NAME_MOST);
	vp_archive_u32(a, &traffic);
	if (!a->loading)
		return;
	scope->protocol = vp_protocol_for(name, traffic);
	if (!scope->protocol)
		a->in.failed = true;
}

static void scope_fields(struct vp_archive *a, struct vp_scope *scope)
{
	protocol(a, scope);
	text(a, &scope->frame, FRAME_MOST);
	vp_archive_choice(a, &scope->direction, VP_TO_CLIENT + 1);
	vp_archive_choice(a, &scope->enforce, 2);
	vp_archive_choice(a, &scope->on_failure, VP_FAILURE_BLOCK + 1);
	vp_archive_u32(a, &scope->tag);
	if (a->in.failed)
		return;
	if (a->loading)
		load_program(a, scope);
	else
		save_program(a, scope->program);
}

static void scope(struct vp_archive *a, struct vp_scope **scope)
{
	if (a->loading)
		*scope = vp_scope_new();
	scope_fields(a, *scope);
}

static void number(struct vp_archive *a, uint32_t *value)
{
	vp_archive_u32(a, value);
}

static void address(struct vp_archive *a, struct vp_address *value)
{
	vp_archive_choice(a, &value->family, 7);
	vp_archive_raw(a, value->bytes, sizeof(value->bytes));
}

static void port_scopes(struct vp_archive *a, struct vp_port_scopes *region)
{
	vp_archive_u32(a, &region->first);
	vp_archive_u32(a, &region->last);
	vp_archive_u32(a, &region->found.first);
	vp_archive_u32(a, &region->found.count);
}

static void table(struct vp_archive *a, struct vp_port_table *value)
{
	vp_archive_elements(a, &value->regions, port_scopes);
}

static void address_scopes(struct vp_archive *a, struct vp_address_scopes *region)
{
	vp_archive_u32(a, &region->first);
	vp_archive_u32(a, &region->last);
	table(a, &region->remote);
	table(a, &region->local);
}

static void body(struct vp_archive *a, struct vp_scopes *scopes)
{
	char head[sizeof(magic)];

	memcpy(head, magic, sizeof(magic));
	vp_archive_raw(a, head, sizeof(head));
	if (memcmp(head, magic, sizeof(magic)) != 0)
		a->in.failed = true;
	if (a->in.failed)
		return;
	vp_archive_elements(a, &scopes->scopes, scope);
	vp_archive_elements(a, &scopes->found, number);
	vp_archive_elements(a, &scopes->bounds, address);
	vp_archive_elements(a, &scopes->addresses, address_scopes);
	table(a, &scopes->local);
}

static bool table_is_sound(const struct vp_scopes *scopes, const struct vp_port_table *table)
{
	vp_array_each (region, &table->regions)
		if (region->found.first > scopes->found.len ||
		    region->found.count > scopes->found.len - region->found.first)
			return false;
	return true;
}

static bool is_sound(const struct vp_scopes *scopes)
{
	vp_array_each (found, &scopes->found)
		if (*found >= scopes->scopes.len)
			return false;
	vp_array_each (bound, &scopes->bounds)
		if (bound->family != 4 && bound->family != 6)
			return false;
	vp_array_each (region, &scopes->addresses)
		if (!table_is_sound(scopes, &region->remote) ||
		    !table_is_sound(scopes, &region->local))
			return false;
	return table_is_sound(scopes, &scopes->local);
}

void vp_scopes_pack(const struct vp_scopes *scopes, uint8_t **bytes, size_t *len)
{
	struct vp_archive a = { 0 };
	struct vp_scopes copy = *scopes;

	body(&a, &copy);
	*bytes = a.out.data;
	*len = a.out.len;
}

int vp_scopes_load(const uint8_t *bytes, size_t len, struct vp_scopes **scopes,
		   struct vp_error *err)
{
	struct vp_archive a = { .in = vp_bytes_of(bytes, len), .loading = true };
	struct vp_scopes *loaded = vp_new(struct vp_scopes);

	body(&a, loaded);
	if (!a.in.failed && !vp_bytes_left(&a.in) && is_sound(loaded)) {
		*scopes = loaded;
		return 0;
	}
	vp_scopes_free(loaded);
	return vp_fail(err, -EBADMSG,
		       "expected inspection scopes of version %d, found other or damaged "
		       "bytes; compile them again with this release",
		       magic[sizeof(magic) - 1]);
}
