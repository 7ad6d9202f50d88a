/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Totals over reboots and repairs, kept in totals.json: see totals.h. */
#include "agentd/totals.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "agentd/document.h"
#include "lib/cleanup.h"
#include "lib/file.h"

#define TOTALS_LIMIT (64u << 20)

/* Where the tag is, or would be. */
static size_t place_of(const struct vp_totals *totals, uint32_t tag)
{
	return vp_array_lower(&totals->list, tag, tag);
}

const struct vp_total *vp_totals_find(const struct vp_totals *totals, uint32_t tag)
{
	size_t at = place_of(totals, tag);

	return at < totals->list.len && totals->list.data[at].tag == tag
		       ? &totals->list.data[at]
		       : NULL;
}

static struct vp_total *find_or_add(struct vp_totals *totals, uint32_t tag)
{
	size_t at = place_of(totals, tag), last;

	if (at < totals->list.len && totals->list.data[at].tag == tag)
		return &totals->list.data[at];
	last = totals->list.len;
	vp_array_add(&totals->list);
	memmove(&totals->list.data[at + 1], &totals->list.data[at],
		(last - at) * sizeof(struct vp_total));
	totals->list.data[at] = (struct vp_total){ .tag = tag, .base.tag = tag };
	for (int holder = 0; holder < VP_HOLDERS; holder++)
		totals->list.data[at].held[holder].tag = tag;
	return &totals->list.data[at];
}

static struct vp_count sum_of(const struct vp_count *a, const struct vp_count *b)
{
	return (struct vp_count){ .tag = a->tag,
				  .packets = a->packets + b->packets,
				  .bytes = a->bytes + b->bytes,
				  .banned = a->banned + b->banned };
}

struct vp_count vp_total_count(const struct vp_total *total)
{
	struct vp_count sum = { 0 };

	if (!total)
		return sum;
	sum = total->base;
	for (int holder = 0; holder < VP_HOLDERS; holder++)
		sum = sum_of(&sum, &total->held[holder]);
	return sum;
}

static void detach_one(struct vp_total *total, enum vp_holder holder)
{
	total->base = sum_of(&total->base, &total->held[holder]);
	total->held[holder] = (struct vp_count){ .tag = total->tag };
}

static bool went_back(const struct vp_count *now, const struct vp_count *before)
{
	return now->packets < before->packets || now->bytes < before->bytes ||
	       now->banned < before->banned;
}

static void take_count(struct vp_totals *totals, enum vp_holder holder,
		       const struct vp_count *count)
{
	struct vp_total *total = find_or_add(totals, count->tag);
	struct vp_count *held = &total->held[holder];

	total->seen = true;
	if (went_back(count, held))
		detach_one(total, holder);
	if (count->packets == held->packets && count->bytes == held->bytes &&
	    count->banned == held->banned)
		return;
	*held = *count;
	totals->changed = true;
}

/*
 * A counter that is there no more has been forgotten; should it come back, it
 * begins anew. When all of the kernel's are gone the table is, and repair brings the
 * counts back.
 */
void vp_totals_update(struct vp_totals *totals, enum vp_holder holder,
		      const struct vp_counts *counts)
{
	bool come_back = holder == VP_HOLDER_KERNEL && !counts->len;

	vp_array_each (total, &totals->list)
		total->seen = come_back;
	vp_array_each (count, counts)
		take_count(totals, holder, count);
	vp_array_each (total, &totals->list)
		if (!total->seen &&
		    (total->held[holder].packets || total->held[holder].banned)) {
			detach_one(total, holder);
			totals->changed = true;
		}
}

void vp_totals_detach(struct vp_totals *totals)
{
	vp_array_each (total, &totals->list)
		detach_one(total, VP_HOLDER_KERNEL);
	totals->changed = true;
}

static void raise_one(uint64_t *base, uint64_t now, uint64_t least, bool *changed)
{
	if (now >= least)
		return;
	*base += least - now;
	*changed = true;
}

void vp_totals_raise(struct vp_totals *totals, const struct vp_counts *reported)
{
	vp_array_each (count, reported) {
		struct vp_total *total = find_or_add(totals, count->tag);

		struct vp_count now = vp_total_count(total);

		raise_one(&total->base.packets, now.packets, count->packets, &totals->changed);
		raise_one(&total->base.banned, now.banned, count->banned, &totals->changed);
	}
}

void vp_totals_counts(const struct vp_totals *totals, struct vp_counts *counts)
{
	vp_array_each (total, &totals->list)
		vp_array_push(counts, vp_total_count(total));
}

