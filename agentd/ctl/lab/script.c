/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ways to send a message over TCP. Pure. Each is one that real evasion tools
 * use against inspectors, or one that networks do by themselves; what the
 * receiver makes of it is not decided here.
 */
#include "agentd/ctl/lab/script.h"

#include <string.h>

#define PIECE	   VP_SEGMENT_MAX
#define SINGLES	   1200u /* at most so many segments of one byte */
#define QUARTERS   4	 /* whose every order is tried */
#define OVERLAP	   8u
#define PLACES	   8u /* of a message that are tried one by one */
#define SLOW_STEPS 8u
#define SLOW_PAUSE 3 /* milliseconds */
#define OFF_WINDOW 5000000

static const struct {
	const char *name, *summary;
} ways[VP_WAY_COUNT] = {
	[VP_WAY_WHOLE] = { "whole", "in one go" },
	[VP_WAY_SPLIT] = { "split", "two segments" },
	[VP_WAY_BYTES] = { "bytes", "one byte a segment" },
	[VP_WAY_ORDER] = { "order", "segments in other orders" },
	[VP_WAY_AGAIN] = { "again", "sent again, with the same or other bytes" },
	[VP_WAY_OVERLAP] = { "overlap", "overlapping segments, with the same or other bytes" },
	[VP_WAY_FRAGMENTS] = { "fragments", "IP fragments and options" },
	[VP_WAY_DECOY] = { "decoy", "segments that no receiver takes, urgent data" },
	[VP_WAY_SLOW] = { "slow", "with pauses" },
	[VP_WAY_SYN] = { "syn", "data in the SYN (Fast Open)" },
	[VP_WAY_SERIES] = { "series", "behind other messages, or together with them" },
	[VP_WAY_CODING] = { "coding", "said otherwise in its protocol" },
};

const char *vp_way_name(enum vp_way way)
{
	return ways[way].name;
}

const char *vp_way_summary(enum vp_way way)
{
	return ways[way].summary;
}

void vp_script_free(struct vp_script *script)
{
	vp_array_each (bytes, &script->owned)
		free(*bytes);
	vp_array_free(&script->owned);
	vp_array_free(&script->operations);
	free(script->message);
	free(script->what);
}

void vp_scripts_free(struct vp_scripts *scripts)
{
	vp_array_each (script, scripts)
		vp_script_free(script);
	vp_array_free(scripts);
}

/* What is being made, and of what. */
struct maker {
	struct vp_scripts *scripts;
	const struct vp_script_order *order;
};

static struct vp_script *begin(struct maker *maker, enum vp_way way, bool hostile, char *what)
{
	struct vp_script *script;

	if (hostile && maker->order->benign) {
		free(what);
		return NULL;
	}
	script = vp_array_add(maker->scripts);
	script->way = way;
	script->what = what;
	script->hostile = hostile;
	script->len = maker->order->len;
	script->message = vp_memdup(maker->order->message, script->len);
	return script;
}

static struct vp_segment *put(struct vp_script *script, const uint8_t *data, size_t at,
			      size_t len)
{
	struct vp_operation *operation = vp_array_add(&script->operations);

	operation->segment = (struct vp_segment){
		.at = (int64_t)at, .data = data, .len = len, .flags = VP_TCP_ACK | VP_TCP_PSH
	};
	return &operation->segment;
}

static void put_pieces(struct vp_script *script, const uint8_t *bytes, size_t from, size_t to,
		       size_t piece)
{
	for (size_t at = from; at < to; at += piece)
		put(script, bytes + at, at, to - at < piece ? to - at : piece);
}

/* The message's own bytes. */
static void put_true(struct vp_script *script, size_t from, size_t to)
{
	put_pieces(script, script->message, from, to, PIECE);
}

static void put_rest(struct vp_script *script)
{
	((struct vp_operation *)vp_array_add(&script->operations))->kind = VP_OPERATION_REST;
}

static void put_pause(struct vp_script *script)
{
	struct vp_operation *operation = vp_array_add(&script->operations);

	operation->kind = VP_OPERATION_PAUSE;
	operation->milliseconds = SLOW_PAUSE;
}

