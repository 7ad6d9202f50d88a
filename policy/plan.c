/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The planner: modes, expiry, services and addresses of this host, the guard,
 * placements in evaluation order, blind spots. Pure; what the plan becomes at an
 * enforcement point is the module's business.
 */
#include <stdio.h>

#include "lib/digest.h"
#include "policy/failure.h"
#include "policy/lifeline.h"
#include "policy/plan_builder.h"
#include "policy/ports.h"

void vp_plan_blind_spot(struct vp_plan *plan, const struct vp_patch *patch, const char *code,
			char *text)
{
	struct vp_blind_spot *spot;

	/* the rules of a service all say the same of it */
	for (size_t i = plan->blind_spots.len; i-- > 0;) {
		spot = &plan->blind_spots.data[i];
		if (spot->patch != patch)
			break;
		if (!strcmp(spot->text, text)) {
			free(text);
			return;
		}
	}
	spot = vp_array_add(&plan->blind_spots);
	*spot = (struct vp_blind_spot){ .patch = patch, .code = code, .text = text };
}

static bool expired(const struct vp_patch *patch, const struct vp_host *host)
{
	return patch->expires && host->clock_synchronised && host->now >= patch->expires;
}

static bool planned(const struct vp_patch *patch, const struct vp_host *host)
{
	return !patch->disabled &&
	       !(patch->on_expiry == VP_EXPIRY_REMOVE && expired(patch, host));
}

/* Tags */

static uint32_t tag_of(const char *id, const char *separator, const char *name)
{
	uint64_t digest = vp_digest(VP_DIGEST_SEED, id, strlen(id));

	digest = vp_digest(digest, separator, strlen(separator));
	digest = vp_digest(digest, name, strlen(name));
	return (uint32_t)(digest ^ digest >> 32);
}

/* Puts `tag`, or the next free number, into the hash set `taken` of `mask` + 1 slots; never 0.
 */
static uint32_t tag_claim(uint32_t *taken, size_t mask, uint32_t tag)
{
	for (;; tag++) {
		size_t slot = tag & mask;

		if (!tag)
			continue;
		while (taken[slot] && taken[slot] != tag)
			slot = (slot + 1) & mask;
		if (taken[slot])
			continue;
		taken[slot] = tag;
		return tag;
	}
}

struct ranked {
	const struct vp_patch *patch;
	const uint32_t *rules, *sections; /* tags */
};

VP_ARRAY_TYPE(ranking, struct ranked);

/*
 * Tags of all rules and sections, by id, disabled patches included: enabling one patch must
 * not change another one's tag. Those of rules come first and have theirs whatever sections
 * there are. *tags is owned by the caller and holds all.
 */
static void rank_patches(const struct vp_policy *policy, struct ranking *ranking,
			 uint32_t **tags)
{
	_cleanup_free_ uint32_t *taken = NULL;
	size_t count = 0, mask = 15, n = 0;

	vp_array_each (patch, &policy->patches)
		count += (*patch)->rules.len + (*patch)->syscalls.len;
	while (mask < 2 * count)
		mask = 2 * mask + 1;
	taken = vp_alloc(mask + 1, sizeof(*taken));
	*tags = vp_alloc(count, sizeof(**tags));
	vp_array_each (patch, &policy->patches) {
		vp_array_push(ranking, ((struct ranked){ *patch, *tags + n, NULL }));
		vp_array_each (rule, &(*patch)->rules)
			(*tags)[n++] =
				tag_claim(taken, mask, tag_of((*patch)->id, "/", rule->name));
	}
	vp_array_each (ranked, ranking) {
		ranked->sections = *tags + n;
		vp_array_each (section, &ranked->patch->syscalls)
			(*tags)[n++] = tag_claim(
				taken, mask, tag_of(ranked->patch->id, "//", section->name));
	}
}

static int patch_order(const struct vp_patch *a, const struct vp_patch *b)
{
	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	return strcmp(a->id, b->id);
}

static int rank_compare(const void *a, const void *b)
{
	return patch_order(((const struct ranked *)a)->patch,
			   ((const struct ranked *)b)->patch);
}

/* Services */

static int range_compare(const void *a, const void *b)
{
	const struct vp_address_range *x = a, *y = b;
	int order = vp_address_compare(&x->first, &y->first);

	return order ? order : vp_address_compare(&x->last, &y->last);
}

