/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread is stopped, its filters are judged, ours is installed and read back, and the
 * thread goes on as it was. From vp_remote_stop to vp_visit_let_go nothing is allocated and
 * nothing returns in between.
 */
#include "agentd/inject/visit.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/ptrace.h>
#include <linux/rseq.h>

#include "agentd/inject/listener.h"
#include "agentd/inject/memory.h"
#include "agentd/inject/sleep.h"

#define MOST_ERRNO  4095
#define CODE_OFFSET 64u /* in the scratch memory, behind what points there */
#define ANY_ADDRESS UINT64_C(0x7fff00000000) /* as the kernel might choose one */

/* The calls made in a thread, as its own filters are asked about them. */
enum call {
	CALL_MMAP,
	CALL_MUNMAP,
	CALL_NOTHING,
	CALL_RESTART,
	CALL_NNP,
	CALL_SECCOMP,
	CALL_PRCTL,
	CALL_CLOSE,
	CALLS
};
#define BIT(call) (1u << (call))

struct work {
	struct vp_injector *injector;
	struct vp_visit *visit;
	struct vp_remote remote;
	struct vp_arch_call calls[CALLS];
	bool needs_privs;
	uint64_t scratch; /* address; 0: none */
	size_t scratch_len, page;
	bool keep;     /* its first page holds a timeout that the kernel will read */
	bool filtered; /* it has filters, as /proc says */
	struct vp_sleep sleep;
};

static enum vp_visit_end refuse(struct work *work, enum vp_inject_reason reason,
				int64_t detail)
{
	work->visit->reason = reason;
	work->visit->detail = detail;
	return VP_VISIT_REFUSED;
}

static size_t scratch_len(const struct vp_injection *injection, size_t page)
{
	size_t len = CODE_OFFSET + injection->len * sizeof(*injection->program);

	return (len + page - 1) / page * page;
}

static bool with_listener(const struct work *work)
{
	return work->injector->injection.take != NULL;
}

static uint64_t seccomp_flags(const struct work *work)
{
	uint64_t flags = with_listener(work) ? vp_inject_listener_flags()
					     : SECCOMP_FILTER_FLAG_SPEC_ALLOW;

	if (work->visit->together)
		flags |= SECCOMP_FILTER_FLAG_TSYNC;
	if (work->injector->injection.flags & VP_INJECT_LOG)
		flags |= SECCOMP_FILTER_FLAG_LOG;
	return flags;
}

static void fill_calls(struct work *work, uint64_t scratch)
{
	work->page = (size_t)sysconf(_SC_PAGESIZE);
	work->scratch_len = scratch_len(&work->injector->injection, work->page);
	work->calls[CALL_MMAP] =
		(struct vp_arch_call){ SYS_mmap,
				       { 0, work->scratch_len, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX, 0 } };
	work->calls[CALL_MUNMAP] =
		(struct vp_arch_call){ SYS_munmap, { scratch, work->scratch_len } };
	work->calls[CALL_RESTART] = (struct vp_arch_call){ SYS_restart_syscall, { 0 } };
	work->calls[CALL_NNP] =
		(struct vp_arch_call){ SYS_prctl, { PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0 } };
	work->calls[CALL_SECCOMP] = (struct vp_arch_call){
		SYS_seccomp, { SECCOMP_SET_MODE_FILTER, seccomp_flags(work), scratch }
	};
	work->calls[CALL_PRCTL] =
		(struct vp_arch_call){ SYS_prctl,
				       { PR_SET_SECCOMP, SECCOMP_MODE_FILTER, scratch } };
	work->calls[CALL_CLOSE] = (struct vp_arch_call){ SYS_close, { 0 } };
}

/* What the present filters say to what is to be done; VP_VISIT_DONE: it may be. */
static enum vp_visit_end judge(struct work *work)
{
	struct vp_present *present = &work->injector->present;
	uint32_t needed = BIT(CALL_MMAP) | BIT(CALL_MUNMAP);
	int r;

