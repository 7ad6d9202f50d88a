/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libhs: see database.h. What of a pattern libhs cannot express it may still
 * narrow down (HS_FLAG_PREFILTER), or has to leave out.
 */
#include "modules/inspection/database.h"

#include <errno.h>
#include <hs.h>
#include <limits.h>

#include "lib/cleanup.h"
#include "lib/memory.h"
#include "modules/inspection/pattern.h"

/* The handles of libhs under names of our own, so that its header stays here. */
static hs_database_t *hs_of(const struct vp_database *database)
{
	return (hs_database_t *)(uintptr_t)database;
}

static hs_scratch_t *scratch_of(struct vp_scanner *scanner)
{
	return (hs_scratch_t *)scanner;
}

static hs_stream_t *stream_of(struct vp_database_stream *stream)
{
	return (hs_stream_t *)stream;
}

static unsigned int flags_of(const struct vp_database_pattern *pattern)
{
	unsigned int flags = HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY;

	if (pattern->flags & VP_PATTERN_CASELESS)
		flags |= HS_FLAG_CASELESS;
	if (pattern->flags & VP_PATTERN_DOTALL)
		flags |= HS_FLAG_DOTALL;
	if (pattern->flags & VP_PATTERN_MULTILINE)
		flags |= HS_FLAG_MULTILINE;
	if (pattern->decider == VP_CONFIRMED)
		flags |= HS_FLAG_PREFILTER;
	return flags;
}

/* How much of a person's pattern libhs can take. */
static void grade(struct vp_database_pattern *pattern)
{
	for (pattern->decider = VP_DECIDED; pattern->decider < VP_UNSCANNED;
	     pattern->decider++) {
		hs_expr_info_t *info = NULL;
		hs_compile_error_t *error = NULL;

		if (hs_expression_info(pattern->text, flags_of(pattern), &info, &error) ==
		    HS_SUCCESS) {
			free(info);
			return;
		}
		hs_free_compile_error(error);
	}
}

struct job {
	VP_ARRAY(const char *) texts;
	VP_ARRAY(unsigned int) flags;
	VP_ARRAY(unsigned int) ids;
};

static void job_free(struct job *job)
{
	vp_array_free(&job->texts);
	vp_array_free(&job->flags);
	vp_array_free(&job->ids);
}

/* One attempt. 0, -EINVAL, or -EAGAIN: a pattern was taken back a grade. */
static int attempt(struct vp_database_pattern *patterns, size_t count, bool streaming,
		   struct vp_database **out, struct vp_error *err)
{
	vp_cleanup(job_free) struct job job = { 0 };
	hs_compile_error_t *error = NULL;
	hs_database_t *database = NULL;
	struct vp_database_pattern *culprit;
	int code;

	for (size_t i = 0; i < count; i++) {
		if (patterns[i].decider == VP_UNSCANNED)
			continue;
		vp_array_push(&job.texts, patterns[i].text);
		vp_array_push(&job.flags, flags_of(&patterns[i]));
		vp_array_push(&job.ids, (unsigned int)i);
	}
	*out = NULL;
	if (!job.texts.len)
		return 0;
	if (hs_compile_multi(job.texts.data, job.flags.data, job.ids.data,
			     (unsigned int)job.texts.len,
			     streaming ? HS_MODE_STREAM : HS_MODE_BLOCK, NULL, &database,
			     &error) == HS_SUCCESS) {
		*out = (struct vp_database *)database;
		return 0;
	}
	culprit = error->expression >= 0 && (size_t)error->expression < job.ids.len
			  ? &patterns[job.ids.data[error->expression]]
			  : NULL;
	if (culprit) {
		culprit->decider++;
		code = -EAGAIN;
	} else {
		code = vp_fail(err, -EINVAL, "the pattern matcher refuses %zu patterns: %s",
			       job.texts.len, error->message);
	}
	hs_free_compile_error(error);
	return code;
}

int vp_database_compile(struct vp_database_pattern *patterns, size_t count, bool streaming,
			struct vp_database **out, struct vp_error *err)
{
	int code;

