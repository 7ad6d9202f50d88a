/* SPDX-License-Identifier: GPL-2.0-or-later */
/* [service NAME]: what is shielded. */
#include <string.h>

#include "policy/validate.h"

#define PORTS_MAX 1000 /* bounds the search for overlaps */

static const char ports_example[] = "tcp/80`, `udp/8000-8090`, `tcp/any` or `icmp";

static bool read_port_numbers(struct vp_lexer *lexer, const char *word, const char *p,
			      const char *end, struct vp_port_range *port)
{
	unsigned long numbers[2] = { 0 };
	size_t count = 0;

	if (end - p == 3 && !memcmp(p, "any", 3)) {
		port->first = 0;
		port->last = 65535;
		return true;
	}
	for (const char *start = p; count < 2; start = ++p) {
		while (p < end && *p >= '0' && *p <= '9' && p - start < 6)
			numbers[count] = numbers[count] * 10 + (unsigned long)(*p++ - '0');
		if (p == start || (*start == '0' && p > start + 1) || numbers[count] > 65535)
			break;
		count++;
		if (p == end || *p != '-')
			break;
	}
	if (p != end || !count || (p[-1] == '-'))
		return vp_lexer_expected(
			lexer, word,
			"a port from 1 to 65535, a range or `any` behind the slash",
			ports_example);
	port->first = (uint16_t)numbers[0];
	port->last = (uint16_t)numbers[count - 1];
	if (!port->last || port->first > port->last || (!port->first && port->last != 65535))
		return vp_lexer_expected(
			lexer, word,
			"a port from 1 to 65535, or a range with its smaller end "
			"first",
			ports_example);
	return true;
}

/* protocol/NUMBER */
static bool read_protocol_number(struct vp_lexer *lexer, const char *word, const char *p,
				 const char *end, struct vp_port_range *port)
{
	unsigned int number = 0;
	char name[16];

	for (const char *start = p; p < end && *p >= '0' && *p <= '9' && p - start < 4; p++)
		number = number * 10 + (unsigned int)(*p - '0');
	if (p < end || !number || number > 255)
		return vp_lexer_expected(lexer, word, "a protocol number from 1 to 255",
					 "protocol/99");
	vp_protocol_name((uint16_t)number, name);
	if (strncmp(name, "protocol/", 9) != 0)
		return vp_lexer_fail(lexer, word,
				     "expected the protocol's name, found `%.*s`, e.g. `%s%s`",
				     vp_excerpt(word, (size_t)(end - word)), word, name,
				     vp_protocol_has_ports((uint16_t)number) ? "/any" : "");
	port->protocol = (uint16_t)number;
	port->last = 65535;
	return true;
}

bool vp_read_port(struct vp_lexer *lexer, struct vp_port_range *port)
{
	const char *word, *end, *slash;
	size_t length = vp_lexer_word(lexer, "/", &word);
	int protocol;

	memset(port, 0, sizeof(*port));
	end = word + length;
	port->at = vp_lexer_at(lexer, word);
	slash = memchr(word, '/', length);
	if (slash && slash - word == 8 && !memcmp(word, "protocol", 8))
		return read_protocol_number(lexer, word, slash + 1, end, port);
	protocol =
		length ? vp_protocol_find(word, (size_t)((slash ? slash : end) - word)) : -1;
	if (protocol < 0)
		return vp_lexer_expected(
			lexer, word,
			"a protocol and its ports (protocols: tcp, udp, sctp, dccp, "
			"udplite; without ports: icmp, icmpv6, igmp, gre, esp, ah, "
			"protocol/NUMBER, ip)",
			ports_example);
	port->protocol = (uint16_t)protocol;
	port->last = 65535;
	if (vp_protocol_has_ports(port->protocol)) {
		if (slash)
			return read_port_numbers(lexer, word, slash + 1, end, port);
		return vp_lexer_fail(
			lexer, word,
			"expected a port behind `%.*s`, found none, e.g. `%.*s/80` or "
			"`%.*s/any`",
			(int)length, word, (int)length, word, (int)length, word);
	}
	if (slash)
		return vp_lexer_fail(
			lexer, word, "expected `%.*s` alone, which has no ports, found `%.*s`",
			(int)(slash - word), word, vp_excerpt(word, length), word);
	return true;
}

static bool overlap(const struct vp_port_range *a, const struct vp_port_range *b)
{
	if (a->protocol == VP_PROTOCOL_ANY || b->protocol == VP_PROTOCOL_ANY)
		return true;
	return a->protocol == b->protocol && a->first <= b->last && b->first <= a->last;
}

