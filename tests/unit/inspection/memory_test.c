/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an engine with 200 HTTP rules holds, as the kernel counts it: when it has begun, and
 * with 100,000 connections that are between two messages. The rules are compiled by another
 * process, as the worker's are.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/memory.h"
#include "tests/unit/inspection/engine_world.h"

#define RULES	    200
#define CONNECTIONS 100000u
#define MIB	    (1024.0 * 1024.0)

void __asan_init(void) __attribute__((weak));

static void decide(void *context, const struct vp_decision *decision)
{
	(void)context;
	assert_int_equal(decision->kind, VP_DECISION_PASS);
}

static void hit(void *context, const struct vp_hit *hit)
{
	(void)context;
	fail_msg("a hit: %s", vp_reason_name(hit->reason));
}

/* Rules that read paths, arguments, headers and bodies. */
static char *make_sections(void)
{
	static const char *const fields[] = { "http.uri",
					      "http.query(q)",
					      "http.header(x-a)",
					      "http.cookie(c)",
					      "http.request_body.form(f)",
					      "http.request_body" };
	struct vp_strbuf text = { 0 };

	vp_strbuf_addf(&text, "[patch]\nid = T\ntitle = t\nseverity = low\n"
			      "[service web]\nports = tcp/80\napplication = http\n"
			      "[sample b]\nservice = web\nexpect = passed\n"
			      "send = \"GET / HTTP/1.0\\r\\n\\r\\n\"\n");
	for (int i = 0; i < RULES; i++)
		vp_strbuf_addf(&text,
			       "[rule r%d]\nservice = web\nwhen = http.path starts-with "
			       "\"/app%d/\"\nwhen = %s | lowercase matches "
			       "/(evil|bad)word%d[a-z]{2,8}=(x|y)/\naction = drop\n"
			       "[sample s%d]\nrule = r%d\nexpect = blocked\n"
			       "send = \"GET /app%d/ HTTP/1.0\\r\\n\\r\\n\"\n",
			       i, i % 50, fields[i % 6], i, i, i, i);
	return vp_strbuf_take(&text);
}

static void compile_into(int fd)
{
	struct vp_sources sources = { 0 };
	struct vp_findings findings = { 0 };
	struct vp_policy policy = { 0 };
	struct vp_host host = { 0 };
	struct vp_plan plan = { 0 };
	struct vp_error err = { 0 };
	struct vp_scopes *scopes;
	uint8_t *bytes;
	char *text = make_sections();
	size_t len;

	vp_array_push(&sources.definitions,
		      ((struct vp_text){ vp_strdup("t.vpatch"), text, strlen(text) }));
	vp_policy_build(&policy, &sources, 0, &findings);
	vp_plan_build(&plan, &policy, &host, VP_POINT_BIT(VP_POINT_INSPECTION), &findings);
	scopes = findings.errors ? NULL : vp_scopes_compile(&plan, &err);
	if (!scopes)
		_exit(1);
	vp_scopes_pack(scopes, &bytes, &len);
	_exit(write(fd, bytes, len) == (ssize_t)len ? 0 : 1);
}

static struct vp_scopes *load(void)
{
	_cleanup_close_ int fd = memfd_create("scopes", MFD_CLOEXEC);
	struct vp_scopes *scopes = NULL;
	struct vp_error err = { 0 };
	pid_t child = fork();
	int status;
	off_t len;
	void *bytes;

	if (!child)
		compile_into(fd);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	len = lseek(fd, 0, SEEK_END);
	bytes = mmap(NULL, (size_t)len, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(bytes, MAP_FAILED);
	assert_int_equal(vp_scopes_load(bytes, (size_t)len, &scopes, &err), 0);
	munmap(bytes, (size_t)len);
	return scopes;
}

static double resident(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/statm", "re");
	unsigned long size, pages;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu %lu", &size, &pages), 2);
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / MIB;
}

static void put32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

static void give(struct vp_engine *engine, uint32_t client, bool syn, const char *data)
{
	static uint64_t number;
	uint8_t packet[1024] = { 0x45, 0, 0, 0, 0,   0, 0, 0, 64,   6,	  0, 0,
				 0,    0, 0, 0, 192, 0, 2, 1, 0x9c, 0x40, 0, 80 };
	size_t len = strlen(data);
	const struct vp_engine_packet given = { .number = number + 1,
						.milliseconds = number + 1,
						.bytes = { packet, 40 + len },
						.local = true };

	packet[2] = (uint8_t)((40 + len) >> 8);
	packet[3] = (uint8_t)(40 + len);
	put32(packet + 12, 0x0a000000 + client);
	put32(packet + 24, 1000 + !syn);
	packet[32] = 5 << 4;
	packet[33] = syn ? VP_TCP_SYN : VP_TCP_ACK;
	memcpy(packet + 40, data, len);
	number++;
	vp_engine_packet(engine, &given);
}

static void test_connections(void **state)
{
	static const struct vp_engine_user user = { .decide = decide, .hit = hit };
	static const char request[] =
		"GET /some/page?q=1 HTTP/1.1\r\nHost: www.example.org\r\n"
		"User-Agent: a/1.0 (some; words; here)\r\n"
		"Accept: text/html,*/*\r\nCookie: c=abcdef\r\n\r\n";
	double before = resident(), loaded, idle;
	struct vp_scopes *scopes = load();
	struct vp_engine *engine = vp_engine_new(&vp_engine_options_default, &user, NULL);

	(void)state;
	vp_engine_scopes(engine, scopes);
	loaded = resident();
	for (uint32_t i = 0; i < CONNECTIONS; i++) {
		give(engine, i, true, "");
		give(engine, i, false, request);
		if (i % 100 == 0)
			vp_engine_tick(engine, i * 2 + 2);
	}
	vp_engine_tick(engine, 2 * CONNECTIONS + 60000);
	idle = resident();
	assert_int_equal(vp_engine_counts(engine).flows_now, CONNECTIONS);
	printf("%d rules: %.1f MiB; %u idle connections: %.1f MiB, counted as %.1f\n", RULES,
	       loaded - before, CONNECTIONS, idle - loaded,
	       (double)vp_engine_counts(engine).memory_now / MIB);
	assert_true((double)vp_engine_counts(engine).memory_now / MIB < 100);
	if (!__asan_init) { /* which keeps what was freed */
		assert_true(idle - loaded < 100);
		assert_true(loaded - before < 30);
	}
	vp_engine_free(engine);
	vp_scopes_free(scopes);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_connections) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
