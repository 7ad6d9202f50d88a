/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages to and from the helper. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agentd/inject/inject.h"
#include "agentd/inject/request.h"
#include "tests/unit/inject/inject_tests.h"

static const struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, 0x7fff0000) };

static struct vp_request *make(uint32_t count)
{
	struct vp_request *request = vp_alloc(1, sizeof(*request));

	request->magic = VP_REQUEST_MAGIC;
	request->count = count;
	for (uint32_t i = 0; i < count && i < VP_REQUEST_PROCESSES; i++)
		request->processes[i] =
			(struct vp_request_process){ .id = (int)i + 2, .start = i };
	return request;
}

static void good_requests_are_taken(void **state)
{
	static const uint32_t counts[] = { 1, 2, VP_REQUEST_PROCESSES };
	static struct vp_request got;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct vp_request *request = make(counts[i]);

		request->flags = VP_INJECT_FLAGS;
		request->deadline = VP_REQUEST_DEADLINE;
		assert_int_equal(
			vp_request_parse(request, vp_request_len(counts[i]), &got, NULL), 0);
		assert_memory_equal(&got, request, sizeof(got));
		free(request);
	}
}

static void refuse(const struct vp_request *request, size_t len)
{
	static struct vp_request got;
	struct vp_error err = { 0 };

	memset(&got, 7, sizeof(got));
	assert_int_equal(vp_request_parse(request, len, &got, &err), -EPROTO);
	assert_int_equal(got.magic, 0x07070707); /* untouched */
	assert_true(err.text[0]);
}

static void bad_requests_are_refused(void **state)
{
	struct vp_request *request = make(3);
	const struct vp_request good = *request;
	static struct vp_request chased;
	size_t len = vp_request_len(3);

	(void)state;
	for (size_t cut = 0; cut < len; cut++)
		refuse(request, cut);
	refuse(request, len + 1);
	refuse(request, sizeof(*request) + 16);
	request->magic++;
	refuse(request, len);
	*request = good;
	request->flags = VP_INJECT_FLAGS + 1;
	refuse(request, len);
	*request = good;
	request->chase = VP_CHASE_UNIT; /* of nobody */
	refuse(request, len);
	memcpy(request->name, "a.service", sizeof("a.service"));
	assert_int_equal(vp_request_parse(request, len, &chased, NULL), 0);
	assert_int_equal(chased.chase, VP_CHASE_UNIT);
	assert_string_equal(chased.name, "a.service");
	request->chase = VP_CHASE_NONE;
	refuse(request, len);
	request->chase = VP_CHASE_EXECUTABLE + 1;
	refuse(request, len);
	request->chase = VP_CHASE_EXECUTABLE;
	memset(request->name, '/', sizeof(request->name)); /* without an end */
	refuse(request, len);
	*request = good;
	request->zero = 1;
	refuse(request, len);
	*request = good;
	request->deadline = VP_REQUEST_DEADLINE + 1;
	refuse(request, len);
	*request = good;
	request->count = 0;
	refuse(request, vp_request_len(0));
	request->count = UINT32_MAX;
	refuse(request, len);
	*request = good;
	request->processes[2].id = 1;
	refuse(request, len);
	request->processes[2].id = -5;
	refuse(request, len);
	*request = good;
	request->processes[1].zero = 1;
	refuse(request, len);
	free(request);
}

static void answers_are_checked(void **state)
{
	const struct vp_injected injected = { .outcome = VP_INJECT_PARTIAL,
					      .reason = VP_REASON_RINGS,
					      .flags = VP_INJECTED_EACH,
					      .threads = 5,
					      .pause = 1234567 };
	const struct vp_request_process process = { .id = 77, .start = 99 };
	struct vp_record record, got;

	(void)state;
	vp_record_fill(&record, &process, &injected);
	assert_int_equal(vp_record_parse(&record, sizeof(record), &got, NULL), 0);
	assert_memory_equal(&record, &got, sizeof(got));
	assert_int_equal(got.pause, 1234567);
	assert_int_equal(vp_record_parse(&record, sizeof(record) - 1, &got, NULL), -EPROTO);
	record.outcome = VP_INJECT_OUTCOMES;
	assert_int_equal(vp_record_parse(&record, sizeof(record), &got, NULL), -EPROTO);
	record.outcome = 0;
	assert_int_equal(vp_record_parse(&record, sizeof(record), &got, NULL), -EPROTO);
	record.outcome = VP_INJECT_COVERED;
	record.reason = VP_REASONS;
	assert_int_equal(vp_record_parse(&record, sizeof(record), &got, NULL), -EPROTO);
}

static void programs_must_be_sealed(void **state)
{
	static struct sock_filter program[BPF_MAXINSNS];
	int open = memfd_create("t", MFD_ALLOW_SEALING),
	    odd = memfd_create("t", MFD_ALLOW_SEALING);
	int sealed = vp_request_seal(code, 1, NULL);
	size_t len = 0;

	(void)state;
	assert_int_equal(vp_request_program(sealed, program, &len, NULL), 0);
	assert_int_equal(len, 1);
	assert_memory_equal(program, code, sizeof(code));
	assert_true(write(sealed, "x", 1) < 0);
	assert_int_equal(write(open, code, sizeof(code)), sizeof(code));
	assert_int_equal(vp_request_program(open, program, &len, NULL), -EPERM);
	assert_int_equal(vp_request_program(STDIN_FILENO, program, &len, NULL), -EPERM);
	assert_int_equal(write(odd, "1234567", 7), 7);
	assert_int_equal(fcntl(odd, F_ADD_SEALS,
			       F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
			 0);
	assert_int_equal(vp_request_program(odd, program, &len, NULL), -EPROTO);
	close(sealed);
	close(open);
	close(odd);
}

static void descriptors_come_along(void **state)
{
	static struct sock_filter program[BPF_MAXINSNS];
	static struct vp_request got;
	struct vp_request *request = make(2);
	int sockets[2], fd = -1, sealed = vp_request_seal(code, 1, NULL);
	size_t len;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets), 0);
	assert_int_equal(vp_request_send(sockets[0], request, sealed, NULL), 0);
	assert_int_equal(vp_request_receive(sockets[1], &got, &fd, NULL), 0);
	assert_int_equal(got.count, 2);
	assert_int_equal(vp_request_program(fd, program, &len, NULL), 0);
	close(fd);
	fd = -1;
	/* without one */
	assert_true(send(sockets[0], request, vp_request_len(2), 0) > 0);
	assert_int_equal(vp_request_receive(sockets[1], &got, &fd, NULL), -EPROTO);
	assert_int_equal(fd, -1);
	close(sockets[0]);
	assert_int_equal(vp_request_receive(sockets[1], &got, &fd, NULL), -EPIPE);
	close(sockets[1]);
	close(sealed);
	free(request);
}

int vp_test_request(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_requests_are_taken),
		cmocka_unit_test(bad_requests_are_refused),
		cmocka_unit_test(answers_are_checked),
		cmocka_unit_test(programs_must_be_sealed),
		cmocka_unit_test(descriptors_come_along),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
