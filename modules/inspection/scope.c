/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scopes of a plan: see scope.h. Addresses become ranks, ranks and ports become
 * disjoint regions with one list of rules each; a list becomes scopes by what
 * its rules need. Equal lists are compiled once.
 */
#include <errno.h>
#include <netinet/in.h>

#include "lib/cleanup.h"
#include "modules/inspection/database.h"
#include "modules/inspection/scope_layout.h"
#include "modules/netfilter/region.h"

/* While compiling. */
struct compiler {
	const struct vp_plan *plan;
	struct vp_scopes *out;
	struct vp_lists lists;			/* of placements */
	VP_ARRAY(struct vp_scope_span) of_list; /* by list; count 0: not yet made */
	struct vp_error *err;
	int failed;
};

/* The traffic that a protocol number is, of those that are inspected. */
static unsigned int traffic_of(uint32_t protocol)
{
	return vp_protocol_traffic((uint16_t)protocol) &
	       (VP_TRAFFIC_TCP | VP_TRAFFIC_UDP | VP_TRAFFIC_ICMP | VP_TRAFFIC_ICMPV6);
}

static int by_address(const void *a, const void *b)
{
	return vp_address_compare(a, b);
}

/* The rank of an address: how many bounds are not above it, less one. */
static int64_t rank_of(const struct vp_scopes *scopes, const struct vp_address *address)
{
	size_t low = 0, high = scopes->bounds.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (vp_address_compare(&scopes->bounds.data[middle], address) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return (int64_t)low - 1;
}

static bool is_ours(const struct vp_placement *placement)
{
	return placement->point == VP_POINT_INSPECTION;
}

/* Every place where some service's addresses begin or have ended. */
static void collect_bounds(struct compiler *c)
{
	struct vp_scopes *out = c->out;
	size_t kept = 0;

	vp_array_each (placement, &c->plan->placements) {
		if (!is_ours(placement))
			continue;
		vp_array_each (range, &placement->addresses) {
			struct vp_address behind = range->last;

			vp_array_push(&out->bounds, range->first);
			if (vp_address_step(&behind, 1))
				vp_array_push(&out->bounds, behind);
		}
	}
	if (!out->bounds.len)
		return;
	qsort(out->bounds.data, out->bounds.len, sizeof(*out->bounds.data), by_address);
	for (size_t i = 0; i < out->bounds.len; i++)
		if (!i ||
		    vp_address_compare(&out->bounds.data[i], &out->bounds.data[kept - 1]))
			out->bounds.data[kept++] = out->bounds.data[i];
	out->bounds.len = kept;
}

/* How traffic has to be read for a rule: validation saw to it that there is one way. */
static enum vp_read reading_of_conditions(const struct vp_conditions *conditions)
{
	enum vp_read reading = VP_READ_ANYHOW;

	vp_array_each (condition, conditions) {
		if (reading == VP_READ_ANYHOW)
			reading = vp_field_reading(condition->field);
		if (reading == VP_READ_ANYHOW && condition->other)
			reading = vp_field_reading(condition->other->field);
	}
	return reading;
}

static enum vp_read reading_of(const struct vp_placement *placement)
{
	const struct vp_service *service = placement->service;
	enum vp_read reading = reading_of_conditions(&placement->rule->when);

	if (reading == VP_READ_ANYHOW)
		reading = reading_of_conditions(&placement->rule->except);
	if (reading != VP_READ_ANYHOW)
		return reading;
	return service->application ? VP_READ_PARSED
	       : service->frame	    ? VP_READ_FRAMED
				    : VP_READ_RAW;
}

static const char *application_of(const struct vp_placement *placement)
{
	return reading_of(placement) == VP_READ_PARSED ? placement->service->application
						       : NULL;
}

static const char *frame_of(const struct vp_placement *placement)
{
	return reading_of(placement) == VP_READ_FRAMED ? placement->service->frame : NULL;
}

static bool same_text(const char *a, const char *b)
{
	return !a == !b && (!a || !strcmp(a, b));
}

static bool same_reading(const struct vp_placement *a, const struct vp_placement *b)
{
	return a->rule->direction == b->rule->direction &&
	       same_text(application_of(a), application_of(b)) &&
	       same_text(frame_of(a), frame_of(b));
}

static void set_failure(struct vp_scope *scope, const struct vp_placement *const *rules,
			size_t count)
{
	scope->tag = rules[0]->tag;
	for (size_t i = 0; i < count; i++) {
		enum vp_on_failure on_failure = rules[i]->patch->on_failure;

		if (rules[i]->mode != VP_MODE_ENFORCE ||
		    (scope->enforce && on_failure <= scope->on_failure))
			continue;
		scope->enforce = true;
		scope->on_failure = on_failure;
		scope->tag = rules[i]->tag;
	}
}

static void drop_scope(struct vp_scope **scope)
{
	if (*scope)
		vp_scope_release(*scope);
}

static void make_scope(struct compiler *c, const struct vp_placement *const *rules,
		       size_t count, unsigned int traffic)
{
	const struct vp_service *service = rules[0]->service;
	const char *application = application_of(rules[0]);
	vp_cleanup(drop_scope) struct vp_scope *scope = vp_scope_new();

	scope->direction = rules[0]->rule->direction;
	scope->protocol = vp_protocol_for(application, traffic);
	if (!scope->protocol) {
		c->failed = vp_fail(c->err, -EOPNOTSUPP,
				    "%s:%u: there is no parser for application %s on that "
				    "traffic",
				    service->at.file, service->at.line,
				    application ? application : "\"\"");
		return;
	}
	scope->program = vp_program_compile(rules, count, c->err);
	if (!scope->program) {
		c->failed = c->err && c->err->code ? c->err->code : -EINVAL;
		return;
	}
	set_failure(scope, rules, count);
	scope->frame = vp_strdup(frame_of(rules[0]));
	vp_array_push(&c->out->found, (uint32_t)c->out->scopes.len);
	vp_array_push(&c->out->scopes, TAKE_PTR(scope));
}

/* The scopes of a list of placements on one kind of traffic. */
static struct vp_scope_span make_scopes(struct compiler *c, const uint32_t *list, size_t count,
					unsigned int traffic)
{
	struct vp_scope_span found = { .first = (uint32_t)c->out->found.len };
	_cleanup_free_ const struct vp_placement **rules = vp_alloc(count, sizeof(*rules));
	_cleanup_free_ bool *done = vp_alloc(count, sizeof(*done));

	for (size_t i = 0; i < count && !c->failed; i++) {
		const struct vp_placement *first = &c->plan->placements.data[list[i]];
		size_t same = 0;

		if (done[i])
			continue;
		for (size_t k = i; k < count; k++) {
			const struct vp_placement *other = &c->plan->placements.data[list[k]];

			if (done[k] || !same_reading(first, other))
				continue;
			done[k] = true;
			rules[same++] = other;
		}
		make_scope(c, rules, same, traffic);
	}
	found.count = (uint32_t)c->out->found.len - found.first;
	return found;
}

/*
 * The scopes of a list, made once for TCP and once for all else: no program has
 * to tell them apart.
 */
static struct vp_scope_span scopes_of(struct compiler *c, uint32_t list, unsigned int traffic)
{
	size_t slot = 2 * (size_t)list + (traffic == VP_TRAFFIC_TCP);

	while (c->of_list.len <= slot)
		vp_array_add(&c->of_list);
	if (!c->of_list.data[slot].count)
		c->of_list.data[slot] = make_scopes(c, vp_list_rules(&c->lists, list),
						    vp_list_count(&c->lists, list), traffic);
	return c->of_list.data[slot];
}

static void add_span(struct vp_spans *spans, uint32_t protocol, uint32_t first, uint32_t last,
		     uint32_t rule)
{
	if (traffic_of(protocol))
		vp_array_push(spans, ((struct vp_span){ .first = protocol << 16 | first,
							.last = protocol << 16 | last,
							.rule = rule }));
}

static void add_ports(struct vp_spans *spans, const struct vp_placement *placement,
		      uint32_t rule)
{
	static const uint8_t all[] = { IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP,
				       IPPROTO_ICMPV6 };

	vp_array_each (range, &placement->ports) {
		if (range->protocol != VP_PROTOCOL_ANY) {
			add_span(spans, range->protocol, range->first, range->last, rule);
			continue;
		}
		for (size_t i = 0; i < VP_COUNT(all); i++)
			add_span(spans, all[i], 0, UINT16_MAX, rule);
	}
}

static void make_table(struct compiler *c, struct vp_port_table *table, struct vp_spans *spans)
{
	struct vp_regions regions = { 0 };

	vp_spans_split(spans, &c->lists, &regions);
	vp_array_each (region, &regions) {
		uint32_t protocol = region->first >> 16;

		/* a region of equal lists may run over the end of a protocol */
		for (; protocol <= region->last >> 16 && !c->failed; protocol++) {
			uint32_t first = protocol << 16, last = first | UINT16_MAX;

			if (!traffic_of(protocol))
				continue;
			vp_array_push(
				&table->regions,
				((struct vp_port_scopes){
					first > region->first ? first : region->first,
					last < region->last ? last : region->last,
					scopes_of(c, region->list, traffic_of(protocol)) }));
		}
	}
	vp_array_free(&regions);
}

static void local_spans(const struct compiler *c, struct vp_spans *spans)
{
	for (uint32_t i = 0; i < c->plan->placements.len; i++)
		if (is_ours(&c->plan->placements.data[i]) && c->plan->placements.data[i].local)
			add_ports(spans, &c->plan->placements.data[i], i);
}

/* The addresses of services, as regions of ranks that have the same rules. */
static void address_regions(struct compiler *c, struct vp_regions *regions)
{
	struct vp_spans spans = { 0 };

	for (uint32_t i = 0; i < c->plan->placements.len; i++) {
		const struct vp_placement *placement = &c->plan->placements.data[i];

		if (!is_ours(placement))
			continue;
		vp_array_each (range, &placement->addresses)
			vp_array_push(
				&spans,
				((struct vp_span){
					.first = (uint32_t)rank_of(c->out, &range->first),
					.last = (uint32_t)rank_of(c->out, &range->last),
					.rule = i }));
	}
	vp_spans_split(&spans, &c->lists, regions);
	vp_array_free(&spans);
}

static void make_address(struct compiler *c, const struct vp_region *region)
{
	struct vp_address_scopes *address = vp_array_add(&c->out->addresses);
	struct vp_spans spans = { 0 };
	_cleanup_free_ uint32_t *rules =
		vp_memdup(vp_list_rules(&c->lists, region->list),
			  vp_list_count(&c->lists, region->list) * sizeof(*rules));

	address->first = region->first;
	address->last = region->last;
	for (size_t i = 0; i < vp_list_count(&c->lists, region->list); i++)
		add_ports(&spans, &c->plan->placements.data[rules[i]], rules[i]);
	make_table(c, &address->remote, &spans);
	local_spans(c, &spans);
	make_table(c, &address->local, &spans);
	vp_array_free(&spans);
}

struct vp_scopes *vp_scopes_compile(const struct vp_plan *plan, struct vp_error *err)
{
	struct compiler c = { .plan = plan, .out = vp_new(struct vp_scopes), .err = err };
	struct vp_regions regions = { 0 };
	struct vp_spans spans = { 0 };

	c.failed = vp_matcher_check(err);
	collect_bounds(&c);
	address_regions(&c, &regions);
	for (size_t i = 0; i < regions.len && !c.failed; i++)
		make_address(&c, &regions.data[i]);
	local_spans(&c, &spans);
	if (!c.failed)
		make_table(&c, &c.out->local, &spans);
	vp_array_free(&spans);
	vp_array_free(&regions);
	vp_array_free(&c.of_list);
	vp_lists_free(&c.lists);
	if (!c.failed)
		return c.out;
	vp_scopes_free(c.out);
	return NULL;
}

struct vp_scope *vp_scope_new(void)
{
	struct vp_scope *scope = vp_new(struct vp_scope);

	scope->units = vp_unit_pool_new();
	scope->holders = 1;
	return scope;
}

const struct vp_scope *vp_scope_hold(const struct vp_scope *scope)
{
	((struct vp_scope *)scope)->holders++;
	return scope;
}

void vp_scope_release(const struct vp_scope *scope)
{
	struct vp_scope *own = (struct vp_scope *)scope;

	if (--own->holders)
		return;
	vp_unit_pool_free(own->units);
	vp_program_free(own->program);
	free(own->frame);
	free(own);
}

static bool same_scope(const struct vp_scope *a, const struct vp_scope *b)
{
	return a->digest && a->digest == b->digest && a->protocol == b->protocol &&
	       a->direction == b->direction && a->enforce == b->enforce &&
	       a->on_failure == b->on_failure && a->tag == b->tag &&
	       same_text(a->frame, b->frame);
}

void vp_scopes_share(struct vp_scopes *scopes, const struct vp_scopes *older)
{
	vp_array_each (scope, &scopes->scopes)
		vp_array_each (other, &older->scopes)
			if (*scope != *other && same_scope(*scope, *other)) {
				vp_scope_release(*scope);
				*scope = (struct vp_scope *)vp_scope_hold(*other);
				break;
			}
}

void vp_scopes_free(struct vp_scopes *scopes)
{
	if (!scopes)
		return;
	vp_array_each (scope, &scopes->scopes)
		vp_scope_release(*scope);
	vp_array_each (address, &scopes->addresses) {
		vp_array_free(&address->remote.regions);
		vp_array_free(&address->local.regions);
	}
	vp_array_free(&scopes->scopes);
	vp_array_free(&scopes->found);
	vp_array_free(&scopes->bounds);
	vp_array_free(&scopes->addresses);
	vp_array_free(&scopes->local.regions);
	free(scopes);
}

size_t vp_scopes_count(const struct vp_scopes *scopes)
{
	return scopes->scopes.len;
}

const struct vp_scope *vp_scope(const struct vp_scopes *scopes, size_t scope)
{
	return scopes->scopes.data[scope];
}

static const struct vp_address_scopes *region_of(const struct vp_scopes *scopes,
						 const struct vp_address *address)
{
	int64_t rank = rank_of(scopes, address);
	size_t at;

	if (rank < 0)
		return NULL;
	at = vp_array_lower(&scopes->addresses, last, (uint64_t)rank);
	if (at == scopes->addresses.len || scopes->addresses.data[at].first > rank)
		return NULL;
	return &scopes->addresses.data[at];
}

bool vp_scopes_has_address(const struct vp_scopes *scopes, const struct vp_address *address)
{
	return region_of(scopes, address);
}

struct vp_scope_list vp_scopes_find(const struct vp_scopes *scopes, uint8_t protocol,
				    const struct vp_address *address, uint16_t port,
				    bool local)
{
	const struct vp_address_scopes *region = region_of(scopes, address);
	const struct vp_port_table *table = region  ? local ? &region->local : &region->remote
					    : local ? &scopes->local
						    : NULL;
	uint32_t key = (uint32_t)protocol << 16 | port;
	const struct vp_port_scopes *ports;
	size_t at;

	if (!table)
		return (struct vp_scope_list){ 0 };
	at = vp_array_lower(&table->regions, last, key);
	if (at == table->regions.len || table->regions.data[at].first > key)
		return (struct vp_scope_list){ 0 };
	ports = &table->regions.data[at];
	if (!ports->found.count)
		return (struct vp_scope_list){ 0 };
	return (struct vp_scope_list){ .scopes = scopes->found.data + ports->found.first,
				       .count = ports->found.count };
}