/* Sorted and disjoint; neighbours become one. */
static void addresses_normalise(struct vp_placement *placement)
{
	struct vp_address_range *list = placement->addresses.data;
	size_t kept = 0;

	if (!placement->addresses.len)
		return;
	qsort(list, placement->addresses.len, sizeof(*list), range_compare);
	for (size_t i = 1; i < placement->addresses.len; i++) {
		struct vp_address next = list[kept].last;
		bool more = vp_address_step(&next, 1);

		if (list[i].first.family == list[kept].first.family &&
		    (!more || vp_address_compare(&list[i].first, &next) <= 0)) {
			if (vp_address_compare(&list[i].last, &list[kept].last) > 0)
				list[kept].last = list[i].last;
		} else {
			list[++kept] = list[i];
		}
	}
	placement->addresses.len = kept + 1;
}

static void resolve_addresses(struct vp_placement *placement)
{
	placement->local = !placement->service->addresses.len;
	vp_array_each (value, &placement->service->addresses) {
		if (value->kind == VP_VALUE_ADDRESS)
			vp_array_push(&placement->addresses, value->address);
		if (value->kind != VP_VALUE_SET || !value->reference.set)
			continue;
		vp_array_each (element, &value->reference.set->values)
			if (element->kind == VP_VALUE_ADDRESS)
				vp_array_push(&placement->addresses, element->address);
	}
	addresses_normalise(placement);
}

static bool socket_belongs(const struct vp_socket *socket, const struct vp_service *service)
{
	if (service->unit)
		return socket->unit && !strcmp(socket->unit, service->unit);
	return socket->process && !strcmp(socket->process, service->process);
}

static void resolve_ports(struct vp_port_ranges *ports, const struct vp_service *service,
			  const struct vp_host *host)
{
	vp_array_each (range, &service->ports)
		vp_array_push(ports, *range);
	if (!service->unit && !service->process)
		return;
	vp_array_each (socket, &host->sockets) {
		if (socket_belongs(socket, service))
			vp_array_push(ports, ((struct vp_port_range){
						     .protocol = socket->protocol,
						     .first = socket->port,
						     .last = socket->port,
						     .at = service->at,
					     }));
	}
	vp_ports_normalise(ports);
}

/* False, with a finding, when the service has no port or address to shield here. */
static bool resolve_service(struct vp_plan_builder *b, struct vp_placement *placement)
{
	const struct vp_service *service = placement->service;

	resolve_ports(&placement->ports, service, b->host);
	resolve_addresses(placement);
	if (!placement->ports.len) {
		vp_find(b->findings,
			b->host->examples_allowed ? VP_FINDING_WARNING : VP_FINDING_ERROR,
			&service->at,
			"expected %s %s of service %s to listen on this host, found no "
			"socket; "
			"start it, or write the ports: ports = tcp/80",
			service->unit ? "unit" : "process",
			service->unit ? service->unit : service->process, service->name);
		return false;
	}
	if (!placement->local && !placement->addresses.len) {
		vp_find_error(b->findings, &service->at,
			      "expected an address for service %s, found only empty sets",
			      service->name);
		return false;
	}
	return true;
}

/* The guard */

static void plan_management(struct vp_plan_builder *b, const struct vp_policy *policy)
{
	struct vp_port_ranges *management = &b->plan->management;

	vp_array_each (range, &b->host->management)
		vp_array_push(management, *range);
	vp_array_each (patch, &policy->patches) {
		if (!planned(*patch, b->host))
			continue;
		vp_array_each (service, &(*patch)->services) {
			struct vp_port_ranges ports = { 0 };

			if (!service->management_forced || service->addresses.len)
				continue;
			resolve_ports(&ports, service, b->host);
			vp_ports_subtract(management, &ports);
			vp_array_free(&ports);
		}
	}
	vp_ports_normalise(management);
}

static bool own_address(const struct vp_plan_builder *b, const struct vp_placement *placement)
{
	vp_array_each (own, &b->host->addresses)
		vp_array_each (range, &placement->addresses)
			if (vp_address_compare(&range->first, &own->last) <= 0 &&
			    vp_address_compare(&own->first, &range->last) <= 0)
				return true;
	return false;
}

static void check_management(struct vp_plan_builder *b, const struct vp_placement *placement)
{
	const struct vp_service *service = placement->service;
	struct vp_port_ranges shared = { 0 }, left = { 0 };
	char text[40];

	if (!placement->local && !own_address(b, placement))
		return;
	vp_ports_intersect(&placement->ports, &b->plan->management, &shared);
	if (!shared.len)
		return;
	vp_array_each (range, &placement->ports)
		vp_array_push(&left, *range);
	vp_ports_subtract(&left, &b->plan->management);
	vp_port_range_print(&shared.data[0], text);
	if (placement->local && !left.len)
		vp_find_error(
			b->findings, &service->at,
			"expected a service that is not management, found %s: management "
			"ports always pass, so that no patch can lock you out, and this "
			"rule would never act; to shield them all the same write in "
			"[service %s]: management = force",
			text, service->name);
	else
		vp_plan_blind_spot(
			b->plan, b->patch, "management",
			vp_format("service %s: %s of this host is management and always "
				  "passes",
				  service->name, text));
	vp_array_free(&shared);
	vp_array_free(&left);
}

