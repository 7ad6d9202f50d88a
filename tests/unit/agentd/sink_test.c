/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sinks against receivers of the test's own: what arrives, and what happens when nobody reads.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>

#include <cmocka.h>

#include "agentd/backlog.h"
#include "agentd/sink.h"
#include "lib/cleanup.h"
#include "lib/file.h"
#include "lib/memory.h"
#include "tests/unit/agentd/events_tests.h"

struct place {
	char folder[64], path[80], older[80];
};

static int make_place(void **state)
{
	struct place *place = vp_new(struct place);

	strcpy(place->folder, "/tmp/vpatch-sink-XXXXXX");
	if (!mkdtemp(place->folder))
		return -1;
	snprintf(place->path, sizeof(place->path), "%s/x", place->folder);
	snprintf(place->older, sizeof(place->older), "%s/x.1", place->folder);
	*state = place;
	return 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;

	unlink(place->path);
	unlink(place->older);
	rmdir(place->folder);
	free(place);
	return 0;
}

static int receiver(const char *path, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 5), 0);
	return fd;
}

static struct vp_sink *open_sink(const struct vp_sink_ops *ops, const char *path)
{
	struct vp_sink_options options = { .path = path };
	struct vp_sink *sink = NULL;

	assert_int_equal(ops->open(&sink, &options, NULL), 0);
	return sink;
}

static struct vp_event numbered(unsigned int number)
{
	return vp_event_make(VP_EVENT_APPLIED, "line %u", number);
}

static void put(struct vp_sink *sink, unsigned int number)
{
	struct vp_event event = numbered(number);

	sink->ops->write(sink, &event);
}

static size_t get(int fd, char *line, size_t room)
{
	ssize_t length = recv(fd, line, room - 1, MSG_DONTWAIT);

	if (length < 0)
		return 0;
	line[length] = '\0';
	return (size_t)length;
}

static void syslog_datagram(void **state)
{
	struct place *place = *state;
	_cleanup_close_ int fd = receiver(place->path, SOCK_DGRAM);
	struct vp_sink *sink = open_sink(&vp_sink_syslog, place->path);
	char line[4096], start[32];
	int day, hour;

	put(sink, 1);
	assert_true(get(fd, line, sizeof(line)) > 0);
	snprintf(start, sizeof(start), "<%d>", LOG_DAEMON | LOG_NOTICE);
	assert_ptr_equal(strstr(line, start), line);
	assert_int_equal(sscanf(line + strlen(start) + 4, "%d %d:", &day, &hour), 2);
	assert_non_null(strstr(line, " vpatchd["));
	assert_non_null(strstr(line, "]: event=applied text=\"line 1\""));
	assert_int_equal(sink->written, 1);
	sink->ops->close(sink);
}

static void syslog_stream(void **state)
{
	struct place *place = *state;
	_cleanup_close_ int fd = receiver(place->path, SOCK_STREAM), connection = -1;
	struct vp_sink *sink = open_sink(&vp_sink_syslog, place->path);
	char lines[4096];
	size_t length;

	put(sink, 1);
	put(sink, 2);
	connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	length = get(connection, lines, sizeof(lines));
	assert_true(length > 0 && lines[length - 1] == '\0');
	assert_non_null(strstr(lines, "line 1\""));
	assert_non_null(strstr(lines + strlen(lines) + 1, "line 2\""));
	sink->ops->close(sink);
}

/* Nobody there, then somebody, then gone, then back: order kept, nothing lost. */
static void syslog_reconnects(void **state)
{
	struct place *place = *state;
	struct vp_sink *sink = open_sink(&vp_sink_syslog, place->path);
	char line[4096];
	int fd;

	for (unsigned int round = 0; round < 2; round++) {
		put(sink, 1);
		put(sink, 2);
		fd = receiver(place->path, SOCK_DGRAM);
		usleep(600000);
		sink->ops->flush(sink);
		put(sink, 3);
		for (unsigned int i = 1; i <= 3; i++) {
			char expected[16];

			snprintf(expected, sizeof(expected), "line %u\"", i);
			assert_true(get(fd, line, sizeof(line)) > 0);
			assert_non_null(strstr(line, expected));
		}
		close(fd);
		unlink(place->path);
	}
	assert_int_equal(sink->dropped, 0);
	sink->ops->close(sink);
}