static bool is_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* The message with other bytes in [from, to), harmless ones; owned by the script. */
static const uint8_t *other_bytes(struct vp_script *script, size_t from, size_t to)
{
	uint8_t *other = vp_memdup(script->message, script->len);
	bool differs = false;

	for (size_t i = from; i < to; i++) {
		if (is_word(other[i]))
			other[i] = other[i] == 'x' ? 'y' : 'x';
		differs |= other[i] != script->message[i];
	}
	for (size_t i = from; i < to && !differs; i++)
		other[i] ^= 1;
	vp_array_push(&script->owned, other);
	return other;
}

struct vp_script *vp_script_plain(struct vp_scripts *scripts, enum vp_way way,
				  const uint8_t *message, size_t len, size_t piece, char *what)
{
	const struct vp_script_order order = { .message = message, .len = len };
	struct maker maker = { scripts, &order };
	struct vp_script *script = begin(&maker, way, false, what);

	put_pieces(script, script->message, 0, len, piece);
	return script;
}

/* Position number `i` of `count` that are spread over 1 to len - 1. */
static size_t spread(size_t i, size_t count, size_t len)
{
	return count < 2 ? len / 2 : 1 + i * (len - 2) / (count - 1);
}

static size_t make_splits(struct maker *maker)
{
	size_t len = maker->order->len, count = len > 1 ? len - 1 : 0;

	if (count > maker->order->splits)
		count = maker->order->splits;
	for (size_t i = 0; i < count; i++) {
		size_t at = spread(i, count, len);
		struct vp_script *script =
			begin(maker, VP_WAY_SPLIT, false, vp_format("split at %zu", at));

		put_true(script, 0, at);
		put_true(script, at, len);
	}
	return count;
}

static void make_bytes(struct maker *maker)
{
	struct vp_script *script =
		begin(maker, VP_WAY_BYTES, false, vp_strdup("one byte a segment"));
	size_t plain = script->len > SINGLES ? script->len - SINGLES : 0;

	put_true(script, 0, plain);
	put_pieces(script, script->message, plain, script->len, 1);
}

/* The bounds of piece `i` of `count`. */
static size_t bound(const struct vp_script *script, size_t i, size_t count)
{
	return script->len * i / count;
}

static void put_piece(struct vp_script *script, size_t i, size_t count)
{
	put_true(script, bound(script, i, count), bound(script, i + 1, count));
}

/* Permutation number `n` of 0 to QUARTERS - 1 in the factorial number system. */
static void permute(unsigned int n, size_t order[static QUARTERS])
{
	size_t left[QUARTERS];

	for (size_t i = 0; i < QUARTERS; i++)
		left[i] = i;
	for (size_t i = 0, radix = 6; i < QUARTERS; i++) {
		size_t which = n / radix;

		n %= (unsigned int)radix;
		order[i] = left[which];
		memmove(&left[which], &left[which + 1],
			(QUARTERS - i - 1 - which) * sizeof(left[0]));
		radix = i < 2 ? radix / (3 - i) : 1;
	}
}

static void make_orders(struct maker *maker)
{
	struct vp_script *script;
	size_t order[QUARTERS], count;

	for (unsigned int n = 1; n < 24; n++) {
		permute(n, order);
		script = begin(maker, VP_WAY_ORDER, false,
			       vp_format("quarters in the order %zu %zu %zu %zu", order[0] + 1,
					 order[1] + 1, order[2] + 1, order[3] + 1));
		for (size_t i = 0; i < QUARTERS; i++)
			put_piece(script, order[i], QUARTERS);
	}
	script = begin(maker, VP_WAY_ORDER, false, vp_strdup("small pieces, last one first"));
	count = script->len < 64 ? script->len : 64;
	for (size_t i = count; i-- > 0;)
		put_piece(script, i, count);
	script = begin(maker, VP_WAY_ORDER, false,
		       vp_strdup("every other piece, then the rest"));
	for (size_t i = 1; i < count; i += 2)
		put_piece(script, i, count);
	for (size_t i = 0; i < count; i += 2)
		put_piece(script, i, count);
}