/* Somebody else's packets only pass by; what is for many hosts is for this one too. */
static bool reaches_us(const struct vp_plan_builder *b, const struct vp_placement *placement)
{
	if (placement->local || own_address(b, placement))
		return true;
	vp_array_each (range, &placement->addresses)
		if (range->last.bytes[0] >= (range->last.family == 4 ? 224 : 0xfe))
			return true;
	return false;
}

static void check_lifelines(struct vp_plan_builder *b, const struct vp_placement *placement)
{
	unsigned int named, met = vp_lifelines_met(placement, &named);

	if (placement->mode != VP_MODE_ENFORCE || !reaches_us(b, placement))
		return;
	if (placement->service->management_forced)
		b->forced |= met;
	else
		b->plan->lifelines |= met & ~named;
}

/* What the guard lets pass, of what the rule would see. */
static void tell_lifelines(struct vp_plan_builder *b, const struct vp_placement *placement)
{
	unsigned int named, met = vp_lifelines_met(placement, &named) & b->plan->lifelines;

	if (!met || !reaches_us(b, placement))
		return;
	for (unsigned int i = 0; i < VP_LIFELINE_COUNT; i++) {
		if (!(met & VP_LIFELINE_BIT(i)))
			continue;
		vp_plan_blind_spot(b->plan, placement->patch, "management",
				   vp_format("service %s: %s always pass",
					     placement->service->name, vp_lifeline_name(i)));
		if (named & VP_LIFELINE_BIT(i))
			vp_find_warning(
				b->findings, &placement->rule->at,
				"rule %s of %s is about %s, but these always pass here: "
				"another patch would stop all of them; give that one "
				"conditions, or write management = force",
				placement->rule->name, placement->patch->id,
				vp_lifeline_name(i));
	}
}

static bool covers_udp(const struct vp_placement *placement)
{
	vp_array_each (range, &placement->ports)
		if (vp_protocol_traffic(range->protocol) & VP_TRAFFIC_UDP)
			return true;
	return false;
}

/* Does netfilter look into datagrams that may come several in one? */
static bool looks_into_batches(const struct vp_placement *placement)
{
	if (placement->point != VP_POINT_NETFILTER || !covers_udp(placement))
		return false;
	vp_array_each (condition, &placement->rule->when)
		if (condition->field->id == VP_FIELD_DATAGRAM ||
		    condition->field->id == VP_FIELD_DATAGRAM_LEN)
			return true;
	return false;
}

/* What inspection does not see, of anything that it reads for this plan. */
enum {
	UNSEEN_BEFORE = 1,     /* what went by before */
	UNSEEN_WHILE_GONE = 2, /* some services pass when nobody reads */
	UNSEEN_ENCRYPTED = 4,
	UNSEEN_HTTP = 8,
};

static void note_unseen(struct vp_plan_builder *b, const struct vp_placement *placement)
{
	const char *application = placement->service->application;
	bool tls = application && !strcmp(application, "tls");

	if (placement->point != VP_POINT_INSPECTION)
		return;
	b->unseen |= UNSEEN_BEFORE;
	if (vp_failure_class_of(placement) != VP_CLASS_BLOCK)
		b->unseen |= UNSEEN_WHILE_GONE;
	if (application && !tls)
		b->unseen |= UNSEEN_ENCRYPTED;
	if (application && !strcmp(application, "http"))
		b->unseen |= UNSEEN_HTTP;
	if (tls)
		return;
	vp_array_each (range, &placement->ports)
		if (range->protocol == 6 && range->first == range->last &&
		    vp_port_carries_tls(range->first))
			vp_plan_blind_spot(
				b->plan, b->patch, "encrypted",
				vp_format("service %s: tcp/%u usually carries TLS, of which "
					  "no rule can read anything",
					  placement->service->name, range->first));
}

