/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What changes between two plans, one line a patch. It compares meaning, not text. */
#include "lib/cleanup.h"
#include "lib/digest.h"
#include "policy/plan.h"

/* One patch's placements: they stand together. */
struct run {
	const struct vp_patch *patch;
	enum vp_mode mode;
	const struct vp_placement *first;
	size_t count;
	size_t calls; /* its sections of system calls */
};

VP_ARRAY_TYPE(runs, struct run);

static int by_id(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	return strcmp(x->patch->id, y->patch->id);
}

static void collect(const struct vp_plan *plan, struct runs *out)
{
	const struct vp_patch *patch;
	size_t i = 0, k = 0;

	if (!plan)
		return;
	while ((patch = vp_plan_next(plan, i, k))) {
		struct run run = { .patch = patch };

		for (; i < plan->placements.len && plan->placements.data[i].patch == patch;
		     i++) {
			if (!run.count++)
				run.first = &plan->placements.data[i];
			run.mode = plan->placements.data[i].mode;
		}
		for (; k < plan->calls.len && plan->calls.data[k].patch == patch; k++) {
			run.mode = plan->calls.data[k].mode;
			run.calls++;
		}
		vp_array_push(out, run);
	}
	if (out->len)
		qsort(out->data, out->len, sizeof(*out->data), by_id);
}

static uint64_t ports_digest(const struct run *run)
{
	uint64_t digest = VP_DIGEST_SEED;

	for (size_t i = 0; i < run->count; i++) {
		vp_array_each (range, &run->first[i].ports) {
			uint16_t key[3] = { range->protocol, range->first, range->last };

			digest = vp_digest(digest, key, sizeof(key));
		}
		digest = vp_digest(digest, "", 1);
	}
	return digest;
}

static uint64_t addresses_digest(const struct run *run)
{
	uint64_t digest = VP_DIGEST_SEED;

	for (size_t i = 0; i < run->count; i++) {
		vp_array_each (range, &run->first[i].addresses) {
			digest = vp_digest(digest, range->first.bytes,
					   sizeof(range->first.bytes));
			digest = vp_digest(digest, range->last.bytes,
					   sizeof(range->last.bytes));
		}
		digest = vp_digest(digest, "", 1);
	}
	return digest;
}

static bool same_points(const struct run *a, const struct run *b)
{
	if (a->count != b->count || a->calls != b->calls)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->first[i].point != b->first[i].point)
			return false;
	return true;
}

static void add_change(struct vp_strbuf *text, const char *format, const char *a,
		       const char *b)
{
	_cleanup_free_ char *change = vp_format("%s%s%s%s", format, a, *b ? " -> " : "", b);

	if (text->len)
		vp_strbuf_adds(text, ", ");
	vp_strbuf_adds(text, change);
}

/* What differs, as words; nothing when all is the same. */
static void compare(const struct run *old, const struct run *new, struct vp_strbuf *text)
{
	if (old->mode != new->mode)
		add_change(text, "mode ", vp_mode_name(old->mode), vp_mode_name(new->mode));
	if (old->patch->digest != new->patch->digest)
		add_change(text, "definition", "", "");
	if (ports_digest(old) != ports_digest(new))
		add_change(text, "ports", "", "");
	if (addresses_digest(old) != addresses_digest(new))
		add_change(text, "addresses", "", "");
	if (!same_points(old, new))
		add_change(text, "placement", "", "");
}

static size_t changed(const struct run *old, const struct run *new, struct vp_strbuf *out)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };

	compare(old, new, &text);
	if (!text.len)
		return 0;
	vp_strbuf_addf(out, "~ %s  %s\n", new->patch->id, vp_strbuf_text(&text));
	return 1;
}

static void add_count(struct vp_strbuf *out, size_t count, const char *what)
{
	if (count)
		vp_strbuf_addf(out, ", %zu %s%s", count, what, count == 1 ? "" : "s");
}

static size_t appeared(const struct run *run, char sign, struct vp_strbuf *out)
{
	const struct vp_patch *patch = run->patch;

	vp_strbuf_addf(out, "%c %s  %s", sign, patch->id, patch->title ? patch->title : "");
	add_count(out, run->count, "rule");
	add_count(out, run->calls, "section");
	vp_strbuf_addf(out, "%s, %s\n", run->calls ? " of system calls" : "",
		       vp_mode_name(run->mode));
	return 1;
}

size_t vp_plan_diff(const struct vp_plan *active, const struct vp_plan *desired,
		    struct vp_strbuf *out)
{
	struct runs old = { 0 }, new = { 0 };
	size_t lines = 0, i = 0, k = 0;

	collect(active, &old);
	collect(desired, &new);
	while (i < old.len || k < new.len) {
		int order = i == old.len   ? 1
			    : k == new.len ? -1
					   : by_id(&old.data[i], &new.data[k]);

		if (order < 0)
			lines += appeared(&old.data[i++], '-', out);
		else if (order > 0)
			lines += appeared(&new.data[k++], '+', out);
		else
			lines += changed(&old.data[i++], &new.data[k++], out);
	}
	vp_array_free(&old);
	vp_array_free(&new);
	return lines;
}
