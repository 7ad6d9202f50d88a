/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of counts, and what becomes of one that is full or damaged: see ledger.h.
 * A table is never changed in size. One that is more than half full is copied into a
 * larger one, which takes its name; counts of a process that is gone stay as they are.
 */
#include "agentd/inspect/ledger.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/memory.h"

#define END	   ".counts"
#define NEW	   "new" /* until it has its name */
#define TOLD	   "told"
#define TOLD_SLOTS (1u << 14)
#define NAME_ROOM  48
#define MOST	   (1u << 18) /* slots that a table grows to */

struct entry {
	char name[NAME_ROOM];
	int fd;
	struct vp_tally *tally; /* to read; of TOLD, to write */
};

struct vp_ledger {
	char *path;  /* of the folder; NULL: there is none */
	int folder;  /* -1: there is none, or not yet */
	bool failed; /* it was said that files cannot be had */
	bool tells;  /* TOLD is as large as it has to be */
	VP_ARRAY(struct entry) entries;
};

static struct entry *find(const struct vp_ledger *ledger, const char *name)
{
	vp_array_each (entry, &ledger->entries)
		if (!strcmp(entry->name, name))
			return entry;
	return NULL;
}

static void clear_entry(struct entry *entry)
{
	vp_tally_unmap(entry->tally);
	if (entry->fd >= 0)
		close(entry->fd);
}

static bool is_told(const struct entry *entry)
{
	return !strcmp(entry->name, TOLD);
}

/* The descriptor becomes the entry's. */
static int fill_entry(struct entry *entry, const char *name, int fd, struct vp_error *err)
{
	*entry = (struct entry){ .fd = fd };
	snprintf(entry->name, sizeof(entry->name), "%s", name);
	entry->tally = vp_tally_map(fd, is_told(entry), err);
	return entry->tally ? 0 : err->code;
}

static int check_trust(int fd, struct vp_error *err)
{
	const char *distrust = vp_file_distrust(fd);

	return distrust ? vp_fail(err, -EPERM, "%s", distrust) : 0;
}

