/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which programs the kernel accepts for seccomp: the rules of its classic BPF
 * checker (bpf_check_classic, check_load_and_stores in net/core/filter.c) and of
 * seccomp's own (seccomp_check_filter in kernel/seccomp.c) together. A test lets
 * the kernel judge the same programs.
 */
#include <errno.h>
#include <stdbool.h>

#include "lib/memory.h"
#include "modules/seccomp/interpreter.h"

/* Instructions that both checkers know; whatever is not here is refused. */
static const bool known[256] = {
	[BPF_LD | BPF_W | BPF_ABS] = true,
	[BPF_LD | BPF_W | BPF_LEN] = true,
	[BPF_LD | BPF_IMM] = true,
	[BPF_LD | BPF_MEM] = true,
	[BPF_LDX | BPF_W | BPF_LEN] = true,
	[BPF_LDX | BPF_IMM] = true,
	[BPF_LDX | BPF_MEM] = true,
	[BPF_ST] = true,
	[BPF_STX] = true,
	[BPF_ALU | BPF_ADD | BPF_K] = true,
	[BPF_ALU | BPF_ADD | BPF_X] = true,
	[BPF_ALU | BPF_SUB | BPF_K] = true,
	[BPF_ALU | BPF_SUB | BPF_X] = true,
	[BPF_ALU | BPF_MUL | BPF_K] = true,
	[BPF_ALU | BPF_MUL | BPF_X] = true,
	[BPF_ALU | BPF_DIV | BPF_K] = true,
	[BPF_ALU | BPF_DIV | BPF_X] = true,
	[BPF_ALU | BPF_AND | BPF_K] = true,
	[BPF_ALU | BPF_AND | BPF_X] = true,
	[BPF_ALU | BPF_OR | BPF_K] = true,
	[BPF_ALU | BPF_OR | BPF_X] = true,
	[BPF_ALU | BPF_XOR | BPF_K] = true,
	[BPF_ALU | BPF_XOR | BPF_X] = true,
	[BPF_ALU | BPF_LSH | BPF_K] = true,
	[BPF_ALU | BPF_LSH | BPF_X] = true,
	[BPF_ALU | BPF_RSH | BPF_K] = true,
	[BPF_ALU | BPF_RSH | BPF_X] = true,
	[BPF_ALU | BPF_NEG] = true,
	[BPF_JMP | BPF_JA] = true,
	[BPF_JMP | BPF_JEQ | BPF_K] = true,
	[BPF_JMP | BPF_JEQ | BPF_X] = true,
	[BPF_JMP | BPF_JGE | BPF_K] = true,
	[BPF_JMP | BPF_JGE | BPF_X] = true,
	[BPF_JMP | BPF_JGT | BPF_K] = true,
	[BPF_JMP | BPF_JGT | BPF_X] = true,
	[BPF_JMP | BPF_JSET | BPF_K] = true,
	[BPF_JMP | BPF_JSET | BPF_X] = true,
	[BPF_RET | BPF_K] = true,
	[BPF_RET | BPF_A] = true,
	[BPF_MISC | BPF_TAX] = true,
	[BPF_MISC | BPF_TXA] = true,
};

static bool is_memory(uint16_t code)
{
	return code == (BPF_LD | BPF_MEM) || code == (BPF_LDX | BPF_MEM) || code == BPF_ST ||
	       code == BPF_STX;
}

/* What is wrong with the operand, or NULL. `left` instructions follow this one. */
static const char *operand_fault(const struct sock_filter *insn, size_t left)
{
	if (insn->code == (BPF_LD | BPF_W | BPF_ABS) &&
	    (insn->k >= sizeof(struct seccomp_data) || insn->k & 3))
		return "loads from outside struct seccomp_data, or unaligned";
	if (insn->code == (BPF_ALU | BPF_DIV | BPF_K) && !insn->k)
		return "divides by zero";
	if ((insn->code == (BPF_ALU | BPF_LSH | BPF_K) ||
	     insn->code == (BPF_ALU | BPF_RSH | BPF_K)) &&
	    insn->k >= 32)
		return "shifts by 32 bits or more";
	if (is_memory(insn->code) && insn->k >= BPF_MEMWORDS)
		return "names a scratch word that does not exist";
	if (BPF_CLASS(insn->code) != BPF_JMP)
		return NULL;
	if (insn->code == (BPF_JMP | BPF_JA))
		return insn->k >= left ? "jumps past the end" : NULL;
	return insn->jt >= left || insn->jf >= left ? "jumps past the end" : NULL;
}

