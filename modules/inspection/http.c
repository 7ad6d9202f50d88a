/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The HTTP parser of a connection: see http.h. It finds where messages begin and
 * end; what is in a head and in a body is read elsewhere. Between messages it
 * holds nothing.
 */
#include "modules/inspection/http.h"

#include "lib/cleanup.h"
#include "lib/memory.h"
#include "modules/inspection/http_queue.h"
#include "modules/inspection/http_request.h"

enum side_state {
	SIDE_START, /* between messages */
	SIDE_TLS,   /* behind a byte that may begin TLS */
	SIDE_HEAD,
	SIDE_PREFACE, /* behind the head of an HTTP/2 preface */
	SIDE_BODY,
	SIDE_UNREAD, /* in a body of known length that no rule awaits */
	SIDE_OVER,
};

struct side {
	enum side_state state;
	struct vp_http_out out;
	bool silent; /* its messages are no units: answers are */
	struct vp_http_collect head;
	struct vp_http_body *body;
	uint64_t unread;
	size_t preface;	       /* bytes of the preface's end that came */
	struct vp_parsed over; /* what is said when nothing more is read */
};

struct vp_parser {
	struct vp_parser_limits limits;
	struct side sides[2]; /* by enum vp_direction */
	bool begun;	      /* a request came */
	bool answers;	      /* units are answers with the heads of their requests */
	bool answered;	      /* one came */
	bool lost;	      /* more requests without answer than were noted */
	bool heads;	      /* fields of the requests' heads are wanted of them */
	const char *tunnel;   /* the last request asked for another protocol: the reason */
	struct vp_http_queue queue;
};

#define ANSWER_FIELDS                                                                         \
	(VP_HTTP_FIELD_BIT(VP_FIELD_HTTP_STAT_CODE) |                                         \
	 VP_HTTP_FIELD_BIT(VP_FIELD_HTTP_STAT_MSG) |                                          \
	 VP_HTTP_FIELD_BIT(VP_FIELD_HTTP_RESPONSE_HEADER) |                                   \
	 VP_HTTP_FIELD_BIT(VP_FIELD_HTTP_RESPONSE_BODY))

static const char preface_head[] = "PRI * HTTP/2.0";
static const char preface_end[] = "SM\r\n\r\n";

static void over(struct side *side, enum vp_parse state, const char *reason)
{
	vp_http_collect_free(&side->head);
	vp_http_body_free(TAKE_PTR(side->body));
	side->state = SIDE_OVER;
	side->over = (struct vp_parsed){ .state = state, .reason = reason };
}

/* Nothing in either direction is HTTP any more. */
static void done(struct vp_parser *parser, const char *reason)
{
	over(&parser->sides[VP_TO_SERVER], VP_PARSE_DONE, reason);
	over(&parser->sides[VP_TO_CLIENT], VP_PARSE_DONE, reason);
}

static void not_http(struct vp_parser *parser, struct side *side)
{
	if (parser->tunnel)
		done(parser, parser->tunnel);
	else
		over(side, VP_PARSE_BROKEN, "not-http");
}

static void begin_unit(struct side *side)
{
	side->out.told = 0;
	if (!side->silent)
		side->out.sink->operations->begin(side->out.sink);
}

static void final(struct side *side, enum vp_phase phase)
{
	if (!side->silent)
		side->out.sink->operations->final(side->out.sink, phase);
}

static void end_unit(struct side *side)
{
	final(side, VP_PHASE_END);
	if (!side->silent)
		side->out.sink->operations->end(side->out.sink);
}

static void begin_body(struct vp_parser *parser, struct side *side,
		       const struct vp_http_content *content)
{
	if (content->framing == VP_HTTP_NO_BODY) {
		end_unit(side);
		side->state = SIDE_START;
	} else if (content->framing == VP_HTTP_LENGTH &&
		   !vp_http_body_wanted(content, &side->out)) {
		end_unit(side);
		side->unread = content->length;
		side->state = SIDE_UNREAD;
	} else {
		side->body = vp_http_body_new(content, &side->out, &parser->limits);
		side->state = SIDE_BODY;
	}
}

static bool is_connect(const struct vp_http_head *head)
{
	return head->method.len == 7 && !memcmp(head->method.data, "CONNECT", 7);
}

/* The request waits for an answer from now on. False: too many do. */
static bool push(struct vp_parser *parser, const struct vp_http_head *head,
		 struct vp_slice bytes)
{
	enum vp_http_asked_kind kind = VP_HTTP_ASKED_PLAIN;

