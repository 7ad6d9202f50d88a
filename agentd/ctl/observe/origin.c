/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ABI of a call from the registers at its entry: see origin.h. */
#include "agentd/ctl/observe/origin.h"

#include <linux/perf_event.h>

/* Bits of enum perf_event_x86_regs, which has no header on other machines. */
#define X86_BX	  1
#define X86_CX	  2
#define X86_DX	  3
#define X86_SI	  4
#define X86_DI	  5
#define X86_BP	  6
#define X86_IP	  8
#define X86_FLAGS 9
#define X86_R8	  16
#define X86_R9	  17
#define X86_R10	  18
#define X86_R11	  19

/* In the order in which they are sampled: that of their bits. */
enum sampled { BX, CX, DX, SI, DI, BP, IP, FLAGS, R8, R9, R10, R11, SAMPLED };

static const uint8_t x86_bits[SAMPLED] = {
	X86_BX, X86_CX,	   X86_DX, X86_SI, X86_DI,  X86_BP,
	X86_IP, X86_FLAGS, X86_R8, X86_R9, X86_R10, X86_R11
};

static const uint8_t native_places[VP_TRACE_ARGUMENTS] = { DI, SI, DX, R10, R8, R9 };
static const uint8_t narrow_places[VP_TRACE_ARGUMENTS] = { BX, CX, DX, SI, DI, BP };

#define ARM64_PC 32 /* none is looked at, but one must be asked for */

uint64_t vp_origin_registers(enum vp_abi native, size_t *count)
{
	uint64_t mask = 0;

	if (native != VP_ABI_X86_64) {
		*count = 1;
		return 1ull << ARM64_PC;
	}
	for (size_t i = 0; i < SAMPLED; i++)
		mask |= 1ull << x86_bits[i];
	*count = SAMPLED;
	return mask;
}

static bool arguments_are(const struct vp_trace *record, const uint8_t *places, uint64_t mask)
{
	for (size_t i = 0; i < VP_TRACE_ARGUMENTS; i++)
		if ((record->arguments[i] ^ record->registers[places[i]]) & mask)
			return false;
	return true;
}

enum vp_abi vp_origin_of(enum vp_abi native, const struct vp_trace *record, bool *sure)
{
	const uint64_t *regs = record->registers;
	bool fits, fits_narrow, by_syscall;

	*sure = record->width != PERF_SAMPLE_REGS_ABI_NONE;
	if (record->width == PERF_SAMPLE_REGS_ABI_32)
		return vp_abi_companion(native);
	if (native != VP_ABI_X86_64 || !*sure)
		return native;
	fits = arguments_are(record, native_places, UINT64_MAX);
	fits_narrow = arguments_are(record, narrow_places, UINT32_MAX);
	by_syscall = regs[CX] == regs[IP] && regs[R11] == regs[FLAGS];
	if (fits && (by_syscall || !fits_narrow))
		return native;
	if (fits_narrow && !fits)
		return vp_abi_companion(native);
	*sure = by_syscall; /* a tracer may have changed the arguments, but not how it came */
	return native;
}
