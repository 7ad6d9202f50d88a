/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Overrides: read once, with their form checked; then laid over each patch that
 * they name. What depends on the patch (its services, the fields of its rules)
 * is judged there.
 */
#include "policy/override.h"

#include <stdlib.h>
#include <string.h>

#include "policy/validate.h"

static void read_enabled(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	static const char *const words[] = { "no", "yes" };
	unsigned int index;

	(void)v;
	if (vp_read_choice(lexer, words, VP_COUNT(words), &index))
		((struct vp_override *)object)->enabled = (int)index;
}

static void read_mode(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	const char *const names[] = { vp_mode_name(VP_MODE_MONITOR),
				      vp_mode_name(VP_MODE_ENFORCE) };
	struct vp_override *override = object;
	unsigned int index;

	(void)v;
	override->mode_at = vp_lexer_at(lexer, lexer->start);
	if (vp_read_choice(lexer, names, VP_COUNT(names), &index))
		override->mode = (int)index;
}

static void read_expires(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	vp_read_date(lexer, &((struct vp_override *)object)->expires);
}

/* Only the form: the condition is read again for each rule. */
static void read_except(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct vp_condition condition = { 0 };

	(void)v;
	(void)object;
	vp_lexer_condition(lexer, &condition);
	vp_condition_free(&condition);
}

static void read_ports(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct vp_port_ranges ports = { 0 };

	(void)v;
	(void)object;
	vp_read_ports(lexer, &ports);
	vp_array_free(&ports);
}

static struct vp_call_targets *targets_of(struct vp_override *override,
					  const struct vp_lexer *lexer)
{
	if (!override->targets_at.line)
		override->targets_at = vp_lexer_at(lexer, lexer->start);
	return &override->targets;
}

static void read_units(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	vp_read_units(lexer, targets_of(object, lexer));
}

static void read_processes(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	vp_read_processes(lexer, targets_of(object, lexer));
}

static void read_no_new_privs(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	static const char *const words[] = { "refuse", "allow" };
	struct vp_override *override = object;
	unsigned int index;

	(void)v;
	override->no_new_privs_at = vp_lexer_at(lexer, lexer->start);
	if (vp_read_choice(lexer, words, VP_COUNT(words), &index))
		override->no_new_privs = (int)index;
}

static void read_until(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	const char *word;
	struct tm tm = { 0 };
	char text[VP_SHORT_MAX];
	const char *end = NULL;
	time_t until;

	(void)v;
	if (vp_read_short(lexer, ":", text, &word) && strlen(text) == 20)
		end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!end || *end)
		vp_lexer_expected(lexer, word, "a time YYYY-MM-DDTHH:MM:SSZ",
				  "2026-12-01T00:00:00Z");
	else if (!vp_time_of(&tm, &until))
		vp_lexer_expected(lexer, word, "a day that the calendar has",
				  "2026-12-01T00:00:00Z");
	else if (vp_read_end(lexer))
		((struct vp_override *)object)->until = until;
}

static void read_by(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	vp_read_text(lexer, &((struct vp_override *)object)->by);
}

static void read_reason(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	vp_read_text(lexer, &((struct vp_override *)object)->reason);
}

static const struct vp_key keys[] = {
	{ .name = "enabled", .read = read_enabled },
	{ .name = "mode", .read = read_mode },
	{ .name = "expires", .read = read_expires },
	{ .name = "except", .repeats = true, .read = read_except },
	{ .name = "ports", .prefix = true, .read = read_ports },
	{ .name = "unit", .repeats = true, .read = read_units },
	{ .name = "process", .repeats = true, .read = read_processes },
	{ .name = "no-new-privileges", .read = read_no_new_privs },
	{ .name = "until", .read = read_until },
	{ .name = "by", .read = read_by },
	{ .name = "reason", .read = read_reason },
};

static void override_free(struct vp_override *override)
{
	free(override->id);
	vp_call_targets_free(&override->targets);
	free(override->by);
	free(override->reason);
}