/* [from, to) twice, one copy with other bytes. */
static void make_conflict(struct maker *maker, size_t from, size_t to, bool other_first,
			  bool behind_hole)
{
	size_t len = maker->order->len;
	struct vp_script *script;
	const uint8_t *other;

	if (behind_hole && !from)
		from = 1;
	if (from >= to)
		return;
	script = begin(maker, VP_WAY_AGAIN, true,
		       vp_format("%zu to %zu twice, %s with other bytes%s", from, to,
				 other_first ? "first" : "then",
				 behind_hole ? ", before what comes before it" : ""));
	if (!script)
		return;
	other = other_bytes(script, from, to);
	if (!behind_hole)
		put_true(script, 0, from);
	put_pieces(script, other_first ? other : script->message, from, to, PIECE);
	if (!behind_hole)
		put_rest(script);
	put_pieces(script, other_first ? script->message : other, from, to, PIECE);
	if (behind_hole)
		put_true(script, 0, from);
	put_true(script, to, len);
}

static void make_again(struct maker *maker)
{
	size_t len = maker->order->len;
	const size_t ranges[][2] = {
		{ 0, len }, { 0, len / 2 }, { len / 2, len }, { len / 3, len - len / 3 }
	};
	struct vp_script *script =
		begin(maker, VP_WAY_AGAIN, false, vp_strdup("each segment twice"));

	for (size_t i = 0; i < QUARTERS; i++) {
		put_piece(script, i, QUARTERS);
		put_piece(script, i, QUARTERS);
	}
	script = begin(maker, VP_WAY_AGAIN, false, vp_strdup("all of it twice"));
	put_true(script, 0, len);
	put_rest(script);
	put_true(script, 0, len);
	script = begin(maker, VP_WAY_AGAIN, false,
		       vp_strdup("the first half, then all in other segments"));
	put_true(script, 0, len / 2);
	put_rest(script);
	put_pieces(script, script->message, 0, len, PIECE / 3);
	for (size_t i = 0; i < VP_COUNT(ranges); i++)
		for (unsigned int kind = 0; kind < 4; kind++)
			make_conflict(maker, ranges[i][0], ranges[i][1], kind & 1, kind & 2);
	for (size_t i = 0; i < PLACES; i++)
		for (unsigned int kind = 0; kind < 2; kind++)
			make_conflict(maker, len * i / PLACES, len * (i + 1) / PLACES, kind,
				      true);
}

/* Which of two overlapping segments has other bytes where they overlap. */
enum liar { NOBODY, LEFT, RIGHT, LIARS };

static void make_overlap(struct maker *maker, size_t middle, bool right_first, enum liar liar)
{
	static const char *const liars[LIARS] = { "the same bytes", "other bytes in the left",
						  "other bytes in the right" };
	size_t len = maker->order->len, k = OVERLAP;
	const uint8_t *left, *right, *other;
	struct vp_script *script;

	if (k > middle)
		k = middle;
	if (k > len - middle)
		k = len - middle;
	if (!k)
		return;
	script = begin(maker, VP_WAY_OVERLAP, liar != NOBODY,
		       vp_format("%zu bytes shared at %zu, %s first, %s", 2 * k, middle,
				 right_first ? "right" : "left", liars[liar]));
	if (!script)
		return;
	other = other_bytes(script, middle - k, middle + k);
	left = liar == LEFT ? other : script->message;
	right = liar == RIGHT ? other : script->message;
	if (right_first)
		put_pieces(script, right, middle - k, len, PIECE);
	put_pieces(script, left, 0, middle + k, PIECE);
	if (!right_first)
		put_pieces(script, right, middle - k, len, PIECE);
}

/* A small piece that a large one around it covers, before what comes before both. */
static void make_covered(struct maker *maker, bool small_first, bool small_lies)
{
	size_t len = maker->order->len, from = len / 2, to = from + OVERLAP;
	struct vp_script *script;
	const uint8_t *other;

	if (len < 4 * OVERLAP)
		return;
	script = begin(maker, VP_WAY_OVERLAP, true,
		       vp_format("%zu to %zu covered by a larger one, %s first, %s with "
				 "other bytes",
				 from, to, small_first ? "small" : "large",
				 small_lies ? "small" : "large"));
	if (!script)
		return;
	other = other_bytes(script, from, to);
	for (int i = 0; i < 2; i++) {
		if ((i == 0) == small_first)
			put_pieces(script, small_lies ? other : script->message, from, to,
				   PIECE);
		else
			put_pieces(script, small_lies ? script->message : other, 1, len,
				   PIECE);
	}
	put_true(script, 0, 1);
}

