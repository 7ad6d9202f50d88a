/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Beginning and end of simple parsers: see parser_head.h. */
#include "modules/inspection/parser_head.h"

#include "lib/memory.h"

struct vp_parser *vp_parser_head_open(size_t size, const struct vp_parser_limits *limits,
				      struct vp_sink *sink)
{
	struct vp_parser_head *head = vp_alloc(1, size);

	head->sink = sink;
	head->bound = limits->header < limits->memory ? limits->header : limits->memory;
	return (struct vp_parser *)head;
}

void vp_parser_head_close(struct vp_parser *parser)
{
	vp_gather_free(&((struct vp_parser_head *)parser)->gather);
	free(parser);
}

size_t vp_parser_head_memory(const struct vp_parser *parser)
{
	return ((const struct vp_parser_head *)parser)->gather.cap;
}