	present->allows = work->injector->injection.allows;
	present->program = work->injector->injection.program;
	present->len = work->injector->injection.len;
	present->calls = work->calls;
	present->call_count = CALLS;
	work->calls[CALL_NOTHING] = vp_remote_nothing(&work->remote);
	present->ip = work->remote.instruction + vp_arch_instruction_len;
	r = vp_present_read(present, work->remote.thread, work->filtered);
	if (r)
		return refuse(work, VP_REASON_UNREAD, -r);
	if (present->found && !with_listener(work)) /* else the kernel knows if that is held */
		return VP_VISIT_PRESENT;
	if (work->needs_privs)
		needed |= BIT(CALL_NNP);
	if (vp_arch_quirks)
		needed |= BIT(CALL_NOTHING);
	needed |= BIT(work->visit->prctl ? CALL_PRCTL : CALL_SECCOMP);
	if (with_listener(work))
		needed |= BIT(CALL_CLOSE);
	for (int call = 0; call < CALLS; call++) {
		if (!(present->denied & needed & BIT(call)))
			continue;
		if (call == CALL_SECCOMP && !with_listener(work) &&
		    !(present->denied & BIT(CALL_PRCTL)))
			return VP_VISIT_PRCTL;
		return refuse(work, present->allows ? VP_REASON_DENIED : VP_REASON_UNREAD,
			      present->allows ? work->calls[call].number : 0);
	}
	return VP_VISIT_DONE;
}

/* Make a call: 0 and its result, or how the visit ends. */
static int call(struct work *work, enum call which, int64_t *result)
{
	int r = vp_remote_call(&work->remote, &work->calls[which], result);

	if (r)
		refuse(work, VP_REASON_LOST, -r);
	return r;
}

static bool failed(int64_t result)
{
	return result < 0 && result >= -MOST_ERRNO;
}

static enum vp_visit_end prepare(struct work *work)
{
	const struct vp_injection *injection = &work->injector->injection;
	struct sock_fprog header = { .len = (unsigned short)injection->len };
	int64_t result;

	if (call(work, CALL_MMAP, &result))
		return VP_VISIT_REFUSED;
	if (failed(result))
		return refuse(work, VP_REASON_MEMORY, -result);
	work->scratch = (uint64_t)result;
	fill_calls(work, work->scratch);
	header.filter = (struct sock_filter *)(uintptr_t)(work->scratch + CODE_OFFSET);
	if (!vp_memory_write(work->remote.thread, work->scratch, &header, sizeof(header)) ||
	    !vp_memory_write(work->remote.thread, work->scratch + CODE_OFFSET,
			     injection->program, injection->len * sizeof(*injection->program)))
		return refuse(work, VP_REASON_MEMORY, errno);
	if (!work->needs_privs)
		return VP_VISIT_DONE;
	if (call(work, CALL_NNP, &result))
		return VP_VISIT_REFUSED;
	if (failed(result))
		return refuse(work, VP_REASON_PRIVILEGE, 0);
	work->visit->injected->flags |= VP_INJECTED_PRIVS;
	return VP_VISIT_DONE;
}

/*
 * The process must not keep its listener: where nobody else had it any more, what waits for an
 * answer would wait for ever.
 */
static enum vp_visit_end fetch(struct work *work, int64_t fd)
{
	const struct vp_visit *visit = work->visit;
	int fetched = vp_inject_listener_fetch(visit->target->id, visit->thread->id, (int)fd);
	int64_t result;

	work->calls[CALL_CLOSE].arguments[0] = (uint64_t)fd;
	if (!call(work, CALL_CLOSE, &result) && fetched >= 0) {
		work->visit->listener = fetched;
		return VP_VISIT_DONE;
	}
	if (fetched >= 0)
		close(fetched);
	return refuse(work, VP_REASON_UNANSWERED, fetched < 0 ? -fetched : 0);
}