static void make_overlaps(struct maker *maker)
{
	for (size_t quarter = 1; quarter < 4; quarter++)
		for (enum liar liar = NOBODY; liar < LIARS; liar++)
			for (unsigned int first = 0; first < 2; first++)
				make_overlap(maker, maker->order->len * quarter / 4, first,
					     liar);
	for (unsigned int kind = 0; kind < 4; kind++)
		make_covered(maker, kind & 1, kind & 2);
}

static void make_fragments(struct maker *maker)
{
	static const struct {
		enum vp_shape shape;
		uint8_t faults;
		bool hostile;
		const char *what;
	} kinds[] = {
		{ VP_SHAPE_FRAGMENTS, 0, false, "fragments" },
		{ VP_SHAPE_REVERSED, 0, false, "fragments, last one first" },
		{ VP_SHAPE_FRAGMENTS, VP_FAULT_DUPLICATE, true, "fragments, one twice" },
		{ VP_SHAPE_REVERSED, VP_FAULT_CONFLICT, true,
		  "fragments, one twice, with other bytes" },
		{ VP_SHAPE_FRAGMENTS, VP_FAULT_CONFLICT, true,
		  "fragments, last one first, one twice, with other bytes" },
		{ VP_SHAPE_OPTIONS, 0, true, "IP options" },
		{ VP_SHAPE_OPTIONS_FRAGMENTS, 0, true, "IP options and fragments" },
	};

	for (size_t i = 0; i < VP_COUNT(kinds); i++)
		for (size_t segments = 1; segments <= 3; segments += 2) {
			struct vp_script *script = begin(
				maker, VP_WAY_FRAGMENTS, kinds[i].hostile,
				vp_format("%s, of %zu segments", kinds[i].what, segments));

			if (!script)
				continue;
			for (size_t k = segments; k-- > 0;)
				put_piece(script, k, segments);
			vp_array_each (operation, &script->operations) {
				operation->segment.shape = kinds[i].shape;
				operation->segment.faults = kinds[i].faults;
			}
		}
}

static void make_decoy(struct maker *maker, const struct vp_segment *decoy, bool hostile,
		       const char *what)
{
	struct vp_script *script = begin(maker, VP_WAY_DECOY, hostile, vp_strdup(what));
	size_t half = maker->order->len / 2;
	struct vp_segment *segment;

	if (!script)
		return;
	script->timestamps = decoy->faults & (VP_FAULT_OLD_STAMP | VP_FAULT_NO_STAMP);
	put_true(script, 0, half);
	segment = put(script, NULL, half, 0);
	*segment = *decoy;
	segment->at += (int64_t)half;
	if (decoy->len) { /* as many bytes as there are, other ones */
		segment->data = other_bytes(script, half, script->len) + half;
		segment->len = script->len - half < PIECE ? script->len - half : PIECE;
	}
	put_rest(script);
	put_true(script, half, script->len);
}

/* A byte that the receiver leaves out, because it is urgent. */
static void make_urgent(struct maker *maker, size_t at)
{
	static const uint8_t junk = 'x';
	size_t len = maker->order->len;
	struct vp_script *script = begin(maker, VP_WAY_DECOY, true,
					 vp_format("an urgent byte amid it at %zu", at));
	struct vp_segment *segment;
	size_t first;

	if (!script)
		return;
	put_true(script, 0, at);
	segment = put(script, &junk, at, 1);
	segment->flags |= VP_TCP_URG;
	segment->urgent = 1;
	first = script->operations.len;
	put_true(script, at, len);
	for (size_t i = first; i < script->operations.len; i++)
		script->operations.data[i].segment.at++;
}

