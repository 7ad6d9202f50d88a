/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Local overrides as values and as text: see local.h. What an override does to
 * a patch is decided in policy/, like that of every other override.
 */
#include "agentd/local.h"

#include <stdlib.h>
#include <string.h>

#include "agentd/document.h"
#include "policy/source.h"

static const char *const names[VP_LOCAL_KINDS] = {
	[VP_LOCAL_ENABLED] = "local overrides (enabled)",
	[VP_LOCAL_MODE] = "local overrides (mode)",
};

bool vp_local_text(const struct vp_text *text)
{
	return !strncmp(text->name, "local overrides (", strlen("local overrides ("));
}

static void free_one(struct vp_local *local)
{
	free(local->id);
	free(local->by);
	free(local->reason);
}

void vp_locals_free(struct vp_locals *locals)
{
	vp_array_each (local, locals)
		free_one(local);
	vp_array_free(locals);
}

static struct vp_local *find(const struct vp_locals *locals, enum vp_local_kind kind,
			     const char *id)
{
	vp_array_each (local, locals)
		if (local->kind == kind && !strcmp(local->id, id))
			return local;
	return NULL;
}

static struct vp_local copy_of(const struct vp_local *local)
{
	struct vp_local copy = *local;

	copy.id = vp_strdup(local->id);
	copy.by = vp_strdup(local->by);
	copy.reason = vp_strdup(local->reason);
	return copy;
}

void vp_locals_add(struct vp_locals *locals, const struct vp_local *local)
{
	vp_array_push(locals, copy_of(local));
}

void vp_locals_set(struct vp_locals *locals, const struct vp_local *local)
{
	struct vp_local *place = find(locals, local->kind, local->id);

	if (!place) {
		vp_locals_add(locals, local);
		return;
	}
	free_one(place);
	*place = copy_of(local);
}

static void remove_at(struct vp_locals *locals, struct vp_local *local)
{
	size_t index = (size_t)(local - locals->data);

	free_one(local);
	memmove(local, local + 1, (locals->len - index - 1) * sizeof(*local));
	locals->len--;
}

bool vp_locals_remove(struct vp_locals *locals, enum vp_local_kind kind, const char *id)
{
	struct vp_local *local = find(locals, kind, id);

	if (local)
		remove_at(locals, local);
	return local != NULL;
}

void vp_locals_clear(struct vp_locals *locals, enum vp_local_kind kind)
{
	size_t kept = 0;

	vp_array_each (local, locals) {
		if (local->kind == kind)
			free_one(local);
		else
			locals->data[kept++] = *local;
	}
	locals->len = kept;
}

void vp_locals_expire(struct vp_locals *locals, time_t now)
{
	for (size_t i = locals->len; i-- > 0;)
		if (locals->data[i].until && locals->data[i].until <= now)
			remove_at(locals, &locals->data[i]);
}

time_t vp_locals_next_end(const struct vp_locals *locals, time_t now)
{
	time_t next = 0;

	vp_array_each (local, locals)
		if (local->until > now && (!next || local->until < next))
			next = local->until;
	return next;
}

/* One line of free text: " ;" would begin a comment. */
static void print_text(struct vp_strbuf *out, const char *key, const char *text)
{
	if (!text || !*text)
		return;
	vp_strbuf_addf(out, "%s = ", key);
	for (; *text; text++) {
		bool plain = *text != ';' && (unsigned char)*text >= 0x20;

		vp_strbuf_add(out, plain ? text : ",", 1);
	}
	vp_strbuf_addc(out, '\n');
}

static void print_one(const struct vp_local *local, struct vp_strbuf *out)
{
	char until[VP_TIME_TEXT];

	vp_strbuf_addf(out, "[override %s]\n", local->id);
	if (local->kind == VP_LOCAL_ENABLED)
		vp_strbuf_addf(out, "enabled = %s\n", local->enabled ? "yes" : "no");
	else
		vp_strbuf_addf(out, "mode = %s\n", vp_mode_name(local->mode));
	if (local->until)
		vp_strbuf_addf(out, "until = %s\n", vp_time_print(local->until, until));
	print_text(out, "by", local->by);
	print_text(out, "reason", local->reason);
}

static void print_kind(const struct vp_locals *locals, enum vp_local_kind kind,
		       struct vp_strbuf *out)
{
	vp_array_each (local, locals)
		if (local->kind == kind)
			print_one(local, out);
}

void vp_locals_print(const struct vp_locals *locals, struct vp_strbuf *out)
{
	vp_strbuf_adds(out,
		       "# Local overrides, a copy to read: `vpatchctl enable`, `disable` and"
		       " `mode` change them.\n");
	for (int kind = 0; kind < VP_LOCAL_KINDS; kind++)
		print_kind(locals, (enum vp_local_kind)kind, out);
}

static void drop_texts(struct vp_sources *sources)
{
	size_t kept = 0;

	vp_array_each (text, &sources->overrides) {
		if (vp_local_text(text)) {
			free(text->name);
			free(text->data);
		} else {
			sources->overrides.data[kept++] = *text;
		}
	}
	sources->overrides.len = kept;
}

void vp_locals_write(const struct vp_locals *locals, struct vp_sources *sources)
{
	drop_texts(sources);
	for (int kind = 0; kind < VP_LOCAL_KINDS; kind++) {
		struct vp_strbuf out = { 0 };
		struct vp_text *text;

		print_kind(locals, (enum vp_local_kind)kind, &out);
		if (!out.len)
			continue;
		text = vp_array_add(&sources->overrides);
		text->name = vp_strdup(names[kind]);
		text->len = out.len;
		text->data = vp_strbuf_take(&out);
	}
}

struct reading {
	struct vp_locals *locals;
	enum vp_local_kind kind;
	struct vp_local *current;
};

static void read_key(struct vp_local *local, const char *key, const char *value)
{
	if (!strcmp(key, "enabled"))
		local->enabled = !strcmp(value, "yes");
	else if (!strcmp(key, "mode"))
		local->mode = strcmp(value, "monitor") ? VP_MODE_ENFORCE : VP_MODE_MONITOR;
	else if (!strcmp(key, "until"))
		local->until = vp_time_parse(value);
	else if (!strcmp(key, "by") && !local->by)
		local->by = vp_strdup(value);
	else if (!strcmp(key, "reason") && !local->reason)
		local->reason = vp_strdup(value);
}

static void read_line(void *context, const struct vp_line *line)
{
	static const char word[] = "override ";
	struct reading *reading = context;
	_cleanup_free_ char *name = vp_strndup(line->name, line->name_len);
	_cleanup_free_ char *value = NULL;

	if (line->section) {
		reading->current = NULL;
		if (strncmp(name, word, strlen(word)) != 0)
			return;
		reading->current = vp_array_add(reading->locals);
		reading->current->kind = reading->kind;
		reading->current->id = vp_strdup(name + strlen(word));
	} else if (reading->current) {
		value = vp_strndup(line->value, line->value_len);
		read_key(reading->current, name, value);
	}
}

void vp_locals_read(struct vp_locals *locals, const struct vp_sources *sources)
{
	struct vp_findings ignored = {
		0
	}; /* we wrote the text; vp_policy_build checks it again */

	vp_array_each (text, &sources->overrides)
		for (int kind = 0; kind < VP_LOCAL_KINDS; kind++) {
			struct reading reading = { locals, (enum vp_local_kind)kind, NULL };

			if (!strcmp(text->name, names[kind]))
				vp_source_read(text, &ignored, read_line, &reading);
		}
	vp_findings_free(&ignored);
}
