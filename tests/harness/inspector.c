/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parent of a pair of inspection processes, and nothing else of an agent, for
 * tests and measurements.
 *
 *   inspector rule TABLE CHAIN QUEUE [bypass]
 *       add a rule that queues to an existing chain of family inet, by the
 *       NFQUEUE target, which every kernel has
 *   inspector run FOLDER USER DEFINITIONS QUEUE:CLASS...
 *       the programs of FOLDER; DEFINITIONS are files, with commas between, or
 *       "none"; CLASS is pass, block or watch. What happens is printed. Lines on
 *       standard input: "program DEFINITIONS", "forget", "restart" (a new pair),
 *       "counts", "quit" (as its end).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_NFQUEUE.h>

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

#include "agentd/inspect/pair.h"
#include "agentd/inspect/start.h"
#include "lib/cleanup.h"
#include "lib/file.h"
#include "lib/memory.h"
#include "modules/inspection/engine.h"

struct inspector {
	struct vp_pair_options options;
	struct vp_pair *pair;
	char definition[512];
	uint64_t generation, loaded;
	uint64_t failed; /* when the pair was seen to be ill, milliseconds; 0: it is not */
};

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("inspector: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(2);
}

static void put_rule(struct mnl_nlmsg_batch *batch, char *arguments[])
{
	struct nftnl_expr *target = nftnl_expr_alloc("target");
	struct nftnl_rule *rule = nftnl_rule_alloc();
	/* as long as the kernel's alignment of it says */
	struct xt_NFQ_info_v3 *info = vp_alloc(1, 8);
	struct nlmsghdr *message;

	info->queuenum = (uint16_t)atoi(arguments[2]);
	info->queues_total = 1;
	info->flags = arguments[3] ? NFQ_FLAG_BYPASS : 0;
	nftnl_expr_set_str(target, NFTNL_EXPR_TG_NAME, "NFQUEUE");
	nftnl_expr_set_u32(target, NFTNL_EXPR_TG_REV, 3);
	nftnl_expr_set(target, NFTNL_EXPR_TG_INFO, info, 8);
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, arguments[0]);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, arguments[1]);
	nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, NFPROTO_INET);
	nftnl_rule_add_expr(rule, target);
	message = nftnl_nlmsg_build_hdr(mnl_nlmsg_batch_current(batch), NFT_MSG_NEWRULE,
					NFPROTO_INET, NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK,
					2);
	nftnl_rule_nlmsg_build_payload(message, rule);
	mnl_nlmsg_batch_next(batch);
	nftnl_rule_free(rule);
}

static int add_rule(char *arguments[])
{
	char buffer[8192];
	struct mnl_nlmsg_batch *batch = mnl_nlmsg_batch_start(buffer, sizeof(buffer) / 2);
	struct mnl_socket *socket = mnl_socket_open(NETLINK_NETFILTER);
	ssize_t length;

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		die("netlink: %s", strerror(errno));
	nftnl_batch_begin(mnl_nlmsg_batch_current(batch), 1);
	mnl_nlmsg_batch_next(batch);
	put_rule(batch, arguments);
	nftnl_batch_end(mnl_nlmsg_batch_current(batch), 3);
	mnl_nlmsg_batch_next(batch);
	if (mnl_socket_sendto(socket, mnl_nlmsg_batch_head(batch),
			      mnl_nlmsg_batch_size(batch)) < 0)
		die("send: %s", strerror(errno));
	length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
	if (length < 0 || mnl_cb_run(buffer, (size_t)length, 2, mnl_socket_get_portid(socket),
				     NULL, NULL) < 0)
		die("the rule was refused: %s", strerror(errno));
	mnl_nlmsg_batch_stop(batch);
	mnl_socket_close(socket);
	return 0;
}

static void read_definitions(const char *paths, struct vp_sources *sources)
{
	_cleanup_free_ char *list = vp_strdup(paths);
	struct vp_error err = { 0 };
	char *rest = list, *path, *text;
	size_t size;

	while ((path = strsep(&rest, ","))) {
		if (vp_file_read(path, 1 << 20, &text, &size, &err))
			die("%s", err.text);
		vp_array_push(&sources->definitions,
			      ((struct vp_text){ vp_strdup(path), text, size }));
	}
}

