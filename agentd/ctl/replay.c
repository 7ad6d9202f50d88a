/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchctl replay: what definitions would have done to captured traffic. Which
 * rules take part is decided here, and hits are told; playback.c judges.
 */
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "agentd/ctl/playback.h"
#include "agentd/ctl/render.h"
#include "agentd/ctl/survey.h"
#include "agentd/ctl/verbs.h"
#include "agentd/document.h"
#include "policy/ports.h"

#define NAME_COLUMN_MOST 48

/* A rule that is replayed, by its tag. */
struct replayed {
	uint32_t tag;
	const struct vp_placement *placement;
};

/* What a patch cannot see in this capture, or a limit that was reached: counted. */
struct blind_spot {
	uint32_t tag;
	enum vp_reason reason;
	const char *detail; /* static, or NULL */
	uint64_t count, packet;
};

struct replay {
	const struct vp_ctl *ctl;
	struct vp_survey survey;
	struct vp_plan headers; /* what is judged by the headers of TCP; its placements only */
	struct vp_scopes *scopes, *header_scopes;
	VP_ARRAY(struct replayed) rules; /* sorted by tag */
	VP_ARRAY(struct blind_spot) blind_spots;
	json_t *not_replayed; /* array */
	json_t *hits;	      /* object: by patch */
	int name_width;	      /* of the column PATCH/RULE */
};

static void replay_free(struct replay *replay)
{
	vp_scopes_free(replay->scopes);
	vp_scopes_free(replay->header_scopes);
	vp_plan_free(&replay->headers);
	vp_array_free(&replay->rules);
	vp_array_free(&replay->blind_spots);
	json_decref(replay->not_replayed);
	json_decref(replay->hits);
	vp_survey_free(&replay->survey);
}

/* Which rules take part */

static void leave_out(struct replay *replay, const struct vp_patch *patch,
		      const struct vp_rule *rule, const char *why)
{
	json_t *item = json_object();

	vp_json_set_text(item, "patch", patch->id);
	vp_json_set_text(item, "rule", rule->name);
	vp_json_set_text(item, "reason", why);
	json_array_append_new(replay->not_replayed, item);
	vp_output_note(replay->ctl->out, "not replayed: %s/%s: %s", patch->id, rule->name,
		       why);
}

static bool is_inspected(const struct vp_port_ranges *ports)
{
	vp_array_each (range, ports)
		if (range->protocol == IPPROTO_TCP || range->protocol == IPPROTO_UDP ||
		    range->protocol == IPPROTO_ICMP || range->protocol == IPPROTO_ICMPV6 ||
		    range->protocol == VP_PROTOCOL_ANY)
			return true;
	return false;
}

/* Why the rule cannot be judged here (owned by the caller), or NULL when it can. */
static char *refusal(struct vp_placement *placement, const struct vp_plan *plan)
{
	char *why = vp_place_uninspected(placement->rule);
	struct vp_error err = { 0 };
	struct vp_program *program;

	if (why)
		return why;
	if (!is_inspected(&placement->ports))
		return vp_strdup("netfilter judges its protocol, which inspection does not "
				 "read");
	/* live, the guard lets these pass before any rule */
	if (placement->local && !placement->service->management_forced)
		vp_ports_subtract(&placement->ports, &plan->management);
	if (!placement->ports.len)
		return vp_strdup("management always passes");
	if (placement->point == VP_POINT_INSPECTION)
		return NULL;
	program =
		vp_program_compile((const struct vp_placement *const[]){ placement }, 1, &err);
	if (!program)
		return vp_strdup(err.text);
	vp_program_free(program);
	return NULL;
}

static void drop_placement(struct vp_placement *placement)
{
	vp_array_free(&placement->ports);
	vp_array_free(&placement->addresses);
	free(placement->reason);
}

/* Move the ports of TCP (or all but those) to a list of its own. */
static void take_ports(struct vp_port_ranges *ports, bool tcp, struct vp_port_ranges *taken)
{
	static const uint16_t others[] = { IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6 };

	vp_array_each (range, ports) {
		struct vp_port_range one = *range;

		if (range->protocol != VP_PROTOCOL_ANY) {
			if ((range->protocol == IPPROTO_TCP) == tcp)
				vp_array_push(taken, one);
			continue;
		}
		one.first = 0;
		one.last = UINT16_MAX;
		one.protocol = IPPROTO_TCP;
		if (tcp)
			vp_array_push(taken, one);
		for (size_t i = 0; !tcp && i < VP_COUNT(others); i++) {
			one.protocol = others[i];
			vp_array_push(taken, one);
		}
	}
}

