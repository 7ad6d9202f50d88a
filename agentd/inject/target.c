/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process as /proc shows it: see target.h. Nothing here stops or changes it. */
#include "agentd/inject/target.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <linux/capability.h>

#include "lib/cleanup.h"
#include "lib/process.h"

#define MAPPING_MAX (1u << 20)
#define CALL_ROOM   256
#define SCHED_ROOM  8192

/* 64-bit and of this architecture, as its ELF header says? What has none (a thread of the
 * kernel's, or what may not be read) is not called foreign: its registers tell later. */
static bool is_foreign(const struct vp_target *target)
{
	_cleanup_close_ int fd = openat(target->folder, "exe", O_RDONLY | O_CLOEXEC);
	Elf64_Ehdr header;

	if (fd < 0 || pread(fd, &header, sizeof(header), 0) < EI_NIDENT + 4)
		return false;
	return header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != vp_arch_machine;
}

static bool is_ring(const char *name)
{
	return !strncmp(name, "anon_inode:[io_uring]", sizeof("anon_inode:[io_uring]") - 1);
}

/* Of what it has open, that matters. */
static void read_descriptors(struct vp_target *target)
{
	_cleanup_closedir_ DIR *folder = NULL;
	int fd = openat(target->folder, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[64];

	if (fd < 0) {
		/* not seen is not known to be none */
		target->rings |= errno == EACCES || errno == EPERM;
		return;
	}
	folder = fdopendir(fd);
	if (!folder)
		close(fd);
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		ssize_t len = readlinkat(dirfd(folder), entry->d_name, name, sizeof(name) - 1);

		name[len > 0 ? len : 0] = '\0';
		target->rings |= is_ring(name);
		target->listener |= !strcmp(name, "anon_inode:seccomp notify");
	}
}

/* What was found in the code of a process; 0: nothing. */
struct finds {
	uint64_t vdso, vdso_returning; /* the instruction, without and with `ret` behind it */
	uint64_t other, returning;     /* likewise elsewhere; `returning` beside a restorer */
	uint64_t restorer, vdso_restorer;
	uint64_t gap; /* where memory that cannot be read ended last */
};

static uint64_t address_of(const struct vp_proc_mapping *mapping, const uint8_t *bytes,
			   const uint8_t *found)
{
	return found ? mapping->first + (uint64_t)(found - bytes) : 0;
}

/* Neither the vDSO nor the C library, which has the restorer, is unmapped while we look. */
static void search_code(const struct vp_proc_mapping *mapping, bool is_vdso, pid_t thread,
			struct finds *finds)
{
	uint64_t size = mapping->end - mapping->first, plain, returning, restorer;
	size_t len = size < MAPPING_MAX ? (size_t)size : MAPPING_MAX;
	_cleanup_free_ uint8_t *bytes = vp_alloc(1, len);
	struct iovec here = { bytes, len };
	struct iovec there = { (void *)(uintptr_t)mapping->first, len };
	ssize_t got = process_vm_readv(thread, &here, 1, &there, 1, 0);

	if (got <= 0)
		return;
	plain = address_of(mapping, bytes,
			   vp_arch_find(bytes, (size_t)got, vp_arch_instruction,
					vp_arch_instruction_len));
	returning = address_of(mapping, bytes,
			       vp_arch_find(bytes, (size_t)got, vp_frame_instruction,
					    vp_frame_instruction_len));
	restorer = address_of(mapping, bytes, vp_frame_find_restorer(bytes, (size_t)got));
	if (is_vdso) {
		finds->vdso = plain;
		finds->vdso_returning = returning;
		finds->vdso_restorer = restorer;
		return;
	}
	finds->other = finds->other ?: plain;
	finds->returning = finds->returning ?: returning;
	if (!finds->restorer && restorer) {
		finds->restorer = restorer;
		finds->returning = returning;
	}
}

/* Memory of a thread's stack: the first one's has a name, under others is what faults. */
static void note_stack(struct vp_target *target, const struct vp_proc_mapping *mapping,
		       uint64_t gap)
{
	struct vp_stack stack = { mapping->first, mapping->end, false };

	if (!mapping->readable || !mapping->writable)
		return;
	stack.main = !strncmp(mapping->name, "[stack]", 7);
	if (stack.main || (gap == mapping->first && strchr("\n[", *mapping->name)))
		vp_array_push(&target->way.stacks, stack);
}

