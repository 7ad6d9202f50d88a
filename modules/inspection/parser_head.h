/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a simple parser's state begins: one that gathers a message, or nothing, at a time. */
#ifndef VP_INSPECTION_PARSER_HEAD_H
#define VP_INSPECTION_PARSER_HEAD_H

#include "modules/inspection/gather.h"
#include "modules/inspection/protocol.h"

struct vp_parser_head {
	struct vp_sink *sink;
	size_t bound; /* bytes that may be gathered */
	struct vp_gather gather;
};

/* A state of `size` bytes, zero but for its head. */
struct vp_parser *vp_parser_head_open(size_t size, const struct vp_parser_limits *limits,
				      struct vp_sink *sink);

/* For struct vp_protocol: of a state that begins with a head. */
void vp_parser_head_close(struct vp_parser *parser);
size_t vp_parser_head_memory(const struct vp_parser *parser);

#endif
