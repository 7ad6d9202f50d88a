/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever another process may have as its filters: the check takes or refuses it, a
 * checked program ends with a word, a stack with the strictest of them, and all can be
 * listed. The input: one system call, then instructions, the first byte says where the
 * second program begins.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modules/seccomp/interpreter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int32_t strictness(uint32_t word)
{
	return (int32_t)(word & SECCOMP_RET_ACTION_FULL);
}

/* Two programs of a stack, the newest first. */
static void run_stack(const struct vp_bpf *stack, const struct seccomp_data *call)
{
	uint32_t words[2] = { vp_bpf_run(&stack[0], call), vp_bpf_run(&stack[1], call) };
	size_t which;
	uint32_t word = vp_bpf_run_stack(stack, 2, call, &which);

	if (which > 2 || (which < 2 && word != words[which]))
		abort();
	for (size_t i = 0; i < 2; i++)
		if (strictness(words[i]) < strictness(word))
			abort();
	(void)vp_bpf_stack_room(stack, 2, &stack[0], NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	struct sock_filter *code;
	struct seccomp_data call;
	struct vp_bpf stack[2];
	struct vp_error err;
	size_t count, first;

	if (size < 1 + sizeof(call))
		return 0;
	memcpy(&call, data + 1, sizeof(call));
	count = (size - 1 - sizeof(call)) / sizeof(*code);
	code = calloc(count + 1, sizeof(*code));
	if (!code)
		abort();
	memcpy(code, data + 1 + sizeof(call), count * sizeof(*code));
	first = count ? data[0] % (count + 1) : 0;
	stack[0] = (struct vp_bpf){ code, first ? first : count };
	stack[1] = (struct vp_bpf){ code + first, count - first };
	vp_bpf_print(&stack[0], &text);
	if (!vp_bpf_check(&stack[0], &err)) {
		if (vp_bpf_run(&stack[0], &call) != vp_bpf_run(&stack[0], &call))
			abort();
		if (!vp_bpf_check(&stack[1], &err))
			run_stack(stack, &call);
	}
	free(code);
	return 0;
}
