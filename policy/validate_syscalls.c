/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [syscalls NAME]: only the form. Which calls exist, and the types of their
 * arguments, is known where they are compiled for the host.
 */
#include <string.h>

#include "policy/validate.h"

static const char deny_example[] = "execve, socket(domain=AF_NETLINK)";

static size_t small_word(struct vp_lexer *lexer, const char *more, const char **word)
{
	size_t length = vp_lexer_word(lexer, more, word);

	for (size_t i = 0; i < length; i++)
		if ((*word)[i] == '-' || (*word)[i] == '.')
			return 0;
	return length;
}

static void read_unit(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	vp_read_unit(lexer, &((struct vp_syscalls *)object)->unit);
}

static void read_process(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	vp_read_process(lexer, &((struct vp_syscalls *)object)->process);
}

/* (name=VALUE, ...) */
static bool read_arguments(struct vp_lexer *lexer, struct vp_strbuf *out)
{
	do {
		const char *word;
		size_t length = small_word(lexer, "", &word);

		if (!length)
			return vp_lexer_expected(lexer, word, "the name of an argument",
						 deny_example);
		vp_strbuf_adds(out, out->data[out->len - 1] == '(' ? "" : ", ");
		vp_strbuf_add(out, word, length);
		if (!vp_lexer_skip(lexer, '='))
			return vp_lexer_expected(lexer, lexer->next,
						 "`=` behind the name of the argument",
						 deny_example);
		length = small_word(lexer, "|", &word);
		if (!length)
			return vp_lexer_expected(lexer, word, "a constant or a number",
						 deny_example);
		vp_strbuf_addc(out, '=');
		vp_strbuf_add(out, word, length);
	} while (vp_lexer_skip(lexer, ','));
	if (!vp_lexer_skip(lexer, ')'))
		return vp_lexer_expected(lexer, lexer->next, "`)` behind the arguments",
					 deny_example);
	vp_strbuf_addc(out, ')');
	return true;
}

/* One number for many operations: denying it whole breaks unrelated programs. */
static void warn_multiplexed(struct vp_lexer *lexer, const char *word, size_t length)
{
	static const char *const calls[] = { "socketcall", "ipc",   "ioctl",  "prctl",
					     "fcntl",	   "futex", "clone3", "bpf" };
	struct vp_location at = vp_lexer_at(lexer, word);

	for (size_t i = 0; i < VP_COUNT(calls); i++)
		if (strlen(calls[i]) == length && !memcmp(calls[i], word, length))
			vp_find_warning(lexer->findings, &at,
					"`%s` stands for many operations: denying it without "
					"arguments breaks programs that need the others",
					calls[i]);
}

static void read_deny(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };

	(void)v;
	do {
		const char *word;
		size_t length = small_word(lexer, "", &word);

		if (!length || (*word >= '0' && *word <= '9')) {
			vp_lexer_expected(lexer, word, "the name of a system call",
					  deny_example);
			return;
		}
		vp_strbuf_adds(&text, text.len ? ", " : "");
		vp_strbuf_add(&text, word, length);
		if (!vp_lexer_skip(lexer, '(')) {
			warn_multiplexed(lexer, word, length);
			continue;
		}
		vp_strbuf_addc(&text, '(');
		if (!read_arguments(lexer, &text))
			return;
	} while (vp_lexer_skip(lexer, ','));
	if (!vp_lexer_end(lexer))
		vp_lexer_expected(lexer, lexer->next, "a comma between system calls",
				  deny_example);
	else if (!lexer->failed)
		((struct vp_syscalls *)object)->deny = vp_strbuf_take(&text);
}

static void read_action(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	const char *word;
	size_t length = vp_lexer_word(lexer, "", &word);

	(void)v;
	if (length == 5 && !memcmp(word, "errno", 5)) {
		length = small_word(lexer, "", &word);
		if (length > 1 && *word == 'E') {
			if (vp_read_end(lexer))
				((struct vp_syscalls *)object)->action =
					vp_format("errno %.*s", (int)length, word);
			return;
		}
	}
	vp_lexer_expected(lexer, word, "`errno NAME`", "errno EPERM");
}

static const struct vp_key keys[] = {
	{ .name = "unit", .read = read_unit },
	{ .name = "process", .read = read_process },
	{ .name = "deny", .example = deny_example, .required = true, .read = read_deny },
	{ .name = "action", .example = "errno EPERM", .required = true, .read = read_action },
};

void vp_validate_syscalls(struct vp_validation *v, const struct vp_section *section)
{
	struct vp_syscalls *syscalls = vp_array_add(&v->patch->syscalls);
	bool unit = vp_section_entry(v->definition, section, "unit");
	bool process = vp_section_entry(v->definition, section, "process");

	syscalls->at = vp_section_at(v->definition, section);
	syscalls->name = vp_read_section_name(v, section);
	vp_validate_keys(v, section, keys, VP_COUNT(keys), syscalls);
	if (unit == process)
		vp_find_error(
			v->findings, &syscalls->at,
			"expected `unit` or `process` in [syscalls %.*s], found %s, e.g. "
			"`unit = php-fpm.service`",
			vp_excerpt(section->name, section->name_len), section->name,
			unit ? "both" : "none");
}
