/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The events that `vpatchctl events` shows: JSON lines in two files of bounded
 * size, PATH and PATH.1. When PATH has half the limit it becomes PATH.1. A line
 * that could not be written whole (full disk, crash) never damages another one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agentd/sink.h"
#include "lib/cleanup.h"
#include "lib/memory.h"

#define DEFAULT_LIMIT (UINT64_C(16) << 20)
#define TAIL	      (1L << 20) /* more than the events between two savings of totals */
#define LINE_LIMIT    (2 * VP_EVENT_LINE)

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

/* The next line that is an event and is wanted, owned by the caller; NULL at the end. */
static json_t *next_event(FILE *file, const struct vp_event_filter *filter)
{
	char line[LINE_LIMIT];

	while (fgets(line, sizeof(line), file)) {
		size_t len = strlen(line);
		struct vp_event event;
		json_t *json;

		if (!len || line[len - 1] != '\n') {
			int c;

			while ((c = getc(file)) != EOF && c != '\n')
				;
			continue;
		}
		json = json_loadb(line, len - 1, 0, NULL);
		if (json && !vp_event_from_json(json, &event) &&
		    vp_event_matches(&event, filter))
			return json;
		json_decref(json);
	}
	return NULL;
}

struct reading {
	const struct vp_event_filter *filter;
	size_t skip, visited;
	vp_sink_file_visitor *visit; /* NULL: only count */
	void *context;
};

/* False when the visitor has enough. */
static bool read_events(FILE *file, struct reading *reading)
{
	json_t *json;

	while (file && (json = next_event(file, reading->filter))) {
		bool more = true;

		if (reading->visit && reading->skip)
			reading->skip--;
		else if (reading->visit)
			more = reading->visit(reading->context, json);
		reading->visited++;
		json_decref(json);
		if (!more)
			return false;
	}
	return true;
}

static void read_both(FILE *older, FILE *newer, struct reading *reading)
{
	if (older)
		rewind(older);
	if (newer)
		rewind(newer);
	if (read_events(older, reading))
		read_events(newer, reading);
}

int vp_sink_file_read(const char *path, const struct vp_event_filter *filter, size_t limit,
		      vp_sink_file_visitor *visit, void *context, struct vp_error *err)
{
	_cleanup_free_ char *older_path = vp_format("%s.1", path);
	_cleanup_fclose_ FILE *older = fopen(older_path, "re"), *newer = fopen(path, "re");
	struct reading count = { .filter = filter };
	struct reading reading = { .filter = filter, .visit = visit, .context = context };

	if (!newer && errno != ENOENT)
		return vp_fail(err, -errno, "cannot read %s: %s", path, strerror(errno));
	if (limit) {
		read_both(older, newer, &count);
		reading.skip = count.visited > limit ? count.visited - limit : 0;
	}
	count.visited = reading.skip;
	read_both(older, newer, &reading);
	return (int)(reading.visited - count.visited);
}

static void take_total(const struct vp_event *event, struct vp_counts *reported)
{
	struct vp_count *count = NULL;
	uint64_t *told;

	if (!event->tag || !event->total)
		return;
	vp_array_each (known, reported)
		if (!count && known->tag == event->tag)
			count = known;
	if (!count) {
		count = vp_array_add(reported);
		count->tag = event->tag;
	}
	told = event->kind == VP_EVENT_BANNED ? &count->banned : &count->packets;
	*told = event->total > *told ? event->total : *told;
}

static void read_tail(const char *path, struct vp_counts *reported)
{
	const struct vp_event_filter everything = { 0 };
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	struct vp_event event;
	json_t *json;

	if (!file || (fseek(file, -TAIL, SEEK_END) && fseek(file, 0, SEEK_SET)))
		return;
	while ((json = next_event(file, &everything))) {
		if (!vp_event_from_json(json, &event))
			take_total(&event, reported);
		json_decref(json);
	}
}

void vp_sink_file_totals(const char *path, struct vp_counts *reported)
{
	_cleanup_free_ char *older = vp_format("%s.1", path);

	read_tail(older, reported);
	read_tail(path, reported);
}
