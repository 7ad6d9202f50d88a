/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [syscalls NAME]: the calls that a unit or a process is denied, how they are
 * answered, and denials that would do more harm than an attack.
 */
#include <errno.h>
#include <string.h>

#include "policy/validate.h"
#include "policy/validate_call.h"

static const char deny_example[] = "userns, socket(domain = AF_ALG)";

static void read_units(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	vp_read_units(lexer, &((struct vp_syscalls *)object)->targets);
}

static void read_processes(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	vp_read_processes(lexer, &((struct vp_syscalls *)object)->targets);
}

static void read_deny(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	do {
		if (!vp_read_call_term(lexer, object))
			return;
	} while (vp_lexer_skip(lexer, ','));
	if (!vp_lexer_end(lexer))
		vp_lexer_expected(lexer, lexer->next, "a comma between system calls",
				  deny_example);
}

static void read_action(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct vp_syscalls *syscalls = object;
	struct vp_suggestion suggestion = { 0 };
	const char *word;
	size_t length = vp_lexer_word(lexer, "", &word);

	(void)v;
	if (length != 5 || memcmp(word, "errno", 5) != 0) {
		vp_lexer_expected(lexer, word, "`errno NAME`", "errno EPERM");
		return;
	}
	length = vp_lexer_word(lexer, "", &word);
	syscalls->error = length ? vp_call_errno_find(word, length) : 0;
	if (syscalls->error) {
		vp_read_end(lexer);
		return;
	}
	suggestion.text = word;
	suggestion.length = length;
	vp_call_errno_suggest(&suggestion);
	if (suggestion.best)
		vp_lexer_fail(lexer, word,
			      "expected the name of an errno value, found `%.*s`; did you "
			      "mean `%s`?",
			      vp_excerpt(word, length), word, suggestion.best);
	else
		vp_lexer_expected(lexer, word, "the name of an errno value", "EPERM");
}

static void read_foreign(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	const char *const names[] = { vp_foreign_name(VP_FOREIGN_CLOSE),
				      vp_foreign_name(VP_FOREIGN_COVER) };
	unsigned int index;

	(void)v;
	if (vp_read_choice(lexer, names, VP_COUNT(names), &index))
		((struct vp_syscalls *)object)->foreign = (enum vp_foreign)index;
}

static bool read_either(struct vp_lexer *lexer, const char *no, const char *yes, bool *out)
{
	const char *const names[] = { no, yes };
	unsigned int index;

	if (!vp_read_choice(lexer, names, VP_COUNT(names), &index))
		return false;
	*out = index;
	return true;
}

static void read_no_new_privs(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	read_either(lexer, "refuse", "allow", &((struct vp_syscalls *)object)->no_new_privs);
}

static void read_revocable(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	read_either(lexer, "no", "yes", &((struct vp_syscalls *)object)->revocable);
}

static void read_force(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	read_either(lexer, "no", "yes", &((struct vp_syscalls *)object)->forced);
}

static const struct vp_key keys[] = {
	{ .name = "unit", .repeats = true, .read = read_units },
	{ .name = "process", .repeats = true, .read = read_processes },
	{ .name = "deny",
	  .example = deny_example,
	  .required = true,
	  .repeats = true,
	  .read = read_deny },
	{ .name = "action", .example = "errno EPERM", .required = true, .read = read_action },
	{ .name = "foreign-abi", .read = read_foreign },
	{ .name = "no-new-privileges", .read = read_no_new_privs },
	{ .name = "revocable", .read = read_revocable },
	{ .name = "force", .read = read_force },
};

/* Units and programs whose work is to start others: their name up to '@' or '.'. */
static const char *const starters[] = {
	"anacron",    "apache-htcacheclean",
	"atd",	      "bash",
	"containerd", "cron",
	"crond",      "crio",
	"dash",	      "docker",
	"dockerd",    "getty",
	"init",	      "kubelet",
	"login",      "podman",
	"ssh",	      "sshd",
	"systemd",    "user",
	"vpatchd",    "xinetd",
};

