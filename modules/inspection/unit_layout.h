/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a unit of evaluation is made of; internal to unit*.c. */
#ifndef VP_INSPECTION_UNIT_LAYOUT_H
#define VP_INSPECTION_UNIT_LAYOUT_H

#include "modules/inspection/program_layout.h"
#include "modules/inspection/unit.h"

/* A buffer larger than this is given back at the unit's end. */
#define VP_UNIT_KEEP 16384u

/* How far text is a number. */
enum vp_digits {
	VP_DIGITS_NONE,
	VP_DIGITS_ZERO,
	VP_DIGITS_PREFIX,
	VP_DIGITS_SOME,
	VP_DIGITS_BAD
};

/* Most numbers of one side of a relation that are kept, where all of them matter. */
#define VP_RELATION_MOST 1024u

/* Numbers of one side of a relation in the unit: where order decides, the extremes. */
struct vp_side {
	uint64_t *numbers; /* different ones */
	uint32_t count, room;
	uint64_t least, most;
};

/* A number of the packets' headers, as a side of a relation. */
struct vp_flow_number {
	uint32_t atom;
	uint64_t number;
};

/* The present value of one input. Made when first needed, then kept. */
struct vp_reading {
	struct vp_unit *unit;
	uint32_t input;
	bool open;	 /* between its first part and its last */
	bool whole;	 /* all bytes come in one call */
	bool dropped;	 /* of the buffer: bytes are missing in it */
	uint64_t raw;	 /* bytes of the value so far, before slice and transforms */
	uint64_t offset; /* of the slice */
	bool started;	 /* the offset is known */
	uint32_t waited; /* bytes in `ahead` */
	uint8_t *ahead;	 /* the value's first bytes, up to the end of the offset */
	uint64_t *place; /* of the input's anchor */
	uint64_t length; /* bytes behind them */
	uint8_t head[8]; /* the first of those */
	uint64_t number; /* that their digits say */
	uint8_t digits;	 /* enum vp_digits */
	uint8_t *buffer;
	size_t held, room;
	uint64_t *marked; /* bit set of the input's patterns: matched, not yet believed */
	struct vp_database_stream *stream;
	struct vp_transformer *transformer;
};

/* An atom of which a failure leaves unknown whether it holds. */
struct vp_unknown {
	uint32_t atom;
	enum vp_unit_failure failure;
};

VP_ARRAY_TYPE(vp_rule_list, uint32_t);

struct vp_unit {
	struct vp_sink sink; /* first: the unit is its own sink */
	const struct vp_program *program;
	size_t bound, memory;
	struct vp_unit_flow flow;
	bool open;
	enum vp_stage_of_unit certain; /* no more values of fields of this stage come */

	/* truth; bit sets */
	uint64_t *holds;			     /* by atom */
	uint64_t *present;			     /* by input */
	uint32_t *values;			     /* by input: how many so far */
	struct vp_rule_list flow_atoms, flow_inputs; /* true, present for the whole flow */
	VP_ARRAY(struct vp_flow_number) flow_numbers;
	struct vp_side (*sides)[2]; /* by relation */

	/* Each rule waits for one of its positive atoms: at first the rarest (watchers_of),
	 * then any that does not hold yet. */
	uint32_t *waiting;	   /* by atom: first rule that moved there, or VP_NONE */
	uint32_t *next;		   /* by rule: the next one */
	struct vp_rule_list moved; /* atoms with an entry in `waiting` */
	struct vp_rule_list ready; /* rules whose positives hold, not yet certain */

	struct vp_rule_list hits, taken;
	VP_ARRAY(struct vp_unknown) unknown;
	enum vp_unit_failure failure; /* of units that ended */
	size_t failed_rule;
	bool failure_seen; /* there was a vp_unit_take() since */
	bool told;	   /* that of the open unit could be seen at the last vp_unit_take() */

	struct vp_reading **readings;	     /* by input */
	bool large;			     /* some buffer is larger than VP_UNIT_KEEP */
	uint32_t open_group[VP_FIELD_COUNT]; /* of the value in parts, or VP_NONE */
	unsigned int open_count;	     /* of them */
};

static inline bool vp_bit(const uint64_t *set, uint32_t bit)
{
	return set[bit / 64] >> bit % 64 & 1;
}

static inline void vp_bit_set(uint64_t *set, uint32_t bit)
{
	set[bit / 64] |= UINT64_C(1) << bit % 64;
}

static inline size_t vp_bit_words(size_t bits)
{
	return bits / 64 + 1;
}

/* Does the number, behind the atom's steps, lie in its ranges? */
static inline bool vp_atom_within(const struct vp_program *program, const struct vp_atom *atom,
				  uint64_t number)
{
	if (atom->steps.count)
		number = vp_number_step(vp_span_of(&program->steps, atom->steps),
					atom->steps.count, number);
	return vp_number_within(vp_span_of(&program->numbers, atom->ranges),
				atom->ranges.count, number);
}

/* unit_truth.c: from atoms to rules */

/* A new unit: nothing is true but what the flow makes so. */
void vp_truth_begin(struct vp_unit *unit);
/* The atom holds; fires what follows. */
void vp_truth_hold(struct vp_unit *unit, uint32_t atom);
/* No more values of fields up to that stage come. */
void vp_truth_certain(struct vp_unit *unit, enum vp_stage_of_unit stage);
/* Whether an atom (or every string condition of an input) holds will not be known. */
void vp_truth_unknown(struct vp_unit *unit, uint32_t atom, enum vp_unit_failure failure);
void vp_truth_unknown_input(struct vp_unit *unit, uint32_t input,
			    enum vp_unit_failure failure);
/* May a value of the input still make a rule true? */
bool vp_truth_awaits(const struct vp_unit *unit, uint32_t input);
/* The failure that matters now; *rule is what it concerns. */
enum vp_unit_failure vp_truth_failure(const struct vp_unit *unit, size_t *rule);

/* unit_relation.c: numbers of a unit against each other */

void vp_relation_begin(struct vp_unit *unit);
/* The atom, a side of a relation, has that number, before its steps. */
void vp_relation_give(struct vp_unit *unit, uint32_t atom, uint64_t number);
/* Has either side a number? */
bool vp_relation_present(const struct vp_unit *unit, uint32_t relation);
void vp_relation_free(struct vp_unit *unit);

/* unit_value.c: from values to atoms */

/* A part of a value of the input; `first` and `last` may both be true. */
void vp_reading_part(struct vp_unit *unit, uint32_t input, struct vp_slice bytes, bool first,
		     bool last);
void vp_reading_number(struct vp_unit *unit, uint32_t input, uint64_t number);
/* Forget a value whose rest will not come. */
void vp_reading_drop(struct vp_unit *unit, uint32_t input);
/* Give large buffers back. */
void vp_reading_trim(struct vp_unit *unit);
void vp_reading_free(struct vp_unit *unit, uint32_t input);

#endif