/* A receiver that does not read: no waiting, and what did not fit is said afterwards. */
static void syslog_never_blocks(void **state)
{
	struct place *place = *state;
	_cleanup_close_ int fd = receiver(place->path, SOCK_DGRAM);
	struct vp_sink *sink = open_sink(&vp_sink_syslog, place->path);
	const unsigned int lines = VP_BACKLOG_MESSAGES + 2000;
	unsigned int next = 0;
	uint64_t said = 0;
	char line[4096];

	for (unsigned int i = 0; i < lines; i++)
		put(sink, i);
	assert_true(sink->dropped > 0);
	for (unsigned int quiet = 0; quiet < 3; quiet++) {
		while (get(fd, line, sizeof(line)) > 0) {
			const char *count = strstr(line, "event=lost count=");
			unsigned int number;

			quiet = 0;
			if (count)
				said += strtoull(count + strlen("event=lost count="), NULL,
						 10);
			else if (sscanf(strstr(line, "line "), "line %u", &number) == 1)
				assert_int_equal(number, next++);
		}
		sink->ops->flush(sink);
	}
	assert_int_equal(next + said, lines);
	assert_int_equal(said, sink->dropped);
	sink->ops->close(sink);
}

/* The journal's native protocol, read as its documentation says. */
static void journal_fields(void **state)
{
	struct place *place = *state;
	_cleanup_close_ int fd = receiver(place->path, SOCK_DGRAM);
	struct vp_sink *sink = open_sink(&vp_sink_journal, place->path);
	struct vp_event event = numbered(1);
	char data[4096];
	size_t length;
	uint64_t size;
	char *text;

	vp_event_set(event.patch, sizeof(event.patch), "CVE-1");
	event.generation = 9;
	vp_event_set(event.text, sizeof(event.text), "two\nlines\nPRIORITY=0\n");
	sink->ops->write(sink, &event);
	length = get(fd, data, sizeof(data));
	assert_true(length > 0 && data[length - 1] == '\n');
	assert_ptr_equal(strstr(data, "MESSAGE=event=applied patch=CVE-1 "), data);
	assert_non_null(strstr(data, "\nPRIORITY=5\n"));
	assert_non_null(strstr(data, "\nSYSLOG_IDENTIFIER=vpatchd\n"));
	assert_non_null(strstr(data, "\nVPATCH_KIND=applied\n"));
	assert_non_null(strstr(data, "\nVPATCH_PATCH=CVE-1\n"));
	assert_non_null(strstr(data, "\nVPATCH_GENERATION=9\n"));
	text = strstr(data, "\nVPATCH_TEXT\n");
	assert_non_null(text);
	memcpy(&size, text + strlen("\nVPATCH_TEXT\n"), sizeof(size));
	assert_int_equal(size, strlen(event.text));
	assert_memory_equal(text + strlen("\nVPATCH_TEXT\n") + 8, event.text, size);
	sink->ops->close(sink);
}

static const char *read_back(const char *path, size_t limit, struct vp_strbuf *out)
{
	struct vp_event_filter filter = { 0 };

	json_t *events = vp_sink_file_read(path, &filter, limit, NULL);
	const json_t *event;
	size_t i;

	vp_strbuf_free(out);
	assert_non_null(events);
	json_array_foreach (events, i, event)
		vp_strbuf_addf(out, "%s;", json_string_value(json_object_get(event, "text")));
	json_decref(events);
	return vp_strbuf_text(out);
}

static void file_keeps_and_reads(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };
	struct place *place = *state;
	struct vp_sink *sink;
	FILE *file;

	assert_string_equal(read_back(place->path, SIZE_MAX, &out), "");
	sink = open_sink(&vp_sink_file, place->path);
	put(sink, 1);
	put(sink, 2);
	sink->ops->close(sink);
	file = fopen(place->path, "a");
	fputs("{\"kind\":\"applied\",\"time\":\"2026-11-2", file); /* a crash */
	fclose(file);
	sink = open_sink(&vp_sink_file, place->path);
	put(sink, 3);
	assert_string_equal(read_back(place->path, SIZE_MAX, &out), "line 1;line 2;line 3;");
	assert_string_equal(read_back(place->path, 2, &out), "line 2;line 3;");
	sink->ops->close(sink);
}

