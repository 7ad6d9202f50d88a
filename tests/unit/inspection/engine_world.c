/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See engine_world.h. No test in itself. */
#include "tests/unit/inspection/engine_world.h"

#include <errno.h>
#include <netinet/in.h>

#include "lib/cleanup.h"

static void decide(void *context, const struct vp_decision *decision)
{
	struct engine_world *w = context;

	assert_in_range(decision->packet, 1, w->number);
	assert_int_equal(w->decided[decision->packet], 0);
	w->decided[decision->packet] = (int)decision->kind + 1;
	w->reasons[decision->packet] = decision->reason;
	w->lengths[decision->packet] = decision->bytes.len;
	if (decision->kind == VP_DECISION_BLOCK)
		assert_true(decision->tag || decision->reason == VP_REASON_WINDOW);
}

static void hit(void *context, const struct vp_hit *hit)
{
	struct engine_world *w = context;

	assert_int_not_equal(hit->tag, 0);
	w->hits += !hit->monitor;
	w->monitor_hits += hit->monitor;
	w->last = *hit;
}

static void leave(void *context, const struct vp_leave *leave)
{
	struct engine_world *w = context;

	assert_int_equal(leave->packet, w->number);
	assert_int_equal(w->decided[leave->packet], PASS);
	w->leaves++;
	w->left = *leave;
}

static const struct vp_engine_user user = { .decide = decide, .hit = hit, .leave = leave };

/* Scopes as the worker gets them; cut or damaged they are refused. */
static struct vp_scopes *compile(const struct vp_plan *plan)
{
	struct vp_error err = { 0 };
	struct vp_scopes *made = vp_scopes_compile(plan, &err), *loaded = NULL;
	_cleanup_free_ uint8_t *bytes = NULL;
	size_t len;

	if (!made)
		fail_msg("%s", err.text);
	vp_scopes_pack(made, &bytes, &len);
	vp_scopes_free(made);
	for (size_t cut = 0; cut < len; cut += 1 + len / 64)
		assert_int_equal(vp_scopes_load(bytes, cut, &loaded, &err), -EBADMSG);
	bytes[0] ^= 1;
	assert_int_equal(vp_scopes_load(bytes, len, &loaded, &err), -EBADMSG);
	bytes[0] ^= 1;
	if (vp_scopes_load(bytes, len, &loaded, &err))
		fail_msg("%s", err.text);
	return loaded;
}

void engine_open(struct engine_world *w, const char *sections, const char *mode,
		 const char *on_failure, const struct vp_engine_options *options)
{
	_cleanup_strbuf_ struct vp_strbuf found = { 0 };
	char *text = vp_format("[patch]\nid = T\ntitle = t\nseverity = low\n"
			       "on-failure = %s\nmode = %s\n%s",
			       on_failure, mode, sections);

	*w = (struct engine_world){ .port = 7000, .client = 1, .isn = 1000 };
	vp_array_push(&w->sources.definitions,
		      ((struct vp_text){ vp_strdup("t.vpatch"), text, strlen(text) }));
	vp_policy_build(&w->policy, &w->sources, 0, &w->findings);
	vp_plan_build(&w->plan, &w->policy, &w->host, VP_POINT_BIT(VP_POINT_INSPECTION),
		      &w->findings);
	vp_findings_print(&w->findings, &found);
	if (w->findings.errors)
		fail_msg("%s", vp_strbuf_text(&found));
	w->scopes = compile(&w->plan);
	w->engine = vp_engine_new(options ? options : &vp_engine_options_default, &user, w);
	vp_engine_scopes(w->engine, w->scopes);
}

/* Every packet was decided once, and no memory is left. */
void engine_close(struct engine_world *w)
{
	vp_engine_tick(w->engine, w->now + 100000000);
	vp_engine_tick(w->engine, w->now + 1000000000000);
	assert_int_equal(vp_engine_counts(w->engine).flows_now, 0);
	assert_int_equal(vp_engine_counts(w->engine).memory_now, 0);
	vp_engine_free(w->engine);
	for (uint64_t i = 1; i <= w->number; i++)
		assert_int_not_equal(w->decided[i], 0);
	vp_scopes_free(w->scopes);
	vp_plan_free(&w->plan);
	vp_host_free(&w->host);
	vp_policy_free(&w->policy);
	vp_findings_free(&w->findings);
	vp_sources_free(&w->sources);
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

uint64_t engine_give(struct engine_world *w, bool answer, uint8_t protocol,
		     const uint8_t *transport, size_t len)
{
	_cleanup_free_ uint8_t *packet = vp_alloc(1, 20 + len);
	const struct vp_engine_packet given = { .number = ++w->number,
						.milliseconds = ++w->now,
						.bytes = { packet, 20 + len },
						.local = !w->forwarded,
						.inward = w->inward,
						.published = w->published,
						.answer = answer };

	assert_true(w->number < MOST_PACKETS && len < UINT16_MAX - 20);
	packet[0] = 0x45;
	put16(packet + 2, 20 + len);
	packet[8] = 64;
	packet[9] = protocol;
	put32(packet + (answer ? 16 : 12), 0xc0000200u + w->client);
	put32(packet + (answer ? 12 : 16), 0xc6336407u);
	memcpy(packet + 20, transport, len);
	vp_engine_packet(w->engine, &given);
	return w->number;
}

static uint64_t give_segment(struct engine_world *w, bool answer, uint32_t sequence,
			     unsigned int flags, struct vp_slice data)
{
	_cleanup_free_ uint8_t *tcp = vp_alloc(1, 20 + data.len);

	put16(tcp, answer ? w->port : 40000);
	put16(tcp + 2, answer ? 40000 : w->port);
	put32(tcp + 4, sequence);
	tcp[12] = 5 << 4;
	tcp[13] = (uint8_t)(flags | (flags & SYN ? 0 : 16));
	if (flags & URG)
		put16(tcp + 18, 1);
	memcpy(tcp + 20, data.data, data.len);
	return engine_give(w, answer, IPPROTO_TCP, tcp, 20 + data.len);
}

uint64_t engine_segment(struct engine_world *w, uint32_t offset, unsigned int flags,
			const char *data, size_t len)
{
	const struct vp_slice bytes = { (const uint8_t *)data, len };

	return give_segment(w, false, w->isn + !(flags & SYN) + offset, flags, bytes);
}

uint64_t engine_answer(struct engine_world *w, uint32_t offset, unsigned int flags,
		       const char *data, size_t len)
{
	const struct vp_slice bytes = { (const uint8_t *)data, len };

	return give_segment(w, true, 77000 + !(flags & SYN) + offset, flags, bytes);
}

void engine_begin(struct engine_world *w, uint16_t port)
{
	w->port = port;
	w->client++;
	w->isn += 0x3000000;
	w->sent = 0;
	engine_segment(w, 0, SYN, "", 0);
}

uint64_t engine_next(struct engine_world *w, const char *data)
{
	uint64_t number = engine_segment(w, w->sent, 0, data, strlen(data));

	w->sent += (uint32_t)strlen(data);
	return number;
}
