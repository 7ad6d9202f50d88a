/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pattern matcher: the only user of libhs. A database holds all patterns of
 * one input, and is scanned whole values (block) or values in parts (streaming).
 */
#ifndef VP_INSPECTION_DATABASE_H
#define VP_INSPECTION_DATABASE_H

#include "lib/error.h"
#include "modules/inspection/sink.h"

/* Who says that a pattern matches. */
enum vp_decider {
	VP_DECIDED,   /* the database */
	VP_CONFIRMED, /* the database where it may, then confirm.h */
	VP_UNSCANNED, /* confirm.h alone: the database cannot have it */
	VP_DECIDER_COUNT,
};

struct vp_database_pattern {
	const char *text;
	unsigned int flags;	 /* VP_PATTERN_ */
	bool regex;		 /* written by a person: may be more than the matcher can */
	enum vp_decider decider; /* out */
};

struct vp_database;
struct vp_scanner; /* working memory for any number of databases, one scan at a time */

/*
 * Compile; a match is told by the pattern's place. Patterns beyond the matcher
 * are marked. *out is NULL when none is left. -EINVAL with *err.
 */
int vp_database_compile(struct vp_database_pattern *patterns, size_t count, bool streaming,
			struct vp_database **out, struct vp_error *err);
void vp_database_free(struct vp_database *database);

/* Bytes for vp_database_load() on the same kind of machine; owned by the caller. */
int vp_database_pack(const struct vp_database *database, uint8_t **bytes, size_t *len);
/* -EBADMSG: not such bytes, or of another machine or release of the matcher. */
int vp_database_load(const uint8_t *bytes, size_t len, bool streaming,
		     struct vp_database **out);

/* Enlarge the working memory for a database; *scanner is NULL at first. */
int vp_scanner_add(struct vp_scanner **scanner, const struct vp_database *database);
void vp_scanner_free(struct vp_scanner *scanner);

/* Pattern number `pattern` matched. Each is told at least once; must not scan. */
typedef void vp_database_match(void *context, unsigned int pattern);

/* Where a match is told. */
struct vp_database_watcher {
	vp_database_match *match;
	void *context;
};

/* A whole value; -EIO: the matcher failed. */
int vp_database_scan(const struct vp_database *database, struct vp_scanner *scanner,
		     struct vp_slice value, const struct vp_database_watcher *watcher);

/* A value in parts. */
struct vp_database_stream;
struct vp_database_stream *vp_database_open(const struct vp_database *database);
int vp_database_feed(struct vp_database_stream *stream, struct vp_scanner *scanner,
		     struct vp_slice part, const struct vp_database_watcher *watcher);
/* The value is over (what matches its end is told), or dropped without a watcher; the stream
 * is as new. */
int vp_database_rewind(struct vp_database_stream *stream, struct vp_scanner *scanner,
		       const struct vp_database_watcher *watcher);
void vp_database_close(struct vp_database_stream *stream);
size_t vp_database_stream_size(const struct vp_database *database);

/*
 * Does the matcher find what is there? Asked once a process. 0, or -ENOTSUP with the
 * cure: then nothing that it says may be relied upon.
 */
int vp_matcher_check(struct vp_error *err);

#endif