/* The program of definitions: bytes for the worker, owned by the caller. */
static void compile(const char *paths, uint8_t **bytes, size_t *len)
{
	struct vp_sources sources = { 0 };
	struct vp_findings findings = { 0 };
	struct vp_policy policy = { 0 };
	struct vp_host host = { 0 };
	struct vp_plan plan = { 0 };
	struct vp_strbuf found = { 0 };
	struct vp_error err = { 0 };
	struct vp_scopes *scopes;

	read_definitions(paths, &sources);
	vp_policy_build(&policy, &sources, 0, &findings);
	vp_plan_build(&plan, &policy, &host, VP_POINT_BIT(VP_POINT_INSPECTION), &findings);
	vp_findings_print(&findings, &found);
	if (findings.errors)
		die("%s", vp_strbuf_text(&found));
	scopes = vp_scopes_compile(&plan, &err);
	if (!scopes)
		die("%s", err.text);
	vp_scopes_pack(scopes, bytes, len);
	vp_scopes_free(scopes);
	vp_plan_free(&plan);
	vp_host_free(&host);
	vp_policy_free(&policy);
	vp_findings_free(&findings);
	vp_sources_free(&sources);
	vp_strbuf_free(&found);
}

static void load(struct inspector *inspector)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	struct vp_pair_program program = { .fd = -1 };
	struct vp_error err = { 0 };
	size_t len;

	if (!strcmp(inspector->definition, "none"))
		return;
	program.generation = ++inspector->generation;
	compile(inspector->definition, &bytes, &len);
	if (vp_pair_program_fill(&program, bytes, len, &err) ||
	    vp_pair_give(inspector->pair, &program, true, &err))
		printf("not handed over: %s\n", err.text);
	if (program.fd >= 0)
		close(program.fd);
}

static void start(struct inspector *inspector)
{
	struct vp_error err = { 0 };

	if (vp_pair_start(&inspector->pair, &inspector->options, &err))
		die("%s", err.text);
	inspector->failed = inspector->loaded = 0;
	load(inspector);
}

static void print_count(void *context, enum vp_tally_kind kind, uint32_t of, uint64_t n)
{
	static const char *const names[VP_TALLY_KINDS] = {
		[VP_TALLY_PACKETS] = "packets",	  [VP_TALLY_HITS] = "hits",
		[VP_TALLY_REASONS] = "reasons",	  [VP_TALLY_BLOCKED] = "blocked",
		[VP_TALLY_REPLACED] = "replaced", [VP_TALLY_UNTOLD] = "untold",
		[VP_TALLY_STRAY] = "stray",	  [VP_TALLY_UNREAD] = "unread",
		[VP_TALLY_VERDICTS] = "verdicts", [VP_TALLY_SENT] = "sent",
		[VP_TALLY_SETTLED] = "settled",	  [VP_TALLY_TICKS] = "ticks",
		[VP_TALLY_BEATS] = "beats",	  [VP_TALLY_UNHEARD] = "unheard",
	};

	(void)context;
	printf("count %s %u %llu\n", kind < VP_TALLY_KINDS ? names[kind] : "failures", of,
	       (unsigned long long)n);
}

static void print_counts(struct inspector *inspector)
{
	for (int side = 0; side < VP_PAIR_SIDES; side++)
		vp_tally_each(vp_pair_tally(inspector->pair, side), print_count, NULL);
	printf("counts end\n");
}

static void print_ready(struct inspector *inspector)
{
	const struct vp_pair_state *state = vp_pair_state(inspector->pair);

	if (state->well)
		printf("ready worker %d writer %d confinement %x %x\n",
		       (int)state->pid[VP_PAIR_WORKER], (int)state->pid[VP_PAIR_WRITER],
		       state->confinement[VP_PAIR_WORKER], state->confinement[VP_PAIR_WRITER]);
}

static void handle_note(struct inspector *inspector, const struct vp_note *note)
{
	const struct vp_note_hit *hit = &note->hit;

	if (note->kind == VP_NOTE_READY)
		print_ready(inspector);
	else if (note->kind == VP_NOTE_LOADED)
		printf("loaded %llu\n", (unsigned long long)note->number);
	else if (note->kind == VP_NOTE_REFUSED)
		printf("refused %llu: %s\n", (unsigned long long)note->number, note->text);
	else if (note->kind == VP_NOTE_GONE)
		printf("gone %llu\n", (unsigned long long)note->number);
	else if (note->kind == VP_NOTE_LATE)
		printf("late %s\n", vp_lateness_name((enum vp_lateness)note->number));
	else if (note->kind == VP_NOTE_HIT)
		printf("hit queue %u reason %s verdict %s%s port %u %s\n", hit->queue,
		       vp_reason_name(hit->reason), vp_verdict_name(hit->verdict),
		       hit->monitor ? " (monitor)" : "", hit->destination_port, hit->detail);
	if (note->kind == VP_NOTE_LOADED && inspector->loaded) {
		vp_pair_tell(inspector->pair, VP_NOTE_FORGET, inspector->loaded);
		inspector->loaded = note->number;
	} else if (note->kind == VP_NOTE_LOADED) {
		inspector->loaded = note->number;
	}
}