static void make_decoys(struct maker *maker)
{
	const uint8_t data = VP_TCP_ACK | VP_TCP_PSH;
	const struct {
		struct vp_segment segment;
		bool hostile;
		const char *what;
	} decoys[] = {
		{ { .flags = data, .len = 1, .faults = VP_FAULT_CHECKSUM },
		  false,
		  "other bytes with a wrong checksum" },
		{ { .flags = VP_TCP_RST, .faults = VP_FAULT_CHECKSUM },
		  false,
		  "a reset with a wrong checksum" },
		{ { .flags = VP_TCP_RST | VP_TCP_ACK, .at = OFF_WINDOW },
		  false,
		  "a reset off the window" },
		{ { .flags = VP_TCP_FIN | VP_TCP_ACK, .at = OFF_WINDOW },
		  false,
		  "an end off the window" },
		{ { .flags = data, .len = 1, .at = OFF_WINDOW },
		  false,
		  "other bytes off the window" },
		{ { .flags = VP_TCP_RST | VP_TCP_ACK, .at = 1000 },
		  true,
		  "a reset within the window, not at its begin" },
		{ { .flags = VP_TCP_FIN | VP_TCP_ACK, .at = 1000 },
		  true,
		  "an end behind the message" },
		{ { .flags = 0, .len = 1 }, true, "other bytes without ACK" },
		{ { .flags = VP_TCP_SYN, .at = 1000 }, true, "a SYN amid the connection" },
		{ { .flags = VP_TCP_SYN, .at = -100000 }, true, "an old SYN" },
		{ { .flags = data, .len = 1, .faults = VP_FAULT_OLD_STAMP },
		  true,
		  "other bytes with an old timestamp" },
		{ { .flags = data, .len = 1, .faults = VP_FAULT_NO_STAMP },
		  true,
		  "other bytes without the timestamp that was agreed on" },
	};

	for (size_t i = 0; i < VP_COUNT(decoys); i++)
		make_decoy(maker, &decoys[i].segment, decoys[i].hostile, decoys[i].what);
	for (size_t i = 1; i < PLACES; i++)
		make_urgent(maker, maker->order->len * i / PLACES);
}

/* What a keep-alive sends: a byte before the next one, whatever it is. */
static void make_probe(struct maker *maker)
{
	static const uint8_t garbage;
	size_t half = maker->order->len / 2;
	struct vp_script *script;

	if (!half)
		return;
	script = begin(maker, VP_WAY_AGAIN, false, vp_strdup("a keep-alive probe amid it"));
	put_true(script, 0, half);
	put_rest(script);
	put(script, &garbage, half - 1, 1)->flags = VP_TCP_ACK;
	put_rest(script);
	put_true(script, half, script->len);
}

static void make_slow(struct maker *maker)
{
	struct vp_script *script = begin(maker, VP_WAY_SLOW, false,
					 vp_format("in %u parts with pauses", SLOW_STEPS));

	for (size_t i = 0; i < SLOW_STEPS; i++) {
		put_piece(script, i, SLOW_STEPS);
		put_pause(script);
	}
}

static void make_syn(struct maker *maker)
{
	size_t len = maker->order->len, most = len < PIECE - 40 ? len : PIECE - 40;
	struct vp_script *script =
		begin(maker, VP_WAY_SYN, false, vp_strdup("all in the SYN"));

	script->in_syn = most;
	put_true(script, most, len);
	script = begin(maker, VP_WAY_SYN, false, vp_strdup("half in the SYN, then all"));
	script->in_syn = most / 2;
	put_true(script, 0, len);
	script = begin(maker, VP_WAY_SYN, true, vp_strdup("all in the SYN, then other bytes"));
	if (!script)
		return;
	script->in_syn = most;
	put_pieces(script, other_bytes(script, 0, len), 0, len, PIECE);
}

void vp_scripts_make(struct vp_scripts *scripts, const struct vp_script_order *order,
		     size_t *positions)
{
	struct maker maker = { scripts, order };

	vp_script_plain(scripts, VP_WAY_WHOLE, order->message, order->len, PIECE,
			vp_strdup("in one go"));
	*positions = make_splits(&maker);
	make_bytes(&maker);
	make_orders(&maker);
	make_again(&maker);
	make_probe(&maker);
	make_overlaps(&maker);
	make_fragments(&maker);
	make_decoys(&maker);
	make_slow(&maker);
	make_syn(&maker);
}