void vp_read_ports(struct vp_lexer *lexer, struct vp_port_ranges *ports)
{
	do {
		struct vp_port_range port;
		char text[40];

		if (!vp_read_port(lexer, &port))
			return;
		vp_array_each (other, ports) {
			if (!overlap(other, &port))
				continue;
			vp_lexer_fail(
				lexer, lexer->next - 1,
				"expected ports that the service does not have yet, found an "
				"overlap with `%s`",
				vp_port_range_print(other, text));
			return;
		}
		if (ports->len >= PORTS_MAX) {
			vp_lexer_fail(lexer, lexer->next - 1,
				      "expected at most %d ports and ranges, found more",
				      PORTS_MAX);
			return;
		}
		if (!ports->len)
			vp_array_reserve(ports, 1);
		vp_array_push(ports, port);
	} while (vp_lexer_skip(lexer, ','));
	if (!vp_lexer_end(lexer))
		vp_lexer_expected(lexer, lexer->next,
				  "a comma between ports, or the end of the line",
				  "tcp/80, tcp/8000-8090");
}

static void read_ports(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	vp_read_ports(lexer, &((struct vp_service *)object)->ports);
}

static bool addresses_only(struct vp_validation *v, struct vp_value *value)
{
	if (value->kind == VP_VALUE_ADDRESS)
		return true;
	if (value->kind == VP_VALUE_SET) {
		if (!vp_validate_reference(v, value))
			return true; /* found already */
		if (value->reference.set->kind == VP_VALUE_ADDRESS)
			return true;
	}
	vp_find_error(v->findings, &value->at,
		      "expected addresses or a @set of addresses, found another value, e.g. "
		      "`192.0.2.10`");
	return false;
}

static void read_address(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct vp_service *service = object;
	size_t before = service->addresses.len;

	vp_lexer_values(lexer, &service->addresses);
	for (size_t i = before; i < service->addresses.len; i++)
		addresses_only(v, &service->addresses.data[i]);
}

static void read_unit(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	vp_read_unit(lexer, &((struct vp_service *)object)->unit);
}

static void read_process(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	vp_read_process(lexer, &((struct vp_service *)object)->process);
}

static void read_application(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct vp_service *service = object;
	const char *names[VP_FIELD_COUNT];
	size_t count = 0;
	unsigned int index;

	(void)v;
	for (size_t i = 0; i < VP_FIELD_COUNT; i++) {
		size_t j = 0;

		if (!vp_fields[i].application)
			continue;
		while (j < count && strcmp(names[j], vp_fields[i].application) != 0)
			j++;
		if (j == count)
			names[count++] = vp_fields[i].application;
	}
	if (vp_read_choice(lexer, names, count, &index))
		service->application = vp_strdup(names[index]);
}

static void read_management(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	static const char *const words[] = { "force" };
	unsigned int index;

	(void)v;
	((struct vp_service *)object)->management_forced =
		vp_read_choice(lexer, words, VP_COUNT(words), &index);
}

static const char length_example[] = "length(at 4, bytes 2, big-endian, plus 6)";

/* at N, bytes N, big-endian|little-endian [, plus N | minus N]) */
static void read_frame_length(struct vp_lexer *lexer, struct vp_strbuf *out)
{
	uint64_t at, bytes, more = 0;
	const char *order, *sign = NULL;

	if (!vp_lexer_skip(lexer, '(') || !vp_lexer_take(lexer, "at")) {
		vp_lexer_expected(lexer, lexer->next, "`(at NUMBER`", length_example);
		return;
	}
	if (!vp_lexer_number(lexer, &at))
		return;
	if (!vp_lexer_skip(lexer, ',') || !vp_lexer_take(lexer, "bytes")) {
		vp_lexer_expected(lexer, lexer->next, "`, bytes NUMBER`", length_example);
		return;
	}
	if (!vp_lexer_number(lexer, &bytes))
		return;
	if (!bytes || bytes > 8 || at > 65535) {
		vp_lexer_fail(
			lexer, lexer->next - 1,
			"expected a length field of 1 to 8 bytes below offset 65536, found "
			"another, e.g. `%s`",
			length_example);
		return;
	}
	vp_lexer_skip(lexer, ',');
	order = vp_lexer_take(lexer, "big-endian")	? "big-endian"
		: vp_lexer_take(lexer, "little-endian") ? "little-endian"
							: NULL;
	if (!order) {
		vp_lexer_expected(lexer, lexer->next, "`big-endian` or `little-endian`",
				  length_example);
		return;
	}
	if (vp_lexer_skip(lexer, ',')) {
		sign = vp_lexer_take(lexer, "plus")    ? "plus"
		       : vp_lexer_take(lexer, "minus") ? "minus"
						       : NULL;
		if (!sign) {
			vp_lexer_expected(lexer, lexer->next,
					  "`plus NUMBER` or `minus NUMBER`", length_example);
			return;
		}
		if (!vp_lexer_number(lexer, &more))
			return;
	}
	if (!vp_lexer_skip(lexer, ')')) {
		vp_lexer_expected(lexer, lexer->next, "`)`", length_example);
		return;
	}
	vp_strbuf_addf(out, "length(at %llu, bytes %llu, %s", (unsigned long long)at,
		       (unsigned long long)bytes, order);
	if (sign)
		vp_strbuf_addf(out, ", %s %llu", sign, (unsigned long long)more);
	vp_strbuf_addc(out, ')');
}

