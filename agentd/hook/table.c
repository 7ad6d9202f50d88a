/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of the exec hook as a message: see table.h. Nothing that came is believed before
 * it was checked. */
#include "agentd/hook/table.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "agentd/inject/request.h"
#include "lib/bytes.h"
#include "lib/cleanup.h"

#define HEADER                                                                                \
	24	 /* magic, number, flags, entries, filters, length of answers: each 4 bytes,  \
		  * the lowest first; then the key of each filter, 8 bytes, and answers */
#define ENTRY 20 /* length of path, of unit: 2 bytes each; filter, flags: 4 each; name: 8 */

uint32_t vp_hook_table_filter(struct vp_hook_table *table, const struct sock_filter *code,
			      size_t len, uint64_t key)
{
	struct vp_hook_filter filter = { vp_memdup(code, len * sizeof(*code)), len, key };

	vp_array_push(&table->filters, filter);
	return (uint32_t)table->filters.len - 1;
}

void vp_hook_table_entry(struct vp_hook_table *table, const char *path, const char *unit,
			 uint32_t filter, uint32_t flags)
{
	struct vp_hook_entry entry = { vp_strdup(path), NULL, filter, flags, 0 };

	if (unit && *unit)
		entry.unit = vp_strdup(unit);
	vp_array_push(&table->entries, entry);
}

void vp_hook_table_free(struct vp_hook_table *table)
{
	vp_array_each (entry, &table->entries) {
		free(entry->path);
		free(entry->unit);
	}
	vp_array_each (filter, &table->filters)
		free(filter->code);
	vp_array_free(&table->entries);
	vp_array_free(&table->filters);
	free(table->answers);
	*table = (struct vp_hook_table){ 0 };
}

/* A text of that many bytes; NULL where it is no such text. */
static char *parse_text(struct vp_bytes *b, size_t len)
{
	const uint8_t *text = vp_bytes_take(b, len);

	if (!text || memchr(text, 0, len))
		return NULL;
	return vp_strndup((const char *)text, len);
}

static bool parse_entry(struct vp_bytes *b, struct vp_hook_table *table)
{
	struct vp_hook_entry *entry = vp_array_add(&table->entries);
	size_t path = vp_bytes_le16(b), unit = vp_bytes_le16(b);

	entry->filter = vp_bytes_le32(b);
	entry->flags = vp_bytes_le32(b);
	entry->name = vp_bytes_le32(b);
	entry->name |= (uint64_t)vp_bytes_le32(b) << 32;
	if (b->failed || path < 2 || path > VP_HOOK_PATH || unit > VP_HOOK_UNIT ||
	    entry->filter >= table->filters.len || entry->flags & ~VP_INJECT_FLAGS)
		return false;
	entry->path = parse_text(b, path);
	if (!entry->path || *entry->path != '/')
		return false;
	if (!unit)
		return true;
	entry->unit = parse_text(b, unit);
	return entry->unit && !strchr(entry->unit, '/');
}

/* The filters' keys, and where their listeners go: one without the other is nothing. */
static bool parse_listeners(struct vp_bytes *b, struct vp_hook_table *table, uint32_t filters,
			    uint32_t answers)
{
	bool keys = false;

	for (uint32_t i = 0; i < filters; i++) {
		uint64_t low = vp_bytes_le32(b), key = low | (uint64_t)vp_bytes_le32(b) << 32;

		((struct vp_hook_filter *)vp_array_add(&table->filters))->key = key;
		keys |= key != 0;
	}
	if (answers)
		table->answers = parse_text(b, answers);
	return !b->failed && !answers == !table->answers && (!keys || table->answers) &&
	       (!answers || *table->answers == '/');
}

int vp_hook_table_parse(const void *bytes, size_t len, struct vp_hook_table *out,
			struct vp_error *err)
{
	struct vp_hook_table table = { 0 };
	struct vp_bytes b = vp_bytes_of(bytes, len);
	uint32_t magic = vp_bytes_le32(&b), entries, filters, answers;

