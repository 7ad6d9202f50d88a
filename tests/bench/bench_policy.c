/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What reading and validating many definitions costs: CPU time with and without
 * the file reads, and memory a patch. Writes the definitions into a temporary
 * folder and removes it.
 *
 *     bench_policy [COUNT]
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lib/file.h"
#include "policy/policy.h"

static double cpu_milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static char *definition(unsigned int number)
{
	return vp_format("[patch]\n"
			 "id       = TEST-%05u\n"
			 "title    = Generated definition %u\n"
			 "severity = high\n"
			 "references = https://example.org/advisory/%u\n"
			 "\n"
			 "[service device]\n"
			 "ports = udp/%u     ; one of many\n"
			 "\n"
			 "[rule command]\n"
			 "service = device\n"
			 "when    = datagram[0:2] equals %u\n"
			 "when    = datagram[4:4] equals \"\\x00\\x01PW\"\n"
			 "action  = drop\n"
			 "\n"
			 "[sample attack]\n"
			 "rule   = command\n"
			 "expect = blocked\n"
			 "send   = \"\\x12\\x34\\x00\\x00\\x00\\x01PW\"\n"
			 "\n"
			 "[sample benign]\n"
			 "service = device\n"
			 "expect  = passed\n"
			 "send    = \"\\x00\\x00hello\"\n",
			 number, number, number, 1 + number % 65535, number % 65536);
}

static void write_definitions(const char *folder, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		_cleanup_free_ char *path = vp_format("%s/%05u.vpatch", folder, i);
		_cleanup_free_ char *text = definition(i);
		_cleanup_fclose_ FILE *file = fopen(path, "w");

		if (!file || fputs(text, file) < 0)
			abort();
	}
}

static void remove_definitions(const char *folder, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		_cleanup_free_ char *path = vp_format("%s/%05u.vpatch", folder, i);

		unlink(path);
	}
	rmdir(folder);
}

static void measure(const char *folder, unsigned int count)
{
	struct vp_sources sources = { 0 };
	struct vp_policy policy = { 0 };
	struct vp_findings findings = { 0 };
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	double start = cpu_milliseconds(), read, built;
	size_t before, after;

	vp_sources_read(&sources, &folder, 1, NULL, 0, VP_READ_TRUSTED_ONLY, &findings);
	read = cpu_milliseconds();
	before = mallinfo2().uordblks;
	vp_policy_build(&policy, &sources, time(NULL), &findings);
	built = cpu_milliseconds();
	after = mallinfo2().uordblks;
	vp_findings_print(&findings, &text);
	fputs(vp_strbuf_text(&text), stderr);
	printf("%zu patches: read %.1f ms, parse and validate %.1f ms, together %.1f ms CPU "
	       "(%.1f microseconds each), %.0f bytes a patch\n",
	       policy.patches.len, read - start, built - read, built - start,
	       (built - start) * 1e3 / count, (double)(after - before) / count);
	vp_policy_free(&policy);
	vp_sources_free(&sources);
	vp_findings_free(&findings);
}

int main(int argc, char **argv)
{
	unsigned int count = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 10000;
	char folder[] = "/tmp/bench_policy.XXXXXX";

	if (!count || count > 60000 || !mkdtemp(folder)) {
		fputs("usage: bench_policy [COUNT from 1 to 60000]\n", stderr);
		return 2;
	}
	write_definitions(folder, count);
	for (int run = 0; run < 5; run++)
		measure(folder, count);
	remove_definitions(folder, count);
	return 0;
}