static void note_mapping(struct vp_target *target, const struct vp_proc_mapping *mapping,
			 pid_t thread, struct finds *finds)
{
	bool is_vdso = !strncmp(mapping->name, "[vdso]", 6);

	target->rings |= is_ring(mapping->name);
	note_stack(target, mapping, finds->gap);
	if (!mapping->readable && !mapping->writable && !mapping->executable)
		finds->gap = mapping->end;
	if (mapping->readable && mapping->executable &&
	    strncmp(mapping->name, "[vsyscall]", 10) != 0 && (is_vdso || !finds->restorer))
		search_code(mapping, is_vdso, thread, finds);
}

/* In the vDSO, which no process unmaps; else in whatever code it has. */
static void read_maps(struct vp_target *target, pid_t thread)
{
	_cleanup_fclose_ FILE *maps = NULL;
	_cleanup_free_ char *line = NULL;
	struct vp_proc_mapping mapping;
	struct finds finds = { 0 };
	char name[64];
	size_t room = 0;
	int fd;

	snprintf(name, sizeof(name), "task/%d/mem", thread);
	target->memory = openat(target->folder, name, O_RDONLY | O_CLOEXEC);
	snprintf(name, sizeof(name), "task/%d/maps", thread);
	fd = openat(target->folder, name, O_RDONLY | O_CLOEXEC);
	maps = fd >= 0 ? fdopen(fd, "r") : NULL;
	if (!maps && fd >= 0)
		close(fd);
	while (maps && getline(&line, &room, maps) > 0)
		if (!vp_proc_mapping_parse(line, &mapping))
			note_mapping(target, &mapping, thread, &finds);
	target->way.restorer = finds.vdso_restorer ?: finds.restorer;
	if (target->way.restorer)
		target->way.instruction = finds.vdso_returning ?: finds.returning;
	target->instruction = target->way.instruction ?: finds.vdso ?: finds.other;
}

/* An open file of the memory stays that of the address space that it was opened for: of one
 * that is gone nothing is read. */
bool vp_target_is_replaced(const struct vp_target *target)
{
	uint8_t byte;

	return target->memory >= 0 && target->instruction &&
	       !pread(target->memory, &byte, 1, (off_t)target->instruction);
}

static int fill_thread(const struct vp_target *target, pid_t id, struct vp_thread *thread)
{
	struct vp_proc_status status;
	struct vp_proc_stat stat;
	char name[64];
	int r;

	snprintf(name, sizeof(name), "task/%d/stat", id);
	r = vp_process_stat_at(target->folder, name, &stat);
	snprintf(name, sizeof(name), "task/%d/status", id);
	r = r ? r : vp_process_status_at(target->folder, name, &status);
	if (r)
		return r;
	*thread = (struct vp_thread){
		.id = id,
		.start = stat.start,
		.state = stat.state,
		.ending = (stat.flags & VP_PF_EXITING) != 0,
		.helper = (stat.flags & (VP_PF_IO_WORKER | VP_PF_USER_WORKER)) != 0,
		.no_new_privs = status.no_new_privs,
		.admin = (status.capabilities & (UINT64_C(1) << CAP_SYS_ADMIN)) != 0,
		.seccomp = status.seccomp,
		.filters = status.filters,
		.tracer = status.tracer,
		.waits = status.waits,
		.handled = status.handled,
	};
	return 0;
}

static bool has_ended(const struct vp_thread *thread)
{
	return thread->ending || thread->state == 'Z' || thread->state == 'X' ||
	       thread->state == 'x';
}

int vp_target_thread(const struct vp_target *target, pid_t id, struct vp_thread *thread)
{
	int r = fill_thread(target, id, thread);

	return !r && has_ended(thread) ? -ESRCH : r;
}