/* What the kernel said to a filter with a listener. */
static enum vp_visit_end judge_listener(struct work *work, int64_t result)
{
	if (result >= 0)
		return fetch(work, result);
	if (result == -ESRCH)
		return VP_VISIT_DIVERGED;
	if (result == -EBUSY && !work->injector->present.found)
		return refuse(work, VP_REASON_LISTENER, 0);
	if (result == -EBUSY)
		return work->visit->target->listener ? refuse(work, VP_REASON_KEPT, 0)
						     : VP_VISIT_PRESENT;
	return refuse(work, VP_REASON_PROGRAM, -result);
}

static enum vp_visit_end judge_result(struct work *work, int64_t result)
{
	if (result == -EACCES)
		return refuse(work, VP_REASON_PRIVILEGE, 0);
	if (with_listener(work))
		return judge_listener(work, result);
	if (result > 0) {
		work->visit->detail = result;
		return VP_VISIT_DIVERGED;
	}
	return result ? refuse(work, VP_REASON_PROGRAM, -result) : VP_VISIT_DONE;
}

static enum vp_visit_end install(struct work *work)
{
	struct vp_present *present = &work->injector->present;
	enum vp_visit_end end;
	int64_t result;
	int same;

	if (call(work, work->visit->prctl ? CALL_PRCTL : CALL_SECCOMP, &result))
		return VP_VISIT_REFUSED;
	end = judge_result(work, result);
	if (end != VP_VISIT_DONE)
		return end;
	same = vp_present_is(present, work->remote.thread, present->filters);
	if (same == -EINVAL && !work->filtered) { /* this kernel gives none */
		work->visit->injected->flags |= VP_INJECTED_COUNTED;
		return VP_VISIT_DONE;
	}
	return same > 0 ? VP_VISIT_DONE : refuse(work, VP_REASON_UNLIKE, same);
}

/*
 * A timeout that is in memory: what is left of it goes into the scratch memory, whose first
 * page then stays. The program's own is not touched: it may be a constant.
 */
static void move_timeout(struct work *work)
{
	const struct vp_fixup_table *table = &work->injector->injection.fixups;
	const struct vp_fixup *fixup;
	struct vp_arch_wait wait;
	struct timespec left;
	int64_t timeout, spent = vp_sleep_elapsed(&work->sleep);

	vp_arch_wait(&work->remote.registers, &wait);
	fixup = vp_fixup_needed(table, &wait);
	if (!fixup || fixup->timeout != VP_FIXUP_TIMESPEC || spent < 0 || !work->scratch)
		return;
	timeout = vp_sleep_timeout(fixup, work->remote.thread, &wait.call);
	if (timeout < 0)
		return;
	timeout = vp_fixup_left(timeout, spent);
	left = (struct timespec){ timeout / 1000000000, timeout % 1000000000 };
	if (!vp_memory_write(work->remote.thread, work->scratch, &left, sizeof(left)))
		return;
	vp_arch_restart(&work->remote.registers, fixup->argument, work->scratch);
	work->keep = true;
}

static void unmap(struct work *work)
{
	size_t kept = work->keep ? work->page : 0;
	int64_t result;

	if (!work->scratch || work->remote.gone || work->scratch_len == kept)
		return;
	work->calls[CALL_MUNMAP].arguments[0] = work->scratch + kept;
	work->calls[CALL_MUNMAP].arguments[1] = work->scratch_len - kept;
	(void)vp_remote_call(&work->remote, &work->calls[CALL_MUNMAP], &result);
}

/* A call with a timeout in its arguments, made again with what is left of that. */
static void repeat(struct vp_remote *remote, const struct vp_fixup *fixup,
		   const struct vp_arch_wait *wait, int64_t spent,
		   struct vp_injected *injected)
{
	int64_t timeout;

