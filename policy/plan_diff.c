/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What changes between two plans, one line a patch. It compares meaning, not text. */
#include "lib/cleanup.h"
#include "lib/digest.h"
#include "policy/plan.h"

/* One patch's placements: they stand together. */
struct run {
	const struct vp_placement *first;
	size_t count;
};

VP_ARRAY_TYPE(runs, struct run);

static int by_id(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	return strcmp(x->first->patch->id, y->first->patch->id);
}

static void collect(const struct vp_plan *plan, struct runs *out)
{
	if (!plan)
		return;
	vp_array_each (placement, &plan->placements) {
		struct run *last = out->len ? &out->data[out->len - 1] : NULL;

		if (last && last->first->patch == placement->patch)
			last->count++;
		else
			vp_array_push(out, ((struct run){ placement, 1 }));
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
	if (a->count != b->count)
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
	enum vp_mode was = old->first->mode, is = new->first->mode;

	if (was != is)
		add_change(text, "mode ", vp_mode_name(was), vp_mode_name(is));
	if (old->first->patch->digest != new->first->patch->digest)
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
	vp_strbuf_addf(out, "~ %s  %s\n", new->first->patch->id, vp_strbuf_text(&text));
	return 1;
}

static size_t appeared(const struct run *run, char sign, struct vp_strbuf *out)
{
	const struct vp_patch *patch = run->first->patch;

	vp_strbuf_addf(out, "%c %s  %s, %zu rule%s, %s\n", sign, patch->id,
		       patch->title ? patch->title : "", run->count,
		       run->count == 1 ? "" : "s", vp_mode_name(run->first->mode));
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
