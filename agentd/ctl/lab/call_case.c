/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls made and judged: see call_case.h. */
#include "agentd/ctl/lab/call_case.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "agentd/ctl/lab/call_filter.h"
#include "modules/seccomp/action.h"

#define PATIENCE      100  /* milliseconds for a call to return */
#define MORE_PATIENCE 2000 /* where with and without the filter differ by that */
#define TRIES	      3
#define TYPE_MASK     0xf /* of socket(): the rest are flags */

/*
 * A cell has no capabilities in any user namespace, no process, terminal, key, queue, network
 * or file but its own, and its calls have addresses that are numbers of a definition: mostly
 * none. So a call that asks for anything of the host's fails as it does for any other user
 * without rights: mount, ptrace, setns, bpf, perf_event_open, swapon, settimeofday, ioctl
 * on a terminal, kill of everybody (which is the cell). What is left:
 */
static const struct {
	const char *call, *what;
} hazards[] = {
	/* they ask for a capability first; this only makes sure twice */
	{ "reboot", "calls about the whole machine" },
	{ "kexec_load", "calls about the whole machine" },
	{ "kexec_file_load", "calls about the whole machine" },
	{ "init_module", "calls about the whole machine" },
	{ "finit_module", "calls about the whole machine" },
	{ "delete_module", "calls about the whole machine" },
	/* goes on with whatever is on the stack */
	{ "rt_sigreturn", "returns from signals that there were none of" },
};

/* Will a socket of this kind be there without a module that the kernel would have to load? */
static bool is_plain_socket(uint32_t domain, uint32_t type, uint32_t protocol)
{
	switch (domain) {
	case AF_UNIX:
		return true;
	case AF_INET:
	case AF_INET6:
		type &= TYPE_MASK;
		return type == SOCK_RAW ||
		       (type == SOCK_STREAM && (!protocol || protocol == IPPROTO_TCP)) ||
		       (type == SOCK_DGRAM && (!protocol || protocol == IPPROTO_UDP));
	case AF_NETLINK:
		return protocol == NETLINK_ROUTE || protocol == NETLINK_KOBJECT_UEVENT ||
		       protocol == NETLINK_GENERIC;
	default:
		return false;
	}
}

