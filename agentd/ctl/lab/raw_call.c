/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instructions that enter the kernel: see raw_call.h. A new thread or process ends with
 * exit(2) right behind the instruction, before it has touched anything.
 */
#include "agentd/ctl/lab/raw_call.h"

#include <errno.h>
#include <sys/mman.h>

#define MEMORY 4096

/* Those that return twice. */
static bool forks(const char *call)
{
	static const char *const names[] = { "clone", "clone3", "fork", "vfork" };

	for (size_t i = 0; i < VP_COUNT(names); i++)
		if (!strcmp(names[i], call))
			return true;
	return false;
}

void vp_raw_call_of(const struct vp_attempt *attempt, struct vp_raw_call *entry)
{
	*entry = (struct vp_raw_call){ .abi = attempt->abi,
				       .number = attempt->data.nr,
				       .count = (uint32_t)attempt->count,
				       .forks = forks(attempt->call->prototype->name) };
	memcpy(entry->arguments, attempt->data.args, sizeof(entry->arguments));
	memcpy(entry->words, attempt->words, sizeof(entry->words));
}

void vp_raw_call_place(struct vp_raw_call *entry, void *memory)
{
	if (!entry->count)
		return;
	memcpy(memory, entry->words, sizeof(entry->words));
	entry->arguments[1] &= ~(uint64_t)UINT32_MAX;
	entry->arguments[1] |= (uintptr_t)memory;
}

#if defined(__x86_64__) && !defined(__ILP32__)

bool vp_raw_call_has(enum vp_abi abi)
{
	return abi == VP_ABI_X86_64 || abi == VP_ABI_I386 || abi == VP_ABI_X32;
}

void *vp_raw_call_memory(void)
{
	void *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* In a child (rax is 0, and `forks` is not): exit(0). */
#define CHILD_EXITS(forks)                                                                    \
	"test %%rax, %%rax\n\t"                                                               \
	"jnz 1f\n\t"                                                                          \
	"test " forks ", " forks "\n\t"                                                       \
	"jz 1f\n\t"                                                                           \
	"xor %%edi, %%edi\n\t"                                                                \
	"mov $60, %%eax\n\t"                                                                  \
	"syscall\n\t"                                                                         \
	"hlt\n"                                                                               \
	"1:\n\t"

static __attribute__((noinline)) long by_syscall(long number, const uint64_t *a, uint64_t ends)
{
	register uint64_t r10 __asm__("r10") = a[3];
	register uint64_t r8 __asm__("r8") = a[4];
	register uint64_t r9 __asm__("r9") = a[5];
	register uint64_t r14 __asm__("r14") = ends;
	long result = number;

	__asm__ volatile("syscall\n\t" CHILD_EXITS("%%r14")
			 : "+a"(result)
			 : "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9),
			   "r"(r14)
			 : "rcx", "r11", "memory", "cc");
	return result;
}

/* The sixth argument is the frame pointer, which is kept in a register meanwhile. */
static __attribute__((noinline)) long by_int_0x80(long number, const uint64_t *a,
						  uint64_t ends)
{
	register uint64_t r13 __asm__("r13") = a[5];
	register uint64_t r14 __asm__("r14") = ends;
	long result = number;

	__asm__ volatile("mov %%rbp, %%r12\n\t"
			 "mov %%r13, %%rbp\n\t"
			 "int $0x80\n\t"
			 "mov %%r12, %%rbp\n\t" CHILD_EXITS("%%r14")
			 : "+a"(result)
			 : "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4]), "r"(r13),
			   "r"(r14)
			 : "r8", "r9", "r10", "r11", "r12", "memory", "cc");
	return (int32_t)result;
}

long vp_raw_call_make(const struct vp_raw_call *entry)
{
	const uint64_t *a = entry->arguments;

	return entry->abi == VP_ABI_I386 ? by_int_0x80(entry->number, a, entry->forks)
					 : by_syscall(entry->number, a, entry->forks);
}

#elif defined(__aarch64__)

bool vp_raw_call_has(enum vp_abi abi)
{
	return abi == VP_ABI_AARCH64; /* only AArch32 programs make AArch32 calls */
}

void *vp_raw_call_memory(void)
{
	return NULL;
}

long vp_raw_call_make(const struct vp_raw_call *entry)
{
	const uint64_t *a = entry->arguments;
	register uint64_t x8 __asm__("x8") = (uint64_t)entry->number;
	register uint64_t x0 __asm__("x0") = a[0];
	register uint64_t x1 __asm__("x1") = a[1];
	register uint64_t x2 __asm__("x2") = a[2];
	register uint64_t x3 __asm__("x3") = a[3];
	register uint64_t x4 __asm__("x4") = a[4];
	register uint64_t x5 __asm__("x5") = a[5];
	register uint64_t x6 __asm__("x6") = entry->forks;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "cbz x6, 1f\n\t"
			 "mov x8, #93\n\t" /* exit */
			 "svc #0\n\t"
			 "brk #1\n"
			 "1:\n\t"
			 : "+r"(x0), "+r"(x8)
			 : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x6)
			 : "memory", "cc");
	return (long)x0;
}

#else

bool vp_raw_call_has(enum vp_abi abi)
{
	(void)abi;
	return false;
}

void *vp_raw_call_memory(void)
{
	return NULL;
}

long vp_raw_call_make(const struct vp_raw_call *entry)
{
	(void)entry;
	return -ENOSYS;
}

#endif
