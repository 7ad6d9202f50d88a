/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Typed values: printing, the small forms (durations, rates), release. Values
 * are read by lexer.c, which sees them in their line.
 */
#include "policy/value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void print_number(uint64_t number, struct vp_strbuf *out)
{
	char text[24];
	char *p = text + sizeof(text);

	do {
		*--p = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	vp_strbuf_add(out, p, (size_t)(text + sizeof(text) - p));
}

static void print_range(uint64_t first, uint64_t last, struct vp_strbuf *out)
{
	print_number(first, out);
	if (first == last)
		return;
	vp_strbuf_addc(out, '-');
	print_number(last, out);
}

static const char *escape_of(uint8_t byte)
{
	switch (byte) {
	case '\r':
		return "\\r";
	case '\n':
		return "\\n";
	case '\t':
		return "\\t";
	case '\0':
		return "\\0";
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	default:
		return NULL;
	}
}

void vp_bytes_print(const uint8_t *data, size_t len, struct vp_strbuf *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t plain = 0; /* start of the bytes not yet printed */

	vp_strbuf_addc(out, '"');
	for (size_t i = 0; i < len; i++) {
		const char *escape = escape_of(data[i]);
		char hex[4] = { '\\', 'x', digits[data[i] >> 4], digits[data[i] & 15] };

		if (!escape && data[i] >= ' ' && data[i] < 0x7f)
			continue;
		vp_strbuf_add(out, (const char *)data + plain, i - plain);
		plain = i + 1;
		if (escape)
			vp_strbuf_add(out, escape, 2);
		else
			vp_strbuf_add(out, hex, 4);
	}
	if (len > plain)
		vp_strbuf_add(out, (const char *)data + plain, len - plain);
	vp_strbuf_addc(out, '"');
}

void vp_value_print(const struct vp_value *value, struct vp_strbuf *out)
{
	char text[VP_ADDRESS_TEXT];

	switch (value->kind) {
	case VP_VALUE_NUMBER:
		print_range(value->number.first, value->number.last, out);
		break;
	case VP_VALUE_ADDRESS:
		vp_strbuf_adds(out, vp_address_range_print(&value->address, text));
		break;
	case VP_VALUE_BYTES:
		vp_bytes_print(value->bytes.data, value->bytes.len, out);
		break;
	case VP_VALUE_REGEX:
		vp_strbuf_addc(out, '/');
		vp_strbuf_adds(out, value->regex.pattern);
		vp_strbuf_addc(out, '/');
		vp_strbuf_adds(out, value->regex.flags);
		break;
	case VP_VALUE_SET:
		vp_strbuf_addc(out, '@');
		vp_strbuf_adds(out, value->reference.name);
		break;
	}
}

/* Decimal digits at *text, which moves behind them. False: none, or too many. */
static bool read_digits(const char **text, uint64_t *number)
{
	const char *start = *text;

	for (*number = 0; **text >= '0' && **text <= '9'; (*text)++) {
		if (*number > (UINT64_MAX - 9) / 10)
			return false;
		*number = *number * 10 + (uint64_t)(**text - '0');
	}
	return *text > start;
}

/* Largest first, as durations are printed. */
static const struct {
	const char *name;
	uint64_t milliseconds;
} duration_units[] = {
	{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 },
};

int vp_duration_parse(const char *text, uint64_t *milliseconds)
{
	uint64_t number;

	if (!read_digits(&text, &number))
		return -EINVAL;
	for (size_t i = 0; i < VP_COUNT(duration_units); i++) {
		if (strcmp(text, duration_units[i].name) != 0)
			continue;
		if (number > INT64_MAX / duration_units[i].milliseconds)
			return -EINVAL;
		*milliseconds = number * duration_units[i].milliseconds;
		return 0;
	}
	return -EINVAL;
}

void vp_duration_print(uint64_t milliseconds, struct vp_strbuf *out)
{
	size_t i = 0;

	if (!milliseconds) {
		vp_strbuf_adds(out, "0s");
		return;
	}
	while (milliseconds % duration_units[i].milliseconds)
		i++;
	print_number(milliseconds / duration_units[i].milliseconds, out);
	vp_strbuf_adds(out, duration_units[i].name);
}

static const struct {
	const char *name;
	uint32_t seconds;
} rate_units[] = {
	{ "second", 1 },
	{ "minute", 60 },
	{ "hour", 3600 },
	{ "day", 86400 },
};

int vp_rate_parse(const char *text, struct vp_rate *out)
{
	uint64_t number;

	if (!read_digits(&text, &number) || !number || number > UINT32_MAX || *text++ != '/')
		return -EINVAL;
	for (size_t i = 0; i < VP_COUNT(rate_units); i++) {
		if (strcmp(text, rate_units[i].name) != 0)
			continue;
		*out = (struct vp_rate){ .count = number, .seconds = rate_units[i].seconds };
		return 0;
	}
	return -EINVAL;
}

void vp_rate_print(const struct vp_rate *rate, struct vp_strbuf *out)
{
	size_t i = VP_COUNT(rate_units) - 1;

	while (i && rate_units[i].seconds > rate->seconds)
		i--;
	print_number(rate->count, out);
	vp_strbuf_addc(out, '/');
	vp_strbuf_adds(out, rate_units[i].name);
}

void vp_value_copy(struct vp_value *to, const struct vp_value *from)
{
	*to = *from;
	switch (from->kind) {
	case VP_VALUE_BYTES:
		to->bytes.data = vp_memdup(from->bytes.data, from->bytes.len);
		break;
	case VP_VALUE_REGEX:
		to->regex.pattern = vp_strdup(from->regex.pattern);
		to->regex.flags = vp_strdup(from->regex.flags);
		break;
	case VP_VALUE_SET:
		to->reference.name = vp_strdup(from->reference.name);
		break;
	case VP_VALUE_NUMBER:
	case VP_VALUE_ADDRESS:
		break;
	}
}

void vp_value_free(struct vp_value *value)
{
	switch (value->kind) {
	case VP_VALUE_BYTES:
		free(value->bytes.data);
		break;
	case VP_VALUE_REGEX:
		free(value->regex.pattern);
		free(value->regex.flags);
		break;
	case VP_VALUE_SET:
		free(value->reference.name);
		break;
	case VP_VALUE_NUMBER:
	case VP_VALUE_ADDRESS:
		break;
	}
	memset(value, 0, sizeof(*value));
}

void vp_values_free(struct vp_values *values)
{
	vp_array_each (value, values)
		vp_value_free(value);
	vp_array_free(values);
}
