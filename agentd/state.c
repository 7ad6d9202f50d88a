/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of the state folder: see state.h. What the files mean for a running
 * daemon is decided in transaction.c and startup.c.
 */
#include "agentd/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/document.h"
#include "lib/cleanup.h"
#include "lib/file.h"
#include "lib/log.h"

#define SMALL_FILE   65536u
#define TAGS_LIMIT   (16u << 20)
#define HISTORY_TAIL (8u << 20) /* some ten thousand entries; older ones stay in the file */

static int make_folder(const char *path, mode_t mode, struct vp_error *err)
{
	_cleanup_free_ char *copy = vp_strdup(path);

	for (char *at = copy + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(copy, 0755) && errno != EEXIST)
			return vp_fail(err, -errno, "%s: cannot make the folder: %s", copy,
				       strerror(errno));
		*at = '/';
	}
	if (mkdir(copy, mode) && errno != EEXIST)
		return vp_fail(err, -errno, "%s: cannot make the folder: %s", copy,
			       strerror(errno));
	return 0;
}

void vp_state_name(struct vp_state *state, const char *folder)
{
	state->folder = vp_strdup(folder);
}

int vp_state_open(struct vp_state *state, const char *folder, struct vp_error *err)
{
	_cleanup_free_ char *generations = vp_format("%s/generations", folder);
	int r = make_folder(folder, 0750, err);

	if (!r)
		r = make_folder(generations, 0700, err);
	if (!r)
		vp_state_name(state, folder);
	return r;
}

void vp_state_free(struct vp_state *state)
{
	free(state->folder);
	state->folder = NULL;
}

char *vp_state_path(const struct vp_state *state, const char *name)
{
	return vp_format("%s/%s", state->folder, name);
}

char *vp_state_bundle_path(const struct vp_state *state, uint64_t number)
{
	return vp_format("%s/generations/%" PRIu64 ".bundle", state->folder, number);
}

static char *tags_path(const struct vp_state *state, uint64_t number)
{
	return vp_format("%s/generations/%" PRIu64 ".tags", state->folder, number);
}

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int vp_state_list(const struct vp_state *state, struct vp_numbers *numbers,
		  struct vp_error *err)
{
	_cleanup_free_ char *path = vp_state_path(state, "generations");
	_cleanup_closedir_ DIR *folder = opendir(path);
	const struct dirent *entry;

	if (!folder)
		return vp_fail(err, -errno, "%s: cannot read the folder: %s", path,
			       strerror(errno));
	while ((entry = readdir(folder))) {
		char *end;
		uint64_t number = strtoull(entry->d_name, &end, 10);

		if (end == entry->d_name || !number)
			continue;
		if (!strcmp(end, ".bundle"))
			vp_array_push(numbers, number);
		else if (!strncmp(end, ".bundle.", 8))
			unlinkat(dirfd(folder), entry->d_name, 0);
	}
	if (numbers->len)
		qsort(numbers->data, numbers->len, sizeof(*numbers->data), compare_numbers);
	return 0;
}

int vp_state_current(const struct vp_state *state, uint64_t *number, struct vp_error *err)
{
	_cleanup_free_ char *path = vp_state_path(state, "current"), *text = NULL;
	char *end;
	size_t len;
	int r = vp_file_read(path, SMALL_FILE, &text, &len, err);

	if (r == -ENOENT) {
		*number = 0;
		return 0;
	}
	if (r)
		return r;
	*number = strtoull(text, &end, 10);
	if (end == text || strcmp(end, "\n") != 0 || strlen(text) != len)
		return vp_fail(err, -EINVAL,
			       "%s: damaged: expected a generation's number; the newest stored"
			       " generation is used, `vpatchctl apply` writes it anew",
			       path);
	return 0;
}

int vp_state_set_current(const struct vp_state *state, uint64_t number, struct vp_error *err)
{
	_cleanup_free_ char *path = vp_state_path(state, "current");
	char text[32];
	int len = snprintf(text, sizeof(text), "%" PRIu64 "\n", number);

	return vp_file_write(path, text, (size_t)len, 0644, err);
}

int vp_state_load(const struct vp_state *state, uint64_t number,
		  struct vp_generation *generation, struct vp_error *err)
{
	_cleanup_free_ char *path = vp_state_bundle_path(state, number);
	int r = vp_generation_load(path, generation, err);

