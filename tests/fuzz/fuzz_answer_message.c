/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vpatchd-answer is told and tells: orders, notes, tables of answers, and calls by them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/answer/message.h"
#include "agentd/answer/table.h"
#include "lib/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

static void messages(const uint8_t *data, size_t size)
{
	struct vp_answer_order order;
	struct vp_answer_note note;

	if (!vp_answer_order_parse(data, size, &order, NULL))
		must(order.kind && (order.kind == VP_ANSWER_LISTENER) == (order.key != 0));
	if (!vp_answer_note_parse(data, size, &note, NULL))
		must(note.error >= 0 && note.result <= 0 &&
		     (note.kind == VP_ANSWER_STATE || note.count));
}

/* What was taken is printed as it came, and answers any call. */
static void tables(const uint8_t *data, size_t size)
{
	static struct vp_answer_table table;
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };
	_cleanup_free_ uint64_t *aligned = malloc(size + 1);
	struct seccomp_data call = { .nr = (int)size, .args = { size, 1, 2, 3, 4, 5 } };

	memcpy(aligned, data, size);
	if (vp_answer_table_parse(aligned, size, &table, NULL))
		return;
	vp_answer_table_begin(&bytes, table.count);
	for (uint32_t i = 0; i < table.count; i++) {
		const struct vp_answer *answer;

		vp_answer_table_add(&bytes, &table.targets[i]);
		answer = vp_answer_find(&table, table.targets[i].key, &call);
		must(!answer || (answer->error >= 0 && answer->error <= 4095));
	}
	must(bytes.len == size && !memcmp(bytes.data, data, size));
	must(!vp_answer_find(&table, 0, &call));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	messages(data, size);
	tables(data, size);
	return 0;
}