void vp_totals_set_reported(struct vp_totals *totals, const struct vp_counts *reported)
{
	vp_array_each (count, reported) {
		struct vp_total *total = find_or_add(totals, count->tag);

		if (total->reported != count->packets ||
		    total->reported_banned != count->banned)
			totals->changed = true;
		total->reported = count->packets;
		total->reported_banned = count->banned;
	}
}

void vp_totals_reported(const struct vp_totals *totals, struct vp_counts *reported)
{
	vp_array_each (total, &totals->list)
		vp_array_push(reported,
			      ((struct vp_count){ .tag = total->tag,
						  .packets = total->reported,
						  .banned = total->reported_banned }));
}

static void read_count(const json_t *item, const char *prefix, struct vp_count *count)
{
	_cleanup_free_ char *packets = vp_format("%spackets", prefix);
	_cleanup_free_ char *bytes = vp_format("%sbytes", prefix);
	_cleanup_free_ char *banned = vp_format("%sbanned", prefix);

	count->packets = vp_json_get_number(item, packets);
	count->bytes = vp_json_get_number(item, bytes);
	count->banned = vp_json_get_number(item, banned);
}

static void read_total(struct vp_totals *totals, const json_t *item)
{
	uint64_t tag = vp_json_get_hex(item, "tag");
	struct vp_total *total;

	if (!tag || tag > UINT32_MAX)
		return;
	total = find_or_add(totals, (uint32_t)tag);
	read_count(item, "base_", &total->base);
	read_count(item, "", &total->held[VP_HOLDER_KERNEL]);
	read_count(item, "process_", &total->held[VP_HOLDER_PROCESSES]);
	total->reported = vp_json_get_number(item, "reported");
	total->reported_banned = vp_json_get_number(item, "reported_banned");
}

int vp_totals_load(struct vp_totals *totals, const char *path, struct vp_error *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_json_ json_t *document = NULL;
	const json_t *item;
	size_t len, i;
	int r = vp_file_read(path, TOTALS_LIMIT, &text, &len, err);

	if (r)
		return r == -ENOENT ? 0 : r;
	document = json_loadb(text, len, 0, NULL);
	if (!json_is_array(json_object_get(document, "totals")))
		return vp_fail(err, -EINVAL,
			       "%s: damaged: totals start again at what is held now", path);
	json_array_foreach (json_object_get(document, "totals"), i, item)
		read_total(totals, item);
	totals->changed = false;
	totals->stored = true;
	return 0;
}

static void write_count(json_t *item, const char *prefix, const struct vp_count *count)
{
	_cleanup_free_ char *packets = vp_format("%spackets", prefix);
	_cleanup_free_ char *bytes = vp_format("%sbytes", prefix);
	_cleanup_free_ char *banned = vp_format("%sbanned", prefix);

	vp_json_set_number(item, packets, count->packets);
	vp_json_set_number(item, bytes, count->bytes);
	vp_json_set_number(item, banned, count->banned);
}

static json_t *total_document(const struct vp_total *total)
{
	const struct vp_count *processes = &total->held[VP_HOLDER_PROCESSES];
	json_t *item = json_object();

	vp_json_set_hex(item, "tag", total->tag);
	write_count(item, "base_", &total->base);
	write_count(item, "", &total->held[VP_HOLDER_KERNEL]);
	if (processes->packets || processes->banned)
		write_count(item, "process_", processes);
	vp_json_set_number(item, "reported", total->reported);
	vp_json_set_number(item, "reported_banned", total->reported_banned);
	return item;
}

static bool is_empty(const struct vp_total *total)
{
	struct vp_count count = vp_total_count(total);

	return !count.packets && !count.banned && !total->reported && !total->reported_banned;
}

int vp_totals_save(struct vp_totals *totals, const char *path, struct vp_error *err)
{
	_cleanup_json_ json_t *document = vp_json_document("vpatch.totals/1");
	_cleanup_free_ char *text = NULL;
	json_t *list = json_array();
	int r;

	vp_array_each (total, &totals->list)
		if (!is_empty(total))
			json_array_append_new(list, total_document(total));
	json_object_set_new(document, "totals", list);
	text = json_dumps(document, JSON_COMPACT);
	r = vp_file_write(path, text, strlen(text), 0640, err);
	if (!r) {
		totals->changed = false;
		totals->stored = true;
	}
	return r;
}

void vp_totals_free(struct vp_totals *totals)
{
	vp_array_free(&totals->list);
}