static bool starts_others(const struct vp_call_target *target)
{
	const char *slash = strrchr(target->name, '/');
	const char *name = slash ? slash + 1 : target->name;
	size_t length = strcspn(name, "@.");

	if (!strncmp(name, "systemd-", 8))
		return true;
	for (size_t i = 0; length && i < VP_COUNT(starters); i++)
		if (!strncmp(starters[i], name, length) && !starters[i][length])
			return true;
	return false;
}

/* The first of them, or NULL. */
static const struct vp_call_target *starter_of(const struct vp_syscalls *syscalls)
{
	vp_array_each (target, &syscalls->targets)
		if (starts_others(target))
			return target;
	return NULL;
}

static bool denies_whole(const struct vp_syscalls *syscalls, const char *name)
{
	vp_array_each (rule, &syscalls->rules)
		if (!rule->conditions.len && !strcmp(rule->prototype->name, name))
			return true;
	return false;
}

static bool denies_programs(const struct vp_syscalls *syscalls)
{
	return denies_whole(syscalls, "execve") || denies_whole(syscalls, "execveat");
}

/* Why the denial would do harm, owned by the caller; NULL: it would not. */
static char *danger_of(const struct vp_syscalls *syscalls, const struct vp_call_rule *rule)
{
	const char *name = rule->prototype->name;
	unsigned int traits = vp_call_traits(rule->prototype);
	const struct vp_call_target *starter;

	if (traits & VP_CALL_VITAL)
		return vp_strdup("no process lives without it; leave it out");
	if (rule->conditions.len)
		return NULL;
	if (traits & VP_CALL_VITAL_WHOLE)
		return vp_strdup(
			"hardly a process lives without it; narrow it by its arguments");
	if (!strcmp(name, "clone3") && rule->error != ENOSYS)
		return vp_strdup(
			"no thread could be started; in a section of its own with `action = "
			"errno ENOSYS` the C library takes clone in its place");
	if (strcmp(name, "execve") != 0 && strcmp(name, "execveat") != 0)
		return NULL;
	starter = starter_of(syscalls);
	return starter ? vp_format("starting other programs is the work of %s; leave it out",
				   starter->name)
		       : NULL;
}

/* The first dangerous rule of a term; why in *danger. NULL: none. */
static const struct vp_call_rule *dangerous(const struct vp_syscalls *syscalls,
					    const struct vp_call_term *term, char **danger)
{
	for (size_t i = term->first; i < term->first + term->count; i++) {
		*danger = danger_of(syscalls, &syscalls->rules.data[i]);
		if (*danger)
			return &syscalls->rules.data[i];
	}
	return NULL;
}

static void check_danger(struct vp_validation *v, const struct vp_syscalls *syscalls)
{
	/* the site may name a service whose work is to start programs */
	bool any = !syscalls->targets.len && denies_programs(syscalls);

	vp_array_each (term, &syscalls->deny) {
		_cleanup_free_ char *danger = NULL;
		const struct vp_call_rule *rule = dangerous(syscalls, term, &danger);

		any |= rule != NULL;
		if (rule && !syscalls->forced)
			vp_find_error(
				v->findings, &term->at,
				"expected denials that the service survives, found `%s`, "
				"which denies %s: %s, or say `force = yes` in the section",
				term->text, rule->prototype->name, danger);
	}
	if (syscalls->forced && !any)
		vp_find_warning(
			v->findings, &syscalls->at,
			"nothing in [syscalls %s] needs `force = yes`, which would hide "
			"a dangerous denial that is added later",
			syscalls->name ? syscalls->name : "?");
}

void vp_syscalls_check_targets(struct vp_validation *v, const struct vp_syscalls *syscalls,
			       const struct vp_location *at)
{
	const struct vp_call_target *starter = starter_of(syscalls);

	if (starter && !syscalls->forced && denies_programs(syscalls))
		vp_find_error(v->findings, at,
			      "expected services that survive [syscalls %s] of %s, found %s, "
			      "whose work is to start other programs, which is denied; leave "
			      "it out",
			      syscalls->name ? syscalls->name : "?", v->patch->id,
			      starter->name);
}

/* Does a rule before this one deny the whole call? */
static bool is_shadowed(const struct vp_syscalls *syscalls, size_t end,
			const struct vp_call_rule *rule)
{
	for (size_t i = 0; i < end; i++)
		if (syscalls->rules.data[i].prototype == rule->prototype &&
		    !syscalls->rules.data[i].conditions.len)
			return true;
	return false;
}

