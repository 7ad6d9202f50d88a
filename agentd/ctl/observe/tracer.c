/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of perf_event_open(2), one for each processor and place: see tracer.h. */
#include "agentd/ctl/observe/tracer.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "agentd/ctl/observe/ring.h"
#include "lib/cleanup.h"
#include "lib/memory.h"

#define BUFFERS_MOST (64u << 20) /* of all processors together, for one place */
#define BUFFER_MOST  (2u << 20)
#define BUFFER_LEAST (64u << 10)
#define UNSETTLED    10000000ull /* nanoseconds: a record is written within that */

/* One place on one processor. */
struct source {
	uint64_t mark;
	void *memory; /* a page and the buffer behind it */
	size_t size;
	struct vp_trace_ring ring;
	struct vp_trace next; /* where `ready` */
	size_t next_len;
	bool ready;
};

struct vp_tracer {
	struct vp_tracer_order order;
	char *filter;
	VP_ARRAY(int) fds; /* as `sources` */
	VP_ARRAY(struct source) sources;
	uint64_t calls; /* read */
	uint64_t lost;	/* said by the kernel in records, or unreadable */
};

struct vp_tracer *vp_tracer_new(const struct vp_tracer_order *order)
{
	struct vp_tracer *tracer = vp_new(struct vp_tracer);

	tracer->order = *order;
	tracer->filter = vp_strdup(order->filter);
	return tracer;
}

void vp_tracer_free(struct vp_tracer *tracer)
{
	if (!tracer)
		return;
	vp_array_each (source, &tracer->sources) {
		munmap(source->memory, source->size);
		vp_trace_ring_free(&source->ring);
	}
	vp_array_each (fd, &tracer->fds)
		close(*fd);
	vp_array_free(&tracer->sources);
	vp_array_free(&tracer->fds);
	free(tracer->filter);
	free(tracer);
}

static void describe(const struct vp_tracer *tracer, const struct vp_tracer_place *place,
		     struct perf_event_attr *attr)
{
	*attr = (struct perf_event_attr){
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(*attr),
		.config = tracer->order.tracepoint->id,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_RAW |
			       PERF_SAMPLE_REGS_USER,
		.sample_regs_user = tracer->order.registers,
		.disabled = 1,
		.sample_id_all = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.watermark = 1,
		.task = place->processes,
		.comm = place->processes,
		.comm_exec = place->processes,
		.mmap = place->programs,
		.mmap2 = place->programs,
	};
}

static int fail_open(int error, struct vp_error *err)
{
	if (error == EACCES || error == EPERM)
		return vp_fail(
			err, -EACCES,
			"calls cannot be traced: %s; observing needs root, or "
			"CAP_PERFMON (before Linux 5.8 CAP_SYS_ADMIN), and no container "
			"or lockdown that keeps perf_event_open away",
			strerror(error));
	if (error == EMFILE || error == ENFILE)
		return vp_fail(err, -error,
			       "calls cannot be traced: %s; name fewer patches, or raise "
			       "'ulimit -n'",
			       strerror(error));
	return vp_fail(err, -error, "calls cannot be traced: perf_event_open: %s",
		       strerror(error));
}

/* Smaller, where there is no memory for it or not the right to lock so much. */
static int map_buffer(int fd, size_t most, struct source *source, struct vp_error *err)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (size_t size = most; size >= BUFFER_LEAST; size /= 2) {
		void *memory =
			mmap(NULL, page + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (memory == MAP_FAILED)
			continue;
		source->memory = memory;
		source->size = page + size;
		vp_trace_ring_init(&source->ring, memory, (uint8_t *)memory + page, size);
		return 0;
	}
	return vp_fail(err, -errno,
		       "calls cannot be traced: no buffer for them: %s; raise 'ulimit -l'",
		       strerror(errno));
}

static int open_on(struct vp_tracer *tracer, const struct perf_event_attr *attr,
		   const struct vp_tracer_place *place, int processor, size_t most,
		   struct vp_error *err)
{
	unsigned long flags = PERF_FLAG_FD_CLOEXEC |
			      (place->cgroup >= 0 ? (unsigned long)PERF_FLAG_PID_CGROUP : 0);
	_cleanup_close_ int fd =
		(int)syscall(SYS_perf_event_open, attr, place->cgroup, processor, -1, flags);
	struct source source = { .mark = place->mark };
	int r;