	for (size_t i = 0; i < count; i++) {
		patterns[i].decider = VP_DECIDED;
		if (patterns[i].regex)
			grade(&patterns[i]);
	}
	do
		code = attempt(patterns, count, streaming, out, err);
	while (code == -EAGAIN);
	return code;
}

void vp_database_free(struct vp_database *database)
{
	if (database)
		hs_free_database(hs_of(database));
}

int vp_database_pack(const struct vp_database *database, uint8_t **bytes, size_t *len)
{
	char *packed;

	if (hs_serialize_database(hs_of(database), &packed, len) != HS_SUCCESS)
		return -ENOMEM;
	*bytes = (uint8_t *)packed;
	return 0;
}

static bool mode_is(hs_database_t *database, bool streaming)
{
	size_t size;

	/* only a streaming database has streams of a size */
	return (hs_stream_size(database, &size) == HS_SUCCESS) == streaming;
}

int vp_database_load(const uint8_t *bytes, size_t len, bool streaming,
		     struct vp_database **out)
{
	hs_database_t *database;

	if (hs_deserialize_database((const char *)bytes, len, &database) != HS_SUCCESS)
		return -EBADMSG;
	if (!mode_is(database, streaming)) {
		hs_free_database(database);
		return -EBADMSG;
	}
	*out = (struct vp_database *)database;
	return 0;
}

int vp_scanner_add(struct vp_scanner **scanner, const struct vp_database *database)
{
	hs_scratch_t *scratch = scratch_of(*scanner);

	if (hs_alloc_scratch(hs_of(database), &scratch) != HS_SUCCESS)
		return -EBADMSG;
	*scanner = (struct vp_scanner *)scratch;
	return 0;
}

void vp_scanner_free(struct vp_scanner *scanner)
{
	if (scanner)
		hs_free_scratch(scratch_of(scanner));
}

static int on_match(unsigned int id, unsigned long long from, unsigned long long to,
		    unsigned int flags, void *context)
{
	const struct vp_database_watcher *watcher = context;

	(void)from;
	(void)to;
	(void)flags;
	watcher->match(watcher->context, id);
	return 0;
}

static int result_of(hs_error_t error)
{
	return error == HS_SUCCESS ? 0 : -EIO;
}

int vp_database_scan(const struct vp_database *database, struct vp_scanner *scanner,
		     struct vp_slice value, const struct vp_database_watcher *watcher)
{
	if (value.len > UINT_MAX)
		return -EIO;
	return result_of(hs_scan(hs_of(database), value.len ? (const char *)value.data : "",
				 (unsigned int)value.len, 0, scratch_of(scanner), on_match,
				 (void *)(uintptr_t)watcher));
}

struct vp_database_stream *vp_database_open(const struct vp_database *database)
{
	hs_stream_t *stream = NULL;

	if (hs_open_stream(hs_of(database), 0, &stream) != HS_SUCCESS)
		return NULL;
	return (struct vp_database_stream *)stream;
}

int vp_database_feed(struct vp_database_stream *stream, struct vp_scanner *scanner,
		     struct vp_slice part, const struct vp_database_watcher *watcher)
{
	if (!part.len)
		return 0;
	if (part.len > UINT_MAX)
		return -EIO;
	return result_of(hs_scan_stream(stream_of(stream), (const char *)part.data,
					(unsigned int)part.len, 0, scratch_of(scanner),
					on_match, (void *)(uintptr_t)watcher));
}

int vp_database_rewind(struct vp_database_stream *stream, struct vp_scanner *scanner,
		       const struct vp_database_watcher *watcher)
{
	return result_of(
		hs_reset_stream(stream_of(stream), 0, watcher ? scratch_of(scanner) : NULL,
				watcher ? on_match : NULL, (void *)(uintptr_t)watcher));
}

void vp_database_close(struct vp_database_stream *stream)
{
	if (stream)
		hs_close_stream(stream_of(stream), NULL, NULL, NULL);
}

size_t vp_database_stream_size(const struct vp_database *database)
{
	size_t size = 0;

	return hs_stream_size(hs_of(database), &size) == HS_SUCCESS ? size : 0;
}
