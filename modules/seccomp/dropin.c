/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From rules to directives: see dropin.h. What each directive does beyond its manual page is
 * known from systemd's seccomp code, and tried in a booted container.
 */
#include "modules/seccomp/dropin.h"

#include <errno.h>
#include <inttypes.h>

#define SERVICE ".service"
/* Before that, a call that is taken out of an allow-list ends the process whatever error the
 * directive names. */
#define MANAGER_ANSWERS 248

/* A rule that is in force on the unit, and whose it is. */
struct entry {
	const struct vp_call_rule *rule;
	const char *patch;
};

VP_ARRAY_TYPE(entries, struct entry);

/* The namespaces that RestrictNamespaces= knows, by the flags of clone(2). */
static const struct {
	uint64_t flag;
	const char *name, *constant;
} namespaces[] = {
	{ 0x10000000, "user", "CLONE_NEWUSER" },     { 0x40000000, "net", "CLONE_NEWNET" },
	{ 0x20000000, "pid", "CLONE_NEWPID" },	     { 0x00020000, "mnt", "CLONE_NEWNS" },
	{ 0x08000000, "ipc", "CLONE_NEWIPC" },	     { 0x04000000, "uts", "CLONE_NEWUTS" },
	{ 0x02000000, "cgroup", "CLONE_NEWCGROUP" },
};

/* Without them systemd cannot start the program, or the program not itself. */
static const char *const needed[] = { "capset",	   "execve",	"execveat",  "prctl",
				      "seccomp",   "setgid",	"setgroups", "setregid",
				      "setresgid", "setresuid", "setreuid",  "setuid" };

static void free_dropin(struct vp_dropin *dropin)
{
	vp_array_each (item, &dropin->items) {
		free(item->rule);
		free(item->directive);
		free(item->remark);
	}
	vp_array_free(&dropin->items);
	free(dropin->unit);
	free(dropin->patches);
}

void vp_dropins_free(struct vp_dropins *dropins)
{
	vp_array_each (dropin, dropins)
		free_dropin(dropin);
	vp_array_free(dropins);
}

static bool is_call(const struct vp_call_rule *rule, const char *name)
{
	return !strcmp(rule->prototype->name, name);
}

static bool is_needed(const struct vp_call_rule *rule)
{
	if (vp_call_traits(rule->prototype) & (VP_CALL_VITAL | VP_CALL_VITAL_WHOLE))
		return true;
	for (size_t i = 0; i < VP_COUNT(needed); i++)
		if (is_call(rule, needed[i]))
			return true;
	return false;
}

/* The only condition of a rule, where it has one on the first or another argument; or NULL. */
static const struct vp_call_condition *only_condition(const struct vp_call_rule *rule,
						      uint8_t argument)
{
	const struct vp_call_condition *condition = rule->conditions.data;

	return rule->conditions.len == 1 && condition->argument == argument &&
			       condition->compare == VP_CALL_EQUAL
		       ? condition
		       : NULL;
}

/* Of `argument has FLAG`: the flag; else 0. */
static uint64_t only_flag(const struct vp_call_rule *rule, uint8_t argument)
{
	const struct vp_call_condition *condition = only_condition(rule, argument);

	return condition && condition->value == condition->mask ? condition->value : 0;
}

/* Does any rule deny a call whenever it has the flag? */
static bool denies_flag(const struct entries *entries, const char *call, uint8_t argument,
			uint64_t flag)
{
	vp_array_each (entry, entries)
		if (is_call(entry->rule, call) &&
		    (!entry->rule->conditions.len || only_flag(entry->rule, argument) == flag))
			return true;
	return false;
}

static bool denies_value(const struct entries *entries, const char *call, uint8_t argument,
			 uint64_t value)
{
	vp_array_each (entry, entries) {
		const struct vp_call_condition *condition =
			only_condition(entry->rule, argument);

		if (is_call(entry->rule, call) &&
		    (!entry->rule->conditions.len ||
		     (condition && condition->mask == UINT32_MAX &&
		      condition->value == value)))
			return true;
	}
	return false;
}

static const char *error_name(int error)
{
	const char *name = vp_call_errno_name(error);

	return name ? name : "0";
}

static void add_remark(struct vp_dropin_item *item, const char *text)
{
	char *all = item->remark ? vp_format("%s; %s", item->remark, text) : vp_strdup(text);

	free(item->remark);
	item->remark = all;
}