	if (fixup->timeout != VP_FIXUP_MILLISECONDS ||
	    !vp_fixup_timed(fixup, wait->call.arguments)) {
		if (fixup->timeout == VP_FIXUP_SOCKET ||
		    vp_fixup_timed(fixup, wait->call.arguments))
			injected->flags |= VP_INJECTED_LATE;
		vp_arch_restart(&remote->registers, -1, 0);
		return;
	}
	if (spent < 0)
		injected->flags |= VP_INJECTED_LATE;
	timeout = (int32_t)wait->call.arguments[fixup->argument];
	timeout = (vp_fixup_left(timeout * 1000000, spent) + 999999) / 1000000;
	vp_arch_restart(&remote->registers, fixup->argument, (uint64_t)timeout);
}

int vp_visit_let_go(const struct vp_injector *injector, struct vp_remote *remote,
		    int64_t slept, bool may_restart, struct vp_injected *injected)
{
	const struct vp_fixup_table *table = &injector->injection.fixups;
	const struct vp_fixup *fixup;
	struct vp_arch_wait wait;
	uint64_t pause;
	int r;

	vp_arch_wait(&remote->registers, &wait);
	fixup = vp_fixup_needed(table, &wait);
	if (vp_arch_quirks &&
	    vp_fixup_find(table, vp_arch_quirks->after_call(&remote->registers)))
		injected->flags |= VP_INJECTED_EINTR;
	if (fixup) {
		repeat(remote, fixup, &wait, slept, injected);
	} else if (wait.result == -VP_RESTART_BLOCK && !may_restart) {
		vp_arch_restart(&remote->registers, -1, 0);
		injected->flags |= VP_INJECTED_LATE;
	}
	r = vp_remote_release(remote);
	pause = vp_remote_clock() - remote->began;
	if (pause > injected->pause)
		injected->pause = pause;
	injected->stops++;
	return r;
}

/* Stopped in user mode within a critical section: go on where the kernel would have sent it.
 */
static void leave_section(struct vp_remote *remote)
{
	struct ptrace_rseq_configuration where;
	struct vp_fixup_rseq fixup;
	struct rseq_cs section;
	struct rseq area;
	long len = ptrace((int)PTRACE_GET_RSEQ_CONFIGURATION, remote->thread,
			  (void *)sizeof(where), &where);

	if (len < (long)sizeof(where) || !where.rseq_abi_pointer)
		return;
	if (!vp_memory_read(remote->thread, where.rseq_abi_pointer, &area, sizeof(area)) ||
	    !area.rseq_cs ||
	    !vp_memory_read(remote->thread, area.rseq_cs, &section, sizeof(section)))
		return;
	fixup = (struct vp_fixup_rseq){ .version = section.version,
					.flags = section.flags,
					.first = section.start_ip,
					.len = section.post_commit_offset,
					.abort = section.abort_ip };
	vp_arch_set_ip(&remote->registers,
		       vp_fixup_rseq_ip(&fixup, vp_arch_ip(&remote->registers)));
}

/* Where a filter that it has denies the kernel's own way of making a call again. */
static bool may_restart(struct work *work)
{
	uint32_t denied = work->injector->present.denied;

	if (!(denied & BIT(CALL_RESTART)))
		return true;
	if (vp_arch_quirks && !(denied & BIT(CALL_NOTHING)))
		(void)vp_remote_take(&work->remote);
	return false;
}

/* Should we die while it is only looked at: a call that has ended early is made again. */
static void secure(struct work *work)
{
	struct vp_arch_registers registers = work->remote.registers;
	struct vp_arch_wait wait;

	vp_arch_wait(&registers, &wait);
	if (!vp_fixup_needed(&work->injector->injection.fixups, &wait))
		return;
	vp_arch_restart(&registers, -1, 0);
	(void)vp_arch_write(work->remote.thread, &registers);
}

static enum vp_visit_end inside(struct work *work)
{
	enum vp_visit_end end;
	struct vp_arch_wait wait;
	int r;