static void plan_rule(struct vp_plan_builder *b, const struct vp_rule *rule, uint32_t tag)
{
	const struct vp_service *service = &b->patch->services.data[rule->service];
	struct vp_placement placement = { .patch = b->patch,
					  .rule = rule,
					  .service = service,
					  .mode = b->mode,
					  .tag = tag };
	int point = vp_place(rule, service, b->points, &placement.reason);

	if (point == VP_POINT_INSPECTION && !vp_kernel_queues(&b->host->kernel)) {
		vp_find_error(b->findings, &rule->at,
			      "expected a kernel that can send packets to inspection for rule "
			      "%s (%s), found one without the queue expression and without "
			      "the NFQUEUE target; load or build nft_queue "
			      "(CONFIG_NFT_QUEUE), or xt_NFQUEUE and nft_compat",
			      rule->name, placement.reason);
		free(placement.reason);
		return;
	}
	if (point < 0)
		vp_find_error(b->findings, &rule->at,
			      "expected a rule that this build can enforce, found rule %s: %s",
			      rule->name, placement.reason);
	if (!resolve_service(b, &placement) || point < 0) {
		vp_array_free(&placement.ports);
		vp_array_free(&placement.addresses);
		free(placement.reason);
		return;
	}
	placement.point = (enum vp_point)point;
	if (!service->management_forced)
		check_management(b, &placement);
	check_lifelines(b, &placement);
	b->bounded |= rule->action.verdict == VP_VERDICT_BAN ||
		      (rule->action.verdict == VP_VERDICT_LIMIT && rule->action.per_source);
	b->published |= placement.local;
	b->batched |= looks_into_batches(&placement);
	note_unseen(b, &placement);
	vp_array_push(&b->plan->placements, placement);
}

static void check_sets(struct vp_plan_builder *b)
{
	vp_array_each (set, &b->patch->sets) {
		if (!set->site_required || set->from_site || b->host->examples_allowed)
			continue;
		vp_find_error(
			b->findings, &set->at,
			"expected this site's values for set %s, found only the examples of "
			"the definition; put [set %s] with values = ... into a file in "
			"overrides.d",
			set->name, set->name);
	}
}

static void plan_expiry(struct vp_plan_builder *b)
{
	char date[32];
	struct tm tm;
	time_t last = b->patch->expires - 1;

	if (!expired(b->patch, b->host))
		return;
	gmtime_r(&last, &tm);
	strftime(date, sizeof(date), "%Y-%m-%d", &tm);
	vp_find_warning(b->findings, &b->patch->at, "patch %s expired with %s: %s",
			b->patch->id, date,
			b->patch->on_expiry == VP_EXPIRY_MONITOR  ? "it only monitors now"
			: b->patch->on_expiry == VP_EXPIRY_REMOVE ? "it is no longer enforced"
								  : "it is still enforced");
	if (b->patch->on_expiry == VP_EXPIRY_MONITOR)
		b->mode = VP_MODE_MONITOR;
}

static void plan_patch(struct vp_plan_builder *b, const struct ranked *ranked)
{
	size_t first = b->plan->placements.len, first_call = b->plan->calls.len;

	b->patch = ranked->patch;
	b->mode = b->patch->mode;
	if (b->patch->disabled)
		return;
	plan_expiry(b);
	if (!planned(b->patch, b->host))
		return;
	check_sets(b);
	for (size_t i = 0; i < b->patch->rules.len; i++)
		plan_rule(b, &b->patch->rules.data[i], ranked->rules[i]);
	vp_plan_place_calls(b, ranked->sections);
	if (b->plan->placements.len == first && b->plan->calls.len == first_call)
		return;
	vp_array_each (text, &b->patch->blind_spots)
		vp_plan_blind_spot(b->plan, b->patch, "author", vp_strdup(*text));
}

/* Blind spots of the whole host */

static void inspection_blind_spots(struct vp_plan_builder *b)
{
	static const struct {
		unsigned int bit;
		const char *code, *text;
	} rows[] = {
		{ UNSEEN_BEFORE, "midstream",
		  "connections that began before their service was inspected are read from "
		  "the first message that is found; what went by before is not seen; a raw "
		  "stream that is open when its rules change is judged by the former ones" },
		{ UNSEEN_WHILE_GONE, "unread",
		  "while the inspection processes are gone or overloaded, services of the "
		  "classes pass and watch pass unread, counted as such" },
		{ UNSEEN_ENCRYPTED, "encrypted",
		  "what is encrypted is not read: TLS at a port that is declared otherwise, "
		  "STARTTLS, SSH behind its key exchange; it passes and is counted" },
		{ UNSEEN_HTTP, "http2",
		  "HTTP/2 is recognised by its preface, upgrades and tunnels by their answer; "
		  "they are not read, pass and are counted" },
		{ UNSEEN_HTTP, "quic",
		  "HTTP/3 comes over QUIC, which is not inspected: a server that offers it "
		  "is shielded only where its UDP port is closed" },
	};

	for (size_t i = 0; i < VP_COUNT(rows); i++)
		if (b->unseen & rows[i].bit)
			vp_plan_blind_spot(b->plan, NULL, rows[i].code,
					   vp_strdup(rows[i].text));
}