static void warn_shadowed(struct vp_validation *v, const struct vp_syscalls *syscalls)
{
	vp_array_each (term, &syscalls->deny) {
		size_t shadowed = 0;

		for (size_t i = term->first; i < term->first + term->count; i++)
			shadowed +=
				is_shadowed(syscalls, term->first, &syscalls->rules.data[i]);
		if (shadowed == term->count)
			vp_find_warning(v->findings, &term->at,
					"`%s` denies nothing that is not denied before it",
					term->text);
	}
}

/* The rules' errno, which may stand behind them in the section. */
static void settle(struct vp_validation *v, struct vp_syscalls *syscalls)
{
	vp_array_each (rule, &syscalls->rules) {
		if (!rule->error)
			rule->error = syscalls->error;
		rule->forced = syscalls->forced;
	}
	if (syscalls->error)
		check_danger(v, syscalls);
	warn_shadowed(v, syscalls);
}

void vp_validate_syscalls(struct vp_validation *v, const struct vp_section *section)
{
	struct vp_syscalls *syscalls = vp_array_add(&v->patch->syscalls);

	syscalls->at = vp_section_at(v->definition, section);
	syscalls->name = vp_read_section_name(v, section);
	vp_validate_keys(v, section, keys, VP_COUNT(keys), syscalls);
	settle(v, syscalls);
}

/* What only the whole patch can show */

/* Does a section that has this target, or leaves its targets to the site too, deny them? */
static bool rings_closed_for(const struct vp_patch *patch, const struct vp_call_target *target)
{
	vp_array_each (other, &patch->syscalls)
		if ((target ? vp_call_targets_mean(&other->targets, target)
			    : !other->targets.len) &&
		    denies_whole(other, "io_uring_setup") &&
		    denies_whole(other, "io_uring_enter"))
			return true;
	return false;
}

static bool closes_rings(const struct vp_patch *patch, const struct vp_syscalls *syscalls)
{
	vp_array_each (target, &syscalls->targets)
		if (!rings_closed_for(patch, target))
			return false;
	return syscalls->targets.len || rings_closed_for(patch, NULL);
}

/* What a ring does is no call, and no filter sees it. */
static void warn_rings(struct vp_validation *v, const struct vp_syscalls *syscalls)
{
	vp_array_each (term, &syscalls->deny)
		for (size_t i = term->first; i < term->first + term->count; i++) {
			const struct vp_call_rule *rule = &syscalls->rules.data[i];

			if (!(vp_call_traits(rule->prototype) & VP_CALL_IN_RING))
				continue;
			vp_find_warning(v->findings, &term->at,
					"io_uring does what `%s` does without the call: add "
					"the set `io-uring` to `deny`, or whoever has a ring "
					"gets past this",
					rule->prototype->name);
			break;
		}
}

static bool has_sample(const struct vp_patch *patch, const struct vp_syscalls *syscalls,
		       bool denied)
{
	vp_array_each (sample, &patch->call_samples)
		if (&patch->syscalls.data[sample->syscalls] == syscalls &&
		    sample->denied == denied)
			return true;
	return false;
}

/* Mode enforce needs calls that are denied and calls that are allowed. */
static void check_proof(struct vp_validation *v, const struct vp_syscalls *syscalls,
			bool denied)
{
	const char *expected = denied ? "denied" : "allowed";

	if (!syscalls->name || has_sample(v->patch, syscalls, denied))
		return;
	vp_find_error(
		v->findings, v->mode_at ? v->mode_at : &syscalls->at,
		"expected a sample of %s calls for [syscalls %s] of a patch in mode "
		"enforce, found none; add a `[sample NAME]` with `syscalls = %s`, `expect "
		"= %s` and `call = ...`, or set `mode = monitor`",
		expected, syscalls->name, syscalls->name, expected);
}

void vp_validate_calls(struct vp_validation *v)
{
	vp_array_each (syscalls, &v->patch->syscalls) {
		if (v->patch->mode == VP_MODE_ENFORCE && !v->sample_errors) {
			check_proof(v, syscalls, true);
			check_proof(v, syscalls, false);
		}
		if (!closes_rings(v->patch, syscalls))
			warn_rings(v, syscalls);
	}
}
