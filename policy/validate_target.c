/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The units and processes that system calls are denied to: lists of them, and what
 * two sections have in common. Whether they exist is seen on the host.
 */
#include <string.h>

#include "policy/validate.h"

#define TARGETS_MAX 64 /* of one section, or one override */

static const char process_example[] = "/usr/sbin/nginx, /usr/bin/php-fpm8.2";

static bool add(struct vp_lexer *lexer, struct vp_call_targets *targets,
		enum vp_call_target_kind kind, const char *name, size_t length)
{
	struct vp_call_target target = { kind, vp_strndup(name, length) };
	const char *what = vp_call_target_kind_name(kind);

	if (vp_call_targets_have(targets, &target))
		vp_lexer_fail(lexer, name, "expected each %s once, found `%.*s` again", what,
			      vp_excerpt(name, length), name);
	else if (targets->len == TARGETS_MAX)
		vp_lexer_fail(lexer, name,
			      "expected at most %d units and processes, found more",
			      TARGETS_MAX);
	if (lexer->failed)
		free(target.name);
	else
		vp_array_push(targets, target);
	return !lexer->failed;
}

void vp_read_units(struct vp_lexer *lexer, struct vp_call_targets *targets)
{
	const char *name;
	size_t length;

	do {
		length = vp_read_unit_name(lexer, &name);
		if (!length || !add(lexer, targets, VP_CALL_TARGET_UNIT, name, length))
			return;
	} while (vp_lexer_skip(lexer, ','));
	if (!vp_lexer_end(lexer))
		vp_lexer_expected(lexer, lexer->next, "a comma between units",
				  "nginx.service, php-fpm.service");
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A path may have blanks in it, but not at its ends. */
static size_t trim(const char **path, const char *end)
{
	while (*path < end && is_blank(**path))
		++*path;
	while (end > *path && is_blank(end[-1]))
		end--;
	return (size_t)(end - *path);
}

void vp_read_processes(struct vp_lexer *lexer, struct vp_call_targets *targets)
{
	const char *path, *comma, *end;
	size_t length = vp_lexer_text(lexer, &path);

	for (end = path + length;; path = comma + 1) {
		comma = path < end ? memchr(path, ',', (size_t)(end - path)) : NULL;
		length = trim(&path, comma ? comma : end);
		if (!length || *path != '/' || memchr(path, '"', length)) {
			vp_lexer_expected(lexer, path,
					  "the path of an executable, without quotes",
					  process_example);
			return;
		}
		if (!add(lexer, targets, VP_CALL_TARGET_PROCESS, path, length) || !comma)
			return;
	}
}

bool vp_syscalls_share(const struct vp_syscalls *a, const struct vp_syscalls *b)
{
	vp_array_each (target, &a->targets)
		if (vp_call_targets_mean(&b->targets, target))
			return true;
	vp_array_each (target, &b->targets)
		if (vp_call_targets_mean(&a->targets, target))
			return true;
	return !a->targets.len && !b->targets.len;
}
