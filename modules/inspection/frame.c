/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Framing by length field, delimiter or size: see frame.h. */
#include "modules/inspection/frame.h"

#include <string.h>

#include "lib/memory.h"

/* Reads the canonical text; every function returns false at the first thing it does not know.
 */
static bool take(const char **text, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*text, word, length) != 0)
		return false;
	*text += length;
	return true;
}

static bool take_number(const char **text, uint64_t *number)
{
	const char *start = *text;

	*number = 0;
	for (; **text >= '0' && **text <= '9'; (*text)++) {
		unsigned int digit = (unsigned int)(**text - '0');

		if (*number > (UINT64_MAX - digit) / 10)
			return false;
		*number = *number * 10 + digit;
	}
	return *text != start;
}

static bool parse_length(struct vp_frame *frame, const char *text)
{
	uint64_t at, width;

	if (!take(&text, "(at ") || !take_number(&text, &at) || !take(&text, ", bytes ") ||
	    !take_number(&text, &width) || at > 65535 || !width || width > 8)
		return false;
	frame->kind = VP_FRAME_LENGTH;
	frame->at = (uint32_t)at;
	frame->width = (unsigned int)width;
	frame->little_endian = take(&text, ", little-endian");
	if (!frame->little_endian && !take(&text, ", big-endian"))
		return false;
	if (take(&text, ", plus ") && !take_number(&text, &frame->plus))
		return false;
	if (take(&text, ", minus ") && !take_number(&text, &frame->minus))
		return false;
	return take(&text, ")") && !*text;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, c | 0x20) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* A byte of a printed string, -1 at a wrong escape. */
static int unescape(const char **text)
{
	static const char letters[] = "rnt0\"\\";
	static const char bytes[] = "\r\n\t\0\"\\";
	const char *p = *text, *letter;
	int high, low;

	if (*p != '\\') {
		*text = p + 1;
		return (uint8_t)*p;
	}
	if (p[1] == 'x') {
		high = hex_digit(p[2]);
		low = high < 0 ? -1 : hex_digit(p[3]);
		*text = p + 4;
		return low < 0 ? -1 : high << 4 | low;
	}
	letter = p[1] ? strchr(letters, p[1]) : NULL;
	*text = p + 2;
	return letter ? (uint8_t)bytes[letter - letters] : -1;
}

/* For each prefix of the delimiter, how much of it a mismatch leaves matched. */
static void find_shorter(struct vp_frame *frame)
{
	size_t k = 0;

	frame->shorter = vp_alloc(frame->delimiter_len, sizeof(*frame->shorter));
	for (size_t i = 1; i < frame->delimiter_len; i++) {
		while (k && frame->delimiter[k] != frame->delimiter[i])
			k = frame->shorter[k - 1];
		k += frame->delimiter[k] == frame->delimiter[i];
		frame->shorter[i] = k;
	}
}

static bool parse_delimiter(struct vp_frame *frame, const char *text)
{
	if (!take(&text, "\""))
		return false;
	frame->kind = VP_FRAME_DELIMITER;
	frame->delimiter = vp_alloc(strlen(text) + 1, 1);
	while (*text && *text != '"') {
		int byte = unescape(&text);

		if (byte < 0)
			return false;
		frame->delimiter[frame->delimiter_len++] = (uint8_t)byte;
	}
	if (!frame->delimiter_len || strcmp(text, "\"") != 0)
		return false;
	find_shorter(frame);
	return true;
}

static bool parse_fixed(struct vp_frame *frame, const char *text)
{
	frame->kind = VP_FRAME_FIXED;
	return take_number(&text, &frame->size) && frame->size && !*text;
}

bool vp_frame_parse(struct vp_frame *frame, const char *text)
{
	bool good = false;

	*frame = (struct vp_frame){ 0 };
	if (take(&text, "length"))
		good = parse_length(frame, text);
	else if (take(&text, "delimiter "))
		good = parse_delimiter(frame, text);
	else if (take(&text, "fixed "))
		good = parse_fixed(frame, text);
	if (!good)
		vp_frame_free(frame);
	return good;
}

void vp_frame_free(struct vp_frame *frame)
{
	free(frame->delimiter);
	free(frame->shorter);
	*frame = (struct vp_frame){ 0 };
}

