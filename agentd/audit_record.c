/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text of an AUDIT_SECCOMP record to numbers. Read from both ends: the fields that
 * matter stand last and hold no spaces, whatever a process calls itself, because
 * the kernel writes such names in hexadecimal. The one field that may hold anything,
 * the label of the security module, stands between and is never looked at, so
 * that nothing in it can pass for another field. See audit_record.h.
 */
#include "agentd/audit_record.h"

#include <errno.h>
#include <string.h>

#include <linux/audit.h>
#include <linux/netlink.h>

#include "lib/bytes.h"

struct span {
	const char *data;
	size_t len;
};

static bool starts_with(struct span span, const char *text)
{
	size_t len = strlen(text);

	return span.len >= len && !memcmp(span.data, text, len);
}

static struct span without(struct span span, size_t count)
{
	return (struct span){ span.data + count, span.len - count };
}

/* Take `text` from the front. */
static bool skip(struct span *rest, const char *text)
{
	if (!starts_with(*rest, text))
		return false;
	*rest = without(*rest, strlen(text));
	return true;
}

/* Take a number from the front: at least one digit, at most `most`. */
static bool take_number(struct span *rest, unsigned int base, uint64_t most, uint64_t *value)
{
	uint64_t sum = 0;
	size_t digits = 0;

	for (; digits < rest->len; digits++) {
		int digit = vp_byte_hex((uint8_t)rest->data[digits]);

		if (digit < 0 || digit >= (int)base)
			break;
		if ((uint64_t)digit > most || sum > (most - (uint64_t)digit) / base)
			return false;
		sum = sum * base + (uint64_t)digit;
	}
	*rest = without(*rest, digits);
	*value = sum;
	return digits > 0;
}

/* Take " name=VALUE" from the end, the value alone. */
static bool take_last(struct span *rest, const char *name, struct span *value)
{
	const char *space = rest->len ? memrchr(rest->data, ' ', rest->len) : NULL;

	if (!space)
		return false;
	*value = without(*rest, (size_t)(space - rest->data) + 1);
	rest->len = (size_t)(space - rest->data);
	return skip(value, name) && skip(value, "=");
}

static bool take_last_number(struct span *rest, const char *name, unsigned int base,
			     uint64_t most, uint64_t *number)
{
	struct span value;

	return take_last(rest, name, &value) && take_number(&value, base, most, number) &&
	       !value.len;
}

/* Digits of the kernel's are upper-case, two for a byte, and no byte is NUL. */
static bool decode_hex(struct span value, char *out, size_t room, bool *cut)
{
	if (!value.len || value.len % 2)
		return false;
	for (size_t i = 0; i < value.len; i += 2) {
		int high = vp_byte_hex((uint8_t)value.data[i]);
		int low = vp_byte_hex((uint8_t)value.data[i + 1]);

		if (high < 0 || low < 0 || !(high | low))
			return false;
		if (i / 2 < room - 1)
			out[i / 2] = (char)(high << 4 | low);
		else
			*cut = true;
	}
	return true;
}

static bool decode_quoted(struct span value, char *out, size_t room, bool *cut)
{
	size_t kept;

	if (value.len < 2 || value.data[value.len - 1] != '"')
		return false;
	value = (struct span){ value.data + 1, value.len - 2 };
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] < 0x21 || value.data[i] > 0x7e || value.data[i] == '"')
			return false;
	kept = value.len < room ? value.len : room - 1;
	memcpy(out, value.data, kept);
	*cut |= kept < value.len;
	return true;
}

/* What a process chose: in quotes when that is harmless, else in hexadecimal. */
static bool take_last_name(struct span *rest, const char *name, char *out, size_t room,
			   bool *cut)
{
	struct span value;

	if (!take_last(rest, name, &value))
		return false;
	if (starts_with(value, "\""))
		return decode_quoted(value, out, room, cut);
	if (starts_with(value, "(null)"))
		return value.len == strlen("(null)");
	return decode_hex(value, out, room, cut);
}

