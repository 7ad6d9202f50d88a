/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A streaming reader of XML over expat: the text of each element and the value
 * of each attribute, named by its path of local names (a prefix says nothing):
 * <x:a><b c="1">t</b></x:a> has a/b = t and a/b/@c = 1. An element without text
 * in front of its first child, or without both, has an empty value (too). `!DOCTYPE` is the name and the system
 * identifier of the document type, `!ENTITY` what an entity is declared to be.
 *
 * Internal entities are expanded, within bounds; nothing external is read.
 */
#ifndef VP_INSPECTION_XML_H
#define VP_INSPECTION_XML_H

#include "modules/inspection/http_out.h"

/* No longer name is compared with: a path is cut there, and equals no argument. */
#define VP_XML_PATH 1024

struct vp_xml;

/* Values go to `field` of `out`, which outlives it. `depth`: elements in each other;
 * `memory`: bytes expat may hold; `utf8`: it is, whatever it declares. */
struct vp_xml *vp_xml_new(struct vp_http_out *out, enum vp_field_id field, unsigned int depth,
			  size_t memory, bool utf8);
void vp_xml_free(struct vp_xml *xml);
size_t vp_xml_memory(const struct vp_xml *xml);

/* -ENOBUFS: a bound is reached; -EBADMSG: not well-formed. Nothing more is read then. */
int vp_xml_feed(struct vp_xml *xml, struct vp_slice bytes);
int vp_xml_finish(struct vp_xml *xml);

#endif