static void read_frame_delimiter(struct vp_lexer *lexer, struct vp_strbuf *out)
{
	struct vp_value value;
	const char *at;

	vp_lexer_end(lexer);
	at = lexer->next;
	if (!vp_lexer_value(lexer, &value))
		return;
	if (value.kind == VP_VALUE_BYTES && value.bytes.len) {
		vp_strbuf_adds(out, "delimiter ");
		vp_value_print(&value, out);
	} else {
		vp_lexer_expected(lexer, at, "a string that ends each message",
				  "delimiter \"\\r\\n\"");
	}
	vp_value_free(&value);
}

static void read_frame_fixed(struct vp_lexer *lexer, struct vp_strbuf *out)
{
	uint64_t size;

	if (!vp_lexer_number(lexer, &size))
		return;
	if (!size || size > 65535)
		vp_lexer_fail(lexer, lexer->next - 1,
			      "expected a message size from 1 to 65535, found %llu, e.g. "
			      "`fixed 12`",
			      (unsigned long long)size);
	else
		vp_strbuf_addf(out, "fixed %llu", (unsigned long long)size);
}

static void read_frame(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };

	(void)v;
	if (vp_lexer_take(lexer, "length"))
		read_frame_length(lexer, &text);
	else if (vp_lexer_take(lexer, "delimiter"))
		read_frame_delimiter(lexer, &text);
	else if (vp_lexer_take(lexer, "fixed"))
		read_frame_fixed(lexer, &text);
	else
		vp_lexer_expected(lexer, lexer->next,
				  "`length(...)`, `delimiter \"...\"` or `fixed N`",
				  length_example);
	if (!lexer->failed && vp_read_end(lexer))
		((struct vp_service *)object)->frame = vp_strbuf_take(&text);
}

static const struct vp_key keys[] = {
	{ .name = "ports", .repeats = true, .read = read_ports },
	{ .name = "address", .repeats = true, .read = read_address },
	{ .name = "unit", .read = read_unit },
	{ .name = "process", .read = read_process },
	{ .name = "application", .read = read_application },
	{ .name = "frame", .read = read_frame },
	{ .name = "management", .read = read_management },
};

/* Exactly one of ports, unit and process; `found` counts the keys, good or not. */
static void check_target(struct vp_validation *v, const struct vp_section *section,
			 const struct vp_service *service)
{
	const struct vp_entry *ports = vp_section_entry(v->definition, section, "ports");
	const struct vp_entry *unit = vp_section_entry(v->definition, section, "unit");
	const struct vp_entry *process = vp_section_entry(v->definition, section, "process");
	int found = !!ports + !!unit + !!process;
	struct vp_location at;

	if (found == 1)
		return;
	if (!found) {
		vp_find_error(v->findings, &service->at,
			      "expected `ports`, `unit` or `process` in [service %.*s], found "
			      "none, e.g. `ports = tcp/80`",
			      vp_excerpt(section->name, section->name_len), section->name);
		return;
	}
	at = vp_entry_at(v->definition, process ? process : unit);
	at.column = 1;
	vp_find_error(
		v->findings, &at,
		"expected one of `ports`, `unit` and `process` in a service, found %d; make "
		"a service of each",
		found);
}

void vp_validate_service(struct vp_validation *v, const struct vp_section *section)
{
	struct vp_service *service = vp_array_add(&v->patch->services);

	service->at = vp_section_at(v->definition, section);
	service->name = vp_read_section_name(v, section);
	vp_validate_keys(v, section, keys, VP_COUNT(keys), service);
	check_target(v, section, service);
}

unsigned int vp_service_traffic(const struct vp_service *service)
{
	unsigned int traffic = 0;

	vp_array_each (port, &service->ports)
		traffic |= vp_protocol_traffic(port->protocol);
	return service->ports.len ? traffic : VP_TRAFFIC_TCP | VP_TRAFFIC_UDP;
}

static unsigned int range_family(const struct vp_address_range *range)
{
	return range->first.family == 6 ? VP_FAMILY_IPV6 : VP_FAMILY_IPV4;
}

unsigned int vp_value_families(const struct vp_value *value)
{
	if (value->kind == VP_VALUE_ADDRESS)
		return range_family(&value->address);
	if (value->kind != VP_VALUE_SET || !value->reference.set)
		return VP_FAMILY_IPV4 | VP_FAMILY_IPV6;
	return value->reference.set->families;
}

unsigned int vp_service_families(const struct vp_service *service)
{
	unsigned int families = service->ports.len ? 0 : VP_FAMILY_IPV4 | VP_FAMILY_IPV6;
	unsigned int addresses = 0;

	vp_array_each (port, &service->ports)
		families |= vp_protocol_families(port->protocol);
	vp_array_each (value, &service->addresses)
		addresses |= vp_value_families(value);
	return service->addresses.len ? families & addresses : families;
}
