/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a process to its ancestors' TCP connections, through /proc: see
 * session.h. An ancestor is believed because the kernel names it, never because
 * of an environment variable.
 */
#include "agentd/session.h"

#include <ctype.h>
#include <dirent.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/process.h"
#include "modules/tcp_sockets.h"

#define ANCESTORS_MAX 64

VP_ARRAY_TYPE(inodes, unsigned long);

static int compare_inodes(const void *a, const void *b)
{
	const unsigned long *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void add_sockets(pid_t pid, struct inodes *found)
{
	_cleanup_free_ char *path = vp_format("/proc/%d/fd", (int)pid);
	_cleanup_closedir_ DIR *folder = opendir(path);
	const struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		char target[64];
		unsigned long inode;
		ssize_t n =
			readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);

		if (n <= 0)
			continue;
		target[n] = '\0';
		if (sscanf(target, "socket:[%lu]", &inode) == 1)
			vp_array_push(found, inode);
	}
}

/* An IPv4 address in an IPv6 socket's clothes. */
static void unmap(struct vp_address *address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (address->family != 6 || memcmp(address->bytes, mapped, sizeof(mapped)) != 0)
		return;
	memmove(address->bytes, address->bytes + 12, 4);
	memset(address->bytes + 4, 0, 12);
	address->family = 4;
}

/* /proc prints addresses as 32-bit words in host order. */
static bool parse_address(const char *hex, size_t digits, struct vp_address *address)
{
	memset(address, 0, sizeof(*address));
	for (size_t word = 0; word < digits / 8; word++) {
		char part[9];
		uint32_t value;

		memcpy(part, hex + 8 * word, 8);
		part[8] = '\0';
		value = (uint32_t)strtoul(part, NULL, 16);
		memcpy(address->bytes + 4 * word, &value, 4);
	}
	address->family = digits == 8 ? 4 : 6;
	unmap(address);
	return digits == 8 || digits == 32;
}

bool vp_session_parse(const char *line, struct vp_session *session, unsigned long *inode)
{
	char local[33], peer[33];
	unsigned int local_port, peer_port, state;

	if (sscanf(line,
		   " %*u: %32[0-9A-Fa-f]:%4x %32[0-9A-Fa-f]:%4x %2x %*s %*s %*s %*s %*s %lu",
		   local, &local_port, peer, &peer_port, &state, inode) != 6)
		return false;
	session->local_port = (uint16_t)local_port;
	session->peer_port = (uint16_t)peer_port;
	return state == TCP_ESTABLISHED && strlen(local) == strlen(peer) &&
	       parse_address(local, strlen(local), &session->local) &&
	       parse_address(peer, strlen(peer), &session->peer);
}

typedef void visit_session(void *context, const struct vp_session *session,
			   unsigned long inode);

struct visitor {
	visit_session *visit;
	void *context;
};

static void visit_socket(void *context, const struct vp_tcp_socket *socket)
{
	const struct visitor *visitor = context;
	struct vp_session session = { .local = socket->local,
				      .peer = socket->peer,
				      .local_port = socket->local_port,
				      .peer_port = socket->peer_port };

	unmap(&session.local);
	unmap(&session.peer);
	visitor->visit(visitor->context, &session, socket->inode);
}

/* Every established connection of this network namespace; some perhaps twice. */
static void each_connection(visit_session *visit, void *context)
{
	struct visitor visitor = { visit, context };
	static const char *const tables[] = { "/proc/self/net/tcp", "/proc/self/net/tcp6" };
	char line[512];

	if (vp_tcp_sockets_each(TCP_ESTABLISHED, visit_socket, &visitor))
		return;
	for (size_t i = 0; i < VP_COUNT(tables); i++) {
		_cleanup_fclose_ FILE *file = fopen(tables[i], "re");

		while (file && fgets(line, sizeof(line), file)) {
			struct vp_session session;
			unsigned long inode;

			if (vp_session_parse(line, &session, &inode))
				visit(context, &session, inode);
		}
	}
}

struct search {
	struct inodes inodes;
	struct vp_session_list *sessions;
};

static void keep_if_ours(void *context, const struct vp_session *session, unsigned long inode)
{
	struct search *search = context;

	if (bsearch(&inode, search->inodes.data, search->inodes.len, sizeof(inode),
		    compare_inodes))
		vp_array_push(search->sessions, *session);
}

void vp_session_find(pid_t pid, struct vp_session_list *sessions)
{
	struct search search = { .sessions = sessions };

	for (int i = 0; i < ANCESTORS_MAX && pid > 0; i++, pid = vp_process_parent(pid))
		add_sockets(pid, &search.inodes);
	if (search.inodes.len) {
		qsort(search.inodes.data, search.inodes.len, sizeof(*search.inodes.data),
		      compare_inodes);
		each_connection(keep_if_ours, &search);
	}
	vp_array_free(&search.inodes);
}

static bool same_session(const struct vp_session *a, const struct vp_session *b)
{
	return a->peer_port == b->peer_port && a->local_port == b->local_port &&
	       !vp_address_compare(&a->peer, &b->peer) &&
	       !vp_address_compare(&a->local, &b->local);
}

struct survivors {
	const struct vp_session_list *candidates;
	struct vp_session_list alive;
};

static void keep_if_alive(void *context, const struct vp_session *session, unsigned long inode)
{
	struct survivors *survivors = context;

	(void)inode;
	vp_array_each (known, &survivors->alive)
		if (same_session(known, session))
			return;
	vp_array_each (candidate, survivors->candidates)
		if (same_session(candidate, session)) {
			vp_array_push(&survivors->alive, *session);
			return;
		}
}

void vp_session_prune(struct vp_session_list *sessions)
{
	struct survivors survivors = { .candidates = sessions };

	if (!sessions->len)
		return;
	each_connection(keep_if_alive, &survivors);
	vp_array_free(sessions);
	*sessions = survivors.alive;
}