static void host_blind_spots(struct vp_plan_builder *b)
{
	char a[VP_ADDRESS_TEXT], c[VP_ADDRESS_TEXT], ports[40];

	if (!b->plan->placements.len)
		return;
	vp_array_each (range, &b->plan->management)
		vp_plan_blind_spot(b->plan, NULL, "management",
				   vp_format("%s of this host always passes",
					     vp_port_range_print(range, ports)));
	for (unsigned int i = 0; i < VP_LIFELINE_COUNT; i++)
		if (b->plan->lifelines & VP_LIFELINE_BIT(i))
			vp_plan_blind_spot(
				b->plan, NULL, "management",
				vp_format("%s without IP options or extension headers always "
					  "pass: %s",
					  vp_lifeline_name(i), vp_lifeline_reason(i)));
	vp_array_each (session, &b->host->sessions)
		vp_plan_blind_spot(
			b->plan, NULL, "session",
			vp_format("the connection that applies, %s port %u to %s port %u, "
				  "always passes",
				  vp_address_print(&session->peer, a), session->peer_port,
				  vp_address_print(&session->local, c), session->local_port));
	vp_array_each (bypass, &b->host->bypasses)
		vp_plan_blind_spot(b->plan, NULL, bypass->kind,
				   vp_format("%s at %s: its packets do not pass the shields",
					     bypass->kind, bypass->where));
	if (b->published)
		vp_plan_blind_spot(
			b->plan, NULL, "published",
			vp_strdup("published container ports are shielded where the kernel "
				  "translates the destination; a proxy process that opens the "
				  "inner connection itself is seen only at its own port"));
	if (b->batched)
		vp_plan_blind_spot(
			b->plan, NULL, "batch",
			vp_strdup("UDP datagrams that a program, container or guest of this "
				  "host hands over in one batch (UDP_SEGMENT), or that the "
				  "kernel joins for a receiver that asked for it (UDP_GRO), "
				  "are judged by the first of them"));
	if (b->bounded)
		vp_plan_blind_spot(
			b->plan, NULL, "bounded",
			vp_strdup("limits per source and bans track at most 65535 sources "
				  "each; while a table is full, a new source is not counted"));
	inspection_blind_spots(b);
	if (!b->host->table_ownership || !b->host->kernel.owner_persist)
		vp_plan_blind_spot(
			b->plan, NULL, "table",
			vp_strdup("another program of root may flush the table; vpatchd "
				  "restores it at once, and the gap is an event"));
}

void vp_plan_build(struct vp_plan *plan, const struct vp_policy *policy,
		   const struct vp_host *host, unsigned int points,
		   struct vp_findings *findings)
{
	struct vp_plan_builder b = {
		.plan = plan, .host = host, .points = points, .findings = findings
	};
	struct ranking ranking = { 0 };
	_cleanup_free_ uint32_t *tags = NULL;

	plan->policy = policy;
	rank_patches(policy, &ranking, &tags);
	if (ranking.len)
		qsort(ranking.data, ranking.len, sizeof(*ranking.data), rank_compare);
	plan_management(&b, policy);
	vp_array_each (ranked, &ranking)
		plan_patch(&b, ranked);
	plan->lifelines &= ~b.forced;
	vp_array_each (placement, &plan->placements)
		tell_lifelines(&b, placement);
	vp_plan_unseen_calls(plan);
	host_blind_spots(&b);
	vp_array_free(&ranking);
}

const struct vp_patch *vp_plan_next(const struct vp_plan *plan, size_t placement, size_t call)
{
	const struct vp_patch *a = placement < plan->placements.len
					   ? plan->placements.data[placement].patch
					   : NULL;
	const struct vp_patch *b =
		call < plan->calls.len ? plan->calls.data[call].patch : NULL;

	if (!a || !b)
		return a ? a : b;
	return patch_order(b, a) < 0 ? b : a;
}

void vp_plan_free(struct vp_plan *plan)
{
	if (!plan)
		return;
	vp_array_each (placement, &plan->placements) {
		vp_array_free(&placement->ports);
		vp_array_free(&placement->addresses);
		free(placement->reason);
	}
	vp_array_each (spot, &plan->blind_spots)
		free(spot->text);
	vp_array_free(&plan->placements);
	vp_array_free(&plan->calls);
	vp_array_free(&plan->blind_spots);
	vp_array_free(&plan->management);
	plan->policy = NULL;
}
