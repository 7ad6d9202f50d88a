/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program: all rules that read one kind of unit of one service, compiled. It
 * is made by vpatchd, packed into bytes, and loaded by the worker, the replay
 * and the lab, which all judge by this same code.
 *
 * Distinct (field, argument, slice, transforms) are the program's inputs. The
 * string conditions on an input are patterns of that input's database (one for
 * whole values or one for values in parts); numbers and addresses are compared.
 * What the pattern matcher cannot express is confirmed by PCRE2 with a match
 * limit, whose exhaustion is a failure, never a silent miss.
 */
#ifndef VP_INSPECTION_PROGRAM_H
#define VP_INSPECTION_PROGRAM_H

#include "lib/error.h"
#include "modules/inspection/sink.h"
#include "policy/plan.h"

/*
 * Immutable once made; may be shared by any number of units of one thread (they
 * share its matcher's working memory).
 */
struct vp_program;

/*
 * Compile rules in evaluation order, all of one service's traffic. Owned by the
 * caller; independent of the placements. NULL with *err: a pattern that neither
 * matcher takes, with its file and line.
 */
struct vp_program *vp_program_compile(const struct vp_placement *const *rules, size_t count,
				      struct vp_error *err);
void vp_program_free(struct vp_program *program);

/* Bytes that vp_program_load() takes on the same kind of machine; owned by the caller. */
void vp_program_pack(const struct vp_program *program, uint8_t **bytes, size_t *len);

/*
 * Foreign bytes: anything out of bounds is -EBADMSG, and nothing is kept. The
 * pattern databases inside are as safe to load as the matching library makes them;
 * a digest in front keeps damage out, not malice.
 */
int vp_program_load(const uint8_t *bytes, size_t len, struct vp_program **program,
		    struct vp_error *err);

/*
 * Make machine code of the patterns that PCRE2 confirms, while the process may
 * still map executable memory. The number of patterns that go on without.
 */
size_t vp_program_accelerate(struct vp_program *program);

/* A rule of the program, by its place in evaluation order. */
struct vp_program_rule {
	uint32_t tag;
	enum vp_mode mode;
	enum vp_direction direction;
	struct vp_threshold threshold;
	struct vp_action action;
	/* Of a rule that only counts a variable up: its key (variable.h); else 0. Such a rule
	 * is never a hit. */
	uint64_t variable;
};

size_t vp_program_rules(const struct vp_program *program);
const struct vp_program_rule *vp_program_rule(const struct vp_program *program, size_t rule);

/* Does any condition read the field? */
bool vp_program_wants(const struct vp_program *program, enum vp_field_id field);

/* How many bytes of a value of the field conditions read; UINT64_MAX: all there are. */
uint64_t vp_program_reach(const struct vp_program *program, enum vp_field_id field);

/*
 * A literal of at least 3 bytes that the raw traffic must contain wherever the
 * rule matches, or an empty slice when there is none (encoded, short, negated).
 */
void vp_program_necessary(const struct vp_program *program, size_t rule, struct vp_slice *out);

#endif