static void file_is_bounded(void **state)
{
	struct place *place = *state;
	struct vp_sink_options options = { .path = place->path, .limit = 20000 };
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };
	struct vp_sink *sink = NULL;
	struct stat new, old;

	assert_int_equal(vp_sink_file.open(&sink, &options, NULL), 0);
	for (unsigned int i = 0; i < 1000; i++)
		put(sink, i);
	assert_int_equal(stat(place->path, &new), 0);
	assert_int_equal(stat(place->older, &old), 0);
	assert_true(new.st_size + old.st_size <= 20000);
	assert_true(old.st_size > 9000);
	assert_int_equal(sink->written, 1000);
	assert_string_equal(read_back(place->path, 2, &out), "line 998;line 999;");
	assert_int_equal(new.st_mode & 07777, 0640);
	sink->ops->close(sink);
}

/* What was said before a crash: the highest total of each tag, in either file, whatever was
 * stored. */
static void file_totals(void **state)
{
	struct place *place = *state;
	struct vp_sink_options options = { .path = place->path, .limit = 2400 };
	struct vp_counts reported = { 0 };
	struct vp_sink *sink = NULL;

	vp_array_push(&reported, ((struct vp_count){ .tag = 1, .packets = 1000 }));
	vp_array_push(&reported, ((struct vp_count){ .tag = 2, .packets = 1 }));
	vp_sink_file_totals(place->path, &reported);
	assert_int_equal(reported.len, 2);
	assert_int_equal(vp_sink_file.open(&sink, &options, NULL), 0);
	for (uint32_t i = 1; i <= 12; i++) {
		struct vp_event event = numbered(i);

		event.kind = i == 11 ? VP_EVENT_BANNED : VP_EVENT_BLOCKED;
		event.tag = 1 + i % 3;
		event.count = 1;
		event.total = 100 + i;
		sink->ops->write(sink, &event);
	}
	sink->ops->close(sink);
	assert_int_equal(access(place->older, F_OK), 0);
	vp_sink_file_totals(place->path, &reported);
	assert_int_equal(reported.len, 3);
	assert_int_equal(reported.data[0].packets, 1000);
	assert_int_equal(reported.data[1].packets, 110);
	assert_int_equal(reported.data[2].packets, 108);
	assert_int_equal(reported.data[2].banned, 111);
	vp_array_free(&reported);
}

static void file_full_disk(void **state)
{
	struct vp_sink_options options = { .path = "/dev/full" };
	struct vp_error err = { 0 };
	struct vp_sink *sink = NULL;

	(void)state;
	assert_int_equal(vp_sink_file.open(&sink, &options, &err), -EINVAL);
	assert_null(sink);
	options.path = "/proc/no/such/folder";
	assert_int_equal(vp_sink_file.open(&sink, &options, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/proc/no/such/folder"));
}

static void backlog_is_a_bounded_queue(void **state)
{
	struct vp_backlog *backlog = vp_new(struct vp_backlog);
	char text[16];
	size_t pushed = 0, popped = 0;

	(void)state;
	for (int round = 0; round < 3; round++) {
		while (snprintf(text, sizeof(text), "%zu", pushed),
		       vp_backlog_push(backlog, text, sizeof(text)))
			pushed++;
		assert_int_equal(pushed - popped, VP_BACKLOG_MESSAGES);
		for (int i = 0; i < 700; i++, popped++) {
			snprintf(text, sizeof(text), "%zu", popped);
			assert_string_equal(vp_backlog_front(backlog)->data, text);
			vp_backlog_pop(backlog);
		}
	}
	vp_backlog_free(backlog);
	assert_null(vp_backlog_front(backlog));
	free(backlog);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int run_sink_tests(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLACE(syslog_datagram),	  WITH_PLACE(syslog_stream),
		WITH_PLACE(syslog_reconnects),	  WITH_PLACE(syslog_never_blocks),
		WITH_PLACE(journal_fields),	  WITH_PLACE(file_keeps_and_reads),
		WITH_PLACE(file_is_bounded),	  WITH_PLACE(file_totals),
		cmocka_unit_test(file_full_disk), cmocka_unit_test(backlog_is_a_bounded_queue),
	};

	return cmocka_run_group_tests_name("sink", tests, NULL, NULL);
}