/* "audit(SECONDS.MILLISECONDS:SERIAL):" */
static bool take_stamp(struct span *rest, struct vp_audit_record *out)
{
	uint64_t seconds, milliseconds;

	if (!skip(rest, "audit(") ||
	    !take_number(rest, 10, UINT64_MAX / 1000000 - 1, &seconds) || !skip(rest, ".") ||
	    !take_number(rest, 10, 999, &milliseconds) || !skip(rest, ":") ||
	    !take_number(rest, 10, UINT64_MAX, &out->serial) || !skip(rest, "):"))
		return false;
	out->time = seconds * 1000000 + milliseconds * 1000;
	return true;
}

/* The owner, and then the label of a security module, if there is one. */
static bool take_owner(struct span *rest, struct vp_audit_record *out)
{
	uint64_t uid, ignored;

	if (!skip(rest, " auid=") || !take_number(rest, 10, UINT32_MAX, &ignored) ||
	    !skip(rest, " uid=") || !take_number(rest, 10, UINT32_MAX, &uid) ||
	    !skip(rest, " gid=") || !take_number(rest, 10, UINT32_MAX, &ignored) ||
	    !skip(rest, " ses=") || !take_number(rest, 10, UINT32_MAX, &ignored))
		return false;
	out->uid = (uint32_t)uid;
	return !rest->len || starts_with(*rest, " subj=");
}

/* The number of the call is signed: -1 is what a tracer makes of a call that it skips. */
static bool take_last_call(struct span *rest, int32_t *call)
{
	struct span value;
	uint64_t number;
	bool negative;

	if (!take_last(rest, "syscall", &value))
		return false;
	negative = skip(&value, "-");
	if (!take_number(&value, 10, INT32_MAX, &number) || value.len)
		return false;
	*call = negative ? -(int32_t)number : (int32_t)number;
	return true;
}

static bool take_process(struct span *rest, struct vp_audit_record *out)
{
	uint64_t pid, signal;

	if (!take_last_number(rest, "sig", 10, 128, &signal) ||
	    !take_last_name(rest, "exe", out->exe, sizeof(out->exe), &out->cut) ||
	    !take_last_name(rest, "comm", out->comm, sizeof(out->comm), &out->cut) ||
	    !take_last_number(rest, "pid", 10, INT32_MAX, &pid))
		return false;
	out->pid = (uint32_t)pid;
	return true;
}

static bool take_call(struct span *rest, struct vp_audit_record *out)
{
	uint64_t action, compat, architecture;
	struct span value;

	if (!take_last(rest, "code", &value) || !skip(&value, "0x") ||
	    !take_number(&value, 16, UINT32_MAX, &action) || value.len ||
	    !take_last(rest, "ip", &value) || !skip(&value, "0x") ||
	    !take_number(&value, 16, UINT64_MAX, &out->ip) || value.len ||
	    !take_last_number(rest, "compat", 10, 1, &compat) ||
	    !take_last_call(rest, &out->call) ||
	    !take_last_number(rest, "arch", 16, UINT32_MAX, &architecture))
		return false;
	out->action = (uint32_t)action;
	out->compat = compat;
	out->architecture = (uint32_t)architecture;
	return true;
}

int vp_audit_record_parse(const char *text, size_t len, struct vp_audit_record *out)
{
	struct span rest = { text, len };
	struct vp_audit_record record = { 0 };

	if (!take_call(&rest, &record) || !take_process(&rest, &record) ||
	    !take_stamp(&rest, &record) || !take_owner(&rest, &record))
		return -EPROTO;
	*out = record;
	return 0;
}

enum vp_audit_result vp_audit_message(const void *data, size_t len,
				      struct vp_audit_record *out)
{
	struct nlmsghdr header;
	const char *text;

	if (len < NLMSG_HDRLEN)
		return VP_AUDIT_BROKEN;
	memcpy(&header, data, sizeof(header));
	if (header.nlmsg_type != AUDIT_SECCOMP)
		return VP_AUDIT_OTHER;
	if (header.nlmsg_len != len)
		return VP_AUDIT_BROKEN;
	text = (const char *)data + NLMSG_HDRLEN;
	return vp_audit_record_parse(text, len - NLMSG_HDRLEN, out) ? VP_AUDIT_BROKEN
								    : VP_AUDIT_DENIAL;
}
