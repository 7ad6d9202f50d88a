/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder of drop-ins: see dropin_files.h. */
#include "agentd/syscalls/dropin_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "lib/seccomp_file.h"

#define ENDING	   ".d"
#define GENERATION " (generation "
#define LIMIT	   (1u << 20)
#define BAD_NAME   "its name cannot be part of a path"

void vp_dropin_list_free(struct vp_dropin_list *list)
{
	vp_array_each (file, list) {
		free(file->unit);
		free(file->path);
		free(file->patches);
	}
	vp_array_free(list);
}

/* What stands there: its text, owned by the caller; NULL and *foreign: not ours to touch. */
static char *read_own(const char *path, bool *foreign)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char *text = NULL;
	size_t len;

	*foreign = fd >= 0 || errno != ENOENT;
	if (fd < 0 || vp_file_read_fd(fd, path, LIMIT, &text, &len, NULL))
		return NULL;
	*foreign = strncmp(text, VP_DROPIN_MARK, strlen(VP_DROPIN_MARK)) != 0;
	if (!*foreign)
		return text;
	free(text);
	return NULL;
}

/* Where the first line has its generation; or where it ends. */
static const char *generation_in(const char *text)
{
	const char *end = text + strcspn(text, "\n");
	const char *at = memmem(text, (size_t)(end - text), GENERATION, strlen(GENERATION));

	return at ? at : end;
}

static bool is_same_but_generation(const char *a, const char *b)
{
	size_t first = (size_t)(generation_in(a) - a);

	return (size_t)(generation_in(b) - b) == first && !memcmp(a, b, first) &&
	       !strcmp(a + strcspn(a, "\n"), b + strcspn(b, "\n"));
}

static char *folder_of(const char *root, const char *unit)
{
	return vp_format("%s/%s" ENDING, root, unit);
}

/* A folder, not a link to somewhere else. */
static int make_folder(const char *path, struct vp_error *err)
{
	struct stat st;

	if (!mkdir(path, 0755)) /* whatever the umask is: not only root may read units */
		return chmod(path, 0755)
			       ? vp_fail(err, -errno, "%s: %s", path, strerror(errno))
			       : 0;
	if (errno != EEXIST)
		return vp_fail(err, -errno, "%s: cannot be made: %s", path, strerror(errno));
	if (lstat(path, &st) || !S_ISDIR(st.st_mode))
		return vp_fail(err, -ENOTDIR, "%s: expected a folder; left alone", path);
	return 0;
}

/* Whoever comes after one that was killed tells the manager in its place. */
static void note_change(const struct vp_dropin_folder *folder)
{
	int fd = folder->pending ? open(folder->pending, O_WRONLY | O_CREAT | O_CLOEXEC, 0644)
				 : -1;

	if (fd >= 0)
		close(fd);
}

/* 1: written. */
static int write_one(const struct vp_dropin_folder *folder, const char *unit, const char *text,
		     struct vp_error *err)
{
	_cleanup_free_ char *own = folder_of(folder->root, unit);
	_cleanup_free_ char *path = vp_format("%s/%s", own, VP_DROPIN_FILE);
	_cleanup_free_ char *old = NULL;
	bool foreign;
	int r;

	r = make_folder(own, err);
	if (r)
		return r;
	old = read_own(path, &foreign);
	if (foreign)
		return vp_fail(err, -EEXIST,
			       "%s: not written by vpatch, and left alone; remove it, or what "
			       "it says holds",
			       path);
	if (old && is_same_but_generation(old, text))
		return 0;
	note_change(folder);
	r = vp_file_write(path, text, strlen(text), 0644, err);
	if (r)
		(void)rmdir(own);
	return r ? r : 1;
}

/* 1: there was one. */
static int remove_one(const struct vp_dropin_folder *folder, const char *unit,
		      struct vp_error *err)
{
	_cleanup_free_ char *own = folder_of(folder->root, unit);
	_cleanup_free_ char *path = vp_format("%s/%s", own, VP_DROPIN_FILE);
	_cleanup_free_ char *old = NULL;
	bool foreign;

	old = read_own(path, &foreign);
	if (!old)
		return 0;
	note_change(folder);
	if (unlink(path))
		return vp_fail(err, -errno, "%s: cannot be removed: %s", path,
			       strerror(errno));
	(void)rmdir(own); /* where nothing else is in it */
	return 1;
}

/* The basis that a file of ours was written on. */
static enum vp_dropin_basis basis_in(const char *text)
{
	for (unsigned int basis = 0; basis < VP_DROPIN_BASES; basis++)
		if (strstr(text, vp_dropin_basis_text(basis)))
			return basis;
	return VP_DROPIN_BASIS_ALLOWED;
}

/*
 * Who is under no_new_privs beside a drop-in of ours may be so because of it: then that is
 * no basis, unless it was so before.
 */
static enum vp_dropin_basis basis_for(enum vp_dropin_rights rights, const char *old)
{
	if (rights == VP_DROPIN_RIGHTS_ALL)
		return VP_DROPIN_BASIS_RIGHTS;
	if (rights == VP_DROPIN_RIGHTS_SEALED &&
	    (!old || basis_in(old) == VP_DROPIN_BASIS_SEALED))
		return VP_DROPIN_BASIS_SEALED;
	if (rights == VP_DROPIN_RIGHTS_UNKNOWN && old)
		return basis_in(old);
	return VP_DROPIN_BASIS_ALLOWED;
}

/* Where it is to hold, beside what stands there. */
static struct vp_dropin_site site_of(const struct vp_dropin_folder *folder,
				     const struct vp_dropin *dropin, const char *old,
				     uint64_t generation)
{
	return (struct vp_dropin_site){ .manager = folder->manager,
					.exact = folder->exact,
					.basis = basis_for(folder->rights(dropin->unit), old),
					.generation = generation };
}