	if (!parser->answers)
		return true;
	if (vp_http_queue_len(&parser->queue) == VP_HTTP_QUEUE ||
	    vp_http_queue_memory(&parser->queue) + bytes.len > parser->limits.memory / 2) {
		parser->lost = true;
		vp_http_queue_free(&parser->queue);
		return !parser->answered;
	}
	if (head->method.len == 4 && !memcmp(head->method.data, "HEAD", 4))
		kind = VP_HTTP_ASKED_HEAD;
	else if (is_connect(head))
		kind = VP_HTTP_ASKED_CONNECT;
	if (!parser->heads)
		bytes.data = NULL;
	if (!parser->lost)
		vp_http_queue_push(&parser->queue, kind, bytes);
	return true;
}

static bool is_preface(const struct vp_http_head *head)
{
	return head->line.len == sizeof(preface_head) - 1 && !head->lines.len &&
	       !memcmp(head->line.data, preface_head, head->line.len);
}

static void request(struct vp_parser *parser, struct side *side, struct vp_slice bytes,
		    bool truncated)
{
	struct vp_http_content content;
	struct vp_http_head head;

	vp_http_head_request(&head, bytes);
	if (is_preface(&head)) {
		side->preface = 0;
		side->state = SIDE_PREFACE;
		return;
	}
	if (!head.tokens || (parser->tunnel && !head.protocol.len &&
			     (!head.target.len || head.target.data[0] != '/'))) {
		not_http(parser, side);
		return;
	}
	parser->begun = true;
	parser->tunnel = head.upgrade ? "upgrade" : NULL;
	if (is_connect(&head))
		parser->tunnel = "connect";
	if (!push(parser, &head, bytes)) {
		over(side, VP_PARSE_BOUND, "pipeline");
		return;
	}
	begin_unit(side);
	if (truncated)
		head.ambiguity |= 1u << VP_HTTP_TRUNCATED;
	vp_http_request_put(&side->out, &head, &content);
	final(side, VP_PHASE_HEAD);
	begin_body(parser, side, &content);
}

static bool has_no_body(unsigned int status, enum vp_http_asked_kind kind)
{
	return kind == VP_HTTP_ASKED_HEAD || status / 100 == 1 || status == 204 ||
	       status == 304;
}

/* What was asked, in the unit of its answer. */
static void put_asked(struct side *side, const struct vp_http_asked *asked)
{
	struct vp_http_content content;
	struct vp_http_head head;

	if (!asked || !asked->head)
		return;
	vp_http_head_request(&head, vp_slice_of(asked->head, asked->len));
	vp_http_request_put(&side->out, &head, &content);
}

static void response(struct vp_parser *parser, struct side *side, struct vp_slice bytes)
{
	const struct vp_http_asked *asked = vp_http_queue_first(&parser->queue);
	enum vp_http_asked_kind kind = asked ? asked->kind : VP_HTTP_ASKED_PLAIN;
	struct vp_http_content content;
	struct vp_http_head head;
	struct vp_slice reason;
	unsigned int status;
	bool connected;

	parser->answered = true;
	vp_http_head_response(&head, bytes, &status, &reason);
	if (!head.tokens || parser->lost) {
		over(side, VP_PARSE_BROKEN, parser->lost ? "unpaired" : "not-http");
		return;
	}
	connected = kind == VP_HTTP_ASKED_CONNECT && status / 100 == 2;
	begin_unit(side);
	put_asked(side, asked);
	vp_http_response_put(&side->out, &head, status, reason, &content);
	final(side, VP_PHASE_HEAD);
	if (status / 100 != 1 || status == 101)
		vp_http_queue_pop(&parser->queue);
	if (has_no_body(status, kind) || connected)
		content.framing = VP_HTTP_NO_BODY;
	begin_body(parser, side, &content);
	if (status == 101)
		done(parser, "upgrade");
	else if (connected)
		done(parser, "connect");
}

static void message(struct vp_parser *parser, enum vp_direction direction,
		    struct vp_slice bytes)
{
	struct side *side = &parser->sides[direction];

	if (direction == VP_TO_SERVER)
		request(parser, side, bytes, false);
	else
		response(parser, side, bytes);
	vp_http_collect_free(&side->head);
}

/* A request line without version is a request without head (HTTP/0.9): nothing more of it
 * comes, whatever follows. */
static bool is_alone(enum vp_direction direction, struct vp_slice line)
{
	return direction == VP_TO_SERVER && !vp_http_line_has_version(line);
}