static void read_override(struct vp_overrides *overrides, struct vp_validation *v,
			  const struct vp_section *section, time_t now)
{
	struct vp_override override = {
		.at = vp_section_at(v->definition, section),
		.definition = v->definition,
		.section = section,
		.order = (uint32_t)overrides->list.len,
		.enabled = -1,
		.mode = -1,
		.no_new_privs = -1,
	};
	size_t errors = v->findings->errors;

	override.id = vp_read_section_name(v, section);
	vp_validate_keys(v, section, keys, VP_COUNT(keys), &override);
	if (v->findings->errors > errors || (override.until && override.until <= now))
		override_free(&override);
	else
		vp_array_push(&overrides->list, override);
}

static void read_site_set(struct vp_overrides *overrides, struct vp_validation *v,
			  const struct vp_section *section)
{
	struct vp_set set = { .name = vp_read_section_name(v, section) };
	size_t errors = v->findings->errors;

	vp_set_read(&set, v->definition, section, v->files, v->findings);
	if (!set.name || v->findings->errors > errors)
		vp_set_free(&set);
	else
		vp_array_add(&overrides->sets)->set = set;
}

static void read_file(struct vp_overrides *overrides, struct vp_validation *v, time_t now)
{
	vp_array_each (section, &v->definition->sections) {
		struct vp_location at = vp_section_at(v->definition, section);

		if (section->duplicate)
			continue;
		if (vp_section_is(section, "override")) {
			read_override(overrides, v, section, now);
		} else if (vp_section_is(section, "set")) {
			read_site_set(overrides, v, section);
		} else {
			at.column -= (uint32_t)(section->name - section->kind);
			vp_find_error(
				v->findings, &at,
				"expected a section override or set, found `[%.*s]`, e.g. "
				"`[override CVE-2013-5211]`",
				vp_excerpt(section->kind, section->kind_len), section->kind);
		}
	}
}

static int compare(const void *left, const void *right)
{
	const struct vp_override *a = left, *b = right;
	int r = strcmp(a->id, b->id);

	return r ? r : a->order < b->order ? -1 : 1;
}

void vp_overrides_read(struct vp_overrides *overrides, const struct vp_text_list *texts,
		       const char *const *names, const struct vp_set_files *files, time_t now,
		       struct vp_findings *findings)
{
	for (size_t i = 0; i < texts->len; i++) {
		struct vp_definition *definition = vp_new(struct vp_definition);
		struct vp_validation v = {
			.definition = definition,
			.files = files,
			.findings = findings,
		};
		struct vp_text text = texts->data[i];

		text.name = (char *)names[i];
		vp_array_push(&overrides->definitions, definition);
		vp_definition_read(definition, &text, findings);
		read_file(overrides, &v, now);
	}
	if (overrides->list.len > 1)
		qsort(overrides->list.data, overrides->list.len, sizeof(*overrides->list.data),
		      compare);
}

void vp_overrides_unused(const struct vp_overrides *overrides, struct vp_findings *findings)
{
	vp_array_each (override, &overrides->list)
		if (!override->used)
			vp_find_warning(
				findings, &override->at,
				"no definition has the id `%s`: this override does nothing",
				override->id);
	vp_array_each (site, &overrides->sets)
		if (!site->used)
			vp_find_warning(findings, &site->set.at,
					"no definition has a set `%s`, or a stronger override "
					"replaces it: this one does nothing",
					site->set.name);
}

void vp_overrides_free(struct vp_overrides *overrides)
{
	vp_array_each (override, &overrides->list)
		override_free(override);
	vp_array_free(&overrides->list);
	vp_array_each (site, &overrides->sets)
		vp_set_free(&site->set);
	vp_array_free(&overrides->sets);
	vp_array_each (definition, &overrides->definitions) {
		vp_definition_free(*definition);
		free(*definition);
	}
	vp_array_free(&overrides->definitions);
}

struct vp_site_set *vp_overrides_set(struct vp_overrides *overrides, const char *name)
{
	for (size_t i = overrides->sets.len; i-- > 0;)
		if (!strcmp(overrides->sets.data[i].set.name, name))
			return &overrides->sets.data[i];
	return NULL;
}

/* The weakest override of a patch, or NULL; the others follow it. */
static struct vp_override *first_of(struct vp_overrides *overrides, const char *id)
{
	size_t low = 0, high = overrides->list.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(overrides->list.data[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < overrides->list.len && !strcmp(overrides->list.data[low].id, id))
		return &overrides->list.data[low];
	return NULL;
}

static struct vp_override *next_of(struct vp_overrides *overrides,
				   struct vp_override *override)
{
	struct vp_override *next = override + 1;