/* The directive answers with an error of its own. */
static void compare_error(struct vp_dropin_item *item, int error, int own)
{
	_cleanup_free_ char *text = NULL;

	if (error == own)
		return;
	text = vp_format("answers %s, the rule %s", error_name(own), error_name(error));
	add_remark(item, text);
}

/* unshare and clone together: the directive denies both, never one of them. */
static bool denies_namespace(const struct entries *entries, size_t i)
{
	return denies_flag(entries, "unshare", 0, namespaces[i].flag) &&
	       denies_flag(entries, "clone", 0, namespaces[i].flag);
}

/* It denies setns() too, also without flags. */
static bool denies_entering(const struct entries *entries, size_t i)
{
	return denies_value(entries, "setns", 1, 0) &&
	       denies_flag(entries, "setns", 1, namespaces[i].flag);
}

static bool express_namespace(const struct entries *entries, const struct vp_call_rule *rule,
			      struct vp_dropin_item *item)
{
	bool enters = is_call(rule, "setns");
	const struct vp_call_condition *flags = only_condition(rule, enters);
	_cleanup_free_ char *text = NULL;
	size_t i = 0;

	if (!flags || (!enters && !is_call(rule, "unshare") && !is_call(rule, "clone")))
		return false;
	/* setns without flags belongs to any of them */
	while (i < VP_COUNT(namespaces) &&
	       (!denies_namespace(entries, i) ||
		(only_flag(rule, enters) != namespaces[i].flag &&
		 !(enters && !flags->value && flags->mask == UINT32_MAX))))
		i++;
	if (i == VP_COUNT(namespaces))
		return false;
	item->directive = vp_format("RestrictNamespaces=~%s", namespaces[i].name);
	compare_error(item, rule->error, EPERM);
	item->wider = !denies_entering(entries, i);
	if (item->wider) {
		text = vp_format("denies setns with flags 0 or %s too",
				 namespaces[i].constant);
		add_remark(item, text);
	}
	return true;
}

/* The names that systemd has: the first that is no alias. */
static const char *family_name(uint64_t value)
{
	static const char *const aliases[] = { "AF_LOCAL", "AF_FILE", "AF_ROUTE" };
	const struct vp_call_constant *constants;
	size_t count;

	constants = vp_call_constants(VP_CALL_FAMILY_AF, &count);
	for (size_t i = 0; i < count; i++) {
		bool alias = false;

		for (size_t k = 0; k < VP_COUNT(aliases); k++)
			alias |= !strcmp(constants[i].name, aliases[k]);
		if (constants[i].value == value && !alias)
			return constants[i].name;
	}
	return NULL;
}

static bool express_family(const struct vp_call_rule *rule, struct vp_dropin_item *item)
{
	const struct vp_call_condition *condition = only_condition(rule, 0);
	const char *name;

	if (!is_call(rule, "socket") || !condition || condition->mask != UINT32_MAX)
		return false;
	name = family_name(condition->value);
	if (!name || !condition->value)
		return false;
	item->directive = vp_format("RestrictAddressFamilies=~%s", name);
	compare_error(item, rule->error, EAFNOSUPPORT);
	return true;
}

static bool express_call(const struct vp_call_rule *rule, struct vp_dropin_item *item)
{
	if (rule->conditions.len)
		return false;
	if (is_needed(rule)) {
		add_remark(item, "the service could not be started without it");
		return false;
	}
	item->directive = vp_format("SystemCallFilter=~%s:%s", rule->prototype->name,
				    error_name(rule->error));
	item->call = true;
	return true;
}

/* NULL where the number means different things, as protocols of sockets do. */
static const char *constant_name(const struct vp_call_argument *argument, uint64_t value)
{
	const struct vp_call_constant *constants;
	unsigned int family = 0;
	size_t count;

	if (!argument->families || argument->families & (argument->families - 1))
		return NULL;
	while (!(argument->families >> family & 1))
		family++;
	constants = vp_call_constants(family, &count);
	for (size_t i = 0; i < count; i++)
		if (constants[i].value == value)
			return constants[i].name;
	return NULL;
}

static void print_condition(const struct vp_call_rule *rule,
			    const struct vp_call_condition *condition, struct vp_strbuf *out)
{
	static const char *const signs[] = {
		[VP_CALL_EQUAL] = "=",	 [VP_CALL_UNEQUAL] = "!=",  [VP_CALL_LESS] = "<",
		[VP_CALL_GREATER] = ">", [VP_CALL_AT_LEAST] = ">=", [VP_CALL_AT_MOST] = "<=",
	};
	const struct vp_call_argument *argument =
		&rule->prototype->arguments[condition->argument];
	bool flag = condition->compare == VP_CALL_EQUAL && condition->value &&
		    condition->value == condition->mask;
	const char *name = constant_name(argument, condition->value);

	vp_strbuf_addf(out, "%s %s ", argument->name,
		       flag ? "has" : signs[condition->compare]);
	if (name)
		vp_strbuf_adds(out, name);
	else
		vp_strbuf_addf(out, "0x%" PRIx64, condition->value);
}

