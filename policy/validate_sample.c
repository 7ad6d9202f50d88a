/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [sample NAME]: traffic that proves a rule, or that it does no harm. Samples of
 * system calls are in validate_vector.c.
 */
#include <inttypes.h>
#include <string.h>

#include "policy/validate.h"

#define PACKET_MAX 65535
#define REPEAT_MAX 1000000

struct sample_reader {
	struct vp_sample *sample;
	const struct vp_rule *rule;
	bool service_given;
	unsigned int families; /* as written; 0: not */
	struct vp_location families_at, port_at;
};

static void read_rule(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct sample_reader *reader = object;
	const char *word;
	size_t length = vp_lexer_word(lexer, "", &word);
	ptrdiff_t index = length ? vp_index_of(&v->patch->rules, word, length) : -1;

	if (index < 0) {
		vp_unknown_name(lexer, word, length, "the name of a rule of this file",
				&v->patch->rules);
		return;
	}
	reader->rule = &v->patch->rules.data[index];
	reader->sample->rule = reader->rule->name;
	reader->sample->service = reader->rule->service;
	vp_read_end(lexer);
}

static void read_service(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct sample_reader *reader = object;
	const char *word;
	size_t length = vp_lexer_word(lexer, "", &word);
	ptrdiff_t index = length ? vp_index_of(&v->patch->services, word, length) : -1;

	reader->service_given = true;
	if (index < 0) {
		vp_unknown_name(lexer, word, length, "the name of a service of this file",
				&v->patch->services);
		return;
	}
	if (!reader->rule)
		reader->sample->service = (size_t)index;
	vp_read_end(lexer);
}

static void read_expect(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct vp_sample *sample = ((struct sample_reader *)object)->sample;
	const char *word, *after;
	size_t length = vp_lexer_word(lexer, "", &word);

	(void)v;
	if (length == 7 && !memcmp(word, "blocked", 7)) {
		sample->expect = VP_EXPECT_BLOCKED;
	} else if (length == 6 && !memcmp(word, "passed", 6)) {
		sample->expect = VP_EXPECT_PASSED;
	} else if (length == 7 && !memcmp(word, "limited", 7)) {
		if (vp_lexer_word(lexer, "", &after) != 5 || memcmp(after, "after", 5) != 0) {
			vp_lexer_expected(lexer, after, "`after NUMBER` behind `limited`",
					  "limited after 20");
			return;
		}
		sample->expect = VP_EXPECT_LIMITED;
		if (!vp_lexer_number(lexer, &sample->limited_after))
			return;
	} else {
		vp_lexer_expected(lexer, word, "`blocked`, `passed` or `limited after NUMBER`",
				  NULL);
		return;
	}
	vp_read_end(lexer);
}

static struct vp_step *add_step(struct vp_sample *sample, enum vp_step_kind kind,
				struct vp_lexer *lexer)
{
	struct vp_step *step;

	if (!sample->steps.len)
		vp_array_reserve(&sample->steps, 1);
	step = vp_array_add(&sample->steps);
	step->kind = kind;
	step->at = vp_lexer_at(lexer, lexer->start);
	return step;
}

/* The bytes of a string; false with a finding. They are the caller's. */
static bool read_string(struct vp_lexer *lexer, struct vp_value *value)
{
	vp_lexer_end(lexer);
	if (lexer->next < lexer->end && *lexer->next != '"')
		return vp_lexer_expected(lexer, lexer->next, "a string in quotes",
					 "\"GET / HTTP/1.1\\r\\n\"");
	if (!vp_lexer_value(lexer, value))
		return false;
	if (vp_read_end(lexer))
		return true;
	vp_value_free(value);
	return false;
}

static void read_send(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct vp_sample *sample = ((struct sample_reader *)object)->sample;
	struct vp_step *last =
		sample->steps.len ? &sample->steps.data[sample->steps.len - 1] : NULL;
	struct vp_value value;

	(void)v;
	if (!read_string(lexer, &value))
		return;
	if (!last || last->kind != VP_STEP_SEND) {
		last = add_step(sample, VP_STEP_SEND, lexer);
		last->data = value.bytes.data;
		last->len = value.bytes.len;
		return;
	}
	last->data = vp_realloc(last->data, last->len + value.bytes.len, 1);
	memcpy(last->data + last->len, value.bytes.data, value.bytes.len);
	last->len += value.bytes.len;
	vp_value_free(&value);
}

