/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program whose very first act is a call that a filter may deny: getpgid(2). Without a C
 * library, so that nothing comes before it; linked statically, or started by the loader.
 *
 *	probe			exits with 0, or with the errno that it was denied with
 *	probe PROGRAM ...	likewise where it is denied; else executes that
 *	probe wait		tells "a" (allowed) or "d", again for each byte that it reads
 *	probe again PROGRAM ...	executes that, if it was denied; else exits with 0
 */
#if defined(__i386__)
#define EXIT	1
#define READ	3
#define WRITE	4
#define EXECVE	11
#define GETPGID 132
#else
#define READ	0
#define WRITE	1
#define EXECVE	59
#define EXIT	60
#define GETPGID 121
#endif

void probe(long *stack) __attribute__((noreturn));

#if defined(__i386__)
__asm__(".globl _start\n_start:\n mov %esp, %eax\n and $-16, %esp\n sub $12, %esp\n"
	" push %eax\n call probe\n");

static long call(long number, long a, const void *b, const void *c)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c)
			 : "memory");
	return result;
}
#else
__asm__(".globl _start\n_start:\n mov %rsp, %rdi\n and $-16, %rsp\n call probe\n");

static long call(long number, long a, const void *b, const void *c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}
#endif

static int is(const char *text, const char *other)
{
	while (*text && *text == *other) {
		text++;
		other++;
	}
	return *text == *other;
}

static void tell(long result)
{
	(void)call(WRITE, 1, result < 0 ? "d\n" : "a\n", (const void *)2);
}

static void answer(long result)
{
	char byte;

	tell(result);
	while (call(READ, 0, &byte, (const void *)1) == 1)
		tell(call(GETPGID, 0, 0, 0));
}

void probe(long *stack)
{
	long result = call(GETPGID, 0, 0, 0), denied = result < 0 ? -result : 0;
	char **argv = (char **)(stack + 1), **environment = argv + *stack + 1;

	if (*stack > 1 && is(argv[1], "wait"))
		answer(result);
	else if (*stack > 2 && is(argv[1], "again") && denied)
		(void)call(EXECVE, (long)argv[2], argv + 2, environment);
	else if (*stack > 1 && !is(argv[1], "again") && !denied)
		(void)call(EXECVE, (long)argv[1], argv + 1, environment);
	for (;;)
		(void)call(EXIT, denied, 0, 0);
}