	if (next < overrides->list.data + overrides->list.len &&
	    !strcmp(next->id, override->id))
		return next;
	return NULL;
}

#define each_override(override, v)                                                            \
	for (struct vp_override * override =                                                  \
		     (v)->patch->id ? first_of((v)->overrides, (v)->patch->id) : NULL;        \
	     override; override = next_of((v)->overrides, override))

#define each_entry(entry, override)                                                           \
	for (const struct vp_entry *entry = (override)->definition->entries.data +            \
					    (override)->section->first,                       \
				   *end_ = entry + (override)->section->count;                \
	     entry < end_; entry++)

static bool key_is(const struct vp_entry *entry, const char *key)
{
	return entry->key_len == strlen(key) && !memcmp(entry->key, key, entry->key_len);
}

static void replace_ports(struct vp_validation *v, const struct vp_override *override,
			  const struct vp_entry *entry)
{
	const char *name = entry->key + strlen("ports.");
	size_t length = entry->key_len - strlen("ports.");
	ptrdiff_t index = vp_index_of(&v->patch->services, name, length);
	struct vp_lexer lexer = vp_lexer_of(override->definition, entry, v->findings);
	struct vp_service *service;

	if (index < 0) {
		struct vp_location at = { override->definition->file, entry->line, 1 };

		vp_find_error(v->findings, &at,
			      "expected `ports.NAME` of a service of %s, found `%.*s`",
			      v->patch->id, vp_excerpt(name, length), name);
		return;
	}
	service = &v->patch->services.data[index];
	vp_array_free(&service->ports);
	free(TAKE_PTR(service->unit));
	free(TAKE_PTR(service->process));
	vp_read_ports(&lexer, &service->ports);
}

void vp_overrides_ports(struct vp_validation *v)
{
	each_override(override, v)
	{
		each_entry(entry, override) if (entry->key_len > 6 &&
						!memcmp(entry->key, "ports.", 6))
			replace_ports(v, override, entry);
	}
}

static void replace_targets(struct vp_syscalls *syscalls, const struct vp_call_targets *by)
{
	vp_call_targets_free(&syscalls->targets);
	vp_array_each (target, by)
		vp_array_push(
			&syscalls->targets,
			((struct vp_call_target){ target->kind, vp_strdup(target->name) }));
}

/* The strongest override that names any decides, for all sections. */
void vp_overrides_targets(struct vp_validation *v)
{
	const struct vp_override *strongest = NULL;

	each_override(override, v)
	{
		if (!override->targets.len)
			continue;
		strongest = override;
		if (!v->patch->syscalls.len)
			vp_find_error(v->findings, &override->targets_at,
				      "expected a patch with [syscalls NAME] for `unit` or "
				      "`process`, found %s, which has none",
				      v->patch->id);
	}
	if (!strongest)
		return;
	v->targets_at = &strongest->targets_at;
	vp_array_each (syscalls, &v->patch->syscalls) {
		replace_targets(syscalls, &strongest->targets);
		vp_syscalls_check_targets(v, syscalls, v->targets_at);
	}
}

/* Can the field exist on the service at all? Where it cannot, an exception by it is void. */
static bool applies(const struct vp_condition *condition, const struct vp_service *service)
{
	const char *application = condition->field->application;

	return vp_service_traffic(service) & condition->field->traffic &&
	       (!application ||
		(service->application && !strcmp(service->application, application)));
}

static void add_exception(struct vp_validation *v, const struct vp_override *override,
			  const struct vp_entry *entry)
{
	bool added = false;

	if (!v->patch->rules.len && v->patch->syscalls.len) {
		struct vp_location at = { override->definition->file, entry->line, 1 };

		vp_find_error(v->findings, &at,
			      "expected a patch with rules for `except`, found %s, which has "
			      "only system calls",
			      v->patch->id);
	}
	for (size_t i = 0; i < v->patch->rules.len; i++) {
		struct vp_lexer lexer = vp_lexer_of(override->definition, entry, v->findings);
		struct vp_rule *rule = &v->patch->rules.data[i];
		struct vp_condition condition = { 0 };
		const struct vp_service *service;

		if (rule->service == SIZE_MAX)
			return;
		service = &v->patch->services.data[rule->service];
		if (vp_lexer_condition(&lexer, &condition) &&
		    (applies(&condition, service) ||
		     (!added && i + 1 == v->patch->rules.len))) {
			vp_array_push(&rule->except, condition);
			vp_validate_condition(v, &rule->except.data[rule->except.len - 1],
					      service);
			added = true;
		} else {
			vp_condition_free(&condition);
		}
	}
}

static void describe_end(time_t until, struct vp_strbuf *out)
{
	char text[32];
	struct tm tm;

	if (!until)
		return;
	gmtime_r(&until, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	vp_strbuf_addf(out, ", until %s", text);
}

static bool names_any(const struct vp_override *override, enum vp_call_target_kind kind)
{
	vp_array_each (target, &override->targets)
		if (target->kind == kind)
			return true;
	return false;
}

/* Of all sections. What the site does not say is left to the definition. */
static void replace_no_new_privs(struct vp_validation *v, const struct vp_override *override)
{
	if (!v->patch->syscalls.len)
		vp_find_error(v->findings, &override->no_new_privs_at,
			      "expected a patch with [syscalls NAME] for `no-new-privileges`, "
			      "found %s, which has none",
			      v->patch->id);
	vp_array_each (syscalls, &v->patch->syscalls)
		syscalls->no_new_privs = override->no_new_privs;
}

/* One line for status and plan: what was changed, until when, by whom, why. */
static void describe(const struct vp_override *override, size_t exceptions, size_t ports,
		     struct vp_strbuf *out)
{
	_cleanup_strbuf_ struct vp_strbuf what = { 0 };

	if (override->enabled >= 0)
		vp_strbuf_adds(&what, override->enabled ? ", enabled" : ", disabled");
	if (override->mode >= 0)
		vp_strbuf_addf(&what, ", mode %s",
			       vp_mode_name((enum vp_mode) override->mode));
	if (override->expires)
		vp_strbuf_adds(&what, ", expires");
	if (exceptions)
		vp_strbuf_addf(&what, ", %zu exception%s", exceptions,
			       exceptions == 1 ? "" : "s");
	if (ports)
		vp_strbuf_adds(&what, ", ports");
	if (names_any(override, VP_CALL_TARGET_UNIT))
		vp_strbuf_adds(&what, ", units");
	if (names_any(override, VP_CALL_TARGET_PROCESS))
		vp_strbuf_adds(&what, ", processes");
	if (override->no_new_privs >= 0)
		vp_strbuf_addf(&what, ", no-new-privileges %s",
			       override->no_new_privs ? "allow" : "refuse");
	vp_strbuf_addf(out, "%s%s (%s:%u", out->len ? "; " : "",
		       what.len ? what.data + 2 : "nothing changed", override->at.file,
		       override->at.line);
	describe_end(override->until, out);
	if (override->by)
		vp_strbuf_addf(out, ", by %s", override->by);
	if (override->reason)
		vp_strbuf_addf(out, ": %s", override->reason);
	vp_strbuf_addc(out, ')');
}

static void apply(struct vp_validation *v, struct vp_override *override,
		  struct vp_strbuf *text)
{
	struct vp_patch *patch = v->patch;
	size_t exceptions = 0, ports = 0;

	override->used = true;
	if (override->enabled >= 0)
		patch->disabled = !override->enabled;
	if (override->mode >= 0)
		patch->mode = (enum vp_mode) override->mode;
	if (override->mode >= 0)
		v->mode_at = &override->mode_at;
	if (override->expires)
		patch->expires = override->expires;
	if (override->no_new_privs >= 0)
		replace_no_new_privs(v, override);
	each_entry(entry, override)
	{
		if (key_is(entry, "except")) {
			add_exception(v, override, entry);
			exceptions++;
		}
		ports += entry->key_len > 6 && !memcmp(entry->key, "ports.", 6);
	}
	describe(override, exceptions, ports, text);
}

void vp_overrides_apply(struct vp_validation *v)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };

	each_override(override, v) apply(v, override, &text);
	if (text.len)
		v->patch->overridden = vp_strbuf_take(&text);
}