/*
 * No scratch word is read before it was written, on any way. Like the kernel, a return does
 * not clear what is taken as written behind it.
 */
static size_t scratch_fault(const struct vp_bpf *program)
{
	_cleanup_free_ uint16_t *written = vp_alloc(program->len, sizeof(*written));
	uint16_t valid = 0;

	memset(written, 0xff, program->len * sizeof(*written));
	for (size_t i = 0; i < program->len; i++) {
		const struct sock_filter *insn = &program->code[i];

		valid &= written[i];
		if (insn->code == BPF_ST || insn->code == BPF_STX) {
			valid |= (uint16_t)(1u << insn->k);
		} else if (is_memory(insn->code)) {
			if (!(valid & 1u << insn->k))
				return i;
		} else if (insn->code == (BPF_JMP | BPF_JA)) {
			written[i + 1 + insn->k] &= valid;
			valid = UINT16_MAX;
		} else if (BPF_CLASS(insn->code) == BPF_JMP) {
			written[i + 1 + insn->jt] &= valid;
			written[i + 1 + insn->jf] &= valid;
			valid = UINT16_MAX;
		}
	}
	return program->len;
}

int vp_bpf_check(const struct vp_bpf *program, struct vp_error *err)
{
	size_t len = program->len, fault;

	if (!len || len > VP_BPF_MAX)
		return vp_fail(err, -EINVAL,
			       "a filter has 1 to %d instructions, this one has %zu",
			       VP_BPF_MAX, len);
	for (size_t i = 0; i < len; i++) {
		const struct sock_filter *insn = &program->code[i];
		const char *what = insn->code < VP_COUNT(known) && known[insn->code]
					   ? operand_fault(insn, len - i - 1)
					   : "is none that seccomp allows";

		if (what)
			return vp_fail(err, -EINVAL, "instruction %zu (code 0x%x) %s", i,
				       insn->code, what);
	}
	if (BPF_CLASS(program->code[len - 1].code) != BPF_RET)
		return vp_fail(err, -EINVAL, "the last instruction is not a return");
	fault = scratch_fault(program);
	if (fault < len)
		return vp_fail(err, -EINVAL,
			       "instruction %zu reads a scratch word that was not written",
			       fault);
	return 0;
}

/*
 * The length that the kernel counts: of the translated program. Each return, and each jump
 * that goes elsewhere on both sides, becomes two instructions; a comparison with a constant
 * above the signed range needs one more; three set up.
 */
static size_t translated(const struct vp_bpf *program)
{
	size_t sum = 3;

	for (size_t i = 0; i < program->len; i++) {
		const struct sock_filter *insn = &program->code[i];
		bool conditional =
			BPF_CLASS(insn->code) == BPF_JMP && BPF_OP(insn->code) != BPF_JA;

		sum++;
		if (insn->code == (BPF_RET | BPF_K))
			sum++;
		if (insn->code == (BPF_ALU | BPF_DIV | BPF_X))
			sum += 4;
		if (!conditional)
			continue;
		if (insn->jf && (insn->jt || BPF_OP(insn->code) == BPF_JSET))
			sum++;
		if (BPF_SRC(insn->code) == BPF_K && insn->k > INT32_MAX)
			sum++;
	}
	return sum;
}

int vp_bpf_stack_room(const struct vp_bpf *programs, size_t count, const struct vp_bpf *added,
		      struct vp_error *err)
{
	size_t sum = translated(added);

	for (size_t i = 0; i < count; i++)
		sum += translated(&programs[i]) + 4;
	if (sum > VP_BPF_PATH_MAX)
		return vp_fail(err, -ENOMEM,
			       "%zu filters are installed already: with this one of %zu "
			       "instructions the kernel's bound of %d would be exceeded; "
			       "a restart of the service makes room",
			       count, added->len, VP_BPF_PATH_MAX);
	return 0;
}
