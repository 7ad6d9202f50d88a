/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchd.conf, read through one table of keys: see config.h. The grammar is the
 * definitions' one: sections, `key = value`, comments from `#` or ` ;`.
 */
#include "agentd/config.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "modules/netfilter/queue.h"
#include "policy/source.h"

#define CONFIG_LIMIT (1u << 20)
#define SECTION	     "vpatchd"
/* Of the installed agent. One with a configuration of its own has its own folder, or none: two
 * would remove each other's files. */
#define DROPINS_FOLDER "/etc/systemd/system"

struct reader {
	struct vp_config *config;
	struct vp_findings *findings;
	struct vp_location at;
	char *folder; /* where relative paths start */
	bool in_section;
	bool *seen; /* by key */
};

struct key {
	const char *name;
	/* Store the value; false: it is not of the form `expected`. */
	bool (*set)(struct reader *reader, const struct key *key, const char *value);
	size_t offset; /* of the member in struct vp_config */
	const char *expected;
	unsigned long least, most; /* of a number */
};

static void *member_of(const struct reader *reader, const struct key *key)
{
	return (char *)reader->config + key->offset;
}

static bool set_text(struct reader *reader, const struct key *key, const char *value)
{
	char **member = member_of(reader, key);

	free(*member);
	*member = vp_strdup(value);
	return true;
}

static bool set_path(struct reader *reader, const struct key *key, const char *value)
{
	_cleanup_free_ char *whole = NULL;

	if (!*value)
		return false;
	whole = *value == '/' ? vp_strdup(value) : vp_format("%s/%s", reader->folder, value);
	return set_text(reader, key, whole);
}

static bool set_socket_path(struct reader *reader, const struct key *key, const char *value)
{
	return strcmp(value, "none") ? set_path(reader, key, value)
				     : set_text(reader, key, value);
}

static bool set_switch(struct reader *reader, const struct key *key, const char *value)
{
	bool *member = member_of(reader, key);

	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return false;
	*member = !strcmp(value, "yes");
	return true;
}

static bool parse_number(const char *text, unsigned long least, unsigned long most,
			 unsigned long *number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoul(text, &end, 10);
	return !errno && !*end && *number >= least && *number <= most;
}

static bool set_keep(struct reader *reader, const struct key *key, const char *value)
{
	size_t *member = member_of(reader, key);

	return parse_number(value, key->least, key->most, member);
}

static bool set_number16(struct reader *reader, const struct key *key, const char *value)
{
	uint16_t *member = member_of(reader, key);
	unsigned long number;

	if (!parse_number(value, key->least, key->most, &number))
		return false;
	*member = (uint16_t)number;
	return true;
}

static bool set_number32(struct reader *reader, const struct key *key, const char *value)
{
	uint32_t *member = member_of(reader, key);
	unsigned long number;

	if (!parse_number(value, key->least, key->most, &number))
		return false;
	*member = (uint32_t)number;
	return true;
}

static bool set_mebibytes(struct reader *reader, const struct key *key, const char *value)
{
	uint64_t *member = member_of(reader, key);
	unsigned long number;

	if (!parse_number(value, key->least, key->most, &number))
		return false;
	*member = (uint64_t)number << 20;
	return true;
}

static bool set_format(struct reader *reader, const struct key *key, const char *value)
{
	enum vp_event_format *member = member_of(reader, key);

	if (!strcmp(value, "keyvalue"))
		*member = VP_FORMAT_KEY_VALUE;
	else if (!strcmp(value, "cee"))
		*member = VP_FORMAT_CEE;
	else if (!strcmp(value, "cef"))
		*member = VP_FORMAT_CEF;
	else
		return false;
	return true;
}

/* "tcp/22" or "tcp/8000-8010" */
static bool parse_ports(char *text, struct vp_port_range *range)
{
	unsigned long first, last;
	char *slash = strchr(text, '/'), *dash;

	if (!slash)
		return false;
	*slash = '\0';
	if (!strcmp(text, "tcp"))
		range->protocol = IPPROTO_TCP;
	else if (!strcmp(text, "udp"))
		range->protocol = IPPROTO_UDP;
	else
		return false;
	dash = strchr(slash + 1, '-');
	if (dash)
		*dash = '\0';
	if (!parse_number(slash + 1, 1, 65535, &first) ||
	    !parse_number(dash ? dash + 1 : slash + 1, first, 65535, &last))
		return false;
	range->first = (uint16_t)first;
	range->last = (uint16_t)last;
	return true;
}

