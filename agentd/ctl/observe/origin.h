/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In which ABI a call was made, which the kernel's record of it does not say. Pure.
 *
 * A 64-bit x86 process may enter the kernel by `int 0x80` at any time; the record then has the
 * number and the arguments of the 32-bit ABI, and nothing that tells so. What tells them apart
 * are the registers of user mode that were sampled with the record: the 64-bit call has its
 * arguments in rdi, rsi, rdx, r10, r8 and r9, the other in ebx, ecx, edx, esi, edi and ebp;
 * and the instruction `syscall` leaves the return address in rcx and the flags in r11
 * (processors with FRED do not). A process in 32-bit code, and AArch32, is told by the sampled
 * width.
 */
#ifndef VP_OBSERVE_ORIGIN_H
#define VP_OBSERVE_ORIGIN_H

#include "agentd/ctl/observe/trace.h"
#include "modules/seccomp/abi.h"

/* Which registers to sample on a machine (perf_event_attr.sample_regs_user), and how many. */
uint64_t vp_origin_registers(enum vp_abi native, size_t *count);

/*
 * The ABI of a CALL on a machine; `native` for one of x32 too, whose number has VP_X32_BIT.
 * *sure false: the registers fit both, or none (a tracer has changed them): it is taken for
 * native.
 */
enum vp_abi vp_origin_of(enum vp_abi native, const struct vp_trace *record, bool *sure);

#endif
