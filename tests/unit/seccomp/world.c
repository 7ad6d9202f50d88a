/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rule sets for tests: see world.h. */
#include "tests/unit/seccomp/world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "policy/validate_call.h"

static struct vp_lexer lexer_of(const char *text, struct vp_findings *findings)
{
	return (struct vp_lexer){ .file = "test",
				  .start = text,
				  .end = text + strlen(text),
				  .next = text,
				  .line = 1,
				  .column = 1,
				  .findings = findings };
}

static void finish(struct vp_lexer *lexer, struct vp_findings *findings, bool good,
		   const char *text)
{
	_cleanup_strbuf_ struct vp_strbuf found = { 0 };

	vp_findings_print(findings, &found);
	if (!good || !vp_lexer_end(lexer))
		fail_msg("cannot read `%s`: %s", text, vp_strbuf_text(&found));
	vp_findings_free(findings);
}

void world_add(struct world *world, uint32_t tag, bool monitor, struct vp_call_rule *rule)
{
	vp_array_push(&world->owned, rule);
	vp_array_push(&world->rules, ((struct vp_filter_rule){ tag, monitor, rule }));
}

void world_deny(struct world *world, uint32_t tag, bool monitor, const char *terms, int error)
{
	struct vp_syscalls syscalls = { 0 };
	struct vp_findings findings = { 0 };
	struct vp_lexer lexer = lexer_of(terms, &findings);
	bool good = true;

	do {
		good = good && vp_read_call_term(&lexer, &syscalls);
	} while (good && vp_lexer_skip(&lexer, ','));
	finish(&lexer, &findings, good, terms);
	vp_array_each (term, &syscalls.deny)
		free(term->text);
	vp_array_free(&syscalls.deny);
	vp_array_each (rule, &syscalls.rules) {
		if (!rule->error)
			rule->error = error ? error : EPERM;
		world_add(world, tag, monitor, vp_memdup(rule, sizeof(*rule)));
	}
	vp_array_free(&syscalls.rules);
}

void world_free(struct world *world)
{
	vp_array_each (rule, &world->owned) {
		vp_array_free(&(*rule)->conditions);
		free(*rule);
	}
	vp_array_free(&world->owned);
	vp_array_free(&world->rules);
}

int world_try(const struct world *world, enum vp_abi abi, bool cover,
	      struct vp_filter **filter, struct vp_error *err)
{
	const struct vp_filter_request request = { .abi = abi,
						   .cover = cover,
						   .rules = world->rules.data,
						   .count = world->rules.len };

	return vp_filter_compile(&request, filter, err);
}

struct vp_filter *world_compile(const struct world *world, enum vp_abi abi, bool cover)
{
	struct vp_filter *filter = NULL;
	struct vp_error err = { 0 };

	if (world_try(world, abi, cover, &filter, &err))
		fail_msg("%s", err.text);
	return filter;
}

struct vp_call_vector world_call(const char *text)
{
	_cleanup_strbuf_ struct vp_strbuf canonical = { 0 };
	struct vp_call_vector vector = { 0 };
	struct vp_findings findings = { 0 };
	struct vp_lexer lexer = lexer_of(text, &findings);
	bool good = vp_read_call_vector(&lexer, &vector, &canonical);

	finish(&lexer, &findings, good, text);
	return vector;
}

uint32_t world_run(const struct vp_filter *filter, enum vp_abi abi, int nr,
		   const uint64_t arguments[VP_CALL_ARGUMENTS])
{
	struct seccomp_data data = { .nr = nr, .arch = vp_abi_audit(abi) };
	struct vp_bpf program = vp_filter_program(filter);

	memcpy(data.args, arguments, sizeof(data.args));
	return vp_bpf_run(&program, &data);
}

uint32_t world_ask(const struct vp_filter *filter, const char *call)
{
	struct vp_call_vector vector = world_call(call);
	enum vp_abi abi = vp_filter_abi(filter);

	return world_run(filter, abi, vp_abi_number(abi, vector.prototype->name),
			 vector.arguments);
}

uint64_t world_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state * 0x2545f4914f6cdd1dull;
}