static bool set_management(struct reader *reader, const struct key *key, const char *value)
{
	struct vp_port_ranges *ports = member_of(reader, key);
	_cleanup_free_ char *copy = vp_strdup(value);
	char *rest = copy, *item;

	ports->len = 0;
	if (!strcmp(value, "none"))
		return true;
	while ((item = strsep(&rest, ","))) {
		struct vp_port_range range = { .at = { .file = NULL } };

		item += strspn(item, " \t");
		item[strcspn(item, " \t")] = '\0';
		if (!parse_ports(item, &range))
			return false;
		vp_array_push(ports, range);
	}
	return true;
}

#define MEMBER(name) offsetof(struct vp_config, name)
#define A_PATH	     "a path, e.g. /etc/vpatch/policy.d"
#define A_GROUP_NAME "the name of a group"

static const struct key keys[] = {
	{ "policy", set_path, MEMBER(policy), A_PATH, 0, 0 },
	{ "overrides", set_path, MEMBER(overrides), A_PATH, 0, 0 },
	{ "state", set_path, MEMBER(state), A_PATH, 0, 0 },
	{ "run", set_path, MEMBER(run), A_PATH, 0, 0 },
	{ "socket", set_path, MEMBER(socket), A_PATH, 0, 0 },
	{ "view-group", set_text, MEMBER(view_group), A_GROUP_NAME, 0, 0 },
	{ "admin-group", set_text, MEMBER(admin_group), A_GROUP_NAME, 0, 0 },
	{ "management", set_management, MEMBER(management),
	  "ports like tcp/22, udp/8000-8010, or none", 0, 0 },
	{ "log-group", set_number16, MEMBER(log_group), "an NFLOG group, 0 to 65535", 0,
	  65535 },
	{ "table-ownership", set_switch, MEMBER(table_ownership), "yes or no", 0, 0 },
	{ "syslog-format", set_format, MEMBER(syslog_form), "keyvalue, cee or cef", 0, 0 },
	{ "syslog-socket", set_socket_path, MEMBER(syslog_socket), "a path, or none", 0, 0 },
	{ "journal", set_switch, MEMBER(journal), "yes or no", 0, 0 },
	{ "reporter", set_path, MEMBER(reporter), A_PATH, 0, 0 },
	{ "keep-generations", set_keep, MEMBER(keep_generations), "a number from 2 to 10000",
	  2, 10000 },
	{ "inspection-workers", set_number16, MEMBER(queueing.count), "a number from 1 to 64",
	  1, VP_QUEUE_COUNT_MAX },
	{ "inspection-queue", set_number16, MEMBER(queueing.base),
	  "the first of a range of NFQUEUE numbers, 1 to 65000", 1, 65000 },
	{ "inspection-deadline", set_number32, MEMBER(queueing.lease_milliseconds),
	  "milliseconds, 50 to 10000", 50, 10000 },
	{ "inspection-memory", set_mebibytes, MEMBER(queueing.memory),
	  "mebibytes of a worker, 16 to 1048576", 16, 1u << 20 },
	{ "inspection-connections", set_number32, MEMBER(queueing.connections),
	  "connections of a worker, 100 to 10000000", 100, 10000000 },
	{ "dropins", set_switch, MEMBER(dropins), "yes or no", 0, 0 },
	{ "dropins-folder", set_path, MEMBER(dropins_folder),
	  "a path, e.g. /run/systemd/system", 0, 0 },
	{ "dropins-exact", set_switch, MEMBER(dropins_exact), "yes or no", 0, 0 },
};