static void read_receive(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct vp_step *step;
	struct vp_value value;

	(void)v;
	if (!read_string(lexer, &value))
		return;
	step = add_step(((struct sample_reader *)object)->sample, VP_STEP_RECEIVE, lexer);
	step->data = value.bytes.data;
	step->len = value.bytes.len;
}

static void read_wait(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	const char *word;
	uint64_t milliseconds = 0;
	char text[VP_SHORT_MAX];

	(void)v;
	if (!vp_read_short(lexer, "", text, &word) || vp_duration_parse(text, &milliseconds) ||
	    milliseconds > 60000)
		vp_lexer_expected(lexer, word, "a duration of at most 60s", "200ms");
	else if (vp_read_end(lexer))
		add_step(((struct sample_reader *)object)->sample, VP_STEP_WAIT, lexer)
			->milliseconds = milliseconds;
}

/* Bytes of a hex text into `data`, which has room for length / 2. Their number; 0 with a
 * finding. */
static size_t read_hex(struct vp_lexer *lexer, const char *text, size_t length, uint8_t *data)
{
	size_t digits = 0;

	for (size_t i = 0; i < length; i++) {
		int digit = vp_hex_digit(text[i]);

		if (text[i] == ' ' || text[i] == '\t')
			continue;
		if (digit < 0) {
			vp_lexer_expected(lexer, text + i,
					  "hexadecimal digits of an IP packet",
					  "4500 001c 0000 ...");
			return 0;
		}
		if (digits % 2)
			data[digits / 2] = (uint8_t)(data[digits / 2] << 4 | digit);
		else
			data[digits / 2] = (uint8_t)digit;
		digits++;
	}
	if (!digits || digits % 2)
		vp_lexer_fail(lexer, text,
			      "expected two hexadecimal digits for each byte of an IP packet, "
			      "found %zu digits",
			      digits);
	return lexer->failed ? 0 : digits / 2;
}

static void read_packet(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	const char *text;
	size_t length = vp_lexer_text(lexer, &text), len;
	_cleanup_free_ uint8_t *data = vp_alloc(length / 2 + 1, 1);
	unsigned int version;
	struct vp_step *step;

	(void)v;
	len = read_hex(lexer, text, length, data);
	if (!len)
		return;
	version = data[0] >> 4;
	if ((version != 4 || len < 20) && (version != 6 || len < 40)) {
		vp_lexer_fail(
			lexer, text,
			"expected an IPv4 packet of at least 20 bytes (4x...) or an IPv6 "
			"packet of at least 40 bytes (6x...), found %zu bytes that begin "
			"with 0x%02x",
			len, data[0]);
		return;
	}
	if (len > PACKET_MAX) {
		vp_lexer_fail(lexer, text, "expected a packet of at most %d bytes, found %zu",
			      PACKET_MAX, len);
		return;
	}
	step = add_step(((struct sample_reader *)object)->sample, VP_STEP_PACKET, lexer);
	step->data = TAKE_PTR(data);
	step->len = len;
}

static void read_from(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct vp_value *from = &((struct sample_reader *)object)->sample->from;

	if (!vp_lexer_value(lexer, from) || !vp_read_end(lexer))
		return;
	if (from->kind == VP_VALUE_SET && !vp_validate_reference(v, from))
		return;
	if (from->kind == VP_VALUE_SET && from->reference.set->kind == VP_VALUE_ADDRESS)
		return;
	if (from->kind == VP_VALUE_ADDRESS &&
	    !vp_address_compare(&from->address.first, &from->address.last))
		return;
	vp_lexer_expected(lexer, lexer->start, "one address, or a @set of addresses",
			  "192.0.2.7");
}

static void read_family(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	static const char *const names[] = { "ipv4", "ipv6", "both" };
	struct sample_reader *reader = object;
	unsigned int index;

	(void)v;
	reader->families_at = vp_lexer_at(lexer, lexer->start);
	if (vp_read_choice(lexer, names, VP_COUNT(names), &index))
		reader->families = index + 1; /* the bits, in this order */
}

