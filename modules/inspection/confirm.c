/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCRE2, over bytes: see confirm.h. */
#include "modules/inspection/confirm.h"

#include <errno.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "lib/cleanup.h"
#include "lib/memory.h"
#include "modules/inspection/pattern.h"

struct vp_confirm {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
};

static uint32_t options_of(unsigned int flags)
{
	uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C;

	if (flags & VP_PATTERN_CASELESS)
		options |= PCRE2_CASELESS;
	if (flags & VP_PATTERN_DOTALL)
		options |= PCRE2_DOTALL;
	if (flags & VP_PATTERN_MULTILINE)
		options |= PCRE2_MULTILINE;
	return options;
}

static pcre2_code *compile(const char *text, unsigned int flags, struct vp_error *err)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	PCRE2_UCHAR reason[128] = { 0 };
	PCRE2_SIZE at;
	pcre2_code *code;
	int number;

	if (!context)
		abort();
	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	pcre2_set_bsr(context, PCRE2_BSR_UNICODE);
	pcre2_set_parens_nest_limit(context, 100);
	code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, options_of(flags),
			     &number, &at, context);
	pcre2_compile_context_free(context);
	if (code)
		return code;
	pcre2_get_error_message(number, reason, sizeof(reason));
	vp_fail(err, -EINVAL, "expected a pattern, found `%.80s` (%s at byte %zu)", text,
		(const char *)reason, (size_t)at);
	return NULL;
}

struct vp_confirm *vp_confirm_new(const char *text, unsigned int flags, struct vp_error *err)
{
	pcre2_code *code = compile(text, flags, err);
	struct vp_confirm *confirm;

	if (!code)
		return NULL;
	confirm = vp_new(struct vp_confirm);
	confirm->code = code;
	confirm->data = pcre2_match_data_create(1, NULL);
	confirm->context = pcre2_match_context_create(NULL);
	if (!confirm->data || !confirm->context)
		abort();
	pcre2_set_match_limit(confirm->context, VP_CONFIRM_STEPS);
	pcre2_set_heap_limit(confirm->context, VP_CONFIRM_MEMORY);
	return confirm;
}

void vp_confirm_free(struct vp_confirm *confirm)
{
	if (!confirm)
		return;
	pcre2_match_context_free(confirm->context);
	pcre2_match_data_free(confirm->data);
	pcre2_code_free(confirm->code);
	free(confirm);
}

bool vp_confirm_accelerate(struct vp_confirm *confirm)
{
	return pcre2_jit_compile(confirm->code, PCRE2_JIT_COMPLETE) == 0;
}

int vp_confirm_match(struct vp_confirm *confirm, struct vp_slice value)
{
	int result = pcre2_match(confirm->code, value.len ? value.data : (PCRE2_SPTR) "",
				 value.len, 0, 0, confirm->data, confirm->context);

	switch (result) {
	case PCRE2_ERROR_NOMATCH:
		return 0;
	case PCRE2_ERROR_MATCHLIMIT:
	case PCRE2_ERROR_DEPTHLIMIT:
	case PCRE2_ERROR_HEAPLIMIT:
	case PCRE2_ERROR_JIT_STACKLIMIT:
		return -E2BIG;
	default:
		return result >= 0 ? 1 : -EIO;
	}
}
