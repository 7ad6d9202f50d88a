/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs and lists checked programs: see interpreter.h. A checked program only jumps
 * forward, so a run has at most as many steps as there are instructions.
 */
#include "modules/seccomp/interpreter.h"

#include <inttypes.h>

#include "lib/memory.h"

struct machine {
	uint32_t a, x, scratch[BPF_MEMWORDS];
	bool zero; /* divided by zero: the kernel ends the program and returns 0 */
};

static uint32_t load(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t word;

	memcpy(&word, (const uint8_t *)data + offset, sizeof(word));
	return word;
}

static void calculate(struct machine *m, const struct sock_filter *insn)
{
	uint32_t operand = BPF_SRC(insn->code) == BPF_X ? m->x : insn->k;

	switch (BPF_OP(insn->code)) {
	case BPF_ADD:
		m->a += operand;
		break;
	case BPF_SUB:
		m->a -= operand;
		break;
	case BPF_MUL:
		m->a *= operand;
		break;
	case BPF_DIV:
		m->zero = !operand;
		m->a = operand ? m->a / operand : 0;
		break;
	case BPF_AND:
		m->a &= operand;
		break;
	case BPF_OR:
		m->a |= operand;
		break;
	case BPF_XOR:
		m->a ^= operand;
		break;
	case BPF_LSH:
		m->a <<= operand & 31;
		break;
	case BPF_RSH:
		m->a >>= operand & 31;
		break;
	case BPF_NEG:
		m->a = -m->a;
		break;
	}
}

/* How many instructions a jump skips. */
static uint32_t jump(const struct machine *m, const struct sock_filter *insn)
{
	uint32_t operand = BPF_SRC(insn->code) == BPF_X ? m->x : insn->k;

	switch (BPF_OP(insn->code)) {
	case BPF_JEQ:
		return m->a == operand ? insn->jt : insn->jf;
	case BPF_JGT:
		return m->a > operand ? insn->jt : insn->jf;
	case BPF_JGE:
		return m->a >= operand ? insn->jt : insn->jf;
	case BPF_JSET:
		return m->a & operand ? insn->jt : insn->jf;
	default:
		return insn->k; /* ja */
	}
}

static uint32_t fetch(const struct machine *m, const struct sock_filter *insn,
		      const struct seccomp_data *data)
{
	switch (BPF_MODE(insn->code)) {
	case BPF_ABS:
		return load(data, insn->k);
	case BPF_LEN:
		return sizeof(*data);
	case BPF_MEM:
		return m->scratch[insn->k];
	default:
		return insn->k;
	}
}

uint32_t vp_bpf_run(const struct vp_bpf *program, const struct seccomp_data *data)
{
	struct machine m = { 0 };

	for (size_t pc = 0; pc < program->len && !m.zero; pc++) {
		const struct sock_filter *insn = &program->code[pc];

		switch (BPF_CLASS(insn->code)) {
		case BPF_LD:
			m.a = fetch(&m, insn, data);
			break;
		case BPF_LDX:
			m.x = fetch(&m, insn, data);
			break;
		case BPF_ST:
			m.scratch[insn->k] = m.a;
			break;
		case BPF_STX:
			m.scratch[insn->k] = m.x;
			break;
		case BPF_ALU:
			calculate(&m, insn);
			break;
		case BPF_JMP:
			pc += jump(&m, insn);
			break;
		case BPF_RET:
			return BPF_RVAL(insn->code) == BPF_A ? m.a : insn->k;
		default: /* BPF_MISC */
			if (BPF_MISCOP(insn->code) == BPF_TXA)
				m.a = m.x;
			else
				m.x = m.a;
		}
	}
	return 0;
}

