/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XML over expat: see xml.h. Expat's memory is counted, as it keeps every name
 * it meets, and the names are the sender's. It takes no context for its
 * allocations, so the reader that is running is known to the thread.
 */
#include "modules/inspection/xml.h"

#define XML_DTD 1 /* of libraries that expand entities: the bounds of that are declared */
#include <errno.h>
#include <expat.h>
#include <stddef.h>

#include "lib/memory.h"

/* How far an entity may blow up what was sent, once there is something to speak of. */
#define AMPLIFICATION	      20.0f
#define AMPLIFICATION_ALLOWED (64u << 10)

/* Before each allocation: whose it is. */
union xml_block {
	struct {
		struct vp_xml *owner;
		size_t len;
	};
	max_align_t align;
};

struct xml_level {
	uint16_t prefix; /* length of the path without this element */
	bool filled;	 /* has text or children */
};

struct vp_xml {
	struct vp_http_value value;
	XML_Parser parser;
	size_t held, most_held;
	int stopped; /* why nothing more is read */
	uint16_t len;
	unsigned int depth, most;
	char path[VP_XML_PATH];
	struct xml_level levels[];
};

static _Thread_local struct vp_xml *running;

static void *xml_realloc(void *old, size_t size)
{
	union xml_block *block = old ? (union xml_block *)old - 1 : NULL;
	struct vp_xml *owner = block ? block->owner : running;
	size_t before = block ? block->len : 0;

	if (size > owner->most_held || owner->held - before > owner->most_held - size)
		return NULL;
	block = realloc(block, sizeof(*block) + size);
	if (!block)
		return NULL;
	owner->held = owner->held - before + size;
	block->owner = owner;
	block->len = size;
	return block + 1;
}

static void *xml_malloc(size_t size)
{
	return xml_realloc(NULL, size);
}

static void xml_release(void *data)
{
	union xml_block *block = data ? (union xml_block *)data - 1 : NULL;

	if (block)
		block->owner->held -= block->len;
	free(block);
}

static const XML_Memory_Handling_Suite memory_suite = { xml_malloc, xml_realloc, xml_release };

static void path_add(struct vp_xml *xml, const char *text)
{
	size_t len = strlen(text), room = sizeof(xml->path) - xml->len;

	if (len > room)
		len = room;
	memcpy(xml->path + xml->len, text, len);
	xml->len += (uint16_t)len;
}

static const char *local_name(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon ? colon + 1 : name;
}

static void put(struct vp_xml *xml, struct vp_slice name, const char *text, size_t len)
{
	vp_http_put(xml->value.out, xml->value.field, name, vp_slice_of(text, len));
}

static void put_attribute(struct vp_xml *xml, const char *name, const char *value)
{
	uint16_t len = xml->len;

	path_add(xml, "/@");
	path_add(xml, strncmp(name, "xmlns", 5) ? local_name(name) : "xmlns");
	put(xml, vp_slice_of(xml->path, xml->len), value, strlen(value));
	xml->len = len;
}

static void XMLCALL element_start(void *context, const char *name, const char **attributes)
{
	struct vp_xml *xml = context;
	struct xml_level *level;

	vp_http_value_end(&xml->value);
	if (xml->depth == xml->most) {
		xml->stopped = -ENOBUFS;
		XML_StopParser(xml->parser, XML_FALSE);
		return;
	}
	if (xml->depth && !xml->levels[xml->depth].filled)
		put(xml, vp_slice_of(xml->path, xml->len), "", 0);
	xml->levels[xml->depth].filled = true;
	level = &xml->levels[++xml->depth];
	*level = (struct xml_level){ .prefix = xml->len };
	if (xml->len)
		path_add(xml, "/");
	path_add(xml, local_name(name));
	for (; attributes[0]; attributes += 2)
		put_attribute(xml, attributes[0], attributes[1]);
}

static void XMLCALL element_end(void *context, const char *name)
{
	struct vp_xml *xml = context;
	struct xml_level *level = &xml->levels[xml->depth];

	(void)name;
	vp_http_value_end(&xml->value);
	if (!xml->depth)
		return;
	if (!level->filled)
		put(xml, vp_slice_of(xml->path, xml->len), "", 0);
	xml->len = level->prefix;
	xml->depth--;
}

static void XMLCALL character_data(void *context, const char *text, int len)
{
	struct vp_xml *xml = context;

	xml->levels[xml->depth].filled = true;
	if (!xml->value.inside)
		vp_http_value_begin(&xml->value, vp_slice_of(xml->path, xml->len));
	vp_http_value_add(&xml->value, text, (size_t)len);
}

