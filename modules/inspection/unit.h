/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A unit of evaluation under a program: takes the values a parser finds and says
 * which rules hold, as early as their truth is certain.
 *
 * A missing field makes every operator false, also under `not`, except `absent`.
 * A condition holds when any value of its field satisfies it, a negated one when
 * the field is there and none does. Negated conditions, `absent`, `count` and
 * exceptions are certain when their field's phase is final. A slice is missing
 * in a value that is too short for it ([O:] in one of at most O bytes).
 */
#ifndef VP_INSPECTION_UNIT_H
#define VP_INSPECTION_UNIT_H

#include "lib/address.h"
#include "modules/inspection/packet.h"
#include "modules/inspection/program.h"
#include "modules/inspection/sink.h"
#include "modules/inspection/variable.h"

/* What every unit of a connection has: the fields of its packets' headers. */
struct vp_unit_flow {
	struct vp_address source, destination;
	uint16_t source_port, destination_port;
	uint8_t protocol, version;
	enum vp_direction direction;
	struct vp_variables *variables; /* of the connection; NULL: it has none */
};

/* That of a packet, judged by itself. */
struct vp_unit_flow vp_unit_flow_of(const struct vp_packet *packet,
				    enum vp_direction direction);

enum vp_unit_failure {
	VP_UNIT_FINE,
	VP_UNIT_BOUND,	     /* a value is larger than what a condition may hold */
	VP_UNIT_MATCH_LIMIT, /* PCRE2 gave up */
	VP_UNIT_MATCHER,     /* the pattern matcher failed */
};

struct vp_unit; /* a struct vp_sink in its beginning; see vp_unit_sink() */

/* Owned by the caller; the program outlives it. `bound`: bytes one value may hold. */
struct vp_unit *vp_unit_new(const struct vp_program *program, size_t bound);
void vp_unit_free(struct vp_unit *unit);

/*
 * For the next connection, or the next datagram; drops what is open, with its
 * hits and failure. Rules of the other direction never hold in its units.
 */
void vp_unit_flow(struct vp_unit *unit, const struct vp_unit_flow *flow);
/* What it was told last. */
const struct vp_unit_flow *vp_unit_flow_now(const struct vp_unit *unit);

struct vp_sink *vp_unit_sink(struct vp_unit *unit);

/*
 * Rules that became true since the last call, in evaluation order, one as often
 * as there were units in which it did; valid until the next call on the unit.
 * Every monitor rule is there; of the enforcing rules all are, and the first is
 * decisive.
 */
struct vp_unit_hits {
	const uint32_t *rules; /* positions in the program */
	size_t count;
};
struct vp_unit_hits vp_unit_take(struct vp_unit *unit);

/*
 * A failure that leaves open whether some rule holds that otherwise might; a
 * rule that something else already made false does not count. Also one of
 * units that ended since vp_unit_take(). What failed concerns `rule` (position),
 * an enforcing one if there is any.
 */
enum vp_unit_failure vp_unit_failure(const struct vp_unit *unit, size_t *rule);

/* Bytes held beyond the unit's fixed size. */
size_t vp_unit_memory(const struct vp_unit *unit);

#endif