	table.number = vp_bytes_le32(&b);
	table.flags = vp_bytes_le32(&b);
	entries = vp_bytes_le32(&b);
	filters = vp_bytes_le32(&b);
	answers = vp_bytes_le32(&b);
	if (b.failed || magic != VP_HOOK_MAGIC)
		return vp_fail(err, -EPROTO, "no table, or of another version");
	if (table.flags & ~VP_HOOK_FLAGS || entries > VP_HOOK_ENTRIES ||
	    filters > VP_HOOK_FILTERS || answers > VP_HOOK_ANSWERS)
		return vp_fail(err, -EPROTO, "a table of %u entries, %u filters, flags 0x%x",
			       entries, filters, table.flags);
	if (!parse_listeners(&b, &table, filters, answers)) {
		vp_hook_table_free(&table);
		return vp_fail(err, -EPROTO, "the filters of the table are none");
	}
	for (uint32_t i = 0; i < entries; i++) {
		if (parse_entry(&b, &table))
			continue;
		vp_hook_table_free(&table);
		return vp_fail(err, -EPROTO, "entry %u of the table is none", i);
	}
	if (vp_bytes_left(&b)) {
		vp_hook_table_free(&table);
		return vp_fail(err, -EPROTO, "bytes behind the table");
	}
	*out = table;
	return 0;
}

static void put(uint8_t **at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		*(*at)++ = (uint8_t)(value >> (8 * i));
}

static void put_text(uint8_t **at, const char *text, size_t len)
{
	memcpy(*at, text, len);
	*at += len;
}

static size_t unit_len(const struct vp_hook_entry *entry)
{
	return entry->unit ? strlen(entry->unit) : 0;
}

static size_t answers_len(const struct vp_hook_table *table)
{
	return table->answers ? strlen(table->answers) : 0;
}

static int check_size(const struct vp_hook_table *table, struct vp_error *err)
{
	size_t len = HEADER + 8 * table->filters.len + answers_len(table);

	vp_array_each (entry, &table->entries)
		len += ENTRY + strlen(entry->path) + unit_len(entry);
	if (len > VP_HOOK_BYTES || table->entries.len > VP_HOOK_ENTRIES ||
	    table->filters.len > VP_HOOK_FILTERS || answers_len(table) > VP_HOOK_ANSWERS)
		return vp_fail(err, -E2BIG,
			       "%zu programs and %zu filters are too many for the exec hook: "
			       "at most %u, %u and %u bytes",
			       table->entries.len, table->filters.len, VP_HOOK_ENTRIES,
			       VP_HOOK_FILTERS, VP_HOOK_BYTES);
	return 0;
}

ssize_t vp_hook_table_print(const struct vp_hook_table *table, uint8_t bytes[VP_HOOK_BYTES],
			    struct vp_error *err)
{
	uint8_t *at = bytes;
	int r = check_size(table, err);

	if (r)
		return r;
	put(&at, VP_HOOK_MAGIC, 4);
	put(&at, table->number, 4);
	put(&at, table->flags, 4);
	put(&at, table->entries.len, 4);
	put(&at, table->filters.len, 4);
	put(&at, answers_len(table), 4);
	vp_array_each (filter, &table->filters)
		put(&at, filter->key, 8);
	put_text(&at, table->answers ? table->answers : "", answers_len(table));
	vp_array_each (entry, &table->entries) {
		put(&at, strlen(entry->path), 2);
		put(&at, unit_len(entry), 2);
		put(&at, entry->filter, 4);
		put(&at, entry->flags, 4);
		put(&at, entry->name, 8);
		put_text(&at, entry->path, strlen(entry->path));
		put_text(&at, entry->unit ? entry->unit : "", unit_len(entry));
	}
	return at - bytes;
}