/* What is netfilter's for TCP is judged by headers; the rest stays in *placement. */
static void split_headers(struct replay *replay, struct vp_placement *placement)
{
	struct vp_placement headers = *placement;
	struct vp_port_ranges rest = { 0 };

	headers.ports = (struct vp_port_ranges){ 0 };
	memset(&headers.addresses, 0, sizeof(headers.addresses));
	take_ports(&placement->ports, true, &headers.ports);
	take_ports(&placement->ports, false, &rest);
	vp_array_free(&placement->ports);
	placement->ports = rest;
	if (!headers.ports.len)
		return;
	vp_array_each (range, &placement->addresses)
		vp_array_push(&headers.addresses, *range);
	headers.reason = vp_strdup(placement->reason);
	headers.point = VP_POINT_INSPECTION;
	vp_array_push(&replay->headers.placements, headers);
}

/* Keep the placements that inspection can judge, at the inspection point. */
static void keep_inspected(struct replay *replay)
{
	struct vp_plan *plan = &replay->survey.plan;
	size_t kept = 0;

	vp_array_each (placement, &plan->placements) {
		_cleanup_free_ char *why = refusal(placement, plan);

		if (why) {
			leave_out(replay, placement->patch, placement->rule, why);
			drop_placement(placement);
			continue;
		}
		if (placement->point == VP_POINT_NETFILTER)
			split_headers(replay, placement);
		if (!placement->ports.len) {
			drop_placement(placement);
			continue;
		}
		placement->point = VP_POINT_INSPECTION;
		plan->placements.data[kept++] = *placement;
	}
	plan->placements.len = kept;
}

