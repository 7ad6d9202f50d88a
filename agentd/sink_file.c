/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The events that `vpatchctl events` shows: JSON lines in two files of bounded
 * size, PATH and PATH.1. When PATH has half the limit it becomes PATH.1. A line
 * that could not be written whole (full disk, crash) never damages another one.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "agentd/document.h"
#include "agentd/sink.h"
#include "lib/cleanup.h"
#include "lib/file.h"
#include "lib/memory.h"

#define DEFAULT_LIMIT (UINT64_C(16) << 20)
#define TAIL	      (1u << 20) /* more than the events between two savings of totals */

struct sink_file {
	struct vp_sink sink;
	char *path, *older;
	uint64_t limit;
	int fd; /* -1: could not be opened; tried again with the next event */
	uint64_t size;
};

/* A line that a crash cut short is ended, so that the next one stands alone. */
static int end_last_line(int fd, uint64_t *size)
{
	char last = '\n';

	if (*size && pread(fd, &last, 1, (off_t)*size - 1) < 0)
		return -errno;
	if (last == '\n')
		return 0;
	if (write(fd, "\n", 1) != 1)
		return -EIO;
	++*size;
	return 0;
}

static int open_path(struct sink_file *own)
{
	_cleanup_close_ int fd =
		open(own->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	struct stat status;
	int r;

	if (fd < 0 || fstat(fd, &status))
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	own->size = (uint64_t)status.st_size;
	r = end_last_line(fd, &own->size);
	if (r)
		return r;
	own->fd = TAKE_FD(fd);
	return 0;
}

static void close_path(struct sink_file *own)
{
	if (own->fd >= 0)
		close(own->fd);
	own->fd = -1;
}

static void close_file(struct vp_sink *sink)
{
	struct sink_file *own = (struct sink_file *)(void *)sink;

	close_path(own);
	free(own->path);
	free(own->older);
	free(own);
}

static int open_file(struct vp_sink **sink, const struct vp_sink_options *options,
		     struct vp_error *err)
{
	struct sink_file *own = vp_new(struct sink_file);
	int r;

	own->sink.ops = &vp_sink_file;
	own->path = vp_strdup(options->path);
	own->older = vp_format("%s.1", options->path);
	own->limit = options->limit ? options->limit : DEFAULT_LIMIT;
	own->fd = -1;
	r = open_path(own);
	if (r) {
		close_file(&own->sink);
		return vp_fail(err, r, "cannot open %s for events: %s", options->path,
			       strerror(-r));
	}
	*sink = &own->sink;
	return 0;
}

/* Room for `more` bytes, or -errno. */
static int make_room(struct sink_file *own, size_t more)
{
	if (own->fd >= 0 && own->size + more > own->limit / 2) {
		close_path(own);
		if (rename(own->path, own->older))
			return -errno;
	}
	return own->fd >= 0 ? 0 : open_path(own);
}

/* A line that did not fit on the disk whole is taken back. */
static bool append(struct sink_file *own, const char *line, size_t len)
{
	ssize_t written = write(own->fd, line, len);

	if (written == (ssize_t)len) {
		own->size += len;
		return true;
	}
	if (written > 0 && ftruncate(own->fd, (off_t)own->size))
		close_path(own);
	return false;
}

static void write_file(struct vp_sink *sink, const struct vp_event *event)
{
	struct sink_file *own = (struct sink_file *)(void *)sink;
	char line[VP_EVENT_LINE + 1];
	size_t len = vp_event_print(event, VP_FORMAT_JSON, line, VP_EVENT_LINE);

	line[len++] = '\n';
	if (!make_room(own, len) && append(own, line, len))
		sink->written++;
	else
		sink->dropped++;
}

static void flush_file(struct vp_sink *sink)
{
	(void)sink;
}

const struct vp_sink_ops vp_sink_file = {
	.name = "file",
	.open = open_file,
	.write = write_file,
	.flush = flush_file,
	.close = close_file,
};

/* Called with each stored event that is wanted, newest first. False: enough. */
typedef bool visitor(void *context, json_t *json, const struct vp_event *event);

/* A line that a crash cut short is no event. */
static bool visit_line(const char *line, size_t len, const struct vp_event_filter *filter,
		       visitor *visit, void *context)
{
	_cleanup_json_ json_t *json = json_loadb(line, len, 0, NULL);
	struct vp_event event;

	if (!json || vp_event_from_json(json, &event) || !vp_event_matches(&event, filter))
		return true;
	return visit(context, json, &event);
}

/* The last `most` bytes of a file, from its end on. 1: enough, 0: all was visited, -errno. */
static int visit_file(const char *path, size_t most, const struct vp_event_filter *filter,
		      visitor *visit, void *context, struct vp_error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = vp_file_read_tail(path, most, &text, &len, err);

	if (r)
		return r == -ENOENT ? 0 : r;
	while (len) {
		const char *end = memrchr(text, '\n', len);
		const char *line = end ? end + 1 : text;

		if (!visit_line(line, (size_t)(text + len - line), filter, visit, context))
			return 1;
		len = end ? (size_t)(end - text) : 0;
	}
	return 0;
}

struct newest {
	json_t *list; /* newest first */
	size_t limit;
};

static bool add_newest(void *context, json_t *json, const struct vp_event *event)
{
	struct newest *newest = context;

	(void)event;
	json_array_append(newest->list, json);
	return json_array_size(newest->list) < newest->limit;
}

static json_t *reversed(const json_t *list)
{
	json_t *other = json_array();

	for (size_t i = json_array_size(list); i-- > 0;)
		json_array_append(other, json_array_get(list, i));
	return other;
}

json_t *vp_sink_file_read(const char *path, const struct vp_event_filter *filter, size_t limit,
			  struct vp_error *err)
{
	_cleanup_free_ char *older = vp_format("%s.1", path);
	_cleanup_json_ json_t *list = json_array();
	struct newest newest = { list, limit };
	int r = visit_file(path, DEFAULT_LIMIT, filter, add_newest, &newest, err);

	if (!r)
		r = visit_file(older, DEFAULT_LIMIT, filter, add_newest, &newest, err);
	return r < 0 ? NULL : reversed(list);
}

static bool take_total(void *context, json_t *json, const struct vp_event *event)
{
	struct vp_counts *reported = context;
	struct vp_count *count = NULL;
	uint64_t *told;

	(void)json;
	if (!event->tag || !event->total)
		return true;
	vp_array_each (known, reported)
		if (!count && known->tag == event->tag)
			count = known;
	if (!count) {
		count = vp_array_add(reported);
		count->tag = event->tag;
	}
	told = event->kind == VP_EVENT_BANNED ? &count->banned : &count->packets;
	*told = event->total > *told ? event->total : *told;
	return true;
}

void vp_sink_file_totals(const char *path, struct vp_counts *reported)
{
	const struct vp_event_filter everything = { 0 };
	_cleanup_free_ char *older = vp_format("%s.1", path);

	visit_file(older, TAIL, &everything, take_total, reported, NULL);
	visit_file(path, TAIL, &everything, take_total, reported, NULL);
}