int vp_target_threads(struct vp_target *target)
{
	_cleanup_closedir_ DIR *folder = NULL;
	int fd = openat(target->folder, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid_t id;

	target->threads.len = 0;
	folder = fd >= 0 ? fdopendir(fd) : NULL;
	if (!folder && fd >= 0)
		close(fd);
	while ((id = vp_process_next(folder))) {
		struct vp_thread thread;

		if (vp_target_thread(target, id, &thread))
			continue; /* it has ended meanwhile */
		target->rings |= thread.helper;
		vp_array_push(&target->threads, thread);
	}
	return target->threads.len ? 0 : -ESRCH;
}

int vp_target_open(struct vp_target *target, pid_t id, uint64_t start)
{
	struct vp_proc_stat stat;
	char name[32];
	int r;

	*target = (struct vp_target){ .id = id, .memory = -1 };
	snprintf(name, sizeof(name), "/proc/%d", id);
	target->folder = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (target->folder < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	r = vp_process_stat_at(target->folder, "stat", &stat);
	if (r)
		return r;
	if (start && stat.start != start)
		return -ESRCH;
	target->start = stat.start;
	target->kernel = (stat.flags & VP_PF_KTHREAD) != 0;
	if (target->kernel)
		return 0;
	r = vp_target_threads(target);
	if (r)
		return r;
	target->foreign = is_foreign(target);
	read_descriptors(target);
	read_maps(target, target->threads.data[0].id); /* the first thread may have ended */
	return 0;
}

void vp_target_close(struct vp_target *target)
{
	if (target->folder >= 0)
		close(target->folder);
	if (target->memory >= 0)
		close(target->memory);
	target->folder = target->memory = -1;
	vp_array_free(&target->threads);
	vp_array_free(&target->way.stacks);
}

int vp_target_call(const struct vp_target *target, pid_t id, struct vp_arch_call *call,
		   uint64_t *stack)
{
	struct vp_proc_call found;
	char name[64], text[CALL_ROOM];

	*call = (struct vp_arch_call){ .number = -1 };
	snprintf(name, sizeof(name), "task/%d/syscall", id);
	if (vp_process_text(target->folder, name, text, sizeof(text)) ||
	    vp_proc_call_parse(text, &found) || found.running)
		return -1;
	if (stack)
		*stack = found.stack;
	call->number = found.number;
	memcpy(call->arguments, found.arguments, sizeof(call->arguments));
	return 0;
}

static int64_t last_ran(int folder, const char *name)
{
	char text[SCHED_ROOM];
	int r = vp_process_text(folder, name, text, sizeof(text));

	return r ? r : vp_proc_sched_parse(text);
}

/*
 * A processor's clock of its scheduler is its own: ours is compared on the same one, where
 * the kernel has just noted it.
 */
int64_t vp_target_slept(const struct vp_target *target, pid_t id)
{
	struct vp_proc_stat stat;
	cpu_set_t before, there;
	int64_t then, now;
	char name[64];

	snprintf(name, sizeof(name), "task/%d/stat", id);
	if (vp_process_stat_at(target->folder, name, &stat) || stat.processor < 0 ||
	    stat.processor >= CPU_SETSIZE || sched_getaffinity(0, sizeof(before), &before))
		return -1;
	CPU_ZERO(&there);
	CPU_SET((size_t)stat.processor, &there);
	if (sched_setaffinity(0, sizeof(there), &there))
		return -1;
	snprintf(name, sizeof(name), "task/%d/sched", id);
	then = last_ran(target->folder, name);
	now = last_ran(AT_FDCWD, "/proc/thread-self/sched");
	(void)sched_setaffinity(0, sizeof(before), &before);
	return then >= 0 && now >= then ? now - then : -1;
}

bool vp_target_uniform(const struct vp_target *target)
{
	const struct vp_threads *threads = &target->threads;
	const struct vp_thread *first = threads->data;

	if (threads->len > 1 && first->seccomp == 2 && !first->filters)
		return false; /* before Linux 5.9 it is not told how many */
	for (size_t i = 1; i < threads->len; i++)
		if (threads->data[i].filters != threads->data[0].filters ||
		    threads->data[i].seccomp != threads->data[0].seccomp)
			return false;
	return true;
}
