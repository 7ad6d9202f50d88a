/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From samples to the paths on which they are run. Pure but for the assignment of addresses.
 */
#include "agentd/ctl/lab/trial.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "policy/policy.h"

#define TARGETS_MAX 16 /* addresses of a service that are tried, in each family */
#define SAMPLE_PORT 9  /* where the service has no port of its own: discard (RFC 863) */

static bool is_loopback(const struct vp_address *address)
{
	static const uint8_t loopback6[16] = { [15] = 1 };

	return address->family == 4 ? address->bytes[0] == 127
				    : !memcmp(address->bytes, loopback6, 16);
}

static bool is_zero(const struct vp_address *address)
{
	static const uint8_t zero[16];

	return !memcmp(address->bytes, zero, sizeof(zero));
}

/* Visit the ranges of an ADDRESS or SET value. */
static void add_ranges(struct vp_ranges *ranges, const struct vp_value *value)
{
	if (value->kind == VP_VALUE_ADDRESS && value->address.first.family)
		vp_array_push(ranges, value->address);
	if (value->kind == VP_VALUE_SET && value->reference.set &&
	    value->reference.set->kind == VP_VALUE_ADDRESS)
		for (size_t i = 0; i < value->reference.set->values.len; i++)
			vp_array_push(ranges, value->reference.set->values.data[i].address);
}

void vp_trials_addresses(const struct vp_patch *patch, struct vp_ranges *taken)
{
	for (size_t i = 0; i < patch->services.len; i++)
		for (size_t k = 0; k < patch->services.data[i].addresses.len; k++)
			add_ranges(taken, &patch->services.data[i].addresses.data[k]);
}

static const struct vp_rule *rule_of(const struct vp_patch *patch,
				     const struct vp_sample *sample)
{
	for (size_t i = 0; i < patch->rules.len && sample->rule; i++)
		if (!strcmp(patch->rules.data[i].name, sample->rule))
			return &patch->rules.data[i];
	return NULL;
}

/* Which way a sample's packets go: as its rule looks; benign ones as all rules of the service
 * do. */
static enum vp_direction direction_of(const struct vp_patch *patch,
				      const struct vp_sample *sample,
				      const struct vp_rule *rule)
{
	size_t rules = 0, to_client = 0;

	if (rule)
		return rule->direction;
	for (size_t i = 0; i < patch->rules.len; i++)
		if (patch->rules.data[i].service == sample->service) {
			rules++;
			to_client += patch->rules.data[i].direction == VP_TO_CLIENT;
		}
	return rules && rules == to_client ? VP_TO_CLIENT : VP_TO_SERVER;
}

/* Families that the packets of a sample can be. */
static unsigned int packet_families(const struct vp_sample *sample)
{
	unsigned int families = VP_FAMILY_IPV4 | VP_FAMILY_IPV6;

	for (size_t i = 0; i < sample->steps.len; i++) {
		const struct vp_step *step = &sample->steps.data[i];

		if (step->kind == VP_STEP_PACKET && step->len)
			families &= step->data[0] >> 4 == 4 ? VP_FAMILY_IPV4 : VP_FAMILY_IPV6;
	}
	return families;
}

/* The sender in that family. False: the sample names one, but none of this family. */
static bool source_of(const struct vp_sample *sample, const struct vp_lab *lab, uint8_t family,
		      struct vp_address *source)
{
	struct vp_ranges ranges = { 0 };
	bool found;

	add_ranges(&ranges, &sample->from);
	found = !ranges.len;
	if (!ranges.len)
		*source = lab->client[vp_lab_family(family)];
	for (size_t i = 0; i < ranges.len && !found; i++)
		if (ranges.data[i].first.family == family) {
			*source = ranges.data[i].first;
			found = true;
		}
	vp_array_free(&ranges);
	return found;
}

static void choose_port(const struct vp_sample *sample, const struct vp_service *service,
			struct vp_path *path)
{
	struct vp_port_range range = sample->port;

	if (!range.protocol && service->ports.len)
		range = service->ports.data[0];
	path->protocol = range.protocol;
	path->port = range.first ? range.first : SAMPLE_PORT;
	if (path->port > range.last)
		path->port = range.last;
}

static struct vp_trial *add_trial(struct vp_trials *trials, const struct vp_patch *patch,
				  const struct vp_sample *sample)
{
	const struct vp_rule *rule = rule_of(patch, sample);
	struct vp_trial *trial = vp_array_add(trials);

	trial->sample = sample;
	if (rule)
		trial->rule = *rule;
	trial->direction = direction_of(patch, sample, rule);
	choose_port(sample, &patch->services.data[sample->service], &trial->path);
	return trial;
}

/* One family: the addresses of the service, or the host's own. */
static void add_family(struct vp_trials *trials, const struct vp_patch *patch,
		       const struct vp_sample *sample, const struct vp_lab *lab,
		       uint8_t family)
{
	const struct vp_service *service = &patch->services.data[sample->service];
	size_t most = sample->expect == VP_EXPECT_BLOCKED ? TARGETS_MAX : 1, made = 0;
	struct vp_ranges targets = { 0 };
	struct vp_address source;

	if (!source_of(sample, lab, family, &source))
		return;
	for (size_t i = 0; i < service->addresses.len; i++)
		add_ranges(&targets, &service->addresses.data[i]);
	if (!service->addresses.len) {
		struct vp_address here =
			is_loopback(&source) ? source : lab->host[vp_lab_family(family)];

		vp_array_push(&targets, ((struct vp_address_range){ here, here }));
	}
	for (size_t i = 0; i < targets.len && made < most; i++) {
		struct vp_trial *trial;

		if (targets.data[i].first.family != family)
			continue;
		trial = add_trial(trials, patch, sample);
		made++;
		trial->path.client = source;
		trial->path.server = targets.data[i].first;
		if (is_zero(&trial->path.server)) /* everything is shielded: any address will
						     do */
			vp_address_parse(family == 4 ? "203.0.113.77" : "2001:db8:e::77",
					 &trial->path.server);
		trial->path.side = service->addresses.len ? VP_LAB_ENDPOINT : VP_LAB_HOST;
		trial->path.client_side = is_loopback(&source) ? VP_LAB_HOST : VP_LAB_CLIENT;
	}
	vp_array_free(&targets);
}

