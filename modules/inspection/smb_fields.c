/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMB 1, 2 and 3 messages: see smb_fields.h. */
#include "modules/inspection/smb_fields.h"

#include <string.h>

#include "lib/bytes.h"
#include "modules/inspection/emit.h"

#define BLOCK_LEN  4096 /* of a block of SMB 1 so much is read: its words, and names */
#define CHAIN_MAX  32
#define SMB1_LEN   32
#define SMB2_LEN   64
#define NO_COMMAND 0xff

const char vp_smb_not_smb[] = "not-smb";

/* [MS-CIFS] 2.2.2.1 */
enum smb1_command {
	LOCKING_ANDX = 0x24,
	TRANSACTION = 0x25,
	OPEN_ANDX = 0x2d,
	READ_ANDX = 0x2e,
	WRITE_ANDX = 0x2f,
	TRANSACTION2 = 0x32,
	TRANSACTION2_SECONDARY = 0x33,
	NEGOTIATE = 0x72,
	SESSION_SETUP_ANDX = 0x73,
	LOGOFF_ANDX = 0x74,
	TREE_CONNECT_ANDX = 0x75,
	NT_TRANSACT = 0xa0,
	NT_TRANSACT_SECONDARY = 0xa1,
	NT_CREATE_ANDX = 0xa2,
};

/* [MS-SMB2] 2.2.1.2 */
enum smb2_command { SMB2_NEGOTIATE = 0, SMB2_CREATE = 5 };

/* The reader at an offset; failed when there is nothing. */
static struct vp_bytes at(struct vp_slice bytes, size_t offset)
{
	struct vp_bytes b = vp_bytes_of(bytes.data, bytes.len);

	vp_bytes_take(&b, offset);
	return b;
}

static size_t encode(uint16_t unit, uint8_t *out)
{
	if (unit < 0x80) {
		out[0] = (uint8_t)unit;
		return 1;
	}
	if (unit < 0x800) {
		out[0] = (uint8_t)(0xc0 | unit >> 6);
		out[1] = (uint8_t)(0x80 | (unit & 0x3f));
		return 2;
	}
	out[0] = (uint8_t)(0xe0 | unit >> 12);
	out[1] = (uint8_t)(0x80 | (unit >> 6 & 0x3f));
	out[2] = (uint8_t)(0x80 | (unit & 0x3f));
	return 3;
}

/* A UTF-16 name as UTF-8, each unit for itself, up to a zero when `ended`. */
static void give_wide(struct vp_smb *smb, enum vp_field_id field, struct vp_bytes b,
		      bool ended)
{
	uint8_t out[256];
	size_t len = 0;
	bool open = false;

	while (vp_bytes_left(&b) >= 2) {
		uint16_t unit = vp_bytes_le16(&b);

		if (ended && !unit)
			break;
		if (len + 3 > sizeof(out)) {
			vp_emit_part(smb->sink, field, &open, out, len, false);
			len = 0;
		}
		len += encode(unit, out + len);
	}
	vp_emit_part(smb->sink, field, &open, out, len, true);
}

static void give_narrow(struct vp_smb *smb, enum vp_field_id field, struct vp_bytes b,
			bool ended)
{
	size_t len = vp_bytes_left(&b);
	const uint8_t *text = vp_bytes_take(&b, len);
	const uint8_t *end = ended && len ? memchr(text, 0, len) : NULL;

	vp_emit_bytes(smb->sink, field, text, end ? (size_t)(end - text) : len);
}

/* A name in the data of a block, which begins at `offset`: Unicode ones are aligned. */
static void give_name(struct vp_smb *smb, struct vp_slice bytes, size_t offset, size_t length)
{
	bool wide = smb->flags2 & 0x8000;
	bool ended = length == SIZE_MAX;
	struct vp_bytes b;

	offset += wide && offset % 2;
	if (offset >= bytes.len)
		return;
	bytes.len = length < bytes.len - offset ? offset + length : bytes.len;
	b = at(bytes, offset);
	if (wide)
		give_wide(smb, VP_FIELD_SMB_FILE, b, ended);
	else
		give_narrow(smb, VP_FIELD_SMB_FILE, b, ended);
}

static void give_dialects(struct vp_smb *smb, struct vp_bytes b)
{
	while (vp_bytes_left(&b) && vp_bytes_u8(&b) == 2) {
		size_t left = vp_bytes_left(&b);
		const uint8_t *text = b.data + b.pos;
		const uint8_t *end = left ? memchr(text, 0, left) : NULL;
		size_t len = end ? (size_t)(end - text) : left;

		vp_emit_bytes(smb->sink, VP_FIELD_SMB_DIALECT, text, len);
		vp_bytes_take(&b, end ? len + 1 : len);
	}
}