	if (fd < 0)
		return errno == ENODEV ? 0 : fail_open(errno, err); /* it is off */
	if (ioctl(fd, PERF_EVENT_IOC_SET_FILTER, tracer->filter))
		return vp_fail(err, -errno,
			       "calls cannot be traced: the kernel does not take the filter "
			       "of their numbers: %s",
			       strerror(errno));
	r = map_buffer(fd, most, &source, err);
	if (r)
		return r;
	vp_array_push(&tracer->sources, source);
	vp_array_push(&tracer->fds, TAKE_FD(fd));
	return 0;
}

static size_t buffer_size(long processors)
{
	size_t size = BUFFER_MOST;

	while (size > BUFFER_LEAST && size * (size_t)processors > BUFFERS_MOST)
		size /= 2;
	return size;
}

int vp_tracer_add(struct vp_tracer *tracer, const struct vp_tracer_place *place,
		  struct vp_error *err)
{
	long processors = sysconf(_SC_NPROCESSORS_CONF);
	size_t before = tracer->fds.len, most = buffer_size(processors);
	struct perf_event_attr attr;

	describe(tracer, place, &attr);
	attr.wakeup_watermark = (uint32_t)(most / 4);
	for (int i = 0; i < processors; i++) {
		int r = open_on(tracer, &attr, place, i, most, err);

		if (r)
			return r;
	}
	if (tracer->fds.len == before)
		return vp_fail(err, -ENODEV,
			       "calls cannot be traced: no processor takes the event");
	for (size_t i = before; i < tracer->fds.len; i++)
		if (ioctl(tracer->fds.data[i], PERF_EVENT_IOC_ENABLE, 0))
			return vp_fail(err, -errno, "calls cannot be traced: %s",
				       strerror(errno));
	return 0;
}

size_t vp_tracer_descriptors(const struct vp_tracer *tracer, const int **fds)
{
	*fds = tracer->fds.data;
	return tracer->fds.len;
}

void vp_tracer_stop(struct vp_tracer *tracer)
{
	vp_array_each (fd, &tracer->fds)
		ioctl(*fd, PERF_EVENT_IOC_DISABLE, 0);
}

/* The next record of a source into `next`. */
static bool look(struct vp_tracer *tracer, struct source *source)
{
	const void *data;

	while (!source->ready &&
	       (data = vp_trace_ring_peek(&source->ring, &source->next_len))) {
		if (!vp_trace_parse(&tracer->order.tracepoint->form, data, source->next_len,
				    &source->next)) {
			source->ready = true;
			break;
		}
		tracer->lost++;
		vp_trace_ring_skip(&source->ring, source->next_len);
	}
	return source->ready;
}

static struct source *earliest(struct vp_tracer *tracer)
{
	struct source *first = NULL;

	vp_array_each (source, &tracer->sources)
		if (look(tracer, source) && (!first || source->next.time < first->next.time))
			first = source;
	return first;
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

void vp_tracer_read(struct vp_tracer *tracer, bool all, vp_tracer_taker *take, void *context)
{
	uint64_t until = all ? UINT64_MAX : now() - UNSETTLED;
	struct source *source;

	while ((source = earliest(tracer)) && source->next.time <= until) {
		if (source->next.kind == VP_TRACE_CALL)
			tracer->calls++;
		else if (source->next.kind == VP_TRACE_LOST)
			tracer->lost += source->next.lost;
		take(context, &source->next, source->mark);
		source->ready = false;
		vp_trace_ring_skip(&source->ring, source->next_len);
		vp_trace_ring_release(&source->ring);
	}
	vp_array_each (each, &tracer->sources)
		if (!each->ready)
			vp_trace_ring_release(&each->ring);
}

uint64_t vp_tracer_lost(const struct vp_tracer *tracer)
{
	uint64_t counted = 0, lost = tracer->lost, one;

	vp_array_each (fd, &tracer->fds)
		if (read(*fd, &one, sizeof(one)) == sizeof(one))
			counted += one;
	vp_array_each (source, &tracer->sources)
		lost += source->ring.broken;
	if (counted > tracer->calls && counted - tracer->calls > lost)
		lost = counted - tracer->calls;
	return lost;
}