	if (vp_arch_foreign(&work->remote.registers))
		return refuse(work, VP_REASON_FOREIGN, 0);
	end = judge(work);
	if (end != VP_VISIT_DONE)
		return end;
	vp_arch_wait(&work->remote.registers, &wait);
	if (wait.call.number < 0)
		leave_section(&work->remote);
	work->remote.way = &work->visit->target->way;
	work->remote.again = vp_fixup_needed(&work->injector->injection.fixups, &wait) != NULL;
	r = vp_remote_take(&work->remote);
	if (r == -EBUSY)
		return VP_VISIT_GONE; /* as good as: by another thread, or later */
	end = r ? refuse(work, VP_REASON_LOST, -r) : prepare(work);
	if (end == VP_VISIT_DONE)
		end = install(work);
	if (!work->remote.gone) {
		move_timeout(work);
		unmap(work);
	}
	return end;
}

static enum vp_visit_end not_stopped(struct work *work, int r)
{
	struct vp_inject_late *late = &work->injector->late;

	if (r == -ESRCH)
		return VP_VISIT_GONE;
	if (r != -ETIMEDOUT)
		return refuse(work, VP_REASON_FORBIDDEN, -r);
	if (work->visit->held)
		return VP_VISIT_LATE;
	late->remotes[late->count++] = work->remote;
	return VP_VISIT_LATE;
}

static enum vp_visit_end hand_over(struct work *work, enum vp_visit_end end)
{
	const struct vp_injection *injection = &work->injector->injection;
	struct vp_visit *visit = work->visit;
	bool taken = injection->take(injection->taker, visit->listener, visit->target->id);

	close(visit->listener);
	visit->listener = 0;
	return taken ? end : refuse(work, VP_REASON_UNANSWERED, 0);
}

enum vp_visit_end vp_visit(struct vp_injector *injector, struct vp_visit *visit)
{
	const struct vp_injection *injection = &injector->injection;
	struct work work = { .injector = injector,
			     .visit = visit,
			     .remote = { .beat = injector->beat },
			     .sleep = { .table = &injection->fixups,
					.target = visit->target,
					.thread = visit->thread->id } };
	enum vp_visit_end end;
	struct vp_thread now;
	int r;

	if (injector->late.count == VP_INJECT_LATE_MAX && !visit->held)
		return refuse(&work, VP_REASON_CROWD, 0);
	work.needs_privs = !visit->thread->admin && !visit->thread->no_new_privs;
	if (work.needs_privs && !(injection->flags & VP_INJECT_NO_NEW_PRIVS))
		return refuse(&work, VP_REASON_PRIVILEGE, 0);
	if (injection->take && !injection->taker)
		return refuse(&work, VP_REASON_ANSWER, 0);
	if (injection->take && !vp_inject_listener_flags())
		return refuse(&work, VP_REASON_OLD, 0);
	fill_calls(&work, ANY_ADDRESS);
	injector->present.denied = 0;
	if (!visit->held)
		vp_sleep_look(&work.sleep);
	r = (visit->held ? vp_remote_hold : vp_remote_stop)(&work.remote, visit->thread->id,
							    visit->target->instruction,
							    injection->deadline);
	if (r)
		return not_stopped(&work, r);
	vp_sleep_recall(&work.sleep, &work.remote);
	secure(&work);
	/* its number was not another's: the folder is of this process */
	if (!vp_target_thread(visit->target, visit->thread->id, &now) &&
	    now.start == visit->thread->start && !vp_target_is_replaced(visit->target)) {
		work.filtered = now.seccomp != 0;
		vp_sleep_stop(&work.sleep, now.waits);
		end = inside(&work);
	} else {
		end = VP_VISIT_GONE;
	}
	if (work.sleep.unsure && work.sleep.stopped)
		visit->injected->flags |= VP_INJECTED_LATE;
	r = vp_visit_let_go(injector, &work.remote, vp_sleep_elapsed(&work.sleep),
			    may_restart(&work), visit->injected);
	if (visit->listener)
		end = hand_over(&work, end);
	if (work.remote.gone)
		return VP_VISIT_GONE;
	return r && end == VP_VISIT_DONE ? refuse(&work, VP_REASON_LOST, -r) : end;
}
