/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is at the other end of a control connection, as the kernel knows them: see peer.h. */
#include "agentd/peer.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/memory.h"

#define GROUPS_MAX 65536
#define NO_GROUP   ((gid_t)-1)

static gid_t find_group(const char *name)
{
	const struct group *group = *name ? getgrnam(name) : NULL;

	return group ? group->gr_gid : NO_GROUP;
}

static bool is_member(gid_t group, const gid_t *groups, size_t count)
{
	for (size_t i = 0; group != NO_GROUP && i < count; i++)
		if (groups[i] == group)
			return true;
	return false;
}

/* Two names are looked up, however many groups somebody is in: a look-up may cost a network.
 */
static enum vp_role role_of(const struct vp_config *config, uid_t uid, const gid_t *groups,
			    size_t count)
{
	if (!uid || is_member(find_group(config->admin_group), groups, count))
		return VP_ROLE_ADMIN;
	return is_member(find_group(config->view_group), groups, count) ? VP_ROLE_VIEW
									: VP_ROLE_NONE;
}

static void read_word(pid_t pid, const char *file, char *word, size_t room)
{
	_cleanup_free_ char *path = vp_format("/proc/%d/%s", (int)pid, file);
	_cleanup_fclose_ FILE *in = fopen(path, "re");

	if (!in || !fgets(word, (int)room, in))
		word[0] = '\0';
	word[strcspn(word, "\n")] = '\0';
	for (char *at = word; *at; at++)
		if (*at <= ' ' || *at > '~' || *at == '"' || *at == '=')
			*at = '?';
}

static void name_user(uid_t uid, char *name, size_t room)
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		snprintf(name, room, "%s", user->pw_name);
	else
		snprintf(name, room, "uid %u", (unsigned int)uid);
}

/* The person behind sudo or su is the one who logged in, as the kernel's audit remembers. */
static void name_person(struct vp_peer *peer)
{
	char login[16], user[28], person[28];
	unsigned long uid;

	name_user(peer->uid, user, sizeof(user));
	read_word(peer->pid, "loginuid", login, sizeof(login));
	uid = strtoul(login, NULL, 10);
	if (!*login || uid >= UINT32_MAX || uid == peer->uid) {
		snprintf(peer->who, sizeof(peer->who), "%s", user);
		return;
	}
	name_user((uid_t)uid, person, sizeof(person));
	snprintf(peer->who, sizeof(peer->who), "%s as %s", person, user);
}

static enum vp_role role_of_socket(const struct vp_config *config, int fd,
				   const struct ucred *credentials)
{
	_cleanup_free_ gid_t *groups = vp_alloc(GROUPS_MAX + 1, sizeof(gid_t));
	socklen_t size = GROUPS_MAX * sizeof(gid_t);
	size_t count;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size))
		size = 0;
	count = size / sizeof(gid_t);
	groups[count++] = credentials->gid;
	return role_of(config, credentials->uid, groups, count);
}

int vp_peer_read(struct vp_peer *peer, int fd, const struct vp_config *config)
{
	struct ucred credentials;
	socklen_t size = sizeof(credentials);
	char command[20];

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size))
		return -errno;
	memset(peer, 0, sizeof(*peer));
	peer->pid = credentials.pid;
	peer->uid = credentials.uid;
	peer->role = role_of_socket(config, fd, &credentials);
	name_person(peer);
	read_word(peer->pid, "comm", command, sizeof(command));
	snprintf(peer->actor, sizeof(peer->actor), "uid=%u pid=%d comm=%s",
		 (unsigned int)peer->uid, (int)peer->pid, command);
	return 0;
}