static int compare_pointers(const void *a, const void *b)
{
	const struct vp_rule *const *x = a, *const *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Rules that the plan does not have at all. */
static void tell_unplanned(struct replay *replay)
{
	const struct vp_survey *survey = &replay->survey;
	size_t count = survey->plan.placements.len;
	_cleanup_free_ const struct vp_rule **planned = vp_alloc(count, sizeof(*planned));

	for (size_t i = 0; i < count; i++)
		planned[i] = survey->plan.placements.data[i].rule;
	qsort(planned, count, sizeof(*planned), compare_pointers);
	vp_array_each (patch, &survey->policy.patches) {
		vp_array_each (rule, &(*patch)->rules) {
			if (bsearch(&rule, planned, count, sizeof(*planned), compare_pointers))
				continue;
			leave_out(replay, *patch, rule,
				  (*patch)->disabled ? "its patch is disabled"
				  : (*patch)->services.data[rule->service].ports.len
					  ? "its patch has expired"
					  : "its ports are those of a unit or process, which "
					    "only a host knows; write ports = ...");
		}
	}
}

static int compare_tags(const void *a, const void *b)
{
	const struct replayed *x = a, *y = b;

	return x->tag < y->tag ? -1 : x->tag > y->tag;
}

static void index_plan(struct replay *replay, const struct vp_plan *plan)
{
	vp_array_each (placement, &plan->placements) {
		int width = (int)(strlen(placement->patch->id) +
				  strlen(placement->rule->name) + 1);

		vp_array_push(&replay->rules,
			      ((struct replayed){ placement->tag, placement }));
		if (width > replay->name_width)
			replay->name_width = width;
	}
}

/* A rule may be in both plans, with the same tag: either placement names it. */
static void index_rules(struct replay *replay)
{
	index_plan(replay, &replay->survey.plan);
	index_plan(replay, &replay->headers);
	if (replay->name_width > NAME_COLUMN_MOST)
		replay->name_width = NAME_COLUMN_MOST;
	if (replay->rules.len)
		qsort(replay->rules.data, replay->rules.len, sizeof(*replay->rules.data),
		      compare_tags);
}

/* VP_EXIT_GOOD, or a failure that was told. */
static enum vp_exit plan(struct replay *replay)
{
	struct vp_survey *survey = &replay->survey;
	struct vp_output *out = replay->ctl->out;
	_cleanup_strbuf_ struct vp_strbuf findings = { 0 };
	struct vp_error err = { 0 };

	vp_survey_any_host(survey);
	vp_plan_build(&survey->plan, &survey->policy, &survey->host,
		      VP_POINT_BIT(VP_POINT_NETFILTER) | VP_POINT_BIT(VP_POINT_INSPECTION) |
			      VP_POINT_BIT(VP_POINT_SECCOMP),
		      &survey->findings);
	vp_findings_sort(&survey->findings);
	if (survey->findings.errors) {
		vp_findings_print(&survey->findings, &findings);
		return vp_output_failure(out, VP_EXIT_USAGE, "cannot replay:\n%s",
					 vp_strbuf_text(&findings));
	}
	if (!survey->policy.patches.len)
		return vp_output_failure(out, VP_EXIT_USAGE,
					 "%s: expected definitions, found no *.vpatch file",
					 replay->ctl->option[VP_OPTION_POLICY]);
	tell_unplanned(replay);
	keep_inspected(replay);
	index_rules(replay);
	replay->scopes = vp_scopes_compile(&survey->plan, &err);
	if (replay->scopes)
		replay->header_scopes = vp_scopes_compile(&replay->headers, &err);
	if (!replay->header_scopes)
		return vp_output_failure(out, VP_EXIT_USAGE, "%s", err.text);
	return VP_EXIT_GOOD;
}

/* Hits */

static const struct vp_placement *placement_of(const struct replay *replay, uint32_t tag)
{
	size_t at = vp_array_lower(&replay->rules, tag, tag);

	if (at == replay->rules.len || replay->rules.data[at].tag != tag)
		return NULL;
	return replay->rules.data[at].placement;
}

static void count_blind_spot(struct replay *replay, const struct vp_hit *hit)
{
	vp_array_each (spot, &replay->blind_spots) {
		if (spot->tag != hit->tag || spot->reason != hit->reason ||
		    spot->detail != hit->detail)
			continue;
		spot->count++;
		return;
	}
	vp_array_push(
		&replay->blind_spots,
		((struct blind_spot){ hit->tag, hit->reason, hit->detail, 1, hit->packet }));
}

static const char *protocol_name(uint8_t protocol)
{
	return protocol == IPPROTO_TCP	  ? "tcp"
	       : protocol == IPPROTO_UDP  ? "udp"
	       : protocol == IPPROTO_ICMP ? "icmp"
					  : "icmpv6";
}

static void set_time(json_t *document, const struct timespec *time)
{
	char whole[VP_TIME_TEXT], text[VP_TIME_TEXT + 16];

	vp_time_print(time->tv_sec, whole);
	snprintf(text, sizeof(text), "%.19s.%06ldZ", whole, time->tv_nsec / 1000);
	vp_json_set_text(document, "time", text);
}

static json_t *hit_document(const struct vp_placement *placement, const struct vp_hit *hit,
			    const struct timespec *time)
{
	json_t *document = vp_json_document("vpatch.hit/1");
	char address[VP_ADDRESS_TEXT];
	enum vp_verdict verdict =
		hit->reason == VP_REASON_RULE ? placement->rule->action.verdict : hit->verdict;

	vp_json_set_text(document, "patch", placement->patch->id);
	vp_json_set_text(document, "rule", placement->rule->name);
	vp_json_set_text(document, "verdict", vp_verdict_name(verdict));
	if (hit->packet)
		vp_json_set_number(document, "packet", hit->packet);
	set_time(document, time);
	vp_json_set_text(document, "proto", protocol_name(hit->protocol));
	vp_json_set_text(document, "src", vp_address_print(&hit->source, address));
	vp_json_set_number(document, "sport", hit->source_port);
	vp_json_set_text(document, "dst", vp_address_print(&hit->destination, address));
	vp_json_set_number(document, "dport", hit->destination_port);
	vp_json_set_text(document, "reason", vp_reason_name(hit->reason));
	vp_json_set_text(document, "detail", hit->detail);
	vp_json_set_text(document, "mode",
			 vp_mode_name(hit->monitor ? VP_MODE_MONITOR : VP_MODE_ENFORCE));
	return document;
}

static void add_end(const json_t *document, const char *address, const char *port,
		    struct vp_strbuf *out)
{
	const char *text = vp_render_text(document, address);
	bool brackets = strchr(text, ':');

	vp_strbuf_addf(out, "%s%s%s:%" PRIu64, brackets ? "[" : "", text, brackets ? "]" : "",
		       vp_json_get_number(document, port));
}

/* packet time verdict patch/rule proto source -> destination reason */
static void render_hit(const json_t *document, struct vp_page *page)
{
	_cleanup_strbuf_ struct vp_strbuf line = { 0 }, name = { 0 };
	const char *reason = vp_render_text(document, "reason");
	const char *detail = vp_json_get_text(document, "detail");
	bool monitor = !strcmp(vp_render_text(document, "mode"), "monitor");

	vp_strbuf_addf(&name, "%s/%s", vp_render_text(document, "patch"),
		       vp_render_text(document, "rule"));
	vp_strbuf_addf(&line, "%8" PRIu64 "  %s  %-7s %-*s  %-6s ",
		       vp_json_get_number(document, "packet"),
		       vp_render_text(document, "time"), vp_render_text(document, "verdict"),
		       (int)vp_json_get_number(document, "width"), vp_strbuf_text(&name),
		       vp_render_text(document, "proto"));
	add_end(document, "src", "sport", &line);
	vp_strbuf_adds(&line, " -> ");
	add_end(document, "dst", "dport", &line);
	if (strcmp(reason, "rule"))
		vp_strbuf_addf(&line, "  %s%s%s", reason, detail ? ": " : "",
			       detail ? detail : "");
	if (monitor)
		vp_strbuf_adds(&line, "  monitor");
	vp_strbuf_addc(&line, '\n');
	vp_page_raw(page, vp_strbuf_text(&line));
}

static void tell_hit(void *context, const struct vp_hit *hit, const struct timespec *time)
{
	struct replay *replay = context;
	const struct vp_placement *placement = placement_of(replay, hit->tag);
	_cleanup_json_ json_t *document = NULL;
	const char *id;

	if (!placement)
		return;
	if (hit->verdict == VP_VERDICT_PASS) {
		count_blind_spot(replay, hit);
		return;
	}
	id = placement->patch->id;
	vp_json_set_number(replay->hits, id, vp_json_get_number(replay->hits, id) + 1);
	document = hit_document(placement, hit, time);
	if (replay->ctl->out->ops == &vp_output_text)
		vp_json_set_number(document, "width", (uint64_t)replay->name_width);
	vp_output_item(replay->ctl->out, document, render_hit);
}

static void tell_progress(void *context, uint64_t packets)
{
	struct replay *replay = context;

	vp_output_progress(replay->ctl->out, "packets", packets, 0);
}

static uint64_t ban_of(void *context, uint32_t tag)
{
	const struct vp_placement *placement = placement_of(context, tag);

	return placement ? placement->rule->action.milliseconds : 0;
}

static const struct vp_playback_user user = {
	.hit = tell_hit,
	.ban = ban_of,
	.progress = tell_progress,
};

/* The summary */

static json_t *blind_spots(const struct replay *replay)
{
	json_t *list = json_array();

	vp_array_each (spot, &replay->blind_spots) {
		const struct vp_placement *placement = placement_of(replay, spot->tag);
		json_t *item = json_object();

		vp_json_set_text(item, "patch", placement->patch->id);
		vp_json_set_text(item, "rule", placement->rule->name);
		vp_json_set_text(item, "reason", vp_reason_name(spot->reason));
		vp_json_set_text(item, "detail", spot->detail);
		vp_json_set_number(item, "count", spot->count);
		if (spot->packet)
			vp_json_set_number(item, "packet", spot->packet);
		json_array_append_new(list, item);
	}
	return list;
}

/* Counts in the order in which they are told. */
static const struct {
	const char *name;
	size_t offset;
	const char *text; /* of the remark when it is not 0; NULL: no remark */
} remarks[] = {
#define COUNT(NAME, TEXT)                                                                     \
	{                                                                                     \
#NAME, offsetof(struct vp_playback_counts, NAME), TEXT                        \
	}
	COUNT(packets, NULL),
	COUNT(flows, NULL),
	COUNT(blocked, NULL),
	COUNT(banned, "of these were of sources that had been banned"),
	COUNT(altered, NULL),
	COUNT(cut, "packets were not captured whole and are not judged"),
	COUNT(behind_cut, "packets of connections with a cut packet are not judged"),
	COUNT(not_ip, "packets are not IP, or could not be taken apart"),
	COUNT(not_inspected, "IP packets have no transport that inspection reads"),
	COUNT(malformed, "packets are malformed: no receiver takes them"),
	COUNT(checksum, "packets have a wrong checksum: no receiver takes them"),
	COUNT(fragments, NULL),
	COUNT(datagrams, NULL),
	COUNT(refused,
	      "fragments overlap or contradict others and are dropped, as Linux does"),
	COUNT(incomplete, "fragmented datagrams never became whole"),
#undef COUNT
};

static uint64_t count_at(const struct vp_playback_counts *counts, size_t offset)
{
	uint64_t count;

	memcpy(&count, (const char *)counts + offset, sizeof(count));
	return count;
}

static json_t *make_summary(const struct replay *replay,
			    const struct vp_playback_counts *counts, const char *error)
{
	json_t *document = vp_json_document("vpatch.replay/1"), *summary = json_object();

	for (size_t i = 0; i < VP_COUNT(remarks); i++)
		vp_json_set_number(summary, remarks[i].name,
				   count_at(counts, remarks[i].offset));
	json_object_set(summary, "hits", replay->hits);
	json_object_set_new(summary, "blind_spots", blind_spots(replay));
	json_object_set(summary, "not_replayed", replay->not_replayed);
	vp_json_set_text(summary, "error", error);
	json_object_set_new(document, "summary", summary);
	return document;
}

static void render_counts(const json_t *summary, struct vp_page *page)
{
	char a[32], b[32], c[32];

	vp_page_line(page, 2, "%s packet%s, %s flow%s; %s blocked.",
		     vp_number_text(vp_json_get_number(summary, "packets"), a),
		     vp_json_get_number(summary, "packets") == 1 ? "" : "s",
		     vp_number_text(vp_json_get_number(summary, "flows"), b),
		     vp_json_get_number(summary, "flows") == 1 ? "" : "s",
		     vp_number_text(vp_json_get_number(summary, "blocked"), c));
	if (vp_json_get_number(summary, "fragments"))
		vp_page_line(page, 2, "%s fragments made %s datagrams.",
			     vp_number_text(vp_json_get_number(summary, "fragments"), a),
			     vp_number_text(vp_json_get_number(summary, "datagrams"), b));
	for (size_t i = 0; i < VP_COUNT(remarks); i++) {
		uint64_t count = vp_json_get_number(summary, remarks[i].name);

		if (remarks[i].text && count)
			vp_page_line(page, 2, "%s %s.", vp_number_text(count, a),
				     remarks[i].text);
	}
}

static void render_summary(const json_t *document, struct vp_page *page)
{
	json_t *summary = json_object_get(document, "summary");
	json_t *hits = json_object_get(summary, "hits"), *value;
	const char *id;
	const json_t *spot;
	char number[32];
	size_t i;

	if (json_object_size(hits))
		vp_page_blank(page);
	json_object_foreach (hits, id, value)
		vp_page_line(page, 2, "%s: %s hit%s", id,
			     vp_number_text((uint64_t)json_integer_value(value), number),
			     json_integer_value(value) == 1 ? "" : "s");
	if (!json_object_size(hits))
		vp_page_line(page, 0, "No rule has a hit.");
	json_array_foreach (json_object_get(summary, "blind_spots"), i, spot) {
		const char *detail = vp_json_get_text(spot, "detail");

		vp_page_line(page, 2, "%s/%s: %s%s%s, %s times: not decided by its rules",
			     vp_render_text(spot, "patch"), vp_render_text(spot, "rule"),
			     vp_render_text(spot, "reason"), detail ? " " : "",
			     detail ? detail : "",
			     vp_number_text(vp_json_get_number(spot, "count"), number));
	}
	render_counts(summary, page);
	i = json_array_size(json_object_get(summary, "not_replayed"));
	if (i)
		vp_page_line(page, 2, "%zu rule%s not replayed, see above.", i,
			     i == 1 ? " was" : "s were");
}

static enum vp_exit run(struct replay *replay, struct vp_capture *capture)
{
	struct vp_output *out = replay->ctl->out;
	_cleanup_json_ json_t *summary = NULL;
	const struct vp_playback_rules rules = { replay->header_scopes, replay->scopes };
	struct vp_playback_counts counts;
	struct vp_error err = { 0 };
	int r;

	r = vp_playback(capture, &rules, &user, replay, &counts, &err);
	summary = make_summary(replay, &counts, r ? err.text : NULL);
	vp_output_item(out, summary, render_summary);
	if (r)
		vp_output_note(out, "%s; what comes before it was judged", err.text);
	return r ? VP_EXIT_FINDINGS : VP_EXIT_GOOD;
}

enum vp_exit vp_ctl_replay(const struct vp_ctl *ctl)
{
	vp_cleanup(replay_free) struct replay replay = { .ctl = ctl };
	_cleanup_capture_ struct vp_capture *capture = NULL;
	struct vp_error err = { 0 };
	enum vp_exit status;

	replay.not_replayed = json_array();
	replay.hits = json_object();
	vp_output_progress(ctl->out, "reading definitions", 0, 0);
	vp_survey_read(&replay.survey, &ctl->option[VP_OPTION_POLICY], 1,
		       ctl->option[VP_OPTION_OVERRIDES]);
	status = plan(&replay);
	if (status != VP_EXIT_GOOD)
		return status;
	capture = vp_capture_open(ctl->option[VP_OPTION_PCAP], &err);
	if (!capture)
		return vp_output_failure(ctl->out, VP_EXIT_USAGE, "%s", err.text);
	return run(&replay, capture);
}
