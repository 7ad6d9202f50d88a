/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchd's part of the exec hook, by hand: gives it a table and prints what it tells, a line
 * for each note, until the connection is over.
 *
 *	hook SOCKET [number=N] [scan] [call=N] [privs] PATH[=UNIT]...
 *
 * Each call= makes a filter for the entries behind it, which denies that call with EPERM; the
 * first denies getpgid(2). call=-1: a filter that no kernel takes. Without an entry no table
 * is given.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "agentd/hook/client.h"

static uint32_t add_filter(struct vp_hook_table *table, uint32_t call)
{
	const struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), /* number of the call */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0x00050000 | EPERM),
		BPF_STMT(BPF_RET | BPF_K, 0x7fff0000),
	};

	return vp_hook_table_filter(table, program, call == UINT32_MAX ? 1 : VP_COUNT(program),
				    0);
}

static void add_entry(struct vp_hook_table *table, char *text, uint32_t flags)
{
	char *unit = strchr(text, '=');

	if (unit)
		*unit++ = '\0';
	if (!table->filters.len)
		(void)add_filter(table, SYS_getpgid);
	vp_hook_table_entry(table, text, unit, (uint32_t)table->filters.len - 1, flags);
}

static bool read_arguments(struct vp_hook_table *table, char **argv)
{
	uint32_t flags = 0;
	bool given = false;

	for (; *argv; argv++) {
		if (sscanf(*argv, "number=%u", &table->number) == 1) {
			given = true;
		} else if (!strcmp(*argv, "scan")) {
			table->flags |= VP_HOOK_SCAN;
		} else if (!strcmp(*argv, "privs")) {
			flags |= VP_INJECT_NO_NEW_PRIVS;
		} else if (!strncmp(*argv, "call=", 5)) {
			(void)add_filter(table, (uint32_t)atoi(*argv + 5));
		} else {
			add_entry(table, *argv, flags);
			given = true;
		}
	}
	return given;
}

/* It may have just been started. */
static int connect_soon(struct vp_hook_client **client, const char *path, struct vp_error *err)
{
	int r = vp_hook_client_connect(client, path, err);

	for (int i = 0; i < 100 && (r == -ECONNREFUSED || r == -ENOENT); i++) {
		(void)poll(NULL, 0, 10);
		r = vp_hook_client_connect(client, path, err);
	}
	return r;
}

static void print(const struct vp_hook_note *note)
{
	const struct vp_record *record = &note->record;

	printf("%s table=%u lost=%u", vp_hook_kind_name(note->kind), note->table, note->lost);
	if (note->entry != VP_HOOK_NO_ENTRY)
		printf(" entry=%u", note->entry);
	if (record->outcome)
		printf(" %s pid=%d reason=%u detail=%lld flags=0x%x pause=%lluus %s",
		       vp_inject_outcome_name(record->outcome), record->id, record->reason,
		       (long long)record->detail, record->flags,
		       (unsigned long long)record->pause / 1000,
		       vp_inject_reason_text(record->reason));
	if (note->kind == VP_HOOK_GAP)
		printf(" ms=%llu", (unsigned long long)(note->until - note->from) / 1000000);
	printf(" error=%d %s\n", note->error, note->text);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct vp_hook_client *client = NULL;
	struct vp_hook_table table = { .number = 1 };
	struct vp_error err = { 0 };
	struct vp_hook_note note;
	bool given = argc > 1 && read_arguments(&table, argv + 2);
	int r = argc > 1 ? connect_soon(&client, argv[1], &err) : -EINVAL;

	if (!r && given)
		r = vp_hook_client_set(client, &table, &err);
	while (!r) {
		struct pollfd ready = { .fd = vp_hook_client_fd(client), .events = POLLIN };

		(void)poll(&ready, 1, -1);
		while ((r = vp_hook_client_read(client, &note, &err)) > 0)
			print(&note);
	}
	printf("over: %s\n", err.text);
	vp_hook_client_close(client);
	vp_hook_table_free(&table);
	return 1;
}
