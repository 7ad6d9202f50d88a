/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a program is made of; internal to program*.c and unit*.c.
 *
 * A condition's values under one operator on one input are an atom: it is true
 * once a value of the input satisfies it. Rules are sets of terms about atoms;
 * equal atoms are shared. What can be derived from that (who watches what) is
 * not packed but made by vp_program_link() after compiling and after loading.
 */
#ifndef VP_INSPECTION_PROGRAM_LAYOUT_H
#define VP_INSPECTION_PROGRAM_LAYOUT_H

#include "lib/memory.h"
#include "modules/inspection/anchor.h"
#include "modules/inspection/confirm.h"
#include "modules/inspection/database.h"
#include "modules/inspection/number.h"
#include "modules/inspection/program.h"
#include "modules/inspection/transform.h"

#define VP_NONE UINT32_MAX

/* An offset that stands in the value does so within so many bytes. */
#define VP_START_MOST 4096u

/* Slices up to this length are scanned whole, longer ones as they come. */
#define VP_SLICE_WHOLE 4096u

/* When no more values of a field can come: with the packet's headers, the head, the end. */
enum vp_stage_of_unit { VP_STAGE_FLOW, VP_STAGE_HEAD, VP_STAGE_END, VP_STAGE_COUNT };

/* Part of one of the program's arrays. */
struct vp_extent {
	uint32_t first, count;
};

/* The beginning of a span in its array; NULL when it is empty. */
#define vp_span_of(array, span) ((span).count ? (array)->data + (span).first : NULL)

/* Where the offset of a slice counts from. */
enum vp_slice_from {
	VP_FROM_START,
	VP_FROM_NUMBER, /* the offset is a number that stands in the value */
	VP_FROM_STRING, /* behind each occurrence of a string in the value */
	VP_FROM_COUNT,
};

/* The number that is an offset: where it stands, and what is done to it. */
struct vp_slice_start {
	uint32_t offset, length;
	bool little_endian;
	struct vp_extent steps;
};

struct vp_input {
	uint32_t field;
	struct vp_extent argument; /* of `text`; empty: none */
	bool sliced;
	uint32_t offset, length; /* of the slice; length 0: to the end */
	enum vp_slice_from from;
	struct vp_slice_start start; /* from a number */
	struct vp_extent string;     /* of `blob` */
	struct vp_extent transforms;
	struct vp_extent patterns; /* a match's number counts from the first */
	struct vp_extent database; /* of `blob`; packed form */
	bool streaming;		   /* the database's mode */
	uint32_t base; /* 10 or 16: the value is the number that its digits say; else 0 */
	/* derived */
	uint64_t variable;	  /* the key of a variable of the connection */
	struct vp_anchor *anchor; /* from a string */
	enum vp_stage_of_unit stage;
	struct vp_database *scan; /* or NULL */
	bool confirms;		  /* some of the patterns need the whole value */
	bool number;		  /* some atom reads the value as a number */
	uint32_t presence;	  /* the atom that is true with any value, or VP_NONE */
};

enum vp_atom_source {
	VP_ATOM_PRESENCE, /* a value is there */
	VP_ATOM_PATTERNS,
	VP_ATOM_VALUE,	 /* the value as a number; patterns may be alternatives of it */
	VP_ATOM_LENGTH,	 /* the value's */
	VP_ATOM_COUNTED, /* number of values in the unit */
	VP_ATOM_ADDRESS,
	VP_ATOM_RELATION, /* two numbers of the unit compared; its input is the left one's */
	VP_ATOM_SOURCE_COUNT,
};

/*
 * Of source VALUE, LENGTH or COUNTED with a relation: a side of that. It is no
 * condition, has no ranges, and never holds.
 */
struct vp_atom {
	uint32_t input;
	enum vp_atom_source source;
	bool little_endian;
	struct vp_extent steps;	 /* what is done to the number before it is compared */
	struct vp_extent ranges; /* of `numbers` or `addresses` */
	uint32_t relation;	 /* or VP_NONE */
	/* derived */
	enum vp_stage_of_unit stage; /* when its truth is certain */
};