/* Does this kernel load modules by itself when somebody asks for what they have? */
static bool loads_modules(void)
{
	char name[2];
	int fd = open("/proc/sys/kernel/modprobe", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read(fd, name, sizeof(name));

	if (fd >= 0)
		close(fd);
	return got > 1;
}

/* Addresses of the kernel's own memory: a kernel with the hole would use them. */
static bool names_kernel_memory(const struct vp_call_vector *call)
{
	for (size_t i = 0; i < VP_CALL_ARGUMENTS; i++)
		if (call->prototype->arguments[i].type == VP_CALL_POINTER &&
		    call->arguments[i] >> 63)
			return true;
	return false;
}

const char *vp_call_hazard(const struct vp_attempt *attempt)
{
	const struct vp_call_vector *call = attempt->call;
	const char *name = call->prototype->name;

	for (size_t i = 0; i < VP_COUNT(hazards); i++)
		if (!strcmp(hazards[i].call, name))
			return hazards[i].what;
	if (names_kernel_memory(call))
		return "calls with addresses of the kernel's memory";
	if ((!strcmp(name, "socket") || !strcmp(name, "socketpair")) &&
	    !is_plain_socket((uint32_t)call->arguments[0], (uint32_t)call->arguments[1],
			     (uint32_t)call->arguments[2]) &&
	    loads_modules())
		return "sockets for which the kernel would load a module";
	return NULL;
}

static void add_outcome(struct vp_strbuf *out, const struct vp_outcome *outcome)
{
	char text[VP_OUTCOME_TEXT];

	vp_strbuf_adds(out, vp_outcome_print(outcome, text));
}

static enum vp_case_verdict judge_denied(const struct vp_call_case *c,
					 struct vp_strbuf *expected, struct vp_strbuf *found)
{
	const struct vp_outcome wanted = { VP_OUTCOME_RETURNED, 0,
					   -(int64_t)(c->action & SECCOMP_RET_DATA) };
	int twin = vp_call_filter_twin_errno((int)(c->action & SECCOMP_RET_DATA));

	add_outcome(expected, &wanted);
	add_outcome(found, &c->found);
	if ((c->action & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO) {
		char text[VP_ACTION_TEXT];

		vp_strbuf_free(expected);
		vp_strbuf_addf(expected, "denied (but by the rules it is %s)",
			       vp_action_name(c->action, text));
		return VP_CASE_BAD;
	}
	if (!vp_outcome_same(&c->found, &wanted))
		return VP_CASE_BAD;
	if (c->controlled && !vp_outcome_same(&c->control, &c->found))
		return VP_CASE_GOOD;
	if (!c->twinned)
		return VP_CASE_ALIKE;
	if (vp_outcome_error(&c->twin) == twin)
		return VP_CASE_GOOD;
	vp_strbuf_adds(expected, " by the filter");
	vp_strbuf_adds(found, " by the kernel");
	return VP_CASE_BAD;
}

enum vp_case_verdict vp_call_case_judge(const struct vp_call_case *c,
					struct vp_strbuf *expected, struct vp_strbuf *found)
{
	if (c->attempt->denied)
		return judge_denied(c, expected, found);
	if (c->hazard || !c->controlled)
		return VP_CASE_UNMADE;
	add_outcome(expected, &c->control);
	vp_strbuf_adds(expected, ", as without the filter");
	add_outcome(found, &c->found);
	return vp_outcome_same(&c->control, &c->found) ? VP_CASE_GOOD : VP_CASE_BAD;
}

struct making {
	const struct vp_case_order *order;
	struct vp_raw_call entry;
	unsigned int patience;
	struct vp_error *err;
};

static int make(const struct making *m, enum vp_stage_filter filter,
		struct vp_outcome *outcome)
{
	return vp_stage_make(m->order->stage, filter, &m->entry, m->patience, outcome, m->err);
}

/* Without a filter only where that cannot do harm; the twin only where it is needed. */
static int make_denied(const struct making *m, struct vp_call_case *c)
{
	int r = 0;

	c->controlled = !c->hazard;
	if (c->controlled)
		r = make(m, VP_STAGE_BARE, &c->control);
	if (!r)
		r = make(m, VP_STAGE_FILTER, &c->found);
	c->twinned = !r && (!c->controlled || vp_outcome_same(&c->control, &c->found));
	if (c->twinned)
		r = make(m, VP_STAGE_TWIN, &c->twin);
	return r;
}

static int make_allowed(const struct making *m, struct vp_call_case *c)
{
	int r;

	c->controlled = !c->hazard;
	if (c->hazard)
		return 0;
	r = make(m, VP_STAGE_BARE, &c->control);
	return r ? r : make(m, VP_STAGE_FILTER, &c->found);
}

int vp_call_case_make(const struct vp_case_order *order, const struct vp_attempt *attempt,
		      struct vp_call_case *c, struct vp_strbuf *expected,
		      struct vp_strbuf *found, struct vp_error *err)
{
	struct making m = { .order = order, .patience = PATIENCE, .err = err };
	enum vp_case_verdict verdict = VP_CASE_BAD;
	bool denies = vp_action_denies(vp_bpf_run(&order->program, &attempt->data));
	int r = 0;

	*c = (struct vp_call_case){ .attempt = attempt,
				    .action = vp_filter_judge(order->filter, &attempt->data),
				    .hazard = vp_call_hazard(attempt) };
	if (attempt->denied && c->hazard && !denies) {
		vp_strbuf_adds(expected, "denied");
		vp_strbuf_adds(found, "allowed, so it was not made");
		return VP_CASE_BAD;
	}
	vp_raw_call_of(attempt, &m.entry);
	/* what depends on time may differ once on a busy machine */
	for (int tries = 0; tries < TRIES && verdict == VP_CASE_BAD && !r; tries++) {
		vp_strbuf_free(expected);
		vp_strbuf_free(found);
		r = attempt->denied ? make_denied(&m, c) : make_allowed(&m, c);
		if (!r)
			verdict = vp_call_case_judge(c, expected, found);
		m.patience = MORE_PATIENCE;
	}
	return r ? r : (int)verdict;
}
