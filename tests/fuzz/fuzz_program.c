/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inspection programs. A digest keeps damage out, so the fuzzer's bytes are tried
 * both as they are and behind a header that fits them; what loads has to take
 * values of all fields.
 */
#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "lib/digest.h"
#include "lib/memory.h"
#include "modules/inspection/program.h"
#include "modules/inspection/unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct vp_unit_flow flow = {
	.source = { 4, { 192, 0, 2, 1 } },
	.destination = { 6, { 0x20, 1, 0xd, 0xb8 } },
	.source_port = 40000,
	.destination_port = 80,
	.protocol = 6,
	.version = 4,
};

static void give_field(struct vp_sink *sink, enum vp_field_id field)
{
	static const uint8_t text[] = "/a/../%62%63?evil=YWJj &lt; <\xc0\xaf\r\n0123456789";
	const struct vp_slice name = { (const uint8_t *)"Host", 4 }, empty = { NULL, 0 };
	const struct vp_slice whole = { text, sizeof(text) - 1 };

	sink->operations->number(sink, field, field * 257u);
	sink->operations->bytes(sink, field, name, whole, VP_PART_WHOLE);
	sink->operations->bytes(sink, field, empty, (struct vp_slice){ text, 9 },
				VP_PART_FIRST);
	sink->operations->bytes(sink, field, empty,
				(struct vp_slice){ text + 9, sizeof(text) - 10 },
				field % 2 ? VP_PART_LAST : VP_PART_MORE);
}

static void use(const struct vp_program *program)
{
	struct vp_unit *unit = vp_unit_new(program, 64);
	struct vp_sink *sink = vp_unit_sink(unit);
	struct vp_slice literal;
	size_t rule;

	for (size_t i = 0; i < vp_program_rules(program); i++)
		vp_program_necessary(program, i, &literal);
	vp_unit_flow(unit, &flow);
	for (unsigned int round = 0; round < 2; round++) {
		sink->operations->begin(sink);
		for (unsigned int field = 0; field < VP_FIELD_COUNT; field++) {
			vp_program_reach(program, field);
			sink->operations->awaits(sink, field);
			give_field(sink, field);
			if (field == VP_FIELD_COUNT / 2)
				sink->operations->final(sink, VP_PHASE_HEAD);
		}
		vp_unit_failure(unit, &rule);
		sink->operations->final(sink, VP_PHASE_END);
		vp_unit_failure(unit, &rule);
		sink->operations->end(sink);
	}
	vp_unit_take(unit);
	vp_unit_free(unit);
}

static void try(const uint8_t *data, size_t size)
{
	struct vp_program *program, *again;
	struct vp_error err;
	uint8_t *bytes;
	size_t len;

	if (vp_program_load(data, size, &program, &err))
		return;
	use(program);
	vp_program_pack(program, &bytes, &len);
	if (vp_program_load(bytes, len, &again, &err))
		abort();
	vp_program_free(again);
	vp_program_free(program);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char magic[16] = "vpatch program\0\3";
	uint64_t length = htole64(size), digest;
	uint8_t *whole;

	try(data, size);
	if (size < 32)
		return 0;
	whole = vp_memdup(data, size);
	digest = htole64(vp_digest_long(VP_DIGEST_SEED, data + 32, size - 32));
	memcpy(whole, magic, sizeof(magic));
	memcpy(whole + 16, &length, 8);
	memcpy(whole + 24, &digest, 8);
	try(whole, size);
	free(whole);
	return 0;
}