/* A number in the words of a block, when it has that many. */
static void give_word(struct vp_smb *smb, enum vp_field_id field, struct vp_slice bytes,
		      size_t offset, unsigned int width)
{
	struct vp_bytes b = at(bytes, smb->block);
	size_t words = 2 * (size_t)vp_bytes_u8(&b);
	uint32_t value;

	vp_bytes_take(&b, offset);
	value = width == 2 ? vp_bytes_le16(&b) : vp_bytes_le32(&b);
	if (!b.failed && offset + width <= words)
		vp_emit_number(smb->sink, field, value);
}

/* [MS-CIFS] 2.2.4: words of two bytes behind their count, then the data behind its length. */
static void read_block(struct vp_smb *smb, struct vp_slice bytes)
{
	struct vp_bytes b = at(bytes, smb->block);
	size_t data = smb->block + 1 + 2 * (size_t)vp_bytes_u8(&b) + 2;
	struct vp_bytes name = at(bytes, smb->block + 1 + 5);

	vp_emit_number(smb->sink, VP_FIELD_SMB_CMD, smb->command);
	if (b.failed)
		return;
	switch (smb->command) {
	case NEGOTIATE:
		give_dialects(smb, at(bytes, data));
		break;
	case TRANSACTION:
		give_word(smb, VP_FIELD_SMB_TDC, bytes, 2, 2);
		give_name(smb, bytes, data, SIZE_MAX);
		break;
	case TRANSACTION2:
		give_word(smb, VP_FIELD_SMB_TRANS2_CMD, bytes, 28, 2);
		give_word(smb, VP_FIELD_SMB_TDC, bytes, 2, 2);
		break;
	case TRANSACTION2_SECONDARY:
		give_word(smb, VP_FIELD_SMB_TDC, bytes, 2, 2);
		break;
	case NT_TRANSACT:
		give_word(smb, VP_FIELD_SMB_NT_FUNCTION, bytes, 36, 2);
		give_word(smb, VP_FIELD_SMB_TDC, bytes, 7, 4);
		break;
	case NT_TRANSACT_SECONDARY:
		give_word(smb, VP_FIELD_SMB_TDC, bytes, 7, 4);
		break;
	case NT_CREATE_ANDX:
		give_name(smb, bytes, data, vp_bytes_le16(&name));
		break;
	case OPEN_ANDX:
		give_name(smb, bytes, data, SIZE_MAX);
		break;
	default:
		break;
	}
}

static bool is_chain(uint8_t command)
{
	static const uint8_t commands[] = { LOCKING_ANDX,	OPEN_ANDX,
					    READ_ANDX,		WRITE_ANDX,
					    LOGOFF_ANDX,	TREE_CONNECT_ANDX,
					    SESSION_SETUP_ANDX, NT_CREATE_ANDX };

	return memchr(commands, command, sizeof(commands));
}

/* To the block that is chained to this one; false when there is none. */
static bool next_block(struct vp_smb *smb, struct vp_slice bytes)
{
	struct vp_bytes b = at(bytes, smb->block);
	uint8_t words = vp_bytes_u8(&b), command = vp_bytes_u8(&b);
	uint16_t offset;

	vp_bytes_u8(&b); /* reserved */
	offset = vp_bytes_le16(&b);
	if (!is_chain(smb->command) || b.failed || words < 2 || command == NO_COMMAND)
		return false;
	smb->command = command;
	smb->block = offset;
	smb->chained++;
	return true;
}

static struct vp_smb_step finish(struct vp_smb *smb, size_t next, const char *wrong)
{
	if (smb->begun)
		vp_emit_end(smb->sink);
	smb->begun = false;
	return (struct vp_smb_step){ .next = next, .wrong = wrong };
}

static void begin(struct vp_smb *smb, unsigned int version)
{
	vp_emit_begin(smb->sink);
	vp_emit_number(smb->sink, VP_FIELD_SMB_VERSION, version);
	smb->begun = true;
}

static struct vp_smb_step wait_for(size_t want)
{
	return (struct vp_smb_step){ .want = want };
}

static struct vp_smb_step read_smb1(struct vp_smb *smb, struct vp_slice bytes, bool all)
{
	struct vp_bytes b = at(bytes, 10);