	if (r == -ENOENT)
		return vp_fail(err, r,
			       "generation %" PRIu64 " is not stored; see"
			       " `vpatchctl history`",
			       number);
	if (!r && generation->number != number) {
		r = vp_fail(err, -EINVAL, "%s: damaged: it holds generation %" PRIu64, path,
			    generation->number);
		vp_generation_free(generation);
	}
	return r;
}

int vp_state_store(const struct vp_state *state, const struct vp_generation *generation,
		   struct vp_error *err)
{
	_cleanup_free_ char *path = vp_state_bundle_path(state, generation->number);

	return vp_generation_save(generation, path, err);
}

void vp_state_forget(const struct vp_state *state, uint64_t number)
{
	_cleanup_free_ char *path = vp_state_bundle_path(state, number);
	_cleanup_free_ char *tags = tags_path(state, number);

	unlink(path);
	unlink(tags);
}

static bool is_needed(uint64_t number, const uint64_t *needed, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (needed[i] == number)
			return true;
	return false;
}

void vp_state_prune(const struct vp_state *state, size_t keep, const uint64_t *needed,
		    size_t needed_count)
{
	struct vp_numbers numbers = { 0 };
	size_t excess;

	if (vp_state_list(state, &numbers, NULL)) {
		vp_array_free(&numbers);
		return;
	}
	excess = numbers.len > keep ? numbers.len - keep : 0;
	for (size_t i = 0; i < numbers.len && excess; i++)
		if (!is_needed(numbers.data[i], needed, needed_count)) {
			vp_state_forget(state, numbers.data[i]);
			excess--;
		}
	vp_array_free(&numbers);
}

/* Count, then tags: a file cut short by a crash is seen. */
void vp_state_store_tags(const struct vp_state *state, uint64_t number,
			 const struct vp_tags *tags)
{
	_cleanup_free_ char *path = tags_path(state, number);
	_cleanup_fclose_ FILE *file = fopen(path, "we");
	uint64_t count = tags->len;

	if (!file)
		return;
	if (fwrite(&count, sizeof(count), 1, file) == 1)
		fwrite(tags->data, sizeof(*tags->data), tags->len, file);
}

static bool add_tags(const struct vp_state *state, uint64_t number, struct vp_tags *tags)
{
	_cleanup_free_ char *path = tags_path(state, number), *data = NULL;
	uint64_t count;
	size_t len;

	if (vp_file_read(path, TAGS_LIMIT, &data, &len, NULL) || len < sizeof(count))
		return false;
	memcpy(&count, data, sizeof(count));
	len -= sizeof(count);
	if (len % sizeof(uint32_t) || count != len / sizeof(uint32_t))
		return false;
	for (uint64_t i = 0; i < count; i++) {
		uint32_t tag;

		memcpy(&tag, data + sizeof(count) + i * sizeof(tag), sizeof(tag));
		vp_array_push(tags, tag);
	}
	return true;
}

bool vp_state_all_tags(const struct vp_state *state, struct vp_tags *tags)
{
	struct vp_numbers numbers = { 0 };
	bool all = !vp_state_list(state, &numbers, NULL);

	for (size_t i = 0; all && i < numbers.len; i++)
		all = add_tags(state, numbers.data[i], tags);
	vp_array_free(&numbers);
	return all;
}

static int write_document(const struct vp_state *state, const char *name,
			  const json_t *document, mode_t mode, struct vp_error *err)
{
	_cleanup_free_ char *path = vp_state_path(state, name);
	_cleanup_free_ char *text = json_dumps(document, JSON_COMPACT);

	return vp_file_write(path, text, strlen(text), mode, err);
}

static int remove_file(const struct vp_state *state, const char *name, struct vp_error *err)
{
	_cleanup_free_ char *path = vp_state_path(state, name);

	if (unlink(path) && errno != ENOENT)
		return vp_fail(err, -errno, "%s: cannot be removed: %s", path,
			       strerror(errno));
	return 0;
}

bool vp_state_panicked(const struct vp_state *state, struct vp_panic_marker *marker)
{
	_cleanup_free_ char *path = vp_state_path(state, "panic"), *text = NULL;
	_cleanup_json_ json_t *document = NULL;
	size_t len;
	int r = vp_file_read(path, SMALL_FILE, &text, &len, NULL);

	if (r == -ENOENT || r == -ENOTDIR)
		return false;
	memset(marker, 0, sizeof(*marker));
	document = r ? NULL : json_loadb(text, len, 0, NULL);
	marker->time = (time_t)vp_json_get_number(document, "time");
	if (vp_json_get_text(document, "who"))
		snprintf(marker->who, sizeof(marker->who), "%s",
			 vp_json_get_text(document, "who"));
	if (vp_json_get_text(document, "reason"))
		snprintf(marker->reason, sizeof(marker->reason), "%s",
			 vp_json_get_text(document, "reason"));
	return true;
}

