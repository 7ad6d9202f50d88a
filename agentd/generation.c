/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bundles of generations, written and read: see generation.h for the format.
 * Reading trusts nothing: a state folder may come from a broken disk.
 */
#include "agentd/generation.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "agentd/document.h"
#include "agentd/local.h"
#include "lib/bytes.h"
#include "lib/cleanup.h"
#include "lib/digest.h"
#include "lib/file.h"

#define MAGIC	     "vpatch bundle\n"
#define VERSION	     1
#define BUNDLE_LIMIT (512u << 20)

enum text_kind { TEXT_DEFINITION, TEXT_OVERRIDES, TEXT_SET_FILE, TEXT_KINDS };

static struct vp_text_list *list_of(struct vp_sources *sources, enum text_kind kind)
{
	struct vp_text_list *lists[TEXT_KINDS] = { &sources->definitions, &sources->overrides,
						   &sources->set_files };

	return lists[kind];
}

static const struct vp_text_list *const_list_of(const struct vp_sources *sources,
						enum text_kind kind)
{
	const struct vp_text_list *lists[TEXT_KINDS] = { &sources->definitions,
							 &sources->overrides,
							 &sources->set_files };

	return lists[kind];
}

static uint64_t digest_text(uint64_t digest, const struct vp_text *text)
{
	digest = vp_digest_text(digest, text->name);
	digest = vp_digest(digest, &text->len, sizeof(text->len));
	return vp_digest_long(digest, text->data, text->len);
}

uint64_t vp_sources_digest(const struct vp_sources *sources)
{
	uint64_t digest = VP_DIGEST_SEED;

	for (int kind = 0; kind < TEXT_KINDS; kind++) {
		digest = vp_digest(digest, &kind, sizeof(kind));
		vp_array_each (text, const_list_of(sources, (enum text_kind)kind))
			if (!vp_local_text(text))
				digest = digest_text(digest, text);
	}
	return digest;
}

uint64_t vp_sources_digest_local(const struct vp_sources *sources, uint64_t content)
{
	vp_array_each (text, &sources->overrides)
		if (vp_local_text(text))
			content = digest_text(content, text);
	return content;
}

static void add_be(struct vp_strbuf *out, uint64_t value, size_t width)
{
	while (width--)
		vp_strbuf_addc(out, (char)(value >> 8 * width));
}

static json_t *sessions_document(const struct vp_generation *generation)
{
	json_t *list = json_array();
	char peer[VP_ADDRESS_TEXT], local[VP_ADDRESS_TEXT];

	vp_array_each (session, &generation->sessions)
		json_array_append_new(list,
				      json_pack("{ss si ss si}", "peer",
						vp_address_print(&session->peer, peer),
						"peer_port", (int)session->peer_port, "local",
						vp_address_print(&session->local, local),
						"local_port", (int)session->local_port));
	return list;
}

static json_t *meta_document(const struct vp_generation *generation)
{
	json_t *meta = json_object();

	json_object_set_new(meta, "number", json_integer((json_int_t)generation->number));
	json_object_set_new(meta, "time", json_integer((json_int_t)generation->time));
	vp_json_set_text(meta, "request", generation->request);
	vp_json_set_text(meta, "who", generation->who);
	vp_json_set_text(meta, "reason", generation->reason);
	vp_json_set_text(meta, "ticket", generation->ticket);
	json_object_set_new(meta, "parent", json_integer((json_int_t)generation->parent));
	json_object_set_new(meta, "restores", json_integer((json_int_t)generation->restores));
	vp_json_set_hex(meta, "digest", generation->digest);
	vp_json_set_hex(meta, "folder", generation->folder);
	vp_json_set_hex(meta, "placed", generation->placed);
	json_object_set_new(meta, "patches", json_integer((json_int_t)generation->patches));
	json_object_set_new(meta, "rules", json_integer((json_int_t)generation->rules));
	json_object_set_new(meta, "forced", json_boolean(generation->forced));
	json_object_set_new(meta, "sessions", sessions_document(generation));
	return meta;
}

static void write_texts(const struct vp_sources *sources, struct vp_strbuf *out)
{
	size_t count = 0;

	for (int kind = 0; kind < TEXT_KINDS; kind++)
		count += const_list_of(sources, (enum text_kind)kind)->len;
	add_be(out, count, 4);
	for (int kind = 0; kind < TEXT_KINDS; kind++)
		vp_array_each (text, const_list_of(sources, (enum text_kind)kind)) {
			add_be(out, (uint64_t)kind, 1);
			add_be(out, strlen(text->name), 4);
			vp_strbuf_adds(out, text->name);
			add_be(out, text->len, 4);
			vp_strbuf_add(out, text->data, text->len);
		}
}

void vp_generation_write(const struct vp_generation *generation, struct vp_strbuf *out)
{
	size_t start = out->len, body = start + strlen(MAGIC) + 4 + 8;
	_cleanup_json_ json_t *meta = meta_document(generation);
	_cleanup_free_ char *text = json_dumps(meta, JSON_COMPACT | JSON_SORT_KEYS);
	uint64_t digest;

	vp_strbuf_adds(out, MAGIC);
	add_be(out, VERSION, 4);
	add_be(out, 0, 8);
	add_be(out, strlen(text), 4);
	vp_strbuf_adds(out, text);
	write_texts(&generation->sources, out);
	digest = vp_digest_long(VP_DIGEST_SEED, out->data + body, out->len - body);
	for (size_t i = 0; i < 8; i++)
		out->data[body - 8 + i] = (char)(digest >> 8 * (7 - i));
}