	if (!smb->begun) {
		if (bytes.len < SMB1_LEN)
			return all ? finish(smb, 0, "short") : wait_for(SMB1_LEN);
		begin(smb, 1);
		smb->command = bytes.data[4];
		smb->flags2 = vp_bytes_le16(&b);
		smb->block = SMB1_LEN;
	}
	do {
		if (!all && bytes.len < smb->block + BLOCK_LEN)
			return wait_for(smb->block + BLOCK_LEN);
		if (smb->chained > CHAIN_MAX)
			return finish(smb, 0, "chain");
		read_block(smb, bytes);
	} while (next_block(smb, bytes));
	return finish(smb, 0, NULL);
}

static void give_smb2_dialects(struct vp_smb *smb, struct vp_slice bytes, size_t count)
{
	struct vp_bytes b = at(bytes, SMB2_LEN + 36);

	for (; count && vp_bytes_left(&b) >= 2; count--)
		vp_emit_number(smb->sink, VP_FIELD_SMB2_DIALECT, vp_bytes_le16(&b));
}

/* How many bytes the body's fields take, as far as can be seen. */
static size_t smb2_needs(struct vp_slice bytes, uint16_t command)
{
	struct vp_bytes b;
	size_t offset;

	if (command == SMB2_NEGOTIATE) {
		b = at(bytes, SMB2_LEN + 2);
		offset = SMB2_LEN + 36;
		return b.failed ? offset : offset + 2 * (size_t)vp_bytes_le16(&b);
	}
	if (command != SMB2_CREATE)
		return SMB2_LEN;
	b = at(bytes, SMB2_LEN + 44);
	if (vp_bytes_left(&b) < 4)
		return SMB2_LEN + 48;
	offset = vp_bytes_le16(&b);
	return offset + vp_bytes_le16(&b);
}

static void read_smb2_body(struct vp_smb *smb, struct vp_slice bytes, uint16_t command)
{
	struct vp_bytes b = at(bytes, SMB2_LEN + (command == SMB2_CREATE ? 44 : 2));
	uint16_t first = vp_bytes_le16(&b);
	uint16_t length = vp_bytes_le16(&b);

	if (command == SMB2_NEGOTIATE) {
		give_smb2_dialects(smb, bytes, first);
	} else if (command == SMB2_CREATE && !b.failed && first < bytes.len) {
		if (length < bytes.len - first)
			bytes.len = (size_t)first + length;
		give_wide(smb, VP_FIELD_SMB2_FILENAME, at(bytes, first), false);
	}
}

static struct vp_smb_step read_smb2(struct vp_smb *smb, struct vp_slice bytes, bool all)
{
	struct vp_bytes b = at(bytes, 12);
	uint16_t command;
	size_t next, needs;

	if (bytes.len < SMB2_LEN)
		return all ? finish(smb, 0, "short") : wait_for(SMB2_LEN);
	command = vp_bytes_le16(&b);
	vp_bytes_take(&b, 6); /* credits, flags */
	next = vp_bytes_le32(&b);
	needs = smb2_needs(bytes, command);
	if (next && needs > next)
		needs = next;
	if (!all && bytes.len < needs)
		return wait_for(needs);
	begin(smb, 2);
	vp_emit_number(smb->sink, VP_FIELD_SMB2_CMD, command);
	read_smb2_body(smb, bytes, command);
	return finish(smb, next, next && next < SMB2_LEN ? "chain" : NULL);
}

/* [MS-SMB2] 2.2.42 */
static struct vp_smb_step read_compressed(struct vp_smb *smb, struct vp_slice bytes, bool all)
{
	struct vp_bytes b = at(bytes, 4);
	uint32_t size;

	if (bytes.len < 16)
		return all ? finish(smb, 0, "short") : wait_for(16);
	begin(smb, 2);
	size = vp_bytes_le32(&b);
	vp_bytes_take(&b, 4); /* algorithm, flags */
	vp_emit_number(smb->sink, VP_FIELD_SMB2_COMPRESSION_SIZE, size);
	vp_emit_number(smb->sink, VP_FIELD_SMB2_COMPRESSION_OFFSET, vp_bytes_le32(&b));
	return finish(smb, 0, NULL);
}

struct vp_smb_step vp_smb_read(struct vp_smb *smb, struct vp_slice bytes, bool all)
{
	if (bytes.len < 4)
		return all ? finish(smb, 0, "short") : wait_for(4);
	if (memcmp(bytes.data + 1, "SMB", 3) != 0)
		return finish(smb, 0, vp_smb_not_smb);
	switch (bytes.data[0]) {
	case 0xff:
		return read_smb1(smb, bytes, all);
	case 0xfe:
		return read_smb2(smb, bytes, all);
	case 0xfc:
		return read_compressed(smb, bytes, all);
	case 0xfd: /* encrypted */
		return finish(smb, 0, NULL);
	default:
		return finish(smb, 0, vp_smb_not_smb);
	}
}