static char *rule_text(const struct entry *entry)
{
	const struct vp_call_rule *rule = entry->rule;
	struct vp_strbuf out = { 0 };
	const char *between = "(";

	vp_strbuf_adds(&out, rule->prototype->name);
	vp_array_each (condition, &rule->conditions) {
		vp_strbuf_adds(&out, between);
		print_condition(rule, condition, &out);
		between = ", ";
	}
	vp_strbuf_addf(&out, "%s [%s]", rule->conditions.len ? ")" : "", entry->patch);
	return vp_strbuf_take(&out);
}

static void add_item(struct vp_dropin *dropin, const struct entries *entries,
		     const struct entry *entry)
{
	struct vp_dropin_item item = { .rule = rule_text(entry) };

	vp_array_each (other, &dropin->items) {
		if (strcmp(other->rule, item.rule) != 0)
			continue;
		free(item.rule); /* said twice: by a call and by a set that has it */
		return;
	}
	if (!express_namespace(entries, entry->rule, &item) &&
	    !express_family(entry->rule, &item))
		(void)express_call(entry->rule, &item);
	vp_array_push(&dropin->items, item);
}

/* 32-bit code, where it is closed by all sections. */
static void add_architectures(struct vp_dropin *dropin)
{
	struct vp_dropin_item item = {
		.rule = vp_strdup("calls of foreign ABIs"),
		.directive = vp_strdup("SystemCallArchitectures=native"),
		.remark = vp_strdup("ends the process, the rule answers ENOSYS"),
		.abi = true,
	};

	vp_array_push(&dropin->items, item);
}

static bool is_listed(const struct entries *entries, const char *patch)
{
	vp_array_each (entry, entries)
		if (!strcmp(entry->patch, patch))
			return true;
	return false;
}

static void add_patch(struct vp_dropin *dropin, const char *id)
{
	char *all = dropin->patches ? vp_format("%s, %s", dropin->patches, id) : vp_strdup(id);

	free(dropin->patches);
	dropin->patches = all;
}

static void add_section(struct vp_dropin *dropin, const struct vp_call_placement *call,
			struct entries *entries)
{
	if (call->mode != VP_MODE_ENFORCE || call->syscalls->revocable)
		return; /* a directive cannot be taken back */
	dropin->no_new_privs |= call->syscalls->no_new_privs;
	if (!is_listed(entries, call->patch->id))
		add_patch(dropin, call->patch->id);
	vp_array_each (rule, &call->syscalls->rules)
		vp_array_push(entries, ((struct entry){ rule, call->patch->id }));
}

/* An instance's file hides the template's, which has the same name: so it has all of that. */
static void build_one(const struct vp_plan *plan, const struct vp_call_target *target,
		      struct vp_dropins *dropins)
{
	struct vp_dropin dropin = { .unit = vp_strdup(target->name) };
	struct entries entries = { 0 };
	bool cover = false;

	for (int by_template = 0; by_template < 2; by_template++)
		vp_array_each (call, &plan->calls) {
			const struct vp_call_targets *named = &call->syscalls->targets;

			if (!vp_call_targets_mean(named, target) ||
			    vp_call_targets_have(named, target) == by_template)
				continue;
			cover |= call->syscalls->foreign == VP_FOREIGN_COVER;
			add_section(&dropin, call, &entries);
		}
	vp_array_each (entry, &entries)
		add_item(&dropin, &entries, entry);
	if (entries.len && !cover)
		add_architectures(&dropin);
	if (entries.len)
		vp_array_push(dropins, dropin);
	else
		free_dropin(&dropin);
	vp_array_free(&entries);
}

static bool is_service(const struct vp_call_target *target)
{
	size_t len = strlen(target->name), tail = strlen(SERVICE);

	return target->kind == VP_CALL_TARGET_UNIT && len > tail &&
	       !strcmp(target->name + len - tail, SERVICE);
}

static bool is_built(const struct vp_dropins *dropins, const char *unit)
{
	vp_array_each (dropin, dropins)
		if (!strcmp(dropin->unit, unit))
			return true;
	return false;
}