union control {
	char bytes[CMSG_SPACE(sizeof(int) * VP_HOOK_FILTERS)];
	struct cmsghdr align;
};

struct descriptors {
	int fds[VP_HOOK_FILTERS];
	size_t count;
};

static void close_descriptors(struct descriptors *descriptors)
{
	while (descriptors->count)
		close(descriptors->fds[--descriptors->count]);
}

static int seal(const struct vp_hook_table *table, struct descriptors *out,
		struct vp_error *err)
{
	vp_array_each (filter, &table->filters) {
		int fd = vp_request_seal(filter->code, filter->len, err);

		if (fd < 0)
			return fd;
		out->fds[out->count++] = fd;
	}
	return 0;
}

/* Let them go with a message. */
static void attach(struct msghdr *message, union control *control,
		   const struct descriptors *descriptors)
{
	size_t size = sizeof(int) * descriptors->count;

	if (!size)
		return;
	control->align = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
					   .cmsg_type = SCM_RIGHTS,
					   .cmsg_len = CMSG_LEN(size) };
	memcpy(CMSG_DATA(&control->align), descriptors->fds, size);
	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(size);
}

int vp_hook_table_send(int socket, const struct vp_hook_table *table, struct vp_error *err)
{
	vp_cleanup(close_descriptors) struct descriptors sealed = { .count = 0 };
	static uint8_t bytes[VP_HOOK_BYTES];
	ssize_t len = vp_hook_table_print(table, bytes, err);
	struct iovec part = { bytes, len > 0 ? (size_t)len : 0 };
	union control control = { .bytes = { 0 } };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	int r = len < 0 ? (int)len : seal(table, &sealed, err);

	if (r)
		return r;
	attach(&message, &control, &sealed);
	if (sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) != len)
		return vp_fail(err, -errno, "cannot give the exec hook its table: %s",
			       strerror(errno));
	return 0;
}

/* All that came, however it came. */
static void find_descriptors(struct msghdr *message, struct descriptors *out)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t size = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
		    size > sizeof(out->fds) - out->count * sizeof(int))
			continue;
		memcpy(out->fds + out->count, CMSG_DATA(c), size);
		out->count += size / sizeof(int);
	}
}

static int take_filters(struct vp_hook_table *table, const struct descriptors *descriptors,
			struct vp_error *err)
{
	static struct sock_filter program[BPF_MAXINSNS];

	if (descriptors->count != table->filters.len)
		return vp_fail(err, -EPROTO, "%zu descriptors for %zu filters",
			       descriptors->count, table->filters.len);
	for (size_t i = 0; i < descriptors->count; i++) {
		struct vp_hook_filter *filter = &table->filters.data[i];
		int r = vp_request_program(descriptors->fds[i], program, &filter->len, err);

		if (r)
			return r;
		filter->code = vp_memdup(program, filter->len * sizeof(*program));
	}
	return 0;
}

int vp_hook_table_receive(int socket, struct vp_hook_table *out, struct vp_error *err)
{
	vp_cleanup(close_descriptors) struct descriptors came = { .count = 0 };
	static uint8_t bytes[VP_HOOK_BYTES];
	struct iovec part = { bytes, sizeof(bytes) };
	union control control;
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	struct vp_hook_table table;
	ssize_t len;
	int r;

	do
		len = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (len < 0 && errno == EINTR);
	if (len < 0 && errno != EAGAIN)
		return vp_fail(err, -EPIPE, "cannot receive a table: %s", strerror(errno));
	if (len <= 0)
		return len ? -EAGAIN : -EPIPE;
	find_descriptors(&message, &came);
	if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return vp_fail(err, -EPROTO, "a table that is too large");
	r = vp_hook_table_parse(bytes, (size_t)len, &table, err);
	if (r)
		return r;
	r = take_filters(&table, &came, err);
	if (r)
		vp_hook_table_free(&table);
	else
		*out = table;
	return r;
}