/* What is to stand there; NULL: nothing. Owned by the caller. */
static char *text_for(const struct vp_dropin *dropin, const struct vp_dropin_site *site)
{
	struct vp_strbuf text = { 0 };

	if (!vp_dropin_print(dropin, site, &text))
		return NULL;
	return vp_strbuf_take(&text);
}

void vp_dropin_files_look(const struct vp_dropin_folder *folder,
			  const struct vp_dropin *dropin, struct vp_dropin_view *view)
{
	_cleanup_free_ char *old = NULL, *text = NULL;
	bool foreign;

	*view = (struct vp_dropin_view){ .path = vp_format("%s/%s" ENDING "/%s", folder->root,
							   dropin->unit, VP_DROPIN_FILE) };
	if (!vp_seccomp_file_names_unit(dropin->unit)) {
		view->reason = BAD_NAME;
		return;
	}
	old = read_own(view->path, &foreign);
	view->site = site_of(folder, dropin, old, 0);
	view->reason = vp_dropin_reason(dropin, &view->site);
	text = text_for(dropin, &view->site);
	if (foreign)
		view->place = VP_DROPIN_FOREIGN;
	else if (!old)
		view->place = VP_DROPIN_ABSENT;
	else if (text && is_same_but_generation(old, text))
		view->place = VP_DROPIN_WRITTEN;
	else
		view->place = VP_DROPIN_CHANGED;
}

static int settle_one(const struct vp_dropin_folder *folder, const struct vp_dropin *dropin,
		      uint64_t generation, struct vp_error *err)
{
	struct vp_dropin_view view;
	_cleanup_free_ char *text = NULL;

	if (!vp_seccomp_file_names_unit(dropin->unit))
		return 0;
	vp_dropin_files_look(folder, dropin, &view);
	free(view.path);
	if (view.reason)
		return remove_one(folder, dropin->unit, err);
	if (folder->removing)
		return 0;
	view.site.generation = generation;
	text = text_for(dropin, &view.site);
	return write_one(folder, dropin->unit, text, err);
}

static bool is_meant(const struct vp_dropins *dropins, const char *unit)
{
	vp_array_each (dropin, dropins)
		if (!strcmp(dropin->unit, unit))
			return true;
	return false;
}

/* Counts changes; keeps the first failure. */
struct sum {
	int changed, first;
	struct vp_error *err;
};

static void add(struct sum *sum, int r, const struct vp_error *failure)
{
	if (r > 0)
		sum->changed++;
	if (r >= 0 || sum->first)
		return;
	sum->first = r;
	*sum->err = *failure;
}

static bool is_pending(const struct vp_dropin_folder *folder)
{
	return folder->pending && !access(folder->pending, F_OK);
}

/* Half-written files of one that was killed. */
static void sweep(const char *root)
{
	_cleanup_free_ char *pattern =
		vp_format("%s/*" ENDING "/" VP_DROPIN_FILE ".??????", root);
	glob_t found;

	if (!glob(pattern, 0, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (!unlink(found.gl_pathv[i]))
				(void)rmdir(dirname(found.gl_pathv[i]));
	globfree(&found);
}

static int tell_manager(const struct vp_dropin_folder *folder, struct vp_error *err)
{
	int r = folder->reload(err);

	if (!r && folder->pending)
		(void)unlink(folder->pending);
	return r;
}

int vp_dropin_files_write(const struct vp_dropin_folder *folder,
			  const struct vp_dropins *dropins, uint64_t generation,
			  struct vp_error *err)
{
	struct vp_dropin_list list = { 0 };
	struct vp_error failure = { 0 };
	struct sum sum = { .err = err };

	if (is_pending(folder))
		sweep(folder->root);
	vp_dropin_files_list(folder->root, &list);
	vp_array_each (file, &list)
		if (!is_meant(dropins, file->unit))
			add(&sum, remove_one(folder, file->unit, &failure), &failure);
	vp_dropin_list_free(&list);
	vp_array_each (dropin, dropins)
		add(&sum, settle_one(folder, dropin, generation, &failure), &failure);
	if (sum.changed || is_pending(folder))
		add(&sum, tell_manager(folder, &failure), &failure);
	return sum.first;
}

static void read_first_line(const char *text, struct vp_dropin_file *file)
{
	const char *at = generation_in(text);
	size_t mark = strlen(VP_DROPIN_MARK);

	file->patches = vp_strndup(text + mark, (size_t)(at - text) - mark);
	(void)sscanf(at, GENERATION "%" SCNu64 ")", &file->generation);
}

static int compare_units(const void *a, const void *b)
{
	const struct vp_dropin_file *left = a, *right = b;

	return strcmp(left->unit, right->unit);
}

void vp_dropin_files_list(const char *root, struct vp_dropin_list *list)
{
	_cleanup_closedir_ DIR *dir = opendir(root);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name), tail = strlen(ENDING);
		_cleanup_free_ char *path = NULL, *text = NULL;
		struct vp_dropin_file *file;
		bool foreign;

		if (len <= tail || strcmp(entry->d_name + len - tail, ENDING) != 0)
			continue;
		path = vp_format("%s/%s/%s", root, entry->d_name, VP_DROPIN_FILE);
		text = read_own(path, &foreign);
		if (!text)
			continue;
		file = vp_array_add(list);
		file->unit = vp_strndup(entry->d_name, len - tail);
		file->path = TAKE_PTR(path);
		read_first_line(text, file);
	}
	if (list->len)
		qsort(list->data, list->len, sizeof(*list->data), compare_units);
}
