/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loaded into a process (LD_PRELOAD), makes the kernel refuse nf_tables transactions:
 * while the file that VPATCH_REFUSE names is there, each gets one message more, which
 * deletes a table that does not exist. The refusal itself is the kernel's own.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <libmnl/libmnl.h>

typedef ssize_t (*sender)(const struct mnl_socket *socket, const void *data, size_t len);

static const struct nlmsghdr *message_of(const char *data, size_t offset)
{
	return (const void *)(data + offset);
}

/* Where a transaction's last message is, 0 where it is none. */
static size_t end_of(const char *data, size_t len)
{
	size_t offset = 0;

	if (len < NLMSG_HDRLEN || message_of(data, 0)->nlmsg_type != NFNL_MSG_BATCH_BEGIN)
		return 0;
	while (offset + NLMSG_HDRLEN <= len &&
	       message_of(data, offset)->nlmsg_type != NFNL_MSG_BATCH_END)
		offset += NLMSG_ALIGN(message_of(data, offset)->nlmsg_len);
	return offset + NLMSG_HDRLEN <= len ? offset : 0;
}

static struct nlmsghdr *put_deletion(char *room, uint32_t sequence)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(room);
	struct nfgenmsg *generic;

	message->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE;
	message->nlmsg_flags = NLM_F_REQUEST;
	message->nlmsg_seq = sequence;
	generic = mnl_nlmsg_put_extra_header(message, sizeof(*generic));
	generic->nfgen_family = NFPROTO_INET;
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, "not-there");
	return message;
}

__attribute__((visibility("default"))) ssize_t
mnl_socket_sendto(const struct mnl_socket *socket, const void *data, size_t len)
{
	sender next = (sender)dlsym(RTLD_NEXT, "mnl_socket_sendto");
	const char *file = getenv("VPATCH_REFUSE");
	size_t end = end_of(data, len), added;
	ssize_t sent;
	char *copy;

	if (!end || !file || access(file, F_OK))
		return next(socket, data, len);
	copy = malloc(len + (size_t)MNL_SOCKET_BUFFER_SIZE);
	if (!copy) {
		errno = ENOMEM;
		return -1;
	}
	memcpy(copy, data, end);
	added = put_deletion(copy + end, message_of(data, end)->nlmsg_seq)->nlmsg_len;
	memcpy(copy + end + added, (const char *)data + end, len - end);
	sent = next(socket, copy, len + added);
	free(copy);
	return sent < 0 ? sent : (ssize_t)len;
}
