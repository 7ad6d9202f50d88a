/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client's side of TLS. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/memory.h"
#include "lib/strbuf.h"
#include "tests/unit/inspection/parsers_tests.h"

static void add_number(struct vp_strbuf *out, size_t value, unsigned int width)
{
	while (width--)
		vp_strbuf_addc(out, (char)(value >> 8 * width));
}

static void add_vector(struct vp_strbuf *out, const char *data, size_t len, unsigned int width)
{
	add_number(out, len, width);
	vp_strbuf_add(out, data, len);
}

#define EXTENSION(TYPE, BODY)                                                                 \
	add_number(&extensions, TYPE, 2), add_vector(&extensions, BODY, sizeof(BODY) - 1, 2)

/* A ClientHello with a name, two protocols and versions, behind its type and length. */
static void add_hello(struct vp_strbuf *out)
{
	_cleanup_strbuf_ struct vp_strbuf extensions = { 0 };
	_cleanup_strbuf_ struct vp_strbuf body = { 0 };

	EXTENSION(0, "\0\x0e\0\0\x0bWww.Example");
	EXTENSION(16, "\0\x0c\2h2\x08http/1.1");
	EXTENSION(43, "\6\x8a\x8a\3\4\3\3");
	EXTENSION(15, "\1");
	add_number(&body, 0x0303, 2);
	add_vector(&body, "0123456789abcdef0123456789abcdef", 32, 0);
	add_vector(&body, "session", 7, 1);
	add_vector(&body, "\x13\x01\xc0\x2f", 4, 2);
	add_vector(&body, "\0", 1, 1);
	add_vector(&body, extensions.data, extensions.len, 2);
	vp_strbuf_addc(out, 1);
	add_vector(out, body.data, body.len, 3);
}

static void add_record(struct vp_strbuf *out, char type, const char *data, size_t len)
{
	vp_strbuf_addc(out, type);
	add_number(out, 0x0301, 2);
	add_vector(out, data, len, 2);
}

#define RECORD(OUT, TYPE, BODY) add_record(OUT, TYPE, BODY, sizeof(BODY) - 1)

static void add_hello_record(struct vp_strbuf *out)
{
	_cleanup_strbuf_ struct vp_strbuf hello = { 0 };

	add_hello(&hello);
	add_record(out, 22, hello.data, hello.len);
}

#define HELLO_UNIT                                                                            \
	"unit\ntls.sni: www.example\ntls.version: 772\ntls.cipher: 4865\ntls.cipher: 49199\n" \
	"tls.alpn: h2\ntls.alpn: http/1.1\ntls.record.content_type: 22\n"                     \
	"tls.record.version: 769\ntls.handshake.type: 1\nend\n"

static void expect_tls(const struct vp_strbuf *bytes, const bool *unwanted, const char *text)
{
	const struct vp_run_input input = { VP_TO_SERVER, bytes->data, bytes->len };
	struct vp_run run = { .protocol = stream_of("tls"),
			      .inputs = &input,
			      .count = 1,
			      .unwanted = unwanted };

	expect_run(&run, text);
}

static void a_hello_is_a_unit(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };

	(void)state;
	add_hello_record(&bytes);
	expect_tls(&bytes, NULL, HELLO_UNIT "state inside\n");
}

/* A byte of the handshake in each record, and an alert between. */
static void a_hello_across_records(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf hello = { 0 };
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };

	(void)state;
	add_hello(&hello);
	for (size_t i = 0; i < hello.len; i++) {
		if (i == 3)
			RECORD(&bytes, 21, "\1\x5a");
		add_record(&bytes, 22, hello.data + i, 1);
	}
	expect_tls(&bytes, NULL,
		   "unit\ntls.record.content_type: 21\ntls.record.version: 769\n"
		   "tls.record.length: 2\ntls.alert: 90\nend\n" HELLO_UNIT "state inside\n");
}

static void unwant_records(bool *unwanted)
{
	unwanted[VP_FIELD_TLS_RECORD_CONTENT_TYPE] = true;
	unwanted[VP_FIELD_TLS_RECORD_LENGTH] = true;
	unwanted[VP_FIELD_TLS_HEARTBEAT_PAYLOAD_LENGTH] = true;
	unwanted[VP_FIELD_TLS_HEARTBEAT_EXCESS] = true;
}

static void encryption_ends_it_unless_records_are_read(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };
	bool unwanted[VP_FIELD_COUNT] = { 0 };

	(void)state;
	add_hello_record(&bytes);
	RECORD(&bytes, 22, "\x10\0\0\2ab");
	RECORD(&bytes, 20, "\1");
	RECORD(&bytes, 22, "encrypted finished");
	RECORD(&bytes, 23, "encrypted");
	RECORD(&bytes, 24, "\1\x40\0encrypted");
#define BEFORE                                                                                \
	HELLO_UNIT "unit\ntls.record.content_type: 22\ntls.record.version: 769\n"             \
		   "tls.handshake.type: 16\nend\n"
	expect_tls(&bytes, NULL,
		   BEFORE "unit\ntls.record.content_type: 24\ntls.record.version: 769\n"
			  "tls.record.length: 12\nend\nstate inside\n");
	unwant_records(unwanted);
	expect_tls(&bytes, unwanted, BEFORE "state done encrypted\n");
}

