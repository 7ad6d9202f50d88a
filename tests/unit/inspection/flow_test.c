/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of connections against one that looks at all of them, over random changes. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "modules/inspection/flow.h"

#define FLOWS	200
#define CHANGES 20000

struct known {
	struct vp_flow *flow; /* NULL: there is none */
	uint64_t touched;     /* a number that only grows */
	bool rests[VP_FLOW_RESTS];
};

struct world {
	struct vp_flow_table *table;
	struct known flows[FLOWS];
	uint64_t changes;
};

static struct vp_packet packet_of(size_t i, bool answer)
{
	struct vp_packet packet = { .version = 4, .protocol = IPPROTO_TCP };

	packet.source = packet.destination = (struct vp_address){ .family = 4 };
	packet.source.bytes[3] = answer ? 1 : 2;
	packet.destination.bytes[3] = answer ? 2 : 1;
	packet.source_port = answer ? 80 : (uint16_t)(1000 + i);
	packet.destination_port = answer ? (uint16_t)(1000 + i) : 80;
	return packet;
}

static void touched(struct world *w, struct known *known)
{
	known->touched = ++w->changes;
	for (int rest = 0; rest < VP_FLOW_RESTS; rest++)
		known->rests[rest] = false;
}

/* The one touched first, of a state, that does not rest; `rest` VP_FLOW_RESTS: any. */
static struct known *first_of(struct world *w, enum vp_flow_state state, int rest)
{
	struct known *first = NULL;

	for (size_t i = 0; i < FLOWS; i++) {
		struct known *known = &w->flows[i];

		if (known->flow && known->flow->state == state &&
		    (rest == VP_FLOW_RESTS || !known->rests[rest]) &&
		    (!first || known->touched < first->touched))
			first = known;
	}
	return first;
}

static void come_or_go(struct world *w, size_t i)
{
	struct known *known = &w->flows[i];
	struct vp_packet packet = packet_of(i, false);

	if (known->flow) {
		vp_flow_remove(w->table, known->flow);
		known->flow = NULL;
	} else {
		known->flow = vp_flow_add(w->table, &packet, VP_TO_SERVER);
		touched(w, known);
	}
}

/* As the engine does: only the first of those that do not can come to rest. */
static void rest_one(struct world *w, enum vp_flow_state state, enum vp_flow_rest rest)
{
	struct known *first = first_of(w, state, (int)rest);

	if (!first)
		return;
	vp_flow_rests(w->table, first->flow, rest);
	first->rests[rest] = true;
}

static void change(struct world *w)
{
	size_t i = (size_t)rand() % FLOWS;
	enum vp_flow_state state = (enum vp_flow_state)(rand() % VP_FLOW_STATES);

	switch (rand() % 8) {
	case 0:
		come_or_go(w, i);
		break;
	case 1:
	case 2:
		if (w->flows[i].flow) {
			vp_flow_touch(w->table, w->flows[i].flow, state, w->changes);
			touched(w, &w->flows[i]);
		}
		break;
	default:
		rest_one(w, state, (enum vp_flow_rest)(rand() % VP_FLOW_RESTS));
	}
}

static struct vp_flow *flow_of(const struct known *known)
{
	return known ? known->flow : NULL;
}

static void compare(struct world *w)
{
	for (int state = 0; state < VP_FLOW_STATES; state++) {
		enum vp_flow_state of = (enum vp_flow_state)state;

		assert_ptr_equal(vp_flow_oldest(w->table, of),
				 flow_of(first_of(w, of, VP_FLOW_RESTS)));
		for (int rest = 0; rest < VP_FLOW_RESTS; rest++)
			assert_ptr_equal(
				vp_flow_restless(w->table, of, (enum vp_flow_rest)rest),
				flow_of(first_of(w, of, rest)));
	}
}

static void test_order(void **state)
{
	static struct world w;
	size_t there = 0;

	(void)state;
	srand(1);
	w.table = vp_flow_table_new(FLOWS, 1);
	for (int i = 0; i < CHANGES; i++) {
		change(&w);
		compare(&w);
	}
	for (size_t i = 0; i < FLOWS; i++)
		there += w.flows[i].flow != NULL;
	assert_int_equal(vp_flow_count(w.table), there);
	assert_in_range(there, FLOWS / 4, FLOWS);
	for (size_t i = 0; i < FLOWS; i++)
		if (w.flows[i].flow)
			vp_flow_remove(w.table, w.flows[i].flow);
	vp_flow_table_free(w.table);
}

static void test_find(void **state)
{
	struct vp_flow_table *table = vp_flow_table_new(FLOWS, 7);
	struct vp_flow *flows[FLOWS];
	enum vp_direction direction;
	struct vp_packet packet;

	(void)state;
	for (size_t i = 0; i < FLOWS; i++) {
		packet = packet_of(i, false);
		assert_null(vp_flow_find(table, &packet, &direction));
		assert_int_equal(vp_flow_table_full(table), 0);
		flows[i] = vp_flow_add(table, &packet, VP_TO_SERVER);
	}
	assert_int_equal(vp_flow_table_full(table), 1);
	for (size_t i = 0; i < FLOWS; i++) {
		packet = packet_of(i, false);
		assert_ptr_equal(vp_flow_find(table, &packet, &direction), flows[i]);
		assert_int_equal(direction, VP_TO_SERVER);
		packet = packet_of(i, true);
		assert_ptr_equal(vp_flow_find(table, &packet, &direction), flows[i]);
		assert_int_equal(direction, VP_TO_CLIENT);
		vp_flow_remove(table, flows[i]);
		assert_null(vp_flow_find(table, &packet, &direction));
	}
	vp_flow_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