/* Said once. */
static void watch_state(struct inspector *inspector)
{
	const struct vp_pair_state *state = vp_pair_state(inspector->pair);

	if (inspector->failed || (state->pid[VP_PAIR_WORKER] && state->pid[VP_PAIR_WRITER]))
		return;
	inspector->failed = vp_milliseconds();
	printf("failed worker %s writer %s\n",
	       state->pid[VP_PAIR_WORKER] ? "runs" : state->ended[VP_PAIR_WORKER],
	       state->pid[VP_PAIR_WRITER] ? "runs" : state->ended[VP_PAIR_WRITER]);
}

/* False: it ends. */
static bool handle_line(struct inspector *inspector)
{
	char line[600];

	if (!fgets(line, sizeof(line), stdin) || !strcmp(line, "quit\n"))
		return false;
	line[strcspn(line, "\n")] = 0;
	if (!strncmp(line, "program ", 8)) {
		snprintf(inspector->definition, sizeof(inspector->definition), "%.500s",
			 line + 8);
		load(inspector);
	} else if (!strcmp(line, "forget")) {
		vp_pair_tell(inspector->pair, VP_NOTE_FORGET, inspector->loaded);
		inspector->loaded = 0;
	} else if (!strcmp(line, "restart")) {
		vp_pair_stop(inspector->pair);
		start(inspector);
	} else if (!strcmp(line, "counts")) {
		print_counts(inspector);
	}
	return true;
}

static void serve(struct inspector *inspector)
{
	bool goes_on = true;

	while (goes_on) {
		struct pollfd fds[] = {
			{ .fd = 0, .events = POLLIN },
			{ vp_pair_fd(inspector->pair, VP_PAIR_WORKER), POLLIN, 0 },
			{ vp_pair_fd(inspector->pair, VP_PAIR_WRITER), POLLIN, 0 },
		};
		struct vp_note note;

		(void)poll(fds, VP_COUNT(fds), 50);
		while (vp_pair_read(inspector->pair, &note))
			handle_note(inspector, &note);
		vp_pair_tick(inspector->pair);
		watch_state(inspector);
		if (fds[0].revents)
			goes_on = handle_line(inspector);
		fflush(stdout);
	}
}

static void add_queue(struct vp_setup *setup, const char *text)
{
	const char *class = strchr(text, ':');
	struct vp_queue *queue = &setup->queues[setup->queue_count++];

	if (!class || setup->queue_count > VP_QUEUES_MAX)
		die("expected QUEUE:CLASS, found %s", text);
	queue->number = (uint16_t)atoi(text);
	queue->gso = true;
	queue->length = 4096;
	while (queue->class < VP_QUEUE_CLASSES &&
	       strcmp(vp_queue_class_name((enum vp_queue_class)queue->class), class + 1))
		queue->class ++;
	if (queue->class == VP_QUEUE_CLASSES)
		die("no such class: %s", class + 1);
}

static int run(int count, char *arguments[])
{
	_cleanup_free_ char *worker = vp_format("%s/vpatchd-inspect", arguments[0]);
	_cleanup_free_ char *writer = vp_format("%s/vpatchd-verdict", arguments[0]);
	struct inspector inspector = { .options = { .worker = worker, .writer = writer } };
	struct vp_setup *setup = &inspector.options.setup;

	snprintf(setup->user, sizeof(setup->user), "%s", arguments[1]);
	snprintf(inspector.definition, sizeof(inspector.definition), "%s", arguments[2]);
	setup->deadline = VP_LEASE_TIME;
	setup->lease_mark = VP_LEASE_MARK;
	for (int i = 3; i < count; i++)
		add_queue(setup, arguments[i]);
	setvbuf(stdin, NULL, _IONBF, 0); /* poll() sees what is there */
	start(&inspector);
	serve(&inspector);
	print_counts(&inspector);
	vp_pair_stop(inspector.pair);
	return 0;
}

int main(int argc, char *argv[])
{
	if (argc >= 5 && !strcmp(argv[1], "rule"))
		return add_rule(argv + 2);
	if (argc >= 6 && !strcmp(argv[1], "run"))
		return run(argc - 2, argv + 2);
	die("wrong arguments: see the top of inspector.c");
}