/* HelloRetryRequest: a second ClientHello comes behind a ChangeCipherSpec. */
static void a_second_hello_is_read(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };
	bool unwanted[VP_FIELD_COUNT] = { 0 };

	(void)state;
	add_hello_record(&bytes);
	RECORD(&bytes, 20, "\1");
	add_hello_record(&bytes);
	RECORD(&bytes, 23, "x");
	unwant_records(unwanted);
	expect_tls(&bytes, unwanted, HELLO_UNIT HELLO_UNIT "state done encrypted\n");
}

static void heartbeats(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };

	(void)state;
	add_hello_record(&bytes);
	RECORD(&bytes, 24, "\1\x40\0");
	RECORD(&bytes, 24, "\1\0\4abcd0123456789abcdef");
	RECORD(&bytes, 24, "\1");
#define HEARTBEAT(LENGTH, CLAIMED, EXCESS)                                                    \
	"unit\ntls.record.content_type: 24\ntls.record.version: 769\n"                        \
	"tls.record.length: " #LENGTH "\ntls.heartbeat.payload_length: " #CLAIMED             \
	"\ntls.heartbeat.excess: " #EXCESS "\nend\n"
	expect_tls(&bytes, NULL,
		   HELLO_UNIT HEARTBEAT(3, 16384, 16384) HEARTBEAT(23, 4, 0)
			   HEARTBEAT(1, 0, 2) "state inside\n");
}

/* Before any ClientHello a ChangeCipherSpec hides nothing. */
static void an_early_change_hides_nothing(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };
	_cleanup_strbuf_ struct vp_strbuf hello = { 0 };

	(void)state;
	RECORD(&bytes, 20, "\1");
	RECORD(&bytes, 23, "early");
	add_hello(&hello);
	add_record(&bytes, 22, hello.data, 9);
	add_record(&bytes, 22, hello.data + 9, hello.len - 9);
	expect_tls(&bytes, NULL, HELLO_UNIT "state inside\n");
}

static void bodies_are_skippable(void **state)
{
	static char body[9000];
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };
	const struct vp_run_input *input;
	struct vp_run run = { .protocol = stream_of("tls"), .count = 1, .cut = 64 };
	_cleanup_free_ char *found = NULL;

	(void)state;
	add_hello_record(&bytes);
	add_record(&bytes, 23, body, sizeof(body));
	RECORD(&bytes, 24, "hidden");
	input = &(struct vp_run_input){ VP_TO_SERVER, bytes.data, bytes.len };
	run.inputs = input;
	run.skip = true;
	found = vp_run(&run);
	assert_true(run.skipped > sizeof(body) - 64);
	assert_non_null(strstr(found, "tls.record.length: 6\nend\nstate inside\n"));
}

static void hello_of_ssl2(void **state)
{
	(void)state;
	expect_text("tls",
		    "\x80\x1f\1\0\2\0\6\0\0\0\x10\1\0\x80\7\0\xc0"
		    "0123456789abcdef",
		    "unit\ntls.version: 2\ntls.cipher: 65664\ntls.cipher: 458944\n"
		    "tls.record.content_type: 22\ntls.record.version: 2\n"
		    "tls.handshake.type: 1\nend\nstate done ssl2\n");
	expect_text("tls",
		    "\x80\x1c\1\3\1\0\3\0\0\0\x10\0\0\x2f"
		    "0123456789abcdef\x15\3\1\0\2\1\0",
		    "unit\ntls.version: 769\ntls.cipher: 47\n"
		    "tls.record.content_type: 22\ntls.record.version: 2\n"
		    "tls.handshake.type: 1\nend\n"
		    "unit\ntls.record.content_type: 21\ntls.record.version: 769\n"
		    "tls.record.length: 2\ntls.alert: 0\nend\nstate inside\n");
}

static void what_is_not_tls(void **state)
{
	(void)state;
	expect_text("tls", "GET / HTTP/1.0\r\n\r\n", "state foreign not-tls\n");
	expect_text("tls", "\x16\3\1\xff\xff", "state broken record-length\n");
	expect_text("tls", "\x16\3\1\0\4\1\x02\0\1", "state bound client-hello\n");
	/* cut off within a list: what is there is given */
	expect_text("tls",
		    "\x16\3\1\0\x2e\1\0\0\x2a\3\3"
		    "0123456789abcdef0123456789abcdef"
		    "\0\0\7\x13\1\xc0\x2f\0\0",
		    "unit\ntls.version: 771\ntls.record.content_type: 22\n"
		    "tls.record.version: 769\ntls.handshake.type: 1\nend\n"
		    "state broken client-hello\n");
	expect_text("tls", "", "state boundary\n");
}

/* Memory follows the bytes that came, not the length that is claimed. */
static void memory_is_bounded(void **state)
{
	static const struct vp_run_input input = SENT("\x16\3\1\x40\0\1\1\xff\xf0"
						      "0123456789");
	struct vp_run run = { .protocol = stream_of("tls"), .inputs = &input, .count = 1 };
	_cleanup_free_ char *found = vp_run(&run);

	(void)state;
	assert_string_equal(found, "state inside\n");
	assert_true(run.memory < 100);
}

int run_tls_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hello_is_a_unit),
		cmocka_unit_test(a_hello_across_records),
		cmocka_unit_test(encryption_ends_it_unless_records_are_read),
		cmocka_unit_test(a_second_hello_is_read),
		cmocka_unit_test(heartbeats),
		cmocka_unit_test(an_early_change_hides_nothing),
		cmocka_unit_test(bodies_are_skippable),
		cmocka_unit_test(hello_of_ssl2),
		cmocka_unit_test(what_is_not_tls),
		cmocka_unit_test(memory_is_bounded),
	};

	return cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}
