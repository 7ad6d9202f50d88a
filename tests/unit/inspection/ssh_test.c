/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client's side of SSH. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/memory.h"
#include "lib/strbuf.h"
#include "tests/unit/inspection/parsers_tests.h"

static void add_number(struct vp_strbuf *out, size_t value)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		vp_strbuf_addc(out, (char)(value >> shift));
}

/* A packet with four bytes of padding. */
static void add_packet(struct vp_strbuf *out, const char *payload, size_t len)
{
	add_number(out, len + 5);
	vp_strbuf_addc(out, 4);
	vp_strbuf_add(out, payload, len);
	vp_strbuf_add(out, "\0\0\0\0", 4);
}

#define PACKET(OUT, PAYLOAD) add_packet(OUT, PAYLOAD, sizeof(PAYLOAD) - 1)

static void add_kexinit(struct vp_strbuf *out)
{
	static const char *const lists[] = { "curve25519-sha256,kex",
					     "ssh-ed25519",
					     "aes,3des-cbc",
					     "back",
					     "hmac-md5",
					     "back",
					     "none",
					     "none",
					     "",
					     "" };
	_cleanup_strbuf_ struct vp_strbuf payload = { 0 };

	vp_strbuf_add(&payload,
		      "\x14"
		      "0123456789abcdef",
		      17);
	for (size_t i = 0; i < VP_COUNT(lists); i++) {
		add_number(&payload, strlen(lists[i]));
		vp_strbuf_adds(&payload, lists[i]);
	}
	vp_strbuf_add(&payload, "\0\0\0\0\0", 5);
	add_packet(out, payload.data, payload.len);
}

#define OFFER                                                                                 \
	"unit\nssh.proto: 2.0\nssh.software: OpenSSH_9.2p1\nssh.message_code: 20\n"           \
	"ssh.kex_algorithms: curve25519-sha256,kex\nssh.host_key_algorithms: ssh-ed25519\n"   \
	"ssh.encryption_algorithms: aes,3des-cbc\nssh.mac_algorithms: hmac-md5\nend\n"

static void expect_ssh(const struct vp_strbuf *bytes, const bool *unwanted, const char *text)
{
	const struct vp_run_input input = { VP_TO_SERVER, bytes->data, bytes->len };
	struct vp_run run = { .protocol = stream_of("ssh"),
			      .inputs = &input,
			      .count = 1,
			      .unwanted = unwanted };

	expect_run(&run, text);
}

static void an_offer(void **state)
{
	bool unwanted[VP_FIELD_COUNT] = { [VP_FIELD_SSH_MESSAGE_CODE] = true };
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };

	(void)state;
	vp_strbuf_adds(&bytes, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
	add_kexinit(&bytes);
	PACKET(&bytes, "\x1e key exchange");
	PACKET(&bytes, "\x15");
	PACKET(&bytes, "encrypted");
	expect_ssh(&bytes, unwanted, OFFER "state done kexinit\n");
	expect_ssh(&bytes, NULL,
		   OFFER "unit\nssh.message_code: 30\nend\nunit\nssh.message_code: 21\nend\n"
			 "state done encrypted\n");
}

/* Messages of a session before any keys: CVE-2025-32433. */
static void messages_before_their_time(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };

	(void)state;
	vp_strbuf_adds(&bytes, "SSH-2.0-x\n");
	PACKET(&bytes, "\x5a session");
	PACKET(&bytes, "\x62 exec");
	expect_ssh(&bytes, NULL,
		   "unit\nssh.proto: 2.0\nssh.software: x\nssh.message_code: 90\nend\n"
		   "unit\nssh.message_code: 98\nend\nstate inside\n");
}

static void banners(void **state)
{
	(void)state;
	expect_text("ssh", "", "state boundary\n");
	expect_text("ssh", "SSH-1.5-old\n",
		    "unit\nssh.proto: 1.5\nssh.software: old\nend\nstate done ssh1\n");
	expect_text("ssh", "SSH-1.99-x\r\n",
		    "unit\nopen\nssh.proto: 1.99\nssh.software: x\nstate inside\n");
	expect_text("ssh", "SSH-\n", "unit\nopen\nssh.proto: \nstate inside\n");
	expect_text("ssh", "GET / HTTP/1.1\r\n", "state foreign not-ssh\n");
	expect_text("ssh", "SSx", "state foreign not-ssh\n");
}

static void bounds(void **state)
{
	static char banner[9000];
	const struct vp_run_input input = { VP_TO_SERVER, banner, sizeof(banner) };
	struct vp_run run = { .protocol = stream_of("ssh"), .inputs = &input, .count = 1 };
	_cleanup_free_ char *found = NULL;

	(void)state;
	memset(banner, 'A', sizeof(banner));
	memcpy(banner, "SSH-2.0-", 8);
	found = vp_run_all_cuts(&run);
	assert_non_null(found);
	assert_non_null(strstr(found, "ssh.software: AAAA"));
	assert_non_null(strstr(found, "state bound banner\n"));
	expect_text("ssh", "SSH-2.0-x\n\0\0\0\1\4\x14",
		    "unit\nopen\nssh.proto: 2.0\nssh.software: x\n"
		    "state broken packet-length\n");
	expect_text("ssh", "SSH-2.0-x\n\0\3\0\0\4\x14",
		    "unit\nopen\nssh.proto: 2.0\nssh.software: x\nstate bound kexinit\n");
	expect_text("ssh",
		    "SSH-2.0-x\n\0\0\0\6\4\x14"
		    "1234",
		    "unit\nssh.proto: 2.0\nssh.software: x\nssh.message_code: 20\nend\n"
		    "state broken kexinit\n");
}

int run_ssh_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_offer),
		cmocka_unit_test(messages_before_their_time),
		cmocka_unit_test(banners),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests_name("ssh", tests, NULL, NULL);
}