static const struct key *find_key(const char *name)
{
	for (size_t i = 0; i < VP_COUNT(keys); i++)
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

static void read_section(struct reader *reader, const struct vp_line *line)
{
	if (reader->in_section || line->name_len != strlen(SECTION) ||
	    memcmp(line->name, SECTION, line->name_len) != 0)
		vp_find_error(reader->findings, &reader->at,
			      "expected the one section [" SECTION "], found [%.*s]",
			      (int)line->name_len, line->name);
	reader->in_section = true;
}

static void read_key(struct reader *reader, const struct vp_line *line)
{
	_cleanup_free_ char *name = vp_strndup(line->name, line->name_len);
	_cleanup_free_ char *value = vp_strndup(line->value, line->value_len);
	const struct key *key = find_key(name);
	char *comment = strstr(value, " ;");

	if (comment)
		*comment = '\0';
	value[strcspn(value, "\t")] = '\0';
	for (size_t len = strlen(value); len && value[len - 1] == ' '; len--)
		value[len - 1] = '\0';
	if (!key)
		vp_find_error(reader->findings, &reader->at,
			      "expected a key of vpatchd.conf(5), found \"%s\"", name);
	else if (reader->seen[key - keys])
		vp_find_error(reader->findings, &reader->at, "\"%s\" is given twice", name);
	else if (!key->set(reader, key, value))
		vp_find_error(reader->findings, &reader->at, "%s: expected %s, found \"%s\"",
			      name, key->expected, value);
	if (key)
		reader->seen[key - keys] = true;
}

static void read_line(void *context, const struct vp_line *line)
{
	struct reader *reader = context;

	reader->at.line = line->number;
	reader->at.column = line->column;
	if (line->section)
		read_section(reader, line);
	else if (reader->in_section)
		read_key(reader, line);
	else
		vp_find_error(reader->findings, &reader->at,
			      "expected [" SECTION "] before the first key");
}

static void set_defaults(struct vp_config *config)
{
	*config = (struct vp_config){
		.policy = vp_strdup(VP_SYSCONFDIR "/policy.d"),
		.overrides = vp_strdup(VP_SYSCONFDIR "/overrides.d"),
		.state = vp_strdup(VP_STATEDIR),
		.run = vp_strdup(VP_RUNDIR),
		.view_group = vp_strdup("vpatch-view"),
		.admin_group = vp_strdup("vpatch-admin"),
		.reporter = vp_strdup(VP_LIBEXECDIR "/vpatchd-events"),
		.log_group = 86,
		.table_ownership = true,
		.syslog_socket = vp_strdup("/dev/log"),
		.journal = true,
		.keep_generations = 20,
		.dropins = true,
		.dropins_exact = true,
	};
	vp_array_push(
		&config->management,
		((struct vp_port_range){ .protocol = IPPROTO_TCP, .first = 22, .last = 22 }));
}

/* It names what vpatchd runs and writes as root, so nobody else may have written it. */
static int load(const char *path, char **text, size_t *len, struct vp_error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *why = fd < 0 ? NULL : vp_file_distrust(fd);

	if (fd < 0)
		return vp_fail(err, -errno, "%s: %s", path, strerror(errno));
	if (why)
		return vp_fail(err, -EPERM, "%s: %s", path, why);
	return vp_file_read_fd(fd, path, CONFIG_LIMIT, text, len, err);
}

static void read_file(struct vp_config *config, const char *path, bool may_miss,
		      struct vp_findings *findings)
{
	_cleanup_free_ char *text = NULL, *copy = NULL, *name = vp_strdup(path);
	struct reader reader = { .config = config, .findings = findings, .at.file = path };
	bool seen[VP_COUNT(keys)] = { false };
	struct vp_text source;
	struct vp_error err;
	size_t len;
	int r = load(path, &text, &len, &err);

	if (r == -ENOENT && may_miss)
		return;
	if (r) {
		vp_find_error(findings, &reader.at, "cannot read the configuration: %s",
			      err.text);
		return;
	}
	config->path = realpath(path, NULL);
	reader.seen = seen;
	copy = vp_strdup(config->path ? config->path : path);
	reader.folder = dirname(copy);
	source = (struct vp_text){ .name = name, .data = text, .len = len };
	vp_source_read(&source, findings, read_line, &reader);
}

void vp_config_read(struct vp_config *config, const char *path, struct vp_findings *findings)
{
	set_defaults(config);
	read_file(config, path ? path : VP_CONFIG_PATH, !path, findings);
	if (!config->dropins_folder && (!path || !strcmp(path, VP_CONFIG_PATH)))
		config->dropins_folder = vp_strdup(DROPINS_FOLDER);
	if (!config->socket)
		config->socket = vp_format("%s/control.sock", config->run);
}

void vp_config_free(struct vp_config *config)
{
	free(config->path);
	free(config->policy);
	free(config->overrides);
	free(config->state);
	free(config->run);
	free(config->socket);
	free(config->view_group);
	free(config->admin_group);
	free(config->reporter);
	free(config->syslog_socket);
	free(config->dropins_folder);
	vp_array_free(&config->management);
	memset(config, 0, sizeof(*config));
}