static const char *obstacle_of(const struct vp_sample *sample,
			       const struct vp_service *service, unsigned int families,
			       unsigned int possible)
{
	if (vp_decisive_step(sample, VP_TO_SERVER) == SIZE_MAX &&
	    vp_decisive_step(sample, VP_TO_CLIENT) == SIZE_MAX)
		return "it sends nothing: give it a send, receive or packet step";
	if (!sample->port.protocol && !service->ports.len)
		return "the service is found by unit or process: give the sample a port";
	if (!families)
		return "its packets are of both families, or of none that it asks for";
	if (!(families & possible))
		return "this kernel runs without the family it needs";
	return "its sender and its service have no address of one family";
}

/*
 * Where connections are tracked, and a shield makes that so, Linux loses the
 * fragments of a packet to itself whose routing header stands before them. No rule has
 * a part in it.
 */
static bool has_routing_header(const struct vp_step *step)
{
	struct vp_lab_packet packet;

	return step->kind == VP_STEP_PACKET &&
	       !vp_lab_packet_parse(step->data, step->len, &packet, NULL) &&
	       packet.family == 6 && step->data[6] == IPPROTO_ROUTING;
}

static bool shapeable(const struct vp_trial *trial, enum vp_shape shape)
{
	bool packets = false, routed = false;

	for (size_t i = 0; i < trial->sample->steps.len; i++) {
		packets |= trial->sample->steps.data[i].kind == VP_STEP_PACKET;
		routed |= has_routing_header(&trial->sample->steps.data[i]);
	}
	if (trial->obstacle || trial->direction != VP_TO_SERVER ||
	    trial->path.client_side != VP_LAB_CLIENT ||
	    (shape == VP_SHAPE_HOP_BY_HOP && trial->path.server.family == 4) ||
	    (trial->path.protocol == IPPROTO_TCP && !packets))
		return false;
	switch (trial->sample->expect) {
	case VP_EXPECT_BLOCKED:
		return true;
	case VP_EXPECT_PASSED: /* a rule may well forbid options, but not fragments */
		return !routed && (shape == VP_SHAPE_FRAGMENTS || shape == VP_SHAPE_REVERSED);
	case VP_EXPECT_LIMITED:
	default:
		return false;
	}
}

static void add_shapes(struct vp_trials *trials)
{
	size_t plain = trials->len;

	for (size_t i = 0; i < plain; i++)
		for (enum vp_shape shape = VP_SHAPE_PLAIN + 1; shape < VP_SHAPE_COUNT;
		     shape++) {
			struct vp_trial trial = trials->data[i];

			if (!shapeable(&trial, shape))
				continue;
			trial.path.shape = shape;
			vp_array_push(trials, trial);
		}
}

void vp_trials_make(struct vp_trials *trials, const struct vp_patch *patch,
		    const struct vp_lab *lab, bool evasions)
{
	for (size_t i = 0; i < patch->samples.len; i++) {
		const struct vp_sample *sample = &patch->samples.data[i];
		const struct vp_service *service = &patch->services.data[sample->service];
		unsigned int families = sample->families & packet_families(sample);
		size_t before = trials->len;
		bool sends = vp_decisive_step(sample, VP_TO_SERVER) != SIZE_MAX ||
			     vp_decisive_step(sample, VP_TO_CLIENT) != SIZE_MAX;

		if (sends && (sample->port.protocol || service->ports.len)) {
			if (families & lab->families & VP_FAMILY_IPV4)
				add_family(trials, patch, sample, lab, 4);
			if (families & lab->families & VP_FAMILY_IPV6)
				add_family(trials, patch, sample, lab, 6);
		}
		if (trials->len == before)
			add_trial(trials, patch, sample)->obstacle = vp_strdup(
				obstacle_of(sample, service, families, lab->families));
	}
	if (evasions)
		add_shapes(trials);
}

void vp_trials_free(struct vp_trials *trials)
{
	vp_array_each (trial, trials)
		free(trial->obstacle);
	vp_array_free(trials);
}

int vp_trials_assign(const struct vp_trials *trials, struct vp_lab *lab, struct vp_error *err)
{
	for (size_t i = 0; i < trials->len; i++) {
		const struct vp_trial *trial = &trials->data[i];
		int r = 0;

		if (trial->obstacle)
			continue;
		if (trial->path.side == VP_LAB_ENDPOINT)
			r = vp_lab_assign(lab, VP_LAB_ENDPOINT, &trial->path.server, err);
		if (!r && !is_loopback(&trial->path.client))
			r = vp_lab_assign(lab, VP_LAB_CLIENT, &trial->path.client, err);
		if (r < 0)
			return r;
	}
	return 0;
}