static void XMLCALL doctype(void *context, const char *name, const char *system,
			    const char *public, int has_subset)
{
	struct vp_xml *xml = context;
	struct vp_slice path = vp_slice_of("!DOCTYPE", 8);

	(void)public;
	(void)has_subset;
	put(xml, path, name, strlen(name));
	if (system)
		put(xml, path, system, strlen(system));
}

static void XMLCALL entity(void *context, const char *name, int is_parameter,
			   const char *value, int len, const char *base, const char *system,
			   const char *public, const char *notation)
{
	struct vp_xml *xml = context;
	struct vp_slice path = vp_slice_of("!ENTITY", 7);

	(void)name;
	(void)is_parameter;
	(void)base;
	(void)public;
	(void)notation;
	if (value)
		put(xml, path, value, (size_t)len);
	if (system)
		put(xml, path, system, strlen(system));
}

/* An encoding that expat does not know is read byte by byte; markup is ASCII in most. */
static int XMLCALL unknown_encoding(void *context, const char *name, XML_Encoding *encoding)
{
	(void)context;
	(void)name;
	for (int i = 0; i < 256; i++)
		encoding->map[i] = i;
	return XML_STATUS_OK;
}

struct vp_xml *vp_xml_new(struct vp_http_out *out, enum vp_field_id field, unsigned int depth,
			  size_t memory, bool utf8)
{
	struct vp_xml *xml = vp_alloc(1, sizeof(*xml) + (depth + 1) * sizeof(xml->levels[0]));

	xml->value.out = out;
	xml->value.field = field;
	xml->most = depth;
	xml->most_held = memory;
	running = xml;
	xml->parser = XML_ParserCreate_MM(utf8 ? "UTF-8" : NULL, &memory_suite, NULL);
	running = NULL;
	if (!xml->parser) {
		xml->stopped = -ENOBUFS;
		return xml;
	}
	XML_SetUserData(xml->parser, xml);
	XML_SetElementHandler(xml->parser, element_start, element_end);
	XML_SetCharacterDataHandler(xml->parser, character_data);
	XML_SetStartDoctypeDeclHandler(xml->parser, doctype);
	XML_SetEntityDeclHandler(xml->parser, entity);
	XML_SetUnknownEncodingHandler(xml->parser, unknown_encoding, NULL);
	XML_SetBillionLaughsAttackProtectionMaximumAmplification(xml->parser, AMPLIFICATION);
	XML_SetBillionLaughsAttackProtectionActivationThreshold(xml->parser,
								AMPLIFICATION_ALLOWED);
	return xml;
}

void vp_xml_free(struct vp_xml *xml)
{
	if (!xml)
		return;
	if (xml->parser)
		XML_ParserFree(xml->parser);
	free(xml);
}

size_t vp_xml_memory(const struct vp_xml *xml)
{
	return sizeof(*xml) + (xml->most + 1) * sizeof(xml->levels[0]) + xml->held;
}

static int reason(struct vp_xml *xml)
{
	enum XML_Error error = XML_GetErrorCode(xml->parser);

	return error == XML_ERROR_NO_MEMORY || error == XML_ERROR_ABORTED ||
			       error == XML_ERROR_AMPLIFICATION_LIMIT_BREACH
		       ? -ENOBUFS
		       : -EBADMSG;
}

static int parse(struct vp_xml *xml, struct vp_slice bytes, bool last)
{
	enum XML_Status status;

	if (xml->stopped)
		return xml->stopped;
	running = xml;
	status = XML_Parse(xml->parser, (const char *)bytes.data, (int)bytes.len, last);
	running = NULL;
	if (status == XML_STATUS_ERROR && !xml->stopped)
		xml->stopped = reason(xml);
	if (xml->stopped || last)
		vp_http_value_end(&xml->value);
	else
		vp_http_value_flush(&xml->value);
	return xml->stopped;
}

/* Expat takes an int's worth, and keeps a token whole until it ends. */
int vp_xml_feed(struct vp_xml *xml, struct vp_slice bytes)
{
	while (bytes.len) {
		size_t take = bytes.len < 1u << 16 ? bytes.len : 1u << 16;
		int r = parse(xml, vp_slice_of(bytes.data, take), false);

		if (r)
			return r;
		bytes.data += take;
		bytes.len -= take;
	}
	return 0;
}

int vp_xml_finish(struct vp_xml *xml)
{
	return parse(xml, VP_SLICE_NONE, true);
}
