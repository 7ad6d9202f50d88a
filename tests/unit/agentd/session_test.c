/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentd/session.c: lines of /proc/net/tcp, and a real connection of an ancestor. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agentd/session.h"
#include "lib/cleanup.h"
#include "tests/unit/agentd/daemon_tests.h"

static void lines(void **state)
{
	static const char v4[] =
		"   1: 0100007F:0016 0200A8C0:D431 01 00000000:00000000 02:000A "
		"00000000     0        0 4711 2 0000 20 4 1 10 -1";
	static const char mapped[] =
		"   0: 0000000000000000FFFF00000100007F:0016 "
		"0000000000000000FFFF00000200A8C0:D431 01 "
		"00000000:00000000 00:00000000 00000000     0        0 12 1 0000";
	static const char listening[] =
		"   0: 00000000:0016 00000000:0000 0A 00000000:00000000 "
		"00:00000000 00000000     0        0 12 1 0000";
	struct vp_session session;
	unsigned long inode;
	char text[VP_ADDRESS_TEXT];

	(void)state;
	assert_true(vp_session_parse(v4, &session, &inode));
	assert_int_equal(inode, 4711);
	assert_string_equal(vp_address_print(&session.local, text), "127.0.0.1");
	assert_string_equal(vp_address_print(&session.peer, text), "192.168.0.2");
	assert_int_equal(session.local_port, 22);
	assert_int_equal(session.peer_port, 0xd431);
	assert_true(vp_session_parse(mapped, &session, &inode));
	assert_string_equal(vp_address_print(&session.peer, text), "192.168.0.2");
	assert_false(vp_session_parse(listening, &session, &inode));
	assert_false(
		vp_session_parse("  sl  local_address rem_address   st", &session, &inode));
	assert_false(vp_session_parse("", &session, &inode));
}

/* A connection over loopback: the client's end, and the port it has. */
static int connect_pair(int *server, uint16_t *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	_cleanup_close_ int listener = socket(AF_INET, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, size), 0);
	*server = accept(listener, NULL, NULL);
	assert_int_equal(getsockname(client, (struct sockaddr *)&address, &size), 0);
	*port = ntohs(address.sin_port);
	return client;
}

/* A child without the socket: found only through its parent, this process. */
static void found_through_an_ancestor(void **state)
{
	struct vp_session_list sessions = { 0 };
	bool found = false;
	int server, client, hold[2];
	uint16_t port;
	pid_t child;
	char byte = 0;

	(void)state;
	client = connect_pair(&server, &port);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, hold), 0);
	child = fork();
	if (!child) {
		close(client);
		close(server);
		close(hold[1]);
		_exit(write(hold[0], &byte, 1) != 1 || read(hold[0], &byte, 1) != 0);
	}
	close(hold[0]);
	assert_int_equal(read(hold[1], &byte, 1), 1); /* it has closed its own by now */
	vp_session_find(child, &sessions);
	vp_array_each (session, &sessions)
		found = found || session->local_port == port;
	assert_true(found);
	close(client);
	close(server);
	vp_session_prune(&sessions);
	vp_array_each (session, &sessions)
		assert_int_not_equal(session->local_port, port);
	close(hold[1]);
	waitpid(child, NULL, 0);
	vp_array_free(&sessions);
}

int vp_test_session(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(found_through_an_ancestor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
