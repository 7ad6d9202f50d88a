/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that are no system calls: what was probably meant. */
#include <string.h>

#include "policy/suggest.h"
#include "policy/validate_call.h"

/* The call behind a function of the C library. */
static const char *behind(const char *word, size_t length)
{
	static const char *const functions[][2] = {
		{ "popen", "execve" },		 { "posix_spawn", "execve" },
		{ "pread", "pread64" },		 { "pwrite", "pwrite64" },
		{ "recv", "recvfrom" },		 { "send", "sendto" },
		{ "sendfile64", "sendfile" },	 { "sigaction", "rt_sigaction" },
		{ "signal", "rt_sigaction" },	 { "sigprocmask", "rt_sigprocmask" },
		{ "sigreturn", "rt_sigreturn" }, { "system", "execve" },
		{ "umount", "umount2" },	 { "waitpid", "wait4" },
	};

	for (size_t i = 0; i < VP_COUNT(functions); i++)
		if (!strncmp(functions[i][0], word, length) && !functions[i][0][length])
			return functions[i][1];
	return NULL;
}

bool vp_unknown_call(struct vp_lexer *lexer, const char *word, size_t length, bool sets)
{
	struct vp_suggestion suggestion = { .text = word, .length = length };
	const char *what =
		sets ? "the name of a system call or of a set" : "the name of a system call";
	size_t count;
	const struct vp_call_prototype *calls = vp_call_all(&count);
	const struct vp_call_set *all;

	if (!length || (*word >= '0' && *word <= '9'))
		return vp_lexer_expected(lexer, word, what, "execve");
	if ((length == 10 && !memcmp(word, "socketcall", 10)) ||
	    (length == 3 && !memcmp(word, "ipc", 3)))
		return vp_lexer_fail(
			lexer, word,
			"expected %s, found `%.*s`, one number of 32-bit code for "
			"many calls whose arguments are in memory; name the call "
			"that it stands for, and see `foreign-abi`",
			what, (int)length, word);
	for (size_t i = 0; i < count; i++)
		vp_suggest(&suggestion, calls[i].name);
	all = vp_call_set_all(&count);
	for (size_t i = 0; sets && i < count; i++)
		vp_suggest(&suggestion, all[i].name);
	if (behind(word, length))
		suggestion.best = behind(word, length);
	if (suggestion.best)
		return vp_lexer_fail(lexer, word,
				     "expected %s, found `%.*s`; did you mean `%s`?", what,
				     vp_excerpt(word, length), word, suggestion.best);
	return vp_lexer_expected(lexer, word, what, "execve");
}