static int corrupt(const char *name, const char *what, struct vp_error *err)
{
	return vp_fail(
		err, -EINVAL,
		"%s: damaged: %s; remove the file, or bring it back from a backup, and run"
		" `vpatchctl apply`",
		name, what);
}

static int read_sessions(const json_t *list, struct vp_generation *generation)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		const char *peer, *local;
		int peer_port, local_port;
		struct vp_session *session;

		if (json_unpack((json_t *)item, "{ss si ss si}", "peer", &peer, "peer_port",
				&peer_port, "local", &local, "local_port", &local_port))
			return -EINVAL;
		session = vp_array_add(&generation->sessions);
		session->peer_port = (uint16_t)peer_port;
		session->local_port = (uint16_t)local_port;
		if (vp_address_parse(peer, &session->peer) ||
		    vp_address_parse(local, &session->local))
			return -EINVAL;
	}
	return 0;
}

static int read_meta(const char *text, size_t len, struct vp_generation *generation)
{
	_cleanup_json_ json_t *meta = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(meta))
		return -EINVAL;
	generation->number = vp_json_get_number(meta, "number");
	generation->time = (time_t)vp_json_get_number(meta, "time");
	generation->request = vp_strdup(vp_json_get_text(meta, "request"));
	generation->who = vp_strdup(vp_json_get_text(meta, "who"));
	generation->reason = vp_strdup(vp_json_get_text(meta, "reason"));
	generation->ticket = vp_strdup(vp_json_get_text(meta, "ticket"));
	generation->parent = vp_json_get_number(meta, "parent");
	generation->restores = vp_json_get_number(meta, "restores");
	generation->digest = vp_json_get_hex(meta, "digest");
	generation->folder = vp_json_get_hex(meta, "folder");
	generation->placed = vp_json_get_hex(meta, "placed");
	generation->patches = vp_json_get_number(meta, "patches");
	generation->rules = vp_json_get_number(meta, "rules");
	generation->forced = json_is_true(json_object_get(meta, "forced"));
	if (!generation->number)
		return -EINVAL;
	return read_sessions(json_object_get(meta, "sessions"), generation);
}

static int read_text(struct vp_bytes *in, struct vp_sources *sources)
{
	uint8_t kind = vp_bytes_u8(in);
	uint32_t name_len = vp_bytes_be32(in);
	const uint8_t *name = vp_bytes_take(in, name_len);
	uint32_t len = vp_bytes_be32(in);
	const uint8_t *data = vp_bytes_take(in, len);
	struct vp_text *text;

	if (!data || !name || kind >= TEXT_KINDS || memchr(name, '\0', name_len))
		return -EINVAL;
	text = vp_array_add(list_of(sources, kind));
	text->name = vp_strndup((const char *)name, name_len);
	text->data = vp_alloc(1, (size_t)len + 1);
	memcpy(text->data, data, len);
	text->len = len;
	return 0;
}

static int read_body(struct vp_bytes *in, struct vp_generation *generation)
{
	uint32_t len = vp_bytes_be32(in), count;
	const uint8_t *meta = vp_bytes_take(in, len);
	int r = meta ? read_meta((const char *)meta, len, generation) : -EINVAL;

	count = vp_bytes_be32(in);
	while (!r && count--)
		r = read_text(in, &generation->sources);
	return r || in->failed || vp_bytes_left(in) ? -EINVAL : 0;
}

int vp_generation_parse(const void *data, size_t len, const char *name,
			struct vp_generation *generation, struct vp_error *err)
{
	struct vp_bytes in = vp_bytes_of(data, len);
	const uint8_t *magic = vp_bytes_take(&in, strlen(MAGIC));
	uint32_t version = vp_bytes_be32(&in);
	uint64_t digest = vp_bytes_be64(&in);
	struct vp_generation parsed = { 0 };

	if (in.failed || memcmp(magic, MAGIC, strlen(MAGIC)) != 0)
		return corrupt(name, "it does not begin like a bundle", err);
	if (version != VERSION)
		return vp_fail(err, -EINVAL,
			       "%s: expected bundle version %d, found %u; it was written by"
			       " another vpatch",
			       name, VERSION, version);
	if (digest != vp_digest_long(VP_DIGEST_SEED, in.data + in.pos, in.len - in.pos))
		return corrupt(name, "its digest does not fit its content", err);
	if (read_body(&in, &parsed)) {
		vp_generation_free(&parsed);
		return corrupt(name, "its parts do not fit together", err);
	}
	*generation = parsed;
	return 0;
}

int vp_generation_save(const struct vp_generation *generation, const char *path,
		       struct vp_error *err)
{
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };

	vp_generation_write(generation, &out);
	return vp_file_write(path, out.data, out.len, 0600, err);
}

int vp_generation_load(const char *path, struct vp_generation *generation,
		       struct vp_error *err)
{
	_cleanup_free_ char *data = NULL;
	size_t len;
	int r = vp_file_read(path, BUNDLE_LIMIT, &data, &len, err);

	return r ? r : vp_generation_parse(data, len, path, generation, err);
}

void vp_generation_free(struct vp_generation *generation)
{
	free(generation->request);
	free(generation->who);
	free(generation->reason);
	free(generation->ticket);
	vp_array_free(&generation->sessions);
	vp_sources_free(&generation->sources);
	memset(generation, 0, sizeof(*generation));
}