void vp_dropins_build(const struct vp_plan *plan, struct vp_dropins *dropins)
{
	vp_array_each (call, &plan->calls)
		vp_array_each (target, &call->syscalls->targets)
			if (is_service(target) && !is_built(dropins, target->name))
				build_one(plan, target, dropins);
}

const char *vp_dropin_item_reason(const struct vp_dropin_item *item,
				  const struct vp_dropin_site *site)
{
	if (!item->directive)
		return item->remark ? item->remark : "";
	if (item->wider && site->exact)
		return item->remark;
	if (item->call && site->manager && site->manager < MANAGER_ANSWERS)
		return "this systemd may end the process in place of answering";
	return NULL;
}

static bool was_printed(const struct vp_dropin *dropin, const struct vp_dropin_item *item)
{
	for (const struct vp_dropin_item *i = dropin->items.data; i < item; i++)
		if (i->directive && !strcmp(i->directive, item->directive))
			return true;
	return false;
}

static void print_item(const char *rule, const char *remark, struct vp_strbuf *out)
{
	vp_strbuf_addf(out, "# %s%s%s\n", rule, remark && *remark ? ": " : "",
		       remark ? remark : "");
}

static size_t print_directives(const struct vp_dropin *dropin,
			       const struct vp_dropin_site *site, struct vp_strbuf *out)
{
	size_t count = 0;

	vp_array_each (item, &dropin->items) {
		if (vp_dropin_item_reason(item, site))
			continue;
		count++;
		print_item(item->rule, item->remark, out);
		if (!was_printed(dropin, item))
			vp_strbuf_addf(out, "%s\n", item->directive);
	}
	return count;
}

static void print_rest(const struct vp_dropin *dropin, const struct vp_dropin_site *site,
		       struct vp_strbuf *out)
{
	const char *heading = "\n# No directive says this, so it is not here:\n";

	vp_array_each (item, &dropin->items) {
		const char *reason = vp_dropin_item_reason(item, site);

		if (!reason)
			continue;
		vp_strbuf_adds(out, heading);
		heading = "";
		print_item(item->rule, reason, out);
	}
}

/* Closing other ABIs alone is no patch. */
static bool says_anything(const struct vp_dropin *dropin, const struct vp_dropin_site *site)
{
	vp_array_each (item, &dropin->items)
		if (!item->abi && !vp_dropin_item_reason(item, site))
			return true;
	return false;
}

const char *vp_dropin_reason(const struct vp_dropin *dropin, const struct vp_dropin_site *site)
{
	if (site->basis == VP_DROPIN_BASIS_ALLOWED && !dropin->no_new_privs)
		return "directives may set no_new_privs, which its patches do not allow: it "
		       "is not known to start with CAP_SYS_ADMIN, or under no_new_privs";
	if (!says_anything(dropin, site))
		return "no directive says what its rules say";
	return NULL;
}

const char *vp_dropin_basis_text(enum vp_dropin_basis basis)
{
	static const char *const texts[] = {
		[VP_DROPIN_BASIS_ALLOWED] =
			"Its patches allow no_new_privs, which this may set.",
		[VP_DROPIN_BASIS_RIGHTS] = "It starts with CAP_SYS_ADMIN.",
		[VP_DROPIN_BASIS_SEALED] = "It starts under no_new_privs anyway.",
	};

	_Static_assert(VP_COUNT(texts) == VP_DROPIN_BASES, "each basis has its words");
	return texts[basis];
}

static const char *const preface[] = {
	"vpatchd writes it anew and removes it: do not change it. It holds from the next",
	"start of the service on, without vpatchd too; vpatch's own filter, which is put on",
	"besides, has all rules as they are. RestrictAddressFamilies= compares whole",
	"registers: a call with bits set above those that the kernel reads gets past it; it",
	"does not reach int 0x80 either, unless SystemCallArchitectures=native stands here.",
};

size_t vp_dropin_print(const struct vp_dropin *dropin, const struct vp_dropin_site *site,
		       struct vp_strbuf *out)
{
	size_t count;

	if (vp_dropin_reason(dropin, site))
		return 0;
	vp_strbuf_addf(out, VP_DROPIN_MARK "%s (generation %" PRIu64 ").\n", dropin->patches,
		       site->generation);
	for (size_t i = 0; i < VP_COUNT(preface); i++)
		vp_strbuf_addf(out, "# %s\n", preface[i]);
	vp_strbuf_addf(out, "# %s\n[Service]\n", vp_dropin_basis_text(site->basis));
	count = print_directives(dropin, site, out);
	print_rest(dropin, site, out);
	return count;
}
