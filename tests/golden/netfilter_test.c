/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Golden artefacts of the planner and the netfilter compiler: for each folder
 * below tests/golden/netfilter, policy.vpatch must give plan.ok and nft.ok, and
 * nft itself must accept nft.ok (nft -c, in a network namespace of its own; on a
 * kernel without the queue expression all but that).
 *
 *     netfilter_test [--update]        compare all cases, or write their .ok files
 *     netfilter_test --show PATH...    print findings, plan and nft text of any policy
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "modules/netfilter/compile.h"
#include "modules/netfilter/text.h"
#include "tests/golden/golden.h"
#include "tests/harness/planned.h"

/* The host of all cases: management, somebody at work, a gateway. */
static void make_host(struct vp_host *host)
{
	struct vp_session session = { .peer_port = 50000, .local_port = 22 };
	struct vp_address_range range;

	*host = (struct vp_host){ .now = 1767225600,
				  .clock_synchronised = true,
				  .log_group = 1780,
				  .examples_allowed = true };
	vp_array_push(&host->management,
		      ((struct vp_port_range){ .protocol = 6, .first = 22, .last = 22 }));
	vp_address_parse("198.51.100.7", &session.peer);
	vp_address_parse("198.51.100.1", &session.local);
	vp_array_push(&host->sessions, session);
	vp_address_range_parse("198.51.100.1", &range);
	vp_array_push(&host->addresses, range);
	vp_array_push(&host->never_ban, range);
	vp_address_range_parse("2001:db8::1", &range);
	vp_array_push(&host->never_ban, range);
}

/* Plan and nft text of the policy at `paths`; 0 or -1, the findings are printed. */
static int produce(const char *const *paths, size_t count, struct vp_strbuf *plan_text,
		   struct vp_strbuf *nft_text)
{
	struct planned p = { 0 };
	struct vp_ruleset *ruleset = NULL;
	struct vp_error err = { 0 };
	int result = -1;

	make_host(&p.host);
	vp_sources_read(&p.sources, paths, count, NULL, 0, 0, &p.findings);
	planned_build(&p,
		      VP_POINT_BIT(VP_POINT_NETFILTER) | VP_POINT_BIT(VP_POINT_INSPECTION));
	fputs(vp_strbuf_text(&p.text), stderr);
	if (!p.findings.errors && !vp_ruleset_compile(&p.plan, &p.host, 1, &ruleset, &err)) {
		vp_plan_print(&p.plan, plan_text);
		vp_ruleset_print(ruleset, nft_text);
		result = 0;
	}
	if (err.code)
		fprintf(stderr, "%s\n", err.text);
	vp_ruleset_free(ruleset);
	planned_free(&p);
	return result;
}

/* Exit status of `nft -c -f -` fed with `text`, in a namespace of its own; GOLDEN_SKIP when
 * that cannot be had. `quiet`: without what nft has to say. */
static int nft_accepts(const struct vp_strbuf *text, bool quiet)
{
	int pipes[2], status;
	pid_t child;

	if (pipe(pipes) < 0)
		return GOLDEN_SKIP;
	child = fork();
	if (child == 0) {
		dup2(pipes[0], 0);
		close(pipes[0]);
		close(pipes[1]);
		if (quiet)
			close(2);
		if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
			_exit(GOLDEN_SKIP);
		execlp("nft", "nft", "-c", "-f", "-", (char *)NULL);
		_exit(GOLDEN_SKIP);
	}
	close(pipes[0]);
	for (size_t done = 0; child > 0 && done < text->len;) {
		ssize_t n = write(pipes[1], text->data + done, text->len - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	close(pipes[1]);
	if (child < 0 || waitpid(child, &status, 0) != child)
		return GOLDEN_SKIP;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* The same rules with another verdict in the place of `queue`. */
static void put_without_queue(const struct vp_strbuf *text, struct vp_strbuf *out)
{
	static const char *const queues[] = { " queue flags bypass to ", " queue to " };
	const char *at = vp_strbuf_text(text), *end = at + text->len;

	while (at < end) {
		size_t skip = 0;

		for (size_t i = 0; i < VP_COUNT(queues); i++)
			if (!strncmp(at, queues[i], strlen(queues[i])))
				skip = strlen(queues[i]);
		if (!skip) {
			vp_strbuf_addc(out, *at++);
			continue;
		}
		vp_strbuf_adds(out, " continue");
		at += skip;
		at += strspn(at, "0123456789-");
	}
}

static bool kernel_queues(void)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };

	vp_strbuf_adds(&text, "table inet t { chain c { queue to 0; }; }\n");
	return nft_accepts(&text, true) == 0;
}

/* nft_accepts(), as far as this kernel can. */
static int nft_accepts_rules(const struct vp_strbuf *text)
{
	_cleanup_strbuf_ struct vp_strbuf rest = { 0 };

	if (!strstr(vp_strbuf_text(text), " queue ") || kernel_queues())
		return nft_accepts(text, false);
	put_without_queue(text, &rest);
	return nft_accepts(&rest, false);
}

static int run(const char *name, bool update)
{
	static const char *const paths[] = { "policy.vpatch" };
	_cleanup_strbuf_ struct vp_strbuf plan = { 0 }, nft = { 0 };
	int accepted, result = 0;

	if (produce(paths, 1, &plan, &nft) < 0) {
		printf("FAIL %s: findings or a refusal\n", name);
		return -1;
	}
	result |= golden_compare(name, "plan.ok", &plan, update);
	result |= golden_compare(name, "nft.ok", &nft, update);
	accepted = nft_accepts_rules(&nft);
	if (accepted == GOLDEN_SKIP)
		printf("%s: nft or a network namespace cannot be had\n", name);
	else if (accepted)
		printf("FAIL %s: nft does not accept the text\n", name);
	return result ? result : accepted;
}

static int show(const char *const *paths, size_t count)
{
	_cleanup_strbuf_ struct vp_strbuf plan = { 0 }, nft = { 0 };

	if (produce(paths, count, &plan, &nft) < 0)
		return 1;
	printf("%s\n%s", vp_strbuf_text(&plan), vp_strbuf_text(&nft));
	return nft_accepts_rules(&nft);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "--show"))
		return show((const char *const *)argv + 2, (size_t)argc - 2);
	return golden_run("netfilter", argc > 1 && !strcmp(argv[1], "--update"), run);
}