static void read_port(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct vp_port_range *port = &((struct sample_reader *)object)->sample->port;

	(void)v;
	if (!vp_read_port(lexer, port) || !vp_read_end(lexer))
		return;
	if (vp_protocol_has_ports(port->protocol) && port->first != port->last)
		vp_lexer_expected(lexer, lexer->start, "one port", "udp/123");
}

static void read_repeat(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	uint64_t number;

	(void)v;
	if (!vp_lexer_number(lexer, &number))
		return;
	if (!number || number > REPEAT_MAX)
		vp_lexer_expected(lexer, lexer->start, "a number from 1 to 1000000", "20");
	else if (vp_read_end(lexer))
		((struct sample_reader *)object)->sample->repeat = (uint32_t)number;
}

static const struct vp_key keys[] = {
	{ .name = "rule", .read = read_rule },
	{ .name = "service", .read = read_service },
	{ .name = "expect", .example = "blocked", .required = true, .read = read_expect },
	{ .name = "send", .repeats = true, .read = read_send },
	{ .name = "receive", .repeats = true, .read = read_receive },
	{ .name = "wait", .repeats = true, .read = read_wait },
	{ .name = "packet", .repeats = true, .read = read_packet },
	{ .name = "from", .read = read_from },
	{ .name = "family", .read = read_family },
	{ .name = "port", .read = read_port },
	{ .name = "repeat", .read = read_repeat },
};

/* rule for attacks, service for benign traffic, and what fits either */
static bool check_purpose(struct vp_validation *v, const struct sample_reader *reader)
{
	const struct vp_sample *sample = reader->sample;

	if (!reader->rule == !reader->service_given) {
		vp_find_error(
			v->findings, &sample->at,
			"expected `rule` (of an attack) or `service` (of benign traffic) in "
			"a sample, found %s",
			reader->rule ? "both" : "none");
		return false;
	}
	if (!reader->rule == (sample->expect == VP_EXPECT_PASSED))
		return true;
	vp_find_error(v->findings, &sample->at,
		      reader->rule
			      ? "expected `expect = blocked` or `limited after N` for an "
				"attack on a rule, found `passed`; benign traffic names its "
				"`service` instead"
			      : "expected `expect = passed` for benign traffic of a service, "
				"found another; an attack names its `rule` instead");
	return false;
}

/* An allowance lets its first packets pass, so only `limited after N` can prove it. */
static bool check_limited(struct vp_validation *v, const struct sample_reader *reader)
{
	const struct vp_sample *sample = reader->sample;
	bool limits = reader->rule && reader->rule->action.verdict == VP_VERDICT_LIMIT;
	bool either = reader->rule && reader->rule->threshold.rate.count;

	if (reader->rule && !either && limits != (sample->expect == VP_EXPECT_LIMITED))
		vp_find_error(
			v->findings, &sample->at,
			limits ? "expected `limited after N` for rule `%s`, whose action is "
				 "`limit`, found `blocked`: its first packets pass"
			       : "expected `blocked` for rule `%s`, whose action is not "
				 "`limit`, found `limited`",
			reader->rule->name ? reader->rule->name : "?");
	else if (sample->expect == VP_EXPECT_LIMITED &&
		 sample->repeat <= sample->limited_after)
		vp_find_error(v->findings, &sample->at,
			      "expected `repeat` above %" PRIu64
			      ", as so many repetitions arrive, found %u: nothing is limited",
			      sample->limited_after, sample->repeat);
	else
		return true;
	return false;
}

/* What only sets a variable stops nothing by itself. */
static bool check_set(struct vp_validation *v, const struct sample_reader *reader)
{
	if (!reader->rule || !reader->rule->set)
		return true;
	vp_find_error(
		v->findings, &reader->sample->at,
		"expected a rule with an `action`, found `%s`, which only sets `%s`; name "
		"the rule that reads `flow(%s)`",
		reader->rule->name ? reader->rule->name : "?", reader->rule->set,
		reader->rule->set);
	return false;
}

