/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captures from the file's first byte on: read, taken off their link, put together,
 * judged. Every packet is decided (playback.c asserts it), and no hit is of a rule
 * that does not exist.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "agentd/ctl/playback.h"
#include "lib/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char definition[] =
	"[patch]\nid = F\ntitle = t\nseverity = low\non-failure = block\nmode = enforce\n"
	"[service web]\nports = tcp/80\napplication = http\n"
	"[service names]\nports = udp/53, tcp/53\napplication = dns\n"
	"[service mail]\nports = tcp/25\napplication = smtp\naddress = 198.51.100.4\n"
	"[service bytes]\nports = udp/7000, icmp\n"
	"[rule path]\nservice = web\nwhen = http.uri contains \"/evil\"\naction = reset\n"
	"[rule name]\nservice = names\nwhen = dns.query equals \"evil.example\"\n"
	"action = drop\n"
	"[rule run]\nservice = mail\nwhen = smtp.command_data contains \"${run{\"\n"
	"action = ban 1s\n"
	"[rule bytes]\nservice = bytes\nwhen = datagram[0:4] equals \"evil\"\naction = drop\n"
	"[rule often]\nservice = web\naction = limit 1/second burst 20 per source\n"
	"[sample a]\nrule = path\nexpect = blocked\nsend = \"GET /evil\"\n"
	"[sample b]\nservice = web\nexpect = passed\nsend = \"GET /\"\n"
	"[sample c]\nrule = name\nexpect = blocked\nsend = \"evil\"\n"
	"[sample d]\nservice = names\nexpect = passed\nsend = \"good\"\n"
	"[sample e]\nrule = run\nexpect = blocked\nsend = \"${run{\"\n"
	"[sample f]\nservice = mail\nexpect = passed\nsend = \"QUIT\"\n"
	"[sample g]\nrule = bytes\nexpect = blocked\nsend = \"evil\"\n"
	"[sample i]\nrule = often\nexpect = limited after 20\nrepeat = 30\n"
	"send = \"a\"\n"
	"[sample h]\nservice = bytes\nexpect = passed\nsend = \"good\"\n";

struct world {
	struct vp_sources sources;
	struct vp_findings findings;
	struct vp_policy policy;
	struct vp_host host;
	struct vp_plan plan;
	struct vp_scopes *scopes;
};

static struct world world;

static void must(int holds)
{
	if (!holds)
		abort();
}

static void prepare(void)
{
	struct vp_error err;

	world.host.examples_allowed = true;
	vp_array_push(&world.sources.definitions,
		      ((struct vp_text){ vp_strdup("f.vpatch"), vp_strdup(definition),
					 sizeof(definition) - 1 }));
	vp_policy_build(&world.policy, &world.sources, 0, &world.findings);
	vp_plan_build(&world.plan, &world.policy, &world.host,
		      VP_POINT_BIT(VP_POINT_INSPECTION), &world.findings);
	must(world.plan.placements.len == 5);
	world.scopes = vp_scopes_compile(&world.plan, &err);
	must(world.scopes != NULL);
}

static void hit(void *context, const struct vp_hit *hit, const struct timespec *time)
{
	bool known = false;

	(void)context;
	vp_array_each (placement, &world.plan.placements)
		known |= placement->tag == hit->tag;
	must(known && time->tv_sec >= 0 && time->tv_nsec >= 0 && time->tv_nsec < 1000000000);
}

static uint64_t ban(void *context, uint32_t tag)
{
	(void)context;
	(void)tag;
	return 1000;
}

static const struct vp_playback_user user = { .hit = hit, .ban = ban };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *file = size ? fmemopen((void *)data, size, "r") : NULL;
	struct vp_playback_counts counts;
	struct vp_playback_rules rules;
	struct vp_capture *capture;
	struct vp_error err;

	if (!world.scopes)
		prepare();
	if (!file)
		return 0;
	rules = (struct vp_playback_rules){ world.scopes, world.scopes };
	capture = vp_capture_of(file, "fuzz", &err);
	if (!capture)
		return 0;
	vp_playback(capture, &rules, &user, NULL, &counts, &err);
	must(counts.blocked + counts.altered + counts.cut + counts.not_ip <= counts.packets);
	vp_capture_close(capture);
	return 0;
}