/* `left` OPERATOR `right` */
struct vp_relation {
	uint32_t atom;	     /* that holds when it is true */
	uint32_t sides[2];   /* atoms, left and right */
	enum vp_operator op; /* VP_OP_EQUALS to VP_OP_AT_LEAST */
};

struct vp_program_pattern {
	uint32_t atom;
	enum vp_decider decider;
	uint32_t flags;
	struct vp_extent text;	    /* of `text`, with its final NUL; only what is confirmed */
	struct vp_confirm *confirm; /* derived */
};

enum vp_term_sign { VP_TERM_HOLDS, VP_TERM_NOT, VP_TERM_ABSENT, VP_TERM_SIGN_COUNT };

struct vp_term {
	uint32_t atom;
	enum vp_term_sign sign;
};

/* The terms of one rule. */
struct vp_rule_terms {
	struct vp_extent positives;  /* VP_TERM_HOLDS: all must hold */
	struct vp_extent negatives;  /* the other signs: all must hold */
	struct vp_extent exceptions; /* none may hold */
	struct vp_extent necessary;  /* of `blob` */
	/* derived: when negatives and exceptions are certain */
	enum vp_stage_of_unit certain;
};

/* Lists of numbers by a number: those of `i` are items[first[i]] to items[first[i + 1]]. */
struct vp_index {
	uint32_t *first, *items;
	size_t count;
};

#define vp_index_each(item, lists, i)                                                         \
	for (const uint32_t *item = (lists)->items + (lists)->first[i];                       \
	     item < (lists)->items + (lists)->first[(i) + 1]; item++)

/* Inputs of one field and argument. */
struct vp_input_group {
	uint32_t field;
	struct vp_extent argument;
};

struct vp_program {
	VP_ARRAY(struct vp_program_rule) rules;
	VP_ARRAY(struct vp_rule_terms) terms_of; /* by rule */
	VP_ARRAY(struct vp_term) terms;
	VP_ARRAY(struct vp_input) inputs;
	VP_ARRAY(struct vp_atom) atoms;
	VP_ARRAY(struct vp_program_pattern) patterns;
	VP_ARRAY(struct vp_relation) relations;
	VP_ARRAY(struct vp_transform) transforms;
	VP_ARRAY(struct vp_transform) steps; /* mask, plus, minus, times */
	struct vp_number_ranges numbers;
	struct vp_address_ranges addresses;
	VP_ARRAY(char) text;
	VP_ARRAY(uint8_t) blob;

	/* derived */
	VP_ARRAY(struct vp_input_group) groups;
	struct vp_index groups_of;   /* field: groups */
	struct vp_index inputs_of;   /* group: inputs */
	struct vp_index atoms_of;    /* input: atoms */
	struct vp_index compared_of; /* input: atoms of VALUE, LENGTH, ADDRESS, sides too */
	struct vp_index counted_at;  /* stage: atoms of COUNTED */
	struct vp_index users_of;    /* atom: rules with a term of it */
	struct vp_index watchers_of; /* atom: rules that wait for it first */
	struct vp_index plain_at;    /* stage: rules without positives that are certain then */
	uint32_t *buckets;	     /* hash of field and argument: group, or VP_NONE */
	size_t bucket_mask;
	size_t longest_argument;
	struct vp_scanner *scanner;
};

enum vp_stage_of_unit vp_field_stage(enum vp_field_id field);
/* May values of the field be longer than what is sensibly held? They are scanned in parts. */
bool vp_field_in_parts(enum vp_field_id field);
/* Is it known before the unit begins: from packet headers, or as a variable? */
bool vp_field_of_flow(enum vp_field_id field);
/* Do its bytes stand in the traffic as they are? */
bool vp_field_raw(enum vp_field_id field);
/* Is its argument compared without regard to case? */
bool vp_field_caseless(enum vp_field_id field);

/* Are all numbers of the packed part in bounds, and what must be sorted so? */
bool vp_program_sound(const struct vp_program *program);

/* Derive what is not packed; every number in the packed part is in bounds. */
int vp_program_link(struct vp_program *program, struct vp_error *err);

/* The group of values with that name, or VP_NONE. */
uint32_t vp_program_group(const struct vp_program *program, enum vp_field_id field,
			  struct vp_slice name);

#endif