static struct vp_frame_step use(struct vp_frame_place *place, struct vp_slice *bytes,
				uint64_t wanted)
{
	struct vp_frame_step step = { .data = bytes->data };

	step.len = wanted < bytes->len ? (size_t)wanted : bytes->len;
	bytes->data += step.len;
	bytes->len -= step.len;
	place->pos += step.len;
	return step;
}

/* Size of the message, once its field is read; what is larger than any stream is as large. */
static uint64_t message_size(const struct vp_frame *frame, const struct vp_frame_place *place)
{
	uint64_t size = place->value;

	size = size > UINT64_MAX - frame->plus ? UINT64_MAX : size + frame->plus;
	return size < frame->minus ? 0 : size - frame->minus;
}

static void read_field(const struct vp_frame *frame, struct vp_frame_place *place,
		       const struct vp_frame_step *step)
{
	uint64_t start = place->pos - step->len;

	for (size_t i = 0; i < step->len; i++) {
		uint64_t byte = step->data[i];

		if (start + i < frame->at)
			continue;
		if (frame->little_endian)
			place->value |= byte << 8 * (start + i - frame->at);
		else
			place->value = place->value << 8 | byte;
	}
}

static struct vp_frame_step next_by_length(const struct vp_frame *frame,
					   struct vp_frame_place *place,
					   struct vp_slice *bytes)
{
	uint64_t head = (uint64_t)frame->at + frame->width;
	struct vp_frame_step step;
	uint64_t size;

	if (place->pos < head) {
		step = use(place, bytes, head - place->pos);
		read_field(frame, place, &step);
		if (place->pos < head)
			return step;
		size = message_size(frame, place);
		step.wrong = size < head;
	} else {
		size = message_size(frame, place);
		step = use(place, bytes, size - place->pos);
	}
	step.last = place->pos >= size;
	return step;
}

/*
 * Bytes held back as the beginning of a delimiter, which are not one: they come
 * from the delimiter itself. Otherwise bytes up to the next one that may begin it.
 */
static struct vp_frame_step next_by_delimiter(const struct vp_frame *frame,
					      struct vp_frame_place *place,
					      struct vp_slice *bytes)
{
	struct vp_frame_step step = { 0 };
	const uint8_t *found;

	if (!place->matched) {
		found = memmem(bytes->data, bytes->len, frame->delimiter,
			       frame->delimiter_len);
		if (found) {
			step = use(place, bytes, (uint64_t)(found - bytes->data));
			bytes->data += frame->delimiter_len;
			bytes->len -= frame->delimiter_len;
			step.last = true;
			return step;
		}
		found = memchr(bytes->data, frame->delimiter[0], bytes->len);
		step = use(place, bytes, found ? (uint64_t)(found - bytes->data) : bytes->len);
		if (step.len)
			return step;
	}
	if (bytes->data[0] != frame->delimiter[place->matched]) {
		size_t kept = frame->shorter[place->matched - 1];

		step.data = frame->delimiter;
		step.len = place->matched - kept;
		place->pos += step.len;
		place->matched = kept;
		return step;
	}
	bytes->data++;
	bytes->len--;
	step.last = ++place->matched == frame->delimiter_len;
	return step;
}

struct vp_frame_step vp_frame_next(const struct vp_frame *frame, struct vp_frame_place *place,
				   struct vp_slice *bytes)
{
	struct vp_frame_step step;

	if (frame->kind == VP_FRAME_LENGTH) {
		step = next_by_length(frame, place, bytes);
	} else if (frame->kind == VP_FRAME_DELIMITER) {
		step = next_by_delimiter(frame, place, bytes);
	} else {
		step = use(place, bytes, frame->size - place->pos);
		step.last = place->pos == frame->size;
	}
	if (step.last)
		*place = (struct vp_frame_place){ 0 };
	return step;
}

bool vp_frame_finish(const struct vp_frame *frame, struct vp_frame_place *place,
		     struct vp_frame_step *step)
{
	bool open = place->pos || place->matched;

	*step = (struct vp_frame_step){ .data = frame->delimiter, .len = place->matched };
	step->last = open;
	*place = (struct vp_frame_place){ 0 };
	return open;
}