int vp_state_set_panic(const struct vp_state *state, const struct vp_panic_marker *marker,
		       struct vp_error *err)
{
	_cleanup_json_ json_t *document = json_object();

	vp_json_set_number(document, "time", (uint64_t)marker->time);
	vp_json_set_text(document, "who", marker->who);
	vp_json_set_text(document, "reason", marker->reason);
	return write_document(state, "panic", document, 0644, err);
}

int vp_state_clear_panic(const struct vp_state *state, struct vp_error *err)
{
	return remove_file(state, "panic", err);
}

bool vp_state_confirm(const struct vp_state *state, struct vp_confirm *confirm)
{
	_cleanup_free_ char *path = vp_state_path(state, "confirm"), *text = NULL;
	_cleanup_json_ json_t *document = NULL;
	size_t len;

	if (vp_file_read(path, SMALL_FILE, &text, &len, NULL))
		return false;
	document = json_loadb(text, len, 0, NULL);
	memset(confirm, 0, sizeof(*confirm));
	confirm->generation = vp_json_get_number(document, "generation");
	confirm->previous = vp_json_get_number(document, "previous");
	confirm->deadline = (time_t)vp_json_get_number(document, "deadline");
	confirm->boot_deadline = vp_json_get_number(document, "boot_deadline");
	if (vp_json_get_text(document, "boot"))
		snprintf(confirm->boot, sizeof(confirm->boot), "%s",
			 vp_json_get_text(document, "boot"));
	if (!confirm->generation) {
		vp_log_warning("%s: damaged; removed: the apply counts as confirmed", path);
		unlink(path);
		return false;
	}
	return true;
}

int vp_state_set_confirm(const struct vp_state *state, const struct vp_confirm *confirm,
			 struct vp_error *err)
{
	_cleanup_json_ json_t *document = json_object();

	vp_json_set_number(document, "generation", confirm->generation);
	vp_json_set_number(document, "previous", confirm->previous);
	vp_json_set_number(document, "deadline", (uint64_t)confirm->deadline);
	vp_json_set_number(document, "boot_deadline", confirm->boot_deadline);
	vp_json_set_text(document, "boot", confirm->boot);
	return write_document(state, "confirm", document, 0640, err);
}

int vp_state_clear_confirm(const struct vp_state *state, struct vp_error *err)
{
	return remove_file(state, "confirm", err);
}

void vp_boot_id(char id[static 40])
{
	_cleanup_fclose_ FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	id[0] = '\0';
	if (file && fgets(id, 40, file))
		id[strcspn(id, "\n")] = '\0';
}

int vp_state_add_history(const struct vp_state *state, const json_t *entry,
			 struct vp_error *err)
{
	_cleanup_free_ char *path = vp_state_path(state, "history.jsonl");
	_cleanup_free_ char *text = json_dumps(entry, JSON_COMPACT);

	return vp_file_append_line(path, text ? text : "{}", 0640, err);
}

/* A line cut short by a crash or a full disk is no entry. */
static void append_entry(json_t *entries, const char *line, size_t len, size_t limit)
{
	json_t *entry = json_loadb(line, len, 0, NULL);

	if (!json_is_object(entry)) {
		json_decref(entry);
		return;
	}
	json_array_append_new(entries, entry);
	if (json_array_size(entries) > limit)
		json_array_remove(entries, 0);
}

json_t *vp_state_history(const struct vp_state *state, size_t limit)
{
	_cleanup_free_ char *path = vp_state_path(state, "history.jsonl"), *text = NULL;
	json_t *entries = json_array();
	size_t len = 0;

	if (vp_file_read_tail(path, HISTORY_TAIL, &text, &len, NULL))
		return entries;
	for (const char *at = text, *end; at < text + len; at = end + 1) {
		end = memchr(at, '\n', (size_t)(text + len - at));
		if (!end)
			end = text + len;
		append_entry(entries, at, (size_t)(end - at), limit);
	}
	return entries;
}
