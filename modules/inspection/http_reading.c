/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libhtp's part: see http_reading.h. It is given the request line and the
 * headers that concern framing and host, at once and to a connection parser of
 * their own, which is freed with the reading: so its results cannot depend on
 * packets, and nothing of it outlives a head. Other headers are not given to
 * it: it would join repeated ones, drop some, and look each of them up among
 * all.
 */
#include "modules/inspection/http_reading.h"

#include <pthread.h>

#include "lib/memory.h"
#include "lib/strbuf.h"

/* Heads are bounded before. */
#define FIELD_LIMIT (64u << 20)

static htp_cfg_t *config; /* made once, then only read */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_config(void)
{
	htp_cfg_t *made = htp_config_create();

	if (!made)
		abort();
	htp_config_set_log_level(made, HTP_LOG_NONE);
	htp_config_set_field_limits(made, FIELD_LIMIT, FIELD_LIMIT);
	htp_config_set_parse_request_cookies(made, 0);
	htp_config_set_parse_request_auth(made, 0);
	htp_config_set_allow_space_uri(made, 1);
	htp_config_set_path_separators_compress(made, HTP_DECODER_URL_PATH, 1);
	htp_config_set_path_separators_decode(made, HTP_DECODER_URL_PATH, 1);
	config = made;
}

/* A host that any reader takes for the same: a short name, maybe with a port. */
static bool is_plain_host(struct vp_slice host)
{
	size_t name = 0, port;

	for (; name < host.len && host.data[name] != ':'; name++) {
		uint8_t c = host.data[name];
		bool dot = c == '.' && name && name + 1 < host.len &&
			   host.data[name - 1] != '.' && host.data[name + 1] != ':';

		if (!dot && c != '-' && c != '_' && !(c >= '0' && c <= '9') &&
		    !((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
			return false;
	}
	if (!name || name > 63)
		return false;
	for (port = name + 1; port < host.len; port++)
		if (host.data[port] < '0' || host.data[port] > '9')
			return false;
	return name == host.len || (port > name + 1 && port <= name + 5);
}

/* A target of a path that is normalised already, of bytes that stand for themselves; *path is
 * its length. */
static bool is_plain_target(struct vp_slice target, size_t *path)
{
	uint8_t before = 0;
	size_t i;

	for (i = 0; i < target.len && target.data[i] != '?'; i++) {
		uint8_t c = target.data[i];

		if (c <= ' ' || c >= 0x7f || c == '%' || c == '\\' || c == '#' ||
		    (before == '/' && (c == '/' || c == '.')))
			return false;
		before = c;
	}
	*path = i;
	return i && target.data[0] == '/' && !memchr(target.data, '#', target.len);
}

/*
 * Nothing that could be read in two ways, as in nearly all requests: then libhtp
 * is not asked, which would cost as much as everything else.
 */
static bool is_plain(const struct vp_http_head *head, size_t *path)
{
	struct vp_http_header header;
	size_t position = 0;

	if (head->ambiguity || !head->protocol.len || !is_plain_target(head->target, path) ||
	    vp_http_same(head->method, "connect"))
		return false;
	while (vp_http_header_next(head->lines, &position, &header))
		if (vp_http_header_is(&header, "host") && !is_plain_host(header.value))
			return false;
	return true;
}

static bool concerns(const struct vp_http_header *header)
{
	return vp_http_header_is(header, "content-length") ||
	       vp_http_header_is(header, "transfer-encoding") ||
	       vp_http_header_is(header, "host");
}

/* The bytes that libhtp is given; a line of its own for each header. */
static void write_head(struct vp_strbuf *text, const struct vp_http_head *head)
{
	struct vp_http_header header;
	size_t position = 0;

	vp_strbuf_add(text, (const char *)head->line.data, head->line.len);
	vp_strbuf_adds(text, "\r\n");
	if (!head->protocol.len)
		return;
	while (vp_http_header_next(head->lines, &position, &header)) {
		if (!concerns(&header))
			continue;
		vp_strbuf_add(text, (const char *)header.whole.data, header.whole.len);
		vp_strbuf_adds(text, "\r\n");
	}
	vp_strbuf_adds(text, "\r\n");
}

static struct vp_slice slice_of(const bstr *text)
{
	return text ? vp_slice_of(bstr_ptr(text), bstr_len(text))
		    : (struct vp_slice){ .data = NULL };
}

/* Does libhtp see the body end elsewhere? */
static bool differs(const htp_tx_t *tx, const struct vp_http_head *head)
{
	switch (tx->request_transfer_coding) {
	case HTP_CODING_NO_BODY:
		return head->framing != VP_HTTP_NO_BODY;
	case HTP_CODING_IDENTITY:
		return head->framing == VP_HTTP_CHUNKED ||
		       tx->request_content_length != (int64_t)head->length;
	case HTP_CODING_CHUNKED:
		return head->framing != VP_HTTP_CHUNKED;
	case HTP_CODING_UNKNOWN:
	case HTP_CODING_INVALID:
		break;
	}
	return true;
}

static void read_transaction(struct vp_http_reading *reading, const htp_tx_t *tx,
			     const struct vp_http_head *head)
{
	if (tx->parsed_uri) {
		reading->path = slice_of(tx->parsed_uri->path);
		reading->query = slice_of(tx->parsed_uri->query);
		reading->host = slice_of(tx->parsed_uri->hostname);
	}
	if (head->protocol.len && differs(tx, head))
		reading->ambiguity |= 1u << VP_HTTP_DIFFERING_READINGS;
	if (tx->flags & HTP_HOST_AMBIGUOUS)
		reading->ambiguity |= 1u << VP_HTTP_DIFFERING_HOSTS;
	if (tx->flags & HTP_HOST_INVALID)
		reading->ambiguity |= 1u << VP_HTTP_BAD_HOST;
}

void vp_http_reading_ask(struct vp_http_reading *reading, const struct vp_http_head *head)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	const htp_conn_t *conn;
	const htp_tx_t *tx;

	*reading = (struct vp_http_reading){ .ambiguity = 0 };
	pthread_once(&once, make_config);
	write_head(&text, head);
	reading->connp = htp_connp_create(config);
	if (!reading->connp)
		abort();
	htp_connp_open(reading->connp, NULL, 0, NULL, 0, NULL);
	htp_connp_req_data(reading->connp, NULL, text.data, text.len);
	conn = htp_connp_get_connection(reading->connp);
	tx = htp_list_size(conn->transactions) ? htp_list_get(conn->transactions, 0) : NULL;
	if (tx)
		read_transaction(reading, tx, head);
}

void vp_http_reading_open(struct vp_http_reading *reading, const struct vp_http_head *head)
{
	struct vp_slice target = head->target;
	size_t path;

	if (!is_plain(head, &path)) {
		vp_http_reading_ask(reading, head);
		return;
	}
	*reading = (struct vp_http_reading){ .path = { target.data, path } };
	if (path < target.len)
		reading->query = vp_slice_of(target.data + path + 1, target.len - path - 1);
}

void vp_http_reading_close(struct vp_http_reading *reading)
{
	if (reading->connp)
		htp_connp_destroy_all(reading->connp);
}
