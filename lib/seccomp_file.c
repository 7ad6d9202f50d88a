/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of compiled filters, read and written: see seccomp_file.h. */
#include "lib/seccomp_file.h"

#include <errno.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/digest.h"
#include "lib/memory.h"

#define MAGIC	    "VPSCFLTR"
#define DIGEST	    24 /* where it stands */
#define DIGEST_SIZE 8
#define NAME_MOST   248 /* with ".filter" it is still a file's name */

bool vp_seccomp_file_names_unit(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789:-_.\\@";
	size_t len = strspn(name, allowed);

	return len && !name[len] && len <= NAME_MOST && name[0] != '.';
}

char *vp_seccomp_file_path(const char *folder, const char *unit)
{
	return vp_format("%s/%s.filter", folder, unit);
}

static uint64_t digest_of(const uint8_t *data, size_t len)
{
	size_t behind = DIGEST + DIGEST_SIZE;

	return vp_digest(vp_digest(VP_DIGEST_SEED, data, DIGEST), data + behind, len - behind);
}

static uint64_t read_le64(struct vp_bytes *bytes)
{
	uint64_t low = vp_bytes_le32(bytes);

	return low | (uint64_t)vp_bytes_le32(bytes) << 32;
}

static int parse_head(struct vp_bytes *bytes, struct vp_seccomp_file *file,
		      struct vp_error *err)
{
	const uint8_t *magic = vp_bytes_take(bytes, strlen(MAGIC));
	uint32_t version = vp_bytes_le32(bytes);
	uint64_t digest;

	if (!magic || memcmp(magic, MAGIC, strlen(MAGIC)) != 0)
		return vp_fail(err, -EINVAL, "is no filter of vpatch's");
	if (version != VP_SECCOMP_FILE_VERSION)
		return vp_fail(err, -EINVAL,
			       "has version %u, and this program knows version %u: "
			       "have both from one release",
			       version, VP_SECCOMP_FILE_VERSION);
	file->architecture = vp_bytes_le32(bytes);
	file->flags = vp_bytes_le32(bytes);
	file->count = vp_bytes_le32(bytes);
	digest = read_le64(bytes);
	if (file->count < 1 || file->count > VP_SECCOMP_FILE_MOST ||
	    bytes->len != VP_SECCOMP_FILE_HEAD + 8 * file->count)
		return vp_fail(err, -EINVAL,
			       "is not as long as it says (%zu bytes, %zu instructions): "
			       "it was cut short, or is damaged",
			       bytes->len, file->count);
	if (digest != digest_of(bytes->data, bytes->len))
		return vp_fail(err, -EINVAL, "is damaged: its digest is another one");
	if (file->flags & ~VP_SECCOMP_FILE_FLAGS)
		return vp_fail(err, -EINVAL,
			       "has flags that this program does not know (0x%x)",
			       file->flags);
	return 0;
}

static int parse_unit(struct vp_bytes *bytes, struct vp_seccomp_file *file,
		      struct vp_error *err)
{
	const uint8_t *name = vp_bytes_take(bytes, VP_SECCOMP_FILE_UNIT);
	size_t len = name ? strnlen((const char *)name, VP_SECCOMP_FILE_UNIT) : 0;

	if (!name || len == VP_SECCOMP_FILE_UNIT)
		return vp_fail(err, -EINVAL, "names no unit");
	for (size_t i = len; i < VP_SECCOMP_FILE_UNIT; i++)
		if (name[i])
			return vp_fail(err, -EINVAL, "has bytes behind the name of its unit");
	memcpy(file->unit, name, VP_SECCOMP_FILE_UNIT);
	if (!vp_seccomp_file_names_unit(file->unit))
		return vp_fail(err, -EINVAL,
			       "names a unit in a way that no unit can be named");
	return 0;
}

int vp_seccomp_file_parse(const void *data, size_t len, struct vp_seccomp_file *file,
			  struct vp_error *err)
{
	struct vp_bytes bytes = vp_bytes_of(data, len);
	struct vp_seccomp_file read = { 0 };
	int r = parse_head(&bytes, &read, err);

	if (!r)
		r = parse_unit(&bytes, &read, err);
	if (r)
		return r;
	read.program = vp_alloc(read.count, sizeof(*read.program));
	for (size_t i = 0; i < read.count; i++) {
		read.program[i].code = vp_bytes_le16(&bytes);
		read.program[i].jt = vp_bytes_u8(&bytes);
		read.program[i].jf = vp_bytes_u8(&bytes);
		read.program[i].k = vp_bytes_le32(&bytes);
	}
	*file = read;
	return 0;
}

static void add_number(struct vp_strbuf *out, uint64_t number, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		vp_strbuf_addc(out, (char)(number >> 8 * i));
}

void vp_seccomp_file_print(const struct vp_seccomp_file *file, struct vp_strbuf *out)
{
	size_t start = out->len;
	uint64_t digest;

	vp_strbuf_adds(out, MAGIC);
	add_number(out, VP_SECCOMP_FILE_VERSION, 4);
	add_number(out, file->architecture, 4);
	add_number(out, file->flags, 4);
	add_number(out, file->count, 4);
	add_number(out, 0, DIGEST_SIZE);
	vp_strbuf_add(out, file->unit, VP_SECCOMP_FILE_UNIT);
	for (size_t i = 0; i < file->count; i++) {
		add_number(out, file->program[i].code, 2);
		add_number(out, file->program[i].jt, 1);
		add_number(out, file->program[i].jf, 1);
		add_number(out, file->program[i].k, 4);
	}
	digest = digest_of((const uint8_t *)out->data + start, out->len - start);
	for (size_t i = 0; i < DIGEST_SIZE; i++)
		out->data[start + DIGEST + i] = (char)(digest >> 8 * i);
}

void vp_seccomp_file_free(struct vp_seccomp_file *file)
{
	free(file->program);
	memset(file, 0, sizeof(*file));
}
