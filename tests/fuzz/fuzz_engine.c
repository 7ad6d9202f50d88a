/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of a few connections in any disorder, to the whole engine: each packet
 * is decided once, watched connections are never altered, no memory is left.
 *
 * The input is a list of segments: a byte that chooses service, connection and
 * flags, two bytes of sequence number, one of length, the payload. Before them a byte:
 * whether rules are enforced, sequence numbers far apart, and connections may leave.
 */
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"
#include "modules/inspection/engine.h"

#define MOST 512

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char definition[] =
	"[patch]\nid = T\ntitle = t\nseverity = low\non-failure = %s\nmode = %s\n"
	"[service raw]\nports = tcp/4\n"
	"[service web]\nports = tcp/1\napplication = http\n"
	"[service mail]\nports = tcp/2\napplication = smtp\n"
	"[service names]\nports = udp/3, tcp/3\napplication = dns\n"
	"[rule evil]\nservice = raw\nwhen = stream[0:] contains \"evil\"\naction = reset\n"
	"[rule path]\nservice = web\nwhen = http.uri contains \"/a\"\naction = drop\n"
	"[rule body]\nservice = web\nwhen = http.path equals \"/f\"\n"
	"when = http.request_body contains \"x\"\naction = drop\n"
	"[rule hello]\nservice = mail\nwhen = smtp.command equals \"helo\"\naction = drop\n"
	"[rule name]\nservice = names\nwhen = dns.query contains \"a\"\naction = drop\n"
	"[sample a]\nrule = evil\nexpect = blocked\nsend = \"evil\"\n"
	"[sample b]\nservice = raw\nexpect = passed\nsend = \"good\"\n"
	"[sample c]\nrule = path\nexpect = blocked\nsend = \"GET /a HTTP/1.0\\r\\n\\r\\n\"\n"
	"[sample d]\nrule = body\nexpect = blocked\nsend = \"POST /f HTTP/1.0\\r\\n\\r\\nx\"\n"
	"[sample e]\nservice = web\nexpect = passed\nsend = \"GET / HTTP/1.0\\r\\n\\r\\n\"\n"
	"[sample f]\nrule = hello\nexpect = blocked\nsend = \"HELO a\\r\\n\"\n"
	"[sample g]\nservice = mail\nexpect = passed\nsend = \"NOOP\\r\\n\"\n"
	"[sample h]\nrule = name\nexpect = blocked\nsend = \"a\"\n"
	"[sample i]\nservice = names\nexpect = passed\nsend = \"b\"\n";

static struct vp_scopes *scopes[2]; /* enforced, watched */

static struct vp_scopes *compile(const char *on_failure, const char *mode)
{
	struct vp_sources sources = { 0 };
	struct vp_findings findings = { 0 };
	struct vp_policy policy = { 0 };
	struct vp_host host = { 0 };
	struct vp_plan plan = { 0 };
	struct vp_error err = { 0 };
	struct vp_scopes *made;
	char *text = vp_format(definition, on_failure, mode);

	vp_array_push(&sources.definitions,
		      ((struct vp_text){ vp_strdup("t.vpatch"), text, strlen(text) }));
	vp_policy_build(&policy, &sources, 0, &findings);
	vp_plan_build(&plan, &policy, &host, VP_POINT_BIT(VP_POINT_INSPECTION), &findings);
	made = findings.errors ? NULL : vp_scopes_compile(&plan, &err);
	if (!made) {
		struct vp_strbuf found = { 0 };

		vp_findings_print(&findings, &found);
		fprintf(stderr, "%s%s\n", vp_strbuf_text(&found), err.text);
		abort();
	}
	vp_plan_free(&plan);
	vp_policy_free(&policy);
	vp_findings_free(&findings);
	vp_sources_free(&sources);
	return made;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	scopes[0] = compile("block", "enforce");
	scopes[1] = compile("pass", "monitor");
	return 0;
}

struct world {
	bool watched, wide;
	uint64_t number;
	uint8_t decided[MOST + 1];
};

static void decide(void *context, const struct vp_decision *decision)
{
	struct world *w = context;

	if (!decision->packet || decision->packet > w->number ||
	    w->decided[decision->packet]++)
		abort();
	if (w->watched && decision->kind != VP_DECISION_PASS)
		abort();
}

static void hit(void *context, const struct vp_hit *hit)
{
	const struct world *w = context;

	if (!hit->tag || (w->watched && !hit->monitor))
		abort();
}

static void leave(void *context, const struct vp_leave *leave)
{
	const struct world *w = context;

	if (leave->packet != w->number || w->decided[leave->packet] != 1)
		abort();
	if (leave->bytes != UINT64_MAX &&
	    (leave->bytes < VP_LEAVE_LEAST || leave->bytes & (leave->bytes - 1)))
		abort();
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* One segment or datagram; false: the input is at its end. */
static bool give(struct world *w, struct vp_engine *engine, struct vp_bytes *in)
{
	uint8_t packet[400] = { 0x45, 0, 0,  0, 0, 0, 0,  0, 64, 0,
				0,    0, 10, 0, 0, 0, 10, 0, 0,	 1 };
	uint8_t about = vp_bytes_u8(in), *transport = packet + 20;
	uint16_t sequence = vp_bytes_be16(in);
	size_t len = vp_bytes_u8(in), header = (about & 3) == 3 && about & 4 ? 8 : 20;
	const uint8_t *payload = vp_bytes_take(in, len);
	struct vp_engine_packet given = { .number = w->number + 1,
					  .milliseconds = w->number * 50,
					  .bytes = { packet, 20 + header + len },
					  .local = true };

	if (!payload || w->number == MOST)
		return false;
	w->number++;
	packet[9] = header == 8 ? IPPROTO_UDP : IPPROTO_TCP;
	packet[15] = (about >> 3) & 1;
	put16(packet + 2, 20 + header + len);
	put16(transport, 1000);
	put16(transport + 2, about & 3 ? about & 3 : 4);
	put16(transport + 4, header == 8 ? 8 + len : 0);
	if (header == 20) {
		uint32_t at = sequence * (w->wide ? 64u : 1u);

		put16(transport + 4, at >> 16);
		put16(transport + 6, at);
		transport[12] = 5 << 4;
		transport[13] = (uint8_t)(about >> 4 == 15 ? 2
							   : (about >> 4 & 7) | 16 |
								     (about & 128 ? 32 : 0));
	}
	memcpy(transport + header, payload, len);
	vp_engine_packet(engine, &given);
	if (about == 0xee)
		vp_engine_tick(engine, w->number * 50);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct vp_engine_user user = { .decide = decide,
						    .hit = hit,
						    .leave = leave };
	struct vp_bytes in = vp_bytes_of(data, size);
	struct vp_engine_options options = vp_engine_options_default;
	uint8_t first = vp_bytes_u8(&in);
	struct world w = { .watched = first & 1, .wide = first & 2 };
	struct vp_engine *engine;

	options.flows = 3;
	options.window = first & 4 ? 1 : 0;
	options.flow_memory = 64u << 10;
	options.parser.memory = 16u << 10;
	engine = vp_engine_new(&options, &user, &w);
	vp_engine_scopes(engine, scopes[w.watched]);
	while (give(&w, engine, &in))
		;
	vp_engine_tick(engine, UINT64_C(1) << 40);
	if (vp_engine_counts(engine).memory_now || vp_engine_counts(engine).flows_now)
		abort();
	vp_engine_free(engine);
	for (uint64_t i = 1; i <= w.number; i++)
		if (w.decided[i] != 1)
			abort();
	return 0;
}