static bool check_steps(struct vp_validation *v, const struct sample_reader *reader)
{
	vp_array_each (step, &reader->sample->steps)
		if (step->kind == VP_STEP_SEND || step->kind == VP_STEP_PACKET)
			return true;
	vp_find_error(v->findings, &reader->sample->at,
		      "expected a `send` or a `packet` in the sample, found none, e.g. "
		      "`send = \"\\x17\\x00\\x03\\x2a\"`");
	return false;
}

static void check_port(struct vp_validation *v, const struct sample_reader *reader,
		       const struct vp_service *service)
{
	struct vp_port_range *port = &reader->sample->port;
	char text[40];

	if (!port->protocol || !service->ports.len)
		return;
	vp_array_each (range, &service->ports)
		if (range->protocol == VP_PROTOCOL_ANY ||
		    (range->protocol == port->protocol && range->first <= port->first &&
		     port->last <= range->last))
			return;
	if (service->ports.data[0].at.file != v->definition->file) {
		/* an override moved the service: its first port then */
		memset(port, 0, sizeof(*port));
		return;
	}
	vp_find_error(v->findings, &port->at, "expected a port of service `%s`, found `%s`",
		      service->name ? service->name : "?", vp_port_range_print(port, text));
}

static bool has_site_sets(const struct vp_patch *patch)
{
	vp_array_each (set, &patch->sets)
		if (set->from_site)
			return true;
	return false;
}

/* What the service, the rule, the client and the packets leave. */
static void settle_families(struct vp_validation *v, const struct sample_reader *reader,
			    const struct vp_service *service)
{
	struct vp_sample *sample = reader->sample;
	unsigned int families = reader->rule ? vp_rule_families(v->patch, reader->rule)
					     : vp_service_families(service);

	if (sample->port.protocol)
		families &= vp_protocol_families(sample->port.protocol);
	if (sample->from.kind == VP_VALUE_ADDRESS && sample->from.address.first.family)
		families &= vp_value_families(&sample->from);
	else if (sample->from.kind == VP_VALUE_SET && sample->from.reference.set &&
		 sample->from.reference.set->values.len)
		families &= vp_value_families(&sample->from.reference.set->values.data[0]);
	vp_array_each (step, &sample->steps)
		if (step->kind == VP_STEP_PACKET)
			families &= step->data[0] >> 4 == 4 ? VP_FAMILY_IPV4 : VP_FAMILY_IPV6;
	sample->families = families;
	/* samples speak of the example values: a site's own sets may leave no way to send one
	 */
	if (!families && !has_site_sets(v->patch))
		vp_find_error(
			v->findings, &sample->at,
			"expected a sample that IPv4 or IPv6 can carry, found that service, "
			"rule, `from` and `packet` leave neither");
	else if (reader->families & ~families)
		vp_find_error(
			v->findings, &reader->families_at,
			"expected `%s`, which is all that service, rule, `from` and `packet` "
			"leave, found another family",
			families == VP_FAMILY_IPV4 ? "ipv4" : "ipv6");
	else if (reader->families)
		sample->families = reader->families;
}

static void validate_traffic(struct vp_validation *v, const struct vp_section *section)
{
	struct vp_sample *sample = vp_array_add(&v->patch->samples);
	struct sample_reader reader = { .sample = sample };
	size_t errors = v->findings->errors;

	sample->at = vp_section_at(v->definition, section);
	sample->name = vp_read_section_name(v, section);
	sample->repeat = 1;
	sample->from.kind = VP_VALUE_ADDRESS;
	sample->service = SIZE_MAX;
	vp_validate_keys(v, section, keys, VP_COUNT(keys), &reader);
	v->sample_errors |= v->findings->errors > errors;
	if (v->findings->errors > errors)
		return;
	if (!check_purpose(v, &reader) || !check_steps(v, &reader) || !check_set(v, &reader) ||
	    !check_limited(v, &reader) || sample->service == SIZE_MAX) {
		v->sample_errors = true;
		return;
	}
	check_port(v, &reader, &v->patch->services.data[sample->service]);
	settle_families(v, &reader, &v->patch->services.data[sample->service]);
}

void vp_validate_sample(struct vp_validation *v, const struct vp_section *section)
{
	if (vp_section_entry(v->definition, section, "syscalls"))
		vp_validate_vector(v, section);
	else
		validate_traffic(v, section);
}