/* Read a head that begins and ends in `bytes`, in place. False: it does not. */
static bool head_in_place(struct vp_parser *parser, enum vp_direction direction,
			  struct vp_slice *bytes)
{
	size_t bound = parser->sides[direction].head.bound, length;
	struct vp_http_search search = { 0 };
	struct vp_slice head;

	length = vp_http_line_end(*bytes);
	if (!length)
		return false;
	if (!is_alone(direction, vp_slice_of(bytes->data, length)))
		length = vp_http_head_end(&search, *bytes);
	if (!length || length > bound)
		return false;
	head = vp_slice_of(bytes->data, length);
	bytes->data += length;
	bytes->len -= length;
	message(parser, direction, head);
	return true;
}

static void feed_head(struct vp_parser *parser, enum vp_direction direction,
		      struct vp_slice *bytes)
{
	struct side *side = &parser->sides[direction];
	struct vp_http_collect *head = &side->head;

	if (!head->len && head_in_place(parser, direction, bytes))
		return;
	while (bytes->len) {
		bool first = !head->search.line;

		switch (vp_http_collect(head, bytes)) {
		case VP_HTTP_COLLECT_LINE:
			if (!first || !is_alone(direction, vp_slice_of(head->data, head->len)))
				break;
			__attribute__((fallthrough));
		case VP_HTTP_COLLECT_EMPTY:
			message(parser, direction, vp_slice_of(head->data, head->len));
			return;
		case VP_HTTP_COLLECT_BOUND:
			over(side, VP_PARSE_BOUND, "header");
			return;
		case VP_HTTP_COLLECT_MORE:
			break;
		}
	}
}

/* The first byte of a message. */
static void start(struct vp_parser *parser, enum vp_direction direction,
		  struct vp_slice *bytes)
{
	struct side *side = &parser->sides[direction];
	uint8_t c = bytes->data[0];

	if (direction == VP_TO_CLIENT || vp_http_is_token(c) || vp_http_is_space(c)) {
		side->state = SIDE_HEAD;
		return;
	}
	bytes->data++;
	bytes->len--;
	if (c == '\r' || c == '\n') /* RFC 9112, 2.2 */
		return;
	if (c == 0x16 && !parser->begun)
		side->state = SIDE_TLS;
	else
		not_http(parser, side);
}

static void feed_body(struct side *side, struct vp_slice *bytes)
{
	const char *reason = NULL;

	switch (vp_http_body_feed(side->body, bytes, &reason)) {
	case VP_HTTP_BODY_MORE:
		break;
	case VP_HTTP_BODY_END:
		vp_http_body_finish(side->body);
		vp_http_body_free(TAKE_PTR(side->body));
		end_unit(side);
		side->state = SIDE_START;
		break;
	case VP_HTTP_BODY_BROKEN:
		over(side, VP_PARSE_BROKEN, reason);
		break;
	case VP_HTTP_BODY_BOUND:
		over(side, VP_PARSE_BOUND, reason);
		break;
	}
}

static void feed_preface(struct vp_parser *parser, struct side *side, struct vp_slice *bytes)
{
	uint8_t c = *bytes->data++;

	bytes->len--;
	if (c != (uint8_t)preface_end[side->preface])
		not_http(parser, side);
	else if (!preface_end[++side->preface])
		done(parser, "http2");
}

static void skip_unread(struct side *side, uint64_t count)
{
	side->unread -= count;
	if (!side->unread)
		side->state = SIDE_START;
}

static void feed_unread(struct side *side, struct vp_slice *bytes)
{
	size_t count = bytes->len < side->unread ? bytes->len : (size_t)side->unread;

	bytes->data += count;
	bytes->len -= count;
	skip_unread(side, count);
}

/* May the parser be forgotten? Not while it knows of a request without answer. */
static bool at_boundary(const struct vp_parser *parser, const struct side *side)
{
	if (side->state != SIDE_START || parser->tunnel)
		return false;
	if (!parser->answers)
		return true;
	return !vp_http_queue_len(&parser->queue) &&
	       parser->sides[VP_TO_SERVER].state == SIDE_START &&
	       parser->sides[VP_TO_CLIENT].state == SIDE_START;
}

static struct vp_parsed state_of(const struct vp_parser *parser, const struct side *side)
{
	struct vp_parsed result = { .state = VP_PARSE_INSIDE };