bool vp_bpf_allows(const struct sock_filter *code, size_t len, const struct seccomp_data *data)
{
	const struct vp_bpf program = { code, len };
	uint32_t action;

	if (vp_bpf_check(&program, NULL))
		return false;
	action = vp_bpf_run(&program, data) & SECCOMP_RET_ACTION_FULL;
	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

/* The kernel's order: the lower as a signed number, the stricter. */
static int32_t strictness(uint32_t word)
{
	return (int32_t)(word & SECCOMP_RET_ACTION_FULL);
}

uint32_t vp_bpf_run_stack(const struct vp_bpf *programs, size_t count,
			  const struct seccomp_data *data, size_t *which)
{
	uint32_t decided = SECCOMP_RET_ALLOW;
	size_t by = count;

	for (size_t i = 0; i < count; i++) {
		uint32_t word = vp_bpf_run(&programs[i], data);

		if (strictness(word) < strictness(decided)) {
			decided = word;
			by = i;
		}
	}
	if (which)
		*which = by;
	return decided;
}

static const char *const operations[] = {
	[BPF_ADD >> 4] = "add", [BPF_SUB >> 4] = "sub", [BPF_MUL >> 4] = "mul",
	[BPF_DIV >> 4] = "div", [BPF_OR >> 4] = "or",	[BPF_AND >> 4] = "and",
	[BPF_LSH >> 4] = "lsh", [BPF_RSH >> 4] = "rsh", [BPF_NEG >> 4] = "neg",
	[BPF_XOR >> 4] = "xor",
};

static const char *const jumps[] = {
	[BPF_JA >> 4] = "ja",	[BPF_JEQ >> 4] = "jeq",	  [BPF_JGT >> 4] = "jgt",
	[BPF_JGE >> 4] = "jge", [BPF_JSET >> 4] = "jset",
};

static const char *name_of(const char *const *table, size_t count, uint16_t code)
{
	size_t i = BPF_OP(code) >> 4;

	return i < count && table[i] ? table[i] : "?";
}

/* The fields of struct seccomp_data by their offset. */
static void print_offset(uint32_t offset, struct vp_strbuf *out)
{
	if (offset == offsetof(struct seccomp_data, nr))
		vp_strbuf_adds(out, "nr");
	else if (offset == offsetof(struct seccomp_data, arch))
		vp_strbuf_adds(out, "arch");
	else if (offset < offsetof(struct seccomp_data, args))
		vp_strbuf_addf(out, "ip.%s", offset & 4 ? "high" : "low");
	else
		vp_strbuf_addf(out, "a%zu.%s",
			       (offset - offsetof(struct seccomp_data, args)) / 8,
			       offset & 4 ? "high" : "low");
}

static void print_load(const struct sock_filter *insn, struct vp_strbuf *out)
{
	vp_strbuf_adds(out, BPF_CLASS(insn->code) == BPF_LD ? "ld " : "ldx ");
	if (BPF_MODE(insn->code) == BPF_ABS)
		print_offset(insn->k, out);
	else if (BPF_MODE(insn->code) == BPF_MEM)
		vp_strbuf_addf(out, "m%" PRIu32, insn->k);
	else if (BPF_MODE(insn->code) == BPF_LEN)
		vp_strbuf_adds(out, "len");
	else
		vp_strbuf_addf(out, "0x%" PRIx32, insn->k);
}

static void print_operand(const struct sock_filter *insn, struct vp_strbuf *out)
{
	if (BPF_SRC(insn->code) == BPF_X)
		vp_strbuf_adds(out, " x");
	else
		vp_strbuf_addf(out, " 0x%" PRIx32, insn->k);
}

static void print_instruction(const struct sock_filter *insn, struct vp_strbuf *out)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
	case BPF_LDX:
		print_load(insn, out);
		break;
	case BPF_ST:
	case BPF_STX:
		vp_strbuf_addf(out, "%s m%" PRIu32,
			       BPF_CLASS(insn->code) == BPF_ST ? "st" : "stx", insn->k);
		break;
	case BPF_ALU:
		vp_strbuf_adds(out, name_of(operations, VP_COUNT(operations), insn->code));
		if (BPF_OP(insn->code) != BPF_NEG)
			print_operand(insn, out);
		break;
	case BPF_JMP:
		vp_strbuf_adds(out, name_of(jumps, VP_COUNT(jumps), insn->code));
		print_operand(insn, out);
		if (BPF_OP(insn->code) != BPF_JA)
			vp_strbuf_addf(out, ", %u, %u", insn->jt, insn->jf);
		break;
	case BPF_RET:
		if (BPF_RVAL(insn->code) == BPF_A)
			vp_strbuf_adds(out, "ret a");
		else
			vp_strbuf_addf(out, "ret 0x%08" PRIx32, insn->k);
		break;
	default:
		vp_strbuf_adds(out, BPF_MISCOP(insn->code) == BPF_TXA ? "txa" : "tax");
	}
}

void vp_bpf_print(const struct vp_bpf *program, struct vp_strbuf *out)
{
	for (size_t i = 0; i < program->len; i++) {
		vp_strbuf_addf(out, "%5zu  ", i);
		print_instruction(&program->code[i], out);
		vp_strbuf_addc(out, '\n');
	}
}
