/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program of aarch64 that computes with vectors and never makes a call meanwhile: all of
 * their registers, as wide as they are, are filled, and read again after a while. One line
 * when it ends on SIGTERM: how often, how wide, and how often they had changed (status 1).
 */
#include <asm/hwcap.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

#define WIDEST	   256 /* bytes */
#define VECTORS	   32
#define PREDICATES 16
#define SPINS	   2000000

struct file {
	uint8_t predicates[PREDICATES * WIDEST / 8];
	uint8_t vectors[VECTORS * WIDEST];
};

static volatile sig_atomic_t ending;

static void end(int signal)
{
	(void)signal;
	ending = 1;
}

#define EACH_VECTOR(f)                                                                        \
	f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12) f(13) f(14) f(15) \
		f(16) f(17) f(18) f(19) f(20) f(21) f(22) f(23) f(24) f(25) f(26) f(27) f(28) \
			f(29) f(30) f(31)
#define EACH_PREDICATE(f)                                                                     \
	f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12) f(13) f(14) f(15)
#define LOAD_Z(n)  "ldr z" #n ", [%[zin], #" #n ", mul vl]\n"
#define STORE_Z(n) "str z" #n ", [%[zout], #" #n ", mul vl]\n"
#define LOAD_P(n)  "ldr p" #n ", [%[pin], #" #n ", mul vl]\n"
#define STORE_P(n) "str p" #n ", [%[pout], #" #n ", mul vl]\n"
#define LOST(n)	   "v" #n,
#define LOADS	   EACH_VECTOR(LOAD_Z) EACH_PREDICATE(LOAD_P)
#define STORES	   EACH_VECTOR(STORE_Z) EACH_PREDICATE(STORE_P)

static void hold(const struct file *in, struct file *out)
{
	uint64_t spins = SPINS;

	__asm__ volatile(".arch_extension sve\n" LOADS "1: subs %[spins], %[spins], #1\n"
			 "b.ne 1b\n" STORES
			 : [spins] "+r"(spins)
			 : [zin] "r"(in->vectors), [zout] "r"(out->vectors),
			   [pin] "r"(in->predicates), [pout] "r"(out->predicates)
			 : EACH_VECTOR(LOST) "memory", "cc");
}

int main(void)
{
	static struct file in, out;
	unsigned long rounds = 0, changed = 0;
	const struct sigaction action = { .sa_handler = end };
	int width;

	if (!(getauxval(AT_HWCAP) & HWCAP_SVE)) {
		puts("no vectors of this kind here");
		return 77;
	}
	width = prctl(PR_SVE_GET_VL) & PR_SVE_VL_LEN_MASK;
	for (size_t i = 0; i < sizeof(in); i++)
		((uint8_t *)&in)[i] = (uint8_t)(i * 7 + i / 251 + 1);
	sigaction(SIGTERM, &action, NULL);
	puts("ready");
	fflush(stdout);
	while (!ending) {
		hold(&in, &out);
		rounds++;
		if (memcmp(in.vectors, out.vectors, VECTORS * (size_t)width) != 0 ||
		    memcmp(in.predicates, out.predicates, PREDICATES * (size_t)width / 8) != 0)
			changed++;
	}
	printf("vectors of %d bytes, %lu rounds, changed in %lu\n", width, rounds, changed);
	return changed || !rounds;
}
