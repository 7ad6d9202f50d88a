/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target of the protocol parsers. The first byte chooses the parser, the
 * second the bounds, the frame and the cuts; what follows is what client and
 * server send in turn, with DE AD where the other one begins. Whatever it is must
 * not crash, must keep to the memory bound, and must give the same units in any
 * cut, also when what may be skipped is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/memory.h"
#include "tests/unit/inspection/run.h"

#define TURNS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* HTTP has a target of its own. New ones come last: the corpus counts on the order. */
static const struct vp_protocol *const protocols[] = {
	&vp_protocol_stream, &vp_protocol_datagram,   &vp_protocol_smtp,
	&vp_protocol_ftp,    &vp_protocol_pop3,	      &vp_protocol_imap,
	&vp_protocol_telnet, &vp_protocol_redis,      &vp_protocol_tls,
	&vp_protocol_dns,    &vp_protocol_dns_stream, &vp_protocol_ssh,
	&vp_protocol_smb,
};

static const char *const frames[] = {
	"length(at 4, bytes 2, big-endian, plus 6)",
	"length(at 0, bytes 8, little-endian, minus 3)",
	"delimiter \"\\r\\n\"",
	"delimiter \"aabaa\"",
	"fixed 12",
};

static size_t split(struct vp_run_input *turns, const uint8_t *data, size_t size)
{
	enum vp_direction direction = VP_TO_SERVER;
	size_t count = 0;

	while (size && count < TURNS_MAX) {
		const uint8_t *mark = memmem(data, size, "\xde\xad", 2);
		size_t len = mark ? (size_t)(mark - data) : size;

		turns[count++] = (struct vp_run_input){ direction, data, len };
		direction = direction == VP_TO_SERVER ? VP_TO_CLIENT : VP_TO_SERVER;
		data += mark ? len + 2 : len;
		size -= mark ? len + 2 : len;
	}
	return count;
}

/* Run it otherwise; the units must be the same. */
static void check_same(struct vp_run run, const char *whole)
{
	_cleanup_free_ char *other = vp_run(&run);

	if (!strcmp(whole, other))
		return;
	fprintf(stderr, "%s, frame %s: cut %zu, seed %u, skip %d\nwhole:\n%s\ncut:\n%s\n",
		run.protocol->application, run.frame ? run.frame : "none", run.cut, run.seed,
		run.skip, whole, other);
	abort();
}

static void check(struct vp_run *run, unsigned int choice)
{
	_cleanup_free_ char *whole = vp_run(run);
	struct vp_run other = *run;

	if (strstr(whole, "\nfault ") || run->memory > run->limits->memory) {
		fprintf(stderr, "%s: %zu bytes held\n%s\n", run->protocol->application,
			run->memory, whole);
		abort();
	}
	if (!(run->protocol->traffic & VP_TRAFFIC_TCP))
		return; /* datagrams are not cut */
	for (int skip = 0; skip < 2; skip++) {
		other.skip = skip && run->protocol->skipped;
		other.seed = 0;
		other.cut = 1;
		check_same(other, whole);
		other.seed = 1 + choice;
		other.cut = 2 + choice % 61;
		check_same(other, whole);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct vp_parser_limits small = { .memory = 4096,
						       .header = 1024,
						       .depth = 8 };
	struct vp_run_input turns[TURNS_MAX];
	struct vp_run run = { .inputs = turns };
	unsigned int choice;

	if (size < 2 || size > 1u << 14)
		return 0;
	run.protocol = protocols[data[0] % VP_COUNT(protocols)];
	choice = data[1];
	run.limits = choice & 1 ? &small : &vp_parser_limits_default;
	run.finish = choice & 2;
	if (!*run.protocol->application && choice % 6)
		run.frame = frames[choice % 6 - 1];
	run.count = split(turns, data + 2, size - 2);
	check(&run, choice);
	return 0;
}