	if (side->state == SIDE_OVER)
		return side->over;
	if (side->state == SIDE_UNREAD)
		result.skippable = side->unread;
	else if (side->state == SIDE_BODY)
		result.skippable = vp_http_body_skippable(side->body);
	else if (at_boundary(parser, side))
		result.state = VP_PARSE_BOUNDARY;
	return result;
}

static struct vp_parsed parsed(const struct vp_parser *parser, struct side *side)
{
	struct vp_parsed result = state_of(parser, side);

	result.ambiguous = side->out.framing;
	side->out.framing = NULL;
	return result;
}

static struct vp_parsed http_feed(struct vp_parser *parser, enum vp_direction direction,
				  struct vp_slice bytes)
{
	struct side *side = &parser->sides[direction];

	if (direction == VP_TO_CLIENT && !parser->answers)
		bytes.len = 0; /* nobody reads them */
	while (bytes.len && side->state != SIDE_OVER) {
		switch (side->state) {
		case SIDE_START:
			start(parser, direction, &bytes);
			break;
		case SIDE_TLS:
			if (bytes.data[0] == 0x03)
				over(side, VP_PARSE_FOREIGN, "tls");
			else
				not_http(parser, side);
			break;
		case SIDE_HEAD:
			feed_head(parser, direction, &bytes);
			break;
		case SIDE_PREFACE:
			feed_preface(parser, side, &bytes);
			break;
		case SIDE_BODY:
			feed_body(side, &bytes);
			break;
		case SIDE_UNREAD:
			feed_unread(side, &bytes);
			break;
		case SIDE_OVER:
			break;
		}
	}
	return parsed(parser, side);
}

static void http_skipped(struct vp_parser *parser, enum vp_direction direction, uint64_t count)
{
	struct side *side = &parser->sides[direction];

	if (side->state == SIDE_UNREAD)
		skip_unread(side, count < side->unread ? count : side->unread);
	else if (side->state == SIDE_BODY)
		vp_http_body_skip(side->body, count);
}

/* Some servers answer a request whose head or body the end of the connection cut off. */
static struct vp_parsed http_finish(struct vp_parser *parser, enum vp_direction direction)
{
	struct side *side = &parser->sides[direction];

	if (side->state == SIDE_HEAD && direction == VP_TO_SERVER && side->head.len) {
		request(parser, side, vp_slice_of(side->head.data, side->head.len), true);
		vp_http_collect_free(&side->head);
	}
	if (side->state == SIDE_BODY) {
		if (!vp_http_body_finish(side->body))
			vp_http_ambiguous(&side->out, VP_HTTP_TRUNCATED);
		vp_http_body_free(TAKE_PTR(side->body));
		end_unit(side);
		side->state = SIDE_START;
	}
	return parsed(parser, side);
}

static struct vp_parser *http_open(const struct vp_parser_limits *limits, const char *frame,
				   struct vp_sink *sink)
{
	struct vp_parser *parser;

	if (frame)
		return NULL;
	parser = vp_new(struct vp_parser);
	parser->limits = *limits;
	for (size_t i = 0; i < VP_COUNT(parser->sides); i++) {
		vp_http_out_open(&parser->sides[i].out, sink);
		parser->sides[i].head.bound = limits->header;
	}
	parser->answers = parser->sides[0].out.wanted & ANSWER_FIELDS;
	parser->heads = parser->sides[0].out.wanted & ~ANSWER_FIELDS;
	if (parser->answers)
		parser->sides[VP_TO_SERVER].out.wanted = 0;
	parser->sides[VP_TO_SERVER].silent = parser->answers;
	return parser;
}

static void http_close(struct vp_parser *parser)
{
	for (size_t i = 0; parser && i < VP_COUNT(parser->sides); i++) {
		vp_http_collect_free(&parser->sides[i].head);
		vp_http_body_free(parser->sides[i].body);
	}
	if (parser)
		vp_http_queue_free(&parser->queue);
	free(parser);
}

static size_t http_memory(const struct vp_parser *parser)
{
	size_t bytes = vp_http_queue_memory(&parser->queue);

	for (size_t i = 0; i < VP_COUNT(parser->sides); i++) {
		bytes += parser->sides[i].head.cap;
		if (parser->sides[i].body)
			bytes += vp_http_body_memory(parser->sides[i].body);
	}
	return bytes;
}

const struct vp_protocol vp_protocol_http = {
	.application = "http",
	.traffic = VP_TRAFFIC_TCP,
	.open = http_open,
	.close = http_close,
	.feed = http_feed,
	.skipped = http_skipped,
	.finish = http_finish,
	.memory = http_memory,
};
