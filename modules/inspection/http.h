/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP/1.x (RFC 9110, 9112), plain text.
 *
 * A unit is a request. When the sink wants a field of answers, a unit is an
 * answer instead, with the fields of its request's head, and requests by
 * themselves are none; so units never overlap, whatever is pipelined. Answers
 * need not be fed when none is wanted. A unit of which a part cannot be read
 * (BROKEN, BOUND) stays open: what is not there is not certain.
 *
 * After an Upgrade or CONNECT request the bytes are still read as HTTP while they
 * are HTTP, because only the server's answer tells whether it agreed: DONE comes
 * with the answer, or with the first bytes that are no request.
 *
 * Reasons. DONE: upgrade, connect, http2. FOREIGN: tls. BROKEN: not-http, chunk,
 * unpaired (answers that begin after hundreds of requests without one).
 * BOUND: header, trailer, chunk-line, part-header, json, xml, compression,
 * pipeline.
 */
#ifndef VP_INSPECTION_HTTP_H
#define VP_INSPECTION_HTTP_H

#include "modules/inspection/protocol.h"

extern const struct vp_protocol vp_protocol_http;

#endif