/* A file that was left behind. One that is no table is made anew when it is needed. */
static void take_over(struct vp_ledger *ledger, const char *name)
{
	_cleanup_free_ char *file = vp_format("%s" END, name);
	_cleanup_close_ int fd =
		openat(ledger->folder, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct vp_error err = { 0 };
	struct entry entry;
	int r;

	if (fd < 0)
		return;
	r = check_trust(fd, &err);
	if (!r) {
		r = fill_entry(&entry, name, TAKE_FD(fd), &err);
		if (r)
			clear_entry(&entry);
	}
	if (r)
		vp_log_warning("%s/%s is not used: %s", ledger->path, file, err.text);
	else
		vp_array_push(&ledger->entries, entry);
}

static void take_over_all(struct vp_ledger *ledger)
{
	_cleanup_closedir_ DIR *dir = opendir(ledger->path);
	const struct dirent *item;

	while (dir && (item = readdir(dir))) {
		size_t len = strlen(item->d_name), end = strlen(END);
		char name[NAME_ROOM];

		if (len <= end || len - end >= sizeof(name) ||
		    strcmp(item->d_name + len - end, END) != 0)
			continue;
		memcpy(name, item->d_name, len - end);
		name[len - end] = '\0';
		take_over(ledger, name);
	}
}

/* Why there are no files, once. */
static void say_failure(struct vp_ledger *ledger, const struct vp_error *err)
{
	if (!ledger->failed)
		vp_log_warning("what inspection counts is lost if vpatchd is killed: %s",
			       err->text);
	ledger->failed = true;
}

static int open_folder(struct vp_ledger *ledger, struct vp_error *err)
{
	_cleanup_close_ int folder =
		open(ledger->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (folder < 0)
		return vp_fail(err, -errno, "%s: cannot open: %s", ledger->path,
			       strerror(errno));
	r = check_trust(folder, err);
	if (r)
		return vp_fail_context(err, "%s", ledger->path), r;
	ledger->folder = TAKE_FD(folder);
	return 0;
}

struct vp_ledger *vp_ledger_open(const char *folder)
{
	struct vp_ledger *ledger = vp_new(struct vp_ledger);
	struct vp_error err = { 0 };
	int r;

	ledger->folder = -1;
	ledger->path = vp_strdup(folder);
	r = folder ? open_folder(ledger, &err) : 0;
	if (ledger->folder >= 0)
		take_over_all(ledger);
	else if (r && r != -ENOENT)
		say_failure(ledger, &err);
	return ledger;
}

void vp_ledger_close(struct vp_ledger *ledger)
{
	if (!ledger)
		return;
	vp_array_each (entry, &ledger->entries)
		clear_entry(entry);
	vp_array_free(&ledger->entries);
	if (ledger->folder >= 0)
		close(ledger->folder);
	free(ledger->path);
	free(ledger);
}

static int make_folder(struct vp_ledger *ledger, struct vp_error *err)
{
	if (ledger->folder >= 0)
		return 0;
	if (mkdir(ledger->path, 0700) && errno != EEXIST)
		return vp_fail(err, -errno, "%s: cannot make the folder: %s", ledger->path,
			       strerror(errno));
	return open_folder(ledger, err);
}

/* An empty table without a name. */
static int make_file(struct vp_ledger *ledger, size_t slots, int *fd, struct vp_error *err)
{
	_cleanup_close_ int file = -1;
	int r = make_folder(ledger, err);

	if (r)
		return r;
	(void)unlinkat(ledger->folder, NEW, 0);
	file = openat(ledger->folder, NEW, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		      0600);
	if (file < 0)
		return vp_fail(err, -errno, "%s: cannot make a file: %s", ledger->path,
			       strerror(errno));
	r = vp_tally_fill(file, slots, err);
	if (r) {
		(void)unlinkat(ledger->folder, NEW, 0);
		return vp_fail_context(err, "%s", ledger->path), r;
	}
	*fd = TAKE_FD(file);
	return 0;
}

static int name_file(const struct vp_ledger *ledger, const char *name, struct vp_error *err)
{
	_cleanup_free_ char *file = vp_format("%s" END, name);

	if (!renameat(ledger->folder, NEW, ledger->folder, file))
		return 0;
	(void)unlinkat(ledger->folder, NEW, 0);
	return vp_fail(err, -errno, "%s/%s: cannot be replaced: %s", ledger->path, file,
		       strerror(errno));
}

static void copy_one(void *context, enum vp_tally_kind kind, uint32_t of, uint64_t n)
{
	vp_tally_add(context, kind, of, n);
}

static int copy(const struct vp_tally *from, int fd, struct vp_error *err)
{
	struct vp_tally *to = vp_tally_map(fd, true, err);

	if (!to)
		return err->code;
	vp_tally_each(from, copy_one, to);
	vp_tally_unmap(to);
	return 0;
}

/* A table in a file, with what `old` (NULL: nothing) has. */
static int make_in_folder(struct vp_ledger *ledger, const char *name, size_t slots,
			  const struct vp_tally *old, int *fd, struct vp_error *err)
{
	_cleanup_close_ int made = -1;
	int r = make_file(ledger, slots, &made, err);

	if (!r && old)
		r = copy(old, made, err);
	if (!r)
		r = name_file(ledger, name, err);
	if (!r)
		*fd = TAKE_FD(made);
	return r;
}

static int make_in_memory(size_t slots, const struct vp_tally *old, int *fd,
			  struct vp_error *err)
{
	_cleanup_close_ int made = -1;
	int r = vp_tally_create(slots, &made, err);

	if (!r && old)
		r = copy(old, made, err);
	if (!r)
		*fd = TAKE_FD(made);
	return r;
}

/* In memory only what has no file yet: a file would be taken over by the next ledger. */
static int make(struct vp_ledger *ledger, const char *name, size_t slots,
		const struct entry *old, struct entry *made, struct vp_error *err)
{
	const struct vp_tally *tally = old && slots <= MOST ? old->tally : NULL;
	int r = -ENOENT, fd = -1;

	slots = slots <= MOST ? slots : MOST;
	if (ledger->path)
		r = make_in_folder(ledger, name, slots, tally, &fd, err);
	if (r && ledger->path)
		say_failure(ledger, err);
	if (r && (!old || !ledger->path))
		r = make_in_memory(slots, tally, &fd, err);
	if (r)
		return r;
	r = fill_entry(made, name, fd, err);
	if (r)
		clear_entry(made);
	return r;
}

/*
 * Slots that the next table needs; 0: this one will do. Beyond MOST: so many rules there are
 * not, and what a process has filled with rubbish is begun anew.
 */
static size_t slots_needed(const struct entry *entry, size_t slots)
{
	size_t now;

	if (!entry)
		return slots;
	now = vp_tally_slots(entry->tally);
	if (vp_tally_used(entry->tally) > now / 2)
		return now * 2 > slots ? now * 2 : slots;
	return now < slots ? slots : 0;
}

int vp_ledger_table(struct vp_ledger *ledger, const char *name, size_t slots,
		    struct vp_error *err)
{
	struct entry *entry = find(ledger, name), made = { .fd = -1 };
	size_t needed = slots_needed(entry, slots);
	int r = needed ? make(ledger, name, needed, entry, &made, err) : 0;

	if (entry && (r || !needed))
		return entry->fd; /* it goes on as it is */
	if (r)
		return r;
	if (entry)
		clear_entry(entry);
	else
		entry = vp_array_add(&ledger->entries);
	*entry = made;
	return entry->fd;
}

void vp_ledger_sums(const struct vp_ledger *ledger, struct vp_sums *sums)
{
	vp_array_each (entry, &ledger->entries)
		if (!is_told(entry))
			vp_sums_add_tally(sums, entry->tally);
}

void vp_ledger_tell(struct vp_ledger *ledger, enum vp_tally_kind kind, uint32_t of, uint64_t n)
{
	struct vp_error err = { 0 };
	const struct entry *told;

	if (!ledger->tells)
		(void)vp_ledger_table(ledger, TOLD, TOLD_SLOTS, &err);
	ledger->tells = true;
	told = find(ledger, TOLD);
	if (told)
		vp_tally_add(told->tally, kind, of, n);
}

void vp_ledger_told(const struct vp_ledger *ledger, struct vp_sums *sums)
{
	const struct entry *told = find(ledger, TOLD);

	if (told)
		vp_sums_add_tally(sums, told->tally);
}
